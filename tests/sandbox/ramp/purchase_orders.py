"""Purchase orders (guide "Procurement")."""

import re
from datetime import date

from . import render
from .errors import BAD_DATA, PO_NUMBER_EXISTS, invalid, not_found, refuse
from .money import currency_amount, minor_units
from .orders_model import OrderLine, PurchaseOrder, receipt_status
from .organisation import check_entity
from .routes import Resource, assign, handlers
from .selections import read_selections
from .state import now
from .vendors import VENDORS

PLAIN_NUMBER = re.compile(r"[A-Za-z]*-?0*(\d+)")
DATES = ("promise_date", "spend_start_date", "spend_end_date")
MADE = "vendor_id external_id memo net_payment_terms owner_id withholding_default_rate"


def stored_number(number):
    """How Ramp stores a number, as seen on its own sandbox.

    ``PO000002`` becomes ``2``, ``PO000004-1`` stays, and a text without a numeric tail gets ``-1``.
    """
    plain = PLAIN_NUMBER.fullmatch(number)
    if plain:
        return plain[1]
    return number if re.search(r"\d$", number) else f"{number}-1"


# -- wire forms --------------------------------------------------------------------------------------------------------

ORDER = """
    id external_id creation_source entity_id vendor_id owner_id memo net_payment_terms promise_date spend_start_date
    spend_end_date created_at archived_at three_way_match_enabled
"""
NOT_IN_ORDER = """
    remote_id spend_total_amount ship_to_address ship_to_company_name shipping_contact_email
    shipping_contact_first_name shipping_contact_last_name shipping_contact_phone_number spend_program_id
    spend_request_id
"""


def render_order(state, order):
    receipts = receipts_of(state, order)
    bills = [bill.id for bill in state.bills_of(order.vendor_id) if order.id in bill.purchase_order_ids]
    return {
        **render.copied(order, ORDER),
        **dict.fromkeys(NOT_IN_ORDER.split()),
        "purchase_order_number": order.number,
        "name": f"PO {order.number}",
        "amount": currency_amount(order.amount, order.currency),
        "billing_status": "FULLY_BILLED" if bills else "OPEN",
        "receipt_status": receipt_status(order, receipts),
        "user_id": order.owner_id,
        "withholding_default_rate": _rate(order.withholding_default_rate),
        "accounting_field_selections": render.selections(state, order.coding),
        "bill_ids": bills,
        "item_receipt_ids": [receipt.id for receipt in receipts],
        "transaction_ids": [],
        "line_items": [_render_line(state, line, order.currency) for line in order.lines],
        "ramp_url": f"https://app.ramp.com/purchase-orders/{order.id}",
    }


def render_detail(state, order):
    shown = render_order(state, order)
    lines = [{**line, "custom_field_values": []} for line in shown["line_items"]]
    return {**shown, "line_items": lines, "custom_form_collection_response": None}


def _render_line(state, line, currency):
    return {
        **render.copied(line, "id external_id description"),
        **render.goods(line, currency),
        "amount": currency_amount(line.amount, currency),
        "withholding_rate": _rate(line.withholding_rate),
        "accounting_field_selections": render.selections(state, line.coding),
        **dict.fromkeys(("remote_id", "start_date", "end_date")),
    }


def _rate(value):
    return None if value is None else str(value)


# -- operations --------------------------------------------------------------------------------------------------------

ORDERS = Resource(
    "/purchase-orders/{purchase_order_id}",
    "purchase_orders",
    render_order,
    detail=render_detail,
    label="Purchase order",
    equal="creation_source external_id entity_id",
    tests={
        "include_archived": lambda order, wanted: wanted or not order.archived_at,
        # what no order here has
        "remote_id": lambda order, _wanted: False,
        "spend_request_id": lambda order, _wanted: False,
    },
    spans={"created_at": "created_at"},
    ends=True,
)


