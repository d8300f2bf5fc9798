"""Ramp's JSON to documents and back: examples, then properties over random and damaged payloads."""

import copy
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml_connector.core.documents import Address, Attachment, Bill, Contact, PaidBill, Party, Payment, Reference, Vendor
from ml_connector.core.errors import InvalidDataError
from ml_connector.core.provider import Settings
from ml_connector.core.remote import content_version
from ml_connector.core.wire import day
from ml_connector.providers.ramp import RampProvider
from ml_connector.providers.ramp.bills import is_bill_due
from ml_connector.providers.ramp.coding import coding_item
from ml_connector.providers.ramp.money import currency_digits, read_money
from ml_connector.providers.ramp.payments import is_payment_due, payment_item
from ml_connector.providers.ramp.vendors import vendor_item

BANK = "ba000000-0000-4000-8000-000000000001"


def provider(**stored):
    return RampProvider(
        Settings(base_url="https://api.ramp.com", credentials={}, stored=stored, instance="db:7"), None, None
    )


bill_item, files_item = provider().flow("bills").item, provider().flow("bill_files").item


def usd(cents):
    return {"amount": cents, "currency_code": "USD", "minor_unit_conversion_rate": 100}


def selection(kind, external_id, field=None, **values):
    return {
        "id": f"ramp-{external_id}",
        "external_id": external_id,
        "external_code": None,
        "name": f"Name of {external_id}",
        "display_name": None,
        "category_info": {"id": f"ramp-{field or kind}", "external_id": field or kind, "name": "Field", "type": kind},
        **values,
    }


def line(amount, *selections, memo="", **values):
    return {"amount": amount, "memo": memo, "accounting_field_selections": list(selections), **values}


def bill(**changes):
    return {
        "id": "9e2f6c1a-0a5c-4f5e-8d3b-6b1f2a3c4d01",
        "invoice_number": "INV-2026-118",
        "status": "PAID",
        "sync_status": "NOT_SYNCED",
        "what_we_do_not_know": {"a": [1]},
        "enable_accounting_sync": True,
        "amount": usd(150000),
        "issued_at": "2026-07-01T00:00:00+00:00",
        "due_at": "2026-07-31T00:00:00",
        "accounting_date": "2026-07-02T00:00:00.123456Z",
        "memo": "Licences Q3",
        "vendor_memo": "1234566",
        "vendor": {"id": "5ad00000-0000-4000-8000-000000000007", "name": "Exämple 株式会社", "remote_id": None},
        "purchase_order_id": "90000000-0000-4000-8000-000000000001",
        "invoice_urls": ["https://files.example.com/a/Invoice%20118.pdf?X-Amz-Signature=abc"],
        "line_items": [line(usd(150000), selection("GL_ACCOUNT", "412", external_code="600100"), memo="50 seats")],
        "inventory_line_items": [],
        "accounting_field_selections": [],
        "applied_vendor_credits": [],
        "fx_conversion_rate": "1",
        "payment": {
            "id": "70000000-0000-4000-8000-000000000001",
            "payment_method": "ACH",
            "customer_friendly_payment_id": "P-20817",
            "amount": usd(450000),
            "payment_date": "2026-07-28T00:00:00+00:00",
            "effective_date": "2026-07-29T00:00:00+00:00",
            "trace_id": None,
            "details": {"source_bank_account_id": BANK},
        },
        **changes,
    }


def to_bill(**changes):
    return provider().flow("bills").document(bill(**changes))


def refused(**changes):
    with pytest.raises(InvalidDataError) as caught:
        to_bill(**changes)
    return caught.value.message


# Bills


def test_bill():
    document = to_bill()
    assert document == Bill(
        sent_as=("bill:9e2f6c1a-0a5c-4f5e-8d3b-6b1f2a3c4d01",),
        external_id="9e2f6c1a-0a5c-4f5e-8d3b-6b1f2a3c4d01",
        number="INV-2026-118",
        vendor=Party(external_id="5ad00000-0000-4000-8000-000000000007", name="Exämple 株式会社"),
        document_date=date(2026, 7, 1),
        accounting_date=date(2026, 7, 2),
        due_date=date(2026, 7, 31),
        currency="USD",
        total=Decimal("1500.00"),
        lines=document.lines,
        amounts_include_tax=True,
        memo="Licences Q3",
        payment_reference="1234566",
        purchase_order="90000000-0000-4000-8000-000000000001",
        attachments=(
            Attachment(name="Invoice 118.pdf", url="https://files.example.com/a/Invoice%20118.pdf?X-Amz-Signature=abc"),
        ),
    )
    (only,) = document.lines
    assert only.account == Reference(kind="account", external_id="412", code="600100", name="Name of 412")
    assert (only.amount, only.description) == (Decimal("1500.00"), "50 seats")


