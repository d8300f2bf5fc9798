import hashlib
import json
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.modules.migration import load_script
from odoo.tests import tagged
from odoo.tools import SQL, config

from odoo.addons.ml_connector.models import ml_sync_attempt_verification as verification
from odoo.addons.ml_connector.vault import audit_heads, signature

from .common import ConnectorCase

MIGRATION = Path(__file__).parents[1] / "migrations/19.0.1.1.0/post-audit.py"


class AuditCase(ConnectorCase):
    def setUp(self):
        super().setUp()
        self.paused = {"action": "pause", "record": self.connection}
        for number in range(5):
            self.remote.put("coding", f"remote-{number}", {"kind": "account", "code": f"NONE{number}"})
        self.sync()
        of_connection = [("connection_id", "=", self.connection.id)]
        self.attempts = self.env["ml.sync.attempt"].search(of_connection, order="sequence")
        self.row = self.attempts[2]

    def last(self):
        """The newest attempt."""
        return self.env["ml.sync.attempt"].search([("connection_id", "=", self.connection.id)], limit=1)

    def verify(self):
        self.env.invalidate_all()
        return self.env["ml.sync.attempt"]._verify(self.connection)

    def change(self, statement, *params):
        self.env.cr.execute(SQL(statement, *params))

    def request(self):
        self.connection.action_verify_attempts()
        self.run_worker()

    def later(self, **ago):
        """A run of the job after so much time."""
        with freeze_time(fields.Datetime.now() + timedelta(**ago)):
            self.run_worker()


@tagged("post_install", "-at_install")
class TestAttempts(AuditCase):
    def test_every_transfer_leaves_an_attempt(self):
        self.assertEqual(len(self.attempts), 5)
        self.assertEqual(self.logs("coding").attempt_ids, self.attempts)

    def test_codes_are_shown_in_words(self):
        self.remote.put("bills", "bill-1", {"broken": True})
        self.sync()
        failed = self.logs("bills").attempt_ids
        for name, label in (("outcome", "Failed"), ("error_class", "Invalid Data")):
            self.assertEqual(dict(failed.fields_get([name])[name]["selection"])[failed[name]], label)

    def test_not_even_the_superuser_changes_or_deletes_one(self):
        for change in (lambda row: row.write({"message": "Changed"}), lambda row: row.unlink()):
            with self.assertRaises(AccessError):
                change(self.row.sudo())

    def test_retention_is_bounded_and_optional(self):
        self.logs("coding").write({"done_at": "2020-01-01"})
        self.company.ml_log_retention_days = 0
        self.env["ml.sync.log"]._gc_finished()
        self.assertEqual(len(self.logs("coding")), 5)
        self.env["ml.sync.log"]._gc_payloads()
        self.assertFalse(any(self.logs("coding").sudo().mapped("payload")))


