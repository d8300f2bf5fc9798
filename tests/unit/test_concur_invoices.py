"""Invoices by the list of payment requests, against the Concur sandbox."""

import copy
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from concur_support import connect, invoice, obeyed_sandbox, payment_request
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.core import errors as errors
from ml_connector.core.documents import Clearing, Paid, Result
from ml_connector.core.provider import Settings
from ml_connector.providers.concur import ConcurProvider
from ml_connector.providers.concur.payment_requests import possible_codes
from ml_connector.providers.concur.payments import INVOICE_PAYMENTS_PATH
from ml_connector.providers.concur.results import confirmation

FLOW = "payment_requests"
DAY = "2026-09-30"


@pytest.fixture
def sandbox():
    with obeyed_sandbox(size=12) as running:
        yield running


@pytest.fixture
def concur(sandbox):
    return connect(sandbox)


def pulled(made, cursor="", since=None):
    return {item.external_id: item for page in made.flow(FLOW).pull(cursor, since) for item in page.items}


def first(sandbox):
    return next(request_id for request_id, status in sandbox.control.payment_requests().items() if status == "A_APPR")


# Reading


@pytest.mark.parametrize("flow", ["expense_reports", "invoices", "payroll"])
def test_what_left_the_queue_is_listed_again(sandbox, concur, flow):
    """By the lists of reports and invoices, and with what became of each document in Concur."""
    doc_type = {"expense_reports": "expense", "invoices": "invoice", "payroll": "payroll"}[flow]
    if flow == "payroll":
        report = next(row for row in sandbox.state.documents if row.doc_type == "expense")
        sandbox.control.add_document("payroll", report.source_id, report.content)
        for number in range(2):
            sandbox.control.add_document("payroll", f"PAYROLL{number}", report.content)
    rows = [row for row in sandbox.state.documents if row.doc_type == doc_type][:3]
    booked, taken, ready = rows
    booked.status, taken.status = "POSTING_CONFIRMED_SUCCESS", "ACKNOWLEDGED"
    pages = list(concur.flow(flow).booked(date(2026, 9, 1)))
    found = {item.version: page.is_told for page in pages for item in page.items}
    assert (found[booked.id], found[taken.id]) == (True, False), "no result was told of what was merely taken"
    assert ready.id not in found
    assert booked.id not in {item.version for page in concur.flow(flow).pull("", None) for item in page.items}
    (item,) = (item for page in pages for item in page.items if item.version == booked.id)
    assert item.payload["document"]
    later = {item.version for page in concur.flow(flow).booked(date(2031, 1, 1)) for item in page.items}
    assert not later


def test_what_a_processor_recalled_before_it_was_acknowledged_is_named(sandbox, concur):
    flow = concur.flow("expense_reports")
    recalled, other = [item.version for page in flow.pull("", None) for item in page.items][:2]
    sandbox.control.recall(recalled)
    assert flow.acknowledge([recalled, other]).keys() == {recalled}


def test_approved_invoices_become_the_bills_that_fis_would_give(sandbox, concur):
    """So the same invoice is one bill, whichever flow brings it."""
    found = pulled(concur)
    approved = {key for key, status in sandbox.control.payment_requests().items() if status == "A_APPR"}
    assert found.keys() == approved
    assert len(approved) < len(sandbox.control.payment_requests())
    for document in sandbox.control.documents("invoice"):
        if document["source_id"] not in approved:
            continue
        theirs = invoice(document["content"])
        ours = concur.flow(FLOW).document(found[document["source_id"]].payload)
        alike = ("external_id", "number", "document_date", "due_date", "currency", "total", "tax_total", "is_credit")
        assert {name: getattr(ours, name) for name in alike} == {name: getattr(theirs, name) for name in alike}
        assert ours.vendor.external_id == theirs.vendor.external_id
        assert sum(line.amount for line in ours.lines) == sum(line.amount for line in theirs.lines)
        assert {line.account.external_id for line in ours.lines} == {line.account.external_id for line in theirs.lines}
        codes = [[share.reference.external_id for share in line.analytics] for line in ours.lines if line.analytics]
        assert codes
        assert all(code == ["custom1:CC100"] for code in codes)


def test_only_what_changed_since_the_day_before_is_read_again(sandbox, concur):
    pages = list(concur.flow(FLOW).pull("", None))
    assert date.fromisoformat(pages[-1].cursor) == datetime.now(UTC).date()
    changed = first(sandbox)
    sandbox.control.edit_payment_request(changed, "2026-10-05")
    before = len(sandbox.control.requests())
    assert pulled(concur, "2026-10-05").keys() == {changed}
    (query,) = [entry["query"] for entry in sandbox.control.requests(since=before) if "digests" in entry["path"]]
    assert query["lastModifiedDateAfter"] == "2026-10-04"


