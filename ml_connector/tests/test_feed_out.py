import csv
import io
from datetime import timedelta
from xml.etree import ElementTree

from odoo import fields
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
        self.limit("vendors", ("id", "in", (self.northwind | self.polish).ids))

    def inbound(self):
        """{name: rows} of what arrived."""
        return {
            path: list(csv.DictReader(io.StringIO(content.decode(), newline=""), strict=True))
            for path, content in self.server.content.items()
            if path.startswith("inbound/")
        }

    def last(self):
        return self.inbound()[max(self.inbound(), key=lambda name: self.server.times[name])]

    def cells(self, row, *columns):
        return tuple(row[column] for column in columns)

    def column(self, name):
        """The values of a column in the file that came last."""
        return [row[name] for row in self.last()]

    def supplier(self, name, **values):
        return self.make("res.partner", name=name, supplier_rank=1, **values)

    def limit(self, key, *conditions):
        self.template(key).domain = repr(list(conditions))

    def code(self, partner):
        return f"V{partner.id:05d}-{own_id(partner).mark}"

    # ------------------------------------------------------------------ content

    def test_vendors(self):
        address = {"street": "10 Mill Rd", "zip": "01220", "country_id": self.env.ref("base.us").id}
        self.northwind.write({"vat": False, "phone": "+1 555", **address})
        self.polish.name = '=Zażółć "Gęślą", Sp.\nz o.o.'
        self.sync()
        (path,) = self.inbound()
        self.assertRegex(path, r"^inbound/ACME-US_vendors_full_\d{8}T\d{6}Z_000001\.csv$")
        first, second = self.inbound()[path]
        told = self.cells(first, "CompanyId", "VendorId", "PostalCode", "Country", "Active", "Phone")
        self.assertEqual(told, ("ACME-US", self.code(self.northwind), "01220", "US", "true", "+1 555"))
        self.assertEqual(first["Currency"], self.company.currency_id.name)
        self.assertEqual(second["VendorName"], '=Zażółć "Gęślą", Sp. z o.o.', "a machine's feed is not altered")
        file, content, log = self.files("vendors"), self.server.content[path], self.logs("vendors")
        self.assertEqual((file.state, file.record_count, file.done_count, file.is_full), ("sent", 2, 2, True))
        self.assertEqual((file.attachment_id.raw, file.size, len(file.sha256)), (content, len(content), 64))
        self.assertEqual((log.state, log.outcome, log.attempt_ids.action), ("done", "sent", "send"))

    def test_only_changes_follow(self):
        self.sync(2)
        self.assertEqual(len(self.inbound()), 1, "nothing changed: no file")
        self.polish.city = "Łódź"
        self.sync()
        self.assertEqual(self.column("City"), ["Łódź"])
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
        gone = self.supplier("Short-lived")
        self.limit("vendors", ("id", "in", (self.northwind | self.polish | gone).ids))
        self.sync()
        self.polish.active = False
        code, _deleted = self.code(gone), gone.unlink()
        self.sync()
        told = {row["VendorId"]: self.cells(row, "VendorName", "Active") for row in self.last()}
        self.assertEqual(told, {self.code(self.polish): (self.polish.name, "false"), code: ("Short-lived", "false")})
        self.sync()
        self.assertEqual(len(self.inbound()), 2)
        self.polish.active = True
        self.sync()
        self.assertEqual(self.column("Active"), ["true"])

    def test_what_was_taken_back_before_it_was_sent_is_not_told(self):
        gone, archived = self.supplier("Short-lived"), self.supplier("Archived", active=False)
        order = self.make_order(self.northwind)
        order.button_cancel()
        self.only("vendors", "purchase_orders")
        self.limit("purchase_orders", ("id", "=", order.id), ("state", "=", "purchase"))
        self.limit("vendors", ("id", "in", (self.northwind | archived | gone).ids))
        gone.unlink()
        self.sync()
        self.assertEqual(self.column("VendorName"), [self.northwind.name])
        self.assertFalse([path for path in self.inbound() if "purchase_orders" in path])
        of_ours = [("connection_id", "=", self.connection.id), ("state", "in", ("failed", "waiting"))]
        self.assertFalse(self.env["ml.sync.log"].search(of_ours))

    def test_code_is_the_mapped_one_and_comes_back(self):
        self.map("vendor", "NW-1", self.northwind)
        self.sync()
        codes = self.column("VendorId")
        self.assertEqual(codes, ["NW-1", self.code(self.polish)])
        found = self.env["ml.feed.sent"]._by_key(self.connection, "res.partner", codes)
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
        self.template("vendors").column_ids.filtered(lambda column: column.label == "City").required = True
        self.northwind.city = "Albany"
        self.sync()
        self.assertEqual(self.column("City"), ["Albany"])
        failed = self.logs("vendors").filtered(lambda log: log.state == "failed")
        self.assertEqual((failed.res_model, failed.res_id), ("res.partner", self.polish.id))
        self.assertIn("City is empty", failed.error_message)
        self.polish.city = "Łódź"
        failed.action_retry()
        self.run_worker(2)
        self.assertEqual((failed.state, self.column("City")), ("superseded", ["Łódź"]))

    def test_formulas_are_guarded_by_option(self):
        self.template("vendors").guard_formulas = True
        self.northwind.write({"name": "=cmd|calc", "phone": "+1 555"})
        self.sync()
        self.assertEqual(self.cells(self.last()[0], "VendorName", "Phone"), ("'=cmd|calc", "+1 555"))

    def test_formats(self):
        template = self.template("vendors")
        written = {"delimiter": "semicolon", "quote_all": True, "line_end": "lf", "encoding": "cp1252"}
        template.write({**written, "true_word": "Y", "domain": repr([("id", "=", self.northwind.id)])})
        self.northwind.name = "Café"
        self.sync()
        (content,) = self.server.content.values()
        lines = content.decode("cp1252").split("\n")
        self.assertTrue(lines[0].startswith('"CompanyId";"VendorId"'))
        self.assertHas(lines[1], '"Café"', '"Y"')

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
        partners = [self.supplier(f"V {number}").id for number in range(30)]
        for kept in (partners, partners[:5]):
            self.limit("vendors", ("id", "in", kept))
            self._keep()
            self.sync()
        self.assertIn("25 of 30", self.flow("vendors").error_message)
        self.assertEqual(len(self.inbound()), 1)
        self.template("vendors").action_confirm_shrink()
        self.run_worker()
        self.assertFalse(self.flow("vendors").error_message)
        self.assertEqual(self.column("Active"), ["false"] * 25)

    def department(self):
        return self.make_analytic("Ops", self.make("account.analytic.plan", name="Departments"), code="OPS")

    def test_gl_accounts_and_dimensions(self):
        self.only("gl_accounts", "dimensions")
        self.limit("gl_accounts", ("id", "in", [account.id for account in self.accounts.values()]))
        self.department()
        self.sync()
        rows = {path.split("_")[1]: rows for path, rows in self.inbound().items()}
        self.assertEqual(sorted(row["AccountCode"] for row in rows["gl"]), ["600100", "610200", "640010"])
        values = [self.cells(row, "Dimension", "ValueCode", "ValueName") for row in rows["dimensions"]]
        self.assertIn(("Department", "OPS", "Ops"), values)

    def arrived(self, name):
        """The rows of the first file of this name."""
        return next(rows for path, rows in self.inbound().items() if name in path)

    def test_purchase_orders_and_receipts(self):
        self.only("vendors", "purchase_orders", "purchase_receipts")
        product = self.make("product.product", name="Paper", default_code="PAPER", is_storable=True)
        ordered = {"product_id": product.id, "tax_ids": False}
        coded = {"discount": 5, "analytic_distribution": {str(self.department().id): 100}}
        lines = [
            {"display_type": "line_section", "name": "Section", "product_qty": 0},
            {**ordered, **coded, "product_qty": 100, "price_unit": 10},
            {**ordered, "product_qty": 5, "price_unit": 70},
        ]
        order = self.make_order(self.northwind, *lines)
        self.limit("purchase_orders", ("id", "=", order.id))
        self.limit("purchase_receipts", ("id", "in", order.picking_ids.ids), ("state", "=", "done"))
        self.sync()
        first, second = orders = self.arrived("purchase_orders")
        self.assertEqual([row["LineNumber"] for row in orders], ["10", "20"])
        told = self.cells(first, "PONumber", "VendorId", "POStatus", "UnitPrice", "LineAmount", "Quantity")
        self.assertEqual(told, (order.name, self.code(self.northwind), "open", "9.5", "950.00", "100"))
        self.assertEqual((first["Department"], second["Department"], first["POTotal"]), ("OPS", "", "1300.00"))
        order.picking_ids.move_ids.write({"quantity": 3, "picked": True})
        order.picking_ids.with_context(skip_backorder=True).button_validate()
        # 30 September, 18:00 there
        order.company_id.partner_id.tz = "America/Los_Angeles"
        order.picking_ids.date_done = "2026-10-01 01:00:00"
        self.sync()
        receipts = [
            self.cells(row, "QuantityReceived", "ReceiptDate", "VendorId") for row in self.arrived("purchase_receipts")
        ]
        self.assertEqual(receipts, [("3", "2026-09-30", self.code(self.northwind))] * 2)
        changed = self.arrived("purchase_orders_delta")
        self.assertEqual([row["QuantityReceived"] for row in changed], ["3", "3"], "all lines again")
        self.assertEqual(self.files("purchase_orders").mapped("state"), ["sent"] * 2, "no list that is off is awaited")

    def test_the_end_of_an_order_and_of_its_lines(self):
        """Nothing ordered, all billed, locked with the rest given up, and cancelled."""
        self.only("files", "purchase_orders")
        values = {"type": "service", "purchase_method": "purchase", "supplier_taxes_id": False}
        product = self.make("product.product", name="Desk", **values)
        lines = [{"product_id": product.id, "product_qty": 5, "price_unit": price} for price in (10, 20)]
        nothing, billed, line, cancelled = orders = [self.make_order(self.northwind, *lines) for _number in range(4)]
        ours = ("id", "in", [order.id for order in orders])
        self.limit("purchase_orders", ours, ("state", "=", "purchase"), ("invoice_status", "!=", "invoiced"))

        def told():
            rows = [row for rows in self.inbound().values() for row in rows]
            found = {
                self.cells(row, "PONumber", "LineNumber"): self.cells(row, "POStatus", "LineStatus") for row in rows
            }
            return [[found[order.name, number] for number in ("10", "20")] for order in orders]

        self.sync()
        self.assertEqual(told(), [[("open", "open")] * 2] * 4)
        nothing.order_line.product_qty = 0
        billed.action_create_invoice()
        billed.invoice_ids.invoice_date = "2026-07-01"
        billed.invoice_ids.action_post()
        line.order_line[0].product_qty = 0
        cancelled.button_cancel()
        self.sync()
        ended = [("closed", "closed")] * 2
        self.assertEqual(told(), [ended, ended, [("open", "closed"), ("open", "open")], [("cancelled", "open")] * 2])

    def test_payment_status(self):
        self.only("files", "invoices", "payment_status")
        self.map_vendors()
        self.take("invoices_20261120T101500Z_000042.csv")
        bill = self.record("invoices", "700123")
        self.register_payment(bill, amount=100.0, payment_difference_handling="open")
        self.register_payment(self.hand_made(self.polish, 10))
        self.sync()
        (row,) = self.last()
        self.assertFalse(self.logs("payment_status").filtered(lambda log: log.state == "failed"))
        columns = ("StampliInvoiceId", "PaymentStatus", "OpenAmount")
        self.assertEqual(self.cells(row, *columns), ("700123", "partial", "1080.00"))
        bill.line_ids.remove_move_reconcile()
        self.sync()
        (row,) = self.last()
        self.assertEqual(self.cells(row, *columns), ("700123", "not_paid", "1180.00"))

    def test_a_failure_to_tell_of_payments_says_what_may_happen(self):
        for key, warns in (("payment_status", True), ("vendors", False)):
            values = {"flow_id": self.flow(key), "direction": "push", "kind": "feed_file", "name": "File"}
            log = self.make("ml.sync.log", connection_id=self.connection, company_id=self.company, **values)
            Deliveries(self.env).failed(log, PermanentError("The server refuses the file."))
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
        paths = ("nothing", "child_ids.name", "country_id.nothing", "image_1920", "name.code", "user_ids.password")
        for record, values in (
            *((template.column_ids[2], {"path": path}) for path in paths),
            (template, {"file_name": "vendors_{number.__class__}.csv"}),
            (template, {"file_name": "vendors.csv"}),
            (template, {"file_name": "vendors_{number"}),
            (template, {"domain": "[('nothing', '=', 1)]"}),
            (template, {"domain": "__import__('os')"}),
            (template, {"folder": "../etc"}),
            (template, {"date_format": "%d"}),
            (self.template("invoices"), {"file_name": "invoices("}),
        ):
            with self.subTest(values=values), self.assertRaises(ValidationError), self.cr.savepoint():
                record.write(values)

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
        self.assertEqual([file._log().state for file in (first, second)], ["superseded", "done"])
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
        paths = {"accepted_path": "inbound/processed/{name}", "rejected_path": "inbound/error/{stem}_errors.csv"}
        self.template("vendors").write(paths)
        self.only("vendors", "files")
        self.sync()
        file = self.files("vendors")
        self.assertEqual((file.state, file.answer), ("sent", "awaited"))
        return file

    def reject(self, file, reason):
        self.server.put(f"inbound/error/{file.name.removesuffix('.csv')}_errors.csv", reason)
        self.sync()

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
        self.assertEqual(set(self.column("Active")), {"true", "false"})
        self.reject(refused, b"line 2:\r\n no such city")
        reason = "Stampli rejected the file: line 2: no such city"
        self.assertEqual((refused.answer, refused.error_message), ("rejected", reason))
        self.assertEqual(refused._log().state, "failed")
        self.northwind.city = "Boise"
        self.sync()
        self.assertEqual((refused.state, self.files("vendors")[-1].state), ("replaced", "sent"))
        self.assertEqual(set(self.column("City")), {"Boise", ""})
        self.assertEqual(set(self.column("Active")), {"true", "false"}, "the archived one again, too")

    def test_replay_of_a_refused_file_makes_a_new_one(self):
        refused = self.expect_answers()
        self.reject(refused, b"")
        self.assertEqual(refused.error_message, "Stampli rejected the file.")
        with self.assertRaises(UserError):
            refused.action_delivered()
        refused.action_replay()
        self.run_worker(2)
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

    def order_of_vendor(self):
        product = self.make("product.product", name="Paper")
        order = self.make_order(self.northwind, {"product_id": product.id, "price_unit": 9.5, "product_qty": 1})
        self.limit("purchase_orders", ("id", "=", order.id))
        self.only("vendors", "purchase_orders")

    def test_orders_wait_until_their_vendors_were_sent(self):
        self.order_of_vendor()
        self.server.fail("write", PermanentError("Denied."))
        self.sync()
        vendors, orders = self.files("vendors"), self.files("purchase_orders")
        self.assertEqual((vendors.state, orders.state), ("failed", "built"))
        self.assertEqual(orders.error_message, "Waiting until Odoo has sent Vendors.")
        self.assertGreater(self.logs("purchase_orders").next_try_at, fields.Datetime.now(), "no busy waiting")
        vendors.action_replay()
        self.run_worker()
        self.assertEqual((vendors.state, orders.state, orders.error_message), ("sent", "sent", False))

    # ------------------------------------------------------------------ receivers that are quick

    def test_a_receiver_that_takes_each_file_at_once(self):
        (self.template("vendors") | self.template("purchase_orders")).temporary = "none"
        self.server.takes = lambda path: path.startswith("inbound/")
        for number in range(4):
            (self.northwind | self.polish).city = f"City {number}"
            self.sync()
        files = self.files("vendors")
        self.assertEqual((files.mapped("state"), self.connection.state), (["sent"] * 4, "connected"))
        self.assertEqual(
            ({bool(note) for note in files.mapped("note")}, sum(files.mapped("record_count"))), ({True}, 8)
        )
        self.assertEqual(self.server.taken, [f"inbound/{file.name}" for file in files])
        self.order_of_vendor()
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

    def test_brought_by_hand(self):
        self.server.fail("write", PermanentError("Denied."))
        self.sync()
        file = self.files("vendors")
        file.action_delivered()
        self.assertEqual((file.state, self.logs("vendors").state), ("sent", "done"))
        self.sync()
        self.assertEqual(len(self.files("vendors")), 1, "the vendor has it all")

    def test_dry_run_sends_nothing(self):
        dry_run = self.make("ml.dry.run", flow_id=self.flow("vendors"))
        self.flow("vendors").next_run_at = fields.Datetime.now() + timedelta(days=1)
        self.run_worker()
        self.assertEqual(dry_run.line_ids.mapped("outcome"), ["sent"])
        self.assertFalse(self.files("vendors"))
        self.assertFalse(self.server.content)
