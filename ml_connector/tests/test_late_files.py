"""Files that a provider lists apart from their records: only what is missing is fetched."""

from odoo.tests import tagged

from .common import ConnectorCase


@tagged("post_install", "-at_install")
class TestLateFiles(ConnectorCase):
    def setUp(self):
        super().setUp()
        self.map_expense()
        self.put_bill("bill-1", files=["a.pdf"])
        self.remote.files = {"a.pdf": b"%PDF-1.4 a", "b.pdf": b"%PDF-1.4 b"}
        self.sync()

    def late(self, *names, bill="bill-1"):
        self.remote.put("bill_files", bill, {"subject_kind": "bill", "names": list(names), "day": "2026-07-01"})
        self.remote.calls.clear()
        self.sync()

    def names(self):
        owner = [("res_model", "=", "account.move"), ("res_id", "=", self.logs("bills").res_id)]
        return sorted(self.env["ir.attachment"].search(owner).mapped("name"))

    def test_what_is_missing_is_fetched_and_what_is_attached_is_not_asked_for_again(self):
        rows = self.logs("bill_files")
        self.late("a.pdf")
        self.assertEqual((self.logs("bill_files"), "download" in self.remote.calls), (rows, False))
        self.remote.items["bills"]["bill-1"].payload["files"] = ["a.pdf", "b.pdf"]
        self.late("a.pdf", "b.pdf")
        self.assertEqual(self.names(), ["a.pdf", "b.pdf"])
        newest = self.logs("bill_files").filtered("is_current").sudo()
        self.assertEqual((newest.state, newest.payload["names"], newest.payload["had"]), ("done", ["b.pdf"], ["a.pdf"]))
        self.late("b.pdf")
        self.assertNotIn("download", self.remote.calls)

    def test_files_of_what_is_not_in_the_books_stay(self):
        self.late("c.pdf", bill="bill-of-nobody")
        self.assertEqual(self.logs("bill_files").mapped("external_id"), ["bill-1"])

    def test_a_row_that_is_not_done_keeps_its_files(self):
        self.logs("bill_files").write({"state": "failed"})
        self.late("b.pdf")
        newest = self.logs("bill_files").filtered("is_current")
        self.assertEqual(newest.sudo().payload["names"], ["a.pdf", "b.pdf"])
