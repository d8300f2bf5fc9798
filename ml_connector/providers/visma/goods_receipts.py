"""Goods receipts of purchase orders that exist in Visma.net.

A receipt is created empty, with a mark of Odoo in its free field 1. Then it gets lines of the orders and Odoo's
quantities, and is released. Only missing steps are done, so an incomplete receipt is completed. A released receipt
cannot be changed: a return is entered in Visma.net manually.
"""

from decimal import Decimal

from ...core.errors import ConflictError, InvalidDataError, NotFoundError, RemoteError
from ...core.messages import _
from ...core.remote import SendResult
from ...core.wire import amount, part, rows, text
from . import purchase_orders
from .bill_release import release_pending
from .client import path_id, wait_until
from .push import REFUSALS, VismaPush
from .wire import moment_of, wrapped

PATH, READ_PATH = "/v1/PurchaseReceipt", "/v2/PurchaseReceipt"
"""Receipts are read with another version of the API than they are written with."""
RELEASED, CANCELLED = "Released", "Cancelled"
RELEASE_SECONDS = 8


class GoodsReceiptsPush(VismaPush):
    key = "receipts_push"
    label = _("Goods Receipts to Visma.net")
    kind = "goods_receipt"
    sequence = 115
    watches = "stock.picking"
    options = ("start_date",)
    help = _("Creates goods receipts of purchase orders that exist in Visma.net. Enter returns there manually.")

    def render(self, document):
        orders = {}
        for line in document.lines:
            if line.quantity:
                lines = orders.setdefault(line.purchase_order_external_id, {})
                lines[str(line.purchase_order_line_odoo_id)] = format(line.quantity, "f")
        return {
            "mark": f"{self.provider.mark}receipt:{document.odoo_id}",
            "number": document.number,
            "date": document.received_on.isoformat(),
            "orders": orders,
        }

    def send(self, payload, external_id, key):
        if not payload["orders"]:
            return self._nothing_left(payload, external_id)
        wanted, supplier = self._wanted(payload)
        number = self._known(payload, supplier)
        if not number:
            body = wrapped(
                {
                    "receiptType": "PoReceipt",
                    "hold": True,
                    "date": moment_of(payload["date"]),
                    "supplierId": supplier,
                    # Odoo sends the bill
                    "createBill": False,
                    "supplierRef": payload["number"],
                    "customStr1": payload["mark"],
                }
            )
            number = self.created(PATH, body, lambda: self._known(payload, supplier))
        return self._complete(payload, number, wanted)

    def find(self, payload, key):
        """The receipt, completed; none if everything was returned."""
        if not payload["orders"]:
            return None
        wanted, supplier = self._wanted(payload)
        number = self._known(payload, supplier)
        return self._complete(payload, number, wanted) if number else None

    def _wanted(self, payload):
        """{(order, number of its line): quantity}, and the supplier.

        :raises InvalidDataError: Visma does not have an order or a line
        """
        wanted, supplier = {}, ""
        for order, quantities in payload["orders"].items():
            try:
                row = self.client.one(purchase_orders.path_of(order), includeCustomFreeFields=True).data
            except NotFoundError as error:
                raise InvalidDataError(
                    _("The purchase order %(order)s no longer exists in Visma.net.", order=order)
                ) from error
            supplier = text(part(row, "supplier"), "number")
            numbers = {text(line, "customStr1"): text(line, "lineNbr") for line in rows(row, "lines")}
            for line_id, quantity in quantities.items():
                if line_id not in numbers:
                    raise InvalidDataError(
                        _(
                            "A line of %(receipt)s is not on the purchase order %(order)s in Visma.net.",
                            receipt=payload["number"],
                            order=order,
                        )
                    )
                wanted[order, numbers[line_id]] = Decimal(quantity)
        return wanted, supplier

    def _known(self, payload, supplier):
        """The number of the receipt with the mark; empty when there is none."""
        found = self.with_mark(READ_PATH, payload, supplier, "receiptDate")
        return text(next((row for row in found if text(row, "status") != CANCELLED), {}), "receiptNbr")

    def _read(self, number):
        return self.client.one(f"{READ_PATH}/{path_id(number)}").data

    # Step by step

    def _complete(self, payload, number, wanted):
        row = self._read(number)
        if text(row, "status") == RELEASED:
            return self._after_release(payload, row, wanted)
        try:
            self._release(payload, row, wanted)
        except REFUSALS:
            # an earlier release may have ended since, after which Visma refuses each step
            row = self._read(number)
            if text(row, "status") != RELEASED:
                raise
            return self._after_release(payload, row, wanted)
        return SendResult(external_id=number)

    def _release(self, payload, row, wanted):
        number = text(row, "receiptNbr")
        path = f"{PATH}/{path_id(number)}"
        if missing := wanted.keys() - _quantities(row).keys():
            self.client.act(f"{path}/action/addpurchaseorderlines", _lines_to_add(missing))
            row = self._read(number)
        body = _corrections(row, wanted)
        self.client.update(path, {**wrapped({"hold": False}), **body})
        self._check(payload, self._read(number), wanted)
        self.client.act(f"{path}/action/release")
        if not wait_until(lambda: text(self._read(number), "status") == RELEASED, RELEASE_SECONDS):
            raise RemoteError(release_pending(number))

    def _check(self, payload, row, wanted):
        """:raises InvalidDataError: Visma ignored lines or quantities; nothing is released"""
        if _quantities(row) == wanted:
            return
        missing = len(wanted.keys() - _quantities(row).keys())
        number = text(row, "receiptNbr")
        problem = (
            _("Missing lines: %(missing)s of %(lines)s.", missing=missing, lines=len(wanted))
            if missing
            else _("The quantities differ.")
        )
        raise InvalidDataError(
            _(
                "Visma.net did not store the receipt %(receipt)s as Odoo sent it (%(number)s). %(problem)s Odoo sends "
                "order lines as services. Allow services on receipts in the purchase order preferences of Visma.net.",
                receipt=payload["number"],
                number=number,
                problem=problem,
            )
        )

    def _after_release(self, payload, row, wanted):
        number = text(row, "receiptNbr")
        if _quantities(row) == wanted:
            return SendResult(external_id=number)
        raise ConflictError(
            _(
                "The receipt %(receipt)s has other quantities in Odoo than %(number)s in Visma.net, which is released. "
                "Enter the difference in Visma.net manually, then ignore this transfer.",
                receipt=payload["number"],
                number=number,
            )
        )

    def _nothing_left(self, payload, external_id):
        if not external_id or external_id.startswith("none:"):
            return SendResult(
                external_id=f"none:{payload['number']}", note=_("All goods of the receipt were returned.")
            )
        message = _(
            "Goods of the receipt %(number)s were returned in Odoo, but Visma.net's API cannot reverse a released "
            "receipt. Enter the return in Visma.net manually.",
            number=external_id,
        )
        return SendResult(external_id=external_id, note=message, message=message)


def _quantities(row):
    """{(order, number of its line): quantity} of a receipt."""
    return {
        (text(line, "poOrderNbr"), text(line, "poOrderLineNbr")): amount(line, "receiptQty")
        for line in rows(row, "lines")
    }


def _lines_to_add(keys):
    """The body of the action that adds lines of orders to a receipt; its values are not wrapped."""
    orders = {}
    for order, number in sorted(keys):
        orders.setdefault(order, []).append({"lineNbr": number})
    return {"purchaseOrderLines": [{"orderNbr": order, "lines": lines} for order, lines in orders.items()]}


def _corrections(row, wanted):
    """The body that corrects quantities and deletes other lines; empty if the receipt matches."""
    lines = []
    for line in rows(row, "lines"):
        quantity = wanted.get((text(line, "poOrderNbr"), text(line, "poOrderLineNbr")))
        number = wrapped({"lineNbr": line.get("lineNbr")})
        if quantity is None:
            lines.append({"operation": "Delete", **number})
        elif quantity != amount(line, "receiptQty"):
            lines.append({"operation": "Update", **number, **wrapped({"receiptQty": float(quantity)})})
    return {"lines": lines} if lines else {}