@handlers("GET /purchase-orders")
def list_purchase_orders(call):
    """The default of ``three_way_match_enabled`` is false; taken at its word, it leaves out the three-way orders."""
    query, state = call.query, call.state
    literal = call.sandbox.settings.po_list_obeys_default or "three_way_match_enabled" in call.request.args

    def keep(order):
        if literal and order.three_way_match_enabled != query["three_way_match_enabled"]:
            return False
        return query.get("receipt_status") in (None, receipt_status(order, receipts_of(state, order)))

    return ORDERS.page(call, keep)


@handlers("POST /purchase-orders")
def create_purchase_order(call):
    state, body = call.state, call.body
    check_entity(state, body["entity_id"])
    if body.get("vendor_id"):
        VENDORS.find(call, body["vendor_id"])
    external_id = body.get("external_id")
    if external_id and state.purchase_orders.first(lambda row: row.external_id == external_id):
        raise refuse(400, BAD_DATA, "A purchase order with this external_id exists.")
    number, lines = _number(state, body.get("purchase_order_number")), new_lines(call, body["currency"])
    order = PurchaseOrder(
        *(state.new_id("purchase-order"), number, body["currency"], body["entity_id"], now(), lines),
        three_way_match_enabled=body["three_way_match_enabled"],
        coding=read_selections(state, body.get("accounting_field_selections")),
        **{name: body.get(name) for name in MADE.split()},
    )
    _set_dates(order, body)
    state.purchase_orders.add(order)
    _changed(call, order, "created", "create")
    return render_order(state, order)


@handlers("PATCH /purchase-orders/{purchase_order_id}")
def update_purchase_order(call):
    order, body = ORDERS.find(call), call.body
    coding = read_selections(call.state, body.get("accounting_field_selections"))
    if "accounting_field_selections" in body:
        order.coding = coding
    assign(order, body, "memo withholding_default_rate")
    _set_dates(order, body)
    return _updated(call, order)


@handlers("POST /purchase-orders/{purchase_order_id}/archive")
def archive_purchase_order(call):
    """Final: from now on a 404, and the number is free again."""
    order = ORDERS.find(call)
    order.archived_at = now()
    _changed(call, order, "archived", "archive")


@handlers("POST /purchase-orders/{purchase_order_id}/line-items")
def add_lines(call):
    order = ORDERS.find(call)
    order.lines += new_lines(call, order.currency)
    return _updated(call, order)


@handlers("PATCH /purchase-orders/{purchase_order_id}/line-items/{line_item_id}")
def update_line(call):
    order, body = ORDERS.find(call), call.body
    line = _find_line(call, order)
    coding = read_selections(call.state, body.get("accounting_field_selections"))
    if "unit_price" in body:
        line.unit_price = price(body["unit_price"], order.currency)
    if "accounting_field_selections" in body:
        line.coding = coding
    line.quantity = body.get("unit_quantity", line.quantity)
    assign(line, body, "description withholding_rate")
    return _updated(call, order)


@handlers("DELETE /purchase-orders/{purchase_order_id}/line-items/{line_item_id}")
def delete_line(call):
    order = ORDERS.find(call)
    line = _find_line(call, order)
    if len(order.lines) == 1:
        raise refuse(400, BAD_DATA, "A purchase order needs a line.")
    order.lines.remove(line)
    return _updated(call, order)


# -- helpers -----------------------------------------------------------------------------------------------------------


def receipts_of(state, order):
    return [row for row in state.item_receipts if row.purchase_order_id == order.id and not row.archived_at]


def new_lines(call, currency):
    """The lines of a request; prices are decimals in major units."""
    state = call.state
    return [
        OrderLine(
            *(state.new_id("purchase-order-line"), item["unit_quantity"], price(item["unit_price"], currency)),
            coding=read_selections(state, item.get("accounting_field_selections")),
            **{name: item.get(name) for name in ("description", "external_id", "withholding_rate")},
        )
        for item in call.body["line_items"]
    ]


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


def _updated(call, order):
    _changed(call, order, "updated", "update")
    return render_detail(call.state, order)
