from decimal import Decimal

from odoo import models
from odoo.fields import Command

from ..core.errors import NotReadyError, NotRelevantError
from ..core.messages import Amount, _
from .import_batch import ImportBatch
from .importer_tools import exact, is_of_company, named
from .refusals import odoo_refusals


class MlImporterPurchaseOrder(models.AbstractModel):
    """Purchase orders of the provider become confirmed orders."""

    _name = "ml.importer.purchase_order"
    _inherit = "ml.importer"
    _description = "Purchase Order Importer"
    _groups = ("purchase.group_purchase_user",)

    def _references(self, document):
        references = {}
        for line in document.lines:
            for reference in (*line.taxes, *(share.reference for share in line.analytics)):
                references[reference.kind, reference.external_id] = reference
        return tuple(references.values())

    def _dependencies(self, document):
        return (("vendor", document.vendor.external_id, document.vendor.name),)

    def _batch(self, flow, entries, resolver):
        return ImportBatch(self.env, flow, [entry.document for entry in entries], resolver, self._references)

    def _plan(self, batch, entry):
        document, company = entry.document, batch.company
        if entry.bound:
            self._plan_bound(batch, entry)
            return
        currency = batch.currencies.usable(document.currency)
        if document.state == "cancelled":
            raise NotRelevantError(_("Archived in %(provider)s before Odoo imported it.", provider=batch.provider))
        partner = batch.resolver.binding("vendor", document.vendor.external_id)
        product = self._product(batch.flow)
        for line in document.lines:
            for reference in line.taxes:
                tax = batch.resolver.mapping(reference)
                if tax and (not is_of_company(tax, company) or tax.type_tax_use != "purchase"):
                    name = named(tax, company)
                    raise NotReadyError(
                        _("Tax %(tax)s cannot be used on purchase orders. Map another tax.", tax=name), awaits=tax
                    )
        values = {
            "partner_id": partner.id,
            "company_id": company.id,
            "partner_ref": document.number,
            "currency_id": currency.id,
            "date_order": document.order_date,
            "date_planned": document.promise_date or document.order_date,
            "origin": document.memo or document.number,
            "order_line": [
                Command.create(self._line_values(batch, document, number, line, product))
                for number, line in enumerate(document.lines, start=1)
            ],
        }
        entry.plan("created", values=values)

    def _product(self, flow):
        product = flow.order_product_id.with_env(self.env)
        if not product or not product.active:
            raise NotReadyError(
                _("The flow has no product for order lines, which Odoo needs. Choose one in the flow."), awaits=flow
            )
        return product

    def _line_values(self, batch, document, number, line, product):
        return {
            "product_id": product.id,
            "name": line.description or product.display_name,
            "product_qty": float(line.quantity),
            "product_uom_id": product.uom_id.id,
            "price_unit": float(line.unit_price),
            "date_planned": document.promise_date or document.order_date,
            "tax_ids": [Command.set(batch.taxes(line).ids)],
            "analytic_distribution": batch.analytics.distribution(number, line) or False,
        }

    def _plan_bound(self, batch, entry):
        order, document, provider = entry.bound, entry.document, batch.provider
        if document.state == "cancelled" and order.state != "cancel":
            note = _(
                "Archived in %(provider)s. Cancel %(order)s if no more goods are expected.",
                provider=provider,
                order=order.display_name,
            )
            entry.plan("drift", order, note=note)
            return
        if document.state == "closed" and not order.locked:
            entry.plan("updated", order, note=_("Closed in %(provider)s.", provider=provider))
            return
        wanted = sum((line.quantity * line.unit_price for line in document.lines), Decimal(0))
        booked = exact(order.amount_untaxed, order.currency_id)
        if booked != wanted:
            note = _(
                "The untaxed total is %(odoo_value)s in Odoo, but %(provider_value)s in %(provider)s.",
                odoo_value=Amount(booked, order.currency_id.name),
                provider_value=Amount(wanted, document.currency),
                provider=provider,
            )
            entry.plan("drift", order, note=note)
            return
        entry.plan("unchanged", order)

    def _apply_batch(self, flow, entries, resolver):
        created = [entry for entry in entries if entry.outcome == "created"]
        with odoo_refusals(self.env, entries):
            orders = self.env["purchase.order"].create([entry.values for entry in created])
            for entry, order in zip(created, orders, strict=True):
                entry.record = order
                order.button_confirm()
                if entry.document.state == "closed":
                    order.locked = True
                self._bind_lines(flow, entry.document, order)
            for entry in entries:
                if entry.outcome == "updated":
                    entry.record.with_env(self.env).locked = True

    def _bind_lines(self, flow, document, order):
        """Link the lines, which bills refer to by the IDs of the provider."""
        flow.env["ml.binding"]._bind(
            flow.connection_id,
            [
                {"kind": "purchase_order_line", "external_id": line.external_id, "record": record}
                for line, record in zip(document.lines, order.order_line, strict=True)
                if line.external_id
            ],
        )

    def _result_reference(self, record):
        return record.name
