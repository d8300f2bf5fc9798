"""What Odoo sends to Ramp, against the Ramp sandbox, which checks every request by Ramp's published contract."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ramp_support import connect as plain_connect
from ramp_support import obeyed_sandbox, push, raised

from ml_connector.core import documents as doc
from ml_connector.core import errors as errors
from ml_connector.providers.ramp import RampProvider, check
from ml_connector.providers.ramp.companies import companies_of
from ml_connector.providers.ramp.users import UsersPush

EVERYTHING = frozenset({*RampProvider.default_scopes.split(), "accounting_connection", "purchase_orders"})


@pytest.fixture
def sandbox():
    with obeyed_sandbox() as running:
        yield running


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(UsersPush, "sleep", staticmethod(lambda seconds: None))


def connect(sandbox, capabilities=EVERYTHING, stored=None, entity="", **options):
    return plain_connect(sandbox, stored, capabilities, options=options, entity=entity)


@pytest.fixture
def ramp(sandbox):
    return connect(sandbox)


def push_all(made, flow, documents):
    sender = made.flow(flow)
    return sender.send_many([(sender.render(document), "", f"key-{n}") for n, document in enumerate(documents)])


def rows(pages, **wanted):
    found = [row for page in pages for row in page]
    return [row for row in found if all(row.get(key) == value for key, value in wanted.items())]


def effects(sandbox, kind):
    return sandbox.control.effects(kind).get(kind, {})


NEWER, OLDER = {"tenant": "newer"}, {"tenant": "older"}
TENANTS = [NEWER, {**NEWER, "contact_form": "field"}, OLDER]


def later(ramp, sandbox):
    """The provider of the connection's next run, which knows what the one before found out."""
    return connect(sandbox, stored=dict(ramp.learned))


def vendor_of(ramp):
    """The vendor of all orders and bills here."""
    payload = ramp.flow("vendors_push").render(vendor())
    return doc.Party(
        external_id=(ramp.flow("vendors_push").find(payload, "key") or push(ramp, "vendors_push", vendor())).external_id
    )


def writes(sandbox):
    return [entry for entry in sandbox.control.requests() if entry["method"] != "GET" and "token" not in entry["path"]]


# Accounts


def account(number=412, **values):
    return doc.Account(
        **{"odoo_id": number, "code": f"7{number}", "name": f"Account {number}", "classification": "expense", **values}
    )


def test_an_account_lives_through_everything(sandbox, ramp):
    sent = push(ramp, "accounts_push", account())
    assert (sent.linked, sent.mapping.external_id, sent.mapping.kind) == (False, "412", "account")
    (row,) = rows(ramp.client.pages("/accounting/accounts"), id="412")
    assert (row["code"], row["name"], row["classification"]) == ("7412", "Account 412", "EXPENSE")
    push(ramp, "accounts_push", account(name="Renamed", code="7413"), sent.external_id)
    push(ramp, "accounts_push", account(name="Renamed", code="7413", active=False), sent.external_id)
    (row,) = rows(ramp.client.pages("/accounting/accounts"), id="412")
    assert (row["code"], row["name"], row["visibility"]) == ("7413", "Renamed", "HIDDEN")
    push(ramp, "accounts_push", account(name="Renamed", code="7413"), sent.external_id)
    assert rows(ramp.client.pages("/accounting/accounts"), id="412")[0]["visibility"] == "VISIBLE"
    assert effects(sandbox, "GL_ACCOUNT.upload") == {"412": 1}


def test_a_chart_goes_in_one_call_and_again_in_none(sandbox, ramp):
    chart = [account(number) for number in range(1, 601)]
    assert all(not sent.linked for sent in push_all(ramp, "accounts_push", chart))
    uploads = [entry for entry in writes(sandbox) if entry["method"] == "POST"]
    assert len(uploads) == 2
    before = len(writes(sandbox))
    assert all(sent.linked for sent in push_all(connect(sandbox), "accounts_push", chart))
    assert len(writes(sandbox)) == before


def test_a_refused_batch_costs_only_the_culprit(sandbox, ramp):
    hidden = {"id": "9", "name": "Hidden from the list", "classification": "EXPENSE"}
    ramp.client.upload("/accounting/accounts", "gl_accounts", [hidden])
    pusher = ramp.flow("accounts_push")
    listed = pusher.listed
    pusher.listed = lambda group, **filters: (
        [row for row in page if row["id"] != "9"] for page in listed(group, **filters)
    )
    answers = push_all(ramp, "accounts_push", [account(number) for number in range(1, 21)])
    refused = [answer for answer in answers if isinstance(answer, errors.ConnectorError)]
    assert [type(answer) for answer in refused] == [errors.PermanentError] and answers.index(refused[0]) == 8
    assert len(effects(sandbox, "GL_ACCOUNT.upload")) == 20


def test_an_account_that_ramp_had_is_taken_over(sandbox, ramp):
    sent = push(ramp, "accounts_push", account(external_id="gl-600000", code="600000", name="Expenses"))
    assert sent.linked and sent.mapping.external_id == "gl-600000"
    assert writes(sandbox) == []


def test_a_removed_account_is_taken_up_again(sandbox, ramp):
    sent = push(ramp, "accounts_push", account())
    sandbox.state.options.get(sent.external_id).is_active = False
    push(ramp, "accounts_push", account(name="Back"), sent.external_id)
    (row,) = rows(ramp.client.pages("/accounting/accounts"), id="412")
    assert row["is_active"] and row["name"] == "Back"


def test_a_batch_in_doubt_is_looked_up_row_by_row(sandbox, ramp):
    sandbox.control.add_fault("reset", method="POST", path="*/accounting/accounts", when="after")
    payloads = [ramp.flow("accounts_push").render(account(number)) for number in (1, 2)]
    answers = ramp.flow("accounts_push").send_many([(payload, "", "key") for payload in payloads])
    assert [type(answer) for answer in answers] == [errors.UnconfirmedError] * 2
    assert all(ramp.flow("accounts_push").find(payload, "key").external_id for payload in payloads)
    assert ramp.flow("accounts_push").find(ramp.flow("accounts_push").render(account(3)), "key") is None


# Analytic plans and accounts


def value_of(plan, number=15, dimension=3, **values):
    known = {"odoo_id": number, "dimension_odoo_id": dimension, "name": "Hamburg"}
    field = {"dimension_external_id": plan.external_id, "dimension_key": plan.version}
    return doc.DimensionValue(**{**known, **field, **values})


def test_plans_and_their_accounts(sandbox, ramp):
    plan = push(ramp, "dimensions_push", doc.Dimension(odoo_id=3, name="Sites"))
    assert plan.version == "analytic_plan_3"
    (field,) = rows(ramp.client.pages("/accounting/fields"), id="analytic_plan_3")
    assert field["is_splittable"] and field["input_type"] == "SINGLE_CHOICE"
    value = value_of(plan, code="S-1")
    sent = push(ramp, "dimension_values_push", value)
    assert (sent.mapping.external_id, sent.mapping.group) == ("analytic_plan_3:aa_15", "analytic_plan_3")
    push(ramp, "dimension_values_push", replace(value, active=False, name="Hamburg old"), sent.external_id)
    (option,) = rows(ramp.client.pages_of_record("/accounting/field-options", field_id=plan.external_id), id="aa_15")
    assert (option["value"], option["display_name"], option["visibility"]) == ("Hamburg old", "Hamburg old", "HIDDEN")
    push(ramp, "dimensions_push", doc.Dimension(odoo_id=3, name="Places"), plan.external_id)
    assert rows(ramp.client.pages("/accounting/fields"), id="analytic_plan_3")[0]["name"] == "Places"
    assert effects(sandbox, "field.create") == {"analytic_plan_3": 1}


