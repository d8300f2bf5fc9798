"""An Odoo database that exchanges files with a real file server."""

import contextlib
from decimal import Decimal
from itertools import count

from relay import Relay
from sandbox.stampli import StampliSandbox
from support.books import DEMO, Books
from support.workers import Workers

from lib import odoo

SECRETS = ("password", "private_key", "passphrase")
UNDER_WAY = ("seen", "waiting", "received", "built", "transferred")


class FeedBooks(Books):
    """
    :ivar relay: what lies between Odoo and the file server
    """

    def __init__(self, database, sandbox, workers, relay):
        super().__init__(database, sandbox, workers)
        self.relay = relay
        self.actor = sandbox.actor
        self.server = sandbox.server
        self.names = count(1)

    def connect(self):
        self.workers.code((DEMO / "company.py").read_text())
        # another port later would be another server, for which key and secrets are entered anew
        script = (DEMO / "stampli.py").read_text()
        script = script.replace(
            "connection = connect(", f'account["port"] = "{self.relay.port}"\nconnection = connect(', 1
        )
        self.workers.code(f"URL = {self.sandbox.url!r}\n{script}")
        self.workers.run()
        self.workers.code("env['ml.connection'].search([]).action_start()")
        self.workers.code(
            "journal = env['account.journal'].search([('type', '=', 'bank')], limit=1)\n"
            "env['ml.mapping'].create({'connection_id': env['ml.connection'].search([]).id, 'kind': 'journal',"
            " 'external_id': '101401', 'res_id': journal.id})"
        )
        self.workers.run()
        self.actor.take_feeds()

    def open_rows(self):
        files = self.rows(
            """SELECT name, state, archive_state, error_message FROM ml_feed_file
                WHERE state = ANY(%s) OR archive_state = 'todo' ORDER BY id""",
            list(UNDER_WAY),
        )
        return super().open_rows() + files

    def pass_time(self, seconds):
        super().pass_time(seconds)
        for column in ("observed_at", "archive_at", "watch_at"):
            self.rows(
                f"UPDATE ml_feed_file SET {column} = {column} - make_interval(secs => %s) WHERE {column} IS NOT NULL",
                seconds,
            )

    # -- what people do ----------------------------------------------------------------------------------------------

    def approve(self, amount="120.50", document=True):
        """An invoice that is approved at Stampli, and not exported yet."""
        vendor = sorted(self.actor.lists["vendors"].values(), key=lambda row: row["VendorId"])[0]
        account = sorted(
            row["AccountCode"] for row in self.actor.lists["gl_accounts"].values() if row["AccountType"] == "expense"
        )[0]
        lines = [{"GLAccount": account, "LineDescription": "Paper", "LineAmount": Decimal(amount)}]
        return self.actor.invoice(vendor, lines, document=document)

    def set_credential(self, name, value):
        self.workers.code(
            f"env['ml.credential'].search([('name', '=', {name!r})])"
            f".{'new_secret' if name in SECRETS else 'value'} = {str(value)!r}"
        )

    def press(self, button, model="ml.connection", domain=()):
        """What a person does about a fault."""
        self.workers.code(f"env[{model!r}].search({list(domain)!r}).{button}()")

    def look(self):
        """A look at the folders that finds new files, which may still grow."""
        self.due("files")
        self.workers.run()
        self.pass_time(30)

    def inbound(self):
        return sorted(path.name for path in (self.server.root / "inbound").iterdir() if path.is_file())

    def archived(self):
        return sorted(path.name for path in (self.server.root / "outbound" / "processed").iterdir())

    # -- what must be true -------------------------------------------------------------------------------------------

    def invoice_problems(self, invoice, name):
        """One posted and bound bill with its document, and one row for its file, which was put away."""
        moves = self.rows(
            """SELECT m.id, m.state, m.amount_total FROM account_move m
                 JOIN ml_binding b ON b.res_model = 'account.move' AND b.res_id = m.id AND b.external_id = %s
                WHERE m.ref = %s""",
            invoice["StampliInvoiceId"],
            invoice["InvoiceNumber"],
        )
        if [(move["state"], move["amount_total"]) for move in moves] != [("posted", Decimal(invoice["TotalAmount"]))]:
            yield f"{invoice['InvoiceNumber']} is {moves} in Odoo"
            return
        documents = self.value(
            "SELECT count(*) FROM ir_attachment WHERE res_model = 'account.move' AND res_id = %s AND res_field IS NULL",
            moves[0]["id"],
        )
        if documents != bool(invoice["DocumentFile"]):
            yield f"{invoice['InvoiceNumber']} has {documents} documents"
        yield from self.file_problems(name)

    def file_problems(self, name):
        states = [row["state"] for row in self.rows("SELECT state FROM ml_feed_file WHERE name = %s", name)]
        if states != ["read"]:
            yield f"{name} is {states}"
        if name in self.actor.outbound() or self.archived().count(name) != 1:
            yield f"{name} was not put away"


@contextlib.contextmanager
def connected_feed_books(prefix):
    """A database of its own that is connected to a file server of its own."""
    with contextlib.ExitStack() as stack:
        sandbox = stack.enter_context(StampliSandbox(plays=False))
        relay = stack.enter_context(contextlib.closing(Relay(sandbox.server.port)))
        database = stack.enter_context(odoo.temporary_database(prefix))
        workers = stack.enter_context(contextlib.closing(Workers(database)))
        books = stack.enter_context(contextlib.closing(FeedBooks(database, sandbox, workers, relay)))
        books.connect()
        yield books
