"""What only a customer's contact at Stampli can say of its files: under any pair of answers the bills are the same."""

import csv
import io
import xml.etree.ElementTree as ElementTree
from datetime import date
from decimal import Decimal

import pytest
from pairs import in_pairs, lacking
from stampli_support import document, invoices, read_file, sample, zipped

DOUBTS = {
    "file_format": ("csv", "xml"),
    "encoding": ("utf-8", "utf-16"),
    "delimiter": (",", ";"),
    "date_format": ("%Y-%m-%d", "%d.%m.%Y"),
    "decimal_point": (".", ","),
    "thousands": ("", " "),
    "negatives": ("minus", "accounting"),
    "credit_sign": ("signed", "absolute"),
    "archives": (False, True),
    "trailer": ("", "TRAILER"),
    "left_out": ((), ("Subtotal",)),
    "headings": (str, str.upper),
    "company_code": ("ACME-US", ""),
}
PAIRS = in_pairs(DOUBTS)
DATES = ("InvoiceDate", "DueDate", "PostingDate")
AMOUNTS = (
    *("NetAmount", "TaxAmount", "TotalAmount", "Quantity", "UnitPrice", "LineAmount", "LineTaxAmount"),
    "AppliedAmount",
)


def test_any_two_doubts_have_each_pair_of_answers():
    assert not lacking(DOUBTS)


def rows_of(answers):
    rows = csv.DictReader(io.StringIO(sample("csv").decode(), newline=""))
    return [{name: _written(answers, row, name, value) for name, value in row.items()} for row in rows]


def _written(answers, row, name, value):
    if name in DATES and value:
        return date.fromisoformat(value).strftime(answers["date_format"])
    if name in AMOUNTS and value:
        amount = Decimal(value)
        if answers["credit_sign"] == "absolute" and row["DocumentType"] == "CREDIT_MEMO" and name != "UnitPrice":
            amount = abs(amount)
        text = f"{abs(amount):,}".translate({ord(","): answers["thousands"], ord("."): answers["decimal_point"]})
        minus = ("-", "") if answers["negatives"] == "minus" else ("(", ")")
        return text if amount >= 0 else text.join(minus)
    return value


def as_csv(answers, rows):
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=answers["delimiter"], lineterminator="\r\n")
    writer.writerow(answers["headings"](name) for name in rows[0])
    for number, row in enumerate(rows):
        writer.writerow(row.values())
        if answers["left_out"] and number == 1:
            writer.writerow(["Subtotal", *[""] * (len(row) - 1)])
    if answers["trailer"]:
        writer.writerow([answers["trailer"], len(rows)])
    return stream.getvalue()


def as_xml(rows):
    root = ElementTree.Element("StampliExport")
    documents = {}
    on_lines = [column.label for column in invoices().columns if column.on_line]
    for row in rows:
        if row["StampliInvoiceId"] not in documents:
            head = documents[row["StampliInvoiceId"]] = ElementTree.SubElement(root, "Invoice")
            for name, value in row.items():
                if name not in on_lines and value:
                    ElementTree.SubElement(head, name).text = value
            ElementTree.SubElement(head, "Lines")
        line = ElementTree.SubElement(documents[row["StampliInvoiceId"]].find("Lines"), "Line")
        for name in on_lines:
            if row.get(name):
                ElementTree.SubElement(line, name).text = row[name]
    return ElementTree.tostring(root, encoding="unicode")


def file_of(answers):
    rows = rows_of(answers)
    if answers["file_format"] == "xml":
        content = f'<?xml version="1.0" encoding="{answers["encoding"]}"?>{as_xml(rows)}'.encode(answers["encoding"])
    else:
        content = as_csv(answers, rows).encode(answers["encoding"])
    return zipped((f"invoices.{answers['file_format']}", content)) if answers["archives"] else content


def bills(answers):
    settings = {name: value for name, value in answers.items() if name != "headings"}
    template = invoices(**settings)
    found = [document(template, entry) for entry in read_file(template, file_of(answers)).documents]
    return {bill.external_id: bill for bill in found}


@pytest.mark.parametrize("answers", PAIRS[1:], ids=range(1, len(PAIRS)))
def test_the_bills_are_the_same_whatever_the_answers_are(answers):
    plain = bills(PAIRS[0])
    assert [bill.total for bill in plain.values()] == [Decimal("1180.00"), Decimal("19.00"), Decimal("1230.01")]
    assert bills(answers) == plain
