"""Visma's provider against its sandbox: the connection check, what records are coded to, suppliers."""

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from sandbox.visma import CUSTOMER_TENANT_ID
from sandbox.visma.oauth import SCOPES
from visma_support import obeyed_sandbox, provider_of, raised

from ml_connector.core import errors as errors
from ml_connector.core.documents import Address, Contact, Reference, Vendor

SUPPLIERS = "/v1/supplier"


@pytest.fixture
def sandbox():
    with obeyed_sandbox("demo") as running:
        yield running


def pulled(made, flow, cursor=""):
    return [item for page in made.flow(flow).pull(cursor, None) for item in page.items]


def example_vendor(**values):
    given = {
        "external_id": "",
        "odoo_id": 5,
        "name": "Ørsted Kontor AS",
        "vat": "NO911222333MVA",
        "corporate_id": "911222333",
        "payment_term": Reference(kind="payment_term", external_id="14"),
        "currency": "NOK",
        "address": Address(street="Gate 1", city="Bergen", postal_code="5003", country="NO"),
        "contacts": (Contact(name="Ørsted", email="ap@example.com", phone="123", is_default=True),),
    }
    return Vendor(**{**given, **values})


def supplier(sandbox, number):
    return next(row for row in sandbox.control.suppliers() if row["number"] == number)


def send(made, document, external_id=""):
    return made.flow("suppliers_push").send(made.flow("suppliers_push").render(document), external_id, "key")


# Connection


def findings(made):
    return {(finding.level, finding.title) for finding in made.check().findings}


def test_a_good_connection_is_told_in_full(visma):
    report = visma.check()
    assert report.identity == "Hovedkontor, Avdeling Tromsø"
    assert {finding.level for finding in report.findings} == {"ok"}
    assert set(SCOPES) == report.capabilities
    assert any("calls an hour" in finding.title for finding in report.findings)


def test_the_tenant_id_of_the_customer_is_explained(sandbox):
    report = provider_of(sandbox, tenant_id=CUSTOMER_TENANT_ID).check()
    (finding,) = [finding for finding in report.findings if finding.level == "error"]
    assert "tenant ID of the company, not of the customer" in finding.message


def test_a_scope_that_was_not_granted_is_named_with_what_rests(sandbox):
    sandbox.scopes = frozenset(scope for scope in SCOPES if not scope.endswith("delete"))
    made = provider_of(sandbox)
    report = made.check()
    warnings = [finding for finding in report.findings if finding.level == "warning"]
    assert [finding.title for finding in warnings] == ["Missing permission (scope vismanet_erp_service_api:delete)"]
    assert report.settings["scopes"] == " ".join(sorted(sandbox.scopes))


def test_a_wrong_usual_subaccount_is_found(sandbox):
    assert ("error", "The default subaccount 999-0000 does not exist") in findings(
        provider_of(sandbox, subaccount="999-0000")
    )
    assert not [level for level, _title in findings(provider_of(sandbox, subaccount="100-3000")) if level != "ok"]


def test_a_quota_that_is_nearly_used_up_is_a_warning(sandbox, visma):
    sandbox.control.settings(hourly_limit=5)
    assert "warning" in {level for level, title in findings(visma) if "calls an hour" in title}


# Coding


def test_everything_that_records_are_coded_to_becomes_a_reference(visma):
    documents = [visma.flow("coding").document(item.payload) for item in pulled(visma, "coding")]
    by_kind = {}
    for document in documents:
        by_kind.setdefault(document.kind, []).append(document)
    assert set(by_kind) == {
        *("account", "analytic", "plan", "tax", "payment_term", "fiscal_position", "partner_category"),
        *("currency", "journal"),
    }
    fields = {(document.external_id, document.name) for document in by_kind["plan"]}
    assert fields == {("segment:1", "Avdeling"), ("segment:2", "Kostnadssted"), ("project", "Project")}
    accounts = {document.code for document in by_kind["account"]}
    assert "6340" in accounts and not accounts & {"1920", "2400", "7799"}
    groups = {document.group for document in by_kind["analytic"]}
    assert groups == {"Avdeling", "Kostnadssted", "Project", "Project task", "Branch"}
    ids = {document.external_id for document in by_kind["analytic"]}
    assert {"segment:1:100", "project:P1001", "task:P1001:10", "branch:2"} <= ids
    assert "project:P0900" not in ids