@pytest.mark.parametrize("tenant", ["newer", "older"])
def test_options_are_asked_for_by_our_own_id(sandbox, ramp, tenant):
    """Where Ramp knows it; else by Ramp's, which is found out once."""
    sandbox.control.settings(tenant=tenant)
    plan = push(ramp, "dimensions_push", doc.Dimension(odoo_id=3, name="Sites"))
    value = value_of(plan)
    sent = push(ramp, "dimension_values_push", value)
    run = later(ramp, sandbox)
    start = len(sandbox.control.requests())
    push(run, "dimension_values_push", replace(value, name="Hamburg Port"), sent.external_id)
    asked = [row for row in sandbox.control.requests()[start:] if row["path"].endswith("/field-options")]
    assert [("field_remote_id" in row["query"], row["status"]) for row in asked] == [(tenant == "newer", 200)]
    assert (
        rows(ramp.client.pages_of_record("/accounting/field-options", field_id=plan.external_id), id="aa_15")[0][
            "value"
        ]
        == "Hamburg Port"
    )
    read = {item.external_id for page in run.flow("coding").pull("", None) for item in page.items}
    assert "analytic:analytic_plan_3:aa_15" in read


def test_a_field_that_ramp_had_is_taken_over(sandbox, ramp):
    plan = push(ramp, "dimensions_push", doc.Dimension(odoo_id=3, name="Departments", external_id="department"))
    known = {"name": "Finance", "code": "D-10", "external_id": "department:dep-D-10"}
    value = value_of(plan, dimension_key="department", **known)
    assert push(ramp, "dimension_values_push", value).linked
    assert effects(sandbox, "field.create") == {} and effects(sandbox, "CUSTOM.upload") == {}


# Taxes and companies


def tax(ramp, **values):
    chart = push(ramp, "accounts_push", account(77, classification="liability"))
    return doc.Tax(
        **{"odoo_id": 8, "name": "9 % Low", "rate": Decimal("0.09"), "account_external_id": chart.external_id, **values}
    )


def test_taxes_come_in_strict_order_and_only_once(sandbox, ramp):
    wanted = tax(ramp)
    sent = push(ramp, "taxes_push", wanted)
    (rate,) = rows(ramp.client.pages("/accounting/tax/rates"), id="tax_8")
    (option,) = rows(ramp.client.pages_of_record("/accounting/tax/code/options"), id="tax_8")
    assert Decimal(rate["rate"]) == Decimal("0.09") and option["tax_rate_ids"] == ["tax_8"]
    before = len(writes(sandbox))
    assert push(ramp, "taxes_push", wanted, sent.external_id).external_id == sent.external_id
    assert len(writes(sandbox)) == before
    push(ramp, "taxes_push", replace(wanted, name="9 % Lower"), sent.external_id)
    assert rows(ramp.client.pages_of_record("/accounting/tax/code/options"), id="tax_8")[0]["name"] == "9 % Lower"
    assert push(ramp, "taxes_push", replace(wanted, external_id="vat-15", name="15%")).linked


def test_a_tax_of_nothing_replaces_the_rate_of_before(sandbox, ramp):
    """As a reverse charge, which went with its rate before."""
    sent = push(ramp, "taxes_push", tax(ramp, rate=Decimal("0.15")))
    push(ramp, "taxes_push", tax(ramp, rate=Decimal("0.00")), sent.external_id)
    assert Decimal(rows(ramp.client.pages("/accounting/tax/rates"), id="tax_8")[0]["rate"]) == 0
    push(ramp, "taxes_push", tax(ramp, odoo_id=9, rate=Decimal("-0.15")))
    assert Decimal(rows(ramp.client.pages("/accounting/tax/rates"), id="tax_9")[0]["rate"]) == Decimal("-0.15")


def test_an_archived_tax_is_taken_away(sandbox, ramp):
    """One of Ramp's own is not; what is coded with it keeps it, and Ramp does not take it up again."""
    wanted = tax(ramp)
    sent = push(ramp, "taxes_push", wanted)
    for _time in range(2):
        assert push(ramp, "taxes_push", replace(wanted, active=False), sent.external_id).note == ""
    assert effects(sandbox, "TAX_CODE.delete") == {"tax_8": 1}
    again = push(ramp, "taxes_push", wanted, sent.external_id)
    assert "cannot reactivate an archived tax" in again.note
    foreign = replace(wanted, external_id="vat-15", name="15%", active=False)
    assert "created in Ramp" in push(ramp, "taxes_push", foreign).note
    assert rows(ramp.client.pages_of_record("/accounting/tax/code/options"), id="vat-15")[0]["is_active"]


def limited(sandbox, *companies):
    """A connection that keeps the books of one entity, whose companies Ramp has."""
    main = sandbox.state.entities[0]
    stored = {"entity": main["entity_name"], "entity_id": main["id"], "companies": list(companies)}
    return connect(sandbox, stored=stored, entity=main["entity_name"], companies_push={"active": True})


def everything_coded(ramp):
    """Ramp's rows of an account, an option, an accounting vendor and a tax from Odoo."""
    push_all(ramp, "accounts_push", [account(1)])
    plan = push(ramp, "dimensions_push", doc.Dimension(odoo_id=4, name="Projects"))
    push_all(ramp, "dimension_values_push", [value_of(plan, 5, 4, name="House")])
    push_all(ramp, "accounting_vendors_push", [vendor()])
    push(ramp, "taxes_push", tax(ramp))
    return [
        *rows(ramp.client.pages("/accounting/accounts"), id="1"),
        *rows(ramp.client.pages_of_record("/accounting/field-options", field_id=plan.external_id), id="aa_5"),
        *rows(ramp.client.pages("/accounting/vendors"), id="odoo:db:7:partner:33"),
        *rows(ramp.client.pages_of_record("/accounting/tax/code/options"), id="tax_8"),
    ]


def test_what_is_sent_is_limited_to_the_companies_of_the_entity(sandbox):
    for company in (1, 2, 3):
        first = limited(sandbox)
        push(first, "companies_push", doc.Company(odoo_id=company, name=f"Company {company}", currency="USD"))
        assert companies_of(first) == [str(company)]
    everywhere = connect(sandbox, companies_push={"active": True}, stored={"companies": ["1"]})
    assert [row["entity_remote_ids"] for row in everything_coded(everywhere)] == [None] * 4
    assert [row["entity_remote_ids"] for row in everything_coded(limited(sandbox, "1", "2"))] == [["1", "2"]] * 4
    assert [row["entity_remote_ids"] for row in everything_coded(limited(sandbox, "3"))] == [["1", "2", "3"]] * 4
    offered = [
        item.payload["row"]["name"]
        for page in limited(sandbox, "4").flow("coding").pull("", None)
        for item in page.items
        if item.payload["kind"] in ("account", "tax")
    ]
    assert "Account 1" not in offered and "9 %" not in offered and offered


