"""Cashback of the cards, into Odoo."""

from ...core.documents import JournalEntry, JournalLine, Reference
from ...core.messages import _
from ...core.wire import needed
from .money import read_money
from .pull_base import SyncedPull
from .spend import ISSUER
from .wire import item, money_key, required_id

CASHBACK = Reference(kind="account", external_id="cashback", name="Ramp cashback")


class Cashbacks(SyncedPull):
    key = "cashbacks"
    path = "/cashbacks"
    label = _("Cashback")
    kind = "cashback"
    sequence = 56
    scopes = ("cashbacks:read",)
    options = ("post_bills", "lock_date_policy", "start_date")
    help = _("Books cashback as income owed by the card issuer.")
    sync_type = "STATEMENT_CREDIT_SYNC"

    def item(self, row):
        content = [row.get("created_at"), money_key(row.get("amount"))]
        return item(row, content, f"Cashback {str(row.get('created_at'))[:10]}")

    def translate(self, payload):
        """The `JournalEntry` of a cashback: income that the issuer owes."""
        amount, currency = read_money(payload.get("amount"), _("the amount of the cashback"))
        when = needed(self.booking_date(payload), _("The cashback has no date in Ramp."))
        external_id = required_id(payload, _("the cashback"))
        return JournalEntry(
            external_id=external_id,
            number=f"Cashback {when:%Y-%m-%d}",
            document_date=when,
            currency=currency,
            lines=(
                JournalLine(amount=amount, account=ISSUER, description="Ramp cashback"),
                JournalLine(amount=-amount, account=CASHBACK, description="Ramp cashback"),
            ),
        )
