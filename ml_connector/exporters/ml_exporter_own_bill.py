"""Exporters of vendor bills that were created in Odoo, and of the PDF of a record."""

from odoo import models
from odoo.exceptions import UserError

from ..core.documents import BillLine, OutgoingFile
from ..core.errors import InvalidDataError
from ..core.messages import _
from ..core.own_ids import own_id
from ..importers.importer_tools import exact

PAID = ("paid", "in_payment", "reversed")
PDF = "application/pdf"
LINE_FIELDS = (
    *("display_type", "name", "account_id", "tax_ids", "analytic_distribution"),
    *("quantity", "price_unit", "discount", "purchase_line_id"),
)


class MlExporterOwnBill(models.AbstractModel):
    _name = "ml.exporter.own_bill"
    _inherit = "ml.exporter.bill"
    _description = "Vendor Bill Exporter"
    _reads = (
        *("state", "name", "ref", "partner_id", "currency_id", "payment_state"),
        *("date", "invoice_date", "invoice_date_due"),
        *(f"invoice_line_ids.{name}" for name in LINE_FIELDS),
    )
    _goes_in_order_of = ""

    _move_types = ("in_invoice",)
    _dated_by = "invoice_date"

    def _sendable(self, flow, records):
        """Bills that did not come from the provider and need payment; cancelled ones only if the provider has them."""
        bindings = flow.env["ml.binding"]
        # not only bills, also statements, reimbursements and card spend of the provider are vendor bills
        born_there = set(
            bindings.search(
                [
                    ("connection_id", "=", flow.connection_id.id),
                    ("kind", "!=", flow.kind),
                    ("res_model", "=", records._name),
                    ("res_id", "in", records.ids),
                ]
            ).mapped("res_id")
        )
        sent = set(bindings._external_ids(flow.connection_id, flow.kind, records))
        may_be_paid = flow.bill_mode == "approved"
        return records.filtered(
            lambda move: (
                move.id in sent
                or (
                    move.id not in born_there
                    and not self._is_taken_back(move)
                    and (may_be_paid or move.payment_state not in PAID)
                    and move.amount_total
                )
            )
        )

    def _is_taken_back(self, record):
        """Nothing is to be paid of a bill that is reversed, and its credit note goes nowhere."""
        return record.state == "cancel" or record.payment_state == "reversed"

    def _details(self, flow, move):
        return {"purchase_order": self._order_of(flow, move), "paid_on": self._paid_on(flow, move)}

    def _lines(self, flow, move):
        """Lines with their tax, like the total; a rounding difference becomes its own line."""
        rest = exact(move.amount_total, move.currency_id)
        for line in move.invoice_line_ids.filtered(lambda line: line.display_type == "product"):
            amount = exact(line.price_total, move.currency_id)
            rest -= amount
            taxes = line.tax_ids if len(line.tax_ids) == 1 else line.tax_ids.browse()
            tax = self._reference(flow, "tax", taxes)
            yield BillLine(
                amount=amount,
                description=line.name or "",
                account=self._reference(flow, "account", line.account_id),
                taxes=(tax,) if tax else (),
                analytics=self._analytic_shares(flow, line.analytic_distribution),
                purchase_order_line=own_id(line.purchase_line_id),
            )
        if rest:
            yield BillLine(amount=rest, description=self.env._("Rounding"))

    def _order_of(self, flow, move):
        """The provider's id of the purchase order, if all lines with an order have the same."""
        orders = move.invoice_line_ids.purchase_line_id.order_id
        known = flow.env["ml.binding"]._external_ids(flow.connection_id, "purchase_order", orders)
        return known.get(orders.id, "") if len(orders) == 1 else ""

    def _paid_on(self, flow, move):
        """When it was paid in Odoo; None if the provider paid it."""
        if move.payment_state not in ("paid", "in_payment"):
            return None
        payments = move.matched_payment_ids
        if flow.env["ml.binding"]._external_ids(flow.connection_id, "payment", payments):
            return None
        dates = payments.mapped("date")
        return max(dates) if dates else move.date


class MlExporterOutgoingFile(models.AbstractModel):
    """The PDF of an accepted record."""

    _name = "ml.exporter.outgoing_file"
    _inherit = "ml.exporter.follower"
    _description = "PDF Exporter"

    def _document(self, flow, record):
        kind = "purchase_order" if record._name == "purchase.order" else "own_bill"
        parent = self._remote_id(flow, kind, record)
        if record._name == "purchase.order":
            return self._order_file(parent, record)
        return self._bill_file(parent, record)

    def _order_file(self, parent, order):
        report = self.env["ir.actions.report"]
        try:
            content, _kind = report._render_qweb_pdf("purchase.action_report_purchase_order", order.ids)
        except UserError as error:
            raise InvalidDataError(
                _("Odoo could not create the PDF of %(order)s. %(problem)s", order=order.name, problem=error)
            ) from error
        return OutgoingFile(
            parent_external_id=parent, name=f"{order.name}.pdf".replace("/", "-"), mimetype=PDF, content=content
        )

    def _bill_file(self, parent, move):
        attachment = self._pdf_of(move)
        if not attachment:
            raise InvalidDataError(_("%(bill)s has no PDF to send.", bill=move.name))
        return OutgoingFile(
            parent_external_id=parent,
            name=attachment.name,
            mimetype=attachment.mimetype,
            content=attachment.raw or b"",
            is_invoice=True,
        )

    def _pdf_of(self, move):
        """The main attachment if it is a PDF. Without a main attachment, the first PDF."""
        files = self._attachments(move)
        pdfs = files.filtered(lambda file: file.mimetype == PDF)
        main = files & move.message_main_attachment_id
        return pdfs & main if main else pdfs[:1]

    def _sendable(self, flow, records):
        """Bills without a PDF have nothing to send along."""
        if records._name != "account.move":
            return records
        return records.filtered(self._pdf_of)
