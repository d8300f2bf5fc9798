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
