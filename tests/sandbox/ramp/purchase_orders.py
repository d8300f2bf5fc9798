"""Purchase orders (guide "Procurement")."""

import re
from datetime import date

from . import render
from .errors import BAD_DATA, PO_NUMBER_EXISTS, invalid, not_found, refuse
from .money import currency_amount, minor_units
from .orders_model import OrderLine, PurchaseOrder, receipt_status
from .organisation import check_entity
from .routes import equals, handlers, page_of, within
from .selections import read_selections
from .state import now

PLAIN_NUMBER = re.compile(r"[A-Za-z]*-?0*(\d+)")
DATES = ("promise_date", "spend_start_date", "spend_end_date")


def stored_number(number):
    """How Ramp stores a number, as seen on its own sandbox.

    ``PO000002`` becomes ``2``, ``PO000004-1`` stays, and a text without a numeric tail gets ``-1``.
    """
    plain = PLAIN_NUMBER.fullmatch(number)
    if plain:
        return plain[1]
    return number if re.search(r"\d$", number) else f"{number}-1"


@handlers("GET /purchase-orders")
def list_purchase_orders(call):
    """The default of ``three_way_match_enabled`` is false; taken at its word, it leaves out the three-way orders."""
    query, state = call.query, call.state
    given = equals(query, creation_source="creation_source", external_id="external_id", entity_id="entity_id")
    literal = call.sandbox.settings.po_list_obeys_default or "three_way_match_enabled" in call.request.args

    def keep(order):
        return (
            (query["include_archived"] or not order.archived_at)
            and (not literal or order.three_way_match_enabled == query["three_way_match_enabled"])
            and given(order)
            and within(query, "created_at", order.created_at)
            and query.get("remote_id") is None
            and query.get("spend_request_id") is None
            and query.get("receipt_status") in (None, receipt_status(order, receipts_of(state, order)))
        )

    return page_of(call, state.purchase_orders, lambda order: render_order(state, order), keep)


@handlers("POST /purchase-orders")
def create_purchase_order(call):
    state, body = call.state, call.body
    check_entity(state, body["entity_id"])
    if body.get("vendor_id") and body["vendor_id"] not in state.vendors:
        raise not_found("Vendor")
    external_id = body.get("external_id")
    if external_id and state.purchase_orders.first(lambda row: row.external_id == external_id):
        raise refuse(400, BAD_DATA, "A purchase order with this external_id exists.")
    order = PurchaseOrder(
        state.new_id("purchase-order"),
        _number(state, body.get("purchase_order_number")),
        body["currency"],
        body["entity_id"],
        now(),
        [new_line(state, item, body["currency"]) for item in body["line_items"]],
        vendor_id=body.get("vendor_id"),
        external_id=external_id,
        memo=body.get("memo"),
        net_payment_terms=body.get("net_payment_terms"),
        owner_id=body.get("owner_id"),
        three_way_match_enabled=body["three_way_match_enabled"],
        withholding_default_rate=body.get("withholding_default_rate"),
        coding=read_selections(state, body.get("accounting_field_selections")),
    )
    _set_dates(order, body)
    state.purchase_orders.add(order)
    _changed(call, order, "created", "create")
    return render_order(state, order)


@handlers("GET /purchase-orders/{purchase_order_id}")
def get_purchase_order(call):
    return render_detail(call.state, find_order(call))


@handlers("PATCH /purchase-orders/{purchase_order_id}")
def update_purchase_order(call):
    order, body = find_order(call), call.body
    coding = read_selections(call.state, body.get("accounting_field_selections"))
    if "accounting_field_selections" in body:
        order.coding = coding
    for name in ("memo", "withholding_default_rate"):
        if name in body:
            setattr(order, name, body[name])
    _set_dates(order, body)
    _changed(call, order, "updated", "update")
    return render_detail(call.state, order)


@handlers("POST /purchase-orders/{purchase_order_id}/archive")
def archive_purchase_order(call):
    """Final: from now on a 404, and the number is free again."""
    order = find_order(call)
    order.archived_at = now()
    _changed(call, order, "archived", "archive")


@handlers("POST /purchase-orders/{purchase_order_id}/line-items")
def add_lines(call):
    order = find_order(call)
    order.lines += [new_line(call.state, item, order.currency) for item in call.body["line_items"]]
    _changed(call, order, "updated", "update")
    return render_detail(call.state, order)


@handlers("PATCH /purchase-orders/{purchase_order_id}/line-items/{line_item_id}")
def update_line(call):
    order, body = find_order(call), call.body
    line = _find_line(call, order)
    coding = read_selections(call.state, body.get("accounting_field_selections"))
    if "unit_price" in body:
        line.unit_price = price(body["unit_price"], order.currency)
    if "accounting_field_selections" in body:
        line.coding = coding
    line.quantity = body.get("unit_quantity", line.quantity)
    line.description = body.get("description", line.description)
    line.withholding_rate = body.get("withholding_rate", line.withholding_rate)
    _changed(call, order, "updated", "update")
    return render_detail(call.state, order)