@tagged("post_install", "-at_install")
class TestForgeries(AuditCase):
    """What whoever can only write SQL does to the trail is noticed, with the number of the row."""

    def test_each_changed_column_of_a_row_is_noticed(self):
        self.env.cr.execute("SELECT column_name FROM information_schema.columns WHERE table_name = 'ml_sync_attempt'")
        columns = {name for (name,) in self.env.cr.fetchall()}
        self.assertLessEqual({"create_uid", "log_id", "person", "user_number", "company_id", "write_date"}, columns)
        other = self.make("res.company", name="Other")
        links = {
            **dict.fromkeys(("create_uid", "write_uid"), self.env.ref("base.user_admin").id),
            "company_id": other.id,
            "connection_id": self._connect(other, "Elsewhere").id,
            "log_id": self.attempts[0].log_id.id,
        }
        for column in sorted(columns):
            for value in (links.get(column), None):
                with self.subTest(column=column, value=value), self.env.cr.savepoint() as savepoint:
                    self.set_column(column, value)
                    self.assertIn("3", self.verify())
                    savepoint.rollback()
        self.assertEqual(self.verify(), "")

    def set_column(self, column, value):
        """Another value in a column of the row; None: another text or number, or none where it is a link."""
        field, name = self.env["ml.sync.attempt"]._fields[column], SQL.identifier(column)
        if value is None and column in ("create_uid", "write_uid", "log_id", "company_id"):
            changed = SQL("NULL")
        elif value is not None:
            changed = SQL("%s", value)
        elif field.type in ("integer", "many2one", "many2one_reference"):
            changed = SQL("COALESCE(%s, 0) + 1000000", name)
        elif field.type == "datetime":
            changed = SQL("%s - interval '1 hour'", name)
        elif field.type == "json":
            changed = SQL("""COALESCE(%s, '{}') || '{"template": "x"}'""", name)
        else:
            changed = SQL("COALESCE(%s, '') || 'x'", name)
        if column == "connection_id":
            changed = SQL("%s", value or self._connect(self.company, "Another").id)
        self.change("UPDATE ml_sync_attempt SET %s = %s WHERE id = %s", name, changed, self.row.id)

    def test_removed_inserted_and_moved_rows_are_noticed(self):
        first, second = self.attempts[1:3]
        columns = SQL(", ").join(
            SQL.identifier(name) for name in self.attempts._columns() if name not in ("id", "sequence")
        )
        set_back = "UPDATE ml_sync_chain SET attempt_count = 3, head = %s WHERE connection_id = %s"
        copy = "INSERT INTO ml_sync_attempt (sequence, %s) SELECT %s, %s FROM ml_sync_attempt WHERE id = %s"
        forgeries = {
            "removed": [("DELETE FROM ml_sync_attempt WHERE id = %s", self.row.id)],
            "removed first": [("DELETE FROM ml_sync_attempt WHERE id = %s", self.attempts[0].id)],
            "cut off": [("DELETE FROM ml_sync_attempt WHERE id = ANY(%s)", self.attempts[3:].ids)],
            "all removed": [("DELETE FROM ml_sync_attempt WHERE id = ANY(%s)", self.attempts.ids)],
            "added": [(copy, columns, 6, columns, self.row.id)],
            "added before": [(copy, columns, 0, columns, self.row.id)],
            "swapped": [
                ("UPDATE ml_sync_attempt SET sequence = 1000 WHERE id = %s", first.id),
                ("UPDATE ml_sync_attempt SET sequence = 2 WHERE id = %s", second.id),
                ("UPDATE ml_sync_attempt SET sequence = 3 WHERE id = %s", first.id),
            ],
            "head": [("UPDATE ml_sync_chain SET head = 'x' WHERE connection_id = %s", self.connection.id)],
            "count": [("UPDATE ml_sync_chain SET attempt_count = 4 WHERE connection_id = %s", self.connection.id)],
            "chain": [("DELETE FROM ml_sync_chain WHERE connection_id = %s", self.connection.id)],
            "head of an earlier row": [
                ("DELETE FROM ml_sync_attempt WHERE id = ANY(%s)", self.attempts[3:].ids),
                (set_back, self.row.hash, self.connection.id),
            ],
        }
        for name, statements in forgeries.items():
            with self.subTest(name), self.env.cr.savepoint() as savepoint:
                for statement, *params in statements:
                    self.change(statement, *params)
                found = self.verify()
                self.assertIn("3" if name in ("removed", "head of an earlier row") else "", found)
                self.assertTrue(found)
                savepoint.rollback()
        self.assertEqual(self.verify(), "")

    def test_whole_state_of_an_earlier_time_is_noticed_by_what_the_server_keeps(self):
        """Also the signature of the head is an old one: what is in the database was true once."""
        path = audit_heads.head_file(self.env, self.connection.id)
        self.addCleanup(path.unlink, missing_ok=True)
        chain = self.env["ml.sync.chain"].search([("connection_id", "=", self.connection.id)])
        before = chain.read(["attempt_count", "head", "signature"])[0]
        self.env["ml.sync.attempt"]._append_decisions(self.connection, [self.paused])
        audit_heads.remember_head(path, chain.attempt_count, chain.head)
        self.change("DELETE FROM ml_sync_attempt WHERE connection_id = %s AND sequence > 5", self.connection.id)
        chain.write({name: before[name] for name in ("attempt_count", "head", "signature")})
        self.assertIn("5 of 6", self.verify())

    def test_chain_computed_anew_without_the_key_is_noticed(self):
        self.change("UPDATE ml_sync_attempt SET subject = 'bills FORGED' WHERE id = %s", self.attempts[0].id)
        head = None
        for attempt in self.attempts:
            self.env.cr.execute(SQL("SELECT * FROM ml_sync_attempt WHERE id = %s", attempt.id))
            row = self.env.cr.dictfetchone()
            row["previous_hash"] = head
            forged = hashlib.sha256(json.dumps(row, default=str).encode()).hexdigest()
            self.change(
                "UPDATE ml_sync_attempt SET previous_hash = %s, hash = %s WHERE id = %s", head, forged, attempt.id
            )
            head = forged
        self.change("UPDATE ml_sync_chain SET head = %s WHERE connection_id = %s", head, self.connection.id)
        self.assertIn("1", self.verify())

    def test_key_that_the_forger_names_is_no_way_around(self):
        self.change("UPDATE ml_sync_attempt SET key_id = 'mine' WHERE connection_id = %s", self.connection.id)
        self.change("UPDATE ml_sync_chain SET key_id = 'mine' WHERE connection_id = %s", self.connection.id)
        self.assertIn("1 to 5 cannot be verified", self.verify())
        self.request()
        self.assertEqual(self.connection.audit_state, "warning")

    def test_deleted_logs_and_users_are_no_forgery(self):
        user = self.make("res.users", name="Leaver", login="leaver")
        self.env["ml.sync.attempt"].with_user(user)._append_decisions(self.connection.sudo(), [self.paused])
        user.name = "Renamed"
        self.logs("coding").write({"done_at": "2020-01-01"})
        self.env["ml.sync.log"]._gc_finished()
        self.assertFalse(self.logs("coding"))
        self.assertEqual(self.verify(), "")
        self.env.flush_all()
        self.change("UPDATE ml_sync_attempt SET create_uid = NULL, write_uid = NULL WHERE create_uid = %s", user.id)
        self.assertIn("6", self.verify())
        self.change("DELETE FROM res_users WHERE id = %s", user.id)
        self.assertEqual(self.verify(), "")
        last = self.last()
        self.assertEqual((last.person, last.user_number), ("Leaver", user.id))


