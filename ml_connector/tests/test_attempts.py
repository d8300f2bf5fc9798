from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import ConnectorCase


@tagged("post_install", "-at_install")
class TestAttempts(ConnectorCase):
    def setUp(self):
        super().setUp()
        for number in range(5):
            self.remote.put("coding", f"remote-{number}", {"kind": "account", "code": f"NONE{number}"})
        self.sync()
        self.attempts = self.env["ml.sync.attempt"].search(
            [("connection_id", "=", self.connection.id)], order="sequence"
        )

    def verify(self):
        self.env.invalidate_all()
        return self.env["ml.sync.attempt"]._verify(self.connection)

    def change(self, query, *params):
        self.env.cr.execute(query, params)

    def test_every_transfer_leaves_an_attempt(self):
        self.assertEqual(len(self.attempts), 5)
        self.assertEqual(self.logs("coding").attempt_ids, self.attempts)
        self.assertEqual(self.verify(), "")

    def test_codes_are_shown_in_words(self):
        self.remote.put("bills", "bill-1", {"broken": True})
        self.sync()
        failed = self.logs("bills").attempt_ids
        labels = dict(failed.fields_get(["outcome"])["outcome"]["selection"])
        self.assertEqual(labels[failed.outcome], "Failed")
        labels = dict(failed.fields_get(["error_class"])["error_class"]["selection"])
        self.assertEqual(labels[failed.error_class], "Invalid Data")

    def test_not_even_the_superuser_changes_or_deletes_one(self):
        with self.assertRaises(AccessError):
            self.attempts[0].sudo().message = "Changed"
        with self.assertRaises(AccessError):
            self.attempts[0].sudo().unlink()

    def test_changed_attempt_is_found(self):
        self.change("UPDATE ml_sync_attempt SET outcome = 'other' WHERE id = %s", self.attempts[2].id)
        self.assertIn("3", self.verify())

    def test_missing_attempt_is_found(self):
        self.change("DELETE FROM ml_sync_attempt WHERE id = %s", self.attempts[2].id)
        self.assertIn("3", self.verify())

    def test_cut_off_attempts_are_found(self):
        self.change("DELETE FROM ml_sync_attempt WHERE id IN %s", tuple(self.attempts[3:].ids))
        self.assertTrue(self.verify())

    def test_swapped_attempts_are_found(self):
        first, second = self.attempts[1:3]
        self.change("UPDATE ml_sync_attempt SET sequence = 1000 WHERE id = %s", first.id)
        self.change("UPDATE ml_sync_attempt SET sequence = 2 WHERE id = %s", second.id)
        self.change("UPDATE ml_sync_attempt SET sequence = 3 WHERE id = %s", first.id)
        self.assertTrue(self.verify())

    def test_retention_keeps_the_chain(self):
        self.logs("coding").write({"done_at": "2020-01-01"})
        self.env["ml.sync.log"]._gc_finished()
        self.assertFalse(self.logs("coding"))
        self.assertEqual(self.verify(), "")

    def test_retention_is_bounded_and_optional(self):
        self.logs("coding").write({"done_at": "2020-01-01"})
        self.company.ml_log_retention_days = 0
        self.env["ml.sync.log"]._gc_finished()
        self.assertEqual(len(self.logs("coding")), 5)
        self.env["ml.sync.log"]._gc_payloads()
        self.assertFalse(any(self.logs("coding").sudo().mapped("payload")))
