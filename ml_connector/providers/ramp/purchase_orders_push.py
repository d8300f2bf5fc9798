"""Odoo's purchase orders, to Ramp: real ones if the business has Ramp Plus, else draft bills."""

from decimal import Decimal

from ...core.errors import InvalidDataError, NotFoundError, NotRelevantError, PermanentError, undone
from ...core.flow import PushFlow
from ...core.messages import _, paragraph
from ...core.remote import SendResult
from .client import path_id
from .drafts import DRAFT, SPLIT, Attachments, Drafts
from .goods_receipts import GoodsReceiptsPush
from .money import read_money
from .push_base import PLUS
from .selections import as_selections, is_split, options_of
from .wire import new_id

ORDERS = "/purchase-orders"
NUMBER_TAKEN = "DEVELOPER_7063"
MAX_REVISIONS = 20


class PurchaseOrdersPush(PushFlow):
    """`/purchase-orders`, identified by Odoo's `external_id`, which Ramp never changes.

    Ramp does not change the vendor, the currency, the terms and the number of an existing order.
    """

    key = "purchase_orders_push"
    label = _("Purchase Orders to Ramp")
    help = _("Sends confirmed orders as purchase orders of Ramp Plus, or as draft bills without Ramp Plus.")
    kind = "purchase_order"
    sequence = 170
    active = False
    scopes = ("vendors:read",)
    options = ("purchase_order_mode", "start_date")
    watches = "purchase.order"

    order_scopes, draft_scopes = ("purchase_orders:read", "purchase_orders:write"), ("bills:read", "bills:write")
    """What it requires besides, by the form of the orders in Ramp."""

    @classmethod
    def required(cls, capabilities, options):
        is_order = cls._mode(capabilities, options) == "order"
        return (
            *super().required(capabilities, options),
            *((PLUS, *cls.order_scopes) if is_order else cls.draft_scopes),
        )

    @classmethod
    def _mode(cls, capabilities, options):
        """Form of the orders in Ramp: `order` or `draft_bill`."""
        chosen = options.get("purchase_order_mode")
        if chosen in ("order", "draft_bill"):
            return chosen
        return "order" if {PLUS, *cls.order_scopes} <= set(capabilities) else "draft_bill"

    def render(self, document):
        if not document.lines and not document.is_over:
            raise InvalidDataError(
                _("Purchase order %(order)s has no lines. Ramp requires at least one.", order=document.number)
            )
        body = {
            "mode": self._mode(self.provider.settings.capabilities, self.provider.options(self.key)),
            "external_id": self.provider.handles.of("purchase_order", document.odoo_id),
            "number": document.number,
            "memo": f"Odoo {document.number}" + (f" ({document.memo})" if document.memo else ""),
            "vendor_id": document.vendor.external_id,
            "currency": document.currency,
            "ordered_on": document.order_date.isoformat(),
            "promise_date": document.promise_date.isoformat() if document.promise_date else None,
            "net_payment_terms": document.payment_days,
            "cancelled": document.is_over,
            "lines": [self._line(line) for line in document.lines],
            "notes": paragraph(_fractions(document.lines), SPLIT if any(map(is_split, document.lines)) else ""),
        }
        return {key: value for key, value in body.items() if value is not None}

    def _line(self, line):
        """Quantity and price, or one piece at the line's total if Ramp would compute another one."""
        whole = _is_whole(line)
        total = line.quantity * line.unit_price if line.amount is None else line.amount
        description = line.description
        if not whole:
            description = f"{description} ({format(line.quantity.normalize(), 'f')} {line.unit})".replace(" )", ")")
        return {
            "external_id": self.provider.handles.of("purchase_order_line", line.odoo_id),
            "description": description,
            "unit_quantity": int(line.quantity) if whole else 1,
            "unit_price": format(line.unit_price if whole else total, "f"),
            "coding": options_of(line),
        }

    def send(self, payload, external_id, key):
        if payload["mode"] == "draft_bill":
            return self._send_draft(payload, external_id)
        known = external_id if not external_id.startswith(DRAFT) else ""
        if payload["cancelled"]:
            return self._archive(payload, known)
        # Ramp hides an archived one
        order = self.client.found(ORDERS, known) if known else None
        if order is not None:
            return self._update_order(payload, order)
        order, handle = self._unarchived(payload)
        if order is not None:
            return self._update_order(payload, order, linked=True)
        return self._create(payload, handle)

    def find(self, payload, key):
        if payload["mode"] == "draft_bill":
            return self._drafts.find_own(self._draft_body(payload))
        order = self._unarchived(payload)[0]
        return self._update_order(payload, order) if order else None

    # Orders

    def _create(self, payload, handle):
        body = {
            "external_id": handle,
            "purchase_order_number": f"{payload['number']}-1",
            "currency": payload["currency"],
            "entity_id": self.provider.push_entity_id,
            "vendor_id": payload["vendor_id"],
            "three_way_match_enabled": bool(self.provider.options(GoodsReceiptsPush.key).get("active")),
            "memo": payload["memo"],
            "line_items": [self._wire_line(line) for line in payload["lines"]],
        }
        body.update({key: payload[key] for key in ("promise_date", "net_payment_terms") if key in payload})
        try:
            order = self.client.create(ORDERS, body)
        except PermanentError as error:
            if error.code != NUMBER_TAKEN:
                raise
            # Another order has the number; Ramp then assigns one, and the memo contains Odoo's.
            del body["purchase_order_number"]
            order = self.client.create(ORDERS, body)
        return self._sent(payload, order)

    def _wire_line(self, line):
        selections = as_selections(line["coding"], self.provider.built_in)
        body = {key: line[key] for key in ("external_id", "description", "unit_quantity", "unit_price")}
        return {**body, "accounting_field_selections": selections}

    def _update_order(self, payload, order, linked=False):
        """Update the lines of Ramp's order; lines that users added in Ramp stay."""
        path = _path_of(order["id"])
        if (order.get("memo") or "") != payload["memo"]:
            self.client.update(path, {"memo": payload["memo"]})
        ramp_lines = {line.get("external_id"): line for line in order.get("line_items") or ()}
        odoo_lines = {line["external_id"]: line for line in payload["lines"]}
        added = [self._wire_line(line) for handle, line in odoo_lines.items() if handle not in ramp_lines]
        if added:
            self.client.create(f"{path}/line-items", {"line_items": added})
            order = self.client.found(ORDERS, order["id"]) or order
        for handle, line in ramp_lines.items():
            if handle in odoo_lines:
                changes = self._line_changes(odoo_lines[handle], line)
                if changes:
                    self.client.update(f"{path}/line-items/{path_id(line['id'])}", changes)
            elif self.provider.handles.record_id("purchase_order_line", handle or "") is not None:
                self.client.request("DELETE", f"{path}/line-items/{path_id(line['id'])}")
        return self._sent(payload, order, linked=linked)

    def _line_changes(self, odoo_line, ramp_line):
        wanted = self._wire_line(odoo_line)
        changes = {}
        if (ramp_line.get("description") or "") != wanted["description"]:
            changes["description"] = wanted["description"]
        if Decimal(str(ramp_line.get("quantity") or 0)) != wanted["unit_quantity"]:
            changes["unit_quantity"] = wanted["unit_quantity"]
        if read_money(ramp_line.get("unit_price"), _("the price of an order line"))[0] != Decimal(wanted["unit_price"]):
            changes["unit_price"] = wanted["unit_price"]
        if _chosen(ramp_line) != {tuple(item.values()) for item in wanted["accounting_field_selections"]}:
            changes["accounting_field_selections"] = wanted["accounting_field_selections"]
        return changes

    def _archive(self, payload, known):
        order_id = known or (self._unarchived(payload)[0] or {}).get("id")
        if not order_id:
            raise NotRelevantError(_("The order ended in Odoo before Odoo sent it to Ramp."))
        task = _(
            "Order %(order)s ended in Odoo. Archive it in Ramp, so that no further bills refer to it.",
            order=payload["number"],
        )
        with undone(task, "Ramp"):
            try:
                path = _path_of(order_id)
                # irreversible; Ramp requires a body
                self.client.change("POST", f"{path}/archive", {}, record=path)
            except NotFoundError:
                return SendResult(external_id=order_id, note=_("The order was already archived in Ramp."))
        return SendResult(external_id=order_id, note=_("Archived in Ramp."))

    def _unarchived(self, payload):
        """The active order with the handle, or None; and the handle for a new one.

        An archived order keeps its `external_id` forever, so a new one gets the next revision of it. So does an order
        whose handle another order has, from a database that was replaced since.
        """
        for revision in range(1, MAX_REVISIONS):
            handle = payload["external_id"] if revision == 1 else f"{payload['external_id']}:{revision}"
            found = self._by_handle(handle)
            if not found:
                return None, handle
            active = [order for order in found if not order.get("archived_at")]
            same = [order for order in active if self._is_ours(order, payload)]
            if same:
                return same[0], handle
        raise InvalidDataError(
            _("The order was archived in Ramp %(count)s times. Create a new order in Odoo.", count=MAX_REVISIONS)
        )

    def _is_ours(self, order, payload):
        """Whether an order with the handle is this one. Ramp does not change vendor and currency."""
        total = sum(Decimal(line["unit_price"]) * line["unit_quantity"] for line in payload["lines"])
        amount, currency = read_money(order.get("amount"), _("the amount of the purchase order"))
        return (
            order.get("vendor_id") in (None, payload["vendor_id"])
            and currency == payload["currency"]
            and (self.provider.handles.is_marked(payload["external_id"]) or amount == total or payload["cancelled"])
        )

    def _by_handle(self, handle):
        """Orders with and without three-way match: lists contain one type only. Ramp ignores unknown filters."""
        found = {}
        for three_way in (True, False):
            filters = {"external_id": handle, "three_way_match_enabled": three_way, "include_archived": True}
            rows = self.client.rows(ORDERS, **filters)
            found.update({row.get("id"): row for row in rows if row.get("external_id") == handle})
        return list(found.values())

    def _sent(self, payload, order, linked=False):
        note = payload["notes"]
        if order.get("vendor_id") and order["vendor_id"] != payload["vendor_id"]:
            kept = _("Ramp cannot change the vendor of an order. Cancel the order and create a new one.")
            note = paragraph(note, kept)
        order_id = new_id(order)
        return SendResult(
            external_id=order_id,
            url=order.get("ramp_url") or "",
            note=note,
            linked=linked,
            parts=self._line_ids(payload, order),
        )

    def _line_ids(self, payload, order):
        """Odoo IDs of the lines by their Ramp IDs, by which bills refer to them."""
        sent = {line["external_id"] for line in payload["lines"]}
        return {
            ("purchase_order_line", line["id"]): self.provider.handles.record_id(
                "purchase_order_line", line["external_id"]
            )
            for line in order.get("line_items") or ()
            if line.get("id") and line.get("external_id") in sent
        }

    # Draft bills instead of orders

    @property
    def _drafts(self):
        return Drafts(self.provider)

    def _send_draft(self, payload, external_id):
        known = external_id if external_id.startswith(DRAFT) else ""
        if not payload["cancelled"]:
            return self._drafts.send_as(self._draft_body(payload), known)
        if not external_id and not self._drafts.find_own(self._draft_body(payload)):
            raise NotRelevantError(_("The order ended in Odoo before Odoo sent it to Ramp."))
        if external_id and not (known and self.client.found("/bills/drafts", known.removeprefix(DRAFT))):
            return SendResult(external_id=external_id, note=_("The draft bill of the order is no longer in Ramp."))
        raise InvalidDataError(
            _(
                "Order %(order)s ended in Odoo, but Ramp's API cannot delete its draft bill. Delete it in Ramp,"
                " then ignore this transfer.",
                order=payload["number"],
            )
        )

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


class OrderFilesPush(Attachments):
    key = "order_files_push"
    label = _("Purchase Order PDFs to Ramp")
    help = _("Attaches the PDF of a purchase order to its draft bill.")
    sequence = 180
    follows = PurchaseOrdersPush.key


def _path_of(order_id):
    return f"{ORDERS}/{path_id(order_id)}"


def _is_whole(line):
    """Whether quantity times price is the line's total with a whole quantity."""
    return line.amount is None and line.quantity == line.quantity.to_integral_value() and line.quantity > 0


def _fractions(lines):
    count = sum(not _is_whole(line) for line in lines)
    if not count:
        return ""
    if count == 1:
        return _("Ramp accepts whole quantities only, so Odoo sends 1 line as one piece at its total.")
    return _(
        "Ramp accepts whole quantities only, so Odoo sends %(count)s lines as one piece each at their total.",
        count=count,
    )


def _chosen(line):
    """Field and option of each selection of a line in Ramp."""
    return {
        ((selection.get("category_info") or {}).get("external_id"), selection.get("external_id"))
        for selection in line.get("accounting_field_selections") or ()
    }
