"""Reports of what the ERP has posted: ``POST /accounting/syncs`` (guide "ERP integrations")."""

import json

from .connections import api_connection
from .errors import BAD_DATA, KEY_USED, NOT_READY, refuse
from .routes import handlers
from .state import now


def _bill_ready(bill):
    return bill.sync_ready and bill.sync_status == "NOT_SYNCED"


def _bill_done(bill):
    bill.sync_status = "BILL_SYNCED"


def _payment_ready(bill):
    return bill.sync_ready and bill.sync_status == "BILL_SYNCED"


def _payment_done(bill):
    bill.sync_status = "BILL_AND_PAYMENT_SYNCED"


def _spend_ready(row):
    return row.sync_status == "SYNC_READY"


def _spend_done(row):
    row.sync_status, row.synced_at = "SYNCED", now()


# sync type: table of the state, whether an object may be reported, and what a success does to it
SYNC_TYPES = {
    "BILL_SYNC": ("bills", _bill_ready, _bill_done),
    "BILL_PAYMENT_SYNC": ("bills", _payment_ready, _payment_done),
    "TRANSACTION_SYNC": ("transactions", _spend_ready, _spend_done),
    "REIMBURSEMENT_SYNC": ("reimbursements", _spend_ready, _spend_done),
    "TRANSFER_SYNC": ("transfers", _spend_ready, _spend_done),
    "STATEMENT_CREDIT_SYNC": ("cashbacks", _spend_ready, _spend_done),
}


@handlers("POST /accounting/syncs")
def create_sync(call):
    """All or nothing: one object that is not ready refuses the whole batch.

    The same key with the same content changes nothing again.
    """
    state, body = call.state, call.body
    api_connection(state)
    content = json.dumps(body, sort_keys=True, default=str)
    known = state.keys.get(body["idempotency_key"])
    if known:
        if known["content"] != content:
            raise refuse(400, KEY_USED, "The idempotency key was used with other content.")
        return {"sync_id": known["sync_id"]}
    successes, failures = body.get("successful_syncs", []), body.get("failed_syncs", [])
    if not successes and not failures:
        raise refuse(400, BAD_DATA, "Neither successful nor failed syncs are given.")
    _apply(call, successes, failures)
    sync_id = state.new_id("sync")
    state.keys[body["idempotency_key"]] = {"content": content, "sync_id": sync_id}
    return {"sync_id": sync_id}


def _apply(call, successes, failures):
    sync_type = call.body["sync_type"]
    name, ready, done = SYNC_TYPES.get(sync_type, (None, None, None))
    table = getattr(call.state, name) if name else {}
    objects = {item["id"]: table.get(item["id"]) for item in (*successes, *failures)}
    refused = [object_id for object_id, row in objects.items() if row is None or not ready(row)]
    if refused:
        raise refuse(400, NOT_READY, f"Objects are not ready to sync: {', '.join(refused)}")
    for item in successes:
        row = objects[item["id"]]
        done(row)
        row.sync_reference, row.sync_error = item["reference_id"], None
        if item.get("deep_link_url"):
            row.deep_link_url = item["deep_link_url"]
        call.sandbox.journal.effect(sync_type, row.id)
    for item in failures:
        objects[item["id"]].sync_error = item["error"]["message"]
        call.sandbox.journal.effect(f"{sync_type}.failed", item["id"])
