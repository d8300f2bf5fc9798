"""Ramp's client and provider against the Ramp sandbox, which checks every request by Ramp's published contract."""

from datetime import UTC, date, datetime, timedelta

import pytest
from ramp_support import NOWHERE, obeyed_sandbox, quick, raised
from ramp_support import connect as plain_connect
from sandbox.ramp import CLIENT_ID, CLIENT_SECRET, RampSandbox

from ml_connector.core import errors as errors
from ml_connector.core.documents import Address, Contact, Result, Vendor
from ml_connector.core.http import AccessToken
from ml_connector.providers.ramp import RampProvider, check

SCOPES = set(RampProvider.default_scopes.split())


@pytest.fixture
def sandbox():
    with obeyed_sandbox(size="demo") as running:
        yield running


def connect(sandbox, stored=None, observe=None, **entered):
    options = {"vendors_push": {"active": True}}
    return plain_connect(sandbox, stored, observe=observe, read_timeout=1.5, options=options, **entered)


@pytest.fixture
def ramp(sandbox):
    return connect(sandbox)


def pulled(made, flow, cursor="", since=None):
    return [item for page in made.flow(flow).pull(cursor, since) for item in page.items]


def add_bill(sandbox, amount="100.00", paid=False, **values):
    vendor = sandbox.control.vendors()[0]["id"]
    bill_id = sandbox.control.add_bill(
        vendor, [{"amount": amount, "memo": "x", "coding": [["gl", "600000"]]}], **values
    )
    if paid:
        sandbox.control.pay_bills([bill_id])
    return bill_id


# The way of the records


def test_everything_is_pulled_and_translated(sandbox, ramp):
    documents = {flow: [] for flow in ("coding", "vendors", "bills", "payments")}
    for flow, found in documents.items():
        items = pulled(ramp, flow)
        assert items and len({item.external_id for item in items}) == len(items)
        found += [ramp.flow(flow).document(item.payload) for item in items]
    due = [row for row in sandbox.control.bills() if row["sync_ready"] and row["sync_status"] == "NOT_SYNCED"]
    assert {bill.external_id for bill in documents["bills"]} == {row["id"] for row in due}
    assert {bill.currency for bill in documents["bills"]} == {"USD", "EUR", "JPY"}
    known = {(ref.kind, ref.external_id) for ref in documents["coding"]}
    lines = [line for bill in documents["bills"] for line in bill.lines]
    used = {(ref.kind, ref.external_id) for line in lines for ref in (line.account, *line.taxes) if ref}
    used |= {("analytic", share.reference.external_id) for line in lines for share in line.analytics}
    assert used <= known and {kind for kind, _id in used} == {"account", "tax", "analytic"}
    vendors = {vendor.external_id for vendor in documents["vendors"]}
    assert {bill.vendor.external_id for bill in documents["bills"]} <= vendors
    assert all(vendor.contacts[0].email for vendor in documents["vendors"])


def test_versions_are_the_same_at_every_reading(sandbox, ramp):
    for flow in ("coding", "vendors", "bills", "payments"):
        first, second = (
            {item.external_id: item.version for item in pulled(made, flow)} for made in (ramp, connect(sandbox))
        )
        assert first == second
        if flow != "coding":
            some = list(first)[:5]
            assert {key: ramp.flow(flow).fetch(key).version for key in some} == {key: first[key] for key in some}


def test_payments_of_a_shared_payment_are_the_bills_own(sandbox, ramp):
    one, two = add_bill(sandbox, "100.00"), add_bill(sandbox, "250.50")
    payment_id = sandbox.control.pay_bills([one, two])
    found = {item.external_id: item for item in pulled(ramp, "payments")}
    for bill_id, amount in ((one, "100.00"), (two, "250.50")):
        document = ramp.flow("payments").document(found[f"{payment_id}:{bill_id}"].payload)
        assert str(document.amount) == amount and document.bills[0].external_id == bill_id
    assert not pulled(ramp, "payments", since=date(2100, 1, 1))
    fetch = ramp.flow("payments").fetch
    assert fetch(one).external_id == fetch(f"{payment_id}:{one}").external_id == f"{payment_id}:{one}"
    assert fetch(f"other:{one}") is fetch(add_bill(sandbox)) is None


