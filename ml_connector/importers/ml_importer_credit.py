from decimal import Decimal

from odoo import models
from odoo.fields import Command

from ..core.errors import ConnectorError, InvalidDataError, NotReadyError, NotRelevantError
from ..core.messages import Amount, _
from .importer_tools import (
    check_posted,
    creditor_of,
    exact,
    is_of_company,
    named,
    odoo_refusals,
)
from .ml_importer_bill import BillBatch


class MlImporterCredit(models.AbstractModel):
    """Vendor credits become credit notes."""

    _name = "ml.importer.credit"
    _inherit = "ml.importer.bill"
    _description = "Vendor Credit Importer"


class MlImporterApplication(models.AbstractModel):
    """The amount of a credit note that was applied to a bill is reconciled, and no more."""

    _name = "ml.importer.application"
    _inherit = "ml.importer"
    _description = "Vendor Credit Application Importer"
    _groups = ("account.group_account_invoice",)

    _binds = False
    """One credit note has several applications."""

    def _dependencies(self, document):
        return (("credit", document.credit, document.number), ("bill", document.bill, ""))

    # ------------------------------------------------------------------ plan

    def _plan_batch(self, flow, entries, resolver):
        planned = {}
        for entry in entries:
            try:
                self._plan_application(flow, entry, resolver, planned)
            except ConnectorError as error:
                entry.error = error

    def _plan_application(self, flow, entry, resolver, planned):
        document = entry.document
        credit = resolver.binding("credit", document.credit)
        bill = resolver.binding("bill", document.bill)
        for move in (credit, bill):
            check_posted(move, move.ref or move.display_name)
            if move.currency_id.name != document.currency:
                raise InvalidDataError(
                    _(
                        "The currency of %(bill)s is %(odoo_value)s, but the applied credit is in %(provider_value)s.",
                        bill=move.display_name,
                        odoo_value=move.currency_id.name,
                        provider_value=document.currency,
                    )
                )
        if creditor_of(credit) != creditor_of(bill):
            raise InvalidDataError(
                _(
                    "%(credit)s belongs to %(vendor)s, but %(bill)s belongs to %(other)s. A credit can only be applied"
                    " to a bill of the same vendor.",
                    credit=credit.display_name,
                    vendor=credit.commercial_partner_id.display_name,
                    bill=bill.display_name,
                    other=bill.commercial_partner_id.display_name,
                )
            )
        left = document.amount - self._applied(credit, bill)
        if left < 0:
            note = _(
                "The applied credit is %(odoo_value)s in Odoo, but %(provider_value)s in %(provider)s.",
                odoo_value=Amount(self._applied(credit, bill), credit.currency_id.name),
                provider_value=Amount(document.amount, document.currency),
                provider=flow.connection_id._provider_name(),
            )
            entry.plan("drift", credit, note=note)
            return
        if not left:
            entry.plan("unchanged", credit)
            return
        for move in (credit, bill):
            used = planned.setdefault(move.id, Decimal(0))
            still_open = exact(move.amount_residual, move.currency_id) - used
            if still_open < left:
                raise InvalidDataError(
                    _(
                        "The applied credit is %(amount)s, but only %(open)s is open on %(bill)s.",
                        amount=Amount(left, document.currency),
                        open=Amount(still_open, document.currency),
                        bill=move.display_name,
                    )
                )
        for move in (credit, bill):
            planned[move.id] += left
        amount = Amount(left, document.currency)
        note = _("%(amount)s applied to %(bill)s.", amount=amount, bill=bill.display_name)
        entry.plan("updated", credit, (credit, bill, left), note)

    def _applied(self, credit, bill):
        """The amount that is already reconciled between the two."""
        partials = self._terms(credit).matched_credit_ids.filtered(
            lambda partial: partial.credit_move_id.move_id == bill
        )
        return exact(sum(partials.mapped("debit_amount_currency")), credit.currency_id)

    def _terms(self, move):
        return move.line_ids.filtered(lambda line: line.display_type == "payment_term").sorted("date_maturity")

    # ------------------------------------------------------------------ apply

    def _apply_batch(self, flow, entries, resolver):
        writer = self.with_context(ml_no_sync=True)
        with odoo_refusals(self.env, entries):
            for entry in entries:
                if entry.outcome == "updated":
                    writer._set_off(*entry.values)

    def _set_off(self, credit, bill, amount):
        debits = self._terms(credit.with_env(self.env)).filtered(lambda line: not line.reconciled)
        credits = self._terms(bill.with_env(self.env)).filtered(lambda line: not line.reconciled)
        for debit in debits:
            for counterpart in credits:
                part = min(
                    amount,
                    abs(exact(debit.amount_residual_currency, debit.currency_id)),
                    abs(exact(counterpart.amount_residual_currency, counterpart.currency_id)),
                )
                if part:
                    self._reconcile_part(debit, counterpart, part)
                    amount -= part

    def _reconcile_part(self, debit, counterpart, amount):
        """Reconcile an amount of two items. Odoo's `reconcile` always reconciles all that both have open."""
        whole = {abs(exact(line.amount_residual_currency, line.currency_id)) for line in (debit, counterpart)}
        if amount == min(whole):
            (debit + counterpart).reconcile()
            return
        company = debit.company_id
        balance = min(
            company.currency_id.round(abs(line.amount_residual) * float(amount) / abs(line.amount_residual_currency))
            for line in (debit, counterpart)
        )
        self.env["account.partial.reconcile"].create(
            {
                "debit_move_id": debit.id,
                "credit_move_id": counterpart.id,
                "amount": balance,
                "debit_amount_currency": float(amount),
                "credit_amount_currency": float(amount),
            }
        )


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

    # ------------------------------------------------------------------ plan

    def _plan_batch(self, flow, entries, resolver):
        batch = BillBatch(self, flow, [entry.document for entry in entries], resolver)
        for entry in entries:
            try:
                self._plan_order(flow, batch, entry, resolver)
            except ConnectorError as error:
                entry.error = error

    def _plan_order(self, flow, batch, entry, resolver):
        document = entry.document
        if entry.bound:
            self._plan_bound(batch, entry)
            return
        currency = batch.currencies.usable(document.currency)
        if document.state == "cancelled":
            raise NotRelevantError(_("Archived in %(provider)s before Odoo imported it.", provider=batch.provider))
        partner = resolver.binding("vendor", document.vendor.external_id)
        product = self._product(flow)
        for line in document.lines:
            for reference in line.taxes:
                tax = resolver.mapping(reference)
                if tax and (not is_of_company(tax, flow.company_id) or tax.type_tax_use != "purchase"):
                    name = named(tax, flow.company_id)
                    raise NotReadyError(
                        _("Tax %(tax)s cannot be used on purchase orders. Map another tax.", tax=name), awaits=tax
                    )
        values = {
            "partner_id": partner.id,
            "company_id": flow.company_id.id,
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
        taxes = self.env["account.tax"]
        for reference in line.taxes:
            taxes |= batch.mapping(reference) or taxes
        return {
            "product_id": product.id,
            "name": line.description or product.display_name,
            "product_qty": float(line.quantity),
            "product_uom_id": product.uom_id.id,
            "price_unit": float(line.unit_price),
            "date_planned": document.promise_date or document.order_date,
            "tax_ids": [Command.set(taxes.ids)],
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

    # ------------------------------------------------------------------ apply

    def _apply_batch(self, flow, entries, resolver):
        writer = self.with_context(ml_no_sync=True, mail_create_nosubscribe=True)
        created = [entry for entry in entries if entry.outcome == "created"]
        with odoo_refusals(self.env, entries):
            orders = writer.env["purchase.order"].create([entry.values for entry in created])
            for entry, order in zip(created, orders, strict=True):
                entry.record = order
                order.button_confirm()
                if entry.document.state == "closed":
                    order.locked = True
                writer._bind_lines(flow, entry.document, order)
            for entry in entries:
                if entry.outcome == "updated":
                    entry.record.with_env(writer.env).locked = True

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