def test_both_lists_of_lines_count():
    document = to_bill(inventory_line_items=[line(usd(-50000)), line(usd(50000))])
    assert [item.amount for item in document.lines] == [Decimal(1500), Decimal(-500), Decimal(500)]


def test_selections_by_type():
    coded = line(
        usd(150000),
        selection("GL_ACCOUNT", "412"),
        selection("TAX_CODE", "vat-15"),
        selection("OTHER", "aa_15", "projects", external_code="P015", display_name="Website"),
        selection("OTHER", "cc_1", "centers"),
        selection("HOLOGRAM", "h1", "new"),
        selection("MERCHANT", "m"),
        selection("INVENTORY_ITEM", "i"),
        selection("NON_ERP", "n"),
    )
    (only,) = to_bill(line_items=[coded]).lines
    assert only.taxes == (Reference(kind="tax", external_id="vat-15", name="Name of vat-15"),)
    assert [share.reference.external_id for share in only.analytics] == ["projects:aa_15", "centers:cc_1", "new:h1"]
    first = only.analytics[0]
    assert first.reference == Reference(
        kind="analytic", external_id="projects:aa_15", code="P015", name="Website", group="projects"
    )
    assert first.percentage == 100


def test_type_falls_back_to_the_selection():
    old = selection("GL_ACCOUNT", "412", type="GL_ACCOUNT")
    old["category_info"]["type"] = None
    (only,) = to_bill(line_items=[line(usd(150000), old)]).lines
    assert only.account.external_id == "412"


def test_lines_inherit_what_they_lack():
    document = to_bill(
        accounting_field_selections=[selection("GL_ACCOUNT", "1"), selection("OTHER", "d1", "dep")],
        line_items=[
            line(usd(100000)),
            line(usd(50000), selection("GL_ACCOUNT", "2"), selection("OTHER", "p1", "pro")),
        ],
    )
    coded = [(item.account.external_id, [s.reference.external_id for s in item.analytics]) for item in document.lines]
    assert coded == [("1", ["dep:d1"]), ("2", ["dep:d1", "pro:p1"])]


def test_option_without_a_remote_id_goes_by_ramps():
    coded = {**selection("GL_ACCOUNT", "x"), "external_id": ""}
    (only,) = to_bill(line_items=[line(usd(150000), coded)]).lines
    assert only.account.external_id == "ramp-x"


def test_dates_fall_back():
    document = to_bill(accounting_date=None, posting_date="2026-07-05")
    assert document.accounting_date == date(2026, 7, 5)
    document = to_bill(accounting_date=None, due_at=None)
    assert (document.accounting_date, document.due_date) == (date(2026, 7, 1), None)
    assert to_bill(issued_at=None).document_date == date(2026, 7, 2)


def test_negative_total_is_a_credit_note():
    document = to_bill(amount=usd(-1000), line_items=[line(usd(-1500)), line(usd(500))])
    assert document.is_credit and document.total == 10
    assert [item.amount for item in document.lines] == [15, -5]


def test_nothing_owed_is_no_credit_note():
    document = to_bill(amount=usd(0), line_items=[line(usd(500)), line(usd(-500))])
    assert not document.is_credit and document.total == 0


@pytest.mark.parametrize(
    ("stated", "rate"), [("1", None), (None, None), ("", None), ("1.25", Decimal("0.8")), (0.5, Decimal(2))]
)
def test_exchange_rate_is_the_inverse(stated, rate):
    assert to_bill(fx_conversion_rate=stated).exchange_rate == rate


def paid_in(taken, account="", **values):
    money = {"amount": 5000, "currency_code": taken, "minor_unit_conversion_rate": 100}
    details = {"source_bank_account_id": account} if account else {}
    return bill(entity_id="e1", fx_conversion_rate="1.25", payment={"amount": money, "details": details, **values})


@pytest.mark.parametrize(
    ("payload", "payer"),
    [
        (paid_in("EUR", "a-eur"), "EUR"),
        (paid_in("USD", "a-gbp"), "GBP"),
        (paid_in("GBP", "a-other"), "GBP"),
        (paid_in("USD"), "CAD"),
        (bill(entity_id="e1", fx_conversion_rate="1.25", payment=None), "CAD"),
        (bill(entity_id="e2", fx_conversion_rate="1.25", payment=None), ""),
        (bill(entity_id="e3", fx_conversion_rate="1.25", payment=None), ""),
    ],
)
def test_exchange_rate_leads_to_the_currency_of_the_payer(payload, payer):
    known = provider(
        entity_currencies={"e1": "CAD", "e2": ""}, account_currencies={"a-eur": "EUR", "a-gbp": "GBP", "a-other": ""}
    )
    assert known.flow("bills").document(payload).rate_currency == payer


