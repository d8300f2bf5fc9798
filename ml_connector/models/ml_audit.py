"""Verification of the audit trail, in slices of bounded work by the scheduled action of the connection."""

import json
from datetime import timedelta
from functools import partial

from odoo import api, fields, models
from odoo.tools import SQL

from ..core.messages import Message, _, paragraph
from ..vault import audit_heads
from ..vault.signature import AuditKeys
from .ml_sealed import needs
from .ml_sentence import Sentence, in_words
from .ml_sync_attempt import signed_text

BATCH = 1000
SLICE = 20_000
"""Attempts that are checked before the result is committed."""
EVERY = timedelta(days=1)
WHOLE_EVERY = timedelta(days=7)
"""How often attempts are verified again."""


class Walk:
    """Progress of a verification of an audit trail, and the problems found."""

    def __init__(self, state=None):
        state = state or {}
        self.position = state.get("position", 0)
        self.hash = state.get("hash")
        self.problem = _restored(state.get("problem", ""))
        self.problems = state.get("problems", 0)
        self.earlier = _restored(state.get("earlier", ""))
        self.foreign = state.get("foreign")
        self.is_running = state.get("is_running", False)
        self.whole_at = state.get("whole_at", "")

    def state(self, keys, connection):
        key_id = keys.newest()
        texts = {"problem": _kept(self.problem), "earlier": _kept(self.earlier)}
        return {**vars(self), **texts, "key_id": key_id, "signature": keys.sign(key_id, self._text(connection))}

    def is_signed(self, keys, connection, state):
        return bool(keys.verify(state.get("key_id"), self._text(connection), state.get("signature")))

    def _text(self, connection):
        return json.dumps(["walk", connection.id, self.position, self.hash])

    def note(self, problem):
        self.problem = self.problem or problem
        self.problems += 1

    def note_foreign(self, sequence):
        """Note an attempt signed with a key that this server does not have."""
        self.foreign = [self.foreign[0] if self.foreign else sequence, sequence]


def _kept(sentence):
    """A sentence in JSON."""
    return sentence.to_json() if isinstance(sentence, Message) else sentence


def _restored(sentence):
    return Message.from_json(sentence) if isinstance(sentence, dict) else sentence


