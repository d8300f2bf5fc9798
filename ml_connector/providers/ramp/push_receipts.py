"""Receipts of goods on purchase orders (Ramp Plus). Ramp cannot change one: another one is made, and it is deleted."""

from contextlib import nullcontext
from decimal import Decimal

from ...core.errors import InvalidDataError, NotFoundError
from ...core.provider import SendResult
from ...core.undone import undone
from .flows import DRAFT
from .push_base import Push, new_id

SEPARATOR = ","


class Receipts(Push):
    """`/item-receipts`, one for each order of a receipt. Ours are known by order and number."""

    def render(self, document):
        orders = {}
        for line in document.lines:
            orders.setdefault(line.purchase_order_external_id, []).append(self._line(line))
        if any(order.startswith(DRAFT) for order in orders):
            raise InvalidDataError(
                f"The order of {document.number} is a draft bill in Ramp, which takes no receipts of goods."
            )
        return {
            "number": document.number,
            "received_at": document.received_on.isoformat(),
            "orders": [{"order": order, "lines": lines} for order, lines in orders.items()],
        }

    def _line(self, line):
        if line.quantity != line.quantity.to_integral_value() and line.quantity != line.ordered:
            raise InvalidDataError(
                f"Ramp takes whole quantities only, but {_plain(line.quantity)} of {line.name} was received: enter the "
                "receipt in Ramp, then ignore this row."
            )
        return {
            "line": self.handles.of("purchase_order_line", line.purchase_order_line_odoo_id),
            "quantity": _plain(line.quantity),
            "ordered": _plain(line.ordered) if line.ordered is not None else "",
            "name": line.name,
        }

    def send(self, payload, external_id, key):
        """Receipts that are right stay, what is missing is made, and then the others of ours go.

        In this order, so that what Ramp refuses leaves there what was received before.
        """
        kept, missing = [], []
        surplus = set(filter(None, external_id.split(SEPARATOR)))
        for entry in payload["orders"]:
            wanted = self._wanted(payload, entry)
            rows = self._ours(entry["order"], payload["number"])
            right = [row["id"] for row in rows if wanted and _lines_of(row) == _lines_of(wanted)][:1]
            surplus.update(row["id"] for row in rows)
            kept += right
            if wanted and not right:
                missing.append(wanted)
        task = f"The receipt {payload['number']} is not as in Odoo: correct it in Ramp, where bills are matched by it"
        with undone(task, "Ramp") if surplus else nullcontext():
            kept += [new_id(self.client.create_item_receipt(wanted), "receipt") for wanted in missing]
            self._delete(surplus - set(kept))
        if kept:
            return SendResult(external_id=SEPARATOR.join(kept))
        return SendResult(
            external_id=external_id or f"none:{payload['number']}",
            note="All of it was returned, so Ramp has no receipt of it.",
        )

    def find(self, payload, key):
        """Only what is complete counts; otherwise sending again completes it, because it looks first."""
        found = []
        for entry in payload["orders"]:
            wanted = self._wanted(payload, entry)
            rows = [
                row
                for row in self._ours(entry["order"], payload["number"])
                if wanted and _lines_of(row) == _lines_of(wanted)
            ]
            if not rows:
                return None
            found.append(rows[0]["id"])
        return SendResult(external_id=SEPARATOR.join(found))

    def heard(self, receipt_id):
        """A receipt that was entered in Ramp: Odoo's own of the same goods would be one too many there."""
        row = self.client.item_receipt(receipt_id)
        number, order = row.get("item_receipt_number") or receipt_id, row.get("purchase_order_id")
        if not order or row.get("memo") == _memo(number):
            return None
        day = str(row.get("received_at") or row.get("created_at") or "")[:10]
        return (
            "purchase_order",
            order,
            f"Goods were received by hand in Ramp on {day} (receipt {number}): enter them in Odoo, and delete the"
            " receipt in Ramp, because Odoo sends its own.",
        )

    def _wanted(self, payload, entry):
        """The body of a receipt; None when nothing of it is left."""
        try:
            order = self.client.purchase_order(entry["order"])
        except NotFoundError:
            raise InvalidDataError(
                f"The purchase order of {payload['number']} is archived in Ramp, which takes no receipt for it."
            ) from None
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
        theirs = ordered.get(line["line"])
        if theirs is None:
            raise InvalidDataError(f"The purchase order has no line for {line['name']} in Ramp: send the order again.")
        quantity = Decimal(line["quantity"])
        in_one_piece = line["ordered"] and Decimal(str(theirs.get("quantity") or 0)) == 1 != Decimal(line["ordered"])
        if in_one_piece:
            if quantity != Decimal(line["ordered"]):
                raise InvalidDataError(
                    f"Ramp has {line['name']} as one piece, because it takes whole quantities only, so a part of it "
                    "cannot be received: enter the receipt in Ramp, then ignore this row."
                )
            quantity = Decimal(1)
        return {"purchase_order_line_item_id": theirs["id"], "unit_quantity": int(quantity)}

    def _ours(self, order, number):
        pages = self.client.item_receipts(purchase_order_id=order)
        return [
            row
            for rows in pages
            for row in rows
            if row.get("purchase_order_id") == order and row.get("item_receipt_number") == number
        ]

    def _delete(self, receipts):
        for receipt in sorted(receipts):
            try:
                self.client.delete_item_receipt(receipt)
            except NotFoundError:
                continue


def _memo(number):
    """By which a receipt of ours is known."""
    return f"Odoo {number}"


def _lines_of(receipt):
    """What a receipt says, alike for one that we send and for one that Ramp shows."""
    rows = receipt.get("item_receipt_line_items") or receipt.get("line_items") or ()
    return sorted(
        (row["purchase_order_line_item_id"], int(row.get("unit_quantity") or row.get("quantity") or 0)) for row in rows
    )


def _plain(number):
    return format(number.normalize(), "f")