def test_a_company_that_ramp_does_not_have_holds_nothing_up(sandbox):
    lost = limited(sandbox, "77")
    assert [row["entity_remote_ids"] for row in everything_coded(lost)] == [None] * 4
    (sent,) = push_all(lost, "accounts_push", [account(2)])
    assert "did not limit it to this company" in sent.note


def test_a_new_vendor_belongs_to_the_entity_of_the_connection(sandbox, ramp):
    made = limited(sandbox)
    sent = push(made, "vendors_push", vendor())
    assert made.client.one(f"/vendors/{sent.external_id}")["default_entity_id"] == sandbox.state.entities[0]["id"]
    other = push(ramp, "vendors_push", vendor(34))
    assert ramp.client.one(f"/vendors/{other.external_id}")["default_entity_id"] is None


def test_a_tax_without_account_says_which_field():
    refusal = raised(connect(None).flow("taxes_push").render, doc.Tax(odoo_id=8, name="9 %", rate=Decimal("0.09")))
    assert "9 %" in refusal.message and "account" in refusal.message


def test_companies_switch_the_choice_of_entities_on(sandbox, ramp):
    company = doc.Company(odoo_id=1, name="Northwind", currency="USD", country="US")
    assert push(ramp, "companies_push", company).external_id == "1"
    assert check.connections(ramp.client)[-1]["settings"]["entity_selection_enabled"]
    assert push(ramp, "companies_push", company).linked


# Vendors


def vendor(number=33, **values):
    address = doc.Address(street="1 Main St", city="Leeds", postal_code="LS1", country="GB")
    contact = doc.Contact(name="Grace Example", email="ap@example.com", is_default=True)
    known = {"external_id": "", "odoo_id": number, "name": f"Vendor {number}", "address": address}
    return doc.Vendor(**{**known, "contacts": (contact,), **values})


def test_a_vendor_is_linked_with_that_of_the_books(sandbox, ramp):
    push_all(ramp, "accounting_vendors_push", [vendor()])
    sent = push(ramp, "vendors_push", vendor(in_books=True))
    row = ramp.client.one(f"/vendors/{sent.external_id}")
    assert row["accounting_vendor_remote_id"] == row["external_vendor_id"] == "odoo:db:7:partner:33"


def test_a_refused_link_does_not_lose_the_vendor(sandbox, ramp):
    sent = push(ramp, "vendors_push", vendor(in_books=True))
    assert sent.external_id and "did not link" in sent.note
    assert len(effects(sandbox, "vendor.create")) == 1


@pytest.mark.parametrize("earlier", [0, 6])
def test_a_vendor_that_ramp_had_is_taken_over(sandbox, ramp, earlier):
    """By our number or its very name, never by a name that two have; looked up one by one or in the whole list."""
    first = push(ramp, "vendors_push", vendor())
    for number in range(earlier):
        push(ramp, "vendors_push", vendor(100 + number))
    made = len(effects(sandbox, "vendor.create"))
    again = push(ramp, "vendors_push", vendor())
    assert again.linked and again.external_id == first.external_id
    with pytest.raises(errors.DuplicateError, match="but another name"):
        push(ramp, "vendors_push", vendor(name="Another"))
    named = sandbox.control.add_vendor("Contoso Tools", country="GB")
    for _number in range(2):
        sandbox.control.add_vendor("Twin", country="GB")
    fresh = connect(sandbox)
    fresh.flow("vendors_push")._looked_up = earlier
    assert push(fresh, "vendors_push", vendor(34, name="CONTOSO Tools")).external_id == named
    assert len(effects(sandbox, "vendor.create")) == made
    assert not push(fresh, "vendors_push", vendor(35, name="Twin")).linked


def test_what_ramp_has_of_a_sent_vendor(sandbox, ramp):
    """The answer says what Ramp took; e-mail and telephone are not in it."""
    sent = push(ramp, "vendors_push", vendor())
    values = vendor().shared()
    assert sent.shared == {name: values[name] for name in values if name not in ("email", "phone")}
    incomplete = vendor(address=doc.Address(street="2 Main St", country="GB"))
    again = push(ramp, "vendors_push", incomplete, sent.external_id)
    assert again.shared["street"] == "1 Main St"
    read = ramp.flow("vendors").document(ramp.flow("vendors").fetch(sent.external_id).payload)
    assert read.shared().items() >= again.shared.items()


def patches(sandbox):
    return [row["body"] for row in sandbox.control.requests("PATCH") if "/vendors/" in row["path"]]


@pytest.mark.parametrize("tenant", TENANTS)
def test_a_vendor_is_renamed_where_ramp_can(sandbox, ramp, tenant):
    sandbox.control.settings(**tenant)
    sent = push(ramp, "vendors_push", vendor())
    again = push(ramp, "vendors_push", vendor(name="Renamed", address=doc.Address(country="IE")), sent.external_id)
    row = ramp.client.one(f"/vendors/{sent.external_id}")
    is_newer = tenant != OLDER
    assert (row["name"], row["country"]) == ("Renamed" if is_newer else "Vendor 33", "IE")
    assert again.shared["name"] == row["name"]
    assert ("Ramp keeps the name Vendor 33" in again.note) is not is_newer
    assert ("name" in again.not_accepted) is not is_newer


def test_an_older_interface_is_found_out_once(sandbox, ramp):
    """It is remembered for a week, and until the next test of the connection."""
    sandbox.control.settings(**OLDER)
    sent = push(ramp, "vendors_push", vendor())
    push(ramp, "vendors_push", vendor(name="Renamed"), sent.external_id)
    assert [("name" in body) for body in patches(sandbox)] == [True, False]
    run = later(ramp, sandbox)
    again = push(run, "vendors_push", vendor(name="Renamed"), sent.external_id)
    assert "Ramp keeps the name Vendor 33" in again.note and "name" in run.flow("vendors_push").not_accepted()
    assert [("name" in body) for body in patches(sandbox)] == [True, False, False] and not run.learned
    sandbox.control.settings(**NEWER)
    week_ago = (datetime.now(UTC) - timedelta(days=8)).isoformat()
    fresh = connect(sandbox, stored={"lacks": dict.fromkeys(ramp.learned["lacks"], week_ago)})
    assert fresh.flow("vendors_push").render(vendor()) != run.flow("vendors_push").render(vendor())
    push(fresh, "vendors_push", vendor(name="Renamed"), sent.external_id)
    assert fresh.client.one(f"/vendors/{sent.external_id}")["name"] == "Renamed"
    assert fresh.check().settings["lacks"] == {}


def test_a_refusal_for_another_reason_is_none_of_age(sandbox, ramp):
    """What the older interface would refuse as well says nothing about its age."""
    sent = push(ramp, "vendors_push", vendor())
    sandbox.control.add_fault("error", method="PATCH", path="*/vendors/*", status=400)
    assert raised(push, ramp, "vendors_push", vendor(name="Renamed"), sent.external_id).status == 400
    gone = "00000000-0000-4000-8000-000000000001"
    assert type(raised(push, ramp, "vendors_push", vendor(name="Renamed"), gone)) is errors.NotFoundError
    assert not ramp.learned


