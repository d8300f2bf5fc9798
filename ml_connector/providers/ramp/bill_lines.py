"""The lines of vendor bills."""

from decimal import Decimal

from ...core.documents import BillLine, Reference
from ...core.errors import InvalidDataError
from ...core.messages import Amount, _
from ...core.wire import needed, part, rows, text
from .money import check_total, line_amount, read_money, read_number, read_price
from .selections import coding, selections

RETAINAGE = Reference(kind="account", external_id="retainage", name="Retainage payable")
"""The account of amounts retained from bills until they are released to the vendor."""


def bill_lines(payload, total, currency):
    """The lines of a bill, which add up to its total."""
    lines = needed(_lines(payload, currency), _("The bill has no lines in Ramp. Add them there."))
    unequal = _("The lines of the bill add up to %(sum)s, but its total is %(total)s in Ramp.")
    check_total(sum(line.amount for line in lines), total, currency, unequal)
    return lines


def _lines(payload, currency):
    """The lines of both lists, in Ramp's order."""
    header = selections(payload)
    is_release = payload.get("is_withholding_release") is True
    lines = []
    retained = Decimal(0)
    for row in rows(payload, "line_items") + rows(payload, "inventory_line_items"):
        foreign = _("A line of the bill is in %(line_currency)s, but the bill is in %(currency)s.")
        amount = line_amount(row, currency, foreign)
        if is_release:
            # the cost was booked with the bill from which it was retained
            lines.append(BillLine(amount=amount, description=text(row, "memo"), account=RETAINAGE))
            continue
        owed, held = _retained(row, amount, currency)
        retained += held
        lines.append(
            BillLine(
                amount=owed,
                **coding(header, row),
                description=text(row, "memo"),
                order_line_key=text(row, "purchase_order_line_item_id"),
                quantity=_quantity(row),
                unit_price=read_price(row.get("unit_price"), _("the unit price of a line"), currency),
            )
        )
    if retained:
        lines.append(BillLine(amount=-retained, description="Retainage", account=RETAINAGE))
    return lines


def _quantity(row):
    value = row.get("quantity")
    return None if value in (None, "") else read_number(value, _("the quantity of a line"))


def _retained(row, amount, currency):
    """(owed amount of a line, retained part of it).

    Ramp does not document whether the amount of a line includes its retainage: its gross amount tells.

    :raises InvalidDataError: the amount fits neither
    """
    withholding = part(row, "withholding_line_item")
    if not withholding:
        return amount, Decimal(0)
    held, held_currency = read_money(withholding.get("withholding_amount"), _("the retainage of a line"))
    if not held:
        return amount, held
    gross, gross_currency = read_money(withholding.get("gross_amount"), _("the gross amount of a line with retainage"))
    if (held_currency, gross_currency) != (currency, currency) or amount not in (gross, gross - held):
        raise InvalidDataError(
            _(
                "A retainage of %(held)s from %(gross)s does not fit its line of %(amount)s. Enter the bill in Odoo"
                " manually, then ignore this transfer.",
                held=Amount(held, held_currency),
                gross=Amount(gross, gross_currency),
                amount=Amount(amount, currency),
            )
        )
    return gross, held