def test_a_bill_is_fetched_if_it_is_ready_and_ours(sandbox, ramp):
    ready, waiting = add_bill(sandbox), add_bill(sandbox, approved=False)
    fetch = ramp.flow("bills").fetch
    assert fetch(ready).external_id == ready and fetch(waiting) is None
    asked = sandbox.control.requests("GET", "/developer/v1/bills")[0]["query"]
    assert {"vendor_id", "invoice_number"} < set(asked)
    sandbox.state.bills.get(ready).enable_accounting_sync = False
    for status in ("NOT_SYNCED", "BILL_SYNCED"):
        sandbox.state.bills.get(ready).sync_status = status
        assert fetch(ready) is None


def test_only_what_changed_is_pulled_again(sandbox, ramp):
    pages = list(ramp.flow("vendors").pull("", None))
    cursor = pages[-1].cursor
    assert len([item for page in pages for item in page.items]) == 40
    vendor = sandbox.control.vendors()[3]["id"]
    sandbox.control.edit_vendor(vendor, name="Renamed Ltd")
    assert [item.title for item in pulled(ramp, "vendors", cursor)] == ["Renamed Ltd"]


def test_files_are_downloaded_without_the_token(sandbox, ramp):
    bill_id = add_bill(sandbox)
    (attachment,) = ramp.flow("bill_files").document(ramp.flow("bill_files").fetch(bill_id).payload)
    mime, content = ramp.download(attachment.url)
    assert mime == "application/pdf" and content.startswith(b"%PDF") and attachment.name.endswith(".pdf")
    error = raised(ramp.download, attachment.url.replace("signature=", "signature=0"))
    assert type(error) is errors.RemoteError and "signature" not in error.message


def test_the_proof_of_a_payment(sandbox, ramp):
    """It is asked for once, and a payment without one has none."""
    bill_id = add_bill(sandbox, paid=True)
    (item,) = [item for item in pulled(ramp, "payments") if item.external_id.endswith(bill_id)]
    (named,) = ramp.flow("payments").document(item.payload).attachments
    assert ramp.flow("payment_files").document(item.payload) == (named,)
    known = {"subject_kind": "payment", "names": [named.name]}
    for is_there in (True, False):
        found = ramp.flow("payment_files").fetch_files(item.external_id, known)
        files = ramp.flow("payment_files").document(found.payload)
        assert [file.name for file in files] == [named.name] * is_there
        for file in files:
            mimetype, content = ramp.download(file.url)
            assert (mimetype, content[:5]) == ("application/pdf", b"%PDF-")
        assert len(sandbox.control.requests("GET", f"/developer/v1/bills/{bill_id}/remittance-receipt")) == 2 - is_there
        sandbox.control.add_fault("error", method="GET", path="*/remittance-receipt", status=400)


def test_why_an_approved_bill_is_not_paid_is_said(sandbox, ramp):
    bill_id = add_bill(sandbox)
    versions = []
    for status, said in (
        ("PAYMENT_READY", ""),
        ("ON_HOLD", "The bill is on hold."),
        ("PENDING_VENDOR_APPROVAL", f"{sandbox.control.vendors()[0]['name']} is not approved in Ramp"),
        ("PAYMENT_SCHEDULED", ""),
    ):
        sandbox.control.edit_bill(bill_id, status_summary=status)
        item = ramp.flow("bills").fetch(bill_id)
        remark = ramp.flow("bills").document(item.payload).remark
        assert said in remark and bool(said) is bool(remark)
        versions.append(item.version)
    assert versions[0] == versions[3] and len(set(versions)) == 3


def test_a_bill_that_was_archived_is_void(sandbox, ramp):
    """An event brings any of them, because only Odoo knows whether it was booked; a poll those that are booked."""
    bill_id = add_bill(sandbox)
    version = ramp.flow("bills").fetch(bill_id).version
    sandbox.control.archive_bill(bill_id)
    item = ramp.flow("bills").fetch(bill_id)
    assert item.version != version and ramp.flow("bills").document(item.payload).is_void
    assert bill_id not in {item.external_id for item in pulled(ramp, "bills")}
    sandbox.state.bills.get(bill_id).sync_status = "BILL_SYNCED"
    assert bill_id in {item.external_id for item in pulled(ramp, "bills")}