def test_what_the_bank_took_for_several_bills_is_parted_without_rest():
    together = [
        {"id": f"b{number}", "amount": usd(units), "applied_vendor_credits": []}
        for number, units in enumerate((1000, 1000, 1000))
    ]
    parts = []
    for row in together:
        payload = {**paid_in("EUR", payment_date="2026-09-01"), **row, "status": "PAID", "paid_together": together}
        payload["payment"]["amount"]["amount"] = 1000
        document = provider().flow("payments").document(payload)
        assert (document.amount, document.debited_currency) == (Decimal("10.00"), "EUR")
        parts.append(document.debited)
    assert sorted(parts) == [Decimal("3.33"), Decimal("3.33"), Decimal("3.34")]


@pytest.mark.parametrize("stated", ["0", "-1", "NaN", "Infinity", "x", [], True])
def test_unusable_exchange_rates(stated):
    assert "exchange rate" in refused(fx_conversion_rate=stated)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"line_items": []}, "no lines"),
        ({"line_items": None}, "no lines"),
        ({"line_items": [line(usd(149999))]}, "add up to 1,499.99 USD, but its total is 1,500.00 USD"),
        ({"line_items": [line({**usd(150000), "currency_code": "EUR"})]}, "in EUR, but the bill is in USD"),
        ({"line_items": ["x"]}, "line_items"),
        ({"amount": None}, "currency"),
        ({"amount": {**usd(1), "currency_code": None}}, "currency"),
        ({"amount": {**usd(1), "currency_code": "USDC"}}, "currency"),
        ({"amount": usd(1.5)}, "smallest unit"),
        ({"amount": usd(True)}, "number"),
        ({"amount": usd("9" * 5000)}, "number"),
        ({"vendor": None}, "the vendor of the bill without the field id"),
        ({"vendor": {"id": "", "name": "x"}}, "the vendor of the bill without the field id"),
        ({"id": None}, "the bill without the field id"),
        (
            {"line_items": [line(usd(150000), {"name": "x", "category_info": {"type": "OTHER"}})]},
            "field without an ID",
        ),
        ({"line_items": [line(usd(150000), {"category_info": {"type": "GL_ACCOUNT"}})]}, "option without an ID"),
        ({"issued_at": None, "accounting_date": None}, "no date"),
        ({"issued_at": "01/07/2026"}, "issued_at"),
        ({"due_at": "2026-02-30"}, "due_at"),
        ({"invoice_number": ["x"]}, "invoice_number"),
        ({"invoice_urls": "https://x"}, "links"),
    ],
)
def test_bills_that_cannot_be_taken(changes, said):
    message = refused(**changes)
    assert said in message and message.endswith(".")


def test_bill_of_our_own_vendor():
    vendor = {"id": "v", "name": "V", "remote_id": "odoo:db:7:partner:33"}
    assert to_bill(vendor=vendor).vendor.odoo_id == 33
    for foreign in (
        "odoo:other:partner:33",
        "odoo:db:7:partner:x",
        "33",
        "odoo:db:7:partner:33x",
        "odoo:db:7:partner:٣",
    ):
        assert to_bill(vendor={**vendor, "remote_id": foreign}).vendor.odoo_id is None


# Files


def test_file_names():
    urls = [
        "https://x/a/Rechnung%20%C3%BC.pdf?sig=1",
        "https://x/b/Rechnung%20%C3%BC.pdf?sig=2",
        "https://x/..%2F..%2Fetc%2Fpasswd.txt",
        "https://x/files/6f4ec86b-0ab6-5d4f-b17f-3fa5eb2c17e3?sig=3",
        "https://x/",
        "https://x/%00%3Cb%3E.png",
        "https://[bad/",
    ]
    document = provider().flow("bill_files").document({"id": "b", "invoice_number": "A/1", "invoice_urls": urls})
    assert [file.name for file in document] == [
        "Rechnung ü.pdf",
        "Rechnung ü (2).pdf",
        "passwd.txt",
        "A-1.pdf",
        "A-1 (2).pdf",
        "b-.png",
        "A-1 (3).pdf",
    ]
    assert [file.url for file in document] == urls
    assert provider().flow("bill_files").document({"id": "b"}) == ()


# Payments


def to_payment(**changes):
    return provider(bank_accounts={BANK: "Operating (1234)"}).flow("payments").document(bill(**changes))


