"""Vendors between Odoo and Concur, against the Concur sandbox, which checks every request by the published contract."""

from dataclasses import replace

import pytest
from concur_support import connect, obeyed_sandbox
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.core import documents as doc
from ml_connector.core import errors as errors
from ml_connector.core.documents import OwnId
from ml_connector.providers.concur.vendors import own_code, own_partner, vendor, vendor_item
from ml_connector.providers.concur.vendors_push import group_changes

INSTANCE = "0c8f-example:7"
VENDORS_PATH = "/api/v3.1/invoice/vendors"


@pytest.fixture
def sandbox():
    with obeyed_sandbox() as running:
        yield running


@pytest.fixture
def concur(sandbox):
    return connect(sandbox, instance=INSTANCE)


def pulled(made):
    return {item.external_id: item for page in made.flow("vendors").pull("", None) for item in page.items}


def partner(number=77, **values):
    address = doc.Address(street="5 Mill Lane", city="Leeds", postal_code="LS1 4AP", country="GB")
    contact = doc.Contact(name="Tailspin Toys Ltd", email="ap@tailspin.example.com", phone="+44 1", is_default=True)
    plain = {"name": "Tailspin Toys Ltd", "address": address, "contacts": (contact,), "currency": "GBP", "vat": ""}
    return doc.Vendor(external_id="", odoo_id=number, **{**plain, **values})


def push(made, document, external_id=""):
    return made.flow("vendors_push").send(made.flow("vendors_push").render(document), external_id, "key")


def writes(sandbox):
    return [entry for entry in sandbox.control.requests(path=VENDORS_PATH) if entry["method"] != "GET"]


# Reading


def test_addresses_of_one_code_are_one_vendor(concur):
    item = pulled(concur)["V-0044"]
    document = concur.flow("vendors").document(item.payload)
    assert document.name == "Blue Harbor Logistics"
    assert (document.address.city, document.address.state, document.address.country) == ("Oakland", "CA", "US")
    further = [contact for contact in document.contacts if contact.address]
    shown = [(contact.external_id, contact.name, contact.address.city) for contact in further]
    assert shown == [("002", "Address 002", "Albany")]


def test_a_vendor_on_two_pages_is_one_item(sandbox, concur, monkeypatch):
    monkeypatch.setattr("ml_connector.providers.concur.vendors.VENDORS_PAGE", 3)
    for number in range(7):
        # sorted by name, the addresses of one vendor stand together; across pages they still do not
        sandbox.control.add_vendor("W-1", "Wide World Importers", f"{number:03}")
    items = pulled(concur)
    assert len(items["W-1"].payload["records"]) == 7
    assert len([entry for entry in sandbox.control.requests(path=VENDORS_PATH)]) > 4


def test_what_nobody_approved_is_read_only_when_a_record_names_it(concur):
    assert "V-0090" not in pulled(concur)
    assert concur.flow("vendors").fetch("v-0090").title == "Requested by an Employee"
    assert concur.flow("vendors").fetch("V-0000") is None


def test_only_what_changed_has_another_version(sandbox, concur):
    before = pulled(concur)
    sandbox.control.edit_vendor("V-0042", City="York")
    after = pulled(concur)
    assert {key for key in before if before[key].version != after[key].version} == {"V-0042"}


def test_bank_accounts_are_not_stored(sandbox, concur):
    before = pulled(concur)["V-0042"]
    row = sandbox.state.vendors.get("V-0042/001")
    row.banks["GB00EXAMPLE"] = {"VendorCode": "V-0042", "AddressCode": "001", "AccountNumber": "GB00EXAMPLE"}
    after = pulled(concur)["V-0042"]
    assert "EXAMPLE" not in str(after.payload)
    assert after.version == before.version


def test_two_tax_ids_are_for_a_person(concur):
    item = pulled(concur)["V-0044"]
    records = [{**record, "TaxID": f"US{number}"} for number, record in enumerate(item.payload["records"])]
    with pytest.raises(errors.InvalidDataError, match="US0, US1"):
        vendor({"records": records}, INSTANCE)


# Sending


