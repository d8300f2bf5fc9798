from unittest.mock import patch

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.ml_connector.core.provider import Territory

from .common import ConnectorCase
from .fake_provider import FakeProvider

ALL = {}
EUROPE = {"eu": "Example Europe B.V."}
AMERICA = {"us": "Example Industries LLC"}
MANAGER = ("ml_connector.group_ml_connector_manager", "account.group_account_manager", "base.group_system")


@tagged("post_install", "-at_install")
class TestOverlap(ConnectorCase):
    """One record of a provider business is booked by one connection."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.connection.name = "Ramp"
        cls.elsewhere = cls.env["res.company"].create({"name": "Elsewhere"})
        cls.second = cls._connect(cls.elsewhere, "Second")
        cls.second.state = "draft"

    def setUp(self):
        super().setUp()
        self.taken = {}
        self.businesses = {}

        def territory(_cls, credentials, stored):
            name = credentials["client_id"]
            business = self.businesses.get(name, "biz")
            return Territory(business=business, name="Example Industries Inc.", entities=self.taken[name])

        self.startPatcher(patch.object(FakeProvider, "territory", classmethod(territory)))
        self.startPatcher(patch.object(FakeProvider, "has_entities", True))

    def take(self, connection, entities, business="biz"):
        name = f"client {connection.id}"
        connection.credential_ids.filtered(lambda row: row.name == "client_id").value = name
        self.taken[name], self.businesses[name] = entities, business

    def take_both(self, first, second, business="biz"):
        """What both take; the state of the test of the second, after the first is fine."""
        self.take(self.connection, first)
        self.take(self.second, second, business)
        self.assertEqual(self.check(self.connection), "ok")
        return self.check(self.second)

    def check(self, connection):
        connection.action_test()
        self.env.cr.flush()
        self._keep()
        connection._cron_run()
        self.env.invalidate_all()
        return connection.check_state

    def test_what_another_connection_books_cannot_be_started(self):
        for first, second, said in (
            (ALL, EUROPE, "Ramp (%s) already syncs all entities of Example Industries Inc. Choose an entity in that"),
            (ALL, ALL, "Ramp (%s) already syncs all entities of Example Industries Inc. Choose an entity in that"),
            (EUROPE, ALL, "Ramp (%s) already syncs Example Europe B.V. of Example Industries Inc. Choose another"),
            (EUROPE | AMERICA, EUROPE, "Ramp (%s) already syncs Example Europe B.V. of Example Industries Inc."),
        ):
            with self.subTest(said):
                self.second.check_state = "none"
                self.assertEqual(self.take_both(first, second), "error")
                self.assertHas(self.second.findings_html, said % self.company.name, "fa-times-circle")
                with self.assertRaisesRegex(UserError, "Fix the errors found by the check"):
                    self.second.action_start()
                self.assertEqual(self.second.state, "draft")

    def test_entities_of_their_own_and_other_businesses_are_started(self):
        for second, business in ((AMERICA, "biz"), (EUROPE, "another"), (ALL, "another")):
            with self.subTest(second, business=business):
                self.assertEqual(self.take_both(EUROPE, second, business), "ok")
                self.second.action_start()
                self.second.action_disconnect()

    def test_of_two_that_were_tested_before_one_starts(self):
        self.connection.state = "draft"
        for connection in (self.connection, self.second):
            self.take(connection, ALL)
            self.assertEqual(self.check(connection), "ok", "nobody books it yet")
        self.second.action_start()
        with self.assertRaisesRegex(UserError, r"Second \(Elsewhere\) already syncs all entities"):
            self.connection.action_start()
        self.assertEqual(self.connection.state, "draft")

    def test_one_in_use_that_takes_more_than_before_is_paused(self):
        self.take_both(EUROPE, AMERICA)
        self.second.action_start()
        self.take(self.second, ALL)
        self.assertEqual(self.check(self.second), "error")
        self.assertEqual(self.second.state, "paused")
        self.assertIn("already syncs Example Europe B.V.", str(self.second.activity_ids.mapped("note")))

    def test_its_name_is_told_to_who_may_see_it(self):
        self.take_both(ALL, EUROPE)
        person = self.new_user("elsewhere", self.elsewhere, *MANAGER)
        second = self.second.with_user(person).with_company(self.elsewhere)
        told = f"{second.findings_html} {second.findings}"
        self.assertIn("Another connection already syncs all entities of Example Industries Inc.", told)
        self.assertNotIn("Ramp", told)
        self.second.check_state = "ok"
        with self.assertRaises(UserError) as refused:
            second.action_start()
        self.assertNotIn("Ramp", str(refused.exception))
        person.company_ids = [Command.link(self.company.id)]
        self.env.invalidate_all()
        self.assertIn(f"Ramp ({self.company.name}) already syncs", second.findings_html)

    def test_what_there_is_to_choose_from(self):
        credential = self.credential("client_id")
        self.assertFalse(credential.choices)
        self.connection.stored_settings = {"choices": {"client_id": ["Example Europe B.V.", "Example Industries Inc."]}}
        self.assertEqual(credential.choices, ["Example Europe B.V.", "Example Industries Inc."])