UNKNOWN = (0, 400, 404, 410)
"""Statuses for an unknown id; 0: the one that the contract declares for the operation."""


@pytest.mark.parametrize("status", UNKNOWN)
def test_what_ramp_does_not_have_is_one_fact_whatever_its_status(sandbox, ramp, status):
    sandbox.control.settings(unknown_status=status)
    others = ("coding", "repayments", "payment_files")
    pulled_flows = [flow.key for flow in RampProvider.flows if flow.direction == "pull" and flow.key not in others]
    assert {flow: ramp.flow(flow).fetch(NOWHERE) for flow in pulled_flows} == dict.fromkeys(pulled_flows)
    for subject in ("bill", "payment", "expense", "reimbursement", "transfer", "cashback"):
        assert ramp.flow("results").reported(Result(subject=subject, external_id=NOWHERE, success=True)) is False
    ramp.unsubscribe(NOWHERE)
    for field in sandbox.state.fields:
        field.is_active = field.is_active and field.kind != "TAX_CODE"
    assert not [item for item in pulled(ramp, "coding") if item.payload["kind"] == "tax"]
    with pytest.raises(errors.NotFoundError):
        list(ramp.client.pages_of_record("/accounting/field-options", field_id=NOWHERE))
    with pytest.raises(errors.NotFoundError):
        list(ramp.client.pages_of_record(f"/vendors/{NOWHERE}/contacts"))


@pytest.mark.parametrize("status", UNKNOWN)
def test_a_refusal_of_what_ramp_has_is_no_unknown_record(sandbox, ramp, status):
    sandbox.control.settings(unknown_status=status)
    sandbox.control.add_fault("error", status=400, method="PATCH", path="*/bills/drafts/*")
    draft = ramp.client.create("/bills/drafts", {"vendor_id": next(iter(sandbox.state.vendors)).id})["id"]
    refusal = raised(ramp.client.change, "PATCH", f"/bills/drafts/{draft}", {"memo": "x"})
    assert type(refusal) is errors.PermanentError
    sandbox.state.drafts.remove(draft)
    assert type(raised(ramp.client.change, "PATCH", f"/bills/drafts/{draft}", {"memo": "x"})) is errors.NotFoundError


@pytest.mark.parametrize("status", UNKNOWN)
def test_receipts_of_both_kinds_come(sandbox, ramp, status):
    """The row knows the kind of its record, so the other one is not asked for."""
    sandbox.control.settings(unknown_status=status)
    owned = {
        ("expense", row.transaction_id) if row.transaction_id else ("reimbursement", row.reimbursement_id)
        for row in sandbox.state.receipts
    }
    assert {kind for kind, _id in owned} == {"expense", "reimbursement"}
    for kind, owner in [*sorted(owned)[:5], *sorted(owned)[-5:]]:
        before = len(sandbox.control.requests())
        found = ramp.flow("receipts").fetch_files(owner, {"subject_kind": kind})
        if found:
            assert found.payload["subject_kind"] == kind and found.payload["receipts"]
        other = {"expense": "/reimbursements/", "reimbursement": "/transactions/"}[kind]
        asked = [entry["path"] for entry in sandbox.control.requests()[before:]]
        assert not [path for path in asked if other in path]
        again = ramp.flow("receipts").fetch(owner)
        assert (again and again.version) == (found and found.version)


def test_one_entity(sandbox):
    names = {row["entity_name"]: row["id"] for row in sandbox.state.entities}
    for name, entity_id in names.items():
        stored = connect(sandbox, entity=name).check().settings
        made = connect(sandbox, stored, entity=name)
        assert all(item.payload["entity_id"] == entity_id for item in pulled(made, "bills"))


# Sending vendors


def odoo_vendor(**changes):
    address = Address(street="Hauptstraße 1", city="Köln", postal_code="50667", country="DE")
    contacts = (Contact(name="Grace Example", email="ap@example.com"),)
    known = {"external_id": "", "odoo_id": 33, "name": "Müller & Söhne GmbH", "address": address, "contacts": contacts}
    return Vendor(**{**known, **changes})


