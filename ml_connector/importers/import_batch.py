"""What the documents of a batch share, and the journals in which it books."""

from collections import defaultdict
from decimal import Decimal
from functools import cached_property

from odoo.tools import groupby

from ..core.errors import MappingError, NotReadyError
from ..core.messages import _
from .bill_analytics import BillAnalytics
from .bill_taxes import BillTaxes
from .currencies import Currencies, Rates
from .importer_tools import named, once, tolerance, unusable
from .official_numbers import OfficialNumbers
from .open_dates import OpenDates


class Batch:
    """What a batch of documents shares.

    :ivar planned: {id of a bill: amount that the payments or credits of the batch take of it}
    """

    def __init__(self, env, flow, documents, resolver):
        self.env = env
        self.flow = flow
        self.documents = documents
        self.company = flow.company_id.with_env(env)
        self.connection = flow.connection_id
        self.provider = flow.connection_id._provider_name()
        self.resolver = resolver
        self.tolerance = tolerance(flow)
        self.dates = OpenDates(env, flow)
        self.planned = defaultdict(Decimal)

    @cached_property
    def currencies(self):
        return Currencies(self.env, (document.currency for document in self.documents), self.provider)


class ImportBatch(Batch):
    """A batch of documents with coded lines: their codes and amounts, and look-ups that are made once."""

    def __init__(self, env, flow, documents, resolver, references_of):
        """
        :param references_of: function that returns the references of a document
        """
        super().__init__(env, flow, documents, resolver)
        self.amounts = BillTaxes(env, self.company, self.tolerance)
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
        together = {
            (model, record.id): record
            for model, group in groupby(filter(None, found.values()), lambda record: record._name)
            for record in self.env[model].union(*group)
        }
        return {key: record and together[record._name, record.id] for key, record in found.items()}

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


class Journals:
    """The journals of one batch, each looked up once.

    :raises NotReadyError: the company has none, or the chosen one cannot be used
    """

    def __init__(self, batch):
        self.batch = batch

    @cached_property
    def purchase(self):
        """The purchase journal of the flow, or the first one of the company."""
        journals = self.batch.env["account.journal"]
        if self.batch.flow.is_journal_gone:
            raise NotReadyError(
                _("The journal of the flow was deleted. Choose another journal in the flow."), awaits=self.batch.flow
            )
        journal = self.batch.flow.journal_id.with_env(self.batch.env) or journals.search(
            [*journals._check_company_domain(self.batch.company), ("type", "=", "purchase")], limit=1
        )
        return self._checked(journal)

    @cached_property
    def plain(self):
        """A purchase journal without official documents, for bills that have no vendor's number."""
        journal = self.purchase
        if not self.batch.official.applies(journal):
            return journal
        journals = self.batch.env["account.journal"]
        domain = [("type", "=", "purchase"), ("l10n_latam_use_documents", "=", False)]
        journal = journals.search([*journals._check_company_domain(self.batch.company), *domain], limit=1)
        if not journal:
            raise NotReadyError(
                _(
                    "This is not an official document of a vendor, and %(company)s has no purchase journal without"
                    " official documents. Create one.",
                    company=self.batch.company.name,
                ),
                awaits=journals,
            )
        return self._checked(journal)

    def _checked(self, journal):
        if not journal:
            raise NotReadyError(
                _(
                    "%(company)s has no purchase journal. Create one, or choose one in the flow.",
                    company=self.batch.company.name,
                ),
                awaits=journal,
            )
        if unusable(journal, self.batch.company) or journal.type != "purchase":
            raise NotReadyError(
                _(
                    "Journal %(journal)s cannot be used for vendor bills. Choose another journal in the flow.",
                    journal=named(journal, self.batch.company),
                ),
                awaits=journal,
            )
        return journal

    @cached_property
    def general(self):
        """The first journal for miscellaneous entries."""
        company, journals = self.batch.company, self.batch.env["account.journal"]
        journal = journals.search([*journals._check_company_domain(company), ("type", "=", "general")], limit=1)
        if not journal:
            raise NotReadyError(
                _("%(company)s has no journal for miscellaneous entries. Create one.", company=company.name),
                awaits=journal,
            )
        return journal
