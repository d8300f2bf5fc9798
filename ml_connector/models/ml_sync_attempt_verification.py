import json

from odoo import api, models
from odoo.tools import SQL

from ..core.messages import Message, _
from ..vault import audit_heads
from ..vault.signature import AuditKeys

BATCH = 1000
SLICE = 20_000
"""Attempts that are checked before the result is committed."""
BOUND_FIELDS = {"hash", "log_id", "create_uid", "write_uid", "write_date"}
"""Columns outside the signature: the signature itself, and links that a deletion empties."""


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


class MlSyncAttemptVerification(models.AbstractModel):
    """Verification of an audit trail: every attempt is signed, follows the one before, and none is missing."""

    _name = "ml.sync.attempt.verification"
    _inherit = "ml.sealed"
    _description = "Attempt Verification"

    @api.model
    def _verify(self, connection):
        """Verify a whole audit trail; returns a sentence about its first problem, or an empty string."""
        self.env.flush_all()
        walk = Walk()
        while self._advance(connection, walk):
            pass
        return walk.problem or self._foreign_text(walk)

    @api.model
    def _advance(self, connection, walk):
        """Check the next slice of attempts. Returns whether any are left; the end is checked with the last ones."""
        keys = AuditKeys(self.env)
        for _batch in range(0, SLICE, BATCH):
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


def signed_text(row):
    """The signed text of an attempt, without empty values, so that new columns keep old signatures valid."""
    values = sorted((name, value) for name, value in row.items() if value is not None and name not in BOUND_FIELDS)
    return json.dumps(values, default=str, sort_keys=True)
