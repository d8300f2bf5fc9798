"""What rows wait for in Odoo: where one of these records changes, they go on, in the same transaction."""

from odoo import api, models


class MlAwaited(models.AbstractModel):
    """A record whose change may be what a row waits for. It costs one look-up in an index of the rows that wait."""

    _name = "ml.awaited"
    _description = "Awaited by Rows"

    def write(self, vals):
        result = super().write(vals)
        if self._ml_may_repair(vals):
            self._ml_release()
        return result

    def unlink(self):
        """What is gone is nothing to wait for: the rows are judged anew."""
        awaited = self._ml_awaited()
        ids = awaited._ids
        result = super().unlink()
        awaited._ml_release_ids(ids)
        return result

    def _ml_may_repair(self, vals):
        """Whether a change of these values may be what a row waits for."""
        return True

    def _ml_awaited(self):
        """The records of which the rows know, where it is not these."""
        return self

    def _ml_release(self):
        awaited = self._ml_awaited()
        awaited._ml_release_ids(awaited._ids)

    @api.model
    def _ml_release_ids(self, ids):
        # sudo: whoever repairs something in Odoo need not have a right on the queue
        self.env["ml.sync.log"].sudo()._release_awaiting(self._name, ids)


class MlAwaitedNew(models.AbstractModel):
    """As `ml.awaited`, where a new record may be what is missing."""

    _name = "ml.awaited.new"
    _description = "Awaited by Rows, Also New"
    _inherit = "ml.awaited"

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        records._ml_release()
        return records


class AccountMove(models.Model):
    _name = "account.move"
    _inherit = ["account.move", "ml.awaited"]

    def _ml_may_repair(self, vals):
        return "state" in vals


class ResPartner(models.Model):
    _name = "res.partner"
    _inherit = ["res.partner", "ml.awaited"]

    def _ml_may_repair(self, vals):
        return not REPAIRING_OF_PARTNERS.isdisjoint(vals) or any(name.startswith("l10n_") for name in vals)


REPAIRING_OF_PARTNERS = {
    *("active", "company_id", "vat", "country_id", "state_id", "is_company", "parent_id", "employee_ids", "user_ids"),
    *("property_account_payable_id", "property_account_position_id", "property_supplier_payment_term_id"),
}
"""Contacts change often, and most of it is nothing that anybody waits for."""


class HrEmployee(models.Model):
    _name = "hr.employee"
    _inherit = ["hr.employee", "ml.awaited"]


class AccountAccount(models.Model):
    _name = "account.account"
    _inherit = ["account.account", "ml.awaited"]


class AccountTax(models.Model):
    _name = "account.tax"
    _inherit = ["account.tax", "ml.awaited"]


class AccountTaxRepartitionLine(models.Model):
    _name = "account.tax.repartition.line"
    _inherit = ["account.tax.repartition.line", "ml.awaited.new"]

    def _ml_awaited(self):
        return self.tax_id


class AccountAnalyticAccount(models.Model):
    _name = "account.analytic.account"
    _inherit = ["account.analytic.account", "ml.awaited"]


class AccountJournal(models.Model):
    _name = "account.journal"
    _inherit = ["account.journal", "ml.awaited.new"]


class AccountPaymentMethodLine(models.Model):
    _name = "account.payment.method.line"
    _inherit = ["account.payment.method.line", "ml.awaited.new"]

    def _ml_awaited(self):
        return self.journal_id


class ResCurrency(models.Model):
    _name = "res.currency"
    _inherit = ["res.currency", "ml.awaited"]


class ResCurrencyRate(models.Model):
    _name = "res.currency.rate"
    _inherit = ["res.currency.rate", "ml.awaited.new"]

    def _ml_awaited(self):
        return self.currency_id


class ResCompany(models.Model):
    _name = "res.company"
    _inherit = ["res.company", "ml.awaited"]

    def _ml_awaited(self):
        """The branches live under the lock dates of their parents."""
        # sudo: whoever may change a company need not see its branches
        return self.sudo().search([("id", "child_of", self.ids)]) if self else self


class AccountLockException(models.Model):
    _name = "account.lock_exception"
    _inherit = ["account.lock_exception", "ml.awaited.new"]

    def _ml_awaited(self):
        return self.company_id._ml_awaited()
