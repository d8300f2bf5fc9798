from psycopg2 import IntegrityError

from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import ConnectorCase


@tagged("post_install", "-at_install")
class TestMapping(ConnectorCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.account = cls.env["account.account"].create(
            {"name": "Mapping test", "code": "MAP001", "account_type": "expense"}
        )

    def mapping(self, external_id):
        return self.env["ml.mapping"].search(
            [("connection_id", "=", self.connection.id), ("external_id", "=", external_id)]
        )

    def sent_as(self, code):
        """A row out of Odoo: the account is sent with the code."""
        return self.env["ml.mapping"].create(
            {
                "connection_id": self.connection.id,
                "direction": "out",
                "kind": "account",
                "res_id": self.account.id,
                "code_id": code.id,
            }
        )

    def test_codes_that_agree_are_filled(self):
        self.remote.put("coding", "remote-1", {"kind": "account", "code": "MAP001", "name": "Other name"})
        self.remote.put("coding", "remote-2", {"kind": "account", "code": "NONE99", "name": "Unknown"})
        self.sync()
        self.assertEqual(self.mapping("remote-1").res_id, self.account.id)
        self.assertEqual(self.mapping("remote-1").origin, "code")
        self.assertEqual(self.mapping("remote-2").state, "unmapped")
        self.assertEqual(set(self.logs("coding").mapped("state")), {"done"})

    def test_button_fills_and_says_how_many(self):
        self.remote.put("coding", "remote-1", {"kind": "account", "code": "MAP002", "name": "Later"})
        self.remote.put("coding", "remote-2", {"kind": "account", "code": "NONE99", "name": "Unknown"})
        self.sync()
        both = self.mapping("remote-1") | self.mapping("remote-2")
        self.assertEqual(both.action_propose()["params"]["type"], "warning")
        self.account.copy({"code": "MAP002"})
        self.assertEqual(both.action_propose()["params"]["message"], "1 code mapped.")
        self.assertEqual(both.mapped("state"), ["mapped", "unmapped"])

    def test_what_the_integration_user_may_not_read_is_told_and_not_proposed(self):
        self.env["account.journal"].create({"name": "Any", "code": "MAP01", "type": "bank"})
        mapping = self.env["ml.mapping"].create(
            {"connection_id": self.connection.id, "kind": "journal", "external_id": "1", "external_code": "MAP01"}
        )
        self.connection.flow_ids.active = False
        told = mapping.action_propose()["params"]
        self.assertEqual((told["type"], mapping.state), ("warning", "unmapped"))
        self.assertIn(f"{self.connection.user_id.name} cannot read", told["message"])
        vendor = self.env["res.partner"].create({"name": "Any vendor"})
        rule = self.env["ml.mapping.rule"].create(
            {"connection_id": self.connection.id, "kind": "vendor", "pattern": "X*", "res_id": vendor.id}
        )
        self.assertEqual(rule.action_apply()["params"]["message"], told["message"])
        self.flow("bills").active = True
        self.assertEqual(mapping.action_propose()["params"]["type"], "success")
        self.assertEqual(mapping.state, "mapped")

    def test_records_with_the_same_words_are_proposed_and_not_used(self):
        accounts = self.env["account.account"].create(
            [
                {"name": name, "code": f"MAP60{number}", "account_type": kind}
                for number, (name, kind) in enumerate(
                    (
                        ("Zeppelin Voyages", "expense"),
                        ("Café & Zeppelin Meals", "expense"),
                        ("Zeppelin Hangars", "expense"),
                        ("Zeppelin Clearing", "asset_cash"),
                        ("Airship 7", "expense"),
                        ("Airship 8", "expense"),
                    )
                )
            ]
        )
        proposed = {
            "Zeppelin voyage": accounts[0],
            "ZEPPELIN - Voyages (domestic)": accounts[0],
            "Zeppelin meals, cafe": accounts[1],
            "Hangars": accounts[2],
            "Zeppelin": accounts.browse(),  # which of them
            "Voyages and other journeys by steamer": accounts.browse(),
            "Zeppelin Clearing": accounts.browse(),  # no line is coded to it
            "Airship 8": accounts[5],
            "Airship 9": accounts.browse(),
            "": accounts.browse(),
        }
        for number, name in enumerate(proposed):
            self.remote.put("coding", f"words-{number}", {"kind": "account", "code": f"W{number}", "name": name})
        self.sync()
        rows = [self.mapping(f"words-{number}") for number in range(len(proposed))]
        self.assertEqual([row.proposed_id for row in rows], [account.id for account in proposed.values()])
        self.assertEqual({row.state for row in rows}, {"unmapped"})
        self.assertEqual({row.proposed_by for row in rows if row.proposed_id}, {"words"})
        self.map("account", "words-0", accounts[2])
        rows[1].action_accept_proposals()
        accounts[2].name = "Sheds"
        self.env["ml.mapping"].union(*rows).action_propose()
        self.assertEqual([row.res_id for row in rows[:2]], [accounts[2].id, accounts[0].id], "as a person said")
        self.assertEqual([row.origin for row in rows[:2]], ["manual", "manual"])
        self.assertFalse(rows[3].proposed_id, "it is called otherwise now")

    def test_people_and_vendors_are_not_proposed_by_words(self):
        self.env["hr.employee"].create({"name": "Ada Zeppelin", "company_id": self.company.id})
        self.env["res.partner"].create({"name": "Zeppelin Supplies", "supplier_rank": 1, "is_company": True})
        for kind, name in (("employee", "Ada Zeppelin"), ("vendor", "Zeppelin Supplies")):
            self.remote.put("coding", kind, {"kind": kind, "code": "", "name": name})
        self.sync()
        self.assertEqual([self.mapping(kind).proposed_id for kind in ("employee", "vendor")], [0, 0])

    def test_accounts_to_which_nothing_is_coded_are_not_filled(self):
        """Such as undistributed profits, which have the code 999999 in many charts; a person may choose them."""
        for kind in ("equity_unaffected", "liability_payable", "asset_receivable", "asset_cash"):
            account = self.env["account.account"].search([("account_type", "=", kind), ("code", "!=", False)], limit=1)
            self.remote.put("coding", kind, {"kind": "account", "code": account.code, "name": "Any"})
            self.sync()
            self.assertEqual((self.mapping(kind).state, self.mapping(kind).proposed_id), ("unmapped", 0), kind)
            self.map("account", kind, account)

    def test_ambiguous_names_are_not_filled(self):
        analytic_plan = self.env["account.analytic.plan"].create({"name": "Projects test"})
        for _count in range(2):
            self.env["account.analytic.account"].create({"name": "Same name", "plan_id": analytic_plan.id})
        self.remote.put("coding", "option-1", {"kind": "analytic", "name": "Same name"})
        self.sync()
        self.assertEqual(self.mapping("option-1").state, "unmapped")

    def test_renamed_code_keeps_its_mapping(self):
        self.remote.put("coding", "remote-1", {"kind": "account", "code": "MAP001", "name": "Old"})
        self.sync()
        self.remote.put("coding", "remote-1", {"kind": "account", "code": "MAP001", "name": "New"})
        self.sync()
        self.assertEqual(self.mapping("remote-1").external_name, "New")
        self.assertEqual(self.mapping("remote-1").res_id, self.account.id)

    def test_record_of_another_company_is_refused(self):
        other = self.env["res.company"].create({"name": "Other company"})
        foreign = self.env["account.journal"].create(
            {"name": "Foreign", "code": "FRG", "type": "purchase", "company_id": other.id}
        )
        with self.assertRaises(ValidationError):
            self.map("journal", "journal-1", foreign)

    def test_records_without_a_company_can_be_mapped(self):
        currency = self.env.ref("base.EUR")
        self.remote.put("coding", "EUR", {"kind": "currency", "code": "EUR", "name": "Euro"})
        tag = self.env["res.partner.category"].create({"name": "Foreign suppliers"})
        self.remote.put("coding", "2", {"kind": "partner_category", "code": "2", "name": "Foreign suppliers"})
        currency.active = True
        self.sync()
        self.assertEqual(self.mapping("EUR").res_id, currency.id)
        self.assertEqual(self.mapping("2").res_id, tag.id)

    def test_several_people_are_not_one(self):
        """Rows that are edited at once all get the same value."""
        accountant = self.new_user("people", self.company, "ml_connector.group_ml_connector_accountant")
        accountant.group_ids += self.env.ref("hr.group_hr_user") + self.env.ref("account.group_account_invoice")
        rows = self.env["ml.mapping"].create(
            [
                {"connection_id": self.connection.id, "kind": "employee", "external_id": f"user-{number}"}
                for number in range(2)
            ]
        )
        employee = self.env["hr.employee"].create({"name": "Example Person", "company_id": self.company.id})
        with self.assertRaisesRegex(UserError, "each code separately"):
            rows.with_user(accountant).write({"res_id": employee.id})
        rows[0].with_user(accountant).write({"res_id": employee.id})
        self.assertEqual(rows.mapped("state"), ["mapped", "unmapped"])

    def test_only_a_row_into_odoo_books_a_bill(self):
        self.put_bill(account="MAP-X")
        code = {"connection_id": self.connection.id, "kind": "account", "external_id": "MAP-X"}
        row = self.env["ml.mapping"].create({**code, "external_id": "MAP-Y"})
        sent = self.sent_as(row)
        forwarded = self.env["ml.mapping"].create({**code, "direction": "forward", "is_ignored": True})
        self.sync()
        log = self.logs("bills")
        self.assertEqual(log.state, "waiting")
        self.assertEqual((log.waiting_mapping_ids.external_id, log.waiting_mapping_ids.direction), ("MAP-X", "in"))
        self.assertNotIn(log.waiting_mapping_ids, sent | forwarded)
        log.waiting_mapping_ids.res_id = self.account.id
        self.run_worker()
        self.assertEqual(log.state, "done")

    def test_a_row_has_only_what_belongs_to_its_direction(self):
        code = {"connection_id": self.connection.id, "kind": "account", "external_id": "MAP-X"}
        other = self.env["ml.mapping"].create(code)
        for values in (
            {"external_id": False},
            {"external_id": "MAP-Y", "code_id": other.id},
            {"direction": "out"},
            {"direction": "out", "external_id": False},
            {"direction": "forward", "res_id": self.account.id},
        ):
            with self.subTest(values=values), mute_logger("odoo.sql_db"), self.assertRaises(Exception) as raised:
                with self.cr.savepoint():
                    self.env["ml.mapping"].create({**code, **values})
                    self.env.flush_all()
            self.assertIsInstance(raised.exception, (ValidationError, IntegrityError))

    def test_rows_with_a_deleted_code_are_unmapped(self):
        row = self.env["ml.mapping"].create(
            {"connection_id": self.connection.id, "kind": "account", "external_id": "MAP-X"}
        )
        sent = self.sent_as(row)
        self.assertEqual((sent.state, sent.name), ("mapped", "MAP001 Mapping test"))
        row.unlink()
        self.assertEqual((sent.state, sent.code_id), ("unmapped", row.browse()))

    def test_journals_are_offered_in_which_money_moves(self):
        mapping = self.env["ml.mapping"].create(
            {"connection_id": self.connection.id, "kind": "journal", "external_id": "card"}
        )
        offered = self.env["account.journal"].search(mapping.res_domain)
        self.assertTrue(offered)
        self.assertLessEqual(set(offered.mapped("type")), {"bank", "cash", "credit"})
        self.assertEqual(offered.company_id, self.company)
