"""The journals in which a batch books."""

from functools import cached_property

from ..core.errors import NotReadyError
from ..core.messages import _
from .importer_tools import named, unusable


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
