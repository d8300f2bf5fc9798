"""Odoo's goods receipts of purchase orders, to Ramp Plus. Ramp cannot change one: another one replaces it."""

from contextlib import nullcontext, suppress
from decimal import Decimal

from ...core.errors import InvalidDataError, NotFoundError, undone
from ...core.flow import PushFlow
from ...core.messages import _
from ...core.remote import SendResult
from ...core.wire import iso_day
from .client import path_id
from .drafts import DRAFT
from .push_base import PLUS
from .wire import new_id

SEPARATOR = ","


class GoodsReceiptsPush(PushFlow):
    """One item receipt for each order of a receipt. Order and number identify those of Odoo."""

    key = "receipts_push"
    label = _("Goods Receipts to Ramp")
    help = _("Sends received quantities less returns. Ramp accepts whole quantities only.")
    kind = "goods_receipt"
    sequence = 190
    active = False
    scopes = ("purchase_orders:read", "item_receipts:read", "item_receipts:write")
    needs = (PLUS,)
    events = ("item_receipts.created",)
    options = ("start_date",)
    watches = "stock.picking"

    def render(self, document):
        orders = {}
        for line in document.lines:
            orders.setdefault(line.purchase_order_external_id, []).append(self._line(line))
        if any(order.startswith(DRAFT) for order in orders):
            raise InvalidDataError(
                _(
                    "The order of %(receipt)s is a draft bill in Ramp. Ramp accepts goods receipts for purchase orders"
                    " only.",
                    receipt=document.number,
                )
            )
        return {
            "number": document.number,
            "received_at": document.received_on.isoformat(),
            "orders": [{"order": order, "lines": lines} for order, lines in orders.items()],
        }

    def _line(self, line):
        if line.quantity != line.quantity.to_integral_value() and line.quantity != line.ordered:
            raise InvalidDataError(
                _(
                    "%(quantity)s of %(product)s was received, but Ramp accepts whole quantities only. Enter the"
                    " receipt in Ramp, then ignore this transfer.",
                    quantity=_plain(line.quantity),
                    product=line.name,
                )
            )
        return {
            "line": self.provider.handles.of("purchase_order_line", line.purchase_order_line_odoo_id),
            "quantity": _plain(line.quantity),
            "ordered": _plain(line.ordered) if line.ordered is not None else "",
            "name": line.name,
        }

    def send(self, payload, external_id, key):
        """Keep the correct receipts, create the missing ones, then delete the others of Odoo.

        In this order, so that a refusal leaves the earlier receipts in Ramp.
        """
        kept, missing = [], []
        surplus = set(filter(None, external_id.split(SEPARATOR)))
        for entry in payload["orders"]:
            wanted = self._wanted(payload, entry)
            rows = self._ours(entry["order"], payload["number"])
            right = _right(rows, wanted)
            surplus.update(row["id"] for row in rows)
            kept += right
            if wanted and not right:
                missing.append(wanted)
        task = _(
            "Goods receipt %(receipt)s differs from Odoo. Correct it in Ramp, because Ramp matches bills with it.",
            receipt=payload["number"],
        )
        with undone(task, "Ramp") if surplus else nullcontext():
            kept += [new_id(self.client.create("/item-receipts", wanted)) for wanted in missing]
            self._delete(surplus - set(kept))
        if kept:
            return SendResult(external_id=SEPARATOR.join(kept))
        return SendResult(
            external_id=external_id or f"none:{payload['number']}",
            note=_("All goods were returned, so Ramp has no receipt."),
        )

    def find(self, payload, key):
        """Only complete receipts count; sending completes partial ones, because it checks first."""
        found = []
        for entry in payload["orders"]:
            wanted = self._wanted(payload, entry)
            right = _right(self._ours(entry["order"], payload["number"]), wanted)
            if not right:
                return None
            found += right
        return SendResult(external_id=SEPARATOR.join(found))

    def manual_change(self, receipt_id):
        """A receipt that a user entered in Ramp: together with Odoo's own, Ramp would count the goods twice."""
        row = self.client.get(f"/item-receipts/{path_id(receipt_id)}")
        number, order = row.get("item_receipt_number") or receipt_id, row.get("purchase_order_id")
        if not order or row.get("memo") == _memo(number):
            return None
        day = str(row.get("received_at") or row.get("created_at") or "")[:10]
        return (
            "purchase_order",
            order,
            _(
                "Goods receipt %(receipt)s was entered in Ramp on %(day)s. Enter it in Odoo and delete it in Ramp,"
                " because Odoo sends its own.",
                receipt=number,
                day=iso_day(day) or day,
            ),
        )

    def _wanted(self, payload, entry):
        """The body of a receipt; None if all goods were returned."""
        order = self.client.found("/purchase-orders", entry["order"])
        if order is None:
            raise InvalidDataError(
                _(
                    "The purchase order of %(receipt)s is archived in Ramp. Ramp accepts no receipt for it.",
                    receipt=payload["number"],
                )
            )
        ordered = {line.get("external_id"): line for line in order.get("line_items") or ()}
        lines = [self._wire_line(line, ordered) for line in entry["lines"] if Decimal(line["quantity"]) > 0]
        if not lines:
            return None
        return {
            "purchase_order_id": entry["order"],
            "item_receipt_number": payload["number"],
            "received_at": payload["received_at"],
            "memo": _memo(payload["number"]),
            "item_receipt_line_items": lines,
        }

    def _wire_line(self, line, ordered):
        ramp_line = ordered.get(line["line"])
        if ramp_line is None:
            raise InvalidDataError(
                _("The purchase order has no line for %(product)s in Ramp. Send the order again.", product=line["name"])
            )
        quantity = Decimal(line["quantity"])
        in_one_piece = line["ordered"] and Decimal(str(ramp_line.get("quantity") or 0)) == 1 != Decimal(line["ordered"])
        if in_one_piece:
            if quantity != Decimal(line["ordered"]):
                raise InvalidDataError(
                    _(
                        "Ramp has %(product)s as one piece, because it accepts whole quantities only. Enter the partial"
                        " receipt in Ramp, then ignore this transfer.",
                        product=line["name"],
                    )
                )
            quantity = Decimal(1)
        return {"purchase_order_line_item_id": ramp_line["id"], "unit_quantity": int(quantity)}

    def _ours(self, order, number):
        rows = self.client.rows("/item-receipts", purchase_order_id=order)
        return [
            row for row in rows if row.get("purchase_order_id") == order and row.get("item_receipt_number") == number
        ]

    def _delete(self, receipts):
        for receipt in sorted(receipts):
            with suppress(NotFoundError):
                self.client.change("DELETE", f"/item-receipts/{path_id(receipt)}")


def _memo(number):
    """The memo that identifies a receipt of Odoo."""
    return f"Odoo {number}"


def _right(rows, wanted):
    """The ID of a receipt as wanted, in a list, which is empty without one."""
    return [row["id"] for row in rows if wanted and _lines_of(row) == _lines_of(wanted)][:1]


def _lines_of(receipt):
    """Lines and quantities of a receipt, whether it is sent or read."""
    rows = receipt.get("item_receipt_line_items") or receipt.get("line_items") or ()
    return sorted(
        (row["purchase_order_line_item_id"], int(row.get("unit_quantity") or row.get("quantity") or 0)) for row in rows
    )


def _plain(number):
    return format(number.normalize(), "f")