def test_payment_is_the_bills_own_amount():
    assert to_payment() == Payment(
        external_id="70000000-0000-4000-8000-000000000001:9e2f6c1a-0a5c-4f5e-8d3b-6b1f2a3c4d01",
        vendor=Party(external_id="5ad00000-0000-4000-8000-000000000007", name="Exämple 株式会社"),
        date=date(2026, 7, 29),
        currency="USD",
        amount=Decimal(1500),
        source=Reference(kind="journal", external_id=BANK, name="Operating (1234)"),
        bills=(
            PaidBill(external_id="9e2f6c1a-0a5c-4f5e-8d3b-6b1f2a3c4d01", amount=Decimal(1500), number="INV-2026-118"),
        ),
        reference="P-20817",
        attachments=(
            Attachment(name="Remittance P-20817.pdf", url="remittance-receipt:9e2f6c1a-0a5c-4f5e-8d3b-6b1f2a3c4d01"),
        ),
    )


def test_payment_less_credits():
    document = to_payment(applied_vendor_credits=[{"id": "c", "amount": usd(40000)}, {"id": "d", "amount": usd(1)}])
    assert document.amount == document.bills[0].amount == Decimal("1099.99")


@pytest.mark.parametrize("method", ["CARD", "ONE_TIME_CARD", "ONE_TIME_CARD_DELIVERY", "AUTOMATIC_CARD_PAYMENT"])
def test_cards_are_never_the_bank(method):
    paid = {**bill()["payment"], "payment_method": method}
    assert to_payment(payment=paid).source == Reference(kind="journal", external_id="card", name="Ramp card")


@pytest.mark.parametrize(
    ("paid", "external_id", "name"),
    [
        ({"payment_method": "CHECK"}, "method:CHECK", "Check"),
        ({"payment_method": None}, "method:UNSPECIFIED", "Payment without a method"),
        ({"payment_method": "PIGEON_POST"}, "method:PIGEON_POST", "Pigeon post"),
        (
            {"payment_method": "PAID_MANUALLY", "details": {"manual_payment_method": "DIRECT_DEBIT"}},
            "method:PAID_MANUALLY:DIRECT_DEBIT",
            "Paid outside Ramp (direct debit)",
        ),
        (
            {"payment_method": "ACH", "details": {"source_bank_account_id": "abcdefghij"}},
            "abcdefghij",
            "Ramp bank account abcdefgh",
        ),
    ],
)
def test_sources(paid, external_id, name):
    document = to_payment(payment={"id": None, "payment_date": "2026-07-28", "details": None, **paid})
    assert document.source == Reference(kind="journal", external_id=external_id, name=name)
    assert document.external_id == "unnumbered:9e2f6c1a-0a5c-4f5e-8d3b-6b1f2a3c4d01"


def test_a_payment_that_ramp_did_not_make_has_no_proof():
    paid = {"id": "p", "payment_date": "2026-07-28"}
    methods = {"ACH": 1, "CHECK": 1, "SWIFT": 1, "PAID_MANUALLY": 0, "CARD": 0}
    found = {name: to_payment(payment={**paid, "payment_method": name}).attachments for name in methods}
    assert {name: len(files) for name, files in found.items()} == methods


def test_payment_falls_back():
    paid = {"id": "p", "payment_method": "CHECK", "trace_id": {"descriptor": "Check Number", "trace_id": "10442"}}
    document = to_payment(payment=paid, paid_at="2026-07-30T12:00:00+00:00")
    assert (document.date, document.reference) == (date(2026, 7, 30), "10442")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"status": "OPEN"}, "not paid"),
        ({"payment": None}, "not paid"),
        ({"applied_vendor_credits": [{"id": "c", "amount": usd(150000)}]}, "vendor credits"),
        ({"applied_vendor_credits": [{"id": "c", "amount": {**usd(1), "currency_code": "EUR"}}]}, "in EUR"),
        ({"payment": {"id": "p", "payment_method": "ACH"}}, "no date"),
    ],
)
def test_payments_that_cannot_be_taken(changes, said):
    with pytest.raises(InvalidDataError) as caught:
        to_payment(**changes)
    assert said in caught.value.message


# Vendors


VENDOR = {
    "id": "5ad00000-0000-4000-8000-000000000007",
    "name": " Exämple GmbH ",
    "country": "DE",
    "state": None,
    "is_active": True,
    "vendor_type": "BUSINESS",
    "external_vendor_id": None,
    "contacts": ["c1", "c2"],
    "address": {"address_line_1": "old"},
    "addresses": [
        {"id": "a1", "address_line_1": "Other St 2", "city": "Bonn", "postal_code": "53111", "country": "DE"},
        {
            "id": "a2",
            "address_line_1": "Hauptstraße 1",
            "address_line_2": "Hof",
            "city": "Köln",
            "postal_code": "50667",
            "country": "de",
            "is_default": True,
        },
    ],
}
CONTACTS = [
    {"id": "c1", "email": "ap@example.com", "first_name": "Grace", "last_name": None, "phone": None, "is_default": True}
]


