"""Keeps mappings, links and transfers of merged and deleted Odoo records up to date."""

from odoo import api, models

from .ml_mapped import MAPPED_MODELS

FOLLOWERS = ("ml.mapping", "ml.mapping.rule", "ml.binding", "ml.sync.log", "ml.feed.sent")


class MlFollowed(models.AbstractModel):
    """Records that mappings and rules name, or that transfers wait for.

    A change costs one look-up in an index of the waiting transfers. Those that wait for it are released in the same
    transaction.
    """

    _name = "ml.followed"
    _description = "Awaited Records"

    _ml_new_is_awaited = False
    """Whether a transfer may wait for a new record."""

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        if self._ml_new_is_awaited:
            records._ml_release()
        return records

    def write(self, vals):
        result = super().write(vals)
        if self._ml_may_repair(vals):
            self._ml_release()
        return result

    def _ml_may_repair(self, vals):
        """Whether a transfer may wait for a change of these values."""
        return True

    def _ml_awaited(self):
        """The records by which transfers wait for a change of these."""
        return self

    def _ml_release(self):
        awaited = self._ml_awaited()
        # sudo: whoever repairs something in Odoo need not have a right on the queue
        self.env["ml.wait"].sudo()._release_changed(awaited._name, awaited._ids)

    @api.model
    def _follow(self, sources, target):
        """Move mappings, links and transfers of merged records to the remaining one."""
        for name in FOLLOWERS:
            # sudo: whoever may merge records need not have a right on what names them
            self.env[name].sudo().with_context(active_test=False)._follow_merge(sources, target)

    def unlink(self):
        ids, awaited = self.ids, self._ml_awaited()
        result = super().unlink()
        awaited._ml_release()  # transfers do not wait for deleted records
        if self._name in MAPPED_MODELS.values():
            for name in FOLLOWERS:
                follower = self.env[name].sudo()  # sudo: as in a merge
                if hasattr(follower, "_let_go"):
                    follower._let_go(self._name, ids)
        return result


REPAIRING_OF_PARTNERS = {
    *("active", "company_id", "vat", "country_id", "state_id", "is_company", "parent_id"),
    *("property_account_payable_id", "property_account_position_id", "property_supplier_payment_term_id"),
}
"""Fields of contacts that transfers may wait for."""


class ResPartner(models.Model):
    _name = "res.partner"
    _inherit = ["res.partner", "ml.followed"]

    def _ml_may_repair(self, vals):
        """Ignore changes by a sync, of which there are many; waiting transfers are retried from time to time."""
        if self.env.context.get("ml_no_sync"):
            return False
        return not REPAIRING_OF_PARTNERS.isdisjoint(vals) or any(name.startswith("l10n_") for name in vals)


class AccountMove(models.Model):
    _name = "account.move"
    _inherit = ["account.move", "ml.followed"]

    def _ml_may_repair(self, vals):
        return "state" in vals


class AccountAccount(models.Model):
    _name = "account.account"
    _inherit = ["account.account", "ml.followed"]


class AccountTax(models.Model):
    _name = "account.tax"
    _inherit = ["account.tax", "ml.followed"]


class AccountAnalyticAccount(models.Model):
    _name = "account.analytic.account"
    _inherit = ["account.analytic.account", "ml.followed"]


class AccountAnalyticPlan(models.Model):
    _name = "account.analytic.plan"
    _inherit = ["account.analytic.plan", "ml.followed"]


class AccountJournal(models.Model):
    _name = "account.journal"
    _inherit = ["account.journal", "ml.followed"]
    _ml_new_is_awaited = True

    def unlink(self):
        # sudo: whoever may delete journals need not see flows
        flows = self.env["ml.flow"].sudo().with_context(active_test=False).search([("journal_id", "in", self.ids)])
        result = super().unlink()
        flows.is_journal_gone = True
        return result


class HrEmployee(models.Model):
    _name = "hr.employee"
    _inherit = ["hr.employee", "ml.followed"]


class AccountPaymentTerm(models.Model):
    _name = "account.payment.term"
    _inherit = ["account.payment.term", "ml.followed"]


class AccountFiscalPosition(models.Model):
    _name = "account.fiscal.position"
    _inherit = ["account.fiscal.position", "ml.followed"]


class ResPartnerCategory(models.Model):
    _name = "res.partner.category"
    _inherit = ["res.partner.category", "ml.followed"]


class ResCurrency(models.Model):
    _name = "res.currency"
    _inherit = ["res.currency", "ml.followed"]


class ResCurrencyRate(models.Model):
    _name = "res.currency.rate"
    _inherit = ["res.currency.rate", "ml.followed"]
    _ml_new_is_awaited = True

    def _ml_awaited(self):
        return self.currency_id


class AccountTaxRepartitionLine(models.Model):
    _name = "account.tax.repartition.line"
    _inherit = ["account.tax.repartition.line", "ml.followed"]
    _ml_new_is_awaited = True

    def _ml_awaited(self):
        return self.tax_id


class AccountPaymentMethodLine(models.Model):
    _name = "account.payment.method.line"
    _inherit = ["account.payment.method.line", "ml.followed"]
    _ml_new_is_awaited = True

    def _ml_awaited(self):
        return self.journal_id


class ResCompany(models.Model):
    _name = "res.company"
    _inherit = ["res.company", "ml.followed"]

    def _ml_awaited(self):
        """Branches also depend on the lock dates of their parents."""
        # sudo: whoever may change a company need not see its branches
        return self.sudo().search([("id", "child_of", self.ids)])


class AccountLockException(models.Model):
    _name = "account.lock_exception"
    _inherit = ["account.lock_exception", "ml.followed"]
    _ml_new_is_awaited = True

    def _ml_awaited(self):
        return self.company_id._ml_awaited()


class ResUsers(models.Model):
    _name = "res.users"
    _inherit = ["res.users", "ml.followed"]

    def _ml_may_repair(self, vals):
        """Whether an integration user may get a missing right."""
        return not {"active", "group_ids", "company_ids"}.isdisjoint(vals)
