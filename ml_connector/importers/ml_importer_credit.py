from decimal import Decimal

from odoo import models
from odoo.fields import Command

from ..core.errors import ConnectorError, InvalidDataError, NotReadyError, NotRelevantError
from ..models.amounts import shown
from .importer_tools import Currencies, creditor_of, exact, is_of_company, named, odoo_refusals, posted
from .ml_importer_bill import BillBatch


class MlImporterCredit(models.AbstractModel):
    """Vendor credits become credit notes."""

    _name = "ml.importer.credit"
    _inherit = "ml.importer.bill"
    _description = "Writer of Vendor Credits"


class MlImporterApplication(models.AbstractModel):
    """What was set off of a credit note against a bill is reconciled, to the cent and no more."""

    _name = "ml.importer.application"
    _inherit = "ml.importer"
    _description = "Writer of Applied Vendor Credits"
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
                self._plan_application(entry, resolver, planned)
            except ConnectorError as error:
                entry.error = error

    def _plan_application(self, entry, resolver, planned):
        document = entry.document
        credit = resolver.binding("credit", document.credit)
        bill = resolver.binding("bill", document.bill)
        for move in (credit, bill):
            posted(move, move.display_name)
            if move.currency_id.name != document.currency:
                raise InvalidDataError(
                    self.env._(
                        "%(move)s is in %(odoo)s, but %(vendor)s were set off.",
                        move=move.display_name,
                        odoo=move.currency_id.name,
                        vendor=document.currency,
                    )
                )
        if creditor_of(credit) != creditor_of(bill):
            raise InvalidDataError(
                self.env._(
                    "%(credit)s is of %(vendor)s, but %(bill)s is of %(other)s: what one vendor owes settles no bill of"
                    " another.",
                    credit=credit.display_name,
                    vendor=credit.commercial_partner_id.display_name,
                    bill=bill.display_name,
                    other=bill.commercial_partner_id.display_name,
                )
            )
        left = document.amount - self._applied(credit, bill)
        if left < 0:
            note = self.env._(
                "%(odoo)s are set off in Odoo and %(vendor)s at the vendor.",
                odoo=shown(self.env, self._applied(credit, bill), credit.currency_id),
                vendor=shown(self.env, document.amount, document.currency),
            )
            entry.plan("drift", credit, note=note)
            return
        if not left:
            entry.plan("unchanged", credit)
            return
        for move in (credit, bill):
            used = planned.setdefault(move.id, Decimal(0))
            if exact(move.amount_residual, move.currency_id) - used < left:
                raise InvalidDataError(
                    self.env._(
                        "%(left)s %(currency)s were set off, but %(open)s are open on %(move)s.",
                        left=left,
                        currency=document.currency,
                        open=exact(move.amount_residual, move.currency_id) - used,
                        move=move.display_name,
                    )
                )
        for move in (credit, bill):
            planned[move.id] += left
        note = self.env._("%(amount)s set off against %(bill)s.", amount=left, bill=bill.display_name)
        entry.plan("updated", credit, (credit, bill, left), note)

    def _applied(self, credit, bill):
        """What is reconciled between the two already."""
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
        """Reconcile so much of two items. Odoo's own `reconcile` takes all that both have left."""
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
    """Purchase orders that are made at the vendor system become confirmed orders."""

    _name = "ml.importer.purchase_order"
    _inherit = "ml.importer"
    _description = "Writer of Purchase Orders"
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
        currencies = Currencies(self.env, (entry.document.currency for entry in entries))
        for entry in entries:
            try:
                self._plan_order(flow, batch, entry, resolver, currencies)
            except ConnectorError as error:
                entry.error = error

    def _plan_order(self, flow, batch, entry, resolver, currencies):
        document = entry.document
        if entry.bound:
            self._plan_bound(entry)
            return
        currency = currencies.usable(document.currency)
        if document.state == "cancelled":
            raise NotRelevantError(self.env._("The order was archived at the vendor before it came to Odoo."))
        partner = resolver.binding("vendor", document.vendor.external_id)
        product = self._product(flow)
        for line in document.lines:
            for reference in line.taxes:
                tax = resolver.mapping(reference)
                if tax and (not is_of_company(tax, flow.company_id) or tax.type_tax_use != "purchase"):
                    name = named(tax, flow.company_id)
                    raise NotReadyError(self.env._("Tax %s cannot be used on an order.", name), awaits=tax)
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
                self.env._("Choose the product of order lines in the flow: Odoo's orders need one."), awaits=flow
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

    def _plan_bound(self, entry):
        order, document = entry.bound, entry.document
        if document.state == "cancelled" and order.state != "cancel":
            note = self.env._("Archived at the vendor: cancel %s if nothing more is expected.", order.display_name)
            entry.plan("drift", order, note=note)
            return
        if document.state == "closed" and not order.locked:
            entry.plan("updated", order, note=self.env._("Closed at the vendor."))
            return
        wanted = sum((line.quantity * line.unit_price for line in document.lines), Decimal(0))
        booked = exact(order.amount_untaxed, order.currency_id)
        if booked != wanted:
            note = self.env._(
                "Changed at the vendor: total %(odoo)s in Odoo and %(vendor)s at the vendor.",
                odoo=shown(self.env, booked, order.currency_id),
                vendor=shown(self.env, wanted, document.currency),
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
        """Bills name the lines by the vendor's ids."""
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
