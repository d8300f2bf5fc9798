import hashlib
import hmac
import json

import requests

from odoo.tests import HttpCase, tagged

from odoo.addons.ml_connector.tests.common import ConnectorCase

from .books import KEY, SECRET, Books

_send = requests.Session.send
BILL = {
    "id": "b1",
    "number": "INV-1",
    "vendor": {"id": "v1", "name": "Example Supplies"},
    "date": "2026-07-01",
    "due": "2026-07-31",
    "currency": "USD",
    "lines": [{"text": "Paper", "amount": "40.00", "account": "EX-1"}],
}


@tagged("post_install", "-at_install")
class TestExampleProvider(ConnectorCase, HttpCase):
    """A provider that ML Connector has never seen works like the others, from the first check to the webhook."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.books = Books()
        cls.addClassCleanup(cls.books.stop)
        cls.env["ir.config_parameter"].set_param("web.base.url", "https://odoo.example.com")
        cls.connection = cls.env["ml.connection"].create(
            {"name": "Example Books", "provider": "example", "environment": "custom", "custom_url": cls.books.url}
        )
        cls.connection.credential_ids.new_secret = KEY

    @classmethod
    def _request_handler(cls, session, request, /, **options):
        """Odoo's tests call nobody; these call Example Books."""
        if request.url.startswith(cls.books.url):
            return _send(session, request, **options)
        return super()._request_handler(session, request, **options)

    def setUp(self):
        super().setUp()
        self.books.vendors.clear()
        self.books.bills = {"b1": BILL}
        self.connection.action_test()
        self.run_worker()

    def start(self):
        self.connection.action_start()
        self.vendor = self.env["res.partner"].create({"name": "Example Supplies", "supplier_rank": 1})
        self.sync()
        self.map("account", "EX-1", self.account)
        self.run_worker_later()

    @property
    def account(self):
        return self.env["account.account"].search(
            [("account_type", "=", "expense"), ("company_ids", "in", self.company.ids)], limit=1
        )

    def test_the_check_says_who_it_is_connected_as(self):
        self.assertEqual((self.connection.check_state, self.connection.identity), ("ok", "Example Industries"))
        self.assertEqual(self.connection.flow_ids.mapped("name"), ["Vendors to Example Books", "Bills"])

    def test_a_bill_comes_into_odoo_once_its_account_is_mapped(self):
        self.start()
        bill = self.env["account.move"].search([("ref", "=", "INV-1")])
        self.assertEqual((bill.partner_id.name, bill.amount_untaxed), ("Example Supplies", 40.0))
        self.assertEqual(bill.invoice_line_ids.account_id, self.account)

    def test_a_vendor_goes_to_example_books_and_a_change_after_it(self):
        self.start()
        partner = self.env["res.partner"].create({"name": "Sent Supplies", "supplier_rank": 1})
        self.run_worker()
        partner.name = "Renamed Supplies"
        self.run_worker()
        sent = [row["name"] for row in self.books.vendors.values()]
        self.assertEqual(sent, ["Example Supplies", "Renamed Supplies"])

    def test_a_signed_webhook_brings_the_bill_that_it_names(self):
        self.start()
        self.connection.action_subscribe()
        self.run_worker()
        self.assertIn(self.connection.webhook_token, self.books.webhooks["w1"])
        self.books.bills["b2"] = {**BILL, "id": "b2", "number": "INV-2"}
        body = json.dumps({"id": "e1", "type": "bill.changed", "bill": "b2"}).encode()
        for secret, status in (("forged", 401), (SECRET, 200)):
            headers = {"X-Signature": hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}
            url = f"/ml_connector/webhook/{self.connection.webhook_token}"
            self.assertEqual(self.url_open(url, data=body, headers=headers).status_code, status)
        self.run_worker()
        self.assertTrue(self.env["account.move"].search([("ref", "=", "INV-2")]))
