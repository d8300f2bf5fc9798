"""A file of many vendors against a plain program, its memory, and the import of invoice files."""

import csv
import io
from ast import literal_eval
from decimal import Decimal

from odoo.addons.ml_connector.engine.file_reading import FileReading
from odoo.addons.ml_connector.exporters.feed_builder import FeedBuilder

from lib.inside import connect

from .engine import flow_of, median_ratio, peak_memory, run_inside, stop_watch
from .specimens import bill_values

FEW_VENDORS, MANY_VENDORS = 10_000, 100_000
INVOICE_LINES = 10_000
LINES = 10
BATCH = 50
FIELDS = (
    *("name", "vat", "email", "phone", "street", "street2", "city", "state_id", "zip", "country_id", "active"),
    *("property_purchase_currency_id", "property_supplier_payment_term_id", "write_date"),
)
HEADER = (
    "CompanyId,StampliInvoiceId,InvoiceNumber,VendorId,InvoiceDate,DueDate,Currency,TotalAmount,LineNumber,GLAccount,"
    "LineDescription,LineAmount"
)
ACCOUNTS = ("600000", "612000", "620000")


def main(env, rounds):
    """Create many vendors, write their file, let a plain program do the same, and import invoice files."""
    connection = connected(env)
    partners = make_vendors(env, MANY_VENDORS)
    feed = Feed(connection, partners)
    for _ in range(rounds):
        feed.one_round()
    growth = feed_peak_memory_mb_growth(feed)
    invoices = run_inside(connection, lambda run: Import(run, partners, rounds).measure())
    return {
        "feed_100k_vendors_vs_plain": feed_100k_vendors_vs_plain(feed),
        "feed_peak_memory_mb_growth": growth,
        "import_10k_invoice_lines_vs_bare": import_10k_invoice_lines_vs_bare(invoices),
        "figures": {
            "feed_seconds": min(feed.ours),
            "plain_feed_seconds": min(feed.plain),
            "import_seconds": min(invoices.imported),
            "bare_import_seconds": min(invoices.bare),
        },
    }


def feed_100k_vendors_vs_plain(feed):
    """Seconds of `Feed.build` (read, render, hash, write all parts, keep them as attachments, note each record, commit)
    against those of `Feed.plain_program`, one right after the other: the median of the ratios of all rounds."""
    return median_ratio(feed.ours, feed.plain)


def feed_peak_memory_mb_growth(feed):
    """Megabytes by which the highest use of memory while a feed is built grows from 10,000 to 100,000 vendors, all of
    `Feed.build` included, as `tracemalloc` sees it."""
    peaks = [feed.peak_memory(count) for count in (FEW_VENDORS, MANY_VENDORS)]
    return (peaks[1] - peaks[0]) / 1024 / 1024


def import_10k_invoice_lines_vs_bare(invoices):
    """Seconds of `Import.import_file` (1,000 invoices of 10 lines: parse, check, store a row for each, map, create,
    post, bind, commit) against those of `Import.bare_import`, one right after the other: the median of all rounds."""
    return median_ratio(invoices.imported, invoices.bare)


def connected(env):
    connection = connect(
        env, "stampli", "Stampli bench", host="localhost", username="example", password="example-password"
    )
    connection.write({"check_state": "ok", "state": "connected"})
    connection.feed_template_ids.company_code = "ACME-US"
    env.cr.commit()  # pylint: disable=invalid-commit; as an administrator saves it
    return connection


def make_vendors(env, count, **values):
    """Ids of `count` vendors with addresses: copies of one, made by SQL because only their number matters here."""
    model = env["res.partner"].create(
        {
            "name": "Bench vendor 0 Łódź, Ltd.",
            "supplier_rank": 1,
            "is_company": True,
            "city": "Albany",
            "country_id": env.ref("base.us").id,
            **values,
        }
    )
    env.flush_all()
    env.cr.execute(
        """SELECT column_name FROM information_schema.columns
            WHERE table_name = 'res_partner'
              AND column_name NOT IN ('id', 'name', 'complete_name', 'email', 'street', 'zip')"""
    )
    copied = ", ".join(f'"{name}"' for (name,) in env.cr.fetchall())
    env.cr.execute(
        f"""INSERT INTO res_partner (name, complete_name, email, street, zip, {copied})
            SELECT 'Bench vendor ' || n || ' Łódź, Ltd.', 'Bench vendor ' || n || ' Łódź, Ltd.',
                   'ap' || n || '@vendor.example', n || ' Mill Rd', lpad((n %% 100000)::text, 5, '0'), {copied}
              FROM res_partner, generate_series(1, %s) AS n WHERE id = %s
         RETURNING id""",  # noqa: S608 - names of columns
        [count, model.id],
    )
    ids = sorted(row[0] for row in env.cr.fetchall())
    env.cr.execute("UPDATE res_partner SET commercial_partner_id = id WHERE id = ANY(%s)", [ids])
    env.cr.execute("ANALYZE res_partner")
    env.cr.commit()  # pylint: disable=invalid-commit; not part of what is measured
    env.invalidate_all()
    return ids


