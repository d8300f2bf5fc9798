"""Readers, and the engine's part of pushes: batches, records that wait for others, flows that rest."""

from datetime import timedelta
from unittest.mock import patch

from odoo import Command, fields
from odoo.exceptions import ValidationError
from odoo.tests import tagged

from odoo.addons.ml_connector.core.documents import Reference
from odoo.addons.ml_connector.core.errors import NetworkError, UnconfirmedError
from odoo.addons.ml_connector.engine.flow_work import FlowWork
from odoo.addons.ml_connector.engine.queue import count_due
from odoo.addons.ml_connector.providers import PROVIDERS

from . import fake_provider
from .common import ConnectorCase
from .push_provider import PushProvider


class PushCase(ConnectorCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(patch.dict(PROVIDERS, {"fake": PushProvider}))
        cls.connection._sync_flows()
        cls.connection.capabilities = ["seat"]

    def setUp(self):
        super().setUp()
        self.remote.renumber = False

    def switch_on(self, *keys):
        for key in keys:
            self.flow(key).write({"active": True, "cursor": "2999-01-01 00:00:00"})

    def vendor(self, **values):
        values = {"name": "Example Supplies", "email": "ap@example.com", **values}
        return self.make("res.partner", **{"supplier_rank": 1, "is_company": True, **values})

    def company_tax(self):
        return self.make("account.tax", name="21 %", amount=21, type_tax_use="purchase")

    def sent(self, key):
        return list(self.remote.vendors.get(key, {}).values())

    def states(self, key):
        return self.logs(key).mapped("state")

    def bound(self, kind, record):
        return self.env["ml.binding"]._external_ids(self.connection, kind, record).get(record.id)


@tagged("post_install", "-at_install")
class TestBatches(PushCase):
    def test_rows_go_in_calls_of_the_flows_size(self):
        self.switch_on("book_vendors")
        self.vendor(name="Refused")
        partners = [self.vendor(name=f"Vendor {number}") for number in range(6)]
        self.run_worker()
        calls = [call for call in self.remote.calls if call.startswith("send_many")]
        self.assertEqual(calls, [f"send_many book_vendors {size}" for size in (3, 3, 1)])
        self.assertEqual(sorted(self.states("book_vendors")), ["done"] * 6 + ["failed"])
        self.assertTrue(all(self.bound("accounting_vendor", partner) for partner in partners))

    def fail_two(self, fault):
        """Both rows of a call meet the fault."""
        self.switch_on("book_vendors")
        self.remote.fail("send_many book_vendors 2", fault)
        for name in ("One", "Two"):
            self.vendor(name=name)
        self.run_worker()

    def test_a_batch_in_doubt_is_looked_up_row_by_row(self):
        self.fail_two((UnconfirmedError("No answer came."), True))
        self.assertEqual(self.states("book_vendors"), ["unknown"] * 2)
        self.run_worker_later()
        self.assertEqual(self.states("book_vendors"), ["done"] * 2)
        self.assertEqual((self.remote.calls.count("find"), len(self.sent("book_vendors"))), (2, 2))

    def test_a_call_that_fails_fails_each_row(self):
        self.fail_two(NetworkError("The vendor cannot be reached."))
        self.assertEqual(self.logs("book_vendors").mapped("error_class"), ["network"] * 2)

    def test_a_second_full_sync_sends_nothing(self):
        def sends():
            return [call for call in self.remote.calls if call.startswith("send")]

        self.switch_on("book_vendors", "vendors_push", "accounts")
        self.vendor()
        self.flow("accounts").cursor = False
        self.sync()
        self.run_worker()
        accounts = self.env["account.account"]
        count = accounts.search_count(accounts._check_company_domain(self.company))
        self.assertEqual(len(self.sent("accounts")), count)
        of_ours = [("connection_id", "=", self.connection.id)]
        before, rows = sends(), self.env["ml.sync.log"].search_count(of_ours)
        self.connection.flow_ids.cursor = False
        # times are kept to the second, and all of this happens within one
        self.env["ml.binding"].search([]).synced_at = fields.Datetime.now() + timedelta(seconds=1)
        self.sync()
        self.assertEqual(sends(), before)
        new = self.env["ml.sync.log"].search(of_ours)[: -rows or None]
        self.assertFalse(new, [(log.flow_id.key, log.name, log.outcome, log.state) for log in new])

    def test_a_remote_record_that_is_another_of_ours_is_not_taken_over(self):
        self.switch_on("vendors_push")
        first = self.vendor(name="First")
        self.run_worker()
        self.remote.vendors["vendors_push"] = {}
        second = self.vendor(name="Second")
        self.run_worker()
        log = self.logs("vendors_push").filtered(lambda log: log.res_id == second.id)
        self.assertEqual((log.error_class, self.bound("vendor", first)), ("duplicate", "vendors_push-1"))

    def test_a_record_that_was_made_anew_is_bound_to_the_new_one(self):
        self.switch_on("vendors_push")
        partner = self.vendor()
        self.run_worker()
        self.remote.renumber = True
        partner.street = "2 Main St"
        self.run_worker()
        self.assertEqual(self.bound("vendor", partner), "vendors_push-1-new")


@tagged("post_install", "-at_install")
class TestRestingFlows(PushCase):
    def test_a_flow_without_its_capability_rests_and_says_why_and_catches_up_when_it_may(self):
        self.connection.capabilities = []
        self.flow("book_vendors").active = True
        partner = self.vendor()
        self.sync()
        self.assertFalse(self.logs("book_vendors"))
        self.assertIn("seat", self.flow("book_vendors").error_message)
        self.assertEqual(count_due(self.connection), 0)
        self.connection.capabilities = ["seat"]
        self.sync()
        self.assertTrue(self.bound("accounting_vendor", partner))
        self.assertFalse(self.flow("book_vendors").error_message)

    def test_rows_of_a_flow_that_came_to_rest_wait_quietly(self):
        self.switch_on("book_vendors")
        self.vendor()
        self.env.cr.flush()
        self.connection.capabilities = []
        self.run_worker()
        self.assertEqual((self.states("book_vendors"), count_due(self.connection)), (["pending"], 0))


@tagged("post_install", "-at_install")
class TestCoding(PushCase):
    def mapping_of(self, account):
        return self.ours("ml.mapping", res_id=account.id)

    def test_an_account_comes_back_under_our_own_id(self):
        self.switch_on("accounts")
        account = self.make_account("699001", name="Gadgets")
        self.run_worker()
        mapping = self.mapping_of(account)
        self.assertEqual((mapping.external_id, mapping.origin, mapping.state), (f"our-{account.id}", "ours", "mapped"))
        account.write({"name": "Gadgets and gizmos", "active": False})
        self.run_worker()
        sent = self.sent("accounts")[-1]
        self.assertEqual((sent["name"], sent["active"]), ("Gadgets and gizmos", False))

    def test_what_a_person_mapped_otherwise_stays(self):
        self.switch_on("accounts")
        other, account = self.make_account("699002"), self.make_account("699001")
        mapping = self.map("account", f"our-{account.id}", other)
        self.run_worker()
        self.assertEqual(mapping.res_id, other.id)

    def test_an_archived_account_is_not_made(self):
        self.flow("accounts").active = True
        account = self.make_account("699001", active=False)
        self.sync()
        self.assertFalse(self.bound("account", account))

    def test_classifications(self):
        reader = self.env["ml.exporter.account"]
        classifications = {
            "asset_cash": "asset",
            "liability_credit_card": "credit_card",
            "liability_payable": "liability",
            "equity": "equity",
            "income_other": "revenue",
            "expense_direct_cost": "expense",
            "off_balance": "other",
        }
        for number, (kind, expected) in enumerate(classifications.items()):
            account = self.make_account(f"69910{number}", kind, reconcile=kind == "liability_payable")
            self.assertEqual(reader._document(self.flow("accounts"), account).classification, expected)

    def test_an_analytic_account_waits_for_its_plan(self):
        self.switch_on("values")
        plan = self.make("account.analytic.plan", name="Sites")
        account = self.make_analytic("Hamburg", plan, code="S-1")
        self.run_worker()
        log = self.logs("values")
        self.assertEqual((log.state, log.error_class, log.wait_ids.name), ("failed", "in_vain", "Sites"))
        self.assertIn("is inactive", log.error_message)
        self.switch_on("dimensions")
        self.run_worker(2)
        self.assertEqual(self.states("values"), ["done"])
        self.assertTrue(self.bound("dimension_value", account))

    def test_only_plans_with_accounts(self):
        self.switch_on("dimensions")
        self.make("account.analytic.plan", name="Empty")
        self.run_worker()
        self.assertFalse(self.logs("dimensions"))

    def tax(self, amount, *factors):
        code = "25" + "".join(str(abs(part)) for part in (amount, *factors))
        account = self.make_account(code, "asset_current")
        name = f"{amount} {factors}"
        return self.make(
            "account.tax", name=name, amount=amount, type_tax_use="purchase", **self.repartition(account, *factors)
        )

    def test_a_tax_names_its_account(self):
        self.switch_on("accounts", "taxes")
        account = self.tax(9, 100).invoice_repartition_line_ids.account_id
        self.run_worker()
        (tax,) = self.sent("taxes")
        self.assertEqual((tax["rate"], tax["account_external_id"]), ("0.09", self.bound("account", account)))

    def test_a_tax_goes_as_what_it_adds_to_what_the_vendor_is_paid(self):
        """Reverse charge, a tax in parts, and withholding."""
        self.switch_on("accounts", "taxes")
        expected = {(15, 100, -100): "0", (15, 60, 40): "0.15", (-15, 100): "-0.15", (150, 100): "1.5"}
        expected = {self.tax(*parts).name: rate for parts, rate in expected.items()}
        self.run_worker(2)
        self.assertEqual({record["name"]: record["rate"] for record in self.sent("taxes")}, expected)


@tagged("post_install", "-at_install")
class TestPurchases(PushCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.product = cls.make("product.product", name="Desk", type="consu", standard_price=30)

    def setUp(self):
        super().setUp()
        self.switch_on("vendors_push", "orders")

    def order(self, partner=None, quantity=5):
        line = {"product_id": self.product.id, "product_qty": quantity, "price_unit": 30, "tax_ids": False}
        partner = partner or self.vendor()
        order = self.make("purchase.order", partner_id=partner, order_line=[Command.create(line)])
        order.button_confirm()
        return order

    def open_pickings(self, order):
        return order.picking_ids.filtered(lambda picking: picking.state != "done")

    def receive(self, order, quantity):
        picking = self.open_pickings(order)
        picking.move_ids.write({"quantity": quantity, "picked": True})
        picking.with_context(skip_backorder=True).button_validate()
        return picking

    def give_back(self, picking, quantity):
        returns = self.env["stock.return.picking"].with_context(active_id=picking.id, active_model="stock.picking")
        wizard = returns.create({})
        wizard.product_return_moves.quantity = quantity
        returned = self.env["stock.picking"].browse(wizard.action_create_returns()["res_id"])
        returned.move_ids.picked = True
        returned.button_validate()

    def assertStates(self, orders, vendors):
        self.assertEqual((self.states("orders"), self.states("vendors_push")), ([orders], [vendors]))

    def test_an_order_waits_for_its_vendor_and_both_go(self):
        self.flow("vendors_push").vendor_mode = "when_needed"
        idle, partner = self.vendor(name="Idle"), self.vendor()
        self.run_worker()
        self.assertFalse(self.logs("vendors_push"))
        order = self.order(partner)
        self.run_worker()
        self.assertEqual(self.logs("orders").wait_ids.name, partner.display_name)
        self.run_worker(2)
        self.assertStates("done", "done")
        self.assertEqual(self.sent("orders")[0]["vendor"]["external_id"], self.bound("vendor", partner))
        self.assertFalse(self.bound("vendor", idle))
        self.assertEqual(self.bound("purchase_order", order), "orders-1")

    def test_a_needed_vendor_that_failed_goes_once_it_is_right(self):
        self.flow("vendors_push").vendor_mode = "when_needed"
        partner = self.vendor(email=False)
        self.order(partner)
        self.run_worker(3)
        self.assertStates("waiting", "failed")
        partner.email = "ap@example.com"
        self.run_worker(3)
        self.assertStates("done", "done")

    def test_a_vendor_waits_for_the_list_of_the_books(self):
        self.switch_on("book_vendors")
        self.vendor()
        self.run_worker(2)
        self.assertTrue(self.sent("vendors_push")[0]["in_books"])

    def test_drafts_are_not_sent_and_lines_are(self):
        order = self.order()
        self.make("purchase.order", partner_id=order.partner_id)
        self.run_worker()
        self.assertEqual(len(self.logs("orders")), 1)
        order.order_line.product_qty = 7
        self.run_worker()
        self.assertEqual(self.sent("orders")[0]["lines"][0]["quantity"], "7.0")
        order.button_cancel()
        self.run_worker()
        self.assertEqual(self.sent("orders")[0]["state"], "cancelled")

    def test_lines_are_known_by_the_ids_that_bills_name_them_by(self):
        order = self.order()
        self.state_there(order)
        ours = f"{self.bound('purchase_order', order)}-{order.order_line.id}"
        self.assertEqual(self.bound("purchase_order_line", order.order_line), ours)
        self.env["ml.binding"].search([("external_id", "=", ours)]).external_id = "of-before"
        order.order_line.product_qty = 7
        self.state_there(order)
        self.assertEqual(self.bound("purchase_order_line", order.order_line), ours)

    def billed(self, order, quantity):
        order.action_create_invoice()
        bill = order.invoice_ids.filtered(lambda move: move.state == "draft")
        bill.invoice_date = "2026-07-01"
        bill.invoice_line_ids.quantity = quantity
        bill.action_post()

    def state_there(self, order):
        self.run_worker(2)
        row = self.remote.vendors["orders"][self.bound("purchase_order", order)]
        return row["state"], [float(line["quantity"]) for line in row["lines"]]

    def test_the_end_of_a_locked_order_is_told(self):
        self.switch_on("receipts")
        order = self.order(quantity=4)
        self.assertEqual(self.state_there(order), ("open", [4]))
        self.receive(order, 4)
        self.billed(order, 4)
        self.assertEqual(self.state_there(order), ("open", [4]), "people may go on with it")
        order.button_lock()
        self.assertEqual(self.state_there(order), ("closed", []))
        order.button_unlock()
        self.assertEqual(self.state_there(order), ("open", [4]))

    def test_an_order_that_is_locked_from_the_beginning_ends_with_its_last_bill(self):
        self.env.company.po_lock = "lock"
        order = self.order(quantity=6)
        self.assertEqual(self.state_there(order), ("open", [6]))
        self.receive(order, 2)
        self.billed(order, 2)
        self.assertEqual(self.state_there(order), ("open", [6]), "the rest is to come")
        self.open_pickings(order).action_cancel()
        self.assertEqual(self.state_there(order), ("closed", []))

    def test_what_is_given_up_is_no_longer_ordered(self):
        for method in ("receive", "purchase"):
            with self.subTest(method):
                self.product.purchase_method = method
                order = self.order(quantity=6)
                self.assertEqual(self.state_there(order), ("open", [6]))
                self.receive(order, 3)
                self.open_pickings(order).action_cancel()
                order.button_lock()
                self.assertEqual(self.state_there(order), ("open", [6]), "what came is not billed yet")
                self.billed(order, 3)
                self.assertEqual(self.state_there(order), ("closed", []))

    def test_services_end_once_all_is_billed(self):
        self.product.write({"type": "service", "purchase_method": "purchase"})
        order = self.order(quantity=2)
        order.button_lock()
        self.assertEqual(self.state_there(order), ("open", [2]))
        self.billed(order, 1)
        self.assertEqual(self.state_there(order), ("open", [2]))
        self.billed(order, 1)
        self.assertEqual(self.state_there(order), ("closed", []))

    def test_an_order_of_nothing_has_ended(self):
        order = self.order()
        self.assertEqual(self.state_there(order), ("open", [5]))
        order.order_line.product_qty = 0
        self.assertEqual(self.state_there(order), ("closed", []))
        self.order(order.partner_id, quantity=0)
        self.run_worker()
        self.assertEqual(self.states("orders"), ["done"] * 2)

    def test_the_last_receipt_goes_before_the_end(self):
        self.switch_on("receipts")
        order = self.order(quantity=4)
        self.state_there(order)
        self.receive(order, 4)
        self.billed(order, 4)
        order.button_lock()
        work_flow = FlowWork.work

        def orders_alone(work):
            if work.flow.key != "receipts":
                work_flow(work)

        with patch.object(FlowWork, "work", orders_alone):
            self.run_worker()
        waiting = self.logs("orders").filtered(lambda log: log.state == "waiting")
        self.assertEqual(waiting.wait_ids.name, order.picking_ids.name)
        self.assertEqual(self.state_there(order), ("closed", []))
        self.assertEqual(len(self.remote.vendors["receipts"]), 1)

    def test_a_cancelled_order_that_nobody_knows_is_left_alone(self):
        order = self.order()
        order.button_cancel()
        self.env.cr.flush()
        self.assertFalse(self.logs("orders"))

    def test_what_is_taken_back_before_it_was_sent_ends_quietly(self):
        """Also where something else would stand in its way: nothing is asked of anybody, and nothing goes out."""
        order, vendor = self.order(), self.vendor(name="Refused", email=False)
        self.env.cr.flush()
        self.assertEqual(self.logs("orders").state, "pending")
        order.button_cancel()
        vendor.active = False
        self.run_worker()
        rows = self.logs("orders") | self.logs("vendors_push").filtered(lambda log: log.res_id == vendor.id)
        self.assertEqual(rows.mapped(lambda log: (log.state, log.error_class)), [("ignored", "not_wanted")] * 2)
        self.assertFalse(self.sent("orders"))
        vendor.active = True
        order.button_draft()
        order.button_confirm()
        self.run_worker()
        self.assertEqual([state for state in self.states("orders") if state != "ignored"], ["done"])

    def test_an_order_that_was_born_there_is_not_sent_back(self):
        theirs = {"kind": "purchase_order", "external_id": "theirs", "record": self.order()}
        self.env["ml.binding"]._bind(self.connection, [theirs])
        self.env.cr.flush()
        self.assertFalse(self.logs("orders"))

    def test_totals_survive_discounts_and_fractions(self):
        order = self.order(quantity=3)
        order.order_line.write({"discount": 7.5, "price_unit": 33.33, "product_qty": 2.5})
        line = self.env["ml.exporter.purchase_order"]._line(self.flow("orders"), order.order_line)
        self.assertEqual(float(line.amount), order.order_line.price_subtotal)

    def test_the_pdf_of_an_order(self):
        order = self.order()
        self.run_worker(2)
        file = self.env["ml.exporter.outgoing_file"]._document(self.flow("orders"), order)
        self.assertEqual((file.name, file.parent_external_id), (f"{order.name}.pdf", "orders-1"))
        self.assertTrue(file.content)

    def test_a_dry_run_says_what_waits(self):
        self.flow("vendors_push").active = False
        self.order()
        dry_run = self.make("ml.dry.run", flow_id=self.flow("orders"))
        self.run_worker()
        self.assertEqual(dry_run.line_ids.mapped("outcome"), ["waiting"])
        self.assertFalse(self.sent("orders"))

    def quantities(self):
        """What was received, by the number of the receipt."""
        return {receipt["number"]: receipt["lines"][0]["quantity"] for receipt in self.sent("receipts")}

    def test_receipts_backorders_corrections_and_returns(self):
        self.switch_on("receipts")
        order = self.order()
        first, second = self.receive(order, 2), self.receive(order, 3)
        self.run_worker(2)
        self.assertEqual(self.quantities(), {first.name: "2.0", second.name: "3.0"})
        self.assertEqual(self.sent("receipts")[0]["lines"][0]["purchase_order_external_id"], "orders-1")
        self.give_back(first, 1)
        second.move_ids.quantity = 4
        self.run_worker()
        self.assertEqual(self.quantities(), {first.name: "1.0", second.name: "4.0"})

    def test_other_transfers_are_no_receipts(self):
        self.switch_on("receipts")
        warehouse = self.env["stock.warehouse"].search([("company_id", "=", self.company.id)], limit=1)
        suppliers, stock = self.env.ref("stock.stock_location_suppliers"), warehouse.lot_stock_id
        way = {"location_id": suppliers.id, "location_dest_id": stock.id}
        moves = [Command.create({"product_id": self.product.id, "product_uom_qty": 1, **way})]
        picking = self.make("stock.picking", picking_type_id=warehouse.in_type_id, move_ids=moves, **way)
        picking.move_ids.write({"quantity": 1, "picked": True})
        picking.button_validate()
        self.assertFalse(self.logs("receipts"))


@tagged("post_install", "-at_install")
class TestOwnBills(PushCase):
    def setUp(self):
        super().setUp()
        self.switch_on("vendors_push", "own_bills")

    def bill(self, **values):
        return self.hand_made(self.vendor(), **{"ref": "EX-1", "invoice_date": fields.Date.today(), **values})

    def bill_with_file(self):
        move = self.bill()
        values = {"raw": b"%PDF-1.4 example", "mimetype": "application/pdf"}
        self.make("ir.attachment", name="EX-1.pdf", res_model=move._name, res_id=move.id, **values)
        return move

    def test_a_bill_goes_without_its_file_while_the_flow_of_files_is_off(self):
        self.bill_with_file()
        self.run_worker(2)
        self.assertEqual(len(self.sent("own_bills")), 1)
        self.assertFalse(self.logs("own_bill_files"))

    def test_a_posted_bill_goes_with_its_file(self):
        """One without a file needs none."""
        self.switch_on("own_bill_files")
        move, _without = self.bill_with_file(), self.bill(ref="EX-2")
        self.run_worker(2)
        sent, _without = self.sent("own_bills")
        self.assertEqual((sent["total"], sent["number"], sent["odoo_id"]), ("100.00", "EX-1", move.id))
        (file,) = self.sent("own_bill_files")
        self.assertEqual((file["name"], file["parent"]), ("EX-1.pdf", self.bound("own_bill", move)))
        self.assertNotIn("content", self.logs("own_bill_files").sudo().payload)

    def test_a_bill_that_came_from_there_is_not_sent_back(self):
        self.flow("own_bills").cursor = False
        self.map_expense()
        self.put_bill()
        self.sync(2)
        self.assertEqual(self.states("bills"), ["done"])
        self.assertFalse(self.logs("own_bills"))

    def test_what_is_paid_already_is_not_sent_for_payment(self):
        move = self.bill()
        self.register_payment(move)
        self.env.cr.flush()
        self.assertIn(move.payment_state, ("paid", "in_payment"))
        self.assertFalse(self.logs("own_bills"))

    def test_old_bills_stay_where_they_are(self):
        self.flow("own_bills").start_date = fields.Date.today()
        self.bill(invoice_date=fields.Date.today() - timedelta(days=40))
        self.assertFalse(self.logs("own_bills"))

    def test_a_reversed_bill_is_not_to_be_paid(self):
        """Its credit note goes nowhere, so what was sent has to be taken back, and what was not stays here."""
        move, today = self.bill(), [{"invoice_date": fields.Date.today()}]
        self.run_worker(2)
        self.assertEqual([sent["is_void"] for sent in self.sent("own_bills")], [False])
        move.sudo()._reverse_moves(today, cancel=True)
        self.assertEqual(move.payment_state, "reversed")
        self.run_worker()
        self.assertEqual([sent["is_void"] for sent in self.sent("own_bills")], [True])
        for mode in ("draft", "approved"):
            self.flow("own_bills").bill_mode = mode
            self.bill(ref=mode).sudo()._reverse_moves(today, cancel=True)
            self.run_worker()
        self.assertEqual(len(self.sent("own_bills")), 1)

    def test_lines_with_tax_add_up_to_the_total(self):
        taxes = {"tax_ids": self.company_tax().ids}
        rows = [{"name": "A", "price_unit": 33.33, "quantity": 3}, {"name": "B", "price_unit": 0.07, "quantity": 7}]
        move = self.bill(invoice_line_ids=[Command.create({**row, **taxes}) for row in rows])
        lines = list(self.env["ml.exporter.own_bill"]._lines(self.flow("own_bills"), move))
        self.assertEqual(float(sum(line.amount for line in lines)), move.amount_total)


@tagged("post_install", "-at_install")
class TestEmployees(PushCase):
    def setUp(self):
        super().setUp()
        self.switch_on("employees")

    def employee(self, name, **values):
        values = {"work_email": f"{name.split()[0].lower()}@example.com", **values}
        return self.make("hr.employee", name=name, company_id=self.company, **values)

    def test_the_manager_goes_first(self):
        boss = self.employee("Ines Duarte")
        department = self.make("hr.department", name="Finance")
        worker = self.employee("Jonas van den Berg", parent_id=boss, department_id=department)
        self.run_worker(2)
        sent = {employee["odoo_id"]: employee for employee in self.sent("employees")}[worker.id]
        self.assertEqual(sent["manager_external_id"], self.bound("employee", boss))
        self.assertEqual((sent["last_name"], sent["department"]), ("Berg", "Finance"))

    def test_circles_and_silent_managers_hold_nobody_up(self):
        one, two = self.employee("Ines Duarte"), self.employee("Jonas Berg")
        one.parent_id, two.parent_id = two, one
        self.employee("Kaito Mori", parent_id=self.employee("Silent Boss", work_email=False).id)
        self.run_worker()
        self.assertEqual({employee["manager_external_id"] for employee in self.sent("employees")}, {""})

    def test_who_left_is_told_only_where_he_is_known(self):
        employee = self.employee("Ines Duarte")
        self.employee("Nobody Known", active=False)
        self.run_worker()
        employee.active = False
        self.run_worker()
        self.assertEqual([sent["active"] for sent in self.sent("employees")], [False])


@tagged("post_install", "-at_install")
class TestLeaving(PushCase):
    """What was sent, and is moved to another company or becomes something else, is still in use at the vendor."""

    KEYS = ("accounts", "values", "taxes", "book_vendors", "vendors_push", "employees")

    def test_what_is_no_longer_sent_is_told_until_it_is_again(self):
        other = self.make("res.company", name="Another Company")
        self.switch_on("dimensions", *self.KEYS)
        vendor, group = self.vendor(), self.vendor(name="Example Group")
        account = self.make_account("699010", name="Moved")
        account.with_company(other).code = account.code
        employee = self.make("hr.employee", name="Ines", work_email="ines@example.com")
        ours, theirs = ({"company_ids": [Command.set(company.ids)]} for company in (self.company, other))
        grouped = ({"parent_id": group.id}, {"parent_id": False})
        for key, record, gone, back in (
            ("accounts", account, theirs, ours),
            ("values", self.make_analytic("Relaunch"), {"company_id": other.id}, {"company_id": False}),
            ("taxes", self.company_tax(), {"type_tax_use": "sale"}, {"type_tax_use": "purchase"}),
            ("book_vendors", vendor, *grouped),
            ("vendors_push", vendor, *grouped),
            ("employees", employee, {"company_id": other.id}, {"company_id": employee.company_id.id}),
        ):
            with self.subTest(key):
                for _run in range(3):
                    self.run_worker_later()
                log = self.logs(key).filtered(lambda log, record=record: log.res_id == record.id)[-1:]
                self.assertEqual(log.state, "done")
                record.write(gone)
                self.run_worker()
                (failed,) = self.logs(key).filtered(lambda log: log.state == "failed")
                self.assertEqual(failed.res_id, record.id)
                self.assertIn("no longer sends", failed.error_message)
                failed.action_retry()
                self.run_worker()
                self.assertEqual(failed.state, "failed", "it is still so")
                record.write(back)
                self.run_worker()
                self.assertEqual(failed.state, "done")
                record.write(gone)
                self.run_worker()
                self.logs(key).filtered(lambda log: log.state == "failed")._ignore("Closed there.")
                record.write({"name": "Another Name"})
                self.run_worker()
                self.assertFalse(self.logs(key).filtered(lambda log: log.state == "failed"), "it is not asked again")
                record.write(back)

    def test_what_was_never_sent_is_nobodys_business(self):
        self.switch_on("vendors_push")
        vendor = self.vendor()
        self.logs("vendors_push").unlink()
        vendor.parent_id = self.vendor(name="Example Group")
        self.assertFalse(self.logs("vendors_push").filtered(lambda log: log.res_id == vendor.id))


@tagged("post_install", "-at_install")
class TestNoSideEffects(PushCase):
    def test_the_engine_offers_each_kind_an_exporter(self):
        for flow in self.connection.flow_ids.filtered(lambda flow: flow.direction == "push" and flow.kind != "result"):
            self.assertIn(f"ml.exporter.{flow.kind}", self.env)
            self.assertIn(flow._record_model(), self.env)

    def test_nothing_is_noted_while_all_is_off(self):
        self.vendor()
        self.make_account("699009")
        self.env.cr.flush()
        self.assertFalse(self.env["ml.sync.log"].search([("connection_id", "=", self.connection.id)]))
        self.assertEqual(fake_provider.REMOTE.calls, [])


@tagged("post_install", "-at_install")
class TestListValues(PushCase):
    """Analytic accounts for a provider with fixed fields: mappings give the plan of each field."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plan, cls.other = (cls.make("account.analytic.plan", name=name) for name in ("Vessels", "Harbours"))
        cls.child = cls.make("account.analytic.plan", name="Tugs", parent_id=cls.plan)

    def setUp(self):
        super().setUp()
        self.switch_on("list_values")

    def analytic(self, code, plan=None):
        return self.make_analytic(f"Account {code}", plan or self.plan, code=code)

    def map_field(self, field, name):
        return self.env["ml.mapping"]._upsert(self.connection, [Reference(kind="plan", external_id=field, name=name)])

    def fields_sent(self):
        return {values["code"]: values["dimension_key"] for values in self.sent("list_values")}

    def test_accounts_of_mapped_plans_are_sent_to_their_field(self):
        self.assertEqual(self.map_field("custom2", "Vessels")._record(), self.plan)
        self.analytic("V1")
        self.analytic("T1", self.child)
        self.analytic("H1", self.other)
        self.run_worker()
        self.assertEqual(self.fields_sent(), {"V1": "custom2", "T1": "custom2"})

    def test_a_plan_that_is_mapped_later_brings_its_accounts_at_once(self):
        account = self.analytic("V1")
        self.run_worker()
        self.assertFalse(self.sent("list_values"))
        self.map_field("custom2", "Something else").res_id = self.plan.id
        self.run_worker()
        self.assertEqual(self.fields_sent(), {"V1": "custom2"})
        mapping = self.ours("ml.mapping", kind="analytic", res_id=account.id)
        self.assertEqual((mapping.external_id, mapping.origin), (f"our-{account.id}", "ours"))

    def test_the_first_of_several_fields_of_a_plan_is_taken(self):
        self.map_field("custom2", "Two").res_id = self.plan.id
        self.map_field("custom1", "One").res_id = self.plan.id
        self.analytic("V1")
        self.run_worker()
        self.assertEqual(self.fields_sent(), {"V1": "custom1"})

    def test_a_field_stands_for_a_whole_plan_only(self):
        with self.assertRaisesRegex(ValidationError, "Choose a record of"):
            self.map_field("custom1", "One").res_id = self.child.id