@handlers("DELETE /purchase-orders/{purchase_order_id}/line-items/{line_item_id}")
def delete_line(call):
    order = find_order(call)
    line = _find_line(call, order)
    if len(order.lines) == 1:
        raise refuse(400, BAD_DATA, "A purchase order needs a line.")
    order.lines.remove(line)
    _changed(call, order, "updated", "update")
    return render_detail(call.state, order)


# -- helpers -----------------------------------------------------------------------------------------------------------


def find_order(call):
    """An order that is not archived."""
    order = call.state.purchase_orders.get(call.path["purchase_order_id"])
    if order is None or order.archived_at:
        raise not_found("Purchase order")
    return order


def receipts_of(state, order):
    return [row for row in state.item_receipts if row.purchase_order_id == order.id and not row.archived_at]


def new_line(state, item, currency):
    """A line of a request; prices are decimals in major units."""
    return OrderLine(
        state.new_id("purchase-order-line"),
        item["unit_quantity"],
        price(item["unit_price"], currency),
        description=item.get("description"),
        external_id=item.get("external_id"),
        coding=read_selections(state, item.get("accounting_field_selections")),
        withholding_rate=item.get("withholding_rate"),
    )


def price(value, currency):
    try:
        return minor_units(value, currency)
    except ValueError as error:
        raise invalid(str(error), "unit_price") from error


def _find_line(call, order):
    line = order.line(call.path["line_item_id"])
    if line is None:
        raise not_found("Line item")
    return line


def _number(state, wanted):
    """The stored number, unique among the orders that are not archived; without one Ramp counts."""
    taken = {order.number for order in state.purchase_orders if not order.archived_at}
    if not wanted:
        return str(max((int(number) for number in taken if number.isdigit()), default=0) + 1)
    number = stored_number(wanted)
    if number in taken:
        raise refuse(400, PO_NUMBER_EXISTS, f"Purchase order number {number} already exists.")
    return number


def _set_dates(order, body):
    for name in DATES:
        if name in body:
            setattr(order, name, date.fromisoformat(body[name]) if body[name] else None)


def _changed(call, order, event, effect):
    call.sandbox.journal.effect(f"purchase_order.{effect}", order.id)
    call.state.emit(f"purchase_orders.{event}", order.id)


# -- wire forms --------------------------------------------------------------------------------------------------------


def render_order(state, order):
    receipts = receipts_of(state, order)
    bills = [bill.id for bill in state.bills_of(order.vendor_id) if order.id in bill.purchase_order_ids]
    return {
        "id": order.id,
        "purchase_order_number": order.number,
        "name": f"PO {order.number}",
        "external_id": order.external_id,
        "remote_id": None,
        "creation_source": order.creation_source,
        "amount": currency_amount(order.amount, order.currency),
        "spend_total_amount": None,
        "billing_status": "FULLY_BILLED" if bills else "OPEN",
        "receipt_status": receipt_status(order, receipts),
        "entity_id": order.entity_id,
        "vendor_id": order.vendor_id,
        "owner_id": order.owner_id,
        "user_id": order.owner_id,
        "memo": order.memo,
        "net_payment_terms": order.net_payment_terms,
        "promise_date": render.moment(order.promise_date),
        "spend_start_date": render.moment(order.spend_start_date),
        "spend_end_date": render.moment(order.spend_end_date),
        "created_at": render.moment(order.created_at),
        "archived_at": render.moment(order.archived_at),
        "three_way_match_enabled": order.three_way_match_enabled,
        "withholding_default_rate": _rate(order.withholding_default_rate),
        "accounting_field_selections": render.selections(state, order.coding),
        "bill_ids": bills,
        "item_receipt_ids": [receipt.id for receipt in receipts],
        "transaction_ids": [],
        "line_items": [_render_line(state, line, order.currency) for line in order.lines],
        "ramp_url": f"https://app.ramp.com/purchase-orders/{order.id}",
        **dict.fromkeys(
            (
                "ship_to_address",
                "ship_to_company_name",
                "shipping_contact_email",
                "shipping_contact_first_name",
                "shipping_contact_last_name",
                "shipping_contact_phone_number",
                "spend_program_id",
                "spend_request_id",
            )
        ),
    }


def render_detail(state, order):
    shown = render_order(state, order)
    lines = [{**line, "custom_field_values": []} for line in shown["line_items"]]
    return {**shown, "line_items": lines, "custom_form_collection_response": None}


def _render_line(state, line, currency):
    return {
        "id": line.id,
        "external_id": line.external_id,
        "remote_id": None,
        "description": line.description,
        "quantity": line.quantity,
        "unit_price": currency_amount(line.unit_price, currency),
        "amount": currency_amount(line.amount, currency),
        "start_date": None,
        "end_date": None,
        "withholding_rate": _rate(line.withholding_rate),
        "accounting_field_selections": render.selections(state, line.coding),
    }


def _rate(value):
    return None if value is None else str(value)