def test_a_vendor_is_made_once_and_comes_back_as_ours(sandbox, concur):
    sent = push(concur, partner())
    assert (sent.external_id, sent.linked) == (own_code(INSTANCE, 77), False)
    (record,) = sandbox.control.vendors(own_code(INSTANCE, 77))
    assert (record["AddressCode"], record["CurrencyCode"], record["Approved"]) == ("MAIN", "GBP", "Y")
    back = concur.flow("vendors").document(concur.flow("vendors").fetch(sent.external_id).payload)
    assert (back.odoo_id, back.name, back.address) == (77, partner().name, partner().address)
    assert sent.shared == back.shared()


def test_an_unchanged_vendor_is_not_written_again(sandbox, concur):
    sent = push(concur, partner())
    assert push(concur, partner(), sent.external_id) == replace(sent, linked=False)
    assert len(writes(sandbox)) == 1


def test_a_change_keeps_what_odoo_does_not_have(sandbox, concur):
    sandbox.control.edit_vendor("V-0042", DefaultExpenseTypeName="Paper", Address3="2nd floor")
    document = partner(name="Example Supplies Ltd", address=replace(partner().address, street="2 High Street"))
    push(concur, document, "V-0042")
    (record,) = sandbox.control.vendors("V-0042")
    assert (record["Address1"], record["PaymentTerms"], record["DefaultExpenseTypeName"]) == (
        "2 High Street",
        "30",
        "Paper",
    )
    assert record["TaxID"] == "GB980780684"


def test_a_new_name_goes_to_all_addresses_of_the_vendor(sandbox, concur):
    us = doc.Address(street="9 Pier Road", city="Oakland", postal_code="94607", state="CA", country="US")
    push(concur, partner(name="Blue Harbour Logistics", address=us, vat="US-1"), "V-0044")
    records = sandbox.control.vendors("V-0044")
    assert {record["VendorName"] for record in records} == {"Blue Harbour Logistics"}
    assert {record["TaxID"] for record in records} == {"US-1"}
    assert [record["City"] for record in records] == ["Oakland", "Albany"]
    assert len(writes(sandbox)) == 1


@pytest.mark.parametrize("longest", [255, 50])
def test_what_concur_has_cut_is_no_change_of_a_person(sandbox, concur, longest):
    sandbox.settings.longest_address = longest
    address = doc.Address(street="Long Street " * 8, city="Leeds", postal_code="LS1 4AP", country="GB")
    sent = push(concur, partner())
    sent = push(concur, partner(address=address), sent.external_id)
    back = concur.flow("vendors").document(concur.flow("vendors").fetch(sent.external_id).payload)
    assert len(back.address.street) <= longest
    assert sent.shared == back.shared()


def test_an_archived_vendor_loses_its_approval_and_gets_it_back(sandbox, concur):
    sent = push(concur, partner())
    push(concur, partner(active=False), sent.external_id)
    assert sandbox.control.vendors(sent.external_id)[0]["Approved"] == "N"
    push(concur, partner(), sent.external_id)
    assert sandbox.control.vendors(sent.external_id)[0]["Approved"] == "Y"


def test_an_address_that_waits_for_approval_goes_on_waiting(sandbox, concur):
    sandbox.control.edit_vendor("V-0044", "002", Approved="N")
    us = doc.Address(street="10 Pier Road", city="Oakland", postal_code="94607", state="CA", country="US")
    push(concur, partner(name="Blue Harbor Logistics", address=us), "V-0044")
    assert [record["Approved"] for record in sandbox.control.vendors("V-0044")] == ["Y", "N"]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"vat": "DE136695976", "name": "Another spelling"}, "V-0045"),
        ({"name": "fabrikam freight gmbh", "address": doc.Address(city="Hamburg", country="DE")}, "V-0046"),
    ],
)
@pytest.mark.parametrize("before", [0, 6])
def test_what_concur_has_is_found_before_it_is_made(sandbox, concur, values, code, before):
    for number in range(before):
        push(concur, partner(number + 1, name=f"Some vendor {number}"))
    sent = push(concur, partner(900, **values))
    assert (sent.external_id, sent.linked) == (code, True)
    assert sandbox.control.effects("vendor.create").get("vendor.create", {}).keys() == {
        f"{own_code(INSTANCE, number + 1)}/MAIN" for number in range(before)
    }


def test_the_same_name_in_another_country_or_with_another_tax_id_is_another_vendor(concur):
    assert not push(concur, partner(1, name="Fabrikam Freight GmbH")).linked
    german = doc.Address(city="Hamburg", country="DE")
    assert not push(concur, partner(2, name="Müller & Söhne GmbH", address=german, vat="DE811569869")).linked


