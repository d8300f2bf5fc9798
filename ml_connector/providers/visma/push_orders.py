"""Confirmed purchase orders of Odoo as purchase orders of Visma.net, without items: as lines of the type Service.

An order carries our mark in its free field 1 and each line the number of ours, by which they are found again. Visma's
API can neither cancel nor delete an order.
"""

from decimal import Decimal

from ...core.errors import ConflictError, InvalidDataError, NotFoundError, NotRelevantError
from ...core.provider import SendResult
from .client import path_id
from .coding import coding
from .push_base import Push, numbered
from .wire import amount, day, moment_of, part, rows, text, wrapped

PATH = "/v1/purchaseorder"
ENDED = ("Cancelled", "Closed", "Voided")
NOT_CANCELLED = (
    "Visma.net's API cannot cancel a purchase order: {number} was put on hold there. Cancel it in Visma.net by hand."
)


class Orders(Push):
    flow = "purchase_orders_push"

    def render(self, document):
        subject = f"A line of {document.number}"
        return {
            "mark": self.provider.mark + (f"order:{document.odoo_id}" if document.odoo_id else document.external_id),
            "number": document.number,
            "supplier": document.vendor.external_id,
            "date": document.order_date.isoformat(),
            "promised": (document.promise_date or document.order_date).isoformat(),
            "currency": document.currency,
            "supplier_reference": document.memo,
            "cancelled": document.state == "cancelled",
            "lines": [
                {
                    "id": str(line.odoo_id or line.external_id),
                    "description": " ".join(line.description.split()) or document.number,
                    "quantity": format(line.quantity, "f"),
                    "amount": format(_total(line), "f"),
                    **coding(line, subject),
                }
                for line in document.lines
            ],
            **({"closed": True} if document.state == "closed" else {}),
            **self.own_number(document.number),
        }

    def send(self, payload, external_id, key):
        if payload["cancelled"]:
            return self._cancel(external_id or self._known(payload))
        if payload.get("closed"):
            return self._close(external_id or self._known(payload))
        if external_id:
            try:
                return self._change(payload, external_id)
            except NotFoundError:
                external_id = ""
        known = self._known(payload)
        if known:
            return self._change(payload, known)
        number = self.created(PATH, self._new(payload), lambda: self._known(payload))
        self._check(payload, number)
        return SendResult(external_id=number)

    def find(self, payload, key):
        known = self._known(payload)
        return self._change(payload, known) if known else None

    def _known(self, payload):
        """The number of the order with our mark; empty when there is none."""
        pages = self.client.pages(
            PATH,
            supplier=payload["supplier"],
            orderDate=payload["date"],
            orderDateCondition=">=",
            includeCustomFreeFields=True,
        )
        found = (row for page in pages for row in page if text(row, "customStr1") == payload["mark"])
        return text(next(found, {}), "orderNbr")

    def _new(self, payload):
        return {
            **wrapped(
                {
                    "orderType": "RegularOrder",
                    "supplier": payload["supplier"],
                    "currency": payload["currency"],
                    "customStr1": payload["mark"],
                }
            ),
            **numbered(payload, "orderNumber"),
            **_header(payload),
            "lines": [self._line(line) for line in payload["lines"]],
        }

    def _line(self, line, operation="Insert"):
        quantity, total = Decimal(line["quantity"]), Decimal(line["amount"])
        defaults = self.provider
        return {
            "operation": operation,
            "sub": self.provider.subaccounts.complete(line["segments"]),
            **wrapped(
                {
                    "lineType": "Service",
                    "lineDescription": line["description"],
                    "orderQty": float(quantity),
                    "unitCost": float(total / quantity),
                    "extCost": float(total),
                    "account": line["account"],
                    "taxCategory": line.get("vat") or defaults.vat_category,
                    "project": line.get("project") or defaults.non_project,
                    "projectTask": line.get("task"),
                    "branch": line.get("branch"),
                    "customStr1": line["id"],
                }
            ),
        }

    # Changing

    def _change(self, payload, number):
        path = f"{PATH}/{path_id(number)}"
        self.changed(path, lambda row: self._changes(payload, row), includeCustomFreeFields=True)
        self._check(payload, number)
        return SendResult(external_id=number)

    def _changes(self, payload, row):
        """The header and the lines that differ; empty when nothing does.

        :raises ConflictError: the order has ended in Visma, or a line that is gone in Odoo was received there
        """
        if not _problems(payload, row) and not _is_held(row):
            return {}
        if text(row, "status") in ENDED:
            raise ConflictError(f"The order {text(row, 'orderNbr')} is {text(row, 'status').lower()} in Visma.net.")
        known = {text(line, "customStr1"): line for line in rows(row, "lines")}
        lines = []
        for line in payload["lines"]:
            old = known.pop(line["id"], None)
            if old is None:
                lines.append(self._line(line))
            elif list(_line_problems(line, old)):
                number = {"lineNumber": {"value": old.get("lineNbr")}}
                lines.append({**self._line(line, "Update"), **number})
        for old in known.values():
            if amount(old, "qtyOnReceipts"):
                raise ConflictError(
                    f"Goods of the line {text(old, 'lineDescription')} were received in Visma.net, so it cannot be "
                    "taken out of the order."
                )
            lines.append({"operation": "Delete", "lineNumber": {"value": old.get("lineNbr")}})
        return {**_header(payload), **({"lines": lines} if lines else {})}

    def _cancel(self, external_id):
        if not external_id:
            raise NotRelevantError("The order was cancelled in Odoo before it was sent.")
        message = NOT_CANCELLED.format(number=external_id)
        path = f"{PATH}/{path_id(external_id)}"
        try:
            row = self.client.one(path).data
        except NotFoundError:
            return SendResult(external_id=external_id, note="It is not in Visma.net any more.")
        if text(row, "status") in ENDED:
            return SendResult(external_id=external_id, note=f"It is {text(row, 'status').lower()} in Visma.net.")
        self.changed(path, lambda now: {} if _is_held(now) else wrapped({"hold": True}))
        return SendResult(external_id=external_id, note=message, message=message)

    def _close(self, external_id):
        """Mark the lines of an order of which nothing more will come as completed, as far as Visma has not done it."""
        if not external_id:
            raise NotRelevantError("The order ended in Odoo before it was sent.")
        path = f"{PATH}/{path_id(external_id)}"
        try:
            self.changed(path, _open_lines)
        except NotFoundError:
            return SendResult(external_id=external_id, note="It is not in Visma.net any more.")
        return SendResult(external_id=external_id, note="Its lines are completed in Visma.net.")

    def _check(self, payload, number):
        """Read the order back: Visma leaves out what it does not know.

        :raises InvalidDataError: it is not as it was sent
        """
        row = self.client.one(f"{PATH}/{path_id(number)}", includeCustomFreeFields=True).data
        if problems := "; ".join(_problems(payload, row)):
            raise InvalidDataError(
                f"Visma.net did not take the order {payload['number']} as it was sent ({number}): {problems}."
            )


