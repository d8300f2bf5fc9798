from odoo import models

from ..core.errors import ConnectorError
from .ml_importer import ImportEntry
from .spend_tools import DerivedMappingLookup


class MlImporterDerivedBill(models.AbstractModel):
    """Documents that become vendor bills, which the bill importer books."""

    _name = "ml.importer.derived_bill"
    _inherit = "ml.importer"
    _description = "Bill-Like Document Importer"
    _groups = ("account.group_account_invoice",)

    _optional_kinds = ()

    def _dependencies(self, document):
        return ()

    def _bills(self):
        return self.env["ml.importer.bill"]

    def _plan_batch(self, flow, entries, resolver):
        bills, derived = [], []
        for entry in entries:
            try:
                bill, mapped, bound = self._derive(flow, entry, resolver)
            except ConnectorError as error:
                entry.error = error
                continue
            derived.append((mapped, bound))
            inner = ImportEntry(entry.log, bill, entry.bound)
            entry.values = inner
            bills.append((entry, inner))
        mapped = {key: record for known, _bound in derived for key, record in known.items()}
        bound = {key: record for _known, parties in derived for key, record in parties.items()}
        inside = DerivedMappingLookup(resolver, mapped, bound)
        self._bills()._plan_batch(flow, [inner for _entry, inner in bills], inside)
        for entry, inner in bills:
            self._take_over(flow, entry, inner, resolver)

    def _take_over(self, flow, entry, inner, resolver):
        entry.error = inner.error
        if not entry.error:
            entry.plan(inner.outcome, inner.record, inner, inner.note)
            try:
                self._plan_more(flow, entry, resolver)
            except ConnectorError as error:
                entry.error = error

    def _derive(self, flow, entry, resolver):
        """(bill, mapped records of its own references, its vendor)."""
        raise NotImplementedError

    def _plan_more(self, flow, entry, resolver):
        """Plan more than the bill."""

    def _apply_bills(self, flow, entries, resolver):
        inner = [entry.values for entry in entries]
        for bill_entry in inner:
            bill_entry.record = bill_entry.record or bill_entry.bound
        self._bills()._apply_batch(flow, inner, resolver)
        for entry in entries:
            entry.record = entry.values.record
