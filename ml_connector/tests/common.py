from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import TransactionCase

from odoo.addons.ml_connector.providers import PROVIDERS

from . import fake_provider
from .builders import Builders


class ConnectorCase(Builders, TransactionCase):
    """A connected connection to the provider in memory."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        providers = patch.dict(PROVIDERS, {"fake": fake_provider.FakeProvider})
        cls.startClassPatcher(providers)
        cls.company = cls.env.company
        cls.connection = cls._connect(cls.company)

    @classmethod
    def _connect(cls, company, name="Fake", provider="fake"):
        values = {"name": name, "provider": provider, "environment": "sandbox"}
        connection = cls.make("ml.connection", company_id=company, **values)
        connection.credential_ids.filtered(lambda c: c.name == "client_id").value = "id_EXAMPLE"
        connection.credential_ids.filtered(lambda c: c.name == "client_secret").new_secret = "example-secret"
        connection.write({"check_state": "ok", "state": "connected"})
        return connection

    def setUp(self):
        super().setUp()
        self.remote = fake_provider.FakeRemote()
        self.patch(fake_provider, "REMOTE", self.remote)
        # the worker commits and rolls back: in a test these become savepoints of the test's own transaction
        self._savepoint = self.env.cr.savepoint(flush=False)
        self.patch(type(self.env["ir.cron"]), "_commit_progress", self._keep)
        self.patch(self.env.cr, "rollback", self._undo)
        self.addCleanup(lambda: self._savepoint.close(rollback=False))

    def _keep(self, *_args, **_kwargs):
        self.env.flush_all()
        self._savepoint.close(rollback=False)
        self._savepoint = self.env.cr.savepoint(flush=False)
        return float("inf")

    def _undo(self):
        self.env.invalidate_all(flush=False)
        self._savepoint.rollback()
        self.env.clear()

    def run_worker(self, times=1):
        for _run in range(times):
            self.env.cr.flush()  # what precedes the commit of whoever made the changes
            self._keep()
            self.connection._cron_run()
            self.env.invalidate_all()

    def sync(self, times=1):
        """Read all records of the provider and import them."""
        for _run in range(times):
            self.connection.flow_ids.next_run_at = False
            self.run_worker()

    def run_worker_later(self):
        """A run after all waiting times are over."""
        logs = self.env["ml.sync.log"].search([("connection_id", "=", self.connection.id)])
        logs.filtered(lambda log: log.state in ("pending", "unknown")).next_try_at = "2026-01-01"
        self.run_worker()

    def flow(self, key):
        return self.connection.flow_ids.filtered(lambda flow: flow.key == key)

    def logs(self, key):
        self.env.cr.flush()
        return self.env["ml.sync.log"].search([("flow_id", "=", self.flow(key).id)], order="id")

    def map(self, kind, external_id, record):
        code = {"connection_id": self.connection.id, "kind": kind, "external_id": external_id}
        known = [("direction", "=", "in"), *((name, "=", value) for name, value in code.items())]
        mapping = self.env["ml.mapping"].search(known) or self.make("ml.mapping", **code)
        mapping.res_id = record.id
        return mapping

    def put_bill(self, external_id="bill-1", account="600000", amount="100.00", **values):
        self.remote.put("vendors", "vendor-1", {"name": "Example Supplies"})
        lines = [{"amount": amount, "account": account}]
        bill = {"number": external_id.upper(), "vendor": "vendor-1", "lines": lines, **values}
        self.remote.put("bills", external_id, bill)

    def sync_bill(self, external_id="bill-1", *args, **values):
        self.put_bill(external_id, *args, **values)
        self.sync()

    def put_payment(self, external_id="payment-1", amount="100.00", bill="bill-1", **values):
        self.remote.put("payments", external_id, {"vendor": "vendor-1", "bill": bill, "amount": amount, **values})

    def map_expense(self):
        """The account of `put_bill`."""
        self.map("account", "600000", self.env["account.account"].search([("account_type", "=", "expense")], limit=1))

    def map_bank(self, external_id="bank"):
        """The journal of `put_payment`."""
        banks = [("type", "=", "bank"), ("company_id", "=", self.company.id)]
        self.map("journal", external_id, self.env["account.journal"].search(banks, limit=1))

    def current(self, key="bills", external_id="bill-1"):
        return self.logs(key).filtered(lambda log: log.is_current and log.external_id == external_id)

    def ours(self, model, **values):
        """Rows of the connection with those values."""
        domain = [("connection_id", "=", self.connection.id), *((name, "=", value) for name, value in values.items())]
        return self.env[model].search(domain)

    def imported(self, external_id="bill-1", kind="bill"):
        """What is in Odoo of a record of the provider."""
        binding = self.ours("ml.binding", kind=kind, external_id=external_id)
        return self.env[{"bill": "account.move", "vendor": "res.partner"}[kind]].browse(binding.res_id).exists()

    def credential(self, name):
        return self.connection.credential_ids.filtered(lambda credential: credential.name == name)

    def backdate(self, logs, **ago):
        """As if they were made so long ago."""
        moment = fields.Datetime.now() - timedelta(**ago)
        self.env.flush_all()
        self.env.cr.execute("UPDATE ml_sync_log SET create_date = %s WHERE id = ANY(%s)", [moment, logs.ids])
        self.env.invalidate_all()

    def assertChecked(self, state, *findings):
        """The test of the connection ends so, and its findings say that."""
        self.connection.action_test()
        self.run_worker()
        self.assertEqual(self.connection.check_state, state, self.connection.findings)
        for finding in findings:
            self.assertIn(finding, self.connection.findings_html)

    def assertShown(self, color, cause, *reasons):
        """What the card of the connection shows."""
        self.connection.invalidate_recordset()
        self.assertEqual((self.connection.color, self.connection.halt_cause), (color, cause))
        for reason in reasons:
            self.assertIn(reason, self.connection.halt_reason)