def test_what_becomes_of_an_invoice_in_concur_is_no_change(sandbox, concur):
    changed = first(sandbox)
    before = pulled(concur)[changed]
    sandbox.control.edit_payment_request(changed, DAY, PaymentStatus="P_PAID", PaidDate=DAY, ExtractDate=DAY)
    assert pulled(concur)[changed].version == before.version
    sandbox.control.edit_payment_request(changed, DAY, InvoiceNumber="INV-0")
    assert pulled(concur)[changed].version != before.version


def test_withdrawn_and_deleted_invoices_are_left_alone(sandbox, concur):
    withdrawn, deleted = list(pulled(concur))[:2]
    sandbox.control.edit_payment_request(withdrawn, DAY, ApprovalStatus="A_RESU")
    sandbox.control.edit_payment_request(deleted, DAY, is_deleted=True)
    assert not {withdrawn, deleted} & pulled(concur).keys()
    assert [concur.flow(FLOW).fetch(key) for key in (withdrawn, deleted, "unknown")] == [None] * 3


def test_invoices_before_the_start_are_left_alone(concur):
    dates = {key: date.fromisoformat(item.payload["request"]["InvoiceDate"]) for key, item in pulled(concur).items()}
    latest = max(dates.values())
    assert pulled(concur, since=latest).keys() == {key for key, day in dates.items() if day == latest}
    assert not pulled(concur, since=latest + timedelta(days=1))


# Vendors


def test_a_vendor_is_found_by_name_and_address(sandbox, concur):
    sandbox.control.add_vendor("V-7", "Example Supplies Ltd", City="Paris")
    found = [item for item in pulled(concur).values() if item.payload["vendors"] == ["V-0042"]]
    assert found
    sandbox.control.edit_vendor("V-7", City="Leeds", Address1="1 High Street", PostalCode="LS1 4AP")
    unclear = concur.flow(FLOW).fetch(found[0].external_id)
    concur._vendors = {}
    with pytest.raises(errors.InvalidDataError, match="V-0042, V-7"):
        concur.flow(FLOW).document(unclear.payload)


def test_an_unknown_vendor_is_said(sandbox, concur):
    changed = first(sandbox)
    sandbox.control.edit_payment_request(changed, DAY, VendorRemitAddress={"Name": "Nobody Ltd"})
    with pytest.raises(errors.InvalidDataError, match="no longer has a vendor Nobody Ltd"):
        concur.flow(FLOW).document(concur.flow(FLOW).fetch(changed).payload)


def test_one_code_with_two_addresses_is_one_vendor():
    rows = [{"VendorCode": "V-1", "AddressCode": code} for code in ("1", "2")]
    assert possible_codes(rows, {}) == ["V-1"]


# Amounts


def request(lines, total, **values):
    row = {
        "InvoiceNumber": "INV-1",
        "InvoiceDate": "2026-09-10",
        "CurrencyCode": "EUR",
        "InvoiceAmount": str(total),
        "VendorRemitAddress": {"Name": "Example Supplies Ltd"},
        "LineItems": {"LineItem": lines},
        **values,
    }
    return {"id": "R1", "request": row, "vendors": ["V-1"]}


def line(price, *allocations, **values):
    made = [
        {"AllocationAccountCode": account, "Percentage": str(percentage), "Custom2": project}
        for account, percentage, project in allocations
    ]
    return {"TotalPrice": str(price), "Description": "Paper", "Allocations": {"Allocation": made}, **values}


def test_vat_is_included_in_its_line_and_several_rates_are_kept_apart():
    taxed = line("119", ("600000", 100, "P"), VatAmount="17", VatAmountTwo="2", TaxCode="V19", VatRateTwo="7")
    bill = payment_request(request([taxed, line("10")], "129"))
    assert [made.amount for made in bill.lines] == [100, 10]
    assert [tax.external_id for tax in bill.lines[0].taxes] == ["V19", "vat:7"]
    assert (bill.tax_total, bill.amounts_include_tax, bill.lines[1].taxes) == (19, False, ())


def test_tax_and_shipping_of_the_header_come_on_top():
    bill = payment_request(request([line("100", ("600000", 100, ""))], "118", ShippingAmount="10", TaxAmount="8"))
    assert [(made.amount, made.description) for made in bill.lines] == [(100, "Paper"), (10, "Shipping")]
    assert bill.tax_total == 8
    assert bill.lines[0].taxes


