from odoo import Command
from odoo.exceptions import AccessDenied, AccessError, UserError, ValidationError
from odoo.tests import tagged

from .common import ConnectorCase

BILLING = "account.group_account_invoice"
CONTACTS = "base.group_partner_manager"


@tagged("post_install", "-at_install")
class TestIntegrationUser(ConnectorCase):
    def setUp(self):
        super().setUp()
        self.user = self.connection.user_id

    def take(self, group):
        self.user.group_ids = [Command.unlink(self.env.ref(group).id)]

    # ------------------------------------------------------------------ who it is

    def test_made_with_the_connection(self):
        user = self.user
        self.assertEqual((user.name, user.share, user.active), ("Fake Vendor Integration", False, True))
        self.assertEqual((user.company_id, user.company_ids), (self.company, self.company))
        self.assertEqual((user.notification_type, user.email), ("inbox", False))
        self.assertFalse(user._is_admin())
        self.env.cr.execute("SELECT password FROM res_users WHERE id = %s", [user.id])
        self.assertEqual(self.env.cr.fetchone(), (None,))

    def test_rights_follow_the_flows(self):
        """No other right stays."""
        self.user.group_ids = [Command.link(self.env.ref("account.group_account_manager").id)]
        self.flow("bill_files").active = False
        self.assertFalse(self.user.has_group("account.group_account_manager"))
        declared = self.connection._declared_groups()
        self.assertLessEqual({BILLING, CONTACTS}, declared)
        self.assertFalse(self.connection._missing_groups(declared))
        self.connection.flow_ids.active = False
        self.assertFalse(self.connection._declared_groups())
        self.assertFalse(self.user.has_group(BILLING) or self.user.has_group(CONTACTS))
        self.flow("vendors").active = True
        self.assertTrue(self.user.has_group(CONTACTS))
        self.assertFalse(self.user.has_group(BILLING))

    def test_works_as_itself(self):
        self.map_expense()
        self.sync_bill()
        log, move = self.logs("bills"), self.imported()
        self.assertEqual(log.state, "done", log.error_message)
        self.assertEqual((move.create_uid, move.state), (self.user, "posted"))
        self.assertNotIn(self.user.partner_id, move.message_partner_ids)

    def test_lives_as_long_as_its_connection(self):
        with self.assertRaises(UserError):
            self.user.unlink()
        self.connection.action_pause()
        self.connection.active = False
        self.assertFalse(self.user.active)
        self.connection.active = True
        self.assertTrue(self.user.active)
        other = self._connect(self.company, "Other")
        user = other.user_id
        other.unlink()
        self.assertFalse(user.exists())

    # ------------------------------------------------------------------ no log-in

    def test_no_log_in_whatever_is_written(self):
        self.user.password = "a-password-of-somebody"
        credential = {"login": self.user.login, "password": "a-password-of-somebody", "type": "password"}
        users = self.env["res.users"]
        for attempt in (
            lambda: users.authenticate(credential, {"interactive": True}),
            lambda: self.user.with_user(self.user)._check_credentials(credential, {"interactive": False}),
            lambda: users._check_uid_passwd(self.user.id, "a-password-of-somebody"),
        ):
            with self.assertRaises(AccessDenied):
                attempt()
        with self.assertRaises(UserError):
            self.user.action_reset_password()
        with self.assertRaises(AccessError):
            self.env["res.users.apikeys"].with_user(self.user)._generate("rpc", "key", False)
        self.assertFalse(self.user._compute_session_token("session"))

    def test_a_key_of_before_is_worth_nothing(self):
        person = self.new_user("chosen", self.company, "base.group_user", BILLING, CONTACTS)
        key = self.env["res.users.apikeys"].with_user(person).sudo()._generate("rpc", "key", False)
        keys = self.env["res.users.apikeys"]
        self.assertEqual(keys._check_credentials(scope="rpc", key=key), person.id)
        self.connection.user_id = person
        self.assertFalse(keys._check_credentials(scope="rpc", key=key))

    # ------------------------------------------------------------------ chosen

    def test_who_can_be_chosen(self):
        elsewhere = self.env["res.company"].create({"name": "Elsewhere"})
        for person in (
            self.env.ref("base.user_admin"),
            self.env.ref("base.user_root"),
            self.new_user("portal", self.company, "base.group_portal"),
            self.new_user("stranger", elsewhere, "base.group_user"),
        ):
            with self.assertRaises(ValidationError):
                self.connection.user_id = person
        person = self.new_user("chosen", self.company, "base.group_user")
        self.connection.user_id = person
        self.assertEqual(person.group_ids, self.env.ref("base.group_user"), "whoever is chosen keeps his rights")
        findings = {finding.title: finding.message for finding in self.connection._user_findings()}
        self.assertIn("Invoicing", findings[self.flow("bills").name])

    def test_only_system_administrators_choose(self):
        groups = ("ml_connector.group_ml_connector_manager", "account.group_account_manager")
        administrator = self.new_user("administrator", self.company, *groups)
        with self.assertRaises(AccessError):
            self.connection.with_user(administrator).user_id = administrator

    # ------------------------------------------------------------------ what it lacks

    def test_missing_rights_park(self):
        self.map_expense()
        for group, key, model, name in (
            (BILLING, "bills", "account.move", "Invoicing"),
            (CONTACTS, "vendors", "res.partner", "Contact"),
        ):
            with self.subTest(group=group):
                self.connection._grant()
                self.put_bill(f"bill-{key}")
                self.remote.put("vendors", f"vendor-{key}", {"name": f"New of {key}"})
                self.take(group)
                before = self.env[model].search_count([])
                self.sync()
                failed = self.logs(key).filtered(lambda log: log.state == "failed")
                self.assertEqual(set(failed.mapped("error_class")), {"rights"}, self.logs(key).mapped("state"))
                self.assertIn(name, failed[:1].error_message)
                self.assertEqual(self.env[model].search_count([]), before, "nothing is booked")
                self.connection._grant()
                self.run_worker()
                self.assertEqual(set(failed.mapped("state")), {"done"}, failed.mapped("error_message"))

    def test_findings_of_the_check(self):
        self.assertFalse(self.connection._user_findings())
        self.take(BILLING)
        titles = [finding.title for finding in self.connection._user_findings()]
        self.assertIn(self.flow("bills").name, titles)
        self.assertChecked("error")

    def test_an_archived_user_stops_the_work(self):
        self.user.active = False
        self.sync_bill()
        self.assertFalse(self.logs("bills").filtered(lambda log: log.state == "done"))
        self.assertEqual(self.connection.state, "attention")
        self.assertIn("is archived", self.connection.attention_reason)

    # ------------------------------------------------------------------ Odoo's own guards

    def test_the_contact_of_an_administrator(self):
        """Odoo itself refuses it, whatever our own checks say; and the refusal names no record."""
        contact = self.env.ref("base.user_admin").partner_id
        with self.assertRaises(AccessError) as refusal:
            contact.with_env(self.connection._books()).email = "me@evil.example"
        message = self.connection._missing_right(refusal.exception).message
        self.assertNotIn(contact.name, message)
        self.assertIn(self.user.name, message)

    def test_other_companies_are_out_of_reach(self):
        elsewhere = self.env["res.company"].create({"name": "Elsewhere"})
        partner = self.env["res.partner"].create({"name": "Theirs", "company_id": elsewhere.id})
        books = self.connection._books()
        self.assertFalse(books["res.partner"].search([("id", "=", partner.id)]))
        with self.assertRaises(AccessError):
            partner.with_env(books).name = "Ours"
        with self.assertRaises(AccessError):
            books(context={**books.context, "allowed_company_ids": elsewhere.ids}).companies  # noqa: B018
