"""Reimbursements of employees and their paybacks, into Odoo."""

from ...core.documents import Bill, BillLine, Party, Reference, Reimbursement, Settlement
from ...core.errors import InvalidDataError
from ...core.messages import _
from ...core.wire import day, needed, part, rows, text
from .pull_base import SYNCED
from .receipts import receipts
from .spend import SpendPull, line_values, settled
from .wire import coding_key, item, line_key, money_key, picked, required_id

REIMBURSED = Reference(kind="journal", external_id="reimbursements", name="Ramp reimbursements")
"""The journal of reimbursements and of paybacks by employees."""
UNPAID_STATES = frozenset(
    {"APPROVED", "AWAITING_PAYMENT", "AWAITING_PUSH_PAYMENT", "PENDING", "PUSH_PAYMENT_INITIATED"}
)
TO_BUSINESS = "USER_TO_BUSINESS"
# Without states and time stamps: progress in Ramp after the booking is no change.
_REIMBURSEMENT_KEYS = (
    *("accounting_date", "direction", "memo", "merchant", "payment_id", "payment_processed_at"),
    *("transaction_date", "type", "user_id"),
)


class Reimbursements(SpendPull):
    """Reimbursements of both directions; synced ones may be paid later."""

    key = "reimbursements"
    path = "/reimbursements"
    label = _("Reimbursements")
    kind = "reimbursement"
    sequence = 54
    scopes = ("reimbursements:read",)
    events = (
        *("reimbursements.ready_to_sync", "reimbursements.batch_payment_reimbursed"),
        "reimbursements.sync_requested",
    )
    files = "receipts"
    options = ("post_bills", "lock_date_policy", "start_date")
    help = _("Reads reimbursements as vendor bills of the employees, with their payments.")
    sync_type = "REIMBURSEMENT_SYNC"
    selections = ({"direction": "BUSINESS_TO_USER"}, {"direction": TO_BUSINESS})

    def item(self, row):
        content = {
            **picked(row, _REIMBURSEMENT_KEYS),
            "amount": money_key(row.get("entity_amount") or row.get("payee_amount")),
            "coding": coding_key(row),
            "lines": [line_key(line) for line in rows(row, "line_items")],
        }
        title = " - ".join(str(part) for part in (row.get("user_full_name"), row.get("memo")) if part)
        return item(row, content, title)

    def translate(self, payload):
        """A `Reimbursement`: a bill of the employee, or a credit note if the employee owes the company."""
        external_id = required_id(payload, _("the reimbursement"))
        newest = ("entity_amount", "payee_amount")
        amount, currency = settled(payload, newest, "currency", _("the amount of the reimbursement"))
        if not amount:
            raise InvalidDataError(_("The amount of the reimbursement is zero. Odoo does not book it."))
        spent = day(payload, "transaction_date", "accounting_date", "created_at")
        if spent is None:
            raise InvalidDataError(_("The reimbursement has no date in Ramp."))
        lines = line_values(payload, amount, currency, _("the reimbursement"))
        is_credit = is_payback(payload) != (amount < 0)
        if amount < 0:
            amount = -amount
            lines = [{**line, "amount": -line["amount"]} for line in lines]
        employee = _payee(payload)
        merchant = text(payload, "merchant")
        bill = Bill(
            external_id=external_id,
            number=f"RMB-{external_id[:8].upper()}",
            vendor=Party(external_id=f"employee:{employee.external_id}", name=employee.name),
            document_date=spent,
            accounting_date=self.booking_date(payload),
            currency=currency,
            total=amount,
            lines=tuple(BillLine(**{**line, "description": _described(payload, merchant, line)}) for line in lines),
            is_credit=is_credit,
            memo=text(payload, "memo"),
            attachments=receipts(payload),
        )
        return Reimbursement(
            external_id=external_id,
            employee=employee,
            bill=bill,
            settlement=_settlement(payload, amount),
            is_exported=text(payload, "sync_status") == SYNCED,
        )


def is_payback(payload):
    """Whether the employee owes the company, by the direction; older payloads have only the type."""
    direction = text(payload, "direction")
    return direction == TO_BUSINESS if direction else text(payload, "type").startswith("PAYBACK_")


def _payee(payload):
    user_id = needed(text(payload, "user_id"), _("The reimbursement has no employee in Ramp."))
    return Reference(
        kind="employee", external_id=user_id, code=text(payload, "user_email"), name=text(payload, "user_full_name")
    )


def _described(payload, merchant, line):
    """The description of a line: the merchant, its memo, and the route of a mileage claim."""
    parts = [merchant, line["description"]]
    if text(payload, "type") == "MILEAGE":
        places = " - ".join(filter(None, (text(payload, "start_location"), text(payload, "end_location"))))
        distance = payload.get("distance")
        parts += [places, f"distance {distance}" if distance else ""]
    return ", ".join(dict.fromkeys(filter(None, parts)))


def _settlement(payload, amount):
    """The payment, if it was made."""
    paid = day(payload, "payment_processed_at")
    if paid is None or text(payload, "state") in UNPAID_STATES:
        return None
    reference = text(payload, "payment_id") or text(part(payload, "trace_id"), "trace_id")
    return Settlement(date=paid, amount=amount, source=REIMBURSED, reference=reference)
