from odoo import api, models
from odoo.fields import Domain

from .ml_sealed import OWN_MODELS


class MailFollowers(models.Model):
    _inherit = "mail.followers"

    @api.model
    def _search(self, domain, *args, bypass_access=False, **kwargs):
        """Show followers of records of this addon only to users who may read the records; Odoo shows them to all."""
        if not (self.env.su or bypass_access):
            domain = Domain(domain) & self._told()
        return super()._search(domain, *args, bypass_access=bypass_access, **kwargs)

    @api.model
    def _told(self):
        ours = [self.env[name] for name in self.env.registry if name.startswith(OWN_MODELS)]
        followed = [model for model in ours if "message_follower_ids" in model._fields and not model._abstract]
        told = Domain("res_model", "not in", [model._name for model in followed])
        for model in filter(lambda model: model.has_access("read"), followed):
            readable = model.with_context(active_test=False)._search([])
            told |= Domain("res_model", "=", model._name) & Domain("res_id", "in", readable)
        return told