def contacts_of(ramp, vendor_id):
    return {row["email"]: row for page in ramp.client.pages_of_record(f"/vendors/{vendor_id}/contacts") for row in page}


@pytest.mark.parametrize("tenant", TENANTS)
def test_contacts_are_added_to_a_vendor(sandbox, ramp, tenant):
    """With the vendor and later; what is known already and untouched is left to the people at Ramp."""
    sandbox.control.settings(**tenant)
    main = vendor().contacts[0]
    cher = doc.Contact(name="Cher", email="cher@example.com", phone="+44 1")
    sent = push(ramp, "vendors_push", vendor(contacts=(main, cher)))
    ada = doc.Contact(name="Ada Example", email="ada@example.com")
    gone = doc.Contact(name="Removed at Ramp", email="gone@example.com", is_known=True)
    again = push(ramp, "vendors_push", vendor(contacts=(main, cher, ada, gone)), sent.external_id)
    is_newer = tenant != OLDER
    added = {"cher@example.com", "ada@example.com"} if is_newer else set()
    assert set(contacts_of(ramp, sent.external_id)) == {"ap@example.com", *added}
    for note, email in ((sent.note, "cher@example.com"), (again.note, "ada@example.com")):
        assert (f"Add the contact {email} in Ramp" in note) is not is_newer
    assert ({"email", "phone"} <= again.not_accepted) is not is_newer
    calls = len(sandbox.control.requests())
    third = push(later(ramp, sandbox), "vendors_push", vendor(contacts=(main, ada)), sent.external_id)
    # one call to change the vendor, one for its contacts, and one for a token: nothing is tried in vain
    assert len(sandbox.control.requests()) - calls == 3
    assert ("Add the contact" in third.note) is not is_newer


@pytest.mark.parametrize("is_pending", [False, True])
def test_contacts_that_are_changed_or_wait(sandbox, ramp, is_pending):
    sent = push(ramp, "vendors_push", vendor())
    sandbox.control.settings(contact_approval=is_pending)
    main = doc.Contact(name="Vendor 33", email="AP@example.com", phone="+44 2", is_default=True)
    other = doc.Contact(name="Cher", email="cher@example.com")
    again = push(ramp, "vendors_push", vendor(contacts=(main, other)), sent.external_id)
    rows = contacts_of(ramp, sent.external_id)
    assert ("The contact cher@example.com is waiting for approval in Ramp." in again.note) is is_pending
    assert ("The change of the contact AP@example.com is waiting for approval" in again.note) is is_pending
    assert rows["ap@example.com"]["phone"] == (None if is_pending else "+44 2")
    assert rows["ap@example.com"]["last_name"] == "Example", "the mailbox is not called as the vendor"
    assert ("cher@example.com" in rows) is not is_pending


def test_what_ramp_took_of_contacts_is_agreed_on(sandbox, ramp):
    """Of those that were sent; of others nobody has looked whether people at Ramp changed them."""
    main = doc.Contact(name="Vendor 33", email="ap@example.com", phone="+44 2", is_default=True)
    cher = doc.Contact(name="Cher", email="cher@example.com", phone="+44 1")
    ada = doc.Contact(name="Ada", email="ada@example.com")
    sent = push(ramp, "vendors_push", vendor(contacts=(main, cher)))
    assert sent.shared["phone:cher@example.com"] == "+44 1" and "email" not in sent.shared
    known = replace(cher, is_known=True)
    again = push(ramp, "vendors_push", vendor(contacts=(main, known, ada)), sent.external_id)
    assert (again.shared["email"], again.shared["phone"]) == ("ap@example.com", "+44 2")
    assert again.shared["name:ada@example.com"] == "Ada" and "phone:cher@example.com" not in again.shared
    sandbox.control.settings(contact_approval=True)
    changed = replace(cher, phone="+44 9")
    waiting = push(ramp, "vendors_push", vendor(contacts=(main, changed)), sent.external_id)
    assert "phone:cher@example.com" not in waiting.shared


def test_another_main_contact_is_added_beside_the_old_one(sandbox, ramp):
    sent = push(ramp, "vendors_push", vendor())
    main = doc.Contact(name="Vendor 33", email="new@example.com", is_default=True)
    again = push(ramp, "vendors_push", vendor(contacts=(main,)), sent.external_id)
    assert set(contacts_of(ramp, sent.external_id)) == {"ap@example.com", "new@example.com"}
    assert "Ramp continues to write to ap@example.com until" in again.note
    sandbox.state.vendors.get(sent.external_id).contacts.clear()
    third = push(ramp, "vendors_push", vendor(contacts=(main,)), sent.external_id)
    assert set(contacts_of(ramp, sent.external_id)) == {"new@example.com"} and third.note == ""


def test_a_refused_contact_does_not_lose_the_vendor(sandbox, ramp):
    sent = push(ramp, "vendors_push", vendor())
    sandbox.control.add_fault("error", method="POST", path="*/contacts", status=400)
    other = doc.Contact(name="Cher", email="cher@example.com")
    again = push(ramp, "vendors_push", vendor(name="New", contacts=(*vendor().contacts, other)), sent.external_id)
    assert ramp.client.one(f"/vendors/{sent.external_id}")["name"] == "New"
    assert "Ramp refused the contact cher@example.com" in again.note


def test_which_vendors_changed_since(sandbox, ramp):
    sent = push(ramp, "vendors_push", vendor())
    moment = datetime.now(UTC)
    assert not ramp.flow("vendors").changed_after(sent.external_id, moment)
    sandbox.control.edit_vendor(sent.external_id, name="Renamed")
    assert ramp.flow("vendors").changed_after(sent.external_id, moment)


def test_a_vendor_of_the_books_is_renamed(ramp):
    (first,) = push_all(ramp, "accounting_vendors_push", [vendor()])
    push(ramp, "accounting_vendors_push", vendor(name="Other name"), first.external_id)
    assert rows(ramp.client.pages("/accounting/vendors"), id="odoo:db:7:partner:33")[0]["name"] == "Other name"


# Purchase orders


def order_line(number=451, **values):
    known = {"description": "Seats", "quantity": Decimal(5), "unit_price": Decimal("30.00"), "unit": "Units"}
    return doc.PurchaseOrderLine(**{"odoo_id": number, **known, **values})


def order(ramp, *lines, **values):
    party = values.pop("vendor", None) or vendor_of(ramp)
    days = {"order_date": date(2026, 9, 1), "promise_date": date(2026, 9, 20), "payment_days": 30}
    known = {"odoo_id": 120, "number": "P00120", "vendor": party, "currency": "USD", "lines": lines or (order_line(),)}
    return doc.PurchaseOrder(**{**known, **days, **values})


def orders_of(sandbox):
    return [row for row in sandbox.control.objects("purchase_orders") if row["creation_source"] == "DEVELOPER_API"]


def ids_of_lines(made, *own_ids):
    """Bills name the lines of an order by Ramp's ids."""
    ids = [line["id"] for line in made["line_items"]]
    return {("purchase_order_line", id): own_id for id, own_id in zip(ids, own_ids, strict=True)}