def test_a_vendor_is_created_found_and_changed(sandbox, ramp):
    body = ramp.flow("vendors_push").render(odoo_vendor())
    assert ramp.flow("vendors_push").find(body, "key") is None
    sent = ramp.flow("vendors_push").send(body, "", "key")
    assert ramp.flow("vendors_push").find(body, "key").external_id == sent.external_id
    moved = odoo_vendor(
        name="Renamed GmbH", address=Address(street="Neue 2", city="Bonn", postal_code="53111", country="DE")
    )
    again = ramp.flow("vendors_push").send(ramp.flow("vendors_push").render(moved), sent.external_id, "key")
    assert again.external_id == sent.external_id and again.note == ""
    read = ramp.flow("vendors").document(ramp.flow("vendors").fetch(sent.external_id).payload)
    assert (read.name, read.odoo_id, read.address.city) == ("Renamed GmbH", 33, "Bonn")
    assert read.contacts[0].email == "ap@example.com"
    archived = ramp.flow("vendors_push").render(odoo_vendor(active=False))
    ramp.flow("vendors_push").send(archived, sent.external_id, "key")
    assert ramp.flow("vendors").document(ramp.flow("vendors").fetch(sent.external_id).payload).active is False


def test_a_vendor_that_waits_for_approval_is_found(sandbox, ramp):
    sandbox.control.settings(vendor_approval=True)
    body = ramp.flow("vendors_push").render(odoo_vendor())
    sent = ramp.flow("vendors_push").send(body, "", "key")
    assert ramp.flow("vendors_push").find(body, "key").external_id == sent.external_id
    foreign = sandbox.control.add_vendor("Made in Ramp", approved=False)
    assert foreign not in {item.external_id for item in pulled(ramp, "vendors")}
    assert sent.external_id not in {item.external_id for item in pulled(plain_connect(sandbox), "vendors")}

    def read():
        items = [item for item in pulled(ramp, "vendors") if item.external_id == sent.external_id]
        return [(ramp.flow("vendors").document(item.payload).approval, item.version) for item in items]

    ((state, version),) = read()
    assert state == "pending"
    sandbox.control.edit_vendor(sent.external_id, approval_status="APPROVED")
    ((state, approved),) = read()
    assert state == "" and approved != version
    assert ramp.flow("vendors").fetch(sent.external_id).version == approved


@pytest.mark.parametrize("when", ["before", "after"])
def test_what_may_have_been_done_is_looked_up(sandbox, ramp, when):
    sandbox.control.add_fault("error", method="POST", path="*/vendors", status=500, when=when)
    body = ramp.flow("vendors_push").render(odoo_vendor())
    assert type(raised(ramp.flow("vendors_push").send, body, "", "key")) is errors.UnconfirmedError
    assert len(sandbox.control.requests("POST", "/developer/v1/vendors")) == 1
    found = ramp.flow("vendors_push").find(body, "key")
    assert (found and {found.external_id: 1}) == sandbox.control.effects("vendor.create").get("vendor.create")


# Reporting results


def bill_result(bill_id, **values):
    return Result(subject="bill", external_id=bill_id, **{"success": True, "reference": "BILL/1", **values})


def count_of(sandbox, bill_id):
    return sandbox.control.effects("BILL_SYNC", bill_id)["BILL_SYNC"][bill_id]


def payment_result(item):
    link = "https://odoo.example.com/odoo/accounting/payments/7"
    return Result(subject="payment", external_id=item.external_id, success=True, reference="PBNK/1", url=link)


def test_bill_then_payment(sandbox, ramp):
    bill_id = add_bill(sandbox, paid=True)
    (item,) = [item for item in pulled(ramp, "payments") if item.external_id.endswith(bill_id)]
    link = "https://odoo.example.com/odoo/accounting/vendor-bills/5021"
    results = ramp.flow("results")
    assert results.reported(bill_result(bill_id)) is False
    assert results.report([bill_result(bill_id, url=link)], "key") == {}
    assert (results.reported(bill_result(bill_id)), results.reported(payment_result(item))) == (True, False)
    assert results.report([payment_result(item), bill_result(bill_id, url=link)], "key") == {}
    assert results.reported(payment_result(item)) is True
    (row,) = [row for row in sandbox.control.bills() if row["id"] == bill_id]
    assert (row["sync_status"], row["sync_reference"]) == ("BILL_AND_PAYMENT_SYNCED", "PBNK/1")
    assert row["sync_link"] == link, "only bills have a link"
    left = {item.external_id for flow in ("bills", "payments") for item in pulled(ramp, flow)}
    assert not {bill_id, item.external_id} & left


