"""Whatever the file server does, and whenever: no half file, nothing lost, nothing twice, one clear sentence.

A *case* is one fault that lasts for one run of the job. Then it ends, a person does what the sentence asks for, and the
job runs until nothing is open.
"""

from decimal import Decimal

import pytest
from cryptography.hazmat.primitives import serialization as ser
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from feed_books import connected_feed_books
from sandbox.stampli.actor import INVOICE
from sandbox.stampli.files import write_export
from support.books import LONG_SECONDS
from support.invariants import chain_problem, general_problems

TIMES = {"patches": {"sftp_timeout": 1}}
HALF = 60_000
"""Bytes after logging in and a part of a file, which travels in parts of 32 KiB; the files have more than 75,000."""
MANY = 600
LONG_MEMO = "A long memo. " * 7000
REPLAY = {"button": "action_replay", "model": "ml.feed.file", "domain": [("state", "=", "failed")]}


@pytest.fixture(scope="module")
def books():
    with connected_feed_books("stampli_faults") as books:
        yield books


@pytest.fixture(autouse=True)
def healthy(books):
    yield
    books.relay.heal()
    books.server.restart()


class UploadCase:
    """Many new vendors in Odoo, of which one file has to tell Stampli."""

    due = ("vendors",)
    flow = "vendors"

    def __init__(self, books):
        self.books = books
        books.actor.take_feeds()
        self.partners = books.add_partners(MANY)

    def half_done(self):
        """Files that Stampli could take for whole ones."""
        return [name for name in self.books.inbound() if not name.endswith(".part")]

    def is_halfway(self):
        """Whether a part of the file is at the server, and no more."""
        size = self.books.value("SELECT size FROM ml_feed_file WHERE direction = 'push' AND state = 'built'")
        self.books.wait_until(self.part_sizes)
        return size > 75_000 and 0 < sum(self.part_sizes()) < size

    def part_sizes(self):
        folder = self.books.server.root / "inbound"
        sizes = [(folder / name).stat().st_size for name in self.books.inbound()]
        return [size for size in sizes if size]

    def problems(self):
        names = self.half_done()
        if len(names) != 1:
            return [f"in the folder: {names}"]
        lists = self.books.actor.lists
        before = len(self.books.actor.problems)
        self.books.actor.take_feeds()
        arrived = {code.partition("-")[0] for code in lists["vendors"]}
        missing = [partner for partner in self.partners if f"V{partner:05d}" not in arrived]
        pending = self.books.value("SELECT count(*) FROM ml_feed_sent WHERE pending_file IS NOT NULL")
        return [
            *(f"{partner} is lost" for partner in missing[:3]),
            *([f"{pending} vendors are not noted as sent"] if pending else []),
            *self.books.actor.problems[before:],
        ]


class DownloadCase:
    """An approved invoice in a large file."""

    due = ("files",)
    flow = "files"

    def __init__(self, books):
        self.books = books
        self.invoice = books.approve(document=False)
        self.invoice["Memo"] = LONG_MEMO
        self.name = books.actor.drop_invoices([self.invoice])
        books.look()

    @property
    def path(self):
        return self.books.server.root / "outbound" / self.name

    def half_done(self):
        """Bills that came from a file that was not read to its end."""
        return self.books.rows("SELECT id FROM account_move WHERE ref = %s", self.invoice["InvoiceNumber"])

    def is_halfway(self):
        """Whether the file was asked for, and is not here."""
        (row,) = self.books.rows("SELECT state, attachment_id FROM ml_feed_file WHERE name = %s", self.name)
        return row == {"state": "waiting", "attachment_id": None}

    def problems(self):
        return list(self.books.invoice_problems(self.invoice, self.name))


class PutAwayCase(DownloadCase):
    """The same: its file can be read, but not be put away."""

    def half_done(self):
        return [] if len(super().half_done()) == 1 else ["the bill is not there"]


# -- faults: what the server does, and what is said about it -----------------------------------------------------------


def read_only(case):
    case.books.server.restart("-R")


def rename_refused(case):
    case.books.server.restart("-P posix-rename,rename")


def disk_full(case):
    case.books.server.restart(largest_file=20_000)


def cut_while_writing(case):
    case.books.relay.cut(up=HALF)


def cut_while_reading(case):
    case.books.relay.cut(down=HALF)