class MlSyncAttempt(models.Model):
    _inherit = "ml.sync.attempt"

    @api.model
    def _verify(self, connection):
        """Verify a whole audit trail; returns a sentence about its first problem, or an empty string."""
        self.env.flush_all()
        walk = Walk()
        while self._advance(connection, walk, SLICE):
            pass
        return walk.problem or self._foreign_text(walk)

    @api.model
    def _advance(self, connection, walk, limit):
        """Check the next attempts. Returns whether any are left; the end is checked with the last ones."""
        keys = AuditKeys(self.env)
        for _batch in range(0, limit, BATCH):
            rows = self._rows_after(connection, walk.position)
            missing = self._missing_links(rows)
            for row in rows:
                self._check_row(keys, walk, row, missing)
            if len(rows) < BATCH:
                self._check_end(keys, connection, walk)
                return False
        return True

    def _rows_after(self, connection, position):
        columns = SQL(", ").join(map(SQL.identifier, self._columns()))
        query = SQL(
            "SELECT %s FROM ml_sync_attempt WHERE connection_id = %s AND sequence > %s ORDER BY sequence LIMIT %s",
            *(columns, connection.id, position, BATCH),
        )
        self.env.cr.execute(query)
        return self.env.cr.dictfetchall()

    def _missing_links(self, rows):
        """The transfers and users that exist although the link of an attempt to them is empty."""
        found = set()
        for model, name, number in (("ml.sync.log", "log_id", "res_id"), ("res.users", "create_uid", "user_number")):
            ids = [row[number] for row in rows if row[name] is None and row[number]]
            if ids:
                table = SQL.identifier(self.env[model]._table)
                known = self.env.execute_query(SQL("SELECT id FROM %s WHERE id = ANY(%s)", table, ids))
                found |= {(name, record_id) for (record_id,) in known}
        return found

    def _check_row(self, keys, walk, row, missing):
        sequence = row["sequence"]
        is_genuine = keys.verify(row["key_id"], signed_text(row), row["hash"])
        if sequence != walk.position + 1:
            walk.note(_("Attempt %(number)s is missing.", number=walk.position + 1))
        elif row["previous_hash"] != walk.hash:
            walk.note(_("Attempt %(number)s does not follow the previous one.", number=sequence))
        elif is_genuine is False or not _is_bound(row, missing):
            walk.note(_("Attempt %(number)s was changed.", number=sequence))
        elif is_genuine is None:
            walk.note_foreign(sequence)
        walk.position, walk.hash = sequence, row["hash"]

    def _check_end(self, keys, connection, walk):
        chain = self.env["ml.sync.chain"].sudo().search([("connection_id", "=", connection.id)])  # sudo: as `_insert`
        remembered = audit_heads.remembered_head(audit_heads.head_file(self.env, connection.id))
        first, length = self._ends(connection)
        known = max(chain.attempt_count, remembered[0] if remembered else 0, walk.position)
        if length < known:
            walk.note(_("The last attempts are missing: %(found)s of %(length)s are left.", found=length, length=known))
        elif first is not None and first != 1:
            walk.note(_("Attempt %(number)s was inserted.", number=first))
        elif (chain.attempt_count, chain.head or None) != (walk.position, walk.hash):
            walk.note(_("ML Connector did not write the attempts after number %(number)s.", number=chain.attempt_count))
        elif remembered and self._hash_at(connection, remembered[0]) != remembered[1]:
            walk.note(_("Attempt %(number)s is not the one that this server wrote.", number=remembered[0]))
        elif chain and keys.verify(chain.key_id, chain._text(), chain.signature) is False:
            walk.note(_("The end of the audit trail was changed at number %(number)s.", number=chain.attempt_count))

    def _ends(self, connection):
        query = SQL("SELECT min(sequence), max(sequence) FROM ml_sync_attempt WHERE connection_id = %s", connection.id)
        first, last = self.env.execute_query(query)[0]
        return first, last or 0

    def _hash_at(self, connection, sequence):
        return self.search([("connection_id", "=", connection.id), ("sequence", "=", sequence)]).hash

    def _foreign_text(self, walk):
        if not walk.foreign:
            return ""
        return _(
            "Attempts %(first)s to %(last)s cannot be verified, because their signing key is not on this server.",
            first=walk.foreign[0],
            last=walk.foreign[1],
        )


def _is_bound(row, missing):
    """Whether the unsigned columns agree with the signed ones."""
    is_of_log = row["res_model"] == "ml.sync.log"
    return (
        row["log_id"] in (None, row["res_id"] if is_of_log else None)
        and not (is_of_log and row["log_id"] is None and ("log_id", row["res_id"]) in missing)
        and {row["create_uid"], row["write_uid"]} <= {row["user_number"], None}
        and row["create_uid"] == row["write_uid"]
        and not (row["create_uid"] is None and ("create_uid", row["user_number"]) in missing)
        and row["write_date"] == row["create_date"]
    )


class MlConnection(models.Model):
    _inherit = "ml.connection"

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
        self.ensure_one()
        # sudo: engine fields
        self.sudo().write({"audit_state": "requested", "audit_walk": False})
        self._decided("ask_verify")
        self._trigger()
        return self._wait_for("audit_state", "requested")

    def _verify_slice(self):
        """Verify the next part of the audit trail if it is due. Returns whether it was."""
        self.ensure_one()
        keys = AuditKeys(self.env)
        walk = self._current_walk(keys)
        if not walk:
            return False
        walk.is_running = self.env["ml.sync.attempt"]._advance(self, walk, SLICE)
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