def test_an_order_is_made_changed_and_archived(sandbox, ramp):
    push(ramp, "accounts_push", account())
    coded = order_line(account=doc.Reference(kind="account", external_id="412"))
    wanted = order(ramp, coded, order_line(452, description="Desk"))
    sent = push(ramp, "purchase_orders_push", wanted)
    (made,) = orders_of(sandbox)
    assert (made["purchase_order_number"], made["external_id"]) == ("P00120-1", "odoo:db:7:purchase_order:120")
    assert made["amount"]["amount"] == 30000 and made["net_payment_terms"] == 30
    (selection,) = made["line_items"][0]["accounting_field_selections"]
    assert (selection["external_id"], selection["category_info"]["external_id"]) == ("412", "Category")
    assert sent.parts == ids_of_lines(made, 451, 452)
    before = len(writes(sandbox))
    push(ramp, "purchase_orders_push", wanted, sent.external_id)
    assert len(writes(sandbox)) == before
    changed = replace(wanted, lines=(replace(coded, quantity=Decimal(7)), order_line(453, description="Lamp")))
    sent = push(ramp, "purchase_orders_push", changed, sent.external_id)
    (made,) = orders_of(sandbox)
    assert sent.parts == ids_of_lines(made, 451, 453)
    assert [(line["description"], line["quantity"]) for line in made["line_items"]] == [("Seats", 7), ("Lamp", 5)]
    push(ramp, "purchase_orders_push", replace(changed, state="cancelled", lines=()), sent.external_id)
    assert effects(sandbox, "purchase_order.archive") == {sent.external_id: 1}


def test_an_order_that_is_closed_is_archived(sandbox, ramp):
    wanted = order(ramp)
    sent = push(ramp, "purchase_orders_push", wanted)
    push(ramp, "purchase_orders_push", replace(wanted, state="closed", lines=()), sent.external_id)
    assert effects(sandbox, "purchase_order.archive") == {sent.external_id: 1}


def test_an_order_that_comes_back_is_made_anew(sandbox, ramp):
    wanted = order(ramp)
    first = push(ramp, "purchase_orders_push", wanted)
    ramp.client.request("POST", f"/purchase-orders/{first.external_id}/archive", body={})
    second = push(ramp, "purchase_orders_push", wanted, first.external_id)
    assert second.external_id != first.external_id
    assert ramp.client.one(f"/purchase-orders/{second.external_id}")["external_id"].endswith(":120:2")


def test_a_number_that_is_taken_is_left_to_ramp(sandbox, ramp):
    wanted = order(ramp)
    push(ramp, "purchase_orders_push", wanted)
    other = push(ramp, "purchase_orders_push", replace(wanted, odoo_id=121))
    assert ramp.client.one(f"/purchase-orders/{other.external_id}")["memo"] == "Odoo P00120"


@pytest.mark.parametrize("active", [True, False])
def test_an_order_in_doubt_is_found_whichever_way_it_is_matched(sandbox, active):
    ramp = connect(sandbox, receipts_push={"active": active})
    wanted = order(ramp)
    sandbox.control.add_fault("reset", method="POST", path="*/purchase-orders", when="after")
    payload = ramp.flow("purchase_orders_push").render(wanted)
    assert isinstance(raised(ramp.flow("purchase_orders_push").send, payload, "", "key"), errors.UnconfirmedError)
    assert ramp.flow("purchase_orders_push").find(payload, "key").external_id == orders_of(sandbox)[0]["id"]
    push(ramp, "purchase_orders_push", wanted)
    assert len(orders_of(sandbox)) == 1


def test_lines_that_people_added_in_ramp_stay(ramp):
    wanted = order(ramp)
    sent = push(ramp, "purchase_orders_push", wanted)
    lines = [{"unit_price": "1.00", "unit_quantity": 1, "description": "Freight"}]
    ramp.client.create(f"/purchase-orders/{sent.external_id}/line-items", {"line_items": lines})
    push(ramp, "purchase_orders_push", replace(wanted, memo="changed"), sent.external_id)
    assert len(ramp.client.one(f"/purchase-orders/{sent.external_id}")["line_items"]) == 2


@given(
    quantity=st.decimals(min_value="0.001", max_value="9999", places=3),
    cents=st.integers(min_value=-(10**7), max_value=10**7),
    digits=st.sampled_from([0, 2, 3]),
)
def test_an_order_line_is_worth_the_same_in_ramp(quantity, cents, digits):
    """However it is rounded: what Ramp multiplies is the line's total."""
    amount = Decimal(cents).scaleb(-digits)
    price = round(amount / quantity, digits)
    line = order_line(quantity=quantity, unit_price=price, amount=None if price * quantity == amount else amount)
    made = connect(None).flow("purchase_orders_push").render(order(None, line, vendor=doc.Party(external_id="v")))
    (wire,) = made["lines"]
    assert isinstance(wire["unit_quantity"], int) and wire["unit_quantity"] >= 1
    assert wire["unit_quantity"] * Decimal(wire["unit_price"]) == amount


# Draft bills in place of orders


WITHOUT_PLUS = EVERYTHING - {"purchase_orders"}


def test_without_plus_an_order_becomes_a_draft_with_its_pdf(sandbox):
    ramp = connect(sandbox, WITHOUT_PLUS)
    wanted = order(ramp, order_line(quantity=Decimal("2.5"), amount=Decimal("75.00")), order_line(452))
    sent = push(ramp, "purchase_orders_push", wanted)
    assert sent.takes_files and orders_of(sandbox) == []
    draft = ramp.client.one(f"/bills/drafts/{sent.external_id.removeprefix('draft:')}")
    assert draft["memo"] == "Purchase order P00120 of Odoo, not an invoice" and draft["amount"]["amount"] == 22500
    pdf = doc.OutgoingFile(
        parent_external_id=sent.external_id, name="P00120.pdf", mimetype="application/pdf", content=b"%PDF-1.4"
    )
    push(ramp, "order_files_push", pdf)
    assert effects(sandbox, "attachment.FILE") == {draft["id"]: 1}
    assert ramp.flow("order_files_push").find(ramp.flow("order_files_push").render(pdf), "key").linked
    again = push(ramp, "purchase_orders_push", replace(wanted, lines=(order_line(),)), sent.external_id)
    assert again.external_id == sent.external_id
    assert ramp.client.one(f"/bills/drafts/{draft['id']}")["amount"]["amount"] == 15000
    refusal = raised(push, ramp, "purchase_orders_push", replace(wanted, state="cancelled", lines=()), sent.external_id)
    assert "Delete it in Ramp" in refusal.message
    sandbox.control.approve_draft(draft["id"])
    ended = push(ramp, "purchase_orders_push", replace(wanted, state="closed", lines=()), sent.external_id)
    assert ended.note == "The draft bill of the order is no longer in Ramp."


def test_the_check_finds_out_whether_there_is_plus(sandbox):
    assert "purchase_orders" in connect(sandbox).check().capabilities
    sandbox.control.add_fault("error", path="*/purchase-orders", status=403, times=None)
    assert "purchase_orders" not in connect(sandbox).check().capabilities


