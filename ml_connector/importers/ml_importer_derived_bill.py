from odoo import models

from .ml_importer import ImportEntry


class MlImporterDerivedBill(models.AbstractModel):
    """Documents that become vendor bills, which the bill importer books."""

    _name = "ml.importer.derived_bill"
    _inherit = "ml.importer"
    _description = "Bill-Like Document Importer"
    _groups = ("account.group_account_invoice",)

    _optional_kinds = ()

    _bill_model = ""
    """The importer that books the bills."""

    def _plan_batch(self, flow, entries, resolver):
        mapped, bound = {}, {}
        for entry in entries:
            with entry.alone():
                bill, own_mapped, own_bound = self._derive(flow, entry, resolver)
                mapped |= own_mapped
                bound |= own_bound
                entry.values = ImportEntry(entry.log, bill, entry.bound)
        derived = [entry for entry in entries if not entry.error]
        inside = resolver.extended(mapped, bound)
        self.env[self._bill_model]._plan_batch(flow, [entry.values for entry in derived], inside)
        for entry in derived:
            inner = entry.values
            entry.error = inner.error
            if not entry.error:
                entry.plan(inner.outcome, inner.record, inner, inner.note)
                with entry.alone():
                    self._plan_more(flow, entry, resolver)

    def _derive(self, flow, entry, resolver):
        """(bill, mapped records of its own references, its vendor)."""
        raise NotImplementedError

    def _plan_more(self, flow, entry, resolver):
        """Plan more than the bill."""

    def _apply_bills(self, flow, entries, resolver):
        inner = [entry.values for entry in entries]
        for bill_entry in inner:
            bill_entry.record = bill_entry.record or bill_entry.bound
        self.env[self._bill_model]._apply_batch(flow, inner, resolver)
        for entry in entries:
            entry.record = entry.values.record
