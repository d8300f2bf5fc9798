from odoo import models

from ..core.documents import Reference
from ..core.errors import MappingError, NotRelevantError
from ..core.messages import Amount, _, paragraph
from ..models.ml_sentence import money
from .bill_lines import bill_references
from .bill_matching import BillMatcher
from .bill_planning import BillPlanner
from .bill_writer import BillBooking
from .import_batch import ImportBatch
from .importer_tools import change_note
from .posted_bill_diff import PostedBillDiff
from .refusals import odoo_refusals


class MlImporterBill(models.AbstractModel):
    """Vendor bills and credit notes become `account.move` records."""

    _name = "ml.importer.bill"
    _inherit = "ml.importer"
    _description = "Vendor Bill Importer"
    _groups = ("account.group_account_invoice",)

    _planner_class = BillPlanner
    """How the documents of this importer become plans."""
    _booking_class = BillBooking
    """How its plans become records."""

    def _references(self, document):
        return () if document.is_void else bill_references(document)

    def _dependencies(self, document):
        if document.is_void:
            return ()
        return (("vendor", document.vendor.external_id, document.vendor.name),)

    def _remarks(self, flow):
        return self._booking_class(self.env, flow).remarks()

    def _plan_batch(self, flow, entries, resolver):
        for entry in entries:
            if entry.document.is_void:
                self._plan_void(entry, flow.connection_id._provider_name())
        entries = [entry for entry in entries if not entry.document.is_void]
        batch = ImportBatch(self.env, flow, [entry.document for entry in entries], resolver, self._references)
        planner = self._planner_class(batch)
        matcher = BillMatcher(batch, planner.move_type)
        partners = self._partners(batch, entries)
        entries = [entry for entry in entries if not entry.error]
        matcher.look_up([entry.document for entry in entries if not entry.bound], partners.values())
        planner.look_up([entry.document for entry in entries])
        for entry in entries:
            partner = partners[entry.document.vendor.external_id]
            with entry.alone():
                if entry.bound:
                    self._plan_bound(planner, entry, partner)
                else:
                    self._plan_new(planner, matcher, entry, partner)
                entry.note = paragraph(entry.note, entry.document.remark)

    def _partners(self, batch, entries):
        """{vendor id: partner} of the batch; bills of an unknown vendor get their error."""
        partners = {}
        for entry in entries:
            party = entry.document.vendor
            partner = batch.resolver.binding("vendor", party.external_id)
            if partner:
                partners[party.external_id] = partner
            else:
                entry.error = MappingError(
                    _("Vendor %(vendor)s is not in Odoo yet.", vendor=party.name or party.external_id),
                    [Reference(kind="vendor", external_id=party.external_id, name=party.name)],
                )
        # one recordset, so that Odoo prefetches the partners together
        by_id = {partner.id: partner for partner in self.env["res.partner"].union(*partners.values())}
        return {external_id: by_id[partner.id] for external_id, partner in partners.items()}

    def _plan_new(self, planner, matcher, entry, partner):
        document = entry.document
        planner.batch.currencies.usable(document.currency)
        if existing := matcher.find(document, partner):
            entry.plan("linked", existing, note=self._link_note(matcher, document, existing))
            return
        plan = planner.plan(document, partner)
        entry.plan("created", values=plan, note=paragraph(*plan.notes))

    def _link_note(self, matcher, document, move):
        """What differs in the bill that a user entered."""
        provider, note = matcher.batch.provider, ""
        if move.invoice_date and move.invoice_date != document.document_date:
            note = _(
                "Dated %(odoo_value)s in Odoo and %(provider_value)s in %(provider)s.",
                odoo_value=move.invoice_date,
                provider_value=document.document_date,
                provider=provider,
            )
        if not matcher.is_same_total(document, move):
            note = _(
                "The total is %(odoo_value)s in Odoo, but %(provider_value)s in %(provider)s. Correct one of them.",
                odoo_value=money(move.amount_total, move.currency_id),
                provider_value=Amount(document.total, document.currency),
                provider=provider,
            )
        return note

    def _plan_void(self, entry, provider):
        """A bill that was voided at the provider: a draft is cancelled, a posted bill needs a decision."""
        move = entry.bound
        if not move:
            entry.error = NotRelevantError(_("Archived in %(provider)s before Odoo imported it.", provider=provider))
        elif move.state == "cancel" or move.payment_state == "reversed":
            entry.plan("unchanged", move)
        elif move.state == "draft":
            note = _("Cancelled because it was voided in %(provider)s.", provider=provider)
            entry.plan("updated", move, note=note)
        else:
            note = _(
                "Archived in %(provider)s, but %(bill)s is posted in Odoo. Reverse it or keep it.",
                provider=provider,
                bill=move.display_name,
            )
            entry.plan("drift", move, note=note)

    def _plan_bound(self, planner, entry, partner):
        move = entry.bound
        if move.state == "cancel":
            entry.plan("drift", move, note=_("%(record)s is cancelled in Odoo.", record=move.display_name))
            return
        if move.state == "posted" and move.payment_state == "reversed":
            entry.plan("drift", move, note=_("%(record)s is reversed in Odoo.", record=move.display_name))
            return
        batch = planner.batch
        is_draft = move.state == "draft"
        if is_draft:
            batch.currencies.usable(entry.document.currency)
        move_type = planner.move_type(entry.document, move)
        plan = planner.plan(entry.document, partner, None if is_draft else move, move_type=move_type)
        changes = PostedBillDiff(self.env, plan, move)
        if not is_draft or move.move_type != move_type:
            note = change_note(batch.provider, changes.differences(), not is_draft)
            entry.plan("drift" if note else "unchanged", move, note=note)
            return
        values = changes.draft_values()
        entry.plan("updated" if values else "unchanged", move, (plan, values), paragraph(*plan.notes))

    def _apply_batch(self, flow, entries, resolver):
        booking = self._booking_class(self.env, flow)
        created = [entry for entry in entries if entry.outcome == "created"]
        with odoo_refusals(self.env, created):
            booking.create(created)
            for entry in entries:
                if entry.outcome == "updated" and entry.document.is_void:
                    entry.bound.with_env(booking.env).button_cancel()
                elif entry.outcome == "updated":
                    booking.update_draft(entry)

    def _result_reference(self, record):
        return record.name or record.ref or record.display_name
