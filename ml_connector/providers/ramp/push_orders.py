"""Purchase orders: real ones where the business has Ramp Plus, else draft bills that stand for them."""

from decimal import Decimal

from ...core.errors import InvalidDataError, NotFoundError, NotRelevantError, PermanentError
from ...core.provider import SendResult
from ...core.undone import undone
from .flows import DRAFT
from .money import read_money
from .push_base import Push, new_id
from .push_drafts import Drafts
from .push_selections import coding, is_split, wire

NUMBER_TAKEN = "DEVELOPER_7063"
MAX_REVISIONS = 20
FRACTION = "Ramp takes whole quantities only, so {count} of the lines go as one piece at the line's total."
SPLIT = "Ramp takes one analytic account of a plan for a line, so divided lines go without."


class PurchaseOrders(Push):
    """`/purchase-orders`, known by our `external_id`, which Ramp never changes.

    Ramp keeps the vendor, the currency, the terms and the number of an order as they were when it was made.
    """

    def render(self, document):
        if not document.lines and not document.is_over:
            raise InvalidDataError(f"Ramp needs a line: the purchase order {document.number} has none.")
        body = {
            "mode": self.provider.order_mode,
            "external_id": self.handles.of("purchase_order", document.odoo_id),
            "number": document.number,
            "memo": f"Odoo {document.number}" + (f" ({document.memo})" if document.memo else ""),
            "vendor_id": document.vendor.external_id,
            "currency": document.currency,
            "ordered_on": document.order_date.isoformat(),
            "promise_date": document.promise_date.isoformat() if document.promise_date else None,
            "net_payment_terms": document.payment_days,
            "cancelled": document.is_over,
            "lines": [self._line(line) for line in document.lines],
            "notes": self._notes(document),
        }
        return {key: value for key, value in body.items() if value is not None}

    def _line(self, line):
        """Quantity and price, or one piece at the line's total where Ramp could not multiply to the same."""
        whole = is_whole(line)
        total = line.quantity * line.unit_price if line.amount is None else line.amount
        description = line.description
        if not whole:
            description = f"{description} ({format(line.quantity.normalize(), 'f')} {line.unit})".replace(" )", ")")
        return {
            "external_id": self.handles.of("purchase_order_line", line.odoo_id),
            "description": description,
            "unit_quantity": int(line.quantity) if whole else 1,
            "unit_price": format(line.unit_price if whole else total, "f"),
            "coding": coding(line),
        }

    def _notes(self, document):
        fractions = [line for line in document.lines if not is_whole(line)]
        notes = [FRACTION.format(count=len(fractions))] if fractions else []
        return " ".join([*notes, *([SPLIT] if any(map(is_split, document.lines)) else [])])

    def send(self, payload, external_id, key):
        if payload["mode"] == "draft_bill":
            return self._send_draft(payload, external_id)
        known = external_id if not external_id.startswith(DRAFT) else ""
        if payload["cancelled"]:
            return self._archive(payload, known)
        order = self._read(known) if known else None
        if order is not None:
            return self._align(payload, order)
        order, handle = self._unarchived(payload)
        if order is not None:
            return self._align(payload, order, linked=True)
        return self._create(payload, handle)

    def find(self, payload, key):
        if payload["mode"] == "draft_bill":
            return self._drafts.find_own(self._draft_body(payload))
        order = self._unarchived(payload)[0]
        return self._align(payload, order) if order else None

    # Orders

    def _create(self, payload, handle):
        body = {
            "external_id": handle,
            "purchase_order_number": f"{payload['number']}-1",
            "currency": payload["currency"],
            "entity_id": self.provider.push_entity_id,
            "vendor_id": payload["vendor_id"],
            "three_way_match_enabled": self.provider.has_receipts,
            "memo": payload["memo"],
            "line_items": [self._wire_line(line) for line in payload["lines"]],
        }
        body.update({key: payload[key] for key in ("promise_date", "net_payment_terms") if key in payload})
        try:
            order = self.client.create_purchase_order(body)
        except PermanentError as error:
            if error.code != NUMBER_TAKEN:
                raise
            # Somebody else's order has the number; Ramp then gives one, and ours stands in the memo.
            del body["purchase_order_number"]
            order = self.client.create_purchase_order(body)
        return self._sent(payload, order)

    def _wire_line(self, line):
        selections = wire(line["coding"], self.provider.field_name)
        body = {key: line[key] for key in ("external_id", "description", "unit_quantity", "unit_price")}
        return {**body, "accounting_field_selections": selections}

    def _align(self, payload, order, linked=False):
        """Make the lines of Ramp's order like ours; lines that people added in Ramp are left alone."""
        order_id = order["id"]
        if (order.get("memo") or "") != payload["memo"]:
            self.client.update_purchase_order(order_id, {"memo": payload["memo"]})
        theirs = {line.get("external_id"): line for line in order.get("line_items") or ()}
        ours = {line["external_id"]: line for line in payload["lines"]}
        added = [self._wire_line(line) for handle, line in ours.items() if handle not in theirs]
        if added:
            self.client.add_purchase_order_lines(order_id, added)
            order = self._read(order_id) or order
        for handle, line in theirs.items():
            if handle in ours:
                changes = self._line_changes(ours[handle], line)
                if changes:
                    self.client.update_purchase_order_line(order_id, line["id"], changes)
            elif self.handles.record_id("purchase_order_line", handle or "") is not None:
                self.client.delete_purchase_order_line(order_id, line["id"])
        return self._sent(payload, order, linked=linked)

    def _line_changes(self, ours, theirs):
        wanted = self._wire_line(ours)
        changes = {}
        if (theirs.get("description") or "") != wanted["description"]:
            changes["description"] = wanted["description"]
        if Decimal(str(theirs.get("quantity") or 0)) != wanted["unit_quantity"]:
            changes["unit_quantity"] = wanted["unit_quantity"]
        if read_money(theirs.get("unit_price"), "the price of a line")[0] != Decimal(wanted["unit_price"]):
            changes["unit_price"] = wanted["unit_price"]
        if _chosen(theirs) != {tuple(item.values()) for item in wanted["accounting_field_selections"]}:
            changes["accounting_field_selections"] = wanted["accounting_field_selections"]
        return changes

    def _archive(self, payload, known):
        order_id = known or (self._unarchived(payload)[0] or {}).get("id")
        if not order_id:
            raise NotRelevantError("The order ended in Odoo before Ramp had it, so there is nothing to send.")
        task = f"The order {payload['number']} has ended in Odoo: archive it in Ramp, so that no more is billed on it"
        with undone(task, "Ramp"):
            try:
                self.client.archive_purchase_order(order_id)
            except NotFoundError:
                return SendResult(external_id=order_id, note="It was archived in Ramp already.")
        return SendResult(external_id=order_id, note="Archived in Ramp.")

    def _read(self, order_id):
        """The order; None when it was archived, which makes it unknown."""
        try:
            return self.client.purchase_order(order_id)
        except NotFoundError:
            return None

    def _unarchived(self, payload):
        """The order that has our number and lives, or None; and the number for a new one.

        An archived order keeps its `external_id` for ever, so a new one after it gets the next revision of it. So does
        one whose number another order has, to which the same id was given in a database that was replaced since.
        """
        for revision in range(1, MAX_REVISIONS):
            handle = payload["external_id"] if revision == 1 else f"{payload['external_id']}:{revision}"
            found = self._by_handle(handle)
            if not found:
                return None, handle
            living = [order for order in found if not order.get("archived_at")]
            ours = [order for order in living if self._is_ours(order, payload)]
            if ours:
                return ours[0], handle
        raise InvalidDataError(f"The order was archived in Ramp {MAX_REVISIONS} times; send it under a new number.")

    def _is_ours(self, order, payload):
        """Whether an order with our number is this one. Ramp keeps vendor and currency as they were."""
        total = sum(Decimal(line["unit_price"]) * line["unit_quantity"] for line in payload["lines"])
        amount, currency = read_money(order.get("amount"), "the amount of the order")
        return (
            order.get("vendor_id") in (None, payload["vendor_id"])
            and currency == payload["currency"]
            and (self.handles.is_marked(payload["external_id"]) or amount == total or payload["cancelled"])
        )

    def _by_handle(self, handle):
        """Both kinds of orders: the list shows one of them only. Ramp ignores unknown filters, so look again."""
        found = {}
        for three_way in (True, False):
            filters = {"external_id": handle, "three_way_match_enabled": three_way, "include_archived": True}
            for rows in self.client.purchase_orders(**filters):
                found.update({row.get("id"): row for row in rows if row.get("external_id") == handle})
        return list(found.values())

    def _sent(self, payload, order, linked=False):
        notes = [payload["notes"]] if payload["notes"] else []
        if order.get("vendor_id") and order["vendor_id"] != payload["vendor_id"]:
            notes.append("Ramp keeps the vendor of before: cancel the order and make a new one.")
        order_id = new_id(order, "purchase order")
        return SendResult(
            external_id=order_id,
            url=order.get("ramp_url") or "",
            note=" ".join(notes),
            linked=linked,
            parts=self._line_ids(payload, order),
        )

    def _line_ids(self, payload, order):
        """Bills name the lines by Ramp's ids."""
        ours = {line["external_id"] for line in payload["lines"]}
        return {
            ("purchase_order_line", line["id"]): self.handles.record_id("purchase_order_line", line["external_id"])
            for line in order.get("line_items") or ()
            if line.get("id") and line.get("external_id") in ours
        }

    # Draft bills in place of orders

    @property
    def _drafts(self):
        return Drafts(self.provider)

    def _send_draft(self, payload, external_id):
        if payload["cancelled"]:
            if not external_id and not self._drafts.find_own(self._draft_body(payload)):
                raise NotRelevantError("The order ended in Odoo before Ramp had it, so there is nothing to send.")
            if external_id and not self._has_draft(external_id):
                return SendResult(external_id=external_id, note="Its draft bill is no longer in Ramp.")
            raise InvalidDataError(
                f"The order {payload['number']} has ended, and Ramp's API cannot delete the draft bill that stands for "
                "it: delete it in Ramp, then ignore this row."
            )
        known = external_id if external_id.startswith(DRAFT) else ""
        return self._drafts.send_as(self._draft_body(payload), known)

    def _draft_body(self, payload):
        return {
            "remote_id": payload["external_id"],
            "invoice_number": payload["number"],
            "vendor_id": payload["vendor_id"],
            "currency": payload["currency"],
            "issued_at": payload["ordered_on"],
            "due_at": payload.get("promise_date"),
            "memo": f"Purchase order {payload['number']} of Odoo, not an invoice",
            "lines": [
                {
                    "amount": format(Decimal(line["unit_price"]) * line["unit_quantity"], "f"),
                    "memo": f"{line['unit_quantity']} x {line['description']}",
                    "coding": line["coding"],
                }
                for line in payload["lines"]
            ],
        }

    def _has_draft(self, external_id):
        try:
            return external_id.startswith(DRAFT) and bool(self.client.draft(external_id.removeprefix(DRAFT)))
        except NotFoundError:
            return False


def is_whole(line):
    """Whether quantity times price is the line's total with a whole quantity."""
    return line.amount is None and line.quantity == line.quantity.to_integral_value() and line.quantity > 0


def _chosen(line):
    """Field and option of each selection of a line of Ramp's."""
    return {
        ((selection.get("category_info") or {}).get("external_id"), selection.get("external_id"))
        for selection in line.get("accounting_field_selections") or ()
    }
