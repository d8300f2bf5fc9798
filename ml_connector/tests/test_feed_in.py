import base64
import re
from unittest.mock import patch

from odoo.tests import Form, tagged

from odoo.addons.ml_connector.core.errors import NetworkError, NotFoundError, PermanentError, RemoteError
from odoo.addons.ml_connector.engine.file_archive import Archive

from .common_feed import INVOICES, PAYMENTS, FeedCase, sample

HEADER = (
    "CompanyId,StampliInvoiceId,InvoiceNumber,VendorId,InvoiceDate,Currency,TotalAmount,LineNumber,GLAccount,LineAmount"
)


def invoices(*rows):
    return "\r\n".join([HEADER, *rows, ""]).encode()


def with_column(label, value, number="900001"):
    """A file with a column more, before the number of the line."""
    cells = row(number).split(",")
    header = HEADER.replace("LineNumber", f"{label},LineNumber")
    return "\r\n".join([header, ",".join([*cells[:7], value, *cells[7:]]), ""]).encode()


SAMPLE = ("700123", "700124", "700125")
"""The invoices of the samples: a bill, a credit and a Polish bill."""
NOTHING = b"Nothing,Of,This\r\n1,2,3\r\n"


def row(number="900001", amount="100.00", vendor="V00017", account="600100", line="1", total=None):
    return f"ACME-US,{number},N-{number},{vendor},2026-07-14,USD,{total or amount},{line},{account},{amount}"


class Huge:
    """The content of a file that nobody reads."""

    def __len__(self):
        return 2**33


