"""Bindings, mappings, rules and codes when people merge, delete or archive what they name, with Odoo's own wizards."""

import random
import runpy
from pathlib import Path

from odoo import Command
from odoo.tests import tagged

from .common import ConnectorCase

MIGRATION = Path(__file__).parents[1] / "migrations/19.0.1.1.0/post-gone.py"


class MergeCase(ConnectorCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        accounts = cls.env["account.account"].with_company(cls.company)
        known = accounts.search([("code", "=", "600000"), ("company_ids", "=", cls.company.id)])
        cls.account = known or cls.new_account("600000")
        cls.connection.flow_ids.filtered(lambda flow: flow.key == "bills").post_bills = False

    @classmethod
    def new_account(cls, code, company=None):
        accounts = cls.env["account.account"].with_company(company or cls.company)
        return accounts.create({"code": code, "name": f"Costs {code}", "account_type": "expense"})

    def partner(self, name, **values):
        return self.make("res.partner", name=name, is_company=True, **values)

    def rule(self, record, kind="account", pattern="7*"):
        return self.make("ml.mapping.rule", connection_id=self.connection, kind=kind, pattern=pattern, res_id=record)

    def code_out(self, account, **values):
        values = {"direction": "out", "kind": "account", "res_id": account, **values}
        return self.make("ml.mapping", connection_id=self.connection, **values)

    def sent_as(self, partner):
        return self.ours("ml.binding", res_model="res.partner", res_id=partner.id)

    def merge(self, target, *sources):
        """As people do in the list of contacts."""
        contacts = target.browse([target.id, *(source.id for source in sources)])
        chosen = {"active_model": "res.partner", "active_ids": contacts.ids}
        wizard = self.env["base.partner.merge.automatic.wizard"].with_context(**chosen)
        wizard.create({"dst_partner_id": target.id}).action_merge()
        self.assertEqual(contacts.exists(), target)

    def merge_accounts(self, *accounts):
        ids = [account.id for account in accounts]
        wizard = self.env["account.merge.wizard"].with_context(active_model="account.account", active_ids=ids)
        wizard = wizard.create({"account_ids": [Command.set(ids)]})
        wizard.wizard_line_ids.is_selected = True
        wizard.action_merge()

    def put_vendor(self, external_id, name, **values):
        self.remote.put("vendors", external_id, {"name": name, **values})

    def put(self, external_id, vendor, account="600000", amount="70.00"):
        line = {"amount": amount, "account": account}
        self.remote.put("bills", external_id, {"number": external_id.upper(), "vendor": vendor, "lines": [line]})

    def row(self, flow, external_id):
        return self.logs(flow).filtered(lambda log: log.external_id == external_id and log.is_current)

    def bill(self, external_id):
        row = self.row("bills", external_id)
        self.assertEqual(row.state, "done", row.error_message)
        return self.env["account.move"].browse(row.res_id)

    def bound_vendor(self, external_id="v1", name="Fuse Me Ltd."):
        self.put_vendor(external_id, name)
        self.sync()
        return self.imported(external_id, "vendor")

    def is_shared(self, *external_ids):
        return [self.ours("ml.binding", external_id=key).is_shared for key in external_ids]


@tagged("post_install", "-at_install")
class TestMergedContacts(MergeCase):
    def test_bills_of_a_merged_vendor_go_to_the_survivor(self):
        """Also once it is renamed: there is no third contact."""
        source, target = self.bound_vendor(), self.partner("Fused Master Ltd")
        self.merge(target, source)
        count = self.env["res.partner"].search_count([])
        for bill, name in (("bill-1", "Fuse Me Ltd."), ("bill-2", "Fuse Me Ltd. (UK)")):
            with self.subTest(name):
                self.put_vendor("v1", name)
                self.put(bill, "v1")
                self.sync()
                self.assertRecordValues(self.bill(bill), [{"partner_id": target.id, "amount_total": 70.0}])
                self.assertEqual(self.row("vendors", "v1").res_id, target.id)
        self.assertEqual(self.env["res.partner"].search_count([]), count)

    def put_bill_of_each(self, *vendors):
        for number, vendor in enumerate(vendors, 1):
            self.put(f"bill-{number}", vendor)

    def vendors_of_both(self):
        self.sync()
        return self.bill("bill-1").partner_id | self.bill("bill-2").partner_id

    def test_two_bound_vendors_merged_lead_to_the_survivor(self):
        source, target = self.bound_vendor("v1", "Vendor One"), self.bound_vendor("v2", "Vendor Two")
        self.merge(target, source)
        self.put_bill_of_each("v1", "v2")
        self.assertEqual(self.vendors_of_both(), target)
        self.assertEqual(self.is_shared("v1", "v2"), [True, False])
        # each of them would undo the values of the other
        self.put_vendor("v1", "Vendor One Renamed")
        self.sync()
        self.assertNotEqual(target.name, "Vendor One Renamed")
        self.assertEqual(self.row("vendors", "v1").state, "done")

    def test_both_bound_vendors_merged_into_a_third_contact(self):
        one, two = self.bound_vendor("v1", "Vendor One"), self.bound_vendor("v2", "Vendor Two")
        target = self.partner("Third")
        self.merge(target, one, two)
        self.put_bill_of_each("v1", "v2")
        self.assertEqual(self.vendors_of_both(), target)

    def test_a_deleted_vendor_comes_again_and_its_bills_with_it(self):
        self.bound_vendor().unlink()
        self.put("bill-1", "v1")
        self.sync()
        self.assertEqual(self.bill("bill-1").partner_id.name, "Fuse Me Ltd.")

    def test_a_contact_chosen_under_mappings_is_merged_before_the_first_sync(self):
        chosen, target = self.partner("Chosen"), self.partner("Master")
        mapping, rule = self.map("vendor", "v1", chosen), self.rule(chosen, "vendor", "x*")
        self.merge(target, chosen)
        self.assertRecordValues(mapping, [{"res_id": target.id, "state": "mapped", "origin": "manual"}])
        self.assertEqual(rule.res_id, target.id)
        self.put("bill-1", "v1")
        self.bound_vendor()
        self.assertEqual(self.bill("bill-1").partner_id, target)

    def test_a_contact_chosen_under_mappings_is_deleted_before_the_first_sync(self):
        chosen = self.partner("Chosen")
        mapping = self.map("vendor", "v1", chosen)
        chosen.unlink()
        self.assertRecordValues(mapping, [{"res_id": 0, "state": "unmapped"}])
        self.put("bill-1", "v1")
        self.bound_vendor()
        self.assertEqual(self.bill("bill-1").partner_id.name, "Fuse Me Ltd.")

    def to_send(self, name):
        return self.partner(name, email="ap@example.com", supplier_rank=1)

    def assertAllSent(self):
        self.assertLessEqual(set(self.logs("vendors_push").mapped("state")), {"done", "superseded"})

    def test_the_survivor_takes_over_the_number_of_a_contact_that_was_sent(self):
        self.flow("vendors_push").active = True
        sent = self.to_send("Sent Ltd")
        self.run_worker()
        (number,) = self.sent_as(sent).mapped("external_id")
        target = self.to_send("Master Ltd")
        self.merge(target, sent)
        self.run_worker()
        self.assertEqual(self.sent_as(target).mapped("external_id"), [number])
        self.assertAllSent()

    def test_both_of_two_sent_contacts_wait_to_be_sent_again(self):
        """One open row a record, also where both changed."""
        self.flow("vendors_push").active = True
        one, two = self.to_send("One Ltd"), self.to_send("Two Ltd")
        self.run_worker()
        one.name, two.name = "One More Ltd", "Two More Ltd"
        self.env.cr.flush()
        self.merge(two, one)
        self.run_worker()
        self.assertAllSent()

    def test_a_vendor_merged_into_the_contact_of_a_user_never_changes_it(self):
        source, chosen = self.bound_vendor(), self.partner("Chosen")
        mapping = self.map("vendor", "v9", chosen)
        user = self.new_user("somebody", self.company, "base.group_user")
        self.merge(user.partner_id, source, chosen)
        self.assertEqual(mapping.state, "unmapped")
        self.put_vendor("v1", "Taken Over")
        self.sync()
        self.assertNotEqual(user.partner_id.name, "Taken Over")
        self.assertEqual(self.row("vendors", "v1").state, "failed")

    def test_two_vendors_of_one_contact_when_a_person_says_so(self):
        contact = self.partner("Acme AS", country_id=self.env.ref("base.no").id)
        for key, name in (("v-bergen", "Acme Bergen"), ("v-west", "Acme West")):
            self.put_vendor(key, name)
            self.map("vendor", key, contact)
        self.put_bill_of_each("v-bergen", "v-west")
        self.map("account", "600000", self.account)
        self.assertEqual(self.vendors_of_both(), contact)
        self.assertEqual(sum(self.is_shared("v-bergen", "v-west")), 1)

    def test_a_choice_lets_the_second_vendor_of_a_contact_and_its_bill_go_on(self):
        contact = self.bound_vendor("v-bergen", "Acme AS")
        self.put_vendor("v-west", "Acme West")
        mapping = self.map("vendor", "v-west", contact)
        self.put("bill-1", "v-west")
        self.map("account", "600000", self.account)
        self.sync()
        self.assertEqual((self.bill("bill-1").partner_id, mapping.state), (contact, "mapped"))


@tagged("post_install", "-at_install")
class TestMergedAccounts(MergeCase):
    def waiting_bill(self, account):
        self.put_vendor("v1", "Vendor")
        self.put("bill-1", "v1", account)
        self.sync()
        return self.row("bills", "bill-1")

    def test_a_deleted_account_is_unmapped_and_the_bill_goes_on_once_it_is_chosen(self):
        account = self.new_account("600999990")
        mapping = self.map("account", "7000", account)
        account.unlink()
        self.assertRecordValues(mapping, [{"res_id": 0, "state": "unmapped", "origin": False}])
        row = self.waiting_bill("7000")
        self.assertEqual((row.state, row.error_class), ("waiting", "mapping"), row.error_message)
        self.assertEqual(row.waiting_mapping_ids, mapping)
        mapping.res_id = self.account.id
        self.run_worker()
        self.assertEqual(self.bill("bill-1").invoice_line_ids.account_id, self.account)

    def test_what_was_deleted_unnoticed_is_unmapped_by_the_bill_that_needs_it(self):
        mapping = self.map("account", "7000", self.account)
        mapping.flush_recordset()
        self.env.cr.execute("UPDATE ml_mapping SET res_id = 2147483000 WHERE id = %s", [mapping.id])
        mapping.invalidate_recordset()
        row = self.waiting_bill("7000")
        self.assertEqual((row.state, mapping.state), ("waiting", "unmapped"), row.error_message)

    def test_an_upgrade_lets_go_of_what_was_deleted_before(self):
        mapping, kept = self.map("account", "7000", self.account), self.map("account", "7001", self.account)
        rule = self.rule(self.account)
        self.env.flush_all()
        for row in (mapping, rule):
            self.env.cr.execute(f"UPDATE {row._table} SET res_id = 2147483000 WHERE id = %s", [row.id])
        self.env.invalidate_all()
        runpy.run_path(MIGRATION)["migrate"](self.env.cr, "19.0.1.0.0")
        self.env.invalidate_all()
        self.assertEqual((mapping.state, kept.state, rule.active), ("unmapped", "mapped", False))

    def test_accounts_merged_across_companies(self):
        """The survivor belongs to the other company until the merge is over."""
        other = self.make("res.company", name="Other Company")
        self.env.user.company_ids += other
        there, here = self.new_account("600999500", other), self.new_account("600999501")
        there.name = here.name
        mapping, rule = self.map("account", "7000", here), self.rule(here, pattern="8*")
        code = self.code_out(here, is_ignored=True)
        self.merge_accounts(there, here)
        self.assertFalse(here.exists())
        self.assertRecordValues(mapping, [{"res_id": there.id, "state": "mapped", "origin": "manual"}])
        self.assertEqual((rule.res_id, rule.active), (there.id, True))
        self.assertRecordValues(code, [{"res_id": there.id, "state": "ignored"}])
        self.waiting_bill("7000")
        self.assertEqual(self.bill("bill-1").invoice_line_ids.account_id, there)

    def test_a_rule_whose_account_was_deleted_is_switched_off(self):
        account = self.new_account("600999990")
        rule, code = self.rule(account), self.code_out(account)
        account.unlink()
        self.assertRecordValues(rule, [{"active": False, "res_id": 0}])
        self.assertFalse(code.exists())
        self.assertEqual(self.waiting_bill("7000").state, "waiting")

    def test_the_deleted_journal_of_the_flow_is_not_replaced_silently(self):
        flow = self.flow("bills")
        flow.journal_id = self.make("account.journal", name="Chosen", code="CHS", type="purchase")
        flow.journal_id.unlink()
        self.map("account", "600000", self.account)
        row = self.waiting_bill("600000")
        self.assertEqual(row.state, "waiting")
        self.assertIn("Choose another journal in the flow", row.error_message)
        flow.journal_id = self.make("account.journal", name="Other", code="OTH", type="purchase")
        self.run_worker()
        self.assertEqual(self.bill("bill-1").journal_id, flow.journal_id)

    def test_the_deleted_journal_of_a_payment_is_unmapped(self):
        bank = self.make("account.journal", name="Bank 9", code="BNK9", type="bank")
        mapping = self.map("journal", "bank", bank)
        bank.unlink()
        self.assertEqual(mapping.state, "unmapped")


@tagged("post_install", "-at_install")
class TestDeletedBill(MergeCase):
    def setUp(self):
        super().setUp()
        self.put_vendor("v1", "Vendor")
        self.map("account", "600000", self.account)
        self.put_with_file("70.00")
        self.sync()
        self.first = self.bill("crash-1")
        self.assertEqual(self.files(self.first), ["scan.pdf"])

    def put_with_file(self, amount):
        line = {"amount": amount, "account": "600000"}
        values = {"number": "CRASH-1", "vendor": "v1", "lines": [line]}
        self.remote.put("bills", "crash-1", {**values, "files": ["scan.pdf"]})

    def files(self, move):
        domain = [("res_model", "=", "account.move"), ("res_id", "=", move.id)]
        return self.env["ir.attachment"].search(domain).mapped("name")

    def pay(self):
        self.map_bank()
        self.put_payment("pay-1", "70.00", bill="crash-1", vendor="v1")

    def test_a_payment_of_a_deleted_bill_says_so_and_follows_it_when_it_comes_again(self):
        self.flow("bills").post_bills = True
        self.first.unlink()
        self.pay()
        self.sync()
        row = self.row("payments", "pay-1")
        self.assertEqual((row.state, row.is_awaited_gone), ("waiting", True))
        self.assertIn("was deleted in Odoo", row.error_message)
        self.assertIn("Create", row.advice)
        row.action_bring_again()
        self.run_worker()
        again = self.bill("crash-1")
        self.assertNotEqual(again, self.first)
        self.run_worker()
        self.assertEqual(self.files(again), ["scan.pdf"])
        row = self.row("payments", "pay-1")
        self.assertEqual(row.state, "done", row.error_message)
        self.assertFalse(row.is_awaited_gone)
        self.assertIn(again.payment_state, ("paid", "in_payment"))

    def test_a_deleted_bill_is_brought_in_again_from_its_own_row_though_its_payload_was_forgotten(self):
        row = self.row("bills", "crash-1")
        self.first.unlink()
        row.invalidate_recordset()
        self.assertTrue(row.is_record_gone)
        row.sudo().payload = False
        admin = self.env.ref("base.user_admin")
        row.with_user(admin).action_bring_again()
        decision = self.env["ml.sync.attempt"].search([("action", "=", "bring_again")])
        self.assertEqual((decision.person, decision.res_id), (admin.name, row.id))
        self.run_worker()
        self.run_worker()
        self.assertEqual(self.files(self.bill("crash-1")), ["scan.pdf"])

    def test_a_deleted_bill_may_be_ignored(self):
        row = self.row("bills", "crash-1")
        self.first.unlink()
        row.invalidate_recordset()
        row._ignore("It was a test.")
        self.assertEqual(row.state, "ignored")

    def test_a_deleted_bill_that_changes_at_the_vendor_has_its_files(self):
        self.first.unlink()
        self.put_with_file("300.00")
        self.sync()
        self.run_worker()
        again = self.bill("crash-1")
        self.assertEqual((again.amount_total, self.files(again)), (300.0, ["scan.pdf"]))


@tagged("post_install", "-at_install")
class TestRandomChanges(MergeCase):
    """What people do to contacts, accounts, journals and bills between syncs, in any order: nothing is lost, nothing is
    doubled, and every row that is not done says why, and goes on once that is put right.
    """

    STEPS = 10

    def test_first_order(self):
        self.play(random.Random(0))

    def test_second_order(self):
        self.play(random.Random(1))

    def test_third_order(self):
        self.play(random.Random(2))

    def test_fourth_order(self):
        self.play(random.Random(3))

    def play(self, chance):
        self.chance, self.steps, self.vendors, self.bills_there = chance, [], [], []
        self.codes = {code: self.new_account(code) for code in ("600001", "600002")}
        for code, account in self.codes.items():
            self.map("account", code, account)
        journal = self.make("account.journal", name="Chosen", code="CHS", type="purchase")
        self.flow("bills").write({"journal_id": journal.id, "post_bills": False})
        self.bank = self.make("account.journal", name="Bank 9", code="BNK9", type="bank")
        self.map("journal", "bank", self.bank)
        actions = [name for name in dir(self) if name.startswith("do_")]
        self.do_bill()
        for _step in range(self.STEPS):
            name = chance.choice(actions)
            self.steps.append(name)
            getattr(self, name)()
            self.sync()
            self.check_rows()
        self.put_right()
        self.check_end()

    # ------------------------------------------------------------------ at the provider

    def do_vendor(self):
        self.vendors.append(f"vendor-{len(self.vendors)}")
        self.put_vendor(self.vendors[-1], f"Random {len(self.vendors)} Ltd.")

    def do_rename(self):
        if self.vendors:
            vendor = self.chance.choice(self.vendors)
            self.put_vendor(vendor, f"Renamed {vendor} {len(self.steps)} Ltd.")

    def do_bill(self):
        if not self.vendors or self.chance.random() < 0.5:
            self.do_vendor()
        bill = f"bill-{len(self.bills_there)}"
        vendor = self.chance.choice(self.vendors)
        self.bills_there.append((bill, vendor))
        self.put(bill, vendor, account=self.chance.choice(list(self.codes)))
        if self.chance.random() < 0.5:
            self.remote.put("payments", f"pay-{bill}", {"bill": bill, "vendor": vendor, "amount": "70.00"})

    # ------------------------------------------------------------------ in Odoo

    def bound(self, kind):
        model = {"vendor": "res.partner", "bill": "account.move"}[kind]
        ids = self.ours("ml.binding", kind=kind).mapped("res_id")
        return self.env[model].browse(set(ids)).exists().sorted("id")

    def mapped_accounts(self):
        return self.env["account.account"].union(*self.codes.values()).exists()

    def pick(self, records):
        return self.chance.choice(list(records)) if records else records

    def do_merge(self):
        partners = self.bound("vendor")
        if len(partners) > 1:
            target, source = self.chance.sample(list(partners), 2)
            self.merge(target, source)

    def do_archive_contact(self):
        self.pick(self.bound("vendor")).action_archive()

    def do_delete_contact(self):
        unused = self.bound("vendor").filtered(
            lambda partner: not self.env["account.move"].search_count([("partner_id", "=", partner.id)], limit=1)
        )
        self.pick(unused).unlink()

    def do_toggle_account(self):
        account = self.pick(self.mapped_accounts())
        account.active = not account.active

    def do_delete_account(self):
        mapped = self.mapped_accounts()
        lines = self.env["account.move.line"].search([("account_id", "in", mapped.ids)])
        self.pick(mapped - lines.account_id).unlink()

    def do_merge_accounts(self):
        mapped = self.mapped_accounts().filtered("active")
        if len(mapped) == 2 and len(set(mapped.mapped("account_type"))) == 1 and False not in mapped.mapped("code"):
            other = self.make("res.company", name=f"Other {len(self.steps)}")
            self.merge_accounts(mapped[0], self.new_account(f"61{len(self.steps):04}", other))

    def do_toggle_journal(self):
        for journal in (self.flow("bills").journal_id, self.bank):
            drafts = self.env["account.move"].search_count([("journal_id", "=", journal.id), ("state", "=", "draft")])
            if not drafts and self.chance.random() < 0.5:
                journal.active = not journal.active

    def do_delete_bill(self):
        drafts = self.bound("bill").filtered(lambda move: move.state == "draft" and not move.posted_before)
        self.pick(drafts).unlink()

    def do_post_bill(self):
        fit = self.bound("bill").filtered(lambda move: move.state == "draft" and move.journal_id.active)
        self.pick(fit.filtered(lambda move: all(move.invoice_line_ids.account_id.mapped("active")))).action_post()

    def do_draft_bill(self):
        unpaid = self.bound("bill").filtered(lambda move: move.state == "posted" and move.payment_state == "not_paid")
        self.pick(unpaid).button_draft()

    def do_lock(self):
        self.company.purchase_lock_date = False if self.company.purchase_lock_date else "2026-06-30"

    # ------------------------------------------------------------------ what has to hold

    def current_rows(self):
        return self.ours("ml.sync.log", is_current=True).filtered(lambda row: row.kind != "result")

    def check_rows(self):
        for row in self.current_rows():
            told = (self.steps, row.name, row.state, row.error_class, row.error_message)
            self.assertNotEqual(row.error_class, "bug", told)
            if row.state == "waiting":
                self.assertTrue(row.wait_ids, told)
            if row.state in ("waiting", "failed"):
                self.assertTrue(row.error_message and row.advice, told)
        numbers = [bill.upper() for bill, _vendor in self.bills_there]
        moves = self.env["account.move"].search([("ref", "in", numbers), ("move_type", "=", "in_invoice")])
        self.assertEqual(len(moves), len(set(moves.mapped("ref"))), self.steps)

    def put_right(self):
        """What a person does who reads the sentences: repair, fill, press the buttons."""
        self.company.purchase_lock_date = False
        self.env["account.journal"].union(self.flow("bills").journal_id, self.bank).active = True
        self.mapped_accounts().active = True
        self.ours("ml.mapping", kind="account", state="unmapped").res_id = self.new_account("600009").id
        for _round in range(3):
            self.sync(2)
            self.bound("bill").filtered(lambda move: move.state == "draft").action_post()
            if gone := self.current_rows().filtered("is_record_gone"):
                gone.action_bring_again()
            self.current_rows().filtered(lambda row: row.state == "failed").action_retry()
            self.sync()

    def check_end(self):
        for row in self.current_rows():
            told = (self.steps, row.name, row.state, row.error_class, row.error_message, row.advice)
            self.assertEqual(row.state, "done", told)
        for bill, vendor in self.bills_there:
            move = self.env["account.move"].search([("ref", "=", bill.upper()), ("move_type", "=", "in_invoice")])
            self.assertEqual(move, self.bill(bill), (self.steps, bill))
            self.assertEqual(move.partner_id, self.imported(vendor, "vendor"), (self.steps, bill, vendor))
            paid = f"pay-{bill}" in self.remote.items.get("payments", {})
            self.assertEqual(move.amount_residual, 0 if paid else 70, (self.steps, bill))
            self.assertEqual(len(move.reconciled_payment_ids), int(paid), (self.steps, bill))
