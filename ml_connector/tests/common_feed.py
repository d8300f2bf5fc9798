import hashlib
import os
from datetime import timedelta
from unittest.mock import patch

from odoo import Command
from odoo.tests import TransactionCase

from odoo.addons.ml_connector.core.errors import ConflictError, NotFoundError, PermanentError
from odoo.addons.ml_connector.core.files.sftp import Listing
from odoo.addons.ml_connector.engine import file_listing
from odoo.addons.ml_connector.providers.stampli import StampliProvider

from .common import ConnectorCase

SAMPLES = os.path.join(os.path.dirname(__file__), "stampli_samples")
INVOICES = "invoices_20261120T101500Z_000042"
PAYMENTS = "payments_20261125T070000Z_000007.csv"


def sample(name):
    with open(os.path.join(SAMPLES, name), "rb") as file:
        return file.read()


class MemoryFiles:
    """A file server in memory, with what the engine uses of `clients.SftpSession`.

    :ivar faults: {method: [errors]}, raised one a call; `(error, True)` after the effect
    :ivar takes: whether the other side takes a file of this path as soon as it is there
    :ivar taken: paths of what it took
    """

    def __init__(self):
        self.content = {}
        self.times = {}
        self.clock = 0
        self.faults = {}
        self.calls = []
        self.takes = lambda path: False
        self.taken = []

    def put(self, path, content):
        self.clock += 1
        self.content[path] = content
        self.times[path] = self.clock

    def fail(self, method, *errors):
        self.faults.setdefault(method, []).extend(errors)

    def _called(self, method, path):
        self.calls.append((method, path))
        queue = self.faults.get(method)
        fault = queue.pop(0) if queue else None
        if isinstance(fault, tuple):
            return fault[0]
        if fault:
            raise fault
        return None

    def list(self, folder):
        self._called("list", folder)
        files = [
            (path.removeprefix(f"{folder}/"), len(content), self.times[path])
            for path, content in self.content.items()
            if path.startswith(f"{folder}/") and "/" not in path.removeprefix(f"{folder}/")
        ]
        return Listing(files=tuple(sorted(files)))

    def size(self, path):
        return len(self.content[path]) if path in self.content else None

    def state(self, path):
        return (self.size(path), self.times[path]) if path in self.content else None

    def append(self, path, content):
        """As who has the file still open."""
        self.put(path, self.content[path] + content)

    def _take(self, path):
        if self.takes(path):
            self.taken.append(path)
            del self.content[path]

    def read(self, path, stream, limit):
        self._called("read", path)
        if path not in self.content:
            raise NotFoundError(f"{path} is not on the server.")
        if len(self.content[path]) > limit:
            raise PermanentError(f"{path} is larger than allowed.")
        stream.write(self.content[path])
        return hashlib.sha256(self.content[path]).hexdigest()

    def write(self, path, stream, size):
        late = self._called("write", path)
        self.put(path, stream.read())
        self._take(path)
        if late:
            raise late
        return path in self.content

    def rename(self, path, new_path):
        late = self._called("rename", path)
        if path not in self.content:
            raise NotFoundError(f"{path} is not on the server.")
        if new_path in self.content:
            raise ConflictError(f"{new_path} already exists on the server.")
        self.content[new_path], self.times[new_path] = self.content.pop(path), self.times[path]
        self._take(new_path)
        if late:
            raise late

    def remove(self, path):
        self._called("remove", path)
        self.content.pop(path, None)

    def close(self):
        self.calls.append(("close", ""))


class FeedCase(ConnectorCase):
    """A connection whose provider exchanges files with a server in memory."""

    @classmethod
    def setUpClass(cls):
        TransactionCase.setUpClass.__func__(cls)
        cls.company = cls.env.company
        cls.connection = cls.make("ml.connection", name="Stampli", provider="stampli", company_id=cls.company)
        credentials = {credential.name: credential for credential in cls.connection.credential_ids}
        credentials["host"].value = "sftp.example.com"
        credentials["username"].value = "example"
        credentials["password"].new_secret = "example-password"
        cls.connection.write({"check_state": "ok", "state": "connected"})
        cls.connection.feed_template_ids.company_code = "ACME-US"
        cls._make_books()

    @classmethod
    def _make_books(cls):
        for name in ("EUR", "USD"):
            currency = cls.env["res.currency"].with_context(active_test=False).search([("name", "=", name)])
            currency.active = True
            if currency != cls.company.currency_id:
                values = {"currency_id": currency, "company_id": cls.company, "name": "2020-01-01"}
                cls.make("res.currency.rate", rate=0.9, **values)
        cls.accounts = {
            code: cls.env["account.account"].search([("code", "=", code)], limit=1) or cls.make_account(code)
            for code in ("600100", "610200", "640010")
        }
        cls.tax = cls.make("account.tax", name="VAT23", amount=23, type_tax_use="purchase")
        cls.analytic = {}
        for name, codes in (("plan", ("D10", "D20")), ("locations", ("NYC",)), ("projects", ("P-042",))):
            plan = cls.make("account.analytic.plan", name=f"Feed {name}")
            cls.analytic |= {code: cls.make_analytic(code, plan, code=code) for code in codes}
        cls.northwind, cls.polish = (
            cls.make("res.partner", name=name, supplier_rank=1, is_company=True)
            for name in ("Northwind Feed Paper Co.", "Zażółć Gęślą Sp. z o.o.")
        )

    def setUp(self):
        super().setUp()
        self.server = MemoryFiles()
        self.startPatcher(patch.object(StampliProvider, "files", lambda provider: self.server))
        self.patch(file_listing, "STABLE_SECONDS", 0)

    def map_vendors(self):
        self.map("vendor", "V00017", self.northwind)
        self.map("vendor", "V00018", self.polish)

    def only(self, *keys):
        """Switch all flows off but these."""
        for flow in self.connection.flow_ids:
            flow.active = flow.key in keys

    def template(self, key):
        return self.connection.feed_template_ids.filtered(lambda template: template.flow_id.key == key)

    def poll(self, times=2):
        """Look for files; they are read at the second look."""
        for _look in range(times):
            self.sync()

    def look_later(self, **delta):
        """The next look, after a while."""
        for file in self.env["ml.feed.file"].search([("watch_at", "!=", False)]):
            file.watch_at -= timedelta(**delta)
        self.poll(1)

    def take(self, name, content=None, times=2):
        """Let the provider drop a file, and read it; returns its transfer."""
        self.server.put(f"outbound/{name}", sample(name) if content is None else content)
        self.poll(times)
        return self.env["ml.feed.file"].search(
            [("connection_id", "=", self.connection.id), ("name", "=", name)], limit=1, order="id desc"
        )

    def files(self, key):
        return self.env["ml.feed.file"].search([("template_id", "=", self.template(key).id)], order="id")

    def record(self, key, external_id):
        log = self.logs(key).filtered(lambda log: log.external_id == external_id and log.is_current)
        return self.env[log.res_model].browse(log.res_id)

    def states(self, key):
        return {log.external_id: log.state for log in self.logs(key) if log.is_current}


__all__ = ["INVOICES", "PAYMENTS", "Command", "FeedCase", "sample"]
