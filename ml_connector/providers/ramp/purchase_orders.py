"""Purchase orders created in Ramp, into Odoo. Those sent by Odoo are not read."""

from decimal import Decimal

from ...core.documents import PurchaseOrder, PurchaseOrderLine
from ...core.errors import InvalidDataError
from ...core.messages import _
from ...core.wire import day, needed, rows, text
from .client import path_id
from .money import check_total, line_amount, read_money, read_number
from .pull_base import RampPull, since_moment
from .selections import coding, selections
from .vendors import vendor_of
from .wire import item, line_key, money_key, picked, required_id

OURS = frozenset({"DEVELOPER_API", "ACCOUNTING_PROVIDER"})
"""Orders that the accounting system sent to Ramp: Odoo does not read them."""
_ORDER_KEYS = (
    "archived_at",
    "billing_status",
    "memo",
    "net_payment_terms",
    "promise_date",
    "purchase_order_number",
    "vendor_id",
)
_LINE_KEYS = ("description", "id", "quantity")


class PurchaseOrders(RampPull):
    key = "orders"
    label = _("Purchase Orders")
    kind = "purchase_order"
    sequence = 25
    scopes = ("purchase_orders:read",)
    events = ("purchase_orders.created", "purchase_orders.updated", "purchase_orders.archived")
    active = False
    options = ("start_date", "order_product")
    help = _("Reads purchase orders created in Ramp (requires Ramp Plus). Orders that Odoo sent are not read.")

    def pull(self, cursor, since):
        # Ramp does not document whether a list without this filter includes orders with three-way match: read both.
        for matched in (False, True):
            found = self.client.pages(
                "/purchase-orders",
                creation_source="RAMP",
                three_way_match_enabled=matched,
                include_archived=True,
                entity_id=self.entity_id or None,
                from_created_at=since_moment(since, self.provider.zone),
            )
            yield from self.pages(
                found, lambda row, matched=matched: order_item(row) if self._is_wanted(row, matched) else None
            )

    def _is_wanted(self, row, matched=None):
        ours = row.get("creation_source") in OURS
        seen_before = matched and row.get("three_way_match_enabled") is False
        return self.concerns_us(row) and not ours and not seen_before

    def read(self, external_id):
        row = self.client.one(f"/purchase-orders/{path_id(external_id)}")
        return order_item(row) if self._is_wanted(row) else None

    def translate(self, payload):
        """A `PurchaseOrder` that was created in Ramp."""
        external_id = required_id(payload, _("the purchase order"))
        if text(payload, "creation_source") in OURS:
            raise InvalidDataError(
                _("The accounting system sent this purchase order to Ramp, so Odoo does not read it.")
            )
        total, currency = read_money(payload.get("amount"), _("the amount of the purchase order"))
        ordered = needed(day(payload, "created_at"), _("The purchase order has no date in Ramp."))
        lines = [_order_line(row, selections(payload), currency) for row in rows(payload, "line_items")]
        if not lines:
            raise InvalidDataError(_("The purchase order has no lines in Ramp."))
        unequal = _("The lines of the order add up to %(sum)s, but its total is %(total)s in Ramp.")
        check_total(sum(line.quantity * line.unit_price for line in lines), total, currency, unequal)
        terms = payload.get("net_payment_terms")
        return PurchaseOrder(
            external_id=external_id,
            number=text(payload, "purchase_order_number") or external_id[:8],
            vendor=vendor_of(payload, _("the purchase order")),
            order_date=ordered,
            currency=currency,
            lines=tuple(lines),
            promise_date=day(payload, "promise_date"),
            memo=text(payload, "memo"),
            payment_days=terms if isinstance(terms, int) and not isinstance(terms, bool) else None,
            state=_state(payload),
            url=text(payload, "ramp_url"),
        )


def order_item(row):
    content = {
        **picked(row, _ORDER_KEYS),
        "amount": money_key(row.get("amount")),
        "lines": [
            {**line_key(line), **picked(line, _LINE_KEYS), "price": money_key(line.get("unit_price"))}
            for line in rows(row, "line_items")
        ],
    }
    # Billing in Ramp does not change the order; only its end matters.
    content["billing_status"] = content.get("billing_status") in ("CLOSED", "DELETED")
    return item(row, content, str(row.get("purchase_order_number") or row.get("id")))


def _state(payload):
    if payload.get("archived_at"):
        return "cancelled"
    return "closed" if text(payload, "billing_status") in ("CLOSED", "DELETED") else "open"


def _order_line(row, header, currency):
    """A line with quantity and price; one piece at the amount if these are missing or do not match it."""
    foreign = _("A line of the order is in %(line_currency)s, but the order is in %(currency)s.")
    amount = line_amount(row, currency, foreign, _("the amount of an order line"))
    coded = coding(header, row)
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
        **coded,
    )