@tagged("post_install", "-at_install")
class TestVerification(AuditCase):
    def test_whole_trail_is_verified_by_the_job_when_asked(self):
        self.connection.action_verify_attempts()
        self.assertEqual(self.connection.audit_state, "requested")
        self.run_worker()
        self.assertEqual(self.connection.audit_state, "ok")
        self.assertIn("6", self.connection.audit_message)
        self.assertTrue(self.connection.audit_at)

    def test_resting_connection_and_copy_are_verified_too(self):
        self.connection.state = "paused"
        self.connection.sudo().database_name = "another"
        self.request()
        self.assertEqual(self.connection.audit_state, "ok")

    def test_long_trail_is_verified_in_slices(self):
        self.patch(verification, "BATCH", 2)
        self.patch(verification, "SLICE", 2)
        self.connection.action_verify_attempts()
        self.env.flush_all()
        seen = []
        while self.connection._verify_slice():
            seen.append((self.connection.audit_walk["position"], self.connection.audit_state))
        self.assertEqual(seen, [(2, "running"), (4, "running"), (6, "running"), (6, "ok")])

    def test_daily_run_goes_on_where_the_last_one_ended(self):
        self.request()
        verified = []
        rows_after = type(self.env["ml.sync.attempt"])._rows_after

        def spied(model, connection, position):
            verified.append(position)
            return rows_after(model, connection, position)

        self.patch(type(self.env["ml.sync.attempt"]), "_rows_after", spied)
        self.run_worker()
        self.assertEqual(verified, [], "verified once a day")
        self.later(days=1, minutes=1)
        self.assertEqual(verified, [6])
        self.later(days=8, minutes=1)
        self.assertEqual(verified, [6, 0], "the whole once a week")

    def test_forged_progress_is_not_believed(self):
        self.request()
        self.change("UPDATE ml_sync_attempt SET message = 'forged' WHERE id = %s", self.row.id)
        self.change(
            "UPDATE ml_connection SET audit_walk = jsonb_set(audit_walk, '{position}', '5') WHERE id = %s",
            self.connection.id,
        )
        self.env.invalidate_all()
        self.later(days=1, minutes=1)
        self.assertEqual(self.connection.audit_state, "error")

    def test_what_was_found_stands_and_its_owner_is_told_once(self):
        self.change("UPDATE ml_sync_attempt SET message = 'forged' WHERE id = %s", self.row.id)
        self.env.invalidate_all()
        self.request()
        self.assertEqual(self.connection.audit_state, "error")
        self.assertIn("Attempt 3", self.connection.audit_message)
        self.assertEqual(len(self.connection.activity_ids), 1)
        self.assertEqual(self.connection.activity_ids.user_id, self.connection.owner_id)
        last = self.last()
        self.assertEqual((last.action, last.outcome), ("verify", "error"))
        for days in (1, 2, 12):
            self.later(days=days, minutes=1)
            self.assertEqual(self.connection.audit_state, "error")
            self.assertIn("Attempt 3", self.connection.audit_message)
        self.assertEqual(len(self.connection.activity_ids), 1)
        self.change("UPDATE ml_sync_attempt SET message = NULL WHERE id = %s", self.row.id)
        self.later(days=20, minutes=1)
        self.assertEqual(self.connection.audit_state, "error", "set right again behind our back")
        self.request()
        self.assertEqual(self.connection.audit_state, "ok")

    def test_more_than_one_bad_row_is_counted(self):
        self.change("UPDATE ml_sync_attempt SET message = 'x' WHERE id = ANY(%s)", self.attempts[1:4].ids)
        self.env.invalidate_all()
        self.request()
        self.assertIn("Attempt 2", self.connection.audit_message)
        self.assertIn("Further problems: 2.", self.connection.audit_message)

    def test_dump_on_a_server_without_the_key(self):
        """The old part cannot be verified there, which is said; what is done there is signed and verified."""
        self.request()
        with TemporaryDirectory() as folder, patch.dict(config.options, {"data_dir": folder}):
            self.request()
            self.assertEqual(self.connection.audit_state, "warning")
            self.assertIn("Attempts 1 to 6 cannot be verified", self.connection.audit_message)
            last = self.last()
            self.assertGreater(last.sequence, 6)
            self.change("UPDATE ml_sync_attempt SET subject = 'x' WHERE id = %s", last.id)
            self.assertIn(f"Attempt {last.sequence} was changed", self.verify())

    def test_nothing_is_done_without_a_key_that_can_be_read(self):
        count = self.env["ml.sync.attempt"].search_count([])
        with TemporaryDirectory() as folder, patch.dict(config.options, {"data_dir": folder}):
            path = signature.RING.path(self.env)
            path.parent.mkdir()
            path.write_text("damaged")
            self.remote.put("coding", "remote-9", {"kind": "account", "code": "NONE9"})
            self.sync()
            self.assertEqual(self.connection.state, "attention")
            self.assertIn("not a Fernet key", self.connection.attention_reason)
            with self.assertRaisesRegex(UserError, "not a Fernet key"), self.env.cr.savepoint():
                self.connection.action_pause()
        self.assertEqual(self.env["ml.sync.attempt"].search_count([]), count)
        self.sync()
        self.assertEqual(self.connection.state, "connected")
        self.assertEqual(self.verify(), "")

    def test_keys_are_never_dropped(self):
        self.connection.action_rotate_keys()
        with patch.dict("os.environ", {signature.RING.variable: "_" * 43 + "="}):
            self.env["ml.sync.attempt"]._append_decisions(self.connection, [self.paused])
            self.assertEqual(self.verify(), "")

    def test_unused_connection_can_be_deleted_and_a_used_one_not(self):
        unused = self._connect(self.company, "Unused")
        unused.action_pause()
        self.assertTrue(self.env["ml.sync.attempt"].search([("connection_id", "=", unused.id)]))
        unused.unlink()
        self.assertFalse(unused.exists())


