from unittest.mock import patch

from odoo import Command
from odoo.tests import TransactionCase

from odoo.addons.ml_connector.providers import PROVIDERS

from . import fake_provider


class ConnectorCase(TransactionCase):
    """A connected connection to the provider in memory."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        providers = patch.dict(PROVIDERS, {"fake": fake_provider.FakeProvider})
        cls.startClassPatcher(providers)
        cls.company = cls.env.company
        cls.connection = cls._connect(cls.company)

    @classmethod
    def _connect(cls, company, name="Fake"):
        connection = cls.env["ml.connection"].create(
            {"name": name, "provider": "fake", "company_id": company.id, "environment": "sandbox"}
        )
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

    def run_worker(self):
        self.env.cr.flush()  # what precedes the commit of whoever made the changes
        self._keep()
        self.connection._cron_run()
        self.env.invalidate_all()

    def sync(self):
        """Read all records of the provider and import them."""
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
        mapping = self.env["ml.mapping"].search(
            [
                ("connection_id", "=", self.connection.id),
                ("direction", "=", "in"),
                ("kind", "=", kind),
                ("external_id", "=", external_id),
            ]
        ) or self.env["ml.mapping"].create(
            {"connection_id": self.connection.id, "kind": kind, "external_id": external_id}
        )
        mapping.res_id = record.id
        return mapping

    def put_bill(self, external_id="bill-1", account="600000", amount="100.00", **values):
        self.remote.put("vendors", "vendor-1", {"name": "Example Supplies"})
        self.remote.put(
            "bills",
            external_id,
            {
                "number": external_id.upper(),
                "vendor": "vendor-1",
                "lines": [{"amount": amount, "account": account}],
                **values,
            },
        )

    @classmethod
    def new_user(cls, login, company, *groups):
        return cls.env["res.users"].create(
            {
                "name": login,
                "login": login,
                "company_id": company.id,
                "company_ids": [Command.set(company.ids)],
                "group_ids": [Command.set([cls.env.ref(group).id for group in groups])],
            }
        )
