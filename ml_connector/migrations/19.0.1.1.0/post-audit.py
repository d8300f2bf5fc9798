"""Check the audit trail, which was chained by plain checksums, then sign each row."""

import hashlib
import json

from odoo import SUPERUSER_ID, api, fields
from odoo.tools import SQL

from odoo.addons.ml_connector.models.ml_sync_attempt import signed_text
from odoo.addons.ml_connector.vault.signature import AuditKeys

BATCH = 5000
HASHED = (
    *("connection_id", "sequence", "happened_at", "subject", "action", "outcome", "error_class", "message", "status"),
    *("trace_id", "milliseconds"),
)


def migrate(cr, version):
    env = api.Environment(cr, SUPERUSER_ID, {})
    cr.execute("SELECT DISTINCT connection_id FROM ml_sync_attempt WHERE key_id IS NULL")
    for (connection_id,) in cr.fetchall():
        _sign(env, env["ml.connection"].browse(connection_id))


def _sign(env, connection):
    attempts, keys = env["ml.sync.attempt"], AuditKeys(env)
    key_id = keys.newest()
    chain = attempts._lock_chain(connection)
    position, checksum, signature, broken = 0, "", None, None
    while rows := _unsigned_rows(attempts, connection, position):
        changes = []
        for row in rows:
            is_sound = row["sequence"] == position + 1 and (row["previous_hash"] or "") == checksum
            if broken is None and not (is_sound and row["hash"] == _checksum(row)):
                broken = row["sequence"]
            position, checksum = row["sequence"], row["hash"]
            row |= {"user_number": row["create_uid"], "previous_hash": signature, "key_id": key_id}
            if row["log_id"]:
                row |= {"res_model": "ml.sync.log", "res_id": row["log_id"]}
            signature = keys.sign(key_id, signed_text(row))
            changes.append((row["id"], row["previous_hash"], signature))
        _store(env, key_id, changes)
    if broken is None and (chain.attempt_count, chain.head or "") != (position, checksum):
        broken = position + 1
    chain._move(keys, max(position, chain.attempt_count), signature)
    attempts.invalidate_model()
    attempts._append(connection, [{"subject": connection.name, "action": "verify", **_result(env, position, broken)}])


def _unsigned_rows(attempts, connection, position):
    columns = SQL(", ").join(map(SQL.identifier, attempts._columns()))
    attempts.env.cr.execute(
        SQL(
            """SELECT %s FROM ml_sync_attempt WHERE connection_id = %s AND sequence > %s AND key_id IS NULL
                ORDER BY sequence LIMIT %s""",
            *(columns, connection.id, position, BATCH),
        )
    )
    return attempts.env.cr.dictfetchall()


def _store(env, key_id, changes):
    env.cr.execute(
        SQL(
            """UPDATE ml_sync_attempt attempt
                  SET previous_hash = change.previous_hash, hash = change.hash, key_id = %s,
                      user_number = create_uid, write_uid = create_uid, write_date = create_date,
                      res_id = log_id, res_model = CASE WHEN log_id IS NULL THEN NULL ELSE 'ml.sync.log' END
                 FROM unnest(%s::int[], %s::text[], %s::text[]) AS change(id, previous_hash, hash)
                WHERE attempt.id = change.id""",
            key_id,
            *map(list, zip(*changes, strict=True)),
        )
    )


def _checksum(row):
    """As rows were chained before they were signed."""
    content = {name: row[name] or None for name in HASHED}
    content["happened_at"] = fields.Datetime.to_string(row["happened_at"])
    text = json.dumps([row["previous_hash"] or "", content], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _result(env, count, broken):
    if broken is None:
        message = env._("%s attempts were verified as they were written, and are signed from now on.", count)
        return {"outcome": "ok", "message": message}
    message = env._("Attempt %s did not agree with its checksum when the attempts were signed.", broken)
    return {"outcome": "error", "message": message}
