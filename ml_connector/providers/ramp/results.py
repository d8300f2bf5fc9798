"""Reports results of records to Ramp (`POST /accounting/syncs`)."""

import hashlib

from ...core.errors import AuthError, NotFoundError, PermanentError
from ...core.messages import _
from ...core.remote import content_version
from . import render
from .flows import BILL_SYNCED, PAYMENT_SYNCED, SPEND, split_payment_key

SYNC_TYPES = {
    "bill": "BILL_SYNC",
    "payment": "BILL_PAYMENT_SYNC",
    "expense": "TRANSACTION_SYNC",
    "reimbursement": "REIMBURSEMENT_SYNC",
    "transfer": "TRANSFER_SYNC",
    "cashback": "STATEMENT_CREDIT_SYNC",
}
MAX_RESULTS = 5000
"""The maximum that Ramp accepts in one call."""
NOT_READY = "DEVELOPER_7062"
NO_CONNECTION = "DEVELOPER_7089"


def report(client, results, key):
    """Report results and return the reasons of those that Ramp refused, by external ID.

    Ramp refuses a whole call because of one bill. The bills that it names are removed and the rest is sent again; if it
    names none, the call is halved until the refused one is alone.

    :raises AuthError: Odoo does not hold the accounting connection
    """
    reason = _("Ramp accepts no results of this type.")
    refused = {result.external_id: reason for result in results if not _type(result)}
    # Bills first: Ramp accepts the payment of a bill only after the bill.
    for sync_type in SYNC_TYPES.values():
        for batch in _batches(results, sync_type):
            refused.update(_report_batch(client, batch, key))
    return refused


def _report_batch(client, batch, key):
    refused, pending = {}, [batch]
    while pending:
        batch = pending.pop()
        refusal = _send(client, batch, key)
        if refusal is None:
            continue
        named, rest = _culprits(batch, refusal)
        if not named:
            half = len(rest) // 2
            pending += [rest[:half], rest[half:]]
            continue
        refused.update(_really_refused(client, named, refusal))
        if rest:
            pending.append(rest)
    return refused


def _culprits(batch, refusal):
    """The results that Ramp names in its refusal, and the others."""
    if len(batch) == 1:
        return batch, []
    named = [result for result in batch if bill_id(result) in refusal.details]
    return named, [result for result in batch if bill_id(result) not in refusal.details]


def reported(client, result):
    """Whether Ramp has marked the record as synced; None for a failure, which Ramp does not show."""
    if not (result.success and _type(result)):
        return None
    try:
        if result.subject in SPEND:
            row = getattr(client, SPEND[result.subject])(result.external_id)
            return row.get("sync_status") == "SYNCED"
        bill = client.bill(bill_id(result))
    except NotFoundError:
        return False
    return bill.get("sync_status") in (PAYMENT_SYNCED if result.subject == "payment" else BILL_SYNCED)


def bill_id(result):
    """The ID in the report: of the bill for a payment, else of the record itself."""
    return split_payment_key(result.external_id)[1]


def _type(result):
    return SYNC_TYPES.get(result.subject)


def _batches(results, sync_type):
    chosen = [result for result in results if _type(result) == sync_type]
    return [chosen[start : start + MAX_RESULTS] for start in range(0, len(chosen), MAX_RESULTS)]


def _send(client, batch, key):
    """Send one call; returns Ramp's refusal, if there is one."""
    try:
        client.create_sync(_body(batch, key))
    except PermanentError as error:
        refusal = error
    else:
        return None
    if refusal.code == NO_CONNECTION:
        raise AuthError(
            _(
                "Ramp accepts no results because Odoo is not its accounting system. Test the connection and follow the"
                " advice on the accounting system."
            ),
            trace_id=refusal.trace_id,
            status=refusal.status,
            code=refusal.code,
        )
    return refusal


def _body(batch, key):
    """The body without empty lists, which Ramp refuses."""
    successes = [render.success(result, bill_id(result)) for result in batch if result.success]
    failures = [render.failure(result, bill_id(result)) for result in batch if not result.success]
    body = {"sync_type": _type(batch[0])}
    if successes:
        body["successful_syncs"] = successes
    if failures:
        body["failed_syncs"] = failures
    # The same key for the same content only: Ramp counts a key once, and a call without the refused ones differs.
    return {"idempotency_key": f"{hashlib.sha256(key.encode()).hexdigest()[:24]}-{content_version(body)}", **body}


def _really_refused(client, named, refusal):
    """Refused results with the reason, without those that Ramp has already marked as synced."""
    reason = refusal.message
    if refusal.code == NOT_READY:
        reason = _("Ramp did not accept the status update: the record is not ready to sync there.")
    return {result.external_id: reason for result in named if not reported(client, result)}
