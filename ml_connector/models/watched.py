"""Odoo's models whose changes flows may send, or transfers wait for, as far as they have no file of their own."""

from odoo import models


class AccountAccount(models.Model):
    _name = "account.account"
    _inherit = ["account.account", "ml.sync.mixin", "ml.followed"]


class AccountAnalyticPlan(models.Model):
    _name = "account.analytic.plan"
    _inherit = ["account.analytic.plan", "ml.sync.mixin", "ml.followed"]


class AccountAnalyticAccount(models.Model):
    _name = "account.analytic.account"
    _inherit = ["account.analytic.account", "ml.sync.mixin", "ml.followed"]


class AccountTax(models.Model):
    _name = "account.tax"
    _inherit = ["account.tax", "ml.sync.mixin", "ml.followed"]


class HrEmployee(models.Model):
    _name = "hr.employee"
    _inherit = ["hr.employee", "ml.sync.mixin", "ml.followed"]


class AccountTaxRepartitionLine(models.Model):
    _name = "account.tax.repartition.line"
    _inherit = ["account.tax.repartition.line", "ml.sync.mixin", "ml.followed"]
    _ml_new_is_awaited = True

    def _ml_awaited(self):
        return self.tax_id


class ResPartnerBank(models.Model):
    _name = "res.partner.bank"
    _inherit = ["res.partner.bank", "ml.sync.mixin"]


class StockPicking(models.Model):
    _name = "stock.picking"
    _inherit = ["stock.picking", "ml.sync.mixin"]


class StockMove(models.Model):
    _name = "stock.move"
    _inherit = ["stock.move", "ml.sync.mixin"]


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


class AccountPaymentMethodLine(models.Model):
    _name = "account.payment.method.line"
    _inherit = ["account.payment.method.line", "ml.followed"]
    _ml_new_is_awaited = True

    def _ml_awaited(self):
        return self.journal_id


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


class AccountLockException(models.Model):
    _name = "account.lock_exception"
    _inherit = ["account.lock_exception", "ml.followed"]
    _ml_new_is_awaited = True

    def _ml_awaited(self):
        return self.company_id._ml_awaited()
