"""Stampli's files: readers, writers, and what they make of hostile content."""

import csv
import dataclasses
import gzip
import io
from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stampli_support import SAMPLES, document, invoices, orders, payments, read_file, sample, vendors, zipped

from ml_connector.core.documents import FeedColumn
from ml_connector.core.errors import ConnectorError, FileFormatError, InvalidDataError, NotRelevantError
from ml_connector.core.files.serialize import file_writer
from ml_connector.providers.stampli.payments import Payments

HEADER = b"CompanyId,StampliInvoiceId,VendorId,InvoiceDate,Currency,TotalAmount,LineNumber,GLAccount,LineAmount\r\n"
ROW = b"ACME-US,1,V1,2026-07-14,USD,10.00,1,600100,10.00\r\n"


def the_bill(content, **changes):
    template = invoices(**changes)
    (found,) = read_file(template, content).documents
    return document(template, found)


def refusal(content, **changes):
    with pytest.raises(FileFormatError) as caught:
        read_file(invoices(**changes), content)
    return caught.value


# ---------------------------------------------------------------------------- samples


def test_csv_and_xml_samples_say_the_same():
    found = {}
    for suffix in ("csv", "xml"):
        template = invoices(file_format=suffix)
        found[suffix] = [document(template, entry) for entry in read_file(template, sample(suffix)).documents]
    assert found["csv"] == found["xml"]
    first, credit, polish = found["csv"]
    assert (first.total, first.is_credit, len(first.lines)) == (Decimal("1180.00"), False, 3)
    assert (credit.total, credit.is_credit, credit.lines[0].amount) == (Decimal("19.00"), True, Decimal("19.00"))
    assert (polish.tax_total, polish.currency, polish.accounting_date) == (Decimal("230.00"), "EUR", None)
    assert [share.reference.external_id for share in first.lines[1].analytics] == [
        "Department:D20", "Location:NYC", "Project:P-042",
    ]  # fmt: skip
    assert first.lines[0].purchase_order_line == 8841
    units = [(line.quantity, line.unit_price) for line in (first.lines[0], credit.lines[0])]
    assert units == [(Decimal(100), Decimal("9.50")), (Decimal(2), Decimal("9.50"))]


def test_payment_by_number_and_with_a_discount():
    values = {"id": "P", "amount": "9.80", "status": "PAID", "date": "2026-07-14", "currency": "USD", "vendor": "V1"}
    payload = {"values": values, "lines": [{"number": "N-1", "applied": "9.80", "discount": "0.20"}]}
    found = Payments(None).translate(payload)
    (paid,) = found.bills
    assert (paid.settled, found.bill_key(paid)) == (Decimal("10.00"), "number:V1:N-1")
    del payload["lines"][0]["number"]
    with pytest.raises(InvalidDataError, match="names no invoice"):
        Payments(None).translate(payload)


def test_payments_sample():
    template = payments()
    documents = read_file(template, (SAMPLES / "payments_20261125T070000Z_000007.csv").read_bytes()).documents
    netted, wire, void = (document(template, entry, "payments") for entry in documents)
    assert [paid.amount for paid in netted.bills] == [Decimal("1180.00"), Decimal("-19.00")]
    assert (netted.amount, wire.currency, void.is_void) == (Decimal("1161.00"), "EUR", True)


# ---------------------------------------------------------------------------- files as a whole


@pytest.mark.parametrize(
    ("content", "text", "line"),
    [
        (b"", "empty", 0),
        (b" \r\n\r\n", "empty", 0),
        (b"PK\x03\x04...", "archive", 0),
        (b"\x1f\x8b...", "archive", 0),
        (HEADER.replace(b"StampliInvoiceId", b"Other"), "StampliInvoiceId is missing", 1),
        (HEADER.replace(b"VendorId", b"Currency"), "occurs twice", 1),
    ],
)
def test_refused_csv(content, text, line):
    error = refusal(content)
    assert text in error.message
    assert not line or error.line == line


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"<a>", "ends too early"),
        (b"<a></b>", "not well-formed"),
        (b"<!DOCTYPE a><a/>", "does not accept"),
        (b'<!DOCTYPE a [<!ENTITY x "1">]><a>&x;</a>', "does not accept"),
        ('<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a><a/>'.encode("utf-16"), "does not accept"),
        (b"<a>&nbsp;</a>", "not well-formed"),
        (b"<a>" + b"<b>" * 40, "nested too deeply"),
        (b'<?xml version="1.0" encoding="nonsense"?><a/>', ""),
        (b'<E documentCount="2"><Invoice/></E>', "2"),
    ],
)
def test_refused_xml(content, text):
    assert text in refusal(content, file_format="xml").message