def to_vendor(**changes):
    return provider().flow("vendors").document({"vendor": {**VENDOR, **changes}, "contacts": CONTACTS})


def test_vendor():
    assert to_vendor() == Vendor(
        external_id="5ad00000-0000-4000-8000-000000000007",
        name="Exämple GmbH",
        address=Address(street="Hauptstraße 1", street2="Hof", city="Köln", postal_code="50667", country="DE"),
        contacts=(Contact(external_id="c1", name="Grace", email="ap@example.com", is_default=True),),
    )


def test_vendor_variants():
    person = to_vendor(vendor_type="INDIVIDUAL", is_active=False, external_vendor_id="odoo:db:7:partner:5")
    assert (person.is_company, person.active, person.odoo_id) == (False, False, 5)
    bare = to_vendor(addresses=[], address=None, country="Germany")
    assert bare.address == Address()
    assert to_vendor(addresses=None, country="US", state="VA").address == Address(
        street="old", state="VA", country="US"
    )


@pytest.mark.parametrize("name", [None, "", "  "])
def test_vendor_without_a_name(name):
    with pytest.raises(InvalidDataError, match="no name"):
        to_vendor(name=name)


# Coding


def test_lists_and_bills_give_the_same_references():
    row = {"id": "aa_15", "ramp_id": "r1", "value": "Website relaunch", "code": "P015", "is_active": True}
    item = coding_item("analytic", row, {"id": "projects", "ramp_id": "f1", "name": "Projects"})
    listed = provider().flow("coding").document(item.payload)
    coded = line(usd(150000), selection("OTHER", "aa_15", "projects", external_code="P015", name="Website relaunch"))
    assert to_bill(line_items=[coded]).lines[0].analytics[0].reference == listed
    account = coding_item("account", {"id": "412", "ramp_id": "x", "code": "600100", "name": "Name of 412"})
    assert provider().flow("coding").document(account.payload) == to_bill().lines[0].account
    tax = coding_item("tax", {"id": "vat-15", "ramp_id": "x", "name": "VAT"})
    assert provider().flow("coding").document(tax.payload) == Reference(kind="tax", external_id="vat-15", name="VAT")
    journal = coding_item("journal", {"id": "card", "name": "Ramp card"})
    assert provider().flow("coding").document(journal.payload) == Reference(
        kind="journal", external_id="card", name="Ramp card"
    )


@pytest.mark.parametrize("payload", [{}, {"kind": "x", "row": {"id": "1"}}, {"kind": "account", "row": {}}])
def test_coding_that_cannot_be_taken(payload):
    with pytest.raises(InvalidDataError):
        provider().flow("coding").document(payload)


# Odoo to Ramp


def odoo_vendor(**changes):
    values = {
        "external_id": "",
        "odoo_id": 33,
        "name": "Example Software Inc",
        "address": Address(street="1 Main St", city="Arlington", state="VA", postal_code="22201", country="US"),
        "contacts": (
            Contact(name="Reception", email="info@example.com"),
            Contact(name="Grace Brewster Example", email="ap@example.com", phone="+1 555", is_default=True),
        ),
        **changes,
    }
    return Vendor(**values)


def test_render_vendor():
    assert provider().flow("vendors_push").render(odoo_vendor()) == {
        "name": "Example Software Inc",
        "country": "US",
        "state": "VA",
        "external_vendor_id": "odoo:db:7:partner:33",
        "business_vendor_contacts": {
            "email": "ap@example.com",
            "first_name": "Grace Brewster",
            "last_name": "Example",
            "phone": "+1 555",
        },
        # a contact with one name has a first name
        "contacts": [{"email": "info@example.com", "first_name": "Reception"}],
        "is_active": True,
        "address": {
            "address_line_1": "1 Main St",
            "city": "Arlington",
            "state": "VA",
            "postal_code": "22201",
            "country": "US",
        },
    }


@pytest.mark.parametrize(
    ("changes", "left_out"),
    [
        ({"contacts": ()}, {"business_vendor_contacts", "contacts"}),
        ({"address": Address(country="US", city="Reno")}, {"state", "address"}),
        ({"address": Address()}, {"country", "state", "address"}),
    ],
)
def test_what_is_missing_holds_up_no_change_of_a_known_vendor(changes, left_out):
    whole = provider().flow("vendors_push").render(odoo_vendor())
    known = provider().flow("vendors_push").render(odoo_vendor(external_id="v1", **changes))
    assert known == {key: value for key, value in whole.items() if key not in left_out}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"contacts": (Contact(name="A"),)}, "email address"),
        ({"contacts": ()}, "email address"),
        ({"address": Address(country="US")}, "state"),
        ({"address": Address()}, "country"),
        ({"name": " "}, "name"),
        ({"odoo_id": None}, "its own vendors"),
    ],
)
def test_vendors_that_ramp_would_refuse(changes, said):
    with pytest.raises(InvalidDataError) as caught:
        provider().flow("vendors_push").render(odoo_vendor(**changes))
    assert said in caught.value.message


