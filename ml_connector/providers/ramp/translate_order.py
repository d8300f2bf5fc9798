"""Vendor credits and purchase orders to documents. Pure functions; see `translate`."""

from decimal import Decimal

from ...core.documents import Bill, BillLine, CreditApplication, Party, PurchaseOrder, PurchaseOrderLine
from ...core.errors import InvalidDataError
from ...core.messages import Amount, _
from .money import read_money, read_number
from .selections import coding, selections
from .wire import day, required_id, rows, text

OURS = frozenset({"DEVELOPER_API", "ACCOUNTING_PROVIDER"})
"""Orders that the accounting system sent to Ramp: Odoo does not read them."""


# Vendor credits


def vendor_credit(payload):
    """A `Bill` that is a credit note."""
    external_id = required_id(payload, _("the vendor credit"))
    total, currency = read_money(payload.get("total_amount"), _("the amount of the vendor credit"))
    lines = _credit_lines(payload, currency)
    if not lines:
        raise InvalidDataError(_("The vendor credit has no lines in Ramp. Add them there."))
    summed = sum(line.amount for line in lines)
    if summed != total:
        raise InvalidDataError(
            _(
                "The lines of the vendor credit add up to %(sum)s, but its total is %(total)s in Ramp.",
                sum=Amount(summed, currency),
                total=Amount(total, currency),
            )
        )
    made = day(payload, "accounting_date", "created_at")
    if made is None:
        raise InvalidDataError(_("The vendor credit has no date in Ramp."))
    return Bill(
        external_id=external_id,
        number=text(payload, "reference_number") or f"VC-{external_id[:8].upper()}",
        vendor=_vendor(payload, _("the vendor credit")),
        document_date=made,
        accounting_date=made,
        due_date=made,
        currency=currency,
        total=total,
        lines=tuple(lines),
        is_credit=True,
    )


def _credit_lines(payload, currency):
    header = selections(payload)
    lines = []
    for row in rows(payload, "expense_line_items") + rows(payload, "inventory_line_items"):
        amount, line_currency = read_money(row.get("amount"), _("the amount of a line"))
        if line_currency != currency:
            raise InvalidDataError(
                _(
                    "A line of the vendor credit is in %(line_currency)s, but the credit is in %(currency)s.",
                    line_currency=line_currency,
                    currency=currency,
                )
            )
        account, taxes, analytics = coding(header, row)
        lines.append(
            BillLine(amount=amount, description=text(row, "memo"), account=account, taxes=taxes, analytics=analytics)
        )
    return lines


def _vendor(payload, what):
    vendor_id = text(payload, "vendor_id")
    if not vendor_id:
        raise InvalidDataError(_("Ramp sent %(record)s without a vendor.", record=what))
    return Party(external_id=vendor_id)


def credit_application(payload):
    """A `CreditApplication`.

    :param payload: `{"credit_id", "number", "bill_id", "amount"}`
    """
    amount, currency = read_money(payload.get("amount"), _("the applied amount"))
    credit, bill = text(payload, "credit_id"), text(payload, "bill_id")
    return CreditApplication(
        external_id=f"{credit}:{bill}",
        credit=credit,
        bill=bill,
        amount=amount,
        currency=currency,
        number=text(payload, "number"),
    )


# Purchase orders


def purchase_order(payload):
    """A `PurchaseOrder` that was created in Ramp."""
    external_id = required_id(payload, _("the purchase order"))
    if text(payload, "creation_source") in OURS:
        raise InvalidDataError(_("The accounting system sent this purchase order to Ramp, so Odoo does not read it."))
    total, currency = read_money(payload.get("amount"), _("the amount of the purchase order"))
    ordered = day(payload, "created_at")
    if ordered is None:
        raise InvalidDataError(_("The purchase order has no date in Ramp."))
    lines = [_order_line(row, selections(payload), currency) for row in rows(payload, "line_items")]
    if not lines:
        raise InvalidDataError(_("The purchase order has no lines in Ramp."))
    summed = sum(line.quantity * line.unit_price for line in lines)
    if summed != total:
        raise InvalidDataError(
            _(
                "The lines of the order add up to %(sum)s, but its total is %(total)s in Ramp.",
                sum=Amount(summed, currency),
                total=Amount(total, currency),
            )
        )
    terms = payload.get("net_payment_terms")
    return PurchaseOrder(
        external_id=external_id,
        number=text(payload, "purchase_order_number") or external_id[:8],
        vendor=_vendor(payload, _("the purchase order")),
        order_date=ordered,
        currency=currency,
        lines=tuple(lines),
        promise_date=day(payload, "promise_date"),
        memo=text(payload, "memo"),
        payment_days=terms if isinstance(terms, int) and not isinstance(terms, bool) else None,
        state=_state(payload),
        url=text(payload, "ramp_url"),
    )


def _state(payload):
    if payload.get("archived_at"):
        return "cancelled"
    return "closed" if text(payload, "billing_status") in ("CLOSED", "DELETED") else "open"


def _order_line(row, header, currency):
    """A line with quantity and price; one piece at the amount if these are missing or do not match it."""
    amount, line_currency = read_money(row.get("amount"), _("the amount of an order line"))
    if line_currency != currency:
        raise InvalidDataError(
            _(
                "A line of the order is in %(line_currency)s, but the order is in %(currency)s.",
                line_currency=line_currency,
                currency=currency,
            )
        )
    account, taxes, analytics = coding(header, row)
    quantity, price = Decimal(1), amount
    if row.get("quantity") is not None and row.get("unit_price") is not None:
        stated = read_number(row["quantity"], _("the quantity of an order line"))
        unit_price, _currency = read_money(row["unit_price"], _("the price of an order line"))
        if stated > 0 and stated * unit_price == amount:
            quantity, price = stated, unit_price
    return PurchaseOrderLine(
        external_id=required_id(row, _("the order line")),
        description=text(row, "description"),
        quantity=quantity,
        unit_price=price,
        account=account,
        taxes=taxes,
        analytics=analytics,
    )
