"""Odoo's merge wizards, extended to update mappings, links and transfers."""

from odoo import api, models


class MergeContacts(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    def _log_merge_operation(self, src_partners, dst_partner):
        # here the remaining contact has its final values, and the others still exist
        self.env["ml.followed"]._follow(src_partners, dst_partner)
        return super()._log_merge_operation(src_partners, dst_partner)


class MergeAccounts(models.TransientModel):
    _inherit = "account.merge.wizard"

    @api.model
    def _action_merge(self, accounts):
        result = super()._action_merge(accounts)
        # only now the remaining account belongs to all companies
        self.env["ml.followed"]._follow(accounts[1:], accounts[0])
        return result
