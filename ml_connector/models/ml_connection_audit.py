from datetime import timedelta
from functools import partial

from odoo import fields, models

from ..core.messages import _, paragraph
from ..vault import audit_heads
from ..vault.signature import AuditKeys
from .ml_sealed import needs
from .ml_sentence import Sentence, in_words
from .ml_sync_attempt_verification import Walk

EVERY = timedelta(days=1)
WHOLE_EVERY = timedelta(days=7)
"""How often attempts are verified again."""


class MlConnectionAudit(models.AbstractModel):
    """Verification of the audit trail, in slices of bounded work by the scheduled action of the connection."""

    _name = "ml.connection.audit"
    _inherit = "ml.sealed"
    _description = "Connection Audit Trail"

    audit_state = fields.Selection(
        [
            ("none", "Not Verified"),
            ("requested", "To Verify"),
            ("running", "Verifying"),
            ("ok", "Verified"),
            ("warning", "Partially Verified"),
            ("error", "Changed"),
        ],
        "Audit Trail",
        default="none",
        required=True,
        readonly=True,
        copy=False,
    )
    audit_at = fields.Datetime("Audit Trail Verified", readonly=True, copy=False)
    audit_message = Sentence(readonly=True, copy=False)
    audit_message_source = fields.Json(readonly=True, copy=False)
    audit_walk = fields.Json(readonly=True, copy=False, groups="base.group_system")

    @needs("administer")
    def action_verify_attempts(self):
        """Verify the whole audit trail in the scheduled action, and show the result."""
        return self._ask_job("ask_verify", "audit_state", "requested", audit_walk=False)

    def _verify_slice(self):
        """Verify the next part of the audit trail if it is due. Returns whether it was."""
        self.ensure_one()
        keys = AuditKeys(self.env)
        walk = self._current_walk(keys)
        if not walk:
            return False
        walk.is_running = self.env["ml.sync.attempt"]._advance(self, walk)
        self.audit_walk = walk.state(keys, self)
        if not walk.is_running:
            self._note_verified(walk)
        elif self.audit_state == "requested":
            self.audit_state = "running"
        return True

    def _current_walk(self, keys):
        """The verification that is running or due."""
        now, state = fields.Datetime.now(), self.audit_walk
        walk = Walk(state)
        if not state or not walk.is_signed(keys, self, state):
            return Walk({"whole_at": fields.Datetime.to_string(now)})
        if walk.is_running:
            return walk
        if self.audit_at and self.audit_at > now - EVERY:
            return None
        if fields.Datetime.to_datetime(walk.whole_at) > now - WHOLE_EVERY:
            return walk
        # an earlier problem stays until a user starts a new verification
        earlier = self._sentence("audit_message") if self.audit_state == "error" else ""
        return Walk({"whole_at": fields.Datetime.to_string(now), "earlier": earlier})

    def _note_verified(self, walk):
        message, before = self._verified_text(walk), self.audit_message
        state = "error" if walk.problem or walk.earlier else "warning" if walk.foreign else "ok"
        self.write({"audit_state": state, "audit_at": fields.Datetime.now(), "audit_message": message})
        if state == "error" and message != before:
            self.env["ml.sync.attempt"]._append(
                self, [{"subject": self.name, "action": "verify", "outcome": "error", "message": message}]
            )
            self._tell_owner(
                "mail.mail_activity_data_warning",
                self.env._("The audit trail of %(connection)s was changed", connection=self.name),
                in_words(self.env, message),
            )

    def _verified_text(self, walk):
        if walk.problems > 1:
            return _("%(problem)s Further problems: %(count)s.", problem=walk.problem, count=walk.problems - 1)
        if walk.problem or walk.earlier:
            return walk.problem or walk.earlier
        foreign = self.env["ml.sync.attempt"]._foreign_text(walk)
        whole = _("Complete and unchanged: %(count)s attempts.", count=walk.position)
        return paragraph(foreign, _("The others are unchanged.")) if foreign else whole

    def _remember_head(self):
        """Store the end of the audit trail on this server after the commit, out of reach of SQL.

        Returns whether there is something to store.
        """
        chain = self.env["ml.sync.chain"].search([("connection_id", "=", self.id)])
        path = audit_heads.head_file(self.env, self.id)
        remembered = audit_heads.remembered_head(path)
        if not chain or (remembered and chain.attempt_count <= remembered[0]):
            return False
        if remembered and self.env["ml.sync.attempt"]._hash_at(self, remembered[0]) != remembered[1]:
            return False
        self.env.cr.postcommit.add(partial(audit_heads.remember_head, path, chain.attempt_count, chain.head))
        return True
