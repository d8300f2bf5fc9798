"""What the documents of a batch share."""

from ..core.errors import MappingError
from .bill_analytics import BillAnalytics
from .bill_taxes import BillTaxes
from .importer_tools import Currencies, OpenDates, once, tolerance
from .journals import Journals
from .official_numbers import OfficialNumbers
from .rates import Rates


class ImportBatch:
    """The shared data of a batch of documents: options of the flow, and look-ups that are made once."""

    def __init__(self, env, flow, documents, resolver, references_of):
        """
        :param references_of: function that returns the references of a document
        """
        self.env = env
        self.flow = flow
        self.company = flow.company_id.with_env(env)
        self.connection = flow.connection_id
        self.provider = flow.connection_id._provider_name()
        self.resolver = resolver
        self.tolerance = tolerance(flow)
        self.dates = OpenDates(env, flow)
        self.amounts = BillTaxes(env, self.company, self.tolerance)
        self.currencies = Currencies(env, (document.currency for document in documents), self.provider)
        self._mapped = self._read_mapped([reference for document in documents for reference in references_of(document)])
        self.analytics = BillAnalytics(self)
        self.official = OfficialNumbers(env, self.provider)
        self.journals = Journals(self)
        self.rates = Rates(self)
        self._creditors = {}

    def _read_mapped(self, references):
        """{(kind, external id): record}, in one recordset for each model so that Odoo prefetches them together."""
        found = {}
        for reference in references:
            try:
                found[reference.kind, reference.external_id] = self.resolver.mapping(reference)
            except MappingError:
                continue  # raised again when the document is planned
        together = {}
        for record in found.values():
            if record:
                together.setdefault(record._name, {})[record.id] = None
        together = {
            model: {record.id: record for record in self.env[model].browse(ids)} for model, ids in together.items()
        }
        return {key: record and together[record._name][record.id] for key, record in found.items()}

    def mapping(self, reference):
        """The Odoo record of a reference; None if the accountant ignores the code."""
        key = (reference.kind, reference.external_id)
        return self._mapped[key] if key in self._mapped else self.resolver.mapping(reference)

    def taxes(self, line):
        """The taxes of a line, without those that the accountant ignores."""
        taxes = self.env["account.tax"]
        for reference in line.taxes:
            taxes |= self.mapping(reference) or taxes
        return taxes

    def creditor(self, partner):
        """The partner to whom the company owes the bills of a vendor."""
        return once(self._creditors, partner.id, lambda: partner._ml_creditor(self.company))