def test_several_that_it_could_be_are_for_a_person(sandbox, concur):
    sandbox.control.add_vendor("V-8", "Twin GmbH")
    sandbox.control.add_vendor("V-9", "Twin GmbH")
    with pytest.raises(errors.DuplicateError, match="V-8, V-9"):
        push(concur, partner(name="Twin GmbH", address=doc.Address(city="Hamburg", country="DE")))
    assert not writes(sandbox)


def test_our_code_on_another_vendor_is_not_overwritten(sandbox, concur):
    sandbox.control.add_vendor(own_code(INSTANCE, 77), "Somebody Else")
    with pytest.raises(errors.DuplicateError, match="Somebody Else"):
        push(concur, partner())
    assert not writes(sandbox)


@pytest.mark.parametrize("says_success", [False, True])
def test_a_refusal_under_status_200_is_an_error(sandbox, concur, says_success):
    sandbox.control.settings(says_success=says_success)
    sandbox.control.add_vendor("V-70", "Bound GmbH", "000")
    sandbox.control.edit_vendor("V-70", "000", CountryCode="DE")
    american = doc.Address(street="1 Main St", city="Springfield", country="US")
    payload = concur.flow("vendors_push").render(partner(name="Bound GmbH"))
    payload = {**payload, "CountryCode": "US", "Address1": american.street, "City": american.city}
    with pytest.raises(errors.PermanentError, match="State is required"):
        concur.flow("vendors_push").send(payload, "V-70", "key")
    with pytest.raises(errors.PermanentError, match="State is required"):
        concur.flow("vendors_push").send({**payload, "VendorName": "New Inc"}, "", "key")
    assert push(concur, partner(5, name="Fine Ltd")).external_id == own_code(INSTANCE, 5)


@pytest.mark.parametrize(
    "fault", [{"kind": "error", "status": 500, "when": "after"}, {"kind": "reset", "when": "after"}]
)
def test_a_lost_answer_is_looked_up_and_not_sent_again(sandbox, concur, fault):
    payload = concur.flow("vendors_push").render(partner())
    assert concur.flow("vendors_push").find(payload, "key") is None
    sandbox.control.add_fault(method="POST", path=VENDORS_PATH, times=1, **fault)
    with pytest.raises(errors.UnconfirmedError):
        concur.flow("vendors_push").send(payload, "", "key")
    assert concur.flow("vendors_push").find(payload, "key").external_id == own_code(INSTANCE, 77)
    assert concur.flow("vendors_push").send(payload, "", "key").linked
    assert sandbox.control.effects("vendor.create")["vendor.create"] == {f"{own_code(INSTANCE, 77)}/MAIN": 1}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"name": " "}, "a name"),
        ({"address": doc.Address()}, "a country"),
        ({"address": doc.Address(country="US")}, "the state"),
        ({"vat": "12" * 25}, "TaxID"),
    ],
)
def test_what_concur_insists_on_is_said_before_anything_is_sent(sandbox, concur, values, message):
    with pytest.raises(errors.InvalidDataError, match=message):
        push(concur, partner(**values))
    assert not writes(sandbox)


def test_an_archived_vendor_that_concur_lacks_is_not_made(sandbox, concur):
    with pytest.raises(errors.NotRelevantError, match="archived in Odoo before it was sent"):
        push(concur, partner(active=False))


# Bank accounts

IBAN = doc.BankAccount(
    number="DE89370400440532013000", holder="Tailspin Toys Ltd", bic="COBADEFFXXX", country="DE", currency="EUR"
)
BANKS_PATH = "/api/v3.1/invoice/vendor/banks"


def banks_of(sandbox):
    (record,) = sandbox.control.vendors(own_code(INSTANCE, 77))
    return {bank["AccountNumber"]: bank for bank in record["banks"]}


def test_without_a_choice_no_bank_account_is_sent(sandbox, concur):
    push(concur, partner())
    assert not sandbox.control.requests(path=BANKS_PATH)


def test_bank_accounts_are_sent_once_and_changed_when_they_change(sandbox, concur):
    sent = push(concur, partner(pay_to=(IBAN,)))
    assert banks_of(sandbox)[IBAN.number]["RoutingNumber"] == "COBADEFFXXX"
    push(concur, partner(pay_to=(IBAN,)), sent.external_id)
    assert len(sandbox.control.requests(path=BANKS_PATH)) == 1
    push(concur, partner(pay_to=(replace(IBAN, holder="Tailspin"),)), sent.external_id)
    assert banks_of(sandbox)[IBAN.number]["NameOnAccount"] == "Tailspin"