@tagged("post_install", "-at_install")
class TestSigning(AuditCase):
    """An existing database, whose rows carry plain checksums."""

    def setUp(self):
        super().setUp()
        self.migration = load_script(str(MIGRATION), "post_audit")
        checksum = ""
        for attempt in self.attempts:
            self.env.cr.execute(SQL("SELECT * FROM ml_sync_attempt WHERE id = %s", attempt.id))
            row = {**self.env.cr.dictfetchone(), "previous_hash": checksum}
            plain = self.migration._checksum(row)
            self.change(
                """UPDATE ml_sync_attempt SET previous_hash = %s, hash = %s, key_id = NULL, user_number = NULL,
                          res_model = NULL, res_id = NULL WHERE id = %s""",
                *(checksum, plain, attempt.id),
            )
            checksum = plain
        self.change(
            "UPDATE ml_sync_chain SET head = %s, key_id = NULL, signature = NULL WHERE connection_id = %s",
            *(checksum, self.connection.id),
        )
        self.env.invalidate_all()
        self.patch(self.migration, "BATCH", 2)

    def migrate(self):
        self.migration.migrate(self.env.cr, "19.0.1.0.0")
        self.env.invalidate_all()
        return self.last()

    def test_rows_are_signed_and_linked_as_before(self):
        last = self.migrate()
        self.assertEqual((last.action, last.outcome), ("verify", "ok"))
        self.assertEqual(self.verify(), "")
        self.assertEqual(self.attempts.mapped("log_id.attempt_ids"), self.attempts)
        self.change("UPDATE ml_sync_attempt SET log_id = NULL WHERE id = %s", self.row.id)
        self.assertIn("Attempt 3", self.verify())

    def test_what_was_wrong_before_is_said(self):
        changed = ("UPDATE ml_sync_attempt SET message = 'x' WHERE id = %s", self.row.id)
        cut_off = ("DELETE FROM ml_sync_attempt WHERE id = ANY(%s)", self.attempts[3:].ids)
        for forgery, row in ((changed, "Attempt 3"), (cut_off, "4")):
            with self.subTest(row), self.env.cr.savepoint() as savepoint:
                self.change(*forgery)
                last = self.migrate()
                self.assertEqual(last.outcome, "error")
                self.assertIn(row, last.message if forgery == changed else self.verify())
                savepoint.rollback()