def test_codes_have_the_same_version_at_every_reading_and_can_be_fetched_alone(visma, sandbox):
    first = {item.external_id: item.version for item in pulled(visma, "coding")}
    assert first == {item.external_id: item.version for item in pulled(provider_of(sandbox), "coding")}
    assert visma.flow("coding").fetch("account:6340").version == first["account:6340"]
    assert visma.flow("coding").fetch("account:0000") is None


# Suppliers from Visma


def test_suppliers_are_read_and_translated(visma):
    documents = {
        item.external_id: visma.flow("suppliers").document(item.payload) for item in pulled(visma, "suppliers")
    }
    german = next(document for document in documents.values() if document.name.startswith("Müller"))
    assert (german.vat, german.address.country, german.address.city) == ("DE811907980", "DE", "Hamburg")
    assert german.active and len(documents) == 6


def test_only_what_changed_comes_again(sandbox, visma):
    pages = list(visma.flow("suppliers").pull("", None))
    cursor = pages[-1].cursor
    before = {item.external_id: item.version for item in pulled(visma, "suppliers")}
    number = next(iter(before))
    sandbox.control.edit_supplier(number, status="Inactive")
    after = {item.external_id: item.version for item in pulled(visma, "suppliers", cursor)}
    assert after[number] != before[number]
    assert visma.flow("suppliers").document(visma.flow("suppliers").fetch(number).payload).active is False
    assert visma.flow("suppliers").fetch("none") is None


# Vendors to Visma


def test_a_new_vendor_becomes_a_supplier_with_terms_and_address(sandbox, visma):
    sent = send(visma, example_vendor())
    row = supplier(sandbox, sent.external_id)
    assert not sent.linked and row["creditTerms"]["id"] == "14" and row["vatZone"]["id"] == "01"
    assert row["mainAddress"]["country"]["id"] == "NO" and row["mainAddress"]["city"] == "Bergen"
    assert row["mainContact"]["email"] == "ap@example.com" and row["corporateId"] == "911222333"


@pytest.mark.parametrize(
    "values",
    [
        {"name": "Another name", "vat": "NO998877665MVA", "corporate_id": ""},
        {"name": "Another name", "vat": "", "corporate_id": "998877665"},
        {"name": "nordlys  kontorservice as", "vat": "", "corporate_id": ""},
    ],
)
def test_a_supplier_that_is_there_is_linked_and_left_as_it_is(sandbox, visma, values):
    before = supplier(sandbox, "50001")
    sent = send(visma, example_vendor(**values))
    assert (sent.external_id, sent.linked) == ("50001", True)
    assert supplier(sandbox, "50001") == before


@pytest.mark.parametrize(
    ("known", "vat"),
    [("NO072274687MVA", "NO072274687"), ("NO072274687MVA", "072 274 687"), ("072274687", "NO072274687MVA")],
)
def test_a_supplier_is_known_by_any_writing_of_its_vat_number(sandbox, visma, known, vat):
    number = sandbox.control.add_supplier(name="Fjord AS", vatRegistrationId=known, mainAddress={"countryId": "NO"})
    sent = send(visma, example_vendor(name="Another name", vat=vat, corporate_id=""))
    assert (sent.external_id, sent.linked) == (number, True)
    send(visma, example_vendor(name="Fjord AS", vat=vat, corporate_id=""), number)
    assert supplier(sandbox, number)["vatRegistrationId"] == known


@pytest.mark.parametrize("filler", ["N/A", "000000000"])
def test_a_filler_is_no_vat_number_of_a_supplier(sandbox, visma, filler):
    number = sandbox.control.add_supplier(name="Fjord AS", vatRegistrationId=filler, corporateId=filler)
    sent = send(visma, example_vendor(name="Another name", vat=filler, corporate_id=filler))
    assert not sent.linked and sent.external_id != number
    assert not supplier(sandbox, sent.external_id).get("vatRegistrationId")


