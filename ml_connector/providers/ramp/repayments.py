"""Repayments of card transactions by employees, into Odoo."""

from ...core.documents import JournalEntry, JournalLine, Reference
from ...core.errors import InvalidDataError
from ...core.messages import _
from ...core.split_amount import share
from ...core.wire import day, needed, part, text
from .card_transactions import CardTransactions
from .money import currency_digits, read_money
from .pull_base import PARALLEL_READS, RampPull, since_moment
from .wire import first_match, item, picked, required_id

REPAYMENTS = Reference(kind="journal", external_id="repayments", name="Repayments of employees")
"""The journal of employees' repayments of card transactions."""
UNCODED = Reference(kind="account", external_id="uncoded", name="Uncoded card spend")
"""The cost of a card transaction without an account: Odoo knows the account on which it booked it."""
REPAID = "REPAID"


class Repayments(RampPull):
    """Completed repayments. Ramp has no sync status for them: only the record links tell which are booked."""

    key = "repayments"
    label = _("Repayments")
    kind = "repayment"
    sequence = 60
    interval = 4 * 60
    scopes = ("repayments:read", "transactions:read")
    options = ("post_bills", "lock_date_policy", "start_date")
    help = _("Books repayments of card transactions by employees. Ramp accepts no results for them.")

    def pull(self, cursor, since):
        if self.is_foreign:
            return
        # Without a date, Ramp also lists requested repayments.
        begin = since_moment(since, self.provider.zone) or "1970-01-01T00:00:00+00:00"
        found = self.client.pages("/repayments", from_repaid_at=begin)
        yield from self.pages(found, self._wanted, parallel=PARALLEL_READS)

    def _wanted(self, row):
        is_made = text(row, "status") == REPAID and self.concerns_us(row)
        return self._item(row) if is_made else None

    def _item(self, row):
        spent = self.client.found("/transactions", row.get("original_transaction_id")) or {}
        content = [picked(row, ("status", "repaid_at", "repayment_amount", "original_transaction_id"))]
        merchant = spent.get("merchant_name") or ""
        return item(row, content, f"Repayment {merchant}".strip(), {"repayment": row, "transaction": spent})

    def read(self, external_id):
        found = first_match(self.client.rows("/repayments"), "id", external_id)
        return self._wanted(found) if found else None

    def translate(self, payload):
        """The `JournalEntry` of a repayment: it books the money and reverses the cost of the card transaction.

        :param payload: `{"repayment", "transaction"}`
        """
        row = part(payload, "repayment")
        external_id = required_id(row, _("the repayment"))
        if text(row, "status") != REPAID:
            raise InvalidDataError(_("The repayment is not completed in Ramp."))
        amount, currency = read_money(row.get("repayment_amount"), _("the amount of the repayment"))
        when = needed(day(row, "repaid_at"), _("The repayment has no date in Ramp."))
        if not part(payload, "transaction"):
            raise InvalidDataError(_("The repayment has no card transaction in Ramp."))
        spent = self.provider.flow(CardTransactions.key).translate(part(payload, "transaction"))
        source = _source(text(row, "funding_method"))
        what = " ".join(filter(None, ("Repayment of", spent.merchant, spent.memo)))
        return JournalEntry(
            external_id=external_id,
            number=f"RPY-{external_id[:8].upper()}",
            document_date=when,
            currency=currency,
            journal=source,
            lines=(
                JournalLine(amount=amount, account=source, description=what),
                *_reversed_cost(spent, amount, currency, what),
            ),
            memo=what,
            follows=spent.external_id,
        )


def _source(method):
    name = f"{REPAYMENTS.name} ({method})" if method else REPAYMENTS.name
    return Reference(kind="journal", external_id=f"{REPAYMENTS.external_id}:{method}", name=name)


def _reversed_cost(spent, amount, currency, what):
    """The repaid part of each line of the card transaction."""
    if spent.currency != currency:
        raise InvalidDataError(
            _(
                "The repayment is in %(currency)s, but its transaction is in %(other)s.",
                currency=currency,
                other=spent.currency,
            )
        )
    parts = share(amount, [line.amount for line in spent.lines], currency_digits(currency))
    return [
        JournalLine(amount=-paid, account=line.account or UNCODED, analytics=line.analytics, description=what)
        for line, paid in zip(spent.lines, parts, strict=True)
    ]
