"""Confirmed purchase orders as purchase orders of Visma.net, without items: as lines of the type Service.

An order has a mark of Odoo in its free field 1, and each line the ID of Odoo's line, by which they are found again.
Visma's API can neither cancel nor delete an order.
"""

from decimal import Decimal

from ...core.errors import ConflictError, InvalidDataError, NotFoundError, NotRelevantError
from ...core.messages import Amount, _, paragraph
from ...core.remote import SendResult
from ...core.wire import amount, part, rows, text
from .client import path_id
from .line_codes import coding
from .push import VismaPush, numbered
from .wire import day, difference, lines_missing, moment_of, of_line, wrapped

PATH = "/v1/purchaseorder"
ENDED = ("Cancelled", "Closed", "Voided")
GONE = _("The purchase order no longer exists in Visma.net.")


class PurchaseOrdersPush(VismaPush):
    key = "purchase_orders_push"
    label = _("Purchase Orders to Visma.net")
    kind = "purchase_order"
    sequence = 110
    watches = "purchase.order"
    coded = True
    options = ("start_date", "number_source")
    carries = ("purchase_order",)
    help = _("Creates and updates confirmed purchase orders in Visma.net. Its API cannot cancel purchase orders.")

    def render(self, document):
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
                    **coding(line, document.number),
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
        """The number of the order with the mark; empty when there is none."""
        return text(next(self.with_mark(PATH, payload, payload["supplier"], "orderDate"), {}), "orderNbr")

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
        defaults = self.provider
        quantity, total = Decimal(line["quantity"]), Decimal(line["amount"])
        return {
            "operation": operation,
            "sub": defaults.subaccounts.complete(line["segments"]),
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
        path = path_of(number)
        self.changed(path, lambda row: self._changes(payload, row), includeCustomFreeFields=True)
        self._check(payload, number)
        return SendResult(external_id=number)

    def _changes(self, payload, row):
        """The header and the lines that differ; empty when nothing does.

        :raises ConflictError: the order is closed in Visma, or a line that was deleted in Odoo was received there
        """
        if not _problems(payload, row) and _has_texts(payload, row) and not _is_held(row):
            return {}
        if text(row, "status") in ENDED:
            raise ConflictError(
                _(
                    "The purchase order %(order)s has the status %(status)s in Visma.net.",
                    order=text(row, "orderNbr"),
                    status=text(row, "status"),
                )
            )
        known = {text(line, "customStr1"): line for line in rows(row, "lines")}
        lines = []
        for line in payload["lines"]:
            old = known.pop(line["id"], None)
            if old is None:
                lines.append(self._line(line))
            elif list(_line_problems(line, old, payload["currency"])):
                number = {"lineNumber": {"value": old.get("lineNbr")}}
                lines.append({**self._line(line, "Update"), **number})
        for old in known.values():
            if amount(old, "qtyOnReceipts"):
                raise ConflictError(
                    _(
                        "The line %(line)s was received in Visma.net, so Odoo cannot remove it from the purchase "
                        "order.",
                        line=text(old, "lineDescription"),
                    )
                )
            lines.append({"operation": "Delete", "lineNumber": {"value": old.get("lineNbr")}})
        return {**_header(payload), **({"lines": lines} if lines else {})}

    def _cancel(self, external_id):
        if not external_id:
            raise NotRelevantError(_("The purchase order was cancelled in Odoo before it was sent."))
        message = _(
            "Visma.net's API cannot cancel purchase orders, so Odoo put %(order)s on hold there. Cancel it in "
            "Visma.net manually.",
            order=external_id,
        )
        path = path_of(external_id)
        try:
            row = self.client.one(path).data
        except NotFoundError:
            return SendResult(external_id=external_id, note=GONE)
        if text(row, "status") in ENDED:
            note = _("The purchase order has the status %(status)s in Visma.net.", status=text(row, "status"))
            return SendResult(external_id=external_id, note=note)
        self.changed(path, lambda now: {} if _is_held(now) else wrapped({"hold": True}))
        return SendResult(external_id=external_id, note=message, message=message)

    def _close(self, external_id):
        """Complete the open lines of an order for which no more goods are expected."""
        if not external_id:
            raise NotRelevantError(_("The purchase order was closed in Odoo before it was sent."))
        path = path_of(external_id)
        try:
            self.changed(path, _open_lines)
        except NotFoundError:
            return SendResult(external_id=external_id, note=GONE)
        return SendResult(
            external_id=external_id, note=_("The lines of the purchase order are completed in Visma.net.")
        )

    def _check(self, payload, number):
        """Read the order back, because Visma ignores values that it does not know.

        :raises InvalidDataError: it differs from what was sent
        """
        row = self.client.one(path_of(number), includeCustomFreeFields=True).data
        if problems := _problems(payload, row):
            summary = _(
                "Visma.net did not store the purchase order %(order)s as Odoo sent it (%(number)s).",
                order=payload["number"],
                number=number,
            )
            raise InvalidDataError(paragraph(summary, *problems))


def path_of(number):
    return f"{PATH}/{path_id(number)}"


def _open_lines(row):
    """The body that completes the open lines; empty if there are none."""
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


def _has_texts(payload, row):
    """Whether an order in Visma shows the texts of its header. Visma may shorten them, so it is no problem if not."""
    return text(row, "description") == payload["number"] and payload["supplier_reference"] in (
        "",
        text(row, "supplierRef"),
    )


def _problems(payload, row):
    """Sentences on the differences between an order in Visma and in Odoo."""
    found = []
    if day(row, "date") != payload["date"] or day(row, "promisedOn") != payload["promised"]:
        found.append(_("A date differs."))
    known = {text(line, "customStr1"): line for line in rows(row, "lines")}
    wanted = {line["id"]: line for line in payload["lines"]}
    if known.keys() != wanted.keys():
        return [*found, lines_missing(len(known), len(wanted))]
    currency = payload["currency"]
    for number, (key, line) in enumerate(wanted.items(), start=1):
        found += [of_line(number, problem) for problem in _line_problems(line, known[key], currency)]
    return found


def _line_problems(line, row, currency):
    pairs = (
        (_("account"), line["account"], text(part(row, "account"), "number")),
        (_("VAT category"), line.get("vat"), text(part(row, "taxCategory"), "number")),
        (_("project"), line.get("project"), text(part(row, "project"), "id")),
        (_("project task"), line.get("task"), text(part(row, "projectTask"), "id")),
        (_("branch"), line.get("branch"), text(part(row, "branch"), "number")),
        (_("description"), line["description"], text(row, "lineDescription")),
    )
    for name, wanted, shown in pairs:
        if wanted not in (None, shown):
            yield difference(name, shown, wanted)
    if amount(row, "orderQty") != Decimal(line["quantity"]):
        yield difference(_("quantity"), amount(row, "orderQty"), Decimal(line["quantity"]))
    wanted = Decimal(line["amount"])
    if wanted not in (amount(row, "extCost"), amount(row, "amount")):
        yield difference(_("amount"), Amount(amount(row, "extCost"), currency), Amount(wanted, currency))
    values = {text(item, "segmentId"): text(item, "segmentValue") for item in rows(part(row, "sub"), "segments")}
    if any(values.get(segment) != value for segment, value in line["segments"].items()):
        yield _("The subaccount is %(subaccount)s.", subaccount="-".join(values.values()))
