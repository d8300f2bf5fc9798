"""Odoo's own wizards that merge records, which what names these follows."""

from odoo import api, models


class MergeContacts(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    def _log_merge_operation(self, src_partners, dst_partner):
        # here the survivor has its values, its company too, and the others are still there
        self.env["ml.followed"]._follow(src_partners, dst_partner)
        return super()._log_merge_operation(src_partners, dst_partner)


class MergeAccounts(models.TransientModel):
    _inherit = "account.merge.wizard"

    @api.model
    def _action_merge(self, accounts):
        result = super()._action_merge(accounts)
        # only now the survivor belongs to the companies of all
        self.env["ml.followed"]._follow(accounts[1:], accounts[0])
        return result