def _open_lines(row):
    """What completes the lines that are open; empty where there are none."""
    if text(row, "status") in ENDED:
        return {}
    lines = [
        {"operation": "Update", "lineNumber": {"value": line.get("lineNbr")}, **wrapped({"completed": True})}
        for line in rows(row, "lines")
        if line.get("completed") is not True
    ]
    return {"lines": lines} if lines else {}


def _header(payload):
    return wrapped(
        {
            "hold": False,
            "date": moment_of(payload["date"]),
            "promisedOn": moment_of(payload["promised"]),
            "description": payload["number"],
            "supplierRef": payload["supplier_reference"] or None,
        }
    )


def _total(line):
    return line.amount if line.amount is not None else line.quantity * line.unit_price


def _is_held(row):
    return row.get("hold") is True


def _problems(payload, row):
    """What of an order is not as Odoo has it, as sentences."""
    found = []
    if day(row, "date") != payload["date"] or day(row, "promisedOn") != payload["promised"]:
        found.append("a date differs")
    known = {text(line, "customStr1"): line for line in rows(row, "lines")}
    wanted = {line["id"]: line for line in payload["lines"]}
    if known.keys() != wanted.keys():
        found.append(f"it has {len(known)} lines instead of {len(wanted)}")
        return found
    for number, (key, line) in enumerate(wanted.items(), start=1):
        found += [f"line {number}: {problem}" for problem in _line_problems(line, known[key])]
    return found


def _line_problems(line, row):
    pairs = (
        ("account", line["account"], text(part(row, "account"), "number")),
        ("VAT category", line.get("vat"), text(part(row, "taxCategory"), "number")),
        ("project", line.get("project"), text(part(row, "project"), "id")),
        ("project task", line.get("task"), text(part(row, "projectTask"), "id")),
        ("branch", line.get("branch"), text(part(row, "branch"), "number")),
        ("description", line["description"], text(row, "lineDescription")),
    )
    for name, wanted, shown in pairs:
        if wanted not in (None, shown):
            yield f"the {name} is {shown or 'empty'} instead of {wanted}"
    if amount(row, "orderQty") != Decimal(line["quantity"]):
        yield f"the quantity is {amount(row, 'orderQty')} instead of {line['quantity']}"
    if Decimal(line["amount"]) not in (amount(row, "extCost"), amount(row, "amount")):
        yield f"the amount is {amount(row, 'extCost')} instead of {line['amount']}"
    values = {text(item, "segmentId"): text(item, "segmentValue") for item in rows(part(row, "sub"), "segments")}
    if any(values.get(segment) != value for segment, value in line["segments"].items()):
        yield f"the subaccount is {'-'.join(values.values())}"