@pytest.mark.parametrize(
    ("flow", "missing", "mode", "word"),
    [
        ("accounts_push", "accounting_connection", "auto", "accounting system"),
        ("purchase_orders_push", "purchase_orders", "auto", ""),
        ("purchase_orders_push", "purchase_orders", "order", "Ramp Plus"),
        ("purchase_orders_push", "bills:write", "draft_bill", "bills:write"),
        ("receipts_push", "purchase_orders", "auto", "Ramp Plus"),
        ("users_push", "users:write", "auto", "users:write"),
    ],
)
def test_a_flow_rests_without_what_it_needs(flow, missing, mode, word):
    reason = RampProvider.blocked(flow, EVERYTHING - {missing}, {"purchase_order_mode": mode})
    assert (word in reason) if word else not reason
    assert RampProvider.blocked(flow, EVERYTHING, {"purchase_order_mode": mode}) == ""


# Receipts


def receipt(sent, *quantities, **values):
    lines = tuple(
        doc.ReceivedLine(
            purchase_order_line_odoo_id=451 + number,
            purchase_order_external_id=sent.external_id,
            quantity=Decimal(quantity),
            ordered=Decimal(5),
            name="Seats",
        )
        for number, quantity in enumerate(quantities)
    )
    known = {"odoo_id": 31, "number": "WH/IN/00031", "purchase_order_odoo_id": 120, "received_on": date(2026, 9, 19)}
    return doc.GoodsReceipt(**{**known, "lines": lines, **values})


def receipts_of(sandbox, sent):
    rows = sandbox.control.objects("item_receipts")
    return [row for row in rows if row["purchase_order_id"] == sent.external_id and not row["archived_at"]]


def test_a_receipt_its_correction_and_its_return(sandbox, ramp):
    bought = push(ramp, "purchase_orders_push", order(ramp, order_line(), order_line(452)))
    sent = push(ramp, "receipts_push", receipt(bought, "5", "3"))
    (made,) = receipts_of(sandbox, bought)
    assert [line["quantity"] for line in made["line_items"]] == [5, 3]
    assert push(ramp, "receipts_push", receipt(bought, "5", "3"), sent.external_id).external_id == sent.external_id
    corrected = push(ramp, "receipts_push", receipt(bought, "4", "0"), sent.external_id)
    (made,) = receipts_of(sandbox, bought)
    assert [line["quantity"] for line in made["line_items"]] == [4] and corrected.external_id == made["id"]
    returned = push(ramp, "receipts_push", receipt(bought, "0", "0"), corrected.external_id)
    assert receipts_of(sandbox, bought) == [] and "returned" in returned.note


def test_backorders_are_receipts_of_their_own(sandbox, ramp):
    bought = push(ramp, "purchase_orders_push", order(ramp))
    push(ramp, "receipts_push", receipt(bought, "2"))
    push(ramp, "receipts_push", receipt(bought, "3", number="WH/IN/00032"))
    assert len(receipts_of(sandbox, bought)) == 2
    (made,) = orders_of(sandbox)
    assert made["receipt_status"] == "FULLY_RECEIVED"


def test_a_receipt_that_was_entered_in_ramp_is_heard_of(sandbox, ramp):
    bought = push(ramp, "purchase_orders_push", order(ramp))
    ours = push(ramp, "receipts_push", receipt(bought, "2"))
    assert ramp.flow("receipts_push").manual_change(ours.external_id) is None
    (line,) = ramp.client.one(f"/purchase-orders/{bought.external_id}")["line_items"]
    theirs = ramp.client.create(
        "/item-receipts",
        {
            "purchase_order_id": bought.external_id,
            "item_receipt_number": "R-77",
            "received_at": "2026-09-20",
            "item_receipt_line_items": [{"purchase_order_line_item_id": line["id"], "unit_quantity": 1}],
        },
    )
    kind, order_id, sentence = ramp.flow("receipts_push").manual_change(theirs["id"])
    assert (kind, order_id) == ("purchase_order", bought.external_id)
    assert "R-77 was entered in Ramp on Sep 20, 2026" in sentence


def test_a_receipt_in_doubt_is_not_made_twice(sandbox, ramp):
    bought = push(ramp, "purchase_orders_push", order(ramp))
    payload = ramp.flow("receipts_push").render(receipt(bought, "5"))
    sandbox.control.add_fault("reset", method="POST", path="*/item-receipts", when="after")
    assert isinstance(raised(ramp.flow("receipts_push").send, payload, "", "key"), errors.UnconfirmedError)
    assert ramp.flow("receipts_push").find(payload, "key")
    ramp.flow("receipts_push").send(payload, "", "key")
    assert len(receipts_of(sandbox, bought)) == 1


def test_fractions_are_said(sandbox, ramp):
    refusal = raised(ramp.flow("receipts_push").render, receipt(doc.Party(external_id="po"), "2.5"))
    assert "2.5" in refusal.message and "whole" in refusal.message
    piece = order_line(amount=Decimal("100.01"))
    bought = push(ramp, "purchase_orders_push", order(ramp, piece))
    refusal = raised(push, ramp, "receipts_push", receipt(bought, "2"))
    assert "one piece" in refusal.message
    push(ramp, "receipts_push", receipt(bought, "5"))
    assert orders_of(sandbox)[0]["receipt_status"] == "FULLY_RECEIVED"


# Bills


def bill(ramp, **values):
    lines = (
        doc.BillLine(amount=Decimal("100.00"), description="Service"),
        doc.BillLine(amount=Decimal("-10.00"), description="Discount"),
    )
    known = {"external_id": "", "odoo_id": 5021, "number": "EX-2001", "memo": "BILL/2026/09/0001", "lines": lines}
    known |= {"vendor": vendor_of(ramp), "document_date": date(2026, 9, 1), "due_date": date(2026, 10, 1)}
    return doc.Bill(**{**known, "currency": "EUR", "total": Decimal("90.00"), **values})


def test_a_bill_is_a_draft_by_default(sandbox, ramp):
    wanted = bill(ramp)
    sent = push(ramp, "bills_push", wanted)
    draft = ramp.client.one(f"/bills/drafts/{sent.external_id.removeprefix('draft:')}")
    assert (draft["remote_id"], draft["amount"]) == (
        "odoo:db:7:move:5021",
        {"amount": 9000, "currency_code": "EUR", "minor_unit_conversion_rate": 100},
    )
    assert effects(sandbox, "bill.create") == {}
    assert push(ramp, "bills_push", wanted).linked
    push(ramp, "bills_push", replace(wanted, number="EX-2002"), sent.external_id)
    assert ramp.client.one(f"/bills/drafts/{draft['id']}")["invoice_number"] == "EX-2002"
    assert len(effects(sandbox, "draft.create")) == 1


def test_a_draft_that_somebody_made_in_between_is_linked(sandbox, ramp):
    wanted = bill(ramp)
    first = push(ramp, "bills_push", wanted)
    drafts = ramp.flow("bills_push")._drafts.__class__
    seen = []
    find = drafts._found

    def late(self, body):
        seen.append(body)
        return (None, None) if len(seen) == 1 else find(self, body)

    drafts._found = late
    try:
        again = push(ramp, "bills_push", wanted)
    finally:
        drafts._found = find
    assert again.linked and again.external_id == first.external_id


