"""What one side has and the other does not: created, linked or left out, many at once."""

from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.ml_connector.core.errors import InvalidDataError, UnconfirmedError
from odoo.addons.ml_connector.providers import PROVIDERS

from .fake_flows import changed
from .test_ledger_push import LedgerCase, LedgerProvider


class AlignedProvider(LedgerProvider):
    """Creates codes when it is asked to, and takes none by itself."""

    flows = tuple(
        changed(flow, watches="" if flow.key in ("accounts", "list_values") else flow.watches, batch=1)
        for flow in LedgerProvider.flows
    )

    def render(self, flow, document):
        if flow == "accounts" and not document.code:
            raise InvalidDataError("It has no number.")
        return super().render(flow, document)


class AlignmentCase(LedgerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(patch.dict(PROVIDERS, {"fake": AlignedProvider}))
        cls.connection._sync_flows()
        cls.plan = cls.make("account.analytic.plan", name="Sites")
        cls.site = cls.make_analytic("Oslo", cls.plan, code="100", company_id=cls.company)

    def rows(self, kind):
        return self.outgoing().filtered(lambda row: row.kind == kind)

    def row_of(self, record):
        return self.outgoing().filtered(lambda row: (row.res_model, row.res_id) == (record._name, record.id))

    def align(self):
        """The row of an account for which the vendor has no code, though it has another code."""
        self.code("account", "6340")
        self.connection.action_align()
        return self.row_of(self.expense)


@tagged("post_install", "-at_install")
class TestOnlyInOdoo(AlignmentCase):
    def test_what_has_no_code_is_listed_and_what_has_one_is_not(self):
        other = self.expense.copy({"code": "699991"})
        self.code("account", "6340", other)
        self.connection.action_align()
        self.assertTrue(self.row_of(self.expense))
        self.assertFalse(self.row_of(other))
        self.assertFalse(self.rows("tax") | self.rows("analytic"), "the vendor has no codes of these kinds")
        payable = self.env["account.account"].search([("account_type", "=", "liability_payable")], limit=1)
        self.assertFalse(self.row_of(payable), "no line is coded to it")

    def test_an_account_is_shown_with_its_number_in_the_company_of_the_connection(self):
        elsewhere = self.make("res.company", name="Elsewhere")
        self.code("account", "6340")
        self.connection.with_company(elsewhere).action_align()
        self.assertIn(self.expense.code, self.row_of(self.expense).name)

    def test_a_row_goes_once_the_vendor_has_a_code_for_it(self):
        row = self.align()
        self.code("account", "6341").res_id = self.expense.id
        self.assertFalse(row.exists())

    def test_created_accounts_are_used_at_once(self):
        self.switch_on("accounts")
        self.code("account", "6340")
        self.bill()
        self.run_worker()
        log = self.logs("ledger")
        self.assertEqual(log.state, "waiting")
        rows = self.row_of(self.expense)
        rows.action_create_in_provider()
        self.assertEqual(rows.creation, "Creating")
        self.run_worker()
        self.assertEqual([sent["code"] for sent in self.sent("accounts")], [self.expense.code])
        self.assertEqual(log.state, "done")
        (line,) = self.sent("ledger")[0]["lines"]
        self.assertEqual(line["account"]["external_id"], f"our-{self.expense.id}")

    def test_only_what_is_asked_for_is_created(self):
        self.switch_on("accounts")
        self.align()
        self.expense.name = "Renamed"
        self.sync()
        self.assertFalse(self.logs("accounts"))

    def test_an_unanswered_creation_is_looked_up_and_not_repeated(self):
        self.switch_on("accounts")
        self.remote.fail("send accounts", (UnconfirmedError("No answer."), True))
        self.align().action_create_in_provider()
        self.run_worker()
        self.assertEqual(self.logs("accounts").state, "unknown")
        self.run_worker_later()
        self.assertEqual((self.logs("accounts").state, len(self.sent("accounts"))), ("done", 1))

    def test_an_analytic_account_waits_until_its_plan_stands_for_a_field(self):
        self.switch_on("list_values")
        self.code("analytic", "segment:1:000", group="Department")
        field = self.code("plan", "segment:1")
        self.connection.action_align()
        row = self.row_of(self.site)
        self.assertEqual(row.plan_name, "Sites")
        row.action_create_in_provider()
        self.run_worker()
        self.assertEqual(self.logs("list_values").state, "waiting")
        self.assertIn("Sites", row.creation)
        field.res_id = self.plan.id
        self.run_worker()
        (sent,) = self.sent("list_values")
        self.assertEqual((sent["dimension_external_id"], sent["code"]), ("segment:1", "100"))
        self.assertFalse(row.exists())

    def test_what_the_vendor_takes_none_of_is_told(self):
        self.code("tax", "vat-15")
        self.flow("taxes").unlink()
        self.connection.action_align()
        with self.assertRaisesRegex(UserError, "does not accept"):
            self.rows("tax").action_create_in_provider()

    def test_a_flow_that_is_off_is_told(self):
        with self.assertRaisesRegex(UserError, "Activate the flow"):
            self.align().action_create_in_provider()

    def test_what_is_left_out_is_not_listed_again(self):
        row = self.align()
        row.action_leave_out()
        self.connection.action_align()
        self.assertEqual(row.state, "ignored")


@tagged("post_install", "-at_install")
class TestOnlyAtTheVendor(AlignmentCase):
    def test_an_account_is_created_with_number_name_and_the_type_of_its_neighbour(self):
        mapping, code = self.code("account", "cleaning"), f"{self.expense.code}9"
        mapping.write({"external_code": code, "external_name": "Cleaning"})
        mapping.action_create_records()
        account = mapping._record()
        self.assertEqual((account.code, account.name, account.account_type), (code, "Cleaning", "expense"))
        self.assertEqual((account.company_ids, mapping.state), (self.company, "mapped"))

    def test_an_analytic_account_is_created_in_the_plan_of_its_field(self):
        self.code("plan", "segment:1", self.plan).external_name = "Department"
        new = self.code("analytic", "segment:1:110", group="Department")
        new.write({"external_code": "110", "external_name": "Bergen"})
        new.action_create_records()
        record = new._record()
        self.assertEqual((record.name, record.code, record.plan_id), ("Bergen", "110", self.plan))
        self.assertEqual(record.company_id, self.company)

    def test_without_a_mapped_field_the_plan_of_its_other_codes_is_taken(self):
        self.code("analytic", "segment:1:100", self.site, group="Department")
        new = self.code("analytic", "segment:1:110", group="Department")
        new.action_create_records()
        self.assertEqual(new._record().plan_id, self.plan)

    def test_a_field_that_is_no_plan_is_told(self):
        with self.assertRaisesRegex(UserError, "No analytic plan is mapped to the field Department"):
            self.code("analytic", "segment:1:110", group="Department").action_create_records()

    def test_plans_journals_and_employees_are_created_of_their_names(self):
        codes = self.env["ml.mapping"].union(*(self.code(kind, "1") for kind in ("plan", "journal", "employee")))
        codes.external_name = "Example"
        codes[2].external_code = "person@example.com"
        codes.action_create_records()
        plan, journal, employee = (code._record() for code in codes)
        self.assertEqual([plan.name, journal.name, employee.name], ["Example"] * 3)
        self.assertEqual((journal.type, journal.company_id), ("bank", self.company))
        self.assertEqual((employee.work_email, employee.company_id), ("person@example.com", self.company))

    def test_other_kinds_are_created_by_hand(self):
        with self.assertRaisesRegex(UserError, "Create it manually"):
            self.code("tax", "vat-9").action_create_records()

    def test_what_is_created_here_is_not_created_there(self):
        self.switch_on("accounts")
        new = self.code("account", "699992")
        new.external_code = "699992"
        new.action_create_records()
        self.run_worker()
        self.assertFalse(self.logs("accounts"))

    def test_many_are_left_out_at_once(self):
        codes = self.code("account", "1") | self.code("account", "2")
        taken = self.code("account", "3", self.expense)
        (codes | taken).action_leave_out()
        self.assertEqual((codes | taken).mapped("state"), ["ignored", "ignored", "mapped"])


@tagged("post_install", "-at_install")
class TestWhatIsLeftToDo(AlignmentCase):
    def test_codes_that_nothing_waits_for_ask_nothing_of_anybody(self):
        self.align()
        self.assertEqual((self.connection.unmapped_count, self.connection.next_step), (0, "exceptions"))

    def test_a_code_that_a_bill_waits_for_is_the_next_step_and_is_shown(self):
        row = self.align()
        self.bill()
        self.run_worker()
        self.assertEqual((self.connection.unmapped_count, self.connection.next_step), (1, "map"))
        action = self.connection.action_open_unmapped()
        self.assertEqual(action["res_model"], "ml.mapping")
        awaited = self.outgoing().search([("wait_ids.log_id.state", "=", "waiting"), *action["domain"]])
        self.assertEqual(awaited, row)
        awaited.code_id = self.code("account", "6341")
        self.connection.invalidate_recordset()
        self.assertEqual(self.connection.next_step, "exceptions")