def test_a_failure_is_shown_in_ramp(sandbox, ramp):
    bill_id = add_bill(sandbox)
    sentence = "The account 600100 is archived in Odoo."
    assert ramp.flow("results").report([bill_result(bill_id, success=False, message=sentence)], "key") == {}
    (row,) = [row for row in sandbox.control.bills() if row["id"] == bill_id]
    assert (row["sync_error"], row["sync_status"]) == (sentence, "NOT_SYNCED")
    assert bill_id in {item.external_id for item in pulled(ramp, "bills")}
    assert ramp.flow("results").reported(bill_result(bill_id, success=False)) is None


def test_other_kinds_have_no_result(ramp):
    vendor = Result(subject="vendor", external_id="v", success=True)
    assert set(ramp.flow("results").report([vendor], "key")) == {"v"}
    assert ramp.flow("results").reported(vendor) is None


def test_bills_that_are_not_ready_do_not_hold_up_the_others(sandbox, ramp):
    ready = [add_bill(sandbox) for _bill in range(4)]
    waiting, synced = add_bill(sandbox, approved=False), add_bill(sandbox)
    assert ramp.flow("results").report([bill_result(synced)], "earlier") == {}
    refused = ramp.flow("results").report([bill_result(bill_id) for bill_id in (*ready, waiting, synced)], "key")
    assert set(refused) == {waiting} and "the record is not ready to sync" in refused[waiting]
    assert all(count_of(sandbox, bill_id) == 1 for bill_id in (*ready, synced))


@pytest.mark.parametrize("kind", ["error", "reset"])
def test_a_report_of_unknown_outcome_can_be_asked_and_repeated(sandbox, ramp, kind):
    bill_id = add_bill(sandbox)
    sandbox.control.add_fault(kind, method="POST", path="*/syncs", when="after")
    assert type(raised(ramp.flow("results").report, [bill_result(bill_id)], "key")) is errors.UnconfirmedError
    assert ramp.flow("results").reported(bill_result(bill_id)) is True
    assert ramp.flow("results").report([bill_result(bill_id)], "key") == {}
    assert count_of(sandbox, bill_id) == 1


# Check


def findings(report, level):
    return [finding.title for finding in report.findings if finding.level == level]


def test_check_when_all_is_well(sandbox, ramp):
    sandbox.state.entities.pop()
    ramp._tokens.get(lambda: AccessToken("old", 3600))
    report = ramp.check()
    assert findings(report, "ok") == [
        "Signed in to Ramp",
        "All permissions granted",
        "Connected as Example Industries Inc.",
        "Ramp has one entity",
        "Odoo is connected to Ramp as the accounting system",
        "Ramp has accounts for coding bills",
        "Odoo can read bills",
        "Ramp accepts purchase orders",
    ]
    assert findings(report, "warning") == findings(report, "error") == []
    assert report.identity == "Example Industries Inc."
    assert report.settings["business_id"] == sandbox.state.business["id"]
    assert report.capabilities == {*SCOPES, "accounting_connection", "purchase_orders"}
    assert ramp._tokens.get(None) in sandbox.state.tokens


def test_check_warns_of_what_people_should_know(sandbox, ramp):
    sandbox.state.business["active"] = False
    for option in sandbox.state.options:
        option.is_active = False
    assert findings(ramp.check(), "warning") == [
        "Example Industries Inc. is not active in Ramp",
        "Ramp has 2 entities. Bills of all of them are booked in this company.",
        "Ramp has no accounts for coding bills",
    ]


def test_check_of_entities(sandbox, ramp):
    main, other = sandbox.state.entities
    report = ramp.check()
    assert list(report.settings["bank_accounts"].values()) == ["Operating USD (1100)", "Operating EUR (1101)"]
    assert report.settings["entity_currencies"] == {main["id"]: "USD", other["id"]: "EUR"}
    assert report.currencies == {"USD", "EUR"}
    for name in (other["entity_name"].lower(), other["id"], other["id"].upper()):
        report = connect(sandbox, entity=name).check()
        assert (report.settings["entity"], report.settings["entity_id"]) == (name, other["id"])
        assert report.currencies == {"EUR"} and findings(report, "warning") == findings(report, "error") == []
    report = connect(sandbox, entity="Example DE").check()
    assert findings(report, "error") == ["Entity Example DE does not exist in Ramp"]
    assert report.settings["entity_id"] == ""