def test_what_does_not_add_up_names_both_numbers():
    with pytest.raises(errors.InvalidDataError, match="add up to 100 EUR, but its total is 101 EUR"):
        payment_request(request([line("100")], "101"))


def test_vat_of_the_header_alone_is_for_a_person():
    with pytest.raises(errors.InvalidDataError, match="16 EUR of VAT"):
        payment_request(request([line("100")], "100", VatAmountOne="16"))


def test_a_negative_invoice_is_a_credit_note():
    bill = payment_request(request([line("-119", VatAmount="-19", TaxCode="V19")], "-119"))
    assert (bill.is_credit, bill.total, bill.tax_total, bill.lines[0].amount) == (True, 119, 19, 100)


def test_the_expense_type_stands_for_an_account_that_is_not_there():
    bill = payment_request(request([line("5", ExpenseTypeCode="2000   ")], "5"))
    assert bill.lines[0].account.external_id == "expense_type:2000"


def test_invoices_of_test_users_are_not_wanted():
    with pytest.raises(errors.NotRelevantError):
        payment_request(request([line("5")], "5", IsTestTransaction="true"))


@pytest.mark.parametrize("name", ["InvoiceDate", "CurrencyCode", "LineItems"])
def test_what_is_missing_is_said(name):
    payload = copy.deepcopy(request([line("5")], "5"))
    del payload["request"][name]
    with pytest.raises(errors.InvalidDataError):
        payment_request(payload)


CENTS = st.integers(-(10**7), 10**7).map(lambda cents: Decimal(cents).scaleb(-2))


PARTS = st.tuples(CENTS, CENTS, st.lists(st.integers(1, 100), max_size=4))


@given(st.lists(PARTS, min_size=1, max_size=5), CENTS, CENTS)
def test_lines_and_taxes_always_add_up_to_the_total(drawn, shipping, tax):
    lines = [
        line(price, *(("600000", weight, "P") for weight in weights), VatAmount=str(vat), TaxCode="V")
        for price, vat, weights in drawn
    ]
    total = sum(price for price, _vat, _weights in drawn) + shipping + tax
    bill = payment_request(request(lines, total, ShippingAmount=str(shipping), TaxAmount=str(tax)))
    assert sum(made.amount for made in bill.lines) + bill.tax_total == bill.total == abs(total)
    assert all(round(made.amount, 2) == made.amount for made in bill.lines)


# What was paid in Odoo


class Refusing:
    """A client of Concur that takes no payment."""

    def call(self, method, path, body=None, **_options):
        if method == "GET":
            return SimpleNamespace(data={})
        if path == INVOICE_PAYMENTS_PATH:
            raise errors.PermanentError("SAP Concur refused the request: Not extracted.")
        refusal = {"paymentConfirmationResult": "FAILED", "errorMessage": "Not posted"}
        return SimpleNamespace(data=[{"docId": row["docId"], **refusal} for row in body["processingConfirmation"]])


def paid(**values):
    clearing = Clearing(date=date(2026, 9, 5), amount=Decimal("46.00"), reference="PBNK1/2026/00001")
    return Paid(
        **{
            **{"subject": "expense_report", "external_id": "source", "version": "doc", "number": "EXP/1"},
            **{"currency": "USD", "total": Decimal("46.00"), "clearings": (clearing,)},
            **values,
        }
    )


@pytest.mark.parametrize(
    ("flow", "values", "words"),
    [
        ("payments_push", {}, ("paid in Odoo on Sep 5, 2026", "not paid twice", "Not posted")),
        ("payments_push", {"taken_back": True, "clearings": ()}, ("reversed in Odoo", "Not posted")),
        ("invoice_payments_push", {}, ("paid in Odoo on Sep 5, 2026", "not paid twice", "Not extracted")),
    ],
)
def test_a_refusal_after_a_payment_warns_of_paying_twice(flow, values, words):
    made = ConcurProvider(Settings(base_url="https://us.api.concursolutions.com", credentials={}), None, None)
    made.__dict__["client"] = Refusing()
    with pytest.raises(errors.InvalidDataError) as caught:
        made.flow(flow).send(made.flow(flow).render(paid(**values)), "", "key")
    assert all(word in caught.value.message for word in words), caught.value.message


def test_a_refused_posting_says_what_to_do_and_where_it_is_found():
    result = Result(
        subject="bill", external_id="request-1", version="doc", success=False, message="x" * 2000, advice="Ask Erin."
    )
    (message,) = confirmation(result, "C1")["systemMessages"]
    assert len(message["messageShortText"]) == 1000
    assert message["messageShortText"].endswith("... Ask Erin. Reference for Odoo: request-1")