def test_a_draft_that_was_approved_is_left_alone(sandbox, ramp):
    wanted = bill(ramp)
    sent = push(ramp, "bills_push", wanted)
    sandbox.control.approve_draft(sent.external_id.removeprefix("draft:"))
    after = push(ramp, "bills_push", replace(wanted, number="EX-9"), sent.external_id)
    assert after.external_id.startswith("bill:") and "approved" in after.note
    (made,) = [row for row in sandbox.control.bills() if row.get("remote_id") == "odoo:db:7:move:5021"]
    assert made["invoice_number"] == "EX-2001"
    assert ramp.handles.record_id("move", made["remote_id"]) == 5021


UNKNOWN = (0, 400, 404, 410)


@pytest.mark.parametrize("status", UNKNOWN)
def test_what_became_something_else_is_found_whatever_the_status(sandbox, ramp, status):
    sandbox.control.settings(unknown_status=status)
    wanted = bill(ramp)
    sent = push(ramp, "bills_push", wanted)
    sandbox.control.approve_draft(sent.external_id.removeprefix("draft:"))
    after = push(ramp, "bills_push", replace(wanted, number="EX-9"), sent.external_id)
    assert after.linked and after.external_id.startswith("bill:") and "approved" in after.note
    bought = push(ramp, "purchase_orders_push", order(ramp))
    received = push(ramp, "receipts_push", receipt(bought, "5"))
    ramp.client.request("DELETE", f"/item-receipts/{received.external_id}")
    push(ramp, "receipts_push", receipt(bought, "4"), received.external_id)
    ramp.client.request("POST", f"/purchase-orders/{bought.external_id}/archive", body={})
    ended = push(ramp, "purchase_orders_push", order(ramp, state="cancelled"), bought.external_id)
    assert "already" in ended.note


def refuse(sandbox, method, path):
    sandbox.control.add_fault("error", status=400, method=method, path=path)


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("approved", [False, True])
def test_a_refusal_after_a_payment_warns_of_paying_twice(sandbox, ramp, approved, known):
    """Also of what Odoo does not know to be at Ramp."""
    paid = bill(ramp, paid_on=date(2026, 9, 5))
    sent = push(ramp, "bills_push", bill(ramp))
    if approved:
        sandbox.control.approve_draft(sent.external_id.removeprefix("draft:"))
    refuse(sandbox, "PATCH", "*/bills/*")
    refusal = raised(push, ramp, "bills_push", paid, sent.external_id if known and not approved else "")
    assert isinstance(refusal, errors.InvalidDataError)
    for words in ("EX-2001", "paid in Odoo on Sep 5, 2026", "Mark it as paid in Ramp", "not paid twice", "went wrong"):
        assert words in refusal.message
    after = push(ramp, "bills_push", paid, sent.external_id if known else "")
    assert "outside Ramp" in after.note


def test_a_refusal_says_what_it_leaves_undone(sandbox):
    ramp = connect(sandbox, bills_push={"bill_mode": "approved"})
    sent = push(ramp, "bills_push", bill(ramp))
    refuse(sandbox, "DELETE", "*/bills/*")
    assert "does not pay it" in raised(push, ramp, "bills_push", bill(ramp, is_void=True), sent.external_id).message
    refuse(sandbox, "PATCH", "*/bills/*")
    changed = raised(push, ramp, "bills_push", bill(ramp, memo="other"), sent.external_id)
    assert "pays the right amount" in changed.message
    supplier = push(ramp, "vendors_push", vendor(77, name="Leaving"))
    refuse(sandbox, "PATCH", "*/vendors/*")
    archived = raised(push, ramp, "vendors_push", vendor(77, name="Leaving", active=False), supplier.external_id)
    assert "does not pay it" in archived.message
    bought = push(ramp, "purchase_orders_push", order(ramp))
    received = push(ramp, "receipts_push", receipt(bought, "5"))
    refuse(sandbox, "POST", "*/item-receipts")
    lost = raised(push, ramp, "receipts_push", receipt(bought, "4"), received.external_id)
    assert "WH/IN/00031" in lost.message and "Correct it in Ramp" in lost.message
    refuse(sandbox, "POST", "*/archive")
    ended = raised(push, ramp, "purchase_orders_push", order(ramp, state="cancelled"), bought.external_id)
    assert "Archive it in Ramp" in ended.message
    user = push(ramp, "users_push", employee())
    refuse(sandbox, "PATCH", "*/deactivate")
    left = raised(push, ramp, "users_push", employee(active=False, email="", last_name=""), user.external_id)
    assert "cards" in left.message
    sandbox.control.add_fault("error", status=403, method="PATCH", path="*/bills/*")
    denied = raised(push, ramp, "bills_push", bill(ramp, paid_on=date(2026, 9, 5)), sent.external_id)
    assert isinstance(denied, errors.AuthError) and "not paid twice" in denied.message


def test_what_was_taken_back_before_ramp_had_it_ends_quietly(sandbox, ramp):
    for flow, document in (
        ("bills_push", bill(ramp, is_void=True)),
        ("purchase_orders_push", order(ramp, state="cancelled")),
        ("vendors_push", vendor(active=False, odoo_id=99, name="Never There")),
        ("users_push", employee(active=False)),
    ):
        assert isinstance(raised(push, ramp, flow, document), errors.NotRelevantError), flow
    draftsman = connect(sandbox, purchase_orders_push={"purchase_order_mode": "draft_bill"})
    unknown = order(ramp, state="cancelled", odoo_id=4711)
    assert isinstance(raised(push, draftsman, "purchase_orders_push", unknown), errors.NotRelevantError)


def test_an_approved_bill_only_where_it_is_wanted(sandbox):
    ramp = connect(sandbox, bills_push={"bill_mode": "approved"})
    wanted = bill(ramp, paid_on=date(2026, 9, 5))
    sent = push(ramp, "bills_push", wanted)
    made = ramp.client.one(f"/bills/{sent.external_id.removeprefix('bill:')}")
    assert made["status"] == "PAID" and made["payment"]["details"]["manual_payment_method"] == "PAID_IN_ERP"
    unpaid = push(ramp, "bills_push", bill(ramp, odoo_id=5022, number="EX-3"))
    push(ramp, "bills_push", bill(ramp, odoo_id=5022, number="EX-3", memo="other"), unpaid.external_id)
    assert ramp.client.one(f"/bills/{unpaid.external_id.removeprefix('bill:')}")["memo"] == "Odoo other"
    push(ramp, "bills_push", bill(ramp, odoo_id=5022, number="EX-3", is_void=True), unpaid.external_id)
    assert len(effects(sandbox, "bill.archive")) == 1


def test_a_bill_names_the_lines_of_its_order(sandbox, ramp):
    bought = push(ramp, "purchase_orders_push", order(ramp))
    line = doc.BillLine(amount=Decimal("150.00"), description="Seats", purchase_order_line=451)
    push(ramp, "bills_push", bill(ramp, purchase_order=bought.external_id, lines=(line,)))
    body = [entry["body"] for entry in writes(sandbox) if entry["path"].endswith("/bills/drafts")][-1]
    assert body["purchase_order_ids"] == [bought.external_id]
    assert body["line_items"][0]["purchase_order_line_item_id"] == orders_of(sandbox)[0]["line_items"][0]["id"]