def test_last_row_that_counts():
    lines = HEADER + ROW
    ended = lines + b"TRAILER,1\r\n"
    assert the_bill(ended, trailer="TRAILER").total == Decimal("10.00")
    error = refusal(lines + b"TRAILER,2\r\n", trailer="TRAILER")
    assert (error.line, error.expected, error.found) == (3, "2", "1")
    assert refusal(lines, trailer="TRAILER").is_cut, "its end may still come"
    assert "follows the trailer row" in refusal(ended + ROW, trailer="TRAILER").message
    assert "The trailer row counts" in refusal(lines + b"TRAILER\r\n", trailer="TRAILER").message


def test_archives_by_agreement():
    one, two = HEADER + ROW, HEADER + ROW.replace(b"ACME-US,1,", b"ACME-US,2,")
    for archive, count in ((zipped(("a.csv", one), ("b.csv", two)), 2), (gzip.compress(one), 1)):
        assert "archive" in refusal(archive).message, "unless it was agreed"
        assert len(read_file(invoices(archives=True), archive).documents) == count


@pytest.mark.parametrize(
    ("archive", "text"),
    [
        (zipped(("../a.csv", HEADER + ROW)), "without a folder"),
        (zipped(("in/a.csv", HEADER + ROW)), "without a folder"),
        (zipped(*((f"{number}.csv", HEADER) for number in range(21))), "21 files"),
        (zipped(("a.csv", b"0" * 10_000_000)), "too large"),
        (gzip.compress(b"0" * 10_000_000), "too large"),
        (zipped(("a.zip", zipped(("a.csv", HEADER + ROW)))), "archive"),
        (zipped(("a.csv", HEADER + ROW))[:-30], "damaged"),
        (gzip.compress(HEADER + ROW)[:-10], "damaged"),
        (zipped(("bad.csv", HEADER.replace(b"VendorId", b"Currency"))), "bad.csv"),
    ],
)
def test_refused_archives(archive, text):
    assert text in refusal(archive, archives=True).message


@given(data=st.data())
def test_damaged_archives(data):
    """A damaged archive is refused, or holds what it held."""
    whole = data.draw(st.sampled_from([zipped(("a.csv", HEADER + ROW)), gzip.compress(HEADER + ROW)]))
    place = data.draw(st.integers(0, len(whole) - 1))
    damaged = whole[:place] + bytes([data.draw(st.integers(0, 255))]) + whole[place + 1 :]
    try:
        content = read_file(invoices(archives=True), damaged)
    except FileFormatError:
        return
    assert content.documents == read_file(invoices(), HEADER + ROW).documents


def test_bomb_is_stopped_by_its_size():
    assert "larger" in refusal(HEADER + ROW * 100, max_bytes=1000).message


def test_comments_do_not_cut_numbers():
    content = b"""<StampliExport companyId="ACME-US"><Invoice><StampliInvoiceId>1</StampliInvoiceId>
    <VendorId>V1</VendorId>
    <InvoiceDate>2026-07-14</InvoiceDate><Currency>USD</Currency><TotalAmount>12<!-- -->3.00</TotalAmount>
    <Lines><Line><LineNumber>1</LineNumber><LineAmount>123.00</LineAmount></Line></Lines></Invoice></StampliExport>"""
    assert the_bill(content, file_format="xml").total == Decimal("123.00")


def test_headings_may_differ_in_case_spaces_and_name():
    content = HEADER.replace(b"TotalAmount", b"total amount").replace(b"GLAccount", b"Ledger") + ROW
    template = invoices()
    columns = tuple(
        dataclasses.replace(column, aliases=("Ledger",)) if column.name == "account" else column
        for column in template.columns
    )
    bill = the_bill(content, columns=columns)
    assert (bill.total, bill.lines[0].account.code) == (Decimal("10.00"), "600100")


def test_rows_of_a_document_need_not_be_together():
    rows = (
        b"ACME-US,1,V1,2026-07-14,USD,30.00,1,600100,10.00\r\nACME-US,2,V1,2026-07-14,USD,5.00,1,600100,5.00\r\n"
        b"ACME-US,1,V1,2026-07-14,USD,30.00,2,600100,20.00\r\n"
    )
    documents = read_file(invoices(), HEADER + rows).documents
    assert [len(entry.lines) for entry in documents] == [2, 1]


