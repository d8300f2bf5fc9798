"""Receipts of goods on purchase orders that Visma.net has.

A receipt is made empty, with our mark in its free field 1, then gets lines of the orders, our quantities, and is
released. Each step is done only as far as it is missing, so a receipt that was left half done is completed. What is
released cannot be changed: Visma takes goods back by a return, which a person enters there.
"""

from decimal import Decimal

from ...core.errors import ConflictError, InvalidDataError, NotFoundError, RemoteError
from ...core.provider import SendResult
from .client import path_id, wait_until
from .push_base import Push
from .push_orders import PATH as ORDERS
from .wire import amount, moment_of, part, rows, text, wrapped

PATH, READ_PATH = "/v1/PurchaseReceipt", "/v2/PurchaseReceipt"
"""Receipts are read with another version than they are written with."""
RELEASED, CANCELLED = "Released", "Cancelled"
RELEASE_SECONDS = 8
NOT_TAKEN_BACK = (
    "Goods of the receipt {number} were returned in Odoo, and Visma.net's API cannot take back a receipt that is "
    "released: enter the return in Visma.net by hand."
)


class Receipts(Push):
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
                    # the bill comes from Odoo
                    "createBill": False,
                    "supplierRef": payload["number"],
                    "customStr1": payload["mark"],
                }
            )
            number = self.created(PATH, body, lambda: self._known(payload, supplier))
        return self._complete(payload, number, wanted)

    def find(self, payload, key):
        """What is there is completed; a receipt of which everything was returned has nothing to be found."""
        if not payload["orders"]:
            return None
        wanted, supplier = self._wanted(payload)
        number = self._known(payload, supplier)
        return self._complete(payload, number, wanted) if number else None

    def _wanted(self, payload):
        """{(order, number of its line): quantity}, and the supplier.

        :raises InvalidDataError: an order or a line is not there
        """
        wanted, supplier = {}, ""
        for order, quantities in payload["orders"].items():
            try:
                row = self.client.one(f"{ORDERS}/{path_id(order)}", includeCustomFreeFields=True).data
            except NotFoundError as error:
                raise InvalidDataError(f"Visma.net has no purchase order {order} any more.") from error
            supplier = text(part(row, "supplier"), "number")
            numbers = {text(line, "customStr1"): text(line, "lineNbr") for line in rows(row, "lines")}
            for line_id, quantity in quantities.items():
                if line_id not in numbers:
                    raise InvalidDataError(f"A line of {payload['number']} is not on the order {order} in Visma.net.")
                wanted[order, numbers[line_id]] = Decimal(quantity)
        return wanted, supplier

    def _known(self, payload, supplier):
        """The number of the receipt with our mark; empty when there is none."""
        pages = self.client.pages(
            READ_PATH,
            supplier=supplier,
            receiptDate=payload["date"],
            receiptDateCondition=">=",
            includeCustomFreeFields=True,
        )
        found = (row for page in pages for row in page if text(row, "customStr1") == payload["mark"])
        return text(next((row for row in found if text(row, "status") != CANCELLED), {}), "receiptNbr")

    def _read(self, number):
        return self.client.one(f"{READ_PATH}/{path_id(number)}").data

    # Step by step

    def _complete(self, payload, number, wanted):
        path = f"{PATH}/{path_id(number)}"
        row = self._read(number)
        if text(row, "status") == RELEASED:
            return self._after_release(payload, row, wanted)
        if missing := wanted.keys() - _quantities(row).keys():
            self.client.act(f"{path}/action/addpurchaseorderlines", _lines_to_add(missing))
            row = self._read(number)
        body = _corrections(row, wanted)
        self.client.update(path, {**wrapped({"hold": False}), **body})
        self._check(payload, self._read(number), wanted)
        self.client.act(f"{path}/action/release")
        if not wait_until(lambda: text(self._read(number), "status") == RELEASED, RELEASE_SECONDS):
            raise RemoteError(f"Visma.net has accepted the release of the receipt {number}, and is not done yet.")
        return SendResult(external_id=number)

    def _check(self, payload, row, wanted):
        """
        :raises InvalidDataError: Visma left out lines or quantities; nothing is released
        """
        if _quantities(row) == wanted:
            return
        missing = len(wanted.keys() - _quantities(row).keys())
        number = text(row, "receiptNbr")
        said = f"{missing} of {len(wanted)} lines are missing" if missing else "the quantities differ"
        raise InvalidDataError(
            f"Visma.net did not take the receipt {payload['number']} as it was sent ({number}): {said}. "
            "Lines of orders from Odoo are services: the purchase order preferences of Visma.net have to let services "
            "go through receipts."
        )

    def _after_release(self, payload, row, wanted):
        number = text(row, "receiptNbr")
        if _quantities(row) == wanted:
            return SendResult(external_id=number)
        raise ConflictError(
            f"The receipt {payload['number']} has other quantities in Odoo than {number} in Visma.net, which is "
            "released: enter the difference in Visma.net by hand, then Ignore."
        )

    def _nothing_left(self, payload, external_id):
        if not external_id or external_id.startswith("none:"):
            return SendResult(external_id=f"none:{payload['number']}", note="Nothing of it was kept.")
        message = NOT_TAKEN_BACK.format(number=external_id)
        return SendResult(external_id=external_id, note=message, message=message)


def _quantities(row):
    """{(order, number of its line): quantity} of a receipt."""
    return {
        (text(line, "poOrderNbr"), text(line, "poOrderLineNbr")): amount(line, "receiptQty")
        for line in rows(row, "lines")
    }


def _lines_to_add(keys):
    """The body of the action that puts lines of orders on a receipt; its values are not wrapped."""
    orders = {}
    for order, number in sorted(keys):
        orders.setdefault(order, []).append({"lineNbr": number})
    return {"purchaseOrderLines": [{"orderNbr": order, "lines": lines} for order, lines in orders.items()]}


def _corrections(row, wanted):
    """The lines whose quantity is another one, and those that do not belong; empty when all is right."""
    lines = []
    for line in rows(row, "lines"):
        quantity = wanted.get((text(line, "poOrderNbr"), text(line, "poOrderLineNbr")))
        number = wrapped({"lineNbr": line.get("lineNbr")})
        if quantity is None:
            lines.append({"operation": "Delete", **number})
        elif quantity != amount(line, "receiptQty"):
            lines.append({"operation": "Update", **number, **wrapped({"receiptQty": float(quantity)})})
    return {"lines": lines} if lines else {}