def test_the_same_name_with_another_vat_number_is_another_supplier(sandbox, visma):
    sent = send(visma, example_vendor(name="Nordlys Kontorservice AS"))
    assert not sent.linked and sent.external_id != "50001"


def test_look_alikes_are_for_a_person_to_tell_apart(sandbox, visma):
    number = sandbox.control.add_supplier(name="Blue Harbor Ltd", mainAddress={"countryId": "GB"})
    british = Address(country="GB")
    document = example_vendor(name="Blue Harbor Ltd", vat="", corporate_id="", address=british)
    error = raised(send, visma, document)
    assert isinstance(error, errors.DuplicateError) and number in error.message


def test_a_change_sends_what_differs_and_keeps_what_visma_holds(sandbox, visma):
    number = send(visma, example_vendor()).external_id
    sandbox.control.edit_supplier(number, status="HoldPayments")
    send(visma, example_vendor(name="Ørsted Kontor og Papir AS"), number)
    row = supplier(sandbox, number)
    assert (row["name"], row["status"]) == ("Ørsted Kontor og Papir AS", "HoldPayments")
    (request,) = [entry for entry in sandbox.control.requests("PUT") if entry["status"] == 204]
    assert request["body"] == {
        "name": {"value": "Ørsted Kontor og Papir AS"},
        "mainContact": {"value": {"name": {"value": "Ørsted Kontor og Papir AS"}}},
    }


def test_an_archived_vendor_becomes_inactive_and_active_again(sandbox, visma):
    number = send(visma, example_vendor()).external_id
    send(visma, example_vendor(active=False), number)
    assert supplier(sandbox, number)["status"] == "Inactive"
    send(visma, example_vendor(), number)
    assert supplier(sandbox, number)["status"] == "Active"


def test_nothing_is_changed_where_nothing_differs(sandbox, visma):
    number = send(visma, example_vendor()).external_id
    send(visma, example_vendor(), number)
    assert not sandbox.control.requests("PUT")


def test_a_change_by_somebody_else_in_between_is_read_again(sandbox, visma, monkeypatch):
    number = send(visma, example_vendor()).external_id
    update, tries = visma.client.update, []

    def late(path, body, etag=""):
        tries.append(etag)
        if len(tries) == 1:
            sandbox.control.edit_supplier(number, name="Changed meanwhile")
        return update(path, body, etag)

    monkeypatch.setattr(visma.client, "update", late)
    send(visma, example_vendor(name="Wanted name"), number)
    assert supplier(sandbox, number)["name"] == "Wanted name" and len(set(tries)) == 2


def test_a_time_out_after_the_effect_makes_no_second_supplier(sandbox, visma):
    visma.client.rows("/v1/branch")
    sandbox.control.add_fault("reset", method="POST", path=SUPPLIERS, when="after")
    document = example_vendor()
    assert isinstance(raised(send, visma, document), errors.UnconfirmedError)
    found = visma.flow("suppliers_push").find(visma.flow("suppliers_push").render(document), "key")
    assert found and send(visma, document, found.external_id).external_id == found.external_id
    assert sum(row["name"] == document.name for row in sandbox.control.suppliers()) == 1


def test_a_refusal_with_status_500_is_a_refusal(sandbox, visma):
    visma.client.rows("/v1/branch")
    sandbox.control.add_fault("error", method="POST", path=SUPPLIERS, status=500, when="before")
    error = raised(send, visma, example_vendor())
    assert isinstance(error, errors.InvalidDataError) and "Object reference" in error.message
    sandbox.control.add_fault("error", method="POST", path=SUPPLIERS, status=500, when="after")
    assert send(visma, example_vendor()).external_id
    assert sum(row["name"] == "Ørsted Kontor AS" for row in sandbox.control.suppliers()) == 1


def test_a_vendor_without_a_name_is_not_sent(visma):
    with pytest.raises(errors.InvalidDataError):
        visma.flow("suppliers_push").render(dataclasses.replace(example_vendor(), name=" "))


# What both sides may change


def read_back(visma, number):
    return visma.flow("suppliers").document(visma.flow("suppliers").fetch(number).payload)