def test_without_the_seat_a_draft_has_no_number_of_ours(sandbox):
    ramp = connect(sandbox, EVERYTHING - {"accounting_connection"})
    sent = push(ramp, "bills_push", bill(ramp))
    assert not ramp.client.one(f"/bills/drafts/{sent.external_id.removeprefix('draft:')}").get("remote_id")
    assert push(ramp, "bills_push", bill(ramp)).linked


# Users


def employee(**values):
    person = {"odoo_id": 4, "first_name": "Ines", "last_name": "Duarte", "email": "ines+ramp@example.com"}
    return doc.Employee(**{**person, "department": "Logistics", "location": "New York", **values})


def test_an_employee_is_drafted_changed_deactivated_and_taken_up_again(sandbox, ramp):
    sent = push(ramp, "users_push", employee())
    user = ramp.client.one(f"/users/{sent.external_id}")
    assert (user["status"], user["first_name"]) == ("USER_DRAFT", "Ines") and effects(sandbox, "user.invite") == {}
    places = {row["id"]: row["name"] for row in rows(ramp.client.pages("/departments"))}
    assert places[user["department_id"]] == "Logistics"
    boss = rows(ramp.client.pages("/users"))[0]["id"]
    push(ramp, "users_push", employee(department="Finance", manager_external_id=boss), sent.external_id)
    user = ramp.client.one(f"/users/{sent.external_id}")
    assert (places.get(user["department_id"]), user["manager_id"]) == ("Finance", boss)
    push(ramp, "users_push", employee(active=False), sent.external_id)
    assert ramp.client.one(f"/users/{sent.external_id}")["status"] == "USER_SUSPENDED"
    assert push(ramp, "users_push", employee()).external_id == sent.external_id
    assert ramp.client.one(f"/users/{sent.external_id}")["status"] == "USER_ACTIVE"
    assert len(effects(sandbox, "user.create")) == len(effects(sandbox, "department.create")) == 1


def test_the_address_of_a_user_stays(ramp):
    sent = push(ramp, "users_push", employee())
    again = push(ramp, "users_push", employee(email="other@example.com"), sent.external_id)
    assert "ines+ramp@example.com" in again.note


def test_an_invitation_only_where_it_is_wanted(sandbox):
    ramp = connect(sandbox, users_push={"invite_mode": "invite"})
    push(ramp, "users_push", employee())
    assert len(effects(sandbox, "user.invite")) == 1


def test_a_used_key_is_replaced_and_a_slow_task_is_left(sandbox, ramp):
    push(ramp, "users_push", employee())
    push(ramp, "users_push", employee(email="other@example.com", first_name="Other"))
    assert len(effects(sandbox, "user.create")) == 2
    sandbox.control.settings(task_polls=1000)
    slow = employee(email="slow@example.com")
    assert isinstance(raised(push, ramp, "users_push", slow), errors.UnconfirmedError)
    assert ramp.flow("users_push").find(ramp.flow("users_push").render(slow), "key")


@pytest.mark.parametrize(("values", "word"), [({"email": ""}, "work email"), ({"last_name": ""}, "last name")])
def test_what_ramp_insists_on_of_a_user(values, word):
    assert word in raised(connect(None).flow("users_push").render, employee(**values)).message


# The same ids once more, in a database that was restored from a dump


def test_another_record_of_the_same_id_is_another_one_at_ramp(sandbox, ramp):
    """Each kind that goes under an id of ours: nothing of the lost record is renamed, linked or changed."""
    lost, new = doc.OwnId(17, "AAAAAA"), doc.OwnId(17, "BBBBBB")
    for own_id in (lost, new):
        push_all(ramp, "accounting_vendors_push", [vendor(own_id, name=f"Vendor {own_id.mark}")])
    parties = [
        doc.Party(external_id=push(ramp, "vendors_push", vendor(own_id, name=f"Vendor {own_id.mark}")).external_id)
        for own_id in (lost, new)
    ]
    assert parties[0] != parties[1]
    chart = [push(ramp, "accounts_push", account(own_id, name=f"Account {own_id.mark}")) for own_id in (lost, new)]
    tax_of = {"rate": Decimal("0.09"), "account_external_id": chart[0].external_id}
    taxes = [push(ramp, "taxes_push", doc.Tax(odoo_id=own_id, name=own_id.mark, **tax_of)) for own_id in (lost, new)]
    plans = [push(ramp, "dimensions_push", doc.Dimension(odoo_id=own_id, name=own_id.mark)) for own_id in (lost, new)]
    values = [
        push(ramp, "dimension_values_push", value_of(plans[0], own_id, own_id, name=f"Site {own_id.mark}"))
        for own_id in (lost, new)
    ]
    orders = [
        push(ramp, "purchase_orders_push", order(ramp, order_line(own_id, description=own_id.mark), odoo_id=own_id))
        for own_id in (lost, new)
    ]
    drafts = [
        push(ramp, "bills_push", bill(ramp, odoo_id=own_id, number=f"OWN-{own_id.mark}")) for own_id in (lost, new)
    ]
    for pair in (chart, taxes, plans, values, orders, drafts):
        assert not any(sent.linked for sent in pair) and pair[0].external_id != pair[1].external_id
    accounts = [row for page in ramp.client.pages("/accounting/accounts") for row in page]
    assert [row["name"] for sent in chart for row in rows([accounts], ramp_id=sent.external_id)] == [
        "Account AAAAAA",
        "Account BBBBBB",
    ]
    assert [row["line_items"][0]["description"] for row in orders_of(sandbox)] == ["AAAAAA", "BBBBBB"]
    # and what came out of the dump is found again
    again = push(ramp, "purchase_orders_push", order(ramp, order_line(lost, quantity=Decimal(9)), odoo_id=lost))
    assert again.linked and again.external_id == orders[0].external_id
    assert push(ramp, "bills_push", bill(ramp, odoo_id=lost, number="OWN-2")).external_id == drafts[0].external_id


def test_an_id_without_a_mark_proves_nothing(sandbox, ramp):
    """Of records of before: what bears the number is taken only when it is the same in what matters."""
    first = push(
        ramp, "purchase_orders_push", order(ramp, order_line(quantity=Decimal(1), unit_price=Decimal("40.00")))
    )
    other = push(
        ramp, "purchase_orders_push", order(ramp, order_line(quantity=Decimal(9), unit_price=Decimal("111.00")))
    )
    assert other.external_id != first.external_id and not other.linked
    another = doc.Party(external_id=push(ramp, "vendors_push", vendor(34)).external_id)
    third = push(ramp, "purchase_orders_push", order(ramp, order_line(), vendor=another))
    assert third.external_id not in (first.external_id, other.external_id)
    assert [row["amount"]["amount"] for row in orders_of(sandbox)] == [4000, 99900, 15000]
    own = push(ramp, "bills_push", bill(ramp, number="OWN-1"))
    for changed in ({"number": "QUITE-OTHER"}, {"vendor": another}, {"currency": "USD"}):
        with pytest.raises(errors.DuplicateError, match="Another bill"):
            push(ramp, "bills_push", bill(ramp, **{"number": "OWN-1", **changed}))
    assert ramp.client.one(f"/bills/drafts/{own.external_id.removeprefix('draft:')}")["invoice_number"] == "OWN-1"
    assert push(ramp, "bills_push", bill(ramp, number="OWN-1")).linked