@tagged("post_install", "-at_install")
class TestFeedIn(FeedCase):
    def setUp(self):
        super().setUp()
        self.only("files", "invoices", "payments", "invoice_files")
        self.map_vendors()

    def named(self, name):
        return self.env["ml.feed.file"].search([("name", "=", name)], order="id")

    def first(self, *rows, name="invoices_1.csv", **values):
        """A file with invoices is dropped and read."""
        return self.take(name, invoices(*(rows or [row()])), **values)

    def reads(self):
        return [path for method, path in self.server.calls if method == "read"]

    def bills(self, *numbers):
        return [self.record("invoices", number) for number in numbers]

    def residuals(self, *numbers):
        return [bill.amount_residual for bill in self.bills(*numbers)]

    # ------------------------------------------------------------------ samples

    def test_sample_invoices_as_csv(self):
        self.check_sample(self.take(f"{INVOICES}.csv"))

    def test_sample_invoices_as_xml(self):
        with Form(self.template("invoices")) as form:
            form.file_format = "xml"
        self.check_sample(self.take(f"{INVOICES}.xml"))

    def test_a_file_that_was_read_in_a_lost_database_is_read_again(self):
        """It lies where read files are put away; one that this database has read is not listed."""

        def look():
            recovery = self.make("ml.recovery", connection_id=self.connection, since="1970-01-01")
            recovery.action_look()
            self.run_worker()
            return recovery

        self.first()
        self.server.put("outbound/processed/invoices_2.csv", invoices(row("900001"), row("900002")))
        self.server.put("outbound/processed/notes.txt", b"x")
        self.poll()
        self.assertNotIn("900002", self.states("invoices"))
        recovery = look()
        self.assertEqual(recovery.line_ids.mapped("title"), ["invoices_2.csv"])
        before = self.record("invoices", "900001")
        recovery.action_bring_in()
        self.run_worker(2)
        self.assertEqual(self.record("invoices", "900002").state, "posted")
        self.assertEqual(self.record("invoices", "900001"), before)
        self.assertIn("outbound/processed/invoices_2.csv", self.server.content, "it stays where it is")
        self.assertFalse(look().line_ids)

    def check_sample(self, file):
        self.assertEqual((file.state, file.record_count, file.done_count, file.archive_state), ("read", 3, 3, "done"))
        self.assertIn(f"outbound/processed/{file.name}", self.server.content)
        bill, credit, polish = self.bills(*SAMPLE)
        self.assertEqual((bill.move_type, bill.state, bill.ref), ("in_invoice", "posted", "NW-88121"))
        self.assertEqual((bill.amount_total, bill.partner_id), (1180.0, self.northwind))
        self.assertEqual(bill.invoice_line_ids.mapped("price_subtotal"), [950.0, 210.0, 20.0])
        freight = bill.invoice_line_ids[2]
        self.assertEqual(freight.account_id, self.accounts["640010"])
        self.assertEqual(freight.distribution_analytic_account_ids, self.analytic["D10"] | self.analytic["NYC"])
        self.assertEqual(list(freight.analytic_distribution.values()), [100.0])
        self.assertEqual((credit.move_type, credit.amount_total, credit.state), ("in_refund", 19.0, "posted"))
        self.assertEqual((polish.currency_id.name, polish.amount_untaxed, polish.amount_tax), ("EUR", 1000.01, 230.0))
        self.assertEqual(polish.invoice_line_ids.tax_ids, self.tax)
        self.assertIn("część II", polish.narration)
        self.assertEqual(polish.invoice_date_due.isoformat(), "2026-11-24")

    def test_sample_payments(self):
        self.take(f"{INVOICES}.csv")
        file = self.take(PAYMENTS)
        self.assertEqual((file.state, file.waiting_count), ("read", 2), "the banks are not mapped yet")
        self.map_bank()
        self.run_worker()
        self.assertEqual((file.done_count, file.waiting_count, file.failed_count), (2, 0, 0))
        payment = self.record("payments", "PAY-5501")
        self.assertEqual((payment.amount, payment.partner_id), (1161.0, self.northwind))
        self.assertEqual(payment.memo, "TRC091000019000123")
        self.assertEqual(self.residuals(*SAMPLE), [0.0] * 3)
        for bill in self.bills(*SAMPLE):
            self.assertIn(bill.payment_state, ("paid", "in_payment"))
        self.assertEqual(self.states("payments")["PAY-5490"], "ignored", "voided before it came")

    def test_voided_payment_is_cancelled(self):
        self.test_sample_payments()
        content = sample(PAYMENTS).replace(b"PAY-5502,PAID", b"PAY-5502,VOIDED")
        self.take("payments_20261126T070000Z_000008.csv", content)
        self.assertEqual(self.record("payments", "PAY-5502").state, "canceled")
        self.assertEqual(self.record("invoices", "700125").payment_state, "not_paid")
        self.assertIn(self.record("payments", "PAY-5501").state, ("paid", "in_process"))

    def test_payment_that_names_only_the_number_of_its_invoice(self):
        self.map_bank()
        file = self.take(PAYMENTS, re.sub(rb",70012[345],", b",,", sample(PAYMENTS)))
        log = self.logs("payments").filtered(lambda log: log.external_id == "PAY-5502")
        self.assertEqual((log.state, log.wait_ids.name), ("waiting", "FV/2026/11/0009"))
        # another vendor has a bill of the same number
        twin = self.hand_made(self.polish, 1180.0, ref="NW-88121", invoice_date="2026-11-01")
        self.take(f"{INVOICES}.csv")
        self.assertEqual((file.done_count, file.waiting_count), (2, 0))
        self.assertEqual((self.residuals(*SAMPLE), twin.amount_residual), ([0.0] * 3, 1180.0))

    def test_an_invoice_that_only_names_its_vendor_goes_to_the_only_one_of_that_name(self):
        names = {"900001": "northwind FEED paper co.", "900002": "Twin", "900003": "Northwind_Feed Paper Co."}
        for _twin in range(2):
            self.make("res.partner", name="Twin", supplier_rank=1)
        rows = [f"{row(number, vendor='')},{name}" for number, name in names.items()]
        self.take("invoices_named.csv", "\r\n".join([f"{HEADER},VendorName", *rows, ""]).encode())
        self.assertEqual(self.record("invoices", "900001").partner_id, self.northwind)
        self.assertEqual(self.states("invoices"), {"900001": "done", "900002": "waiting", "900003": "waiting"})

    def map_bank(self):
        for bank in ("101401", "101402"):
            super().map_bank(bank)

    # ------------------------------------------------------------------ malformed and hostile files

    def test_malformed_files_give_one_clear_failure(self):
        for name, line, reason in (
            ("malformed_header.csv", 1, "StampliInvoiceId is missing"),
            ("hostile_entity.xml", 2, "does not accept"),
        ):
            with self.subTest(name):
                self.template("invoices").write({"file_format": name[-3:], "file_name": ".*"})
                file = self.take(name)
                self.assertEqual((file.state, file.error_line), ("failed", line))
                self.assertIn(reason, file.error_message)
                self.assertEqual(file._log().error_class, "validation")
        self.assertFalse(self.logs("invoices"))

    def test_malformed_rows_are_failed_rows(self):
        self.template("invoices").file_name = r".*\.csv"
        for name, text in (
            ("malformed_unclosed_quote.csv", "Line 2: a quotation mark is missing"),
            ("malformed_cp1252.csv", "Line 2, VendorName: “Soci\ufffdt\ufffd Caf\ufffd” is not valid utf-8"),
        ):
            with self.subTest(name=name):
                file = self.take(name)
                self.assertEqual((file.state, file.record_count), ("read", 1))
                self.assertIn(text, self.logs("invoices").filtered("is_current").error_message)
        self.assertFalse(self.env["account.move"].search([("ref", "=", "NW-88121")]))

    def test_a_control_character_costs_nothing(self):
        """The invoices of a file are booked although a text of one of them has a character that no text may have."""
        texts = ("Rent May", "Rent\x0bMay", "Rent May")
        rows = [f"{row(f'90000{number}')},{text}" for number, text in enumerate(texts, start=1)]
        content = "\r\n".join([f"{HEADER},LineDescription", *rows, ""])
        file = self.take("invoices_control.csv", content.encode())
        self.assertEqual((file.state, file.done_count, file.failed_count), ("read", 3, 0))
        self.assertEqual(self.record("invoices", "900002").invoice_line_ids.name, "Rent May")
        self.assertEqual(file.note, "Line 3, LineDescription: a blank replaces a control character.")

    def test_settings_of_the_template_for_spreadsheets(self):
        numbers = {"negatives": "accounting", "thousands": "space", "decimal_point": "comma"}
        self.template("invoices").write({**numbers, "left_out": "Zwischensumme, x"})
        content = (
            f"\ufeffsep=;\r\nApproved invoices\r\n\r\n{HEADER.replace(',', ';')};Memo\r\n"
            "ACME-US;1;N-1;V00017;2026-11-14;USD;($1\u00a0250,00);1;600100;$1\u00a0250,00-\r\n"
            "Zwischensumme;;;;;;1 250,00\r\nTotal;;;;;USD;1 250,00\r\n"
        )
        file = self.take("invoices_excel.csv", content.encode())
        self.assertEqual((file.state, file.record_count, file.done_count), ("read", 1, 1))
        bill = self.record("invoices", "1")
        self.assertEqual((bill.move_type, bill.amount_total), ("in_refund", 1250.0))

    def test_a_template_is_tried_on_a_file(self):
        """How each record is read is shown; nothing is kept or booked."""
        action = self.template("invoices").action_try()
        wizards = self.env[action["res_model"]].with_context(**action["context"])
        expected = {
            "malformed_rows.csv": {
                "BAD-AMOUNT": ("failed", "NaN"),
                "GOOD-ONE": ("taken", ""),
                "TOTAL-MISMATCH": ("failed", "1,180.00"),
                "NO-ID": ("failed", "no StampliInvoiceId"),
            },
            f"{INVOICES}.csv": {"NW-88121": ("taken", "")},
        }
        for name, records in expected.items():
            wizard = wizards.create({"content": base64.b64encode(sample(name)), "name": name})
            wizard.action_try()
            self.assertFalse(wizard.message)
            lines = {line.title: line for line in wizard.line_ids}
            for title, (outcome, reason) in records.items():
                self.assertEqual(lines[title].outcome, outcome, title)
                self.assertIn(reason, lines[title].reason or "")
        self.assertIn("InvoiceNumber NW-88121", lines["NW-88121"].reading)
        self.assertEqual(lines["NW-88121"].reading.count("\n"), 3, "its head and three lines")
        wizard.content = base64.b64encode(sample("malformed_header.csv"))
        wizard.action_try()
        self.assertIn("StampliInvoiceId is missing", wizard.message)
        self.assertFalse(wizard.line_ids)
        self.assertFalse(self.env["ml.feed.file"].search([("connection_id", "=", self.connection.id)]))
        self.assertFalse(self.logs("invoices"))

    def test_bad_rows_do_not_hold_up_good_ones(self):
        self.template("invoices").file_name = r".*\.csv"
        file = self.take("malformed_rows.csv")
        self.assertEqual((file.state, file.record_count), ("read", 7))
        self.assertEqual((file.done_count, file.failed_count, file.waiting_count), (1, 5, 1))
        self.assertEqual(self.record("invoices", "700205").ref, "GOOD-ONE")
        self.assertIn("V99999", str(self.logs("invoices").waiting_mapping_ids.mapped("external_id")))
        messages = {log.external_id: log.error_message for log in self.logs("invoices")}
        for key, parts in {
            "700201": ["14/11/2026"],
            "700202": ["NaN"],
            "700204": ["1,180.00", "950.00"],
            "700123": ["Line 6 has no Currency"],
            "malformed_rows.csv, line 7": ["no StampliInvoiceId"],
        }.items():
            self.assertHas(messages[key], *parts)

    def test_all_or_nothing(self):
        self.template("invoices").write({"file_name": r".*\.csv", "whole_file": True})
        file = self.take("malformed_rows.csv")
        self.assertEqual((file.state, file.error_line), ("failed", 2))
        self.assertFalse(self.logs("invoices"))

    def test_cut_xml_is_given_a_second_look(self):
        self.template("invoices").write({"file_format": "xml", "file_name": r".*\.xml"})
        file = self.take("malformed_truncated.xml")
        self.assertEqual(file.state, "seen", "it may still be written")
        self.poll(1)
        self.assertEqual((file.state, file.error_line, file.error_column), ("failed", 38, "7"))
        self.assertIn("ends too early", file.error_message)
        self.assertFalse(self.logs("invoices"))

    def test_a_page_is_kept_as_text(self):
        self.template("invoices").file_name = ".*"
        for name, content in (
            ("page.html", b"<!DOCTYPE html><html><script>alert(1)</script></html>"),
            ("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"),
        ):
            self.assertEqual(self.take(name, content).attachment_id.mimetype, "text/plain")

    def test_archives_and_large_files_are_refused(self):
        self.assertIn("archive", self.take("invoices_zip.csv", b"PK\x03\x04 and so on").error_message)
        self.template("invoices").max_megabytes = 1
        file = self.take("invoices_large.csv", b"x" * (1024 * 1024 + 1))
        self.assertEqual(file.state, "failed")
        self.assertIn("file template accepts", file.error_message)
        self.assertNotIn("outbound/invoices_large.csv", self.reads())

    def test_empty_file_is_waited_for_then_refused(self):
        file = self.take("invoices_empty.csv", b"")
        self.assertEqual(file.state, "seen")
        self.poll(1)
        self.assertEqual((file.state, file.error_message), ("failed", "The file is empty."))
        self.poll(2)
        self.assertEqual(len(self.named("invoices_empty.csv")), 1)

    def test_growing_file_is_left_alone(self):
        for length in (20, 60, 120):
            file = self.take("invoices_growing.csv", invoices(row())[:length], times=1)
            self.assertEqual(file.state, "seen")
        self.server.put("outbound/invoices_growing.csv", invoices(row()))
        self.poll(2)
        self.assertEqual((file.state, file.done_count), ("read", 1))
        self.assertEqual(len(self.named("invoices_growing.csv")), 1)

    def test_hostile_names(self):
        for name in ("invoices\\..\\x.csv", "invoices\nx.csv", "invoices:x.csv", f"invoices{'x' * 250}.csv"):
            self.server.put(f"outbound/{name}", invoices(row()))
        self.poll(3)
        pulled = [("connection_id", "=", self.connection.id), ("direction", "=", "pull")]
        files = self.env["ml.feed.file"].search(pulled)
        # a regular expression's dot takes no line break: that one is not even ours
        self.assertEqual(sorted(files.mapped("state")), ["failed", "failed", "failed", "unknown"])
        self.assertFalse(self.reads())

    def test_a_name_that_is_not_utf8_stops_no_other_file(self):
        for name in (b"rechnung_M\xfcller.csv", b"invoices_\xff.csv"):
            self.server.put(f"outbound/{name.decode(errors='surrogateescape')}", invoices(row("900002")))
        file = self.first(times=4)
        self.assertEqual((file.state, file.done_count), ("read", 1))
        refused = self.env["ml.feed.file"].search([("connection_id", "=", self.connection.id), ("id", "!=", file.id)])
        self.assertEqual(refused.mapped("state"), ["failed"] * 2)
        names = {name.partition("~")[0] for name in refused.mapped("name")}
        self.assertEqual(names, {"rechnung_M\\xfcller.csv", "invoices_\\xff.csv"})
        self.assertEqual(set(refused.mapped("error_message")), {"The file name is not valid UTF-8. Rename the file."})
        self.assertEqual((self.connection.failed_count, len(refused[0]._log().attempt_ids)), (2, 1))
        for name in [path for path in self.server.content if not path.isascii()]:
            self.server.content.pop(name)
        self.poll(1)
        self.assertEqual((refused.mapped("state"), self.connection.failed_count), (["gone"] * 2, 0), "renamed")

    def test_sizes_and_times_beyond_what_is_kept_stop_no_other_file(self):
        self.server.put("outbound/invoices_late.csv", invoices(row("900002")))
        self.server.times["outbound/invoices_late.csv"] = 2**32 - 1
        self.server.put("outbound/invoices_huge.csv", Huge())
        file = self.first(times=3)
        self.assertEqual((self.states("invoices"), file.state), ({"900001": "done", "900002": "done"}, "read"))
        self.assertIn("file template accepts", self.named("invoices_huge.csv").error_message)

    def test_one_folder_stops_no_other(self):
        self.template("payments").write({"folder": "missing", "sequence": 1})
        self.server.fail("list", NotFoundError("missing is not on the server."))
        self.assertEqual(self.first(times=1).state, "seen")
        self.assertIn("missing", self.flow("files").error_message)
        self.assertEqual(self.connection.state, "attention")

    def test_unknown_files_are_told_once_and_left_alone(self):
        self.server.put("outbound/notes.csv", b"a,b")
        file = self.take("statement.pdf", b"%PDF-1.4")
        self.poll(3)
        self.assertEqual((file.state, len(self.named("statement.pdf"))), ("unknown", 1))
        self.assertIn("outbound/statement.pdf", self.server.content)
        self.assertFalse(self.reads())
        activity = self.connection.activity_ids
        self.assertEqual((self.connection.failed_count, len(activity)), (2, 1))
        self.assertHas(activity.note, "notes.csv", "statement.pdf", r"invoices.*\.csv", "payments")
        self.assertHas(file.error_message, r"invoices.*\.csv", "invoices")
        self.template("invoices").file_name = r"(invoices|notes).*\.csv"
        self.poll(1)
        self.assertEqual(self.connection.failed_count, 1, "a template takes it now")
        self.server.content.pop("outbound/statement.pdf")
        self.poll(1)
        self.assertEqual(file.state, "gone")

    def test_names_in_any_case_and_of_copies_are_taken(self):
        names = ("Invoices (2).csv", "INVOICES_7.CSV", "invoices(1).csv", "invoices_8 (12).csv")
        for number, name in enumerate(names):
            self.assertEqual(self.first(row(f"90000{number}"), name=name).state, "read", name)
        self.template("invoices").file_name = r"invoices_\d+\.csv"
        self.assertEqual(self.first(row("900009"), name="Invoices_9 (2).csv").state, "read")
        self.assertEqual(self.first(row("900010"), name="invoices_x (2).csv").state, "unknown")

    def test_a_document_that_a_record_names_is_no_unknown_file(self):
        """Whether it comes with the record, or before it."""
        self.server.put("outbound/900001.pdf", b"%PDF-1.4 1")
        self.take("invoices_1.csv", with_column("DocumentFile", "900001.pdf"))
        self.assertFalse(self.connection.failed_count or self.connection.activity_ids)
        self.server.put("outbound/900002.pdf", b"%PDF-1.4 2")
        self.poll(2)
        self.assertEqual(self.connection.failed_count, 1)
        self.take("invoices_2.csv", with_column("DocumentFile", "900002.pdf", "900002"))
        self.assertEqual(self.connection.failed_count, 0)
        self.assertEqual(self.record("invoices", "900002").attachment_ids.mapped("name"), ["900002.pdf"])

    # ------------------------------------------------------------------ files that grow after they were read

    WAYS = (
        ("move", "outbound/processed/{}"),
        ("suffix", "outbound/{}.done"),
        ("delete", ""),
    )

    def check_grown(self, name, numbers, place):
        files = self.named(name)
        states = {key: state for key, state in self.states("invoices").items() if key[:4] == numbers[0][:4]}
        self.assertEqual(states, dict.fromkeys(numbers, "done"))
        bound = [("connection_id", "=", self.connection.id), ("external_id", "in", numbers), ("kind", "=", "bill")]
        self.assertEqual(self.env["ml.binding"].search_count(bound), 3, "nothing is bound twice")
        self.assertEqual(set(files.mapped("state")), {"read"})
        for _look in range(3):
            self.look_later(hours=2)
        self.assertEqual(list(self.server.content), [place.format(name)] if place else [])
        self.assertEqual((len(self.named(name)), self.connection.failed_count), (len(files), 0), "read no more")
        self.server.content.clear()

    def test_growing_before_it_is_put_away(self):
        for way, (mode, place) in enumerate(self.WAYS):
            with self.subTest(mode):
                self.template("invoices").archive_mode = mode
                name, numbers = f"invoices_{mode}.csv", [f"91{way}00{number}" for number in range(3)]
                with patch.object(Archive, "put_away", lambda *arguments: None):
                    self.first(*map(row, numbers[:2]), name=name)
                self.server.append(f"outbound/{name}", f"{row(numbers[2])}\r\n".encode())
                self.poll(1)
                self.assertIn(f"outbound/{name}", self.server.content, "it is not put away")
                self.poll(2)
                self.check_grown(name, numbers, place)

    def test_growing_after_it_was_put_away(self):
        for way, (mode, place) in enumerate(self.WAYS):
            with self.subTest(mode):
                self.template("invoices").archive_mode = mode
                name, numbers = f"invoices_{mode}.csv", [f"92{way}00{number}" for number in range(3)]
                file = self.first(row(numbers[0]), name=name)
                self.assertEqual(file.archive_state, "done")
                for number, looks in zip(numbers[1:], (1, 4), strict=True):
                    self.server.append(file.archive_path, f"{row(number)}\r\n".encode())
                    for _look in range(looks):
                        self.look_later(seconds=20)
                self.check_grown(name, numbers, place)

    def test_a_file_that_grew_and_is_gone_fails(self):
        file = self.first()
        self.server.append(file.archive_path, f"{row('900002')}\r\n".encode())
        self.look_later(seconds=20)
        self.server.content.clear()
        self.look_later(seconds=20)
        again = self.named("invoices_1.csv")[-1]
        self.assertEqual((file.state, again.state, self.connection.failed_count), ("read", "failed", 1))
        self.assertIn("is no longer on the server", again.error_message)

    def test_a_file_that_grew_between_the_look_and_the_reading_is_not_taken_yet(self):
        path, whole, read = "outbound/invoices_1.csv", invoices(row("900001"), row("900002")), self.server.read

        def grow_and_read(*arguments):
            if self.server.content[path] != whole:
                self.server.put(path, whole)
            return read(*arguments)

        self.server.put(path, invoices(row("900001"))[:-60])
        self.poll(1)
        self.patch(self.server, "read", grow_and_read)
        self.poll(1)
        self.assertFalse(self.logs("invoices"))
        self.poll(3)
        self.assertEqual(self.states("invoices"), {"900001": "done", "900002": "done"})

    def test_what_was_only_touched_or_taken_from_the_archive_is_not_read_again(self):
        file = self.first()
        self.server.times[file.archive_path] += 50  # some servers copy what is moved
        self.look_later(seconds=20)
        self.assertEqual(len(self.env["ml.feed.file"].search([("name", "=", "invoices_1.csv")])), 1)
        self.server.content.clear()
        self.look_later(minutes=10)
        self.assertEqual((file.state, file.watch_at, self.connection.failed_count), ("read", False, 0))

    def test_a_cut_file_in_the_folder_of_failed_ones_is_read_when_it_is_whole(self):
        self.template("invoices").error_folder = "outbound/error"
        content = invoices(row("900001"))
        file = self.take("invoices_1.csv", content.replace(HEADER.encode(), b"Nothing"))
        self.assertEqual((file.state, file.archive_path), ("failed", "outbound/error/invoices_1.csv"))
        self.server.put(file.archive_path, content)
        for _look in range(3):
            self.look_later(seconds=20)
        self.assertEqual((file.state, self.states("invoices")), ("replaced", {"900001": "done"}))

    def test_a_file_to_be_deleted_where_nothing_may_be_renamed(self):
        self.template("invoices").archive_mode = "delete"
        self.server.fail("rename", *[PermanentError("Denied.")] * 3)
        file = self.first()
        self.assertEqual((file.archive_state, file.archive_tries), ("todo", 1))
        file.archive_at = file.create_date
        self.poll(1)
        self.assertEqual((file.archive_state, self.server.content), ("done", {}))

    # ------------------------------------------------------------------ again

    def test_same_name_with_new_content_and_same_content_under_a_new_name(self):
        first = self.first(name="invoices_daily.csv")
        second = self.first(row("900002"), name="invoices_daily.csv")
        self.assertEqual((first.state, second.state, second.done_count), ("read", "read", 1))
        self.assertNotEqual(first, second)
        third = self.first(name="invoices_again.csv")
        self.assertEqual(third.state, "duplicate")
        self.assertIn("invoices_daily.csv", third.note)
        self.assertEqual(len(self.logs("invoices")), 2)
        self.assertNotIn("outbound/invoices_again.csv", self.server.content, "put away as well")
        archived = [path for path in self.server.content if path.startswith("outbound/processed/")]
        self.assertEqual(len(archived), 3, "nothing is overwritten")

    def test_duplicate_rows(self):
        file = self.first(row(), row(), row("900002"), row("900002", "70.00", line="1"), name="invoices_twice.csv")
        self.assertEqual((file.done_count, file.failed_count), (1, 1))
        self.assertIn("repeats", file.note)
        self.assertIn("TotalAmount differs from line 4", self.logs("invoices").filtered("error_message").error_message)
        self.assertEqual(self.record("invoices", "900001").amount_total, 100.0)

    def test_repeated_records_change_nothing(self):
        self.first()
        file = self.first(row("900001"), row("900002"), name="invoices_2.csv")
        self.assertEqual((file.record_count, file.repeated_count, file.done_count), (2, 1, 1))
        self.assertEqual(len(self.logs("invoices")), 2)

    def test_voided_invoice(self):
        self.flow("invoices").post_bills = False
        self.take("invoices_1.csv", with_column("Status", "APPROVED"))
        bill = self.record("invoices", "900001")
        self.take("invoices_2.csv", with_column("Status", "VOIDED"))
        self.assertEqual(bill.state, "cancel")
        self.take("invoices_3.csv", with_column("Status", "VOIDED", "900002"))
        self.take("invoices_4.csv", with_column("Status", "PENDING", "900003"))
        states = self.states("invoices")
        self.assertEqual((states["900002"], states["900003"]), ("ignored", "ignored"))

    def test_other_company_is_refused(self):
        self.take("invoices_1.csv", invoices(row().replace("ACME-US", "ACME-CA")))
        self.assertIn("ACME-CA", self.logs("invoices").error_message)

    # ------------------------------------------------------------------ replay and correction

    def test_replay_after_the_template_was_corrected(self):
        file = self.take("invoices_1.csv", invoices(row().replace("2026-07-14", "14/07/2026")))
        self.assertEqual(file.failed_count, 1)
        self.template("invoices").date_format = "%d/%m/%Y"
        file.action_replay()
        self.run_worker()
        self.assertEqual((file.state, file.done_count, file.failed_count), ("read", 1, 0))
        self.assertEqual(self.record("invoices", "900001").invoice_date.isoformat(), "2026-07-14")

    def test_replay_of_a_failed_file(self):
        file = self.take("invoices_1.csv", invoices(row()).replace(b",", b";"))
        self.assertEqual(file.state, "failed")
        self.template("invoices").delimiter = "semicolon"
        file.action_replay()
        self.run_worker()
        self.assertEqual((file.state, file.done_count, file.error_message), ("read", 1, False))
        self.assertEqual(file._log().state, "done")
        self.assertIn("outbound/processed/invoices_1.csv", self.server.content)

    def test_corrected_file_replaces_the_failed_one(self):
        bad = self.take("invoices_1.csv", NOTHING)
        good = self.first()
        self.assertEqual((bad.state, bad.replaced_by_id, good.state), ("replaced", good, "read"))
        self.assertEqual(bad._log().state, "superseded")

    def test_import_by_hand(self):
        bad = self.take("invoices_1.csv", NOTHING)
        values = {"content": base64.b64encode(invoices(row())), "name": "corrected.csv", "replaces_id": bad}
        wizard = self.make("ml.feed.import", template_id=self.template("invoices"), **values)
        file = self.env["ml.feed.file"].browse(wizard.action_import()["res_id"])
        self.run_worker()
        self.assertEqual((file.origin, file.state, file.done_count, bad.state), ("hand", "read", 1, "replaced"))

    def test_corrected_rows_replace_the_failed_ones(self):
        self.first(row(total="99.00"), "," * 9, row(""))
        self.assertEqual(sorted(self.states("invoices").values()), ["failed", "failed"])
        self.first(row(), row("900009"))
        self.assertEqual(self.states("invoices")["900001"], "done")

    # ------------------------------------------------------------------ mappings

    def rule(self, kind, pattern, record):
        values = {"kind": kind, "pattern": pattern, "res_id": record}
        return self.make("ml.mapping.rule", connection_id=self.connection, **values)

    def test_rules_come_before_codes_and_names(self):
        rule = self.rule("account", "6?0*", self.accounts["610200"])
        self.rule("vendor", "V7*", self.polish)
        self.assertEqual(self.first(row(vendor="V77777", account="640010")).done_count, 1)
        bill = self.record("invoices", "900001")
        self.assertEqual((bill.partner_id, bill.invoice_line_ids.account_id), (self.polish, self.accounts["610200"]))
        self.assertHas(bill.invoice_line_ids.ml_account_reason, "640010", rule.display_name)

    def test_rule_that_is_added_later_releases_what_waits(self):
        file = self.first(row(account="X-1"))
        self.assertEqual(file.waiting_count, 1)
        self.rule("account", "x-*", self.accounts["600100"]).action_apply()
        self.run_worker()
        self.assertEqual((file.done_count, file.waiting_count), (1, 0))

    def test_two_codes_may_be_one_vendor(self):
        self.map("vendor", "V00055", self.northwind)
        file = self.first(row("900001"), row("900002", vendor="V00055"))
        self.assertEqual(file.done_count, 2)

    def test_document_comes_along(self):
        self.take("invoices_1.csv", with_column("DocumentFile", "scan.pdf"))
        self.assertEqual(self.logs("invoice_files").state, "pending", "it is not there yet")
        self.server.put("outbound/scan.pdf", b"%PDF-1.4 scan")
        self.logs("invoice_files")._make_pending()
        self.run_worker()
        self.assertEqual(self.record("invoices", "900001").attachment_ids.mapped("name"), ["scan.pdf"])

    # ------------------------------------------------------------------ faults

    def test_download_that_breaks_is_tried_again(self):
        self.server.fail("read", RemoteError("The file changed."))
        file = self.first()
        self.assertEqual((file.state, file._log().state), ("waiting", "pending"))
        file._log()._make_pending()
        self.run_worker()
        self.assertEqual((file.state, file.done_count), ("read", 1))

    def test_connection_that_breaks_stops_the_run(self):
        self.server.fail("read", NetworkError("Broken."))
        file = self.first()
        self.assertEqual((file.state, file._log().error_class), ("waiting", "network"))
        self.assertTrue(self.connection.breaker_until)

    def test_failed_archive_is_tried_again_and_never_read_again(self):
        self.server.fail("rename", PermanentError("Denied."))
        file = self.first()
        self.assertEqual((file.state, file.archive_state, file.archive_tries), ("read", "todo", 1))
        self.poll(2)
        self.assertEqual(len(self.logs("invoices")), 1)
        file.archive_at = file.create_date
        self.run_worker()
        self.assertEqual(file.archive_state, "done")
        self.assertEqual(len(self.reads()), 1)

    def test_other_ways_to_put_away(self):
        for number, (mode, path, is_there) in enumerate(
            (("suffix", "{}.done", True), ("delete", "{}", False), ("leave", "{}", True)), start=1
        ):
            self.template("invoices").archive_mode = mode
            name = f"invoices_{number}.csv"
            self.first(row(f"90000{number}"), name=name)
            self.assertEqual(f"outbound/{path.format(name)}" in self.server.content, is_there)
        self.poll(3)
        self.assertEqual(len(self.named(name)), 1)