def test_accounts_that_only_concur_has_are_left_alone_and_named_by_their_end(sandbox, concur):
    sent = push(concur, partner(pay_to=(IBAN,)))
    other = replace(IBAN, number="FR1420041010050500013M02606", currency="CHF")
    sent = push(concur, partner(pay_to=(other,)), sent.external_id)
    assert "…3000" in sent.note
    assert IBAN.number not in sent.note
    assert banks_of(sandbox).keys() == {IBAN.number, other.number}
    assert "CurrencyAlphaCode" not in banks_of(sandbox)[other.number]


def test_a_bank_account_without_a_country_is_not_taken_for_an_american_one(sandbox, concur):
    other = replace(IBAN, number="FR1420041010050500013M02606")
    sent = push(concur, partner(pay_to=(replace(IBAN, country=""), other), memberships={"Marketing": True}))
    assert "country of the bank account …3000" in sent.note and IBAN.number not in sent.note
    assert banks_of(sandbox).keys() == {other.number}
    assert groups_of(sandbox, own_code(INSTANCE, 77)) == {"MAIN": ["Marketing"]}


def test_what_is_too_long_and_can_be_spared_is_left_out_and_named(sandbox, concur):
    contact = doc.Contact(email="ap@example.com", phone="+44 20 7946 0000 extension 12345", is_default=True)
    sent = push(concur, partner(contacts=(contact,)))
    assert sent.note == "ContactPhoneNumber was not sent because SAP Concur allows at most 25 characters."
    (record,) = sandbox.control.vendors(sent.external_id)
    assert record["ContactEmail"] == "ap@example.com" and not record.get("ContactPhoneNumber")


GROUPS_PATH = "/api/v3.1/invoice/vendor/groups"


def groups_of(sandbox, code):
    return {record["AddressCode"]: record["groups"] for record in sandbox.control.vendors(code)}


def test_without_a_choice_groups_are_left_alone(sandbox, concur):
    push(concur, partner())
    assert not sandbox.control.requests(path=GROUPS_PATH)


def test_a_new_vendor_gets_its_groups_and_leaves_them(sandbox, concur):
    code = own_code(INSTANCE, 77)
    push(concur, partner(memberships={"Marketing": True, "Head Office": False}))
    assert groups_of(sandbox, code) == {"MAIN": ["Marketing"]}
    push(concur, partner(memberships={"Marketing": False, "Head Office": True}), code)
    assert groups_of(sandbox, code) == {"MAIN": ["Head Office"]}


def test_groups_hold_for_all_addresses_and_are_changed_once(sandbox, concur):
    harbor = partner(name="Blue Harbor Logistics", memberships={"marketing": True})
    push(concur, harbor, "V-0044")
    push(concur, harbor, "V-0044")
    assert groups_of(sandbox, "V-0044") == {"001": ["Marketing"], "002": ["Marketing"]}
    assert len(sandbox.control.requests(path=GROUPS_PATH)) == 2


@pytest.mark.parametrize("refuses", [False, True])
def test_a_group_that_concur_lacks_stops_nothing_else_and_is_named(sandbox, concur, refuses):
    sandbox.settings.refuses_unknown_groups = refuses
    sent = push(concur, partner(memberships={"Unknown": True, "Marketing": True}, pay_to=(IBAN,)))
    assert "these groups: Unknown. Create the vendor group" in sent.note and sent.is_incomplete
    assert groups_of(sandbox, own_code(INSTANCE, 77)) == {"MAIN": ["Marketing"]}
    assert banks_of(sandbox).keys() == {IBAN.number}
    again = push(concur, partner(memberships={"Marketing": True}, pay_to=(IBAN,)), sent.external_id)
    assert (again.note, again.is_incomplete) == ("", False)


def test_a_bank_account_that_is_refused_stops_no_group(sandbox, concur, monkeypatch):
    refusal = [{"StatusList": [{"Type": "WARNING", "Message": "The account is closed"}]}]
    write = concur.client.write

    def refused(method, path, name, records, **options):
        return [{**records[0], **refusal[0]}] if name == "VendorBank" else write(method, path, name, records, **options)

    monkeypatch.setattr(concur.client, "write", refused)
    with pytest.raises(errors.PermanentError, match="account is closed.*these groups: Unknown"):
        push(concur, partner(memberships={"Unknown": True, "Marketing": True}, pay_to=(IBAN,)))
    assert groups_of(sandbox, own_code(INSTANCE, 77)) == {"MAIN": ["Marketing"]}