@pytest.mark.parametrize(
    ("changes", "is_complete"),
    [
        ({}, True),
        ({"country": "CA"}, False),
        ({"street": ""}, False),
        ({"city": ""}, False),
        ({"postal_code": ""}, False),
    ],
)
def test_incomplete_addresses_are_left_out(changes, is_complete):
    address = Address(**{"street": "a", "city": "b", "postal_code": "c", "country": "GB", **changes})
    assert ("address" in provider().flow("vendors_push").render(odoo_vendor(address=address))) is is_complete


# Versions


def test_version_ignores_what_is_not_booked():
    version = bill_item(bill()).version
    for changes in (
        {"status": "OPEN", "payment": None, "sync_status": "BILL_SYNCED", "status_summary": "x", "paid_at": "y"},
        {"invoice_urls": ["https://files.example.com/other?X-Amz-Signature=1"]},
        {"vendor": {**bill()["vendor"], "name": "Renamed"}},
        {"line_items": [line(usd(150000), selection("GL_ACCOUNT", "412", name="Renamed"), memo="50 seats")]},
    ):
        assert bill_item(bill(**changes)).version == version
    for changes in (
        {"amount": usd(1)},
        {"memo": "x"},
        {"issued_at": "2026-07-03"},
        {"vendor": {"id": "other"}},
        {"purchase_order_id": None},
        {"line_items": [line(usd(150000), selection("GL_ACCOUNT", "413"), memo="50 seats")]},
        {"accounting_field_selections": [selection("OTHER", "d", "dep")]},
        {"inventory_line_items": [line(usd(0))]},
    ):
        assert bill_item(bill(**changes)).version != version
    assert len(version) == 16


def test_version_goes_by_ramps_ids_where_there_are_no_others():
    def version(**values):
        coded = {**selection("OTHER", "x", "dep"), "external_id": None, **values}
        return bill_item(bill(line_items=[line(usd(150000), coded)])).version

    assert version(id="a") != version(id="b")
    assert version(category_info={"external_id": "dep"}, type="A") != version(
        category_info={"external_id": "dep"}, type="B"
    )


def test_version_does_not_depend_on_list_or_detail():
    paid = {**bill()["payment"], "trace_id": {"trace_id": "1"}}
    assert payment_item(bill(payment=paid)).version == payment_item(bill()).version


def test_version_of_files_ignores_the_signature():
    first = files_item(bill(invoice_urls=["https://x/a?sig=1", "https://x/b?sig=2"]))
    assert files_item(bill(invoice_urls=["https://x/b?sig=3", "https://x/a?sig=4"])).version == first.version
    assert files_item(bill(invoice_urls=["https://x/a?sig=1"])).version != first.version


def test_version_of_a_vendor():
    version = vendor_item(VENDOR, CONTACTS).version
    assert vendor_item({**VENDOR, "total_spend_ytd": usd(5)}, CONTACTS).version == version
    assert vendor_item(VENDOR, [{**CONTACTS[0], "phone": "1"}]).version != version


def test_content_version_ignores_the_order_of_keys():
    assert content_version({"a": 1, "b": [2]}) == content_version({"b": [2], "a": 1})


# Money


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"amount": 12034, "currency_code": "USD", "minor_unit_conversion_rate": 100}, ("120.34", "USD")),
        ({"amount": 1500, "currency_code": "JPY", "minor_unit_conversion_rate": 1}, ("1500", "JPY")),
        ({"amount": 1500, "currency_code": "JPY", "minor_unit_conversion_rate": None}, ("1500", "JPY")),
        ({"amount": 1500, "currency_code": "KWD"}, ("1.5", "KWD")),
        ({"amount": -1, "currency_code": "eur"}, ("-0.01", "EUR")),
        ({"amount": "250", "currency_code": "EUR"}, ("2.5", "EUR")),
        ({"currency": "USD", "value": 4200}, ("42", "USD")),
        (125.5, ("125.5", "CHF")),
        ("0.1", ("0.1", "CHF")),
    ],
)
def test_money(value, expected):
    amount, currency = read_money(value, "the amount", currency="CHF")
    assert (amount, currency) == (Decimal(expected[0]), expected[1])


