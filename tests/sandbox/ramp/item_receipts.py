"""Item receipts: goods that arrived for an order; made and deleted, never changed (guide "Procurement")."""

from datetime import date

from . import render
from .errors import BAD_DATA, invalid, refuse
from .model import INVENTORY_ITEM
from .money import currency_amount
from .orders_model import ItemReceipt, ReceiptLine
from .purchase_orders import ORDERS
from .routes import Resource, handlers
from .state import now


def render_receipt(state, receipt):
    order = state.purchase_orders.get(receipt.purchase_order_id)
    return {
        **render.copied(receipt, "id purchase_order_id received_at created_at archived_at memo"),
        "item_receipt_number": receipt.number,
        "remote_id": None,
        "documents": [],
        "line_items": [_render_line(state, order, line) for line in receipt.lines],
    }


def _render_line(state, order, line):
    ordered = order.line(line.purchase_order_line_item_id)
    price = ordered and ordered.unit_price
    worth = None if price is None or line.quantity is None else currency_amount(price * line.quantity, order.currency)
    return {
        **render.copied(line, "id purchase_order_line_item_id quantity"),
        "unit_price": None if price is None else currency_amount(price, order.currency),
        "amount": worth,
        "memo": None,
        "remote_id": None,
        "inventory_assignments": [
            {"expiration_date": None, **lot, "id": line.id, "quantity": str(lot["quantity"])}
            for lot in line.inventory_assignments
        ],
        "accounting_field_selections": render.selections(state, ordered.coding) if ordered else [],
    }


RECEIPTS = Resource(
    "/item-receipts/{item_receipt_id}",
    "item_receipts",
    render_receipt,
    label="Item receipt",
    equal="purchase_order_id",
    tests={
        "include_archived": lambda receipt, wanted: wanted or not receipt.archived_at,
        "purchase_order_line_item_id": lambda receipt, line_id: (
            line_id in [line.purchase_order_line_item_id for line in receipt.lines]
        ),
    },
    ends=True,
)


@handlers("GET /item-receipts")
def list_item_receipts(call):
    entity_id, orders = call.query.get("entity_id"), call.state.purchase_orders
    return RECEIPTS.page(call, lambda row: entity_id in (None, orders.get(row.purchase_order_id).entity_id))


@handlers("POST /item-receipts")
def create_item_receipt(call):
    state, body = call.state, call.body
    order = ORDERS.find(call, body["purchase_order_id"])
    receipt = ItemReceipt(
        *(state.new_id("item-receipt"), body["item_receipt_number"], order.id),
        *(date.fromisoformat(body["received_at"]), now()),
        [_new_line(state, order, item) for item in body["item_receipt_line_items"]],
        memo=body.get("memo"),
    )
    state.item_receipts.add(receipt)
    call.sandbox.journal.effect("item_receipt.create", receipt.id)
    state.emit("item_receipts.created", receipt.id)
    return render_receipt(state, receipt)


@handlers("DELETE /item-receipts/{item_receipt_id}")
def delete_item_receipt(call):
    receipt = RECEIPTS.find(call)
    receipt.archived_at = now()
    call.sandbox.journal.effect("item_receipt.delete", receipt.id)


def _new_line(state, order, item):
    ordered = order.line(item["purchase_order_line_item_id"])
    if ordered is None:
        raise invalid("Not a line of this purchase order.", "item_receipt_line_items", "purchase_order_line_item_id")
    quantity, lots = item.get("unit_quantity"), item.get("inventory_assignments") or []
    kinds = [state.options.get(option_id).field.kind for option_id in ordered.coding]
    if quantity is None and INVENTORY_ITEM in kinds:
        raise invalid("Needed for a line with an inventory item.", "item_receipt_line_items", "unit_quantity")
    if lots and sum(lot["quantity"] for lot in lots) != quantity:
        raise refuse(400, BAD_DATA, "The lots must sum to the quantity.")
    return ReceiptLine(state.new_id("item-receipt-line"), ordered.id, quantity, lots)