def test_what_was_sent_is_what_is_read_back(sandbox, visma):
    document = example_vendor()
    sent = send(visma, document)
    assert sent.shared == read_back(visma, sent.external_id).shared()
    assert visma.flow("suppliers_push").find(visma.flow("suppliers_push").render(document), "key").shared == sent.shared
    assert send(visma, document).shared == sent.shared
    moved = dataclasses.replace(document, address=dataclasses.replace(document.address, street="Ny gate 2"))
    again = send(visma, moved, sent.external_id)
    assert again.shared == {**sent.shared, "street": "Ny gate 2"} == read_back(visma, sent.external_id).shared()


def test_what_visma_has_and_odoo_cannot_show_stays(sandbox, visma):
    """The third line of an address, and who is to be talked to."""
    address = {"addressLine1": "Vei 1", "addressLine2": "Bygg B", "addressLine3": "3. etasje", "countryId": "NO"}
    contact = {"name": "Kari Nordmann", "email": "kari@fjord.example", "phone1": "+47 22 00 00 00"}
    number = sandbox.control.add_supplier(name="Fjord AS", mainAddress=address, mainContact=contact)
    known = read_back(visma, number)
    assert known.shared()["street2"] == "Bygg B, 3. etasje"
    sent = send(visma, dataclasses.replace(known, name="Fjord Eiendom AS"), number)
    row = supplier(sandbox, number)
    assert (row["name"], row["mainContact"]["name"]) == ("Fjord Eiendom AS", "Kari Nordmann")
    assert (row["mainAddress"]["addressLine2"], row["mainAddress"]["addressLine3"]) == ("Bygg B", "3. etasje")
    assert sent.shared == {**known.shared(), "name": "Fjord Eiendom AS"}
    send(visma, read_back(visma, number).with_shared({"street2": "Bygg C"}), number)
    assert read_back(visma, number).shared()["street2"] == "Bygg C"


def test_a_phone_alone_is_read(sandbox, visma):
    number = sandbox.control.add_supplier(
        name="Fjord AS", mainContact={"name": "Fjord AS", "phone1": "+47 22 00 00 00"}
    )
    assert read_back(visma, number).shared()["phone"] == "+47 22 00 00 00"


def test_times_without_a_zone_tell_only_what_is_far_apart(sandbox, visma):
    number = send(visma, example_vendor()).external_id
    now = datetime.now(UTC)
    answers = [
        visma.flow("suppliers").changed_after(number, now + timedelta(hours=hours)) for hours in (-30, -1, 1, 30)
    ]
    assert answers == [True, None, None, False]


def test_a_vendor_that_was_never_sent_ends_quietly(sandbox, visma):
    error = raised(send, visma, dataclasses.replace(example_vendor(), active=False))
    assert isinstance(error, errors.NotRelevantError)


# Numbers that are entered by hand


OWN = {"number_source": "odoo"}


def test_a_company_with_manual_numbers_says_what_to_choose(sandbox, visma):
    sandbox.control.settings(numbers_suppliers=False)
    assert "Numbers of New Records" in raised(send, visma, example_vendor()).message
    (finding,) = (item for item in visma.check().findings if "manual numbers" in item.title)
    assert finding.level == "warning" and "CS202000" in finding.message
    chosen = provider_of(sandbox, options={"suppliers_push": OWN})
    assert not [item for item in chosen.check().findings if item.level == "warning"]


@pytest.mark.parametrize("automatic", [False, True])
def test_a_supplier_gets_the_reference_of_the_contact(sandbox, automatic):
    sandbox.control.settings(numbers_suppliers=automatic)
    visma = provider_of(sandbox, options={"suppliers_push": OWN})
    assert "Reference" in raised(send, visma, example_vendor()).message
    document = dataclasses.replace(example_vendor(), reference="L-0042")
    assert send(visma, document).external_id == "L-0042"
    # the number stays, whatever becomes of the reference
    assert send(visma, dataclasses.replace(document, reference="L-1"), "L-0042").external_id == "L-0042"
    assert send(visma, dataclasses.replace(document, reference=""), "L-0042").external_id == "L-0042"