@pytest.mark.parametrize(
    "value",
    [
        {"amount": 12345, "currency_code": "USD", "minor_unit_conversion_rate": 1000},
        {"amount": 1, "currency_code": "USD", "minor_unit_conversion_rate": 3},
        {"amount": 1, "currency_code": "USD", "minor_unit_conversion_rate": 0},
        {"amount": 1, "currency_code": "USD", "minor_unit_conversion_rate": "100"},
        {"amount": float("nan"), "currency_code": "USD"},
        {"amount": 10**16, "currency_code": "USD"},
        {"amount": None, "currency_code": "USD"},
        {"value": 1},
        {},
        0.125,
        "1e-400",
        "NaN",
        None,
        [],
        True,
    ],
)
def test_no_money(value):
    with pytest.raises(InvalidDataError):
        read_money(value, "the amount", currency="USD")


@pytest.mark.parametrize(
    "written", ["2026-07-01", "2026-07-01T00:00:00", "2026-07-01T23:59:59.999999+14:00", "2026-07-01T00:00:00Z"]
)
def test_dates_are_taken_as_written(written):
    assert day({"d": written}, "d") == date(2026, 7, 1)


# Properties

CURRENCIES = ["USD", "EUR", "GBP", "JPY", "KRW", "KWD", "BHD", "VND"]


@st.composite
def balanced_bills(draw):
    """A bill of any currency whose lines, splits and discounts add up to its total."""
    currency = draw(st.sampled_from(CURRENCIES))
    rate = draw(st.sampled_from([None, 10 ** currency_digits(currency)]))
    units = draw(st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=12))
    stocked = draw(st.integers(0, len(units)))
    money = [{"amount": unit, "currency_code": currency, "minor_unit_conversion_rate": rate} for unit in units]
    lines = [line(amount, memo=draw(st.text(max_size=5))) for amount in money]
    return bill(
        amount={"amount": sum(units), "currency_code": currency, "minor_unit_conversion_rate": rate},
        line_items=lines[stocked:],
        inventory_line_items=lines[:stocked],
    )


@given(balanced_bills())
def test_lines_add_up_to_the_total(payload):
    document = provider().flow("bills").document(payload)
    assert sum(item.amount for item in document.lines) == document.total >= 0
    minor = abs(payload["amount"]["amount"])
    assert document.total * 10 ** currency_digits(document.currency) == minor
    assert all(item.amount.as_tuple().exponent >= -currency_digits(document.currency) for item in document.lines)


@given(balanced_bills(), st.integers(-5, 5).filter(bool), st.data())
def test_a_line_that_is_off_parks_the_bill(payload, error, data):
    rows = payload["line_items"] + payload["inventory_line_items"]
    data.draw(st.sampled_from(rows))["amount"]["amount"] += error
    with pytest.raises(InvalidDataError, match="add up to"):
        provider().flow("bills").document(payload)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("9" * 5000),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def places(value, path=()):
    """The path of every value inside a payload."""
    yield path
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from places(child, (*path, key))


def damage(payload, data):
    """Replace, remove or double up to three values anywhere."""
    payload = copy.deepcopy(payload)
    for _time in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from([path for path in places(payload) if path]))
        holder = payload
        for key in path[:-1]:
            holder = holder[key]
        action = data.draw(st.sampled_from(["replace", "remove", "double"]))
        if action == "replace":
            holder[path[-1]] = data.draw(ANYTHING)
        elif action == "remove":
            del holder[path[-1]]
        elif isinstance(holder, list):
            holder.append(copy.deepcopy(holder[path[-1]]))
        if not payload:
            break
    return payload


def test_quantity_and_unit_price_are_read():
    ordered = line(usd(12000), quantity=10, unit_price=usd(1200), purchase_order_line_item_id="o-1")
    document = to_bill(amount=usd(12000), line_items=[], inventory_line_items=[ordered])
    (read,) = document.lines
    assert (read.quantity, read.unit_price, read.amount) == (Decimal(10), Decimal(12), Decimal(120))
    finer = {"amount": 12345, "currency_code": "USD", "minor_unit_conversion_rate": 10000}
    ordered = line(usd(12345), quantity=100, unit_price=finer)
    (read,) = to_bill(amount=usd(12345), line_items=[], inventory_line_items=[ordered]).lines
    assert read.unit_price == Decimal("1.2345")


def test_what_the_bank_debited_is_read():
    euros = {"amount": 150000, "currency_code": "EUR", "minor_unit_conversion_rate": 100}
    paid = {**bill()["payment"], "amount": usd(163705)}
    payload = bill(amount=euros, line_items=[line(euros)], payment=paid)
    document = provider().flow("payments").document(payload)
    assert (document.amount, document.currency) == (Decimal(1500), "EUR")
    assert (document.debited, document.debited_currency) == (Decimal("1637.05"), "USD")
    document = provider().flow("payments").document({**payload, "payment": {**paid, "amount": euros}})
    assert (document.debited, document.debited_currency) == (None, "")


