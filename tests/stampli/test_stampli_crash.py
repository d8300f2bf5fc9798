"""A worker that is killed at any step of a feed or an import loses nothing and does nothing twice.

As `tests/crash`, with a real file server: the points are recorded from a run that nobody kills, then one case is taken
for each of them.
"""

import pytest
from feed_books import connected_feed_books
from support.invariants import chain_problem
from support.kills import Case, kill_at_every_moment


class FilesCase(Case):
    most_runs = 4


class FeedCase(FilesCase):
    """A new vendor in Odoo, of which a file has to tell Stampli once."""

    due = ("vendors",)

    def start(self):
        self.books.actor.take_feeds()
        self.partner = self.books.add_partner()

    def problems(self):
        names = self.books.inbound()
        if len(names) != 1 or names[0].endswith(".part"):
            return [f"in the folder: {names}"]
        self.books.actor.take_feeds()
        known = [code for code in self.books.actor.lists["vendors"] if code.startswith(f"V{self.partner:05d}")]
        if len(known) != 1:
            return [f"{self.partner} is known as {known}"]
        (code,) = known
        sent = self.books.rows("SELECT digest, is_active, pending_file FROM ml_feed_sent WHERE key = %s", code)
        if len(sent) != 1 or not sent[0]["digest"] or not sent[0]["is_active"] or sent[0]["pending_file"]:
            return [f"{code} is noted as {sent}"]
        return []


class InvoiceCase(FilesCase):
    """An approved invoice with its document."""

    due = ("files",)

    def start(self):
        books = self.books
        self.invoice = books.approve()
        self.name = books.actor.drop_invoices([self.invoice])
        books.look()

    def problems(self):
        return list(self.books.invoice_problems(self.invoice, self.name))


class PaymentCase(FilesCase):
    """A payment of an invoice that is in Odoo already."""

    due = ("files",)

    def start(self):
        books = self.books
        self.invoice = books.approve(document=False)
        books.actor.drop_invoices([self.invoice])
        books.look()
        books.settle()
        vendor = books.actor.lists["vendors"][self.invoice["VendorId"]]
        self.payment = books.actor.payment(vendor, [self.invoice])
        self.name = books.actor.drop_payments([self.payment])
        books.look()

    def problems(self):
        payments = self.books.rows(
            """SELECT p.amount FROM account_payment p
                 JOIN ml_binding b ON b.res_model = 'account.payment' AND b.res_id = p.id
                WHERE p.memo = %s""",
            self.payment[0]["PaymentReference"],
        )
        residual = self.books.value(
            "SELECT amount_residual FROM account_move WHERE ref = %s", self.invoice["InvoiceNumber"]
        )
        found = list(self.books.file_problems(self.name))
        if len(payments) != 1 or residual:
            found.append(f"{payments}, {residual} open on {self.invoice['InvoiceNumber']}")
        return found


FLOWS = {
    "vendors": (FeedCase, {"attach", "store", "claim", "SFTP:write", "SFTP:rename", "acknowledge", "commit"}),
    "files": (InvoiceCase, {"SFTP:list", "store", "claim", "SFTP:read", "attach", "SFTP:rename", "commit"}),
    "invoices": (InvoiceCase, {"claim", "create", "post", "bind", "commit"}),
    "invoice_files": (InvoiceCase, {"claim", "SFTP:read", "create", "bind", "commit"}),
    "payments": (PaymentCase, {"claim", "create", "post", "reconcile", "bind", "commit"}),
}


@pytest.fixture(scope="module")
def books():
    with connected_feed_books("stampli_crash") as books:
        yield books


@pytest.mark.parametrize("flow", FLOWS)
def test_killed_at_every_point(flow, books, subtests):
    kill_at_every_moment(books, subtests, FLOWS[flow][0], flow, FLOWS[flow][1])
    assert not chain_problem(books)