class Feed:
    """The file of many vendors, and the program for comparison."""

    def __init__(self, connection, ids):
        self.env = connection.env
        self.template = connection.feed_template_ids.filtered(lambda template: template.flow_id.key == "vendors")
        self.domain = [("id", ">=", ids[0]), ("id", "<=", ids[-1])]
        self.template.domain = repr(self.domain)
        self.ids = ids
        self.ours, self.plain = [], []

    def one_round(self):
        self._forget()
        with stop_watch(self.ours):
            self.build()
        self.env.invalidate_all()
        with stop_watch(self.plain):
            self.plain_program()
        self.env.invalidate_all()

    def _forget(self):
        """Restore the state before the first file."""
        self.env.cr.execute("DELETE FROM ml_feed_sent")
        self.env["ml.feed.file"].search([]).attachment_id.unlink()
        self.env["ml.feed.file"].search([]).unlink()
        self.template.last_full_at = False
        self.env.cr.commit()  # pylint: disable=invalid-commit; not part of what is measured
        self.env.invalidate_all()

    def build(self):
        files = FeedBuilder(self.template).build()
        self.env.cr.commit()  # pylint: disable=invalid-commit; part of what is measured
        if sum(files.mapped("record_count")) != self._expected():
            raise RuntimeError("Not all vendors are in the files.")
        return files

    def _expected(self):
        return self.env["res.partner"].search_count(literal_eval(self.template.domain))

    def plain_program(self):
        """`search_read` of the same vendors and fields, and `csv.writer`."""
        rows = self.env["res.partner"].search_read(self.domain, FIELDS, order="id")
        stream = io.StringIO(newline="")
        writer = csv.writer(stream)
        writer.writerow(["CompanyId", "VendorId", *FIELDS])
        for row in rows:
            cells = [row[name][1] if isinstance(row[name], tuple) else row[name] or "" for name in FIELDS]
            writer.writerow(["ACME-US", f"V{row['id']:05}", *cells])
        stream.getvalue().encode()

    def peak_memory(self, count):
        """The highest use of memory, in bytes, while the file of the first `count` vendors is built."""
        self.template.domain = repr([("id", ">=", self.ids[0]), ("id", "<=", self.ids[count - 1])])
        self._forget()
        return peak_memory(self.build)


class Import:
    """Invoice files, and bare Odoo booking the same bills."""

    def __init__(self, run, partners, rounds):
        self.engine_run = run
        self.env = run.env
        self.invoices = INVOICE_LINES // LINES
        self.partners = partners[:100]
        self.rounds = rounds
        self.number = 0
        self.imported, self.bare = [], []
        self.accounts = {
            account.code: account.id for account in self.env["account.account"].search([("code", "in", ACCOUNTS)])
        }
        self._map()

    def _map(self):
        connection = self.engine_run.connection
        for kind, model, records in (
            ("account", "account.account", self.accounts),
            ("vendor", "res.partner", {f"V{partner}": partner for partner in self.partners}),
        ):
            self.env["ml.mapping"].create(
                [
                    {"connection_id": connection.id, "kind": kind, "external_id": code, "res_id": res_id}
                    for code, res_id in records.items()
                    if self.env[model].browse(res_id).exists()
                ]
            )

    def measure(self):
        for _ in range(self.rounds):
            content = self.content()
            with stop_watch(self.imported):
                self.import_file(content)
            values = self.values()
            with stop_watch(self.bare):
                self.bare_import(values)
        return self

    def _bills(self):
        for _ in range(self.invoices):
            self.number += 1
            partner = self.partners[self.number % len(self.partners)]
            amounts = [Decimal(self.number % 90 + line + 1) for line in range(LINES)]
            yield f"{self.number:06}", partner, amounts

    def content(self):
        rows = [HEADER]
        for number, partner, amounts in self._bills():
            total = sum(amounts)
            rows += [
                f"ACME-US,S{number},SB-{number},V{partner},2026-09-30,2026-10-30,USD,{total}.00,{line},"
                f"{ACCOUNTS[line % 3]},Paper,{amount}.00"
                for line, amount in enumerate(amounts, start=1)
            ]
        return "\r\n".join([*rows, ""]).encode()

    def import_file(self, content):
        """A received file: parse, check, store a row for each invoice, and book them as the worker does."""
        connection = self.engine_run.connection
        template = connection.feed_template_ids.filtered(lambda template: template.flow_id.key == "invoices")
        inbox, flow = flow_of(self.engine_run, "files"), flow_of(self.engine_run, "invoices")
        file = self.env["ml.feed.file"].create(
            {
                "name": f"invoices_{self.number}.csv",
                "connection_id": connection.id,
                "template_id": template.id,
                "flow_id": flow.id,
                "direction": "pull",
                "state": "received",
                "folder": template.folder,
                "sha256": str(self.number),
            }
        )
        file._attach(content)
        file._enqueue(inbox)
        FileReading(self.engine_run, inbox).read()
        self.engine_run.work_of(flow).process()
        if file.done_count != self.invoices:
            problems = set(file.log_ids.filtered("error_message").mapped("error_message")[:3])
            raise RuntimeError(f"{file.done_count} of {self.invoices} invoices were booked. {problems}")

    def values(self):
        return [
            bill_values(
                partner,
                f"VB-{number}",
                [("Paper", self.accounts[ACCOUNTS[line % 3]], amount) for line, amount in enumerate(amounts, start=1)],
            )
            for number, partner, amounts in self._bills()
        ]

    def bare_import(self, values):
        """The same invoices from memory, in batches of 50, by `create` and `action_post`, each with a commit."""
        for start in range(0, len(values), BATCH):
            moves = self.env["account.move"].create(values[start : start + BATCH])
            moves.action_post()
            self.env.cr.commit()  # pylint: disable=invalid-commit; part of what is measured