@pytest.mark.parametrize("is_refused", [True, False])
def test_check_names_missing_scopes_and_what_they_cost(is_refused):
    """Ramp refuses a token for scopes that the app lacks; a token with fewer scopes says the same."""
    granted = SCOPES - {"bills:read", "vendors:write"}
    with RampSandbox(size="small", seat="api", provider=check.OUR_NAME, scopes=granted, settings=quick()) as sandbox:
        made = connect(sandbox)
        if not is_refused:
            fetch = made.client.fetch_token
            made.client.fetch_token = lambda scope=None: fetch(" ".join(granted))
        report = made.check()
        missing = {row.title: row.message for row in report.findings if row.title.startswith("Permission")}
        assert len(missing) == 2
        assert "Vendor Bills, Invoice Files, Bill Payments" in missing["Permission (scope bills:read) is missing"]
        assert "Vendors to Ramp" in missing["Permission (scope vendors:write) is missing"]
        assert report.capabilities == {*granted, "accounting_connection", "purchase_orders"}
        later = connect(sandbox, report.settings)
        assert set(later.client.scope.split()) == granted and pulled(later, "vendors")
        error = raised(later.flow("vendors_push").send, later.flow("vendors_push").render(odoo_vendor()), "", "key")
        assert type(error) is errors.AuthError and error.status == 403 and "vendors:write" in error.message
        assert connect(sandbox, report.settings, scopes="bills:read").client.scope == "bills:read"


def test_check_without_access(sandbox):
    (finding,) = connect(sandbox, client_secret="wrong-secret").check().findings
    assert finding.level == "error" and "client secret is wrong" in finding.message
    made = connect(sandbox)
    tried = iter(["invalid_scope", "invalid_client"])
    made.client.fetch_token = lambda scope: (_ for _ in ()).throw(errors.AuthError("Ended.", code=next(tried)))
    (finding,) = made.check().findings
    assert (finding.level, finding.message) == ("error", "Ended.")
    made.client.fetch_token = lambda scope: (_ for _ in ()).throw(errors.AuthError("No.", code="invalid_scope"))
    assert findings(made.check(), "error") == ["Ramp rejected the credentials"]


def test_check_survives_a_feature_that_is_refused_and_lets_a_fault_through(sandbox, ramp):
    sandbox.control.add_fault("error", path="*/business", status=403)
    report = ramp.check()
    assert "Ramp refused part of the check" in findings(report, "warning") and report.identity == CLIENT_ID
    sandbox.control.add_fault("error", path="*/business", status=503, times=None)
    assert type(raised(ramp.check)) is errors.RemoteError


# Accounting connection


@pytest.mark.parametrize(
    ("seat", "provider", "before", "after"),
    [
        ("none", "", check.FREE, check.OURS),
        ("csv", "", check.FILES, check.OURS),
        ("api", check.OUR_NAME, check.OURS, check.OURS),
        ("api", "Carbon", check.TAKEN, check.TAKEN),
        ("direct", "", check.TAKEN, check.TAKEN),
    ],
)
def test_seat(seat, provider, before, after):
    """Odoo takes a free seat or that of files, releases only its own, and takes that one up again."""
    with obeyed_sandbox(seat=seat, provider=provider) as sandbox:
        made = connect(sandbox)
        report = made.check()
        assert report.settings["seat"] == before
        said = "Odoo becomes the accounting system"
        if before == check.OURS:
            said = "Odoo is connected to Ramp as the accounting system"
        if before == check.TAKEN:
            said = f"accounting system: {provider or 'NetSuite'}"
        assert any(said in finding.title for finding in report.findings)
        made.claim_accounting_connection()
        state, claimed = check.seat(check.connections(made.client))
        assert state == after
        made.release_accounting_connection()
        assert made.check().settings["seat"] == (check.FREE if after == check.OURS else check.TAKEN)
        made.claim_accounting_connection()
        state, again = check.seat(check.connections(made.client))
        assert (state, again["id"]) == (after, claimed["id"])


