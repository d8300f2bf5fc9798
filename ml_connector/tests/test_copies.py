from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from odoo.addons.ml_connector.core.documents import OwnId
from odoo.addons.ml_connector.core.own_ids import MARKS_SINCE, may_be, own_id
from odoo.addons.ml_connector.models import ml_connection_database
from odoo.addons.ml_connector.vault import database_mark
from odoo.addons.ml_connector.vault.database_mark import DatabaseMark

from .common import ConnectorCase


@tagged("post_install", "-at_install")
class TestCopies(ConnectorCase):
    def setUp(self):
        super().setUp()
        self.patch(ml_connection_database, "SKIPPED_IDS", 1000)  # sequences are not set back after a test

    def test_what_a_dump_does_not_carry_tells_a_copy(self):
        for name in ("database_uuid", "database_system", "database_oid"):
            for value in ("another", False):
                with self.subTest(name, value=value):
                    kept = self.connection[name]
                    self.connection[name] = value
                    self.assertTrue(self.connection.is_copy)
                    self.connection[name] = kept
                    self.env.invalidate_all()
                    self.assertFalse(self.connection.is_copy)

    def test_another_name_alone_is_no_copy(self):
        self.connection.database_name = "another"
        self.assertFalse(self.connection.is_copy)

    def test_without_the_number_of_the_cluster_the_name_counts(self):
        mark = DatabaseMark("uuid", "name", "", "oid")
        self.assertTrue(mark.is_same(mark))
        self.assertFalse(mark.is_same(DatabaseMark("uuid", "another", "", "oid")))
        self.assertFalse(mark.is_same(DatabaseMark("uuid", "name", "system", "oid")))
        self.assertFalse(DatabaseMark("uuid", "name", "system", "oid").is_same(mark))
        self.assertFalse(DatabaseMark("", "", "", "").is_same(DatabaseMark("", "", "", "")))

    def test_the_check_says_where_the_cluster_cannot_be_told(self):
        self.env.cr.cache.clear()
        with patch.object(database_mark, "_system", return_value=""):
            self.connection._remember_database()
            self.assertChecked("warning", "PostgreSQL does not identify this server")
        self.env.cr.cache.clear()
        self.assertTrue(self.connection.is_copy, "now it can be told, and nobody knows whether it is the same")

    def test_many_connections_are_told_with_few_queries(self):
        connections = self.connection + self._connect(self.company, "Two") + self._connect(self.company, "Three")
        self.env.flush_all()
        self.env.invalidate_all()
        self.env.cr.cache.clear()
        with self.assertQueryCount(8):
            connections.mapped("is_copy")

    def test_a_copy_waits_for_a_system_administrator(self):
        self.connection.database_system = "another"
        groups = ("ml_connector.group_ml_connector_manager", "account.group_account_manager")
        administrator = self.new_user("administrator", self.company, *groups)
        system = self.new_user("system", self.company, groups[0], "base.group_system")
        with self.assertRaises(AccessError):
            self.connection.with_user(administrator).action_adopt_database()
        self.sync_bill()
        self.assertFalse(self.remote.calls)
        self.connection.with_user(system).action_adopt_database()
        self.assertFalse(self.connection.is_copy)
        self.sync()
        self.assertTrue(self.remote.calls)

    def test_what_replaced_a_database_is_read_at_once_and_looked_at(self):
        self.connection.write({"database_oid": "another", "last_success_at": "2026-01-31 12:00:00"})
        self.flow("bills").next_run_at = "2099-01-01"
        self.connection.action_adopt_database()
        self.assertLessEqual(self.flow("bills").next_run_at, fields.Datetime.now())
        note = self.connection.message_ids.sorted("id")[-1].body
        self.assertIn("made this database the live one", note)
        self.assertIn("are not sent again", note)
        self.assertIn(self.flow("bills").name, note)
        messages = self.connection.message_ids
        self.connection.action_adopt_database()
        self.assertEqual(self.connection.message_ids, messages, "it is not declared twice")

    def test_new_records_have_no_id_that_the_replaced_database_may_have_given(self):
        def next_id():
            return self.make("res.partner", name="New").id

        before = next_id()
        self.connection.database_oid = "another"
        self.connection.action_adopt_database()
        self.assertGreater(next_id(), before + ml_connection_database.SKIPPED_IDS)

    def bear_again(self):
        """Contacts are made a moment later, as after a restore."""
        self.env.cr.execute("UPDATE res_partner SET create_date = create_date + interval '1 us'")
        self.env.invalidate_all()

    def test_an_id_that_is_given_again_has_another_mark(self):
        partner = self.env["res.partner"].create({"name": "Lost"})
        lost = own_id(partner)
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(str(own_id(partner)), str(lost), "the same, however it was read")
        self.assertEqual(OwnId.read(str(lost)).mark, lost.mark)
        self.assertRegex(str(lost), rf"^{partner.id}-[A-Z2-7]{{6}}$")
        self.assertTrue(may_be(partner, lost))
        self.bear_again()
        self.assertEqual(own_id(partner), lost)
        self.assertNotEqual(own_id(partner).mark, lost.mark)
        self.assertFalse(may_be(partner, lost))
        self.assertTrue(may_be(partner, OwnId(partner.id)), "without a mark it proves nothing, and is compared")

    def test_what_was_sent_before_there_were_marks_is_known_without(self):
        partner = self.env["res.partner"].create({"name": "Sent Before"})
        self.env["ir.config_parameter"].set_param(MARKS_SINCE, self.env.cr.now().isoformat(timespec="microseconds"))
        self.assertEqual(str(own_id(partner)), str(partner.id))
        self.bear_again()
        self.assertTrue(own_id(partner).mark)