# ---------------------------------------------------------------------------- values


@pytest.mark.parametrize(
    "amount",
    ["NaN", "Infinity", "1e3", "1,234.50", "(12.50)", "12.50-", "$5", "−5", "١٢", "0x1", "--1", "1.2.3", "1_000", " "],
)
def test_numbers_are_never_guessed(amount):
    content = (HEADER + ROW).decode().replace("10.00\r\n", f'"{amount}"\r\n').encode()
    with pytest.raises(InvalidDataError):
        the_bill(content)


def test_separators_of_the_template():
    content = (HEADER + ROW.replace(b"10.00", b'"1.234,50"')).replace(b",", b";").replace(b"1.234;50", b"1.234,50")
    assert the_bill(content, delimiter=";", decimal_point=",", thousands=".").total == Decimal("1234.50")
    with pytest.raises(InvalidDataError):
        the_bill(HEADER + ROW, decimal_point=",")


@pytest.mark.parametrize("text", ["14/07/2026", "2026-7-14x", "2026-02-30", "٢٠٢٦-٠٧-١٤", "20260714"])
def test_dates_are_never_guessed(text):
    with pytest.raises(InvalidDataError) as caught:
        the_bill((HEADER + ROW).decode().replace("2026-07-14", text).encode())
    assert "InvoiceDate" in caught.value.message


def test_credits():
    def credit(kind, total, **changes):
        header = HEADER.replace(b"CompanyId,", b"CompanyId,DocumentType,")
        row = f"ACME-US,{kind},1,V1,2026-07-14,USD,{total},1,600100,{total}\r\n".encode()
        return the_bill(header + row, **changes)

    assert credit("CREDIT_MEMO", "-5.00").is_credit
    assert credit("CREDIT_MEMO", "5.00").total == Decimal("5.00")
    assert credit("", "-5.00").is_credit
    for kind, total, sign in (
        ("INVOICE", "-5.00", "auto"),
        ("CREDIT", "5.00", "signed"),
        ("CREDIT", "-5.00", "absolute"),
    ):
        with pytest.raises(InvalidDataError):
            credit(kind, total, credit_sign=sign)
    with pytest.raises(InvalidDataError):
        credit("STATEMENT", "5.00")


def test_wrong_sums_name_both_numbers():
    with pytest.raises(InvalidDataError) as caught:
        the_bill(HEADER + ROW.replace(b"10.00\r\n", b"9.00\r\n"))
    assert "9.00" in caught.value.message
    assert "10.00" in caught.value.message


def test_unwanted_status():
    header = HEADER.replace(b"CompanyId,", b"CompanyId,Status,")
    with pytest.raises(NotRelevantError):
        the_bill(header + ROW.replace(b"ACME-US,", b"ACME-US,REJECTED,"))


def test_document_name_with_a_path_is_refused():
    header = HEADER.replace(b"CompanyId,", b"CompanyId,DocumentFile,")
    for name in (b"../secret", b"a/b.pdf", b".hidden"):
        with pytest.raises(InvalidDataError):
            the_bill(header + ROW.replace(b"ACME-US,", b"ACME-US," + name + b","))


# ---------------------------------------------------------------------------- writing


def written(template, rows):
    stream = io.BytesIO()
    writer = file_writer(template, stream)
    for row in rows:
        writer.write_document([writer.texts_of(row)])
    writer.close()
    return stream.getvalue()


def test_kinds_of_values():
    kinds = ("text", "decimal", "decimal", "date", "datetime", "boolean", "integer", "text")
    columns = tuple(FeedColumn(label=f"C{n}", name=f"c{n}", type=kind) for n, kind in enumerate(kinds))
    columns = (*columns[:2], dataclasses.replace(columns[2], decimals=2), *columns[3:])
    row = ("a\tb\r\nc\x00", 9.5, 2.0, date(2026, 7, 14), datetime(2026, 7, 14, 9, 5), True, 7, False)
    content = written(vendors(columns=columns), [row]).decode().split("\r\n")
    assert content[1] == "a b c,9.5,2.00,2026-07-14,2026-07-14T09:05:00Z,true,7,"


