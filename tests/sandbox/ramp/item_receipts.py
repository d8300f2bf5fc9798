"""Item receipts: goods that arrived for an order; made and deleted, never changed (guide "Procurement")."""

from datetime import date

from . import render
from .errors import BAD_DATA, invalid, not_found, refuse
from .model import INVENTORY_ITEM
from .money import currency_amount
from .orders_model import ItemReceipt, ReceiptLine
from .routes import equals, handlers, page_of
from .state import now


@handlers("GET /item-receipts")
def list_item_receipts(call):
    query, state = call.query, call.state
    given = equals(query, purchase_order_id="purchase_order_id")
    line_id, entity_id = query.get("purchase_order_line_item_id"), query.get("entity_id")

    def keep(receipt):
        return (
            (query["include_archived"] or not receipt.archived_at)
            and given(receipt)
            and (line_id is None or any(line.purchase_order_line_item_id == line_id for line in receipt.lines))
            and entity_id in (None, state.purchase_orders.get(receipt.purchase_order_id).entity_id)
        )

    return page_of(call, state.item_receipts, lambda row: render_receipt(state, row), keep)


@handlers("POST /item-receipts")
def create_item_receipt(call):
    state, body = call.state, call.body
    order = state.purchase_orders.get(body["purchase_order_id"])
    if order is None or order.archived_at:
        raise not_found("Purchase order")
    receipt = ItemReceipt(
        state.new_id("item-receipt"),
        body["item_receipt_number"],
        order.id,
        date.fromisoformat(body["received_at"]),
        now(),
        [_new_line(state, order, item) for item in body["item_receipt_line_items"]],
        memo=body.get("memo"),
    )
    state.item_receipts.add(receipt)
    call.sandbox.journal.effect("item_receipt.create", receipt.id)
    state.emit("item_receipts.created", receipt.id)
    return render_receipt(state, receipt)


@handlers("GET /item-receipts/{item_receipt_id}")
def get_item_receipt(call):
    return render_receipt(call.state, _find(call))


@handlers("DELETE /item-receipts/{item_receipt_id}")
def delete_item_receipt(call):
    receipt = _find(call)
    receipt.archived_at = now()
    call.sandbox.journal.effect("item_receipt.delete", receipt.id)


def _find(call):
    receipt = call.state.item_receipts.get(call.path["item_receipt_id"])
    if receipt is None or receipt.archived_at:
        raise not_found("Item receipt")
    return receipt


def _new_line(state, order, item):
    ordered = order.line(item["purchase_order_line_item_id"])
    if ordered is None:
        raise invalid("Not a line of this purchase order.", "item_receipt_line_items", "purchase_order_line_item_id")
    quantity, lots = item.get("unit_quantity"), item.get("inventory_assignments") or []
    if quantity is None and any(
        state.options.get(option_id).field.kind == INVENTORY_ITEM for option_id in ordered.coding
    ):
        raise invalid("Needed for a line with an inventory item.", "item_receipt_line_items", "unit_quantity")
    if lots and sum(lot["quantity"] for lot in lots) != quantity:
        raise refuse(400, BAD_DATA, "The lots must sum to the quantity.")
    return ReceiptLine(state.new_id("item-receipt-line"), ordered.id, quantity, lots)


def render_receipt(state, receipt):
    order = state.purchase_orders.get(receipt.purchase_order_id)
    return {
        "id": receipt.id,
        "item_receipt_number": receipt.number,
        "purchase_order_id": receipt.purchase_order_id,
        "received_at": render.moment(receipt.received_at),
        "created_at": render.moment(receipt.created_at),
        "archived_at": render.moment(receipt.archived_at),
        "memo": receipt.memo,
        "remote_id": None,
        "documents": [],
        "line_items": [_render_line(state, order, line) for line in receipt.lines],
    }


def _render_line(state, order, line):
    ordered = order.line(line.purchase_order_line_item_id)
    price = ordered and ordered.unit_price
    worth = None if price is None or line.quantity is None else currency_amount(price * line.quantity, order.currency)
    return {
        "id": line.id,
        "purchase_order_line_item_id": line.purchase_order_line_item_id,
        "quantity": line.quantity,
        "unit_price": None if price is None else currency_amount(price, order.currency),
        "amount": worth,
        "memo": None,
        "remote_id": None,
        "inventory_assignments": [
            {
                "id": line.id,
                "lot_number": lot["lot_number"],
                "quantity": str(lot["quantity"]),
                "expiration_date": lot.get("expiration_date"),
            }
            for lot in line.inventory_assignments
        ],
        "accounting_field_selections": render.selections(state, ordered.coding) if ordered else [],
    }
