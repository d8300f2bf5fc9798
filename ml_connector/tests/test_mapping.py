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
        cls.account = cls.make_account("MAP001", name="Mapping test")

    def mapping(self, external_id):
        return self.ours("ml.mapping", external_id=external_id)

    def row(self, external_id="MAP-X", kind="account", **values):
        return self.make("ml.mapping", connection_id=self.connection, kind=kind, external_id=external_id, **values)

    def sent_as(self, code):
        """A row out of Odoo: the account is sent with the code."""
        return self.row(False, direction="out", res_id=self.account, code_id=code)

    def put_code(self, external_id, code, name="Any", kind="account"):
        self.remote.put("coding", external_id, {"kind": kind, "code": code, "name": name})

    def sync_codes(self, *codes):
        for number, code in enumerate(codes, 1):
            self.put_code(f"remote-{number}", code)
        self.sync()
        return [self.mapping(f"remote-{number}") for number in range(1, len(codes) + 1)]

    def test_codes_that_agree_are_filled(self):
        known, unknown = self.sync_codes("MAP001", "NONE99")
        self.assertEqual((known.res_id, known.origin), (self.account.id, "code"))
        self.assertEqual(unknown.state, "unmapped")
        self.assertEqual(set(self.logs("coding").mapped("state")), {"done"})
        # renamed, it keeps its mapping
        self.put_code("remote-1", "MAP001", "New")
        self.sync()
        self.assertEqual((known.external_name, known.res_id), ("New", self.account.id))

    def test_button_fills_and_says_how_many(self):
        later, unknown = self.sync_codes("MAP002", "NONE99")
        both = later | unknown
        self.assertEqual(both.action_propose()["params"]["type"], "warning")
        self.account.copy({"code": "MAP002"})
        self.assertEqual(both.action_propose()["params"]["message"], "1 code mapped.")
        self.assertEqual(both.mapped("state"), ["mapped", "unmapped"])

    def test_what_the_integration_user_may_not_read_is_told_and_not_proposed(self):
        self.make("account.journal", name="Any", code="MAP01", type="bank")
        mapping = self.row("1", "journal", external_code="MAP01")
        self.connection.flow_ids.active = False
        told = mapping.action_propose()["params"]
        self.assertEqual((told["type"], mapping.state), ("warning", "unmapped"))
        self.assertIn(f"{self.connection.user_id.name} cannot read", told["message"])
        rule = {"kind": "vendor", "pattern": "X*", "res_id": self.make("res.partner", name="Any vendor")}
        rule = self.make("ml.mapping.rule", connection_id=self.connection, **rule)
        self.assertEqual(rule.action_apply()["params"]["message"], told["message"])
        self.flow("bills").active = True
        self.assertEqual(mapping.action_propose()["params"]["type"], "success")
        self.assertEqual(mapping.state, "mapped")

    def test_records_with_the_same_words_are_proposed_and_not_used(self):
        names = ("Zeppelin Voyages", "Café & Zeppelin Meals", "Zeppelin Hangars", "Airship 7", "Airship 8")
        voyages, meals, hangars, _seven, eight = (
            self.make_account(f"MAP60{number}", name=name) for number, name in enumerate(names)
        )
        self.make_account("MAP606", "asset_cash", name="Zeppelin Clearing")
        none = voyages.browse()
        proposed = {
            "Zeppelin voyage": voyages,
            "ZEPPELIN - Voyages (domestic)": voyages,
            "Zeppelin meals, cafe": meals,
            "Hangars": hangars,
            "Zeppelin": none,  # which of them
            "Voyages and other journeys by steamer": none,
            "Zeppelin Clearing": none,  # no line is coded to it
            "Airship 8": eight,
            "Airship 9": none,
            "": none,
        }
        for number, name in enumerate(proposed):
            self.put_code(f"words-{number}", f"W{number}", name)
        self.sync()
        rows = [self.mapping(f"words-{number}") for number in range(len(proposed))]
        self.assertEqual([row.proposed_id for row in rows], [account.id for account in proposed.values()])
        self.assertEqual({row.state for row in rows}, {"unmapped"})
        self.assertEqual({row.proposed_by for row in rows if row.proposed_id}, {"words"})
        self.map("account", "words-0", hangars)
        rows[1].action_accept_proposals()
        hangars.name = "Sheds"
        self.env["ml.mapping"].union(*rows).action_propose()
        self.assertEqual([row.res_id for row in rows[:2]], [hangars.id, voyages.id], "as a person said")
        self.assertEqual([row.origin for row in rows[:2]], ["manual", "manual"])
        self.assertFalse(rows[3].proposed_id, "it is called otherwise now")

    def test_people_and_vendors_are_not_proposed_by_words(self):
        self.make("hr.employee", name="Ada Zeppelin", company_id=self.company)
        self.make("res.partner", name="Zeppelin Supplies", supplier_rank=1, is_company=True)
        for kind, name in (("employee", "Ada Zeppelin"), ("vendor", "Zeppelin Supplies")):
            self.put_code(kind, "", name, kind)
        self.sync()
        self.assertEqual([self.mapping(kind).proposed_id for kind in ("employee", "vendor")], [0, 0])

    def test_accounts_to_which_nothing_is_coded_are_not_filled(self):
        """Such as undistributed profits, which have the code 999999 in many charts; a person may choose them."""
        for kind in ("equity_unaffected", "liability_payable", "asset_receivable", "asset_cash"):
            account = self.env["account.account"].search([("account_type", "=", kind), ("code", "!=", False)], limit=1)
            self.put_code(kind, account.code)
            self.sync()
            self.assertEqual((self.mapping(kind).state, self.mapping(kind).proposed_id), ("unmapped", 0), kind)
            self.map("account", kind, account)

    def test_ambiguous_names_are_not_filled(self):
        plan = self.make_analytic("Same name").plan_id
        self.make_analytic("Same name", plan)
        self.put_code("option-1", "", "Same name", "analytic")
        self.sync()
        self.assertEqual(self.mapping("option-1").state, "unmapped")

    def test_record_of_another_company_is_refused(self):
        values = {"type": "purchase", "company_id": self.make("res.company", name="Other company")}
        foreign = self.make("account.journal", name="Foreign", code="FRG", **values)
        with self.assertRaises(ValidationError):
            self.map("journal", "journal-1", foreign)

    def test_records_without_a_company_can_be_mapped(self):
        currency, tag = self.env.ref("base.EUR"), self.make("res.partner.category", name="Foreign suppliers")
        currency.active = True
        self.put_code("EUR", "EUR", "Euro", "currency")
        self.put_code("2", "2", "Foreign suppliers", "partner_category")
        self.sync()
        self.assertEqual((self.mapping("EUR").res_id, self.mapping("2").res_id), (currency.id, tag.id))

    def test_several_people_are_not_one(self):
        """Rows that are edited at once all get the same value."""
        groups = ("ml_connector.group_ml_connector_accountant", "hr.group_hr_user", "account.group_account_invoice")
        accountant = self.new_user("people", self.company, *groups)
        rows = self.row("user-0", "employee") | self.row("user-1", "employee")
        employee = self.make("hr.employee", name="Example Person", company_id=self.company)
        with self.assertRaisesRegex(UserError, "each code separately"):
            rows.with_user(accountant).write({"res_id": employee.id})
        rows[0].with_user(accountant).write({"res_id": employee.id})
        self.assertEqual(rows.mapped("state"), ["mapped", "unmapped"])

    def test_only_a_row_into_odoo_books_a_bill(self):
        self.sent_as(self.row("MAP-Y"))
        self.row(direction="forward", is_ignored=True)
        self.sync_bill(account="MAP-X")
        log = self.logs("bills")
        self.assertEqual(log.state, "waiting")
        self.assertEqual((log.waiting_mapping_ids.external_id, log.waiting_mapping_ids.direction), ("MAP-X", "in"))
        log.waiting_mapping_ids.res_id = self.account.id
        self.run_worker()
        self.assertEqual(log.state, "done")

    def test_a_row_has_only_what_belongs_to_its_direction(self):
        other = self.row()
        for values in (
            {"external_id": False},
            {"external_id": "MAP-Y", "code_id": other},
            {"direction": "out"},
            {"direction": "out", "external_id": False},
            {"direction": "forward", "res_id": self.account},
        ):
            with self.subTest(values=values), mute_logger("odoo.sql_db"), self.assertRaises(Exception) as raised:
                with self.cr.savepoint():
                    self.row(**values)
                    self.env.flush_all()
            self.assertIsInstance(raised.exception, (ValidationError, IntegrityError))

    def test_rows_with_a_deleted_code_are_unmapped(self):
        row = self.row()
        sent = self.sent_as(row)
        self.assertEqual((sent.state, sent.name), ("mapped", "MAP001 Mapping test"))
        row.unlink()
        self.assertEqual((sent.state, sent.code_id), ("unmapped", row.browse()))

    def test_journals_are_offered_in_which_money_moves(self):
        offered = self.env["account.journal"].search(self.row("card", "journal").res_domain)
        self.assertTrue(offered)
        self.assertLessEqual(set(offered.mapped("type")), {"bank", "cash", "credit"})
        self.assertEqual(offered.company_id, self.company)