def stalled(case):
    case.books.relay.stall(up=HALF)


def silent(case):
    case.books.relay.be_silent()


def cut_at_once(case):
    case.books.relay.cut(up=0)


def gone(case):
    case.books.relay.close()


def changed_host_key(case):
    case.books.server.change_host_key()


def wrong_password(case):
    case.books.set_credential("private_key", other_key())


def unreadable(case):
    case.path.chmod(0)
    case.books.server.restart()


# -- what a person does once the fault has ended -----------------------------------------------------------------------


def nothing(case):
    """It goes on by itself."""


def replay(case):
    case.books.press(**REPLAY)


def accept_key(case):
    books = case.books
    books.press("action_test")
    books.workers.run()
    books.press("action_accept_host_key")
    books.workers.run()


def enter_credentials(case):
    case.books.set_credential("private_key", case.books.server.private_key)
    case.books.press("action_test")
    case.books.workers.run()


def make_readable(case):
    case.path.chmod(0o644)
    replay(case)


UPLOAD_FAULTS = {
    "read-only folder": (read_only, "denies access", replay),
    "rename refused": (rename_refused, "does not allow Odoo to rename", replay),
    "disk full": (disk_full, "disk may be full", nothing),
    "cut in the middle": (cut_while_writing, "closed the connection", nothing),
    "stalled in the middle": (stalled, "did not answer in time", nothing),
    "silent from the start": (silent, "did not answer as an SSH server in time", nothing),
    "cut at once": (cut_at_once, "did not answer as an SSH server in time", nothing),
    "server gone": (gone, "cannot reach", nothing),
    "host key changed": (changed_host_key, "The server key changed", accept_key),
    "credentials refused": (wrong_password, "rejected the user or the private key", enter_credentials),
}
DOWNLOAD_FAULTS = {
    "cut in the middle": (cut_while_reading, "closed the connection", nothing),
    "silent from the start": (silent, "did not answer as an SSH server in time", nothing),
    "file that we may not read": (unreadable, "denies access", make_readable),
    "host key changed": (changed_host_key, "The server key changed", accept_key),
    "credentials refused": (wrong_password, "rejected the user or the private key", enter_credentials),
}
HALFWAY = (cut_while_writing, cut_while_reading, stalled)
ARCHIVE_FAULTS = {
    "read-only folder": (read_only, "denies access", nothing),
    "rename refused": (rename_refused, "denies access", nothing),
}


@pytest.mark.parametrize("fault", UPLOAD_FAULTS)
def test_upload(books, fault):
    check(UploadCase(books), *UPLOAD_FAULTS[fault])


@pytest.mark.parametrize("fault", DOWNLOAD_FAULTS)
def test_download(books, fault):
    check(DownloadCase(books), *DOWNLOAD_FAULTS[fault])


@pytest.mark.parametrize("fault", ARCHIVE_FAULTS)
def test_putting_away(books, fault):
    check(PutAwayCase(books), *ARCHIVE_FAULTS[fault])


def test_worker_killed_while_sending(books):
    check_killed(UploadCase(books), "vendors SFTP:part:write after 2")


def test_worker_killed_while_fetching(books):
    check_killed(DownloadCase(books), "files SFTP:part:read after 2")


def test_a_writer_that_keeps_its_file_open(books):
    """What it adds after the file was read and put away arrives in the archive, and is read there."""
    invoices = [books.approve(document=False) for _number in range(2)]
    name = books.actor.drop_invoices(invoices[:1])
    head = dict(invoices[1])
    lines = head.pop("lines")
    rest = write_export(INVOICE, [{**head, **line} for line in lines])
    with (books.server.root / "outbound" / name).open("ab") as writer:
        books.look()
        books.due("files")
        books.workers.run()
        assert books.archived().count(name) == 1
        writer.write(rest.partition(b"\n")[2])
    for _look in range(4):
        books.look()
    books.settle()
    for invoice in invoices:
        moves = books.rows("SELECT state FROM account_move WHERE ref = %s", invoice["InvoiceNumber"])
        assert moves == [{"state": "posted"}], invoice["InvoiceNumber"]
    states = books.rows("SELECT state, repeated_count FROM ml_feed_file WHERE name = %s ORDER BY id", name)
    assert states == [{"state": "read", "repeated_count": 0}, {"state": "read", "repeated_count": 1}]
    assert books.archived().count(name) == 1


