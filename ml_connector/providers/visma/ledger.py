"""Documents of the supplier ledger (`/v1/supplierInvoice`): their keys, statuses, totals, and marks of Odoo."""

import re

from ...core.wire import amount, part, text
from .client import path_id

PATH = "/v1/supplierInvoice"
INVOICE, CREDIT_NOTE = "Invoice", "DebitAdj"
UNRELEASED = ("Hold", "Balanced")
RELEASED = ("Open", "Closed", "Scheduled", "Printed")
VOIDED = "Voided"
INSTEAD = ">"
"""In a mark: before the key of the document that is replaced."""
NET, GROSS = "Net", "Gross"
"""Whether the amounts of lines exclude or include their VAT."""


def key_of(kind, number):
    """The ID of a document: its type and number, because numbers are unique for each type only."""
    return f"{kind}/{number}"


def split_key(key):
    kind, _slash, number = key.partition("/")
    return kind, number


def path_of(key):
    kind, number = split_key(key)
    return f"{PATH}/{path_id(kind)}/{path_id(number)}"


def key_of_row(row):
    return key_of(text(row, "documentType"), text(row, "referenceNumber"))


def keys_of(rows_):
    return tuple(map(key_of_row, rows_))


def is_released(row):
    return text(row, "status") in RELEASED


def total_of(row, net):
    """The total of a document, tax included, in its own currency.

    :param net: the sum of its lines, which tells the right one of each pair of amounts
    """
    suffix = "" if amount(row, "detailTotal") == net else "InCurrency"
    return _sum(row, suffix)


def has_total(row, total):
    """Whether a document has a total, in its own currency or in that of the company."""
    return total in {_sum(row, suffix) for suffix in ("", "InCurrency")}


def balance_is_total(row):
    """Whether nothing of a document has been paid or applied."""
    return any(amount(row, f"balance{suffix}") == _sum(row, suffix) for suffix in ("", "InCurrency"))


def _sum(row, suffix):
    """The total, tax included.

    `detailTotal` is the total of the lines as they were entered, which include VAT if `taxCalculationMode` is gross
    (schema `SupplierInvoiceDto`).
    """
    names = ("detailTotal", "roundingDiff")
    if text(row, "taxCalculationMode") != GROSS:
        names += ("vatTotal",)
    return sum(amount(row, f"{name}{suffix}") for name in names)


def successor_mark(mark, key):
    """The mark of the document that replaces a released one."""
    return f"{mark.partition(INSTEAD)[0]}{INSTEAD}{key}"


class Ledger:
    """Finds documents of the supplier ledger. Those that Odoo created have a mark in their note.

    :param mark: beginning of Odoo's marks
    """

    def __init__(self, client, mark):
        self.client = client
        self._mark = re.compile(rf"\[({re.escape(mark)}[^\]]*)\]")

    def of_supplier(self, supplier, kind, since=""):
        """A supplier's documents of a type from a day on, without voided ones. Visma may ignore filters."""
        days = {"docDate": since, "docDateCondition": ">="} if since else {}
        pages = self.client.pages(PATH, supplier=supplier, documentType=kind, expandNote=True, **days)
        return [
            row
            for page in pages
            for row in page
            if text(part(row, "supplier"), "number") == supplier
            and text(row, "documentType") == kind
            and text(row, "status") != VOIDED
        ]

    def unreleased(self, is_meant):
        """Documents that Odoo created and that were never released, of all suppliers, types and dates.

        :param is_meant: tells of a mark whether its document is wanted
        """
        pages = [page for status in UNRELEASED for page in self.client.pages(PATH, status=status, expandNote=True)]
        found = {key_of_row(row): row for page in pages for row in page}
        return [row for row in found.values() if is_meant(self.mark_of(row)) and text(row, "status") in UNRELEASED]

    def is_ours(self, row):
        """Whether Odoo created the document, for whichever bill."""
        return bool(self.mark_of(row))

    def mark_of(self, row):
        """Odoo's mark of a document; empty when Odoo did not create it."""
        found = self._mark.search(text(row, "note"))
        return found[1] if found else ""

    def predecessor_of(self, row):
        """The key of the released document that a document of Odoo replaces; empty when it replaces none."""
        return self.mark_of(row).partition(INSTEAD)[2]
