import csv
import io
from datetime import timedelta
from xml.etree import ElementTree

from odoo import Command, fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from odoo.addons.ml_connector.core.errors import NetworkError, PermanentError, RemoteError
from odoo.addons.ml_connector.core.own_ids import own_id
from odoo.addons.ml_connector.engine.deliveries import Deliveries
from odoo.addons.ml_connector.exporters.feed_expressions import EXPRESSIONS
from odoo.addons.ml_connector.providers import PROVIDERS

from .common_feed import FeedCase


@tagged("post_install", "-at_install")
class TestFeedOut(FeedCase):
    def setUp(self):
        super().setUp()
        self.only("vendors")
        # other vendors of the database would only be in the way
        self.template("vendors").domain = repr([("id", "in", (self.northwind | self.polish).ids)])

    def inbound(self):
        """{name: rows} of what arrived."""
        return {
            path: list(csv.DictReader(io.StringIO(content.decode(), newline=""), strict=True))
            for path, content in self.server.content.items()
            if path.startswith("inbound/")
        }

    def last(self):
        path = max(self.inbound(), key=lambda name: self.server.times[name])
        return self.inbound()[path]

    def code(self, partner):
        return f"V{partner.id:05d}-{own_id(partner).mark}"

    # ------------------------------------------------------------------ content

    def test_vendors(self):
        self.northwind.write(
            {
                "vat": False,
                "street": "10 Mill Rd",
                "zip": "01220",
                "country_id": self.env.ref("base.us").id,
                "phone": "+1 555",
            }
        )
        self.polish.name = '=Zażółć "Gęślą", Sp.\nz o.o.'
        self.sync()
        (path,) = self.inbound()
        self.assertRegex(path, r"^inbound/ACME-US_vendors_full_\d{8}T\d{6}Z_000001\.csv$")
        first, second = self.inbound()[path]
        self.assertEqual(
            (
                first["CompanyId"],
                first["VendorId"],
                first["PostalCode"],
                first["Country"],
                first["Active"],
                first["Phone"],
            ),
            ("ACME-US", self.code(self.northwind), "01220", "US", "true", "+1 555"),
        )
        self.assertEqual(first["Currency"], self.company.currency_id.name)
        self.assertEqual(second["VendorName"], '=Zażółć "Gęślą", Sp. z o.o.', "a machine's feed is not altered")
        file = self.files("vendors")
        self.assertEqual((file.state, file.record_count, file.done_count, file.is_full), ("sent", 2, 2, True))
        self.assertEqual(file.attachment_id.raw, self.server.content[path])
        self.assertEqual((file.size, len(file.sha256)), (len(self.server.content[path]), 64))
        self.assertEqual((self.logs("vendors").state, self.logs("vendors").outcome), ("done", "sent"))
        self.assertEqual(self.logs("vendors").attempt_ids.action, "send")

    def test_only_changes_follow(self):
        self.sync()
        self.sync()
        self.assertEqual(len(self.inbound()), 1, "nothing changed: no file")
        self.polish.city = "Łódź"
        self.sync()
        self.assertEqual([row["City"] for row in self.last()], ["Łódź"])
        self.polish.write({"name": self.polish.name})
        self.sync()
        self.assertEqual(len(self.inbound()), 2, "a touched record is no change")
        self.assertEqual(self.files("vendors").mapped("is_full"), [True, False])

    def test_everything_again_after_days(self):
        self.sync()
        self.template("vendors").last_full_at = fields.Datetime.now() - timedelta(days=8)
        self.sync()
        self.assertEqual(len(self.last()), 2)

    def test_archived_and_deleted_vendors_are_told_once(self):
        gone = self.env["res.partner"].create({"name": "Short-lived", "supplier_rank": 1})
        self.template("vendors").domain = repr([("id", "in", (self.northwind | self.polish | gone).ids)])
        self.sync()
        self.polish.active = False
        code, _deleted = self.code(gone), gone.unlink()
        self.sync()
        told = {row["VendorId"]: (row["VendorName"], row["Active"]) for row in self.last()}
        self.assertEqual(told, {self.code(self.polish): (self.polish.name, "false"), code: ("Short-lived", "false")})
        self.sync()
        self.assertEqual(len(self.inbound()), 2)
        self.polish.active = True
        self.sync()
        self.assertEqual([row["Active"] for row in self.last()], ["true"])

    def test_what_was_taken_back_before_it_was_sent_is_not_told(self):
        gone = self.env["res.partner"].create({"name": "Short-lived", "supplier_rank": 1})
        archived = self.env["res.partner"].create({"name": "Archived", "supplier_rank": 1, "active": False})
        order = self.env["purchase.order"].create({"partner_id": self.northwind.id})
        order.button_confirm()
        order.button_cancel()
        self.only("vendors", "purchase_orders")
        self.template("purchase_orders").domain = repr([("id", "=", order.id), ("state", "=", "purchase")])
        self.template("vendors").domain = repr([("id", "in", (self.northwind | archived | gone).ids)])
        gone.unlink()
        self.sync()
        self.assertEqual([row["VendorName"] for row in self.last()], [self.northwind.name])
        self.assertFalse([path for path in self.inbound() if "purchase_orders" in path])
        of_ours = [("connection_id", "=", self.connection.id), ("state", "in", ("failed", "waiting"))]
        self.assertFalse(self.env["ml.sync.log"].search(of_ours))

    def test_code_is_the_mapped_one_and_comes_back(self):
        self.map("vendor", "NW-1", self.northwind)
        self.sync()
        self.assertEqual([row["VendorId"] for row in self.last()], ["NW-1", self.code(self.polish)])
        found = self.env["ml.feed.sent"]._by_key(self.connection, "res.partner", ["NW-1", self.code(self.polish)])
        self.assertEqual(found, {"NW-1": self.northwind, self.code(self.polish): self.polish})

    def test_a_code_names_one_vendor_for_ever(self):
        """A restored database gives the same id once more, to a vendor that was born at another moment."""
        self.sync()
        lost = self.code(self.northwind)
        self.env.cr.execute("UPDATE res_partner SET create_date = create_date + interval '1 hour'")
        self.env.cr.execute("DELETE FROM ml_feed_sent WHERE key = %s", [lost])
        self.env.invalidate_all()
        self.northwind.name = "Quite Another Ltd."
        self.sync()
        codes = {row["VendorName"]: row["VendorId"] for row in self.last()}
        self.assertNotEqual(codes["Quite Another Ltd."], lost)
        self.assertEqual(self.env["ml.feed.sent"]._by_key(self.connection, "res.partner", [lost]), {})

    def test_incomplete_record_is_left_out_and_named(self):
        column = self.template("vendors").column_ids.filtered(lambda column: column.label == "City")
        column.required = True
        self.northwind.city = "Albany"
        self.sync()
        self.assertEqual([row["City"] for row in self.last()], ["Albany"])
        failed = self.logs("vendors").filtered(lambda log: log.state == "failed")
        self.assertEqual((failed.res_model, failed.res_id), ("res.partner", self.polish.id))
        self.assertIn("City is empty", failed.error_message)
        self.polish.city = "Łódź"
        failed.action_retry()
        self.run_worker()
        self.run_worker()
        self.assertEqual(failed.state, "superseded")
        self.assertEqual([row["City"] for row in self.last()], ["Łódź"])

    def test_formulas_are_guarded_by_option(self):
        self.template("vendors").guard_formulas = True
        self.northwind.write({"name": "=cmd|calc", "phone": "+1 555"})
        self.sync()
        self.assertEqual((self.last()[0]["VendorName"], self.last()[0]["Phone"]), ("'=cmd|calc", "+1 555"))

    def test_formats(self):
        template = self.template("vendors")
        template.write(
            {"delimiter": "semicolon", "quote_all": True, "line_end": "lf", "encoding": "cp1252", "true_word": "Y"}
        )
        self.polish.active = False
        template.domain = repr([("id", "=", self.northwind.id)])
        self.northwind.name = "Café"
        self.sync()
        (content,) = self.server.content.values()
        lines = content.decode("cp1252").split("\n")
        self.assertTrue(lines[0].startswith('"CompanyId";"VendorId"'))
        self.assertIn('"Café"', lines[1])
        self.assertIn('"Y"', lines[1])

    def test_text_outside_of_the_encoding_is_an_error(self):
        self.template("vendors").encoding = "cp1252"
        self.sync()
        self.assertIn("Choose UTF-8", self.flow("vendors").error_message)
        self.assertFalse(self.server.content)

    def test_xml(self):
        self.template("vendors").file_format = "xml"
        self.northwind.name = "A & <B>"
        self.sync()
        (content,) = self.server.content.values()
        root = ElementTree.fromstring(content)
        self.assertEqual((root.tag, root.get("companyId")), ("StampliImport", "ACME-US"))
        self.assertEqual([node.findtext("VendorName") for node in root], ["A & <B>", self.polish.name])

    def test_parts(self):
        self.template("vendors").max_rows = 1
        self.sync()
        self.assertEqual([len(rows) for rows in self.inbound().values()], [1, 1])

    def test_much_less_than_before_stops_and_asks(self):
        partners = self.env["res.partner"].create([{"name": f"V {n}", "supplier_rank": 1} for n in range(30)])
        self.template("vendors").domain = repr([("id", "in", partners.ids)])
        self.sync()
        self.template("vendors").domain = repr([("id", "in", partners[:5].ids)])
        self._keep()
        self.sync()
        self.assertIn("25 of 30", self.flow("vendors").error_message)
        self.assertEqual(len(self.inbound()), 1)
        self.template("vendors").action_confirm_shrink()
        self.run_worker()
        self.assertFalse(self.flow("vendors").error_message)
        self.assertEqual([row["Active"] for row in self.last()], ["false"] * 25)

    def test_gl_accounts_and_dimensions(self):
        self.only("gl_accounts", "dimensions")
        self.template("gl_accounts").domain = repr([("id", "in", [account.id for account in self.accounts.values()])])
        plan = self.env["account.analytic.plan"].create({"name": "Departments"})
        self.env["account.analytic.account"].create({"name": "Ops", "code": "OPS", "plan_id": plan.id})
        self.sync()
        rows = {path.split("_")[1]: rows for path, rows in self.inbound().items()}
        self.assertEqual(sorted(row["AccountCode"] for row in rows["gl"]), ["600100", "610200", "640010"])
        self.assertIn(
            ("Department", "OPS", "Ops"),
            [(row["Dimension"], row["ValueCode"], row["ValueName"]) for row in rows["dimensions"]],
        )

    def test_purchase_orders_and_receipts(self):
        self.only("vendors", "purchase_orders", "purchase_receipts")
        product = self.env["product.product"].create({"name": "Paper", "default_code": "PAPER", "is_storable": True})
        plan = self.env["account.analytic.plan"].create({"name": "Departments"})
        department = self.env["account.analytic.account"].create({"name": "Ops", "code": "OPS", "plan_id": plan.id})
        order = self.env["purchase.order"].create(
            {
                "partner_id": self.northwind.id,
                "order_line": [
                    Command.create({"display_type": "line_section", "name": "Section", "product_qty": 0}),
                    Command.create(
                        {
                            "product_id": product.id,
                            "product_qty": 100,
                            "price_unit": 10,
                            "discount": 5,
                            "tax_ids": False,
                            "analytic_distribution": {str(department.id): 100},
                        }
                    ),
                    Command.create({"product_id": product.id, "product_qty": 5, "price_unit": 70, "tax_ids": False}),
                ],
            }
        )
        order.button_confirm()
        self.template("purchase_orders").domain = repr([("id", "=", order.id)])
        self.template("purchase_receipts").domain = repr([("id", "in", order.picking_ids.ids), ("state", "=", "done")])
        self.sync()
        orders = next(rows for path, rows in self.inbound().items() if "purchase_orders" in path)
        self.assertEqual([row["LineNumber"] for row in orders], ["10", "20"])
        first = orders[0]
        self.assertEqual(
            (
                first["PONumber"],
                first["VendorId"],
                first["POStatus"],
                first["UnitPrice"],
                first["LineAmount"],
                first["Quantity"],
            ),
            (order.name, self.code(self.northwind), "open", "9.5", "950.00", "100"),
        )
        self.assertEqual((first["Department"], orders[1]["Department"], first["POTotal"]), ("OPS", "", "1300.00"))
        for move in order.picking_ids.move_ids:
            move.write({"quantity": 3, "picked": True})
        order.picking_ids.with_context(skip_backorder=True).button_validate()
        # 30 September, 18:00 there
        order.company_id.partner_id.tz = "America/Los_Angeles"
        order.picking_ids.date_done = "2026-10-01 01:00:00"
        self.sync()
        receipts = next(rows for path, rows in self.inbound().items() if "purchase_receipts" in path)
        self.assertEqual([row["QuantityReceived"] for row in receipts], ["3", "3"])
        self.assertEqual({row["ReceiptDate"] for row in receipts}, {"2026-09-30"})
        self.assertEqual({row["VendorId"] for row in receipts}, {self.code(self.northwind)})
        changed = next(path for path in self.inbound() if "purchase_orders_delta" in path)
        self.assertEqual([row["QuantityReceived"] for row in self.inbound()[changed]], ["3", "3"], "all lines again")

    def test_the_end_of_an_order_and_of_its_lines(self):
        """Nothing ordered, all billed, locked with the rest given up, and cancelled."""
        self.only("files", "purchase_orders")
        product = self.env["product.product"].create(
            {"name": "Desk", "type": "service", "purchase_method": "purchase", "supplier_taxes_id": False}
        )
        orders = self.env["purchase.order"].create(
            [
                {
                    "partner_id": self.northwind.id,
                    "order_line": [
                        Command.create({"product_id": product.id, "product_qty": 5, "price_unit": price})
                        for price in (10, 20)
                    ],
                }
                for _number in range(4)
            ]
        )
        orders.button_confirm()
        self.template("purchase_orders").domain = repr(
            [("id", "in", orders.ids), ("state", "=", "purchase"), ("invoice_status", "!=", "invoiced")]
        )

        def told():
            found = {}
            for rows in self.inbound().values():
                for row in rows:
                    found[row["PONumber"], row["LineNumber"]] = (row["POStatus"], row["LineStatus"])
            return [[found[order.name, number] for number in ("10", "20")] for order in orders]

        self.sync()
        self.assertEqual(told(), [[("open", "open")] * 2] * 4)
        nothing, billed, line, cancelled = orders
        nothing.order_line.product_qty = 0
        billed.action_create_invoice()
        billed.invoice_ids.invoice_date = "2026-07-01"
        billed.invoice_ids.action_post()
        line.order_line[0].product_qty = 0
        cancelled.button_cancel()
        self.sync()
        self.assertEqual(
            told(),
            [
                [("closed", "closed")] * 2,
                [("closed", "closed")] * 2,
                [("open", "closed"), ("open", "open")],
                [("cancelled", "open")] * 2,
            ],
        )

    def test_payment_status(self):
        self.only("files", "invoices", "payment_status")
        self.map_vendors()
        self.take("invoices_20261120T101500Z_000042.csv")
        bill = self.record("invoices", "700123")
        self.env["account.payment.register"].with_context(active_model="account.move", active_ids=bill.ids).create(
            {"amount": 100.0, "payment_difference_handling": "open"}
        ).action_create_payments()
        foreign = self.env["account.move"].create(
            {
                "move_type": "in_invoice",
                "partner_id": self.polish.id,
                "invoice_date": "2026-07-01",
                "invoice_line_ids": [Command.create({"name": "x", "price_unit": 10, "tax_ids": False})],
            }
        )
        foreign.action_post()
        self.env["account.payment.register"].with_context(active_model="account.move", active_ids=foreign.ids).create(
            {}
        ).action_create_payments()
        self.sync()
        (row,) = self.last()
        self.assertFalse(self.logs("payment_status").filtered(lambda log: log.state == "failed"))
        self.assertEqual(
            (row["StampliInvoiceId"], row["PaymentStatus"], row["OpenAmount"]), ("700123", "partial", "1080.00")
        )
        bill.line_ids.remove_move_reconcile()
        self.sync()
        (row,) = self.last()
        self.assertEqual(
            (row["StampliInvoiceId"], row["PaymentStatus"], row["OpenAmount"]), ("700123", "not_paid", "1180.00")
        )

    def test_a_failure_to_tell_of_payments_says_what_may_happen(self):
        deliveries = Deliveries(self.env)
        for key, warns in (("payment_status", True), ("vendors", False)):
            flow = self.flow(key)
            log = self.env["ml.sync.log"].create(
                {
                    **{"name": "File", "connection_id": self.connection.id, "company_id": self.company.id},
                    **{"flow_id": flow.id, "direction": "push", "kind": "feed_file"},
                }
            )
            deliveries.failed(log, PermanentError("The server refuses the file."))
            self.assertTrue(log.error_message.startswith("The server refuses the file."))
            self.assertEqual("a second time" in log.error_message, warns)

    def test_default_paths_exist(self):
        """Every default column can be written, for every provider with files."""
        for provider in PROVIDERS.values():
            for flow in filter(lambda flow: flow.template, provider.flows):
                for column in flow.template.columns:
                    if column.expression:
                        self.assertIn(column.expression, EXPRESSIONS)
        self.connection.feed_template_ids.column_ids._check_reads()
        for template in self.connection.feed_template_ids.filtered("model_name"):
            self.assertTrue(template.preview.startswith("CompanyId,"), template.preview)

    # ------------------------------------------------------------------ template

    def test_wrong_templates_are_refused_when_saved(self):
        template = self.template("vendors")
        column = template.column_ids[2]
        for path in ("nothing", "child_ids.name", "country_id.nothing", "image_1920", "name.code", "user_ids.password"):
            with self.subTest(path=path), self.assertRaises(ValidationError), self.cr.savepoint():
                column.path = path
        for values in (
            {"file_name": "vendors_{number.__class__}.csv"},
            {"file_name": "vendors.csv"},
            {"file_name": "vendors_{number"},
            {"domain": "[('nothing', '=', 1)]"},
            {"domain": "__import__('os')"},
            {"folder": "../etc"},
            {"date_format": "%d"},
        ):
            with self.subTest(values=values), self.assertRaises(ValidationError), self.cr.savepoint():
                template.write(values)
        with self.assertRaises(ValidationError), self.cr.savepoint():
            self.template("invoices").file_name = "invoices("

    def test_preview_shows_the_first_rows(self):
        lines = self.template("vendors").preview.splitlines()
        self.assertTrue(lines[0].startswith("CompanyId,VendorId"))
        self.assertIn("Northwind Feed Paper Co.", lines[1])
        self.assertEqual(len(lines), 3)

    # ------------------------------------------------------------------ faults

    def test_killed_upload_starts_anew(self):
        self.server.fail("write", (NetworkError("Broken."), True))
        self.sync()
        file = self.files("vendors")
        self.assertEqual((file.state, self.logs("vendors").state), ("built", "pending"))
        self.assertFalse([path for path in self.server.content if path.endswith(".csv")], "no final name")
        self.again()
        self.assertEqual(file.state, "sent")
        self.assertEqual(list(self.server.content), [f"inbound/{file.name}"])

    def again(self):
        self.connection.breaker_until = False
        self.logs("vendors").filtered(lambda log: log.state == "pending")._make_pending()
        self.run_worker()

    def test_answer_to_the_rename_is_lost(self):
        self.server.fail("rename", (NetworkError("Broken."), True))
        self.sync()
        file = self.files("vendors")
        self.assertEqual(file.state, "transferred")
        self.server.content.clear()  # the provider fetched it immediately
        self.again()
        self.assertEqual((file.state, self.logs("vendors").state), ("sent", "done"))
        self.assertFalse(self.server.content, "it was not sent twice")
        self.sync()
        self.assertEqual(len(self.files("vendors")), 1)

    def test_worker_killed_between_upload_and_rename(self):
        self.server.fail("rename", NetworkError("Killed."))
        self.sync()
        file = self.files("vendors")
        self.assertEqual((file.state, list(self.server.content)), ("transferred", [f"inbound/{file.temporary_name}"]))
        self.again()
        self.assertEqual((file.state, list(self.server.content)), ("sent", [f"inbound/{file.name}"]))
        self.assertEqual(len([call for call in self.server.calls if call[0] == "write"]), 1)

    def test_full_disk(self):
        self.server.fail("write", RemoteError("The server failed: its disk may be full."))
        self.sync()
        self.assertEqual(self.logs("vendors").error_class, "remote")
        self.assertFalse([path for path in self.server.content])
        self.again()
        self.assertEqual(self.files("vendors").state, "sent")

    def test_refused_rename_says_what_to_choose(self):
        self.server.fail("rename", PermanentError("Denied."))
        self.sync()
        file = self.files("vendors")
        self.assertIn("choose None", file.error_message)
        self.assertEqual(self.logs("vendors").state, "failed")
        self.template("vendors").temporary = "none"
        file.action_replay()
        self.run_worker()
        self.assertEqual((file.state, list(self.server.content)), ("sent", [f"inbound/{file.name}"]))

    def test_newer_file_takes_the_place_of_one_that_did_not_arrive(self):
        self.server.fail("write", RemoteError("Full."))
        self.sync()
        self.northwind.city = "Reno"
        self.sync()
        first, second = self.files("vendors")
        self.assertEqual((first.state, first.replaced_by_id, second.state), ("replaced", second, "sent"))
        self.assertEqual({row["City"] for row in self.last()}, {"Reno", ""})
        self.assertEqual(len(self.last()), 2, "nothing of the first is lost")

    def test_newer_file_clears_away_what_was_left_half_sent(self):
        self.server.fail("write", (NetworkError("Broken."), True))
        self.sync()
        self.assertEqual(list(self.server.content), [f"inbound/{self.files('vendors').temporary_name}"])
        self.connection.breaker_until = False
        self.northwind.city = "Reno"
        self.sync()
        second = self.files("vendors")[1]
        self.assertEqual(list(self.server.content), [f"inbound/{second.name}"])

    def expect_answers(self):
        self.template("vendors").write(
            {"accepted_path": "inbound/processed/{name}", "rejected_path": "inbound/error/{stem}_errors.csv"}
        )
        self.only("vendors", "files")
        self.sync()
        file = self.files("vendors")
        self.assertEqual((file.state, file.answer), ("sent", "awaited"))
        return file

    def test_accepted(self):
        file = self.expect_answers()
        self.server.put(f"inbound/processed/{file.name}", b"")
        self.sync()
        self.assertEqual((file.state, file.answer, file.error_message), ("sent", "accepted", False))

    def test_rejected_records_go_again(self):
        self.test_accepted()
        self.northwind.city = "Reno"
        self.polish.active = False
        self.sync()
        refused = self.files("vendors")[-1]
        self.assertEqual({row["Active"] for row in self.last()}, {"true", "false"})
        self.server.put(f"inbound/error/{refused.name.removesuffix('.csv')}_errors.csv", b"line 2:\r\n no such city")
        self.sync()
        self.assertEqual(
            (refused.answer, refused.error_message), ("rejected", "Stampli rejected the file: line 2: no such city")
        )
        self.assertEqual(refused._log().state, "failed")
        self.northwind.city = "Boise"
        self.sync()
        self.assertEqual((refused.state, self.files("vendors")[-1].state), ("replaced", "sent"))
        self.assertEqual({row["City"] for row in self.last()}, {"Boise", ""})
        self.assertEqual({row["Active"] for row in self.last()}, {"true", "false"}, "the archived one again, too")

    def test_replay_of_a_refused_file_makes_a_new_one(self):
        refused = self.expect_answers()
        self.server.put(f"inbound/error/{refused.name.removesuffix('.csv')}_errors.csv", b"")
        self.sync()
        self.assertEqual(refused.error_message, "Stampli rejected the file.")
        with self.assertRaises(UserError):
            refused.action_delivered()
        refused.action_replay()
        self.run_worker()
        self.run_worker()
        self.assertEqual((refused.state, self.files("vendors")[-1].state), ("replaced", "sent"))
        self.assertEqual(len(self.last()), 2)

    def test_no_answer(self):
        file = self.expect_answers()
        file.transferred_at -= timedelta(hours=25)
        self.sync()
        self.assertEqual((file.state, file.answer), ("sent", "missing"))
        self.assertIn("did not answer", file.error_message)
        self.server.put(f"inbound/processed/{file.name}", b"")
        self.sync()
        self.assertEqual((file.answer, file.error_message), ("accepted", False))

    def test_answers_are_of_one_file(self):
        for path in ("inbound/processed/all.csv", "inbound/{other}", "inbound/{name", "../{name}"):
            with self.assertRaises(ValidationError):
                self.template("vendors").accepted_path = path

    def test_orders_wait_until_their_vendors_were_sent(self):
        self.env["purchase.order"].create({"partner_id": self.northwind.id, "order_line": [self.order_line()]})
        self.env["purchase.order"].search([("partner_id", "=", self.northwind.id)]).button_confirm()
        self.template("purchase_orders").domain = repr([("partner_id", "=", self.northwind.id)])
        self.only("vendors", "purchase_orders")
        self.server.fail("write", PermanentError("Denied."))
        self.sync()
        vendors, orders = self.files("vendors"), self.files("purchase_orders")
        self.assertEqual((vendors.state, orders.state), ("failed", "built"))
        self.assertEqual(orders.error_message, "Waiting until Odoo has sent Vendors.")
        self.assertGreater(self.logs("purchase_orders").next_try_at, fields.Datetime.now(), "no busy waiting")
        vendors.action_replay()
        self.run_worker()
        self.assertEqual((vendors.state, orders.state, orders.error_message), ("sent", "sent", False))

    def test_orders_go_without_lists_that_are_not_sent_at_all(self):
        self.test_purchase_orders_and_receipts()
        self.assertEqual(set(self.files("purchase_orders").mapped("state")), {"sent"})

    # ------------------------------------------------------------------ receivers that are quick

    def test_a_receiver_that_takes_each_file_at_once(self):
        (self.template("vendors") | self.template("purchase_orders")).temporary = "none"
        self.server.takes = lambda path: path.startswith("inbound/")
        partners = self.northwind | self.polish
        for number in range(4):
            partners.city = f"City {number}"
            self.sync()
        files = self.files("vendors")
        self.assertEqual((files.mapped("state"), self.connection.state), (["sent"] * 4, "connected"))
        self.assertEqual({bool(note) for note in files.mapped("note")}, {True})
        self.assertEqual(self.server.taken, [f"inbound/{file.name}" for file in files])
        self.assertEqual(sum(files.mapped("record_count")), 8)
        self.env["purchase.order"].create({"partner_id": self.northwind.id, "order_line": [self.order_line()]})
        self.env["purchase.order"].search([("partner_id", "=", self.northwind.id)]).button_confirm()
        self.template("purchase_orders").domain = repr([("partner_id", "=", self.northwind.id)])
        self.only("vendors", "purchase_orders")
        self.sync()
        self.assertEqual(self.files("purchase_orders").mapped("state"), ["sent"])

    def check_taken_early(self, temporary):
        self.template("vendors").temporary = temporary
        self.server.takes = lambda path: path.startswith("inbound/")
        for number in range(4):
            self.polish.city = f"City {number}"
            self.sync()
        file = self.files("vendors")
        self.assertEqual((file.mapped("state"), len(self.server.taken)), (["failed"], 1), "tried once")
        self.assertEqual((self.connection.state, self.connection.failed_count), ("attention", 1))
        for text in (file.error_message, self.connection.attention_reason, self.flow("vendors").error_message):
            self.assertIn("Temporary Name", text)
        self.template("vendors").temporary = "none"
        self.sync()
        self.assertEqual((file.state, self.files("vendors")[-1].state), ("replaced", "sent"))
        self.assertEqual((self.connection.state, self.flow("vendors").error_message), ("connected", False))

    def test_a_receiver_that_takes_files_that_end_in_part(self):
        self.check_taken_early("suffix")

    def test_a_receiver_that_takes_files_that_begin_with_a_point(self):
        self.check_taken_early("dot")

    def test_a_receiver_that_takes_final_names_only(self):
        self.server.takes = lambda path: path.startswith("inbound/") and path.endswith(".csv")
        self.sync()
        self.assertEqual((self.files("vendors").mapped("state"), len(self.server.taken)), (["sent"], 1))

    def order_line(self):
        product = self.env["product.product"].create({"name": "Paper"})
        return Command.create({"product_id": product.id, "product_qty": 1, "price_unit": 9.5})

    def test_brought_by_hand(self):
        self.server.fail("write", PermanentError("Denied."))
        self.sync()
        file = self.files("vendors")
        file.action_delivered()
        self.assertEqual((file.state, self.logs("vendors").state), ("sent", "done"))
        self.sync()
        self.assertEqual(len(self.files("vendors")), 1, "the vendor has it all")

    def test_a_file_that_failed_can_be_ignored(self):
        self.server.fail("write", PermanentError("Denied."))
        self.sync()
        self.logs("vendors")._ignore("It went by mail")
        self.assertEqual(self.logs("vendors").state, "ignored")

    def test_dry_run_sends_nothing(self):
        dry_run = self.env["ml.dry.run"].create({"flow_id": self.flow("vendors").id})
        self.flow("vendors").next_run_at = fields.Datetime.now() + timedelta(days=1)
        self.run_worker()
        self.assertEqual(dry_run.line_ids.mapped("outcome"), ["sent"])
        self.assertFalse(self.files("vendors"))
        self.assertFalse(self.server.content)