def test_claim_when_the_old_connection_cannot_be_taken_up(sandbox, ramp):
    ramp.release_accounting_connection()
    sandbox.control.add_fault("error", path="*/reactivate", status=400)
    ramp.claim_accounting_connection()
    assert ramp.check().settings["seat"] == check.OURS
    assert len(sandbox.control.effects("connection.create")["connection.create"]) == 1


# Webhooks


def test_subscription_from_handshake_to_event(sandbox, ramp, script):
    script.answers = [(200,)]
    ramp.webhook_headers = {"X-Odoo-Database": "books"}
    subscription, secret = ramp.subscribe(script.url, "hand-shake")
    sandbox.control.wait_for_deliveries()
    challenge = script.requests.pop()
    assert RampProvider.handshake(challenge.headers) == "hand-shake" and challenge.headers["X-Odoo-Database"] == "books"
    assert RampProvider.verify_webhook(challenge.headers, challenge.body, [secret])
    assert not ramp.is_subscribed(subscription, script.url)
    challenged = RampProvider.parse_webhook(challenge.headers, challenge.body)
    ramp.confirm_subscription(subscription, challenged.challenge)
    assert ramp.is_subscribed(subscription, script.url)
    bill_id = add_bill(sandbox)
    sandbox.control.wait_for_deliveries()
    events = []
    for got in script.requests:
        assert RampProvider.verify_webhook(got.headers, got.body, ["old", secret])
        assert not RampProvider.verify_webhook(got.headers, got.body + b" ", [secret])
        events.append(RampProvider.parse_webhook(got.headers, got.body))
    assert {(event.event_type, event.external_id) for event in events} >= {("bills.ready_to_sync", bill_id)}
    ramp.unsubscribe(subscription)
    ramp.unsubscribe(subscription)
    assert ramp.client.request("GET", "/webhooks").data == []


def test_a_subscription_is_compared_with_what_it_should_be(sandbox, ramp, script):
    script.answers = [(200,)]
    hook = f"{script.url}/hook"
    subscription, _secret = ramp.subscribe(hook, "hand-shake")
    row = sandbox.state.subscriptions.get(subscription)
    row.status, row.event_types = "active", [*row.event_types, "bills.rejected"]
    assert ramp.is_subscribed(subscription, hook)
    assert not ramp.is_subscribed("other", hook) and not ramp.is_subscribed(subscription, script.url)
    for status in ("inactive", "pending_verification"):
        row.status = status
        assert not ramp.is_subscribed(subscription, hook)
    row.status, row.event_types = "active", row.event_types[1:]
    assert not ramp.is_subscribed(subscription, hook)


def test_a_subscription_that_was_never_confirmed_is_removed(sandbox, ramp, script):
    """Its secret is lost; one that works, or that leads elsewhere, stays."""
    script.answers = [(200,)]
    lost, _secret = ramp.subscribe(script.url, "hand-shake")
    elsewhere, _secret = ramp.subscribe(f"{script.url}/else", "hand-shake")
    works, _secret = ramp.subscribe(script.url, "hand-shake")
    sandbox.state.subscriptions.get(works).status = "active"
    newest, _secret = ramp.subscribe(script.url, "hand-shake")
    assert [row.id for row in sandbox.state.subscriptions] == [elsewhere, works, newest]


# The log


def test_every_exchange_is_observed_without_secrets(sandbox):
    seen = []
    made = connect(sandbox, observe=seen.append)
    made.check()
    pulled(made, "bills")
    assert len(seen) == len(sandbox.control.requests())
    assert all(exchange.trace_id and exchange.status == 200 for exchange in seen)
    assert CLIENT_SECRET not in repr(seen) and "ramp_business_tok" not in repr(seen)


# What Ramp regards as booked, after an older dump was restored