def test_groups_and_bank_accounts_follow_a_vendor_whose_answer_was_lost(sandbox, concur):
    payload = concur.flow("vendors_push").render(partner(memberships={"Marketing": True}, pay_to=(IBAN,)))
    sandbox.control.add_fault("reset", method="POST", path=VENDORS_PATH, when="after", times=1)
    with pytest.raises(errors.UnconfirmedError):
        concur.flow("vendors_push").send(payload, "", "key")
    assert not banks_of(sandbox)
    concur.flow("vendors_push").find(payload, "key")
    assert groups_of(sandbox, own_code(INSTANCE, 77)) == {"MAIN": ["Marketing"]}
    assert banks_of(sandbox).keys() == {IBAN.number}


def test_a_change_of_groups_is_no_change_of_the_vendor_for_odoo(sandbox, concur):
    before = pulled(concur)["V-0042"].version
    sandbox.state.vendors.get("V-0042/001").groups.append("Marketing")
    assert pulled(concur)["V-0042"].version == before


def test_another_vendor_of_the_same_id_has_another_code(sandbox, concur):
    lost = push(concur, partner(OwnId(77, "AAAAAA"), name="Crash Partner 1 Ltd."))
    new = push(concur, partner(OwnId(77, "BBBBBB"), name="Quite Another Ltd."))
    assert not new.linked and lost.external_id != new.external_id
    back = concur.flow("vendors").document(concur.flow("vendors").fetch(new.external_id).payload)
    assert (back.odoo_id, back.odoo_id.mark) == (77, "BBBBBB")


# Properties

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)


@given(st.integers(1, 10**12), st.uuids(), st.uuids())
def test_a_code_is_good_in_its_own_database_only(partner_id, database, other):
    code = own_code(f"{database}:1", partner_id)
    assert len(code) <= 32
    assert own_partner(f"{database}:9", code.lower()) == partner_id
    if own_code(f"{other}:1", 1) != own_code(f"{database}:1", 1):
        assert own_partner(f"{other}:1", code) is None


@given(
    st.lists(
        st.fixed_dictionaries(
            {"AddressCode": st.sampled_from(["001", "2", "main", "Z"]), "VendorName": TEXT, "City": st.none() | TEXT}
        ),
        min_size=1,
        max_size=4,
        unique_by=lambda record: record["AddressCode"],
    ),
    st.randoms(),
)
def test_a_vendor_is_the_same_in_whatever_order_its_addresses_come(records, random):
    records = [{"VendorCode": "V-1", **record} for record in records]
    shuffled = random.sample(records, len(records))
    item, other = vendor_item(records), vendor_item(shuffled)
    assert (item.version, item.title) == (other.version, other.title)
    assert vendor(item.payload, INSTANCE) == vendor(other.payload, INSTANCE)
    assert len([contact for contact in vendor(item.payload, INSTANCE).contacts if contact.address]) == len(records) - 1


@given(st.recursive(st.none() | st.booleans() | st.integers() | TEXT, lambda inner: st.lists(inner, max_size=3)))
def test_whatever_comes_is_a_vendor_or_a_clear_error(value):
    record = {"VendorCode": "V-1", "AddressCode": value, "VendorName": value, "TaxID": value, "Address1": value}
    try:
        assert vendor({"records": [record]}, INSTANCE).external_id == "V-1"
    except errors.ConnectorError:
        pass


NAMES = st.sampled_from(["a", "A", "b", " B ", "c", "d"])


@given(st.lists(NAMES), st.dictionaries(NAMES, st.booleans()))
def test_only_named_groups_change_and_then_nothing_is_left_to_do(known, groups):
    added, removed = group_changes({"VendorGroupList": known}, groups)
    folded = {name.strip().casefold() for name in groups}
    assert {name.strip().casefold() for name in (*added, *removed)} <= folded
    gone = {name.strip().casefold() for name in removed}
    after = [name for name in known if name.strip().casefold() not in gone] + added
    assert group_changes({"VendorGroupList": after}, groups) == ([], [])
