"""What Ramp's pages leave open, or say in two ways: under any pair of answers the books are the same."""

import re
from contextlib import closing
from dataclasses import replace

import pytest
from pairs import in_pairs, lacking
from ramp_support import NOWHERE, obeyed_sandbox, push, raised
from sandbox.ramp import RampSettings
from support.script import Script
from test_ramp_push import account, bill, connect, order, order_line, receipt, receipts_of, vendor

from ml_connector.core import documents as doc
from ml_connector.core import errors
from ml_connector.providers.ramp import RampProvider

DOUBTS = {
    "signature_encoding": ("hex", "base64"),
    "challenge_in": ("event", "object"),
    "unknown_status": (0, 404),
    "po_list_obeys_default": (True, False),
    "vendor_approval": (False, True),
    "contact_approval": (False, True),
    "task_polls": (1, 3),
    "tenant": ("newer", "older"),
    "contact_form": ("operation", "field"),
}
PAIRS = in_pairs(DOUBTS)
READ = [flow.key for flow in RampProvider.flows if flow.direction == "pull"]
PERSON = doc.Contact(name="Cher", email="cher@example.com", phone="+44 1")


def test_any_two_doubts_have_each_pair_of_answers():
    assert not lacking(DOUBTS)


def sending(sandbox, stored=None):
    return connect(sandbox, stored=stored, vendors_push={"active": True})


def read(made):
    """{flow: {id: document}} of all that a company gets from Ramp, whatever the sandbox's own address is."""
    return {
        flow: {
            item.external_id: re.sub(
                r"http://127[^/]*([^'?]*)[^']*", r"\1", repr(made.flow(flow).document(item.payload))
            )
            for page in made.flow(flow).pull("", None)
            for item in page.items
        }
        for flow in READ
    }


def sent(sandbox, made, answers):
    """What Ramp has of all that a company sends to it."""
    push(made, "accounts_push", account())
    supplier = push(made, "vendors_push", vendor(contacts=(*vendor().contacts, PERSON)))
    if answers["vendor_approval"]:
        (waiting,) = (
            item
            for page in made.flow("vendors").pull("", None)
            for item in page.items
            if item.external_id == supplier.external_id
        )
        assert made.flow("vendors").document(waiting.payload).approval == "pending"
        sandbox.control.edit_vendor(supplier.external_id, approval_status="APPROVED")
    party = doc.Party(external_id=supplier.external_id)
    bought = push(made, "purchase_orders_push", order(made, order_line(), order_line(452), vendor=party))
    push(made, "receipts_push", receipt(bought, "5", "3"))
    push(made, "bills_push", bill(made, vendor=party))
    # an hour later, in another run
    made = sending(sandbox, dict(made.learned))
    changed = vendor(
        name="Vendor Renamed",
        address=replace(vendor().address, street="2 Main St"),
        contacts=(*vendor().contacts, PERSON),
    )
    again = push(made, "vendors_push", changed, supplier.external_id)
    row = made.client.one(f"/vendors/{supplier.external_id}")
    pages = made.client.pages_of_record(f"/vendors/{supplier.external_id}/contacts")
    contacts = {contact["email"] for page in pages for contact in page}
    # what the interface does not take, or people have to approve, is said
    is_older, waits = answers["tenant"] == "older", answers["contact_approval"]
    assert (row["name"] == "Vendor Renamed") is not is_older
    assert ("cannot rename vendors" in again.note) is is_older
    assert (PERSON.email in contacts) is not (is_older or waits)
    assert (PERSON.email in again.note) is (is_older or waits)
    (kept,) = sandbox.control.objects("purchase_orders")[-1:]
    (got,) = receipts_of(sandbox, bought)
    (draft,) = sandbox.control.objects("drafts")[-1:]
    return {
        "street": row["address"]["address_line_1"],
        "order": [(line["quantity"], line["unit_price"]) for line in kept["line_items"]],
        "receipt": [line["quantity"] for line in got["line_items"]],
        "draft": [line["amount"] for line in draft["line_items"]],
    }


def heard(sandbox, made, script):
    """An event of a subscription, confirmed as Ramp asks for it."""
    script.answers = [(200,)]
    subscription, secret = made.subscribe(script.url, "hand-shake")
    sandbox.control.wait_for_deliveries()
    challenge = script.requests.pop()
    assert RampProvider.verify_webhook(challenge.headers, challenge.body, [secret])
    made.confirm_subscription(subscription, RampProvider.parse_webhook(challenge.headers, challenge.body).challenge)
    supplier = sandbox.control.vendors()[0]["id"]
    added = sandbox.control.add_bill(supplier, [{"amount": "1.00", "memo": "x", "coding": [["gl", "600000"]]}])
    sandbox.control.wait_for_deliveries()
    events = [RampProvider.parse_webhook(got.headers, got.body) for got in script.requests]
    made.unsubscribe(subscription)
    return sorted(event.event_type for event in events if event.external_id == added)


def lived(answers):
    """All that a company does with Ramp, under these answers; what is in the books and in Ramp after it."""
    settings = RampSettings(rate_limit=0, **answers)
    with obeyed_sandbox(settings=settings) as sandbox, closing(Script()) as script:
        made = sending(sandbox)
        books = read(made)
        assert made.flow("bills").fetch(NOWHERE) is None
        assert isinstance(raised(push, made, "vendors_push", vendor(), NOWHERE), errors.NotFoundError)
        return books, sent(sandbox, made, answers), heard(sandbox, made, script)


@pytest.fixture(scope="module")
def plain():
    return lived(PAIRS[0])


@pytest.mark.parametrize("answers", PAIRS[1:], ids=range(1, len(PAIRS)))
def test_the_books_are_the_same_whatever_the_answers_are(plain, answers):
    books, there, events = lived(answers)
    assert books == plain[0] and all(books[flow] for flow in ("bills", "transactions", "vendors", "coding"))
    assert (there, events) == (plain[1], plain[2])