def test_answers_of_stampli(books):
    """A feed that is refused goes again with the next one; one that is accepted is done."""
    books.workers.code(
        "env['ml.feed.template'].search([('flow_id.key', '=', 'vendors')]).write({'accepted_path':"
        " 'inbound/processed/{name}', 'rejected_path': 'inbound/error/{name}.error'})"
    )
    case = UploadCase(books)
    refused = send(books)
    books.actor.take_feeds()
    books.actor.answer(refused, b"line 7: VendorName is too long")
    books.due("files")
    books.workers.run()
    (row,) = books.open_rows()
    assert row["error_message"] == "Stampli rejected the file: line 7: VendorName is too long"
    books.actor.lists["vendors"].clear()
    accepted = send(books)
    assert not case.problems()
    books.actor.answer(accepted)
    books.due("files")
    books.workers.run()
    assert not general_problems(books)
    answers = books.rows("SELECT answer, state FROM ml_feed_file WHERE name IN (%s, %s) ORDER BY id", refused, accepted)
    assert answers == [{"answer": "rejected", "state": "replaced"}, {"answer": "accepted", "state": "sent"}]


def test_a_payment_of_one_vendor_does_not_settle_the_bill_of_another(books):
    invoice = books.approve(document=False)
    books.actor.drop_invoices([invoice])
    books.look()
    books.settle()
    vendors = books.actor.lists["vendors"]
    other = next(vendor for number, vendor in sorted(vendors.items()) if number != invoice["VendorId"])
    payment = books.actor.payment(other, [invoice])
    books.actor.drop_payments([payment])
    books.look()
    books.workers.run()
    row = books.rows("SELECT state, error_message FROM ml_sync_log WHERE external_id = %s", payment[0]["PaymentId"])[0]
    assert row["state"] == "failed", row
    assert other["VendorName"] in row["error_message"] and invoice["VendorName"] in row["error_message"]
    residual = books.value("SELECT amount_residual FROM account_move WHERE ref = %s", invoice["InvoiceNumber"])
    assert residual == Decimal(invoice["TotalAmount"])
    books.workers.code(
        "logs = env['ml.sync.log'].search([('state', '=', 'failed')])\n"
        "env['ml.ignore'].create({'log_ids': [(6, 0, logs.ids)], 'reason': 'Paid by hand'}).action_confirm()"
    )
    books.settle()


def send(books):
    """Send the vendors; the name of their file."""
    books.due("vendors")
    books.workers.run()
    (name,) = books.inbound()
    return name


def check(case, strike, sentence, remedy):
    books = case.books
    books.due(*case.due)
    strike(case)
    books.workers.run(**TIMES)
    assert not case.half_done()
    assert strike not in HALFWAY or case.is_halfway()
    said = sentences(books)
    assert [text for text in said if sentence in text], said
    assert all(text.endswith(".") for text in said), said
    books.relay.heal()
    if strike is not changed_host_key:
        books.server.restart()
    remedy(case)
    check_settled(case)


def check_killed(case, point):
    books = case.books
    books.due(*case.due)
    assert books.workers.run(kill=point).was_killed
    assert not case.half_done()
    assert case.is_halfway()
    check_settled(case)


def check_settled(case):
    books = case.books
    books.settle(LONG_SECONDS)
    assert not case.problems() + general_problems(books)
    assert books.value("SELECT state FROM ml_connection") == "connected"
    assert not chain_problem(books)


def sentences(books):
    """All that a person is told now."""
    return [
        row["text"]
        for row in books.rows(
            """SELECT error_message AS text FROM ml_sync_log WHERE state NOT IN ('done', 'superseded', 'ignored')
             UNION SELECT error_message FROM ml_flow WHERE active
             UNION SELECT attention_reason FROM ml_connection WHERE state = 'attention'
             UNION SELECT archive_message FROM ml_feed_file WHERE archive_state IN ('todo', 'failed')
             UNION (SELECT message FROM ml_sync_attempt ORDER BY id DESC LIMIT 1)"""
        )
        if row["text"]
    ]


def other_key():
    """A private key that the server does not know."""
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(ser.Encoding.PEM, ser.PrivateFormat.OpenSSH, ser.NoEncryption()).decode()