def test_words_of_the_vendor():
    column = FeedColumn(label="S", name="s", values=(("open", "O"), ("closed", "C")))
    assert written(vendors(columns=(column,)), [("open",), ("closed",)]) == b"S\r\nO\r\nC\r\n"


def test_lines_of_an_order_in_xml_can_be_read_again():
    template = orders(file_format="xml")
    row = [None] * len(template.columns)
    for index, column in enumerate(template.columns):
        row[index] = {"id": "P1", "LineId": "7", "Quantity": 2.5, "LineDescription": "<&>"}.get(column.name)
    content = written(template, [tuple(row)])
    readable = tuple(dataclasses.replace(column, required=False) for column in template.columns)
    (found,) = read_file(dataclasses.replace(template, columns=readable), content).documents
    assert (found.key, found.lines[0]["Quantity"], found.lines[0]["LineDescription"]) == ("P1", "2.5", "<&>")


# ---------------------------------------------------------------------------- fuzz

FUZZ = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
CELLS = st.text(alphabet=st.characters(codec="utf-8"), max_size=12)
AMOUNTS = st.decimals(min_value=-10_000, max_value=10_000, places=2, allow_nan=False, allow_infinity=False)
ODD = st.one_of(CELLS, AMOUNTS.map(str), st.sampled_from(["NaN", "1e5", "1,000.00", "٣", "-0", "2026-07-14", '"', ""]))


def only_our_errors(template, content):
    """Read all of it; nothing but errors of ours may be raised. Returns the bills."""
    bills = []
    try:
        documents = read_file(template, content).documents
    except ConnectorError as error:
        assert error.error_class == "validation"
        return bills
    for found in documents:
        try:
            bills.append(document(template, found))
        except ConnectorError as error:
            assert error.error_class in ("validation", "not_wanted")
    return bills


@FUZZ
@given(st.binary(max_size=400), st.sampled_from(["csv", "xml"]))
def test_any_bytes(content, file_format):
    only_our_errors(invoices(file_format=file_format), content)
    only_our_errors(invoices(file_format=file_format), HEADER + content)


@FUZZ
@given(st.data())
def test_damaged_samples(data):
    suffix = data.draw(st.sampled_from(["csv", "xml"]))
    content = bytearray(sample(suffix))
    for _damage in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content)))
        removed = data.draw(st.sampled_from([0, 1, 5, len(content)]))
        content[place : place + removed] = data.draw(st.binary(max_size=6))
    for bill in only_our_errors(invoices(file_format=suffix), bytes(content)):
        assert sum(line.amount for line in bill.lines) + (bill.tax_total or 0) == bill.total


@FUZZ
@given(st.lists(st.lists(ODD, min_size=9, max_size=9), max_size=5))
def test_any_cells(rows):
    stream = io.StringIO(newline="")
    csv.writer(stream).writerows(rows)
    for bill in only_our_errors(invoices(), HEADER + stream.getvalue().encode("utf-8", "replace")):
        assert sum(line.amount for line in bill.lines) == bill.total


@FUZZ
@given(st.lists(AMOUNTS, min_size=1, max_size=6), st.booleans())
def test_totals_are_never_wrong(amounts, is_wrong):
    total = sum(amounts) + (Decimal("0.01") if is_wrong else 0)
    rows = "".join(
        f"ACME-US,1,V1,2026-07-14,USD,{total},{number},600100,{amount}\r\n"
        for number, amount in enumerate(amounts, start=1)
    )
    bills = only_our_errors(invoices(), HEADER + rows.encode())
    assert len(bills) == (0 if is_wrong else 1)
    for bill in bills:
        sign = -1 if bill.is_credit else 1
        assert (sign * bill.total, [sign * line.amount for line in bill.lines]) == (total, amounts)


@FUZZ
@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=8))
def test_what_is_written_can_be_read(pairs):
    template = vendors(
        columns=(FeedColumn(label="VendorId", name="id"), FeedColumn(label="VendorName", name="name")), company_code=""
    )
    rows = [(f"V{number}", name) for number, (name, _other) in enumerate(pairs)]
    for suffix in ("csv", "xml"):
        written_as = dataclasses.replace(template, file_format=suffix)
        found = read_file(written_as, written(written_as, rows)).documents
        writer = file_writer(written_as, io.BytesIO())
        assert [entry.values.get("name", "") for entry in found] == [writer.texts_of(row)[1].strip() for row in rows]
