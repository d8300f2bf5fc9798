"""Reading files of invoices: how the time for each line grows, and the memory for a large file."""

import dataclasses
import gc
import statistics
import time

from odoo.addons.ml_connector.core.files.parse import Reading

from .engine import peak_memory

FEW_LINES, MANY_LINES = 1_000, 100_000
REPEATED = 20
LARGE = 50 * 1024 * 1024
HEADER = "CompanyId,StampliInvoiceId,VendorId,InvoiceDate,Currency,TotalAmount,LineNumber,GLAccount,LineAmount\r\n"
ROW = "ACME-US,{invoice},V00017,2026-09-30,USD,{total}.00,{line},600100,1.00\r\n"
ELEMENT = """<Invoice><StampliInvoiceId>{invoice}</StampliInvoiceId><VendorId>V00017</VendorId>
<InvoiceDate>2026-09-30</InvoiceDate><Currency>USD</Currency><TotalAmount>{total}.00</TotalAmount><Lines>{lines}</Lines>
</Invoice>
"""
LINE = """    <Line>
      <LineNumber>{line}</LineNumber>
      <GLAccount>600100</GLAccount>
      <LineDescription>Paper, white, 80 grams per square metre, five boxes of 500 sheets each</LineDescription>
      <LineAmount>1.00</LineAmount>
    </Line>
"""


def main(env, rounds):
    """Read files of 1,000 and of 100,000 lines by turns: CSV, CSV of one invoice only, and XML. Read 50 MB of each."""
    connection = env["ml.connection"].create({"name": "Stampli", "provider": "stampli"})
    template = connection.feed_template_ids.filtered(lambda template: template.flow_id.key == "invoices")._definition()
    template = dataclasses.replace(template, max_bytes=2 * LARGE)
    kinds = {
        "csv": Kind(template, rows_of, 10),
        "one_invoice": Kind(template, rows_of, MANY_LINES),
        "xml": Kind(dataclasses.replace(template, file_format="xml"), elements_of, 10),
    }
    for kind in kinds.values():
        for _ in range(rounds):
            kind.one_round()
    return {
        "read_ms_per_line_100k_vs_1k": read_ms_per_line_100k_vs_1k(kinds.values()),
        "read_peak_memory_mb_50mb_file": read_peak_memory_mb_50mb_file([kinds["csv"], kinds["xml"]]),
        "figures": {f"read_ms_per_line_{name}": 1000 * min(kind.many) for name, kind in kinds.items()},
    }


def read_ms_per_line_100k_vs_1k(kinds):
    """Seconds of the processor for each line of a file of 100,000 lines against those of one of 1,000, one right after
    the other: the median of all rounds, of the kind of file that does worst."""
    return max(statistics.median(many / few for many, few in zip(kind.many, kind.few, strict=True)) for kind in kinds)


def read_peak_memory_mb_50mb_file(kinds):
    """The highest use of memory, in megabytes, while 50 MB are read document by document, the file itself included, as
    `tracemalloc` sees it: of the format that does worst."""
    return max(kind.peak_memory() for kind in kinds) / 1024 / 1024


def rows_of(count, lines):
    """A CSV file of so many lines, and as many of them for each invoice."""
    rows = (
        ROW.format(invoice=number // lines, total=min(lines, count), line=number % lines + 1) for number in range(count)
    )
    return (HEADER + "".join(rows)).encode()


def elements_of(count, lines):
    """The same as XML."""
    inside = "".join(LINE.format(line=line) for line in range(1, lines + 1))
    elements = (ELEMENT.format(invoice=number, total=lines, lines=inside) for number in range(count // lines))
    return f"<StampliExport companyId='ACME-US'>\n{''.join(elements)}</StampliExport>".encode()


class Kind:
    """A kind of file, and the seconds for each of its lines."""

    def __init__(self, template, content_of, lines):
        self.template, self.content_of, self.lines = template, content_of, lines
        self.small, self.large = (content_of(count, lines) for count in (FEW_LINES, MANY_LINES))
        self.few, self.many = [], []

    def one_round(self):
        self.few.append(self._seconds(self.small, REPEATED) / FEW_LINES / REPEATED)
        self.many.append(self._seconds(self.large, 1) / MANY_LINES)

    def _seconds(self, content, times):
        gc.collect()
        started = time.process_time()
        for _ in range(times):
            self._read(content)
        return time.process_time() - started

    def _read(self, content):
        for document in Reading(self.template, content).documents:
            if document.problems:
                raise RuntimeError(document.problems[0])

    def peak_memory(self):
        count = MANY_LINES * LARGE // len(self.large) // self.lines * self.lines
        content = self.content_of(count, self.lines)
        return peak_memory(lambda: self._read(content)) + len(content)
