"""What card transactions and reimbursements share: the card's codes, their lists, booking date and lines."""

from datetime import UTC, datetime
from decimal import Decimal

from ...core.documents import Reference
from ...core.errors import InvalidDataError
from ...core.messages import Amount, _
from ...core.remote import RemotePage
from ...core.split_amount import share
from ...core.wire import day, rows, text
from .money import currency_digits, read_money
from .pull_base import LOOK_BACK, READY, SYNCED, SyncedPull, since_moment
from .selections import coding, selections

CARD = Reference(kind="journal", external_id="card", name="Ramp card")
ISSUER = Reference(kind="vendor", external_id="card-issuer", name="Card issuer (Ramp)")
"""The contact that bills the cards."""


class SpendPull(SyncedPull):
    """Records that are ready to sync, and those synced recently, which may have changed."""

    selections = ({},)
    """Filters of the lists that together contain all of them."""

    def pull(self, cursor, since):
        if self.is_foreign:
            return
        for selection in self.selections:
            yield from self.selected(since, **selection)
            if cursor:
                begin = max(datetime.fromisoformat(cursor), datetime.now(UTC) - LOOK_BACK)
                yield from self.selected(since, SYNCED, **selection, synced_after=begin.isoformat())
        yield RemotePage(items=(), cursor=cursor or datetime.now(UTC).isoformat())

    def booked(self, since):
        begin = since_moment(since, self.provider.zone)
        for selection in self.selections:
            yield from self.selected(None, SYNCED, **selection, synced_after=begin)

    def is_due(self, row, status=READY):
        """Whether a row is ready or synced, on either list."""
        return self.concerns_us(row) and text(row, "sync_status") in (READY, SYNCED)

    def booking_date(self, row):
        return day(row, "accounting_date", "settlement_date", "transaction_date", "user_transaction_time", "created_at")


def settled(payload, keys, currency_key, what):
    """The amount that the company pays, of the first key with a value; else `amount`, which is in MAJOR units."""
    for key in keys:
        if payload.get(key) is not None:
            return read_money(payload[key], what)
    return read_money(payload.get("amount"), what, text(payload, currency_key))


def line_values(payload, total, currency, what):
    """Values of the lines, which add up to the total.

    Lines are in the merchant's currency; their amounts in the settled currency prevail if Ramp sends them. Rounding
    differences are distributed by largest remainder.
    """
    header, source = selections(payload), rows(payload, "line_items")
    if not source:
        return [{"amount": total, **coding(header, {}), "description": text(payload, "memo")}]
    return [
        {"amount": amount, **coding(header, row), "description": text(row, "memo")}
        for row, amount in zip(source, _amounts(source, total, currency, what), strict=True)
    ]


def _amounts(source, total, currency, what):
    weights, converted = _weights(source, currency)
    if converted:
        _check_rounding(weights, total, currency, what)
        if sum(weights) == total:
            return weights
    return [total] if len(source) == 1 else share(total, weights, currency_digits(currency))


def _weights(source, currency):
    """Amounts of the lines, and whether they are already in the settled currency."""
    settled = [row.get("converted_amount") for row in source]
    if all(amount is not None for amount in settled):
        read = [read_money(amount, _("the amount of a line")) for amount in settled]
    else:
        if any(row.get("amount") is None for row in source):
            raise InvalidDataError(_("A line has no amount in Ramp."))
        read = [read_money(row["amount"], _("the amount of a line")) for row in source]
    currencies = {line_currency for _amount, line_currency in read}
    if len(currencies) > 1:
        raise InvalidDataError(_("The lines are in several currencies: %(currencies)s.", currencies=sorted(currencies)))
    return [amount for amount, _currency in read], currencies == {currency}


def _check_rounding(amounts, total, currency, what):
    """Raise if lines in the settled currency differ from the total by more than the rounding of each."""
    unit = Decimal(1).scaleb(-currency_digits(currency))
    if abs(sum(amounts) - total) > unit * len(amounts):
        raise InvalidDataError(
            _(
                "The lines of %(record)s add up to %(sum)s, but its amount is %(total)s in Ramp.",
                record=what,
                sum=Amount(sum(amounts, Decimal(0)), currency),
                total=Amount(total, currency),
            )
        )