HELD = {
    "gross_amount": {"currency": "USD", "value": 100000},
    "withholding_amount": {"currency": "USD", "value": 10000},
    "withholding_percentage": "10",
}


@pytest.mark.parametrize("amount", [90000, 100000])
def test_retainage_is_owed_but_held_back(amount):
    """Whether Ramp states a line before or after its retainage: the same is booked."""
    first = line(usd(amount), selection("GL_ACCOUNT", "412"), withholding_line_item=HELD)
    found = to_bill(amount=usd(95000), line_items=[first, line(usd(5000))])
    assert [(item.amount, item.account and item.account.external_id) for item in found.lines] == [
        (Decimal(1000), "412"),
        (Decimal(50), None),
        (Decimal(-100), "retainage"),
    ]
    assert sum(item.amount for item in found.lines) == found.total == Decimal(950)


@pytest.mark.parametrize(
    "amounts",
    [
        {"gross_amount": {"currency": "USD", "value": 120000}},
        {"withholding_amount": {"currency": "EUR", "value": 10000}},
        {"gross_amount": {"currency": "EUR", "value": 100000}},
    ],
)
def test_retainage_that_does_not_fit_its_line_is_named(amounts):
    payload = {"amount": usd(90000), "line_items": [line(usd(90000), withholding_line_item={**HELD, **amounts})]}
    with pytest.raises(InvalidDataError, match="retainage of 100.00"):
        to_bill(**payload)


def test_no_retainage():
    nothing = {**HELD, "withholding_amount": {"currency": "USD", "value": 0}}
    found = to_bill(amount=usd(90000), line_items=[line(usd(90000), withholding_line_item=nothing)])
    assert [item.amount for item in found.lines] == [Decimal(900)]


def test_retainage_is_released():
    """The cost and its tax were booked with the bill that was retained."""
    row = line(usd(10000), selection("GL_ACCOUNT", "412"), selection("TAX_CODE", "v"))
    found = to_bill(amount=usd(10000), line_items=[row], is_withholding_release=True)
    assert [(item.amount, item.account.external_id, item.taxes) for item in found.lines] == [
        (Decimal(100), "retainage", ())
    ]


RICH = bill(
    accounting_field_selections=[selection("OTHER", "d1", "dep")],
    line_items=[
        line(usd(100000), selection("GL_ACCOUNT", "412"), selection("TAX_CODE", "v")),
        line(usd(50000), selection("OTHER", "p1", "pro")),
    ],
    inventory_line_items=[line(usd(0), selection("INVENTORY_ITEM", "i"))],
    applied_vendor_credits=[{"id": "c", "amount": usd(1000)}],
)
PAYLOADS = {
    "bills": RICH,
    "payments": RICH,
    "bill_files": RICH,
    "vendors": {"vendor": VENDOR, "contacts": CONTACTS},
    "coding": {"kind": "analytic", "row": {"id": "a", "value": "b", "code": "c"}, "field": {"id": "f"}},
}


@pytest.mark.parametrize("flow", PAYLOADS)
@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(data=st.data())
def test_damaged_payloads_are_translated_or_parked(flow, data):
    payload = damage(PAYLOADS[flow], data)
    try:
        document = provider().flow(flow).document(payload)
    except InvalidDataError as error:
        assert error.message and "\n" not in error.message[:40]
        return
    if isinstance(document, Bill):
        assert sum(item.amount for item in document.lines) == document.total


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(data=st.data())
def test_damaged_rows_still_become_items(data):
    row = damage(RICH, data)
    known = {"credentials": {"entity": "e"}, "stored": {"entity": "e", "entity_id": "e"}}
    bills = RampProvider(Settings(base_url="https://api.ramp.com", **known), None, None).flow("bills")
    bills.is_since(row, date(2026, 1, 1))
    try:
        bills.concerns_us(row)
        is_bill_due(row)
        found = [bill_item(row), files_item(row)]
        if is_payment_due(row):
            found.append(payment_item(row))
    except InvalidDataError:
        return
    assert all(len(item.version) == 16 and isinstance(item.title, str) for item in found)


@settings(max_examples=200, deadline=None)
@given(ANYTHING)
def test_money_is_an_amount_or_a_sentence(value):
    try:
        amount, currency = read_money(value, "the amount", currency="USD")
    except InvalidDataError:
        return
    assert amount.is_finite() and len(currency) == 3