def test_what_is_booked_is_listed_again(sandbox, ramp):
    """Nothing of it is ready any more, so no flow offers it a second time."""
    control, state = sandbox.control, sandbox.state
    vendor = control.vendors()[0]["id"]
    bill, paid, open_ = (
        control.add_bill(vendor, [{"amount": f"{number}.00", "memo": "Rent"}], invoice_number=f"LOST-{number}")
        for number in (77, 200, 5)
    )
    control.pay_bills([paid])
    state.bills.get(bill).sync_status = "BILL_SYNCED"
    state.bills.get(paid).sync_status = "BILL_AND_PAYMENT_SYNCED"
    spend = {
        "transactions": control.add_transaction("110.00"),
        "reimbursements": control.add_reimbursement("22.00"),
        "transfers": control.add_transfer("300.00", date.today().isoformat()),
        "cashbacks": next(row.id for row in state.cashbacks),
    }
    for flow, external_id in spend.items():
        row = getattr(state, flow).get(external_id)
        row.sync_status, row.synced_at = "SYNCED", datetime.now(UTC)
    since = date(2020, 1, 1)

    def booked(flow, since=since):
        return {item.external_id: item for page in ramp.flow(flow).booked(since) for item in page.items}

    assert {bill, paid} <= booked("bills").keys() and open_ not in booked("bills")
    assert not {bill, paid} & {item.external_id for item in pulled(ramp, "bills")}
    payments = {key.rpartition(":")[2] for key in booked("payments")}
    assert paid in payments and bill not in payments
    for flow, external_id in spend.items():
        assert external_id in booked(flow), flow
        assert external_id not in {item.external_id for page in ramp.flow(flow).pull("", None) for item in page.items}
        assert ramp.flow(flow).document(booked(flow)[external_id].payload)
    # the same record has the same version, however it was listed
    assert booked("bills")[bill].version == ramp.flow("bills").fetch(bill).version
    later = date.today() + timedelta(days=3)
    assert not booked("bills", later) and not booked("transactions", later)


class Calls:
    """Calls for anything but tokens and the content of files."""

    def __init__(self):
        self.paths = []

    def __call__(self, exchange):
        if exchange.path.startswith("/developer/v1/") and not exchange.path.endswith("/token"):
            self.paths.append(exchange.path)


def known_files(ramp, flow, since=None):
    """{id: what a row of its files is stored with} of the records of a flow that have files."""
    found = {}
    for item in pulled(ramp, flow):
        document = ramp.flow(flow).document(item.payload)
        if document.attachments:
            kind = {"bills": "bill", "transactions": "expense", "reimbursements": "reimbursement"}[flow]
            names = [attachment.name for attachment in document.attachments]
            day = document.document_date.isoformat() if flow != "reimbursements" else ""
            found[item.external_id] = {"subject_kind": kind, "names": names, "day": day}
    return found


def test_links_to_bill_files_come_from_the_lists(sandbox):
    calls = Calls()
    ramp = connect(sandbox, observe=calls)
    known = known_files(ramp, "bills")
    single = {key: ramp.flow("bill_files").fetch(key) for key in known}
    calls.paths.clear()
    assert {key: ramp.flow("bill_files").fetch_files(key, known[key]).version for key in known} == {
        key: item.version for key, item in single.items()
    }
    assert calls.paths == []
    later = connect(sandbox, observe=calls)
    found = {key: later.flow("bill_files").fetch_files(key, known[key]) for key in known}
    assert all(later.flow("bill_files").document(item.payload) for item in found.values())
    assert len(calls.paths) <= 4 + 0.2 * len(known)


def test_links_to_receipts_come_from_the_list(sandbox):
    calls = Calls()
    ramp = connect(sandbox, observe=calls)
    known = {**known_files(ramp, "transactions"), **known_files(ramp, "reimbursements")}
    single = {key: ramp.flow("receipts").fetch(key) for key in known}
    calls.paths.clear()
    found = {key: ramp.flow("receipts").fetch_files(key, known[key]) for key in known}
    assert {key: item.version for key, item in found.items()} == {key: item.version for key, item in single.items()}
    for key, item in found.items():
        assert len(ramp.flow("receipts").document(item.payload)) == len(known[key]["names"])
    assert len(calls.paths) <= 4 + 0.2 * len(known), calls.paths


def test_late_receipts_cost_no_call_of_their_own(sandbox):
    calls = Calls()
    ramp = connect(sandbox, observe=calls)
    late = [item for page in ramp.flow("receipts").pull("2020-01-01T00:00:00+00:00", None) for item in page.items]
    assert len(late) > 10 and {item.payload["subject_kind"] for item in late} == {"expense", "reimbursement"}
    assert all(ramp.flow("receipts").fetch_files(item.external_id, item.payload) for item in late)
    assert len(calls.paths) == -(-len(late) // 100)
