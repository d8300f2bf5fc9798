"""Card transactions, into Odoo."""

from ...core.documents import Expense, ExpenseLine, Reference
from ...core.errors import InvalidDataError
from ...core.messages import _
from ...core.wire import day, needed, part, rows, text
from .money import read_money
from .pull_base import SYNCED
from .receipts import receipts
from .spend import CARD, SpendPull, line_values, settled
from .wire import coding_key, full_name, item, line_key, money_key, picked, required_id

# Without states and time stamps: progress in Ramp after the booking is no change.
_TRANSACTION_KEYS = ("accounting_date", "amount", "currency_code", "memo", "merchant_name", "original_transaction_id")


class CardTransactions(SpendPull):
    """Synced card transactions may get another memo."""

    key = "transactions"
    path = "/transactions"
    label = _("Card Transactions")
    kind = "expense"
    sequence = 53
    scopes = ("transactions:read",)
    events = (
        *("transactions.ready_to_sync", "transactions.cleared", "transactions.body_coding_updated"),
        *("transactions.all_requirements_met_and_approved_changed", "transactions.sync_requested"),
        "transactions.synced",
    )
    files = "receipts"
    options = ("post_bills", "lock_date_policy", "start_date", "expense_mode", "create_vendors")
    help = _("Reads card transactions that are ready to sync as expenses, journal entries or vendor bills.")
    sync_type = "TRANSACTION_SYNC"

    def item(self, row):
        content = {
            **picked(row, _TRANSACTION_KEYS),
            "entity_amount": money_key(row.get("entity_amount")),
            "holder": picked(row.get("card_holder"), ("user_id",)),
            "coding": coding_key(row),
            "lines": [
                {**line_key(line), "converted": money_key(line.get("converted_amount"))}
                for line in rows(row, "line_items")
            ],
        }
        title = " - ".join(str(part) for part in (row.get("merchant_name"), row.get("memo")) if part)
        return item(row, content, title)

    def translate(self, payload):
        """An `Expense` of a card transaction; refunds are negative."""
        external_id = required_id(payload, _("the transaction"))
        amount, currency = settled(payload, ("entity_amount",), "currency_code", _("the amount of the transaction"))
        if not amount:
            raise InvalidDataError(_("The amount of the transaction is zero. Odoo does not book it."))
        happened = day(payload, "user_transaction_time", "settlement_date", "accounting_date")
        if happened is None:
            raise InvalidDataError(_("The transaction has no date in Ramp."))
        charged, charged_currency = _original(payload)
        return Expense(
            external_id=external_id,
            employee=holder(part(payload, "card_holder")),
            document_date=happened,
            accounting_date=self.booking_date(payload),
            currency=currency,
            amount=amount,
            lines=tuple(ExpenseLine(**line) for line in line_values(payload, amount, currency, _("the transaction"))),
            card=CARD,
            merchant=text(payload, "merchant_name", "merchant_descriptor"),
            merchant_id=text(payload, "merchant_id"),
            memo=text(payload, "memo"),
            merchant_amount=charged if charged_currency != currency else None,
            merchant_currency=charged_currency if charged_currency != currency else "",
            refunds=text(payload, "original_transaction_id") if amount < 0 else "",
            statement=text(payload, "statement_id"),
            is_exported=text(payload, "sync_status") == SYNCED,
            attachments=receipts(payload),
        )


def _original(payload):
    if payload.get("original_transaction_amount") is None:
        return None, text(payload, "currency_code")
    return read_money(payload["original_transaction_amount"], _("the amount that the merchant charged"))


def holder(source):
    """The employee of a card holder."""
    user_id = needed(text(source, "user_id"), _("The transaction has no card holder in Ramp."))
    return Reference(kind="employee", external_id=user_id, name=full_name(source))
