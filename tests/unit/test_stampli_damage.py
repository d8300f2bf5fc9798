"""What is wrong with a part of a file of Stampli costs that part only, and the work is bounded."""

import dataclasses
import gc
import re
import tracemalloc
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from stampli_support import PROVIDER, invoices, zipped

from ml_connector.core.errors import ConnectorError, FileFormatError
from ml_connector.core.files import csv_parser as csv_reader
from ml_connector.core.files import csv_rows, plain_xml
from ml_connector.core.files import parser_base as frame
from ml_connector.core.files.parse import Reading
from ml_connector.core.files.records import record_of

COLUMNS = (
    "CompanyId,StampliInvoiceId,VendorId,VendorName,InvoiceDate,Currency,TotalAmount,LineNumber,GLAccount,LineAmount,"
    "LineDescription"
).split(",")
HEADING = ",".join(COLUMNS)
CSV, XML = invoices(), invoices(file_format="xml")


def row(number, **changes):
    values = {
        "CompanyId": "ACME-US",
        "StampliInvoiceId": str(900000 + number),
        "VendorId": "V00017",
        "VendorName": "Northwind",
        "InvoiceDate": "2026-07-14",
        "Currency": "USD",
        "TotalAmount": "100.00",
        "LineNumber": "1",
        "GLAccount": "600100",
        "LineAmount": "100.00",
        "LineDescription": "Rent May",
        **changes,
    }
    return ",".join(values[name] for name in COLUMNS)


def table(*rows, end="\r\n", heading=HEADING):
    return end.join((heading, *rows, "")).encode()


def outcomes(template, content):
    """{id: the bill, or the sentence why there is none}, and the notes."""
    reading = Reading(template, content)
    found = {}
    for document in reading.documents:
        item = record_of(template, document)
        assert item.external_id not in found
        try:
            found[item.external_id] = PROVIDER.flow("invoices").document(item.payload)
        except ConnectorError as error:
            assert error.error_class in ("validation", "not_wanted")
            found[item.external_id] = error.message
    return found, " ".join(reading.notes)


def booked(template, content):
    """{id: total} of the bills, after it was seen that there are no others."""
    found, _notes = outcomes(template, content)
    assert not [sentence for sentence in found.values() if isinstance(sentence, str)], found
    return {key: -bill.total if bill.is_credit else bill.total for key, bill in found.items()}


def twenty(third):
    """The outcomes of a file of twenty invoices, of which the third one is this row."""
    rows = [row(number) for number in range(1, 21)]
    content = table(*rows).replace(rows[2].encode(), third)
    found, notes = outcomes(CSV, content)
    others = {key: bill for key, bill in found.items() if key.startswith("9000") and key != "900003"}
    assert len(others) == 19 and all(bill.total == 100 for bill in others.values())
    return {key: bill for key, bill in found.items() if key not in others}, notes


# ---------------------------------------------------------------------------- parts of a CSV file


def test_a_control_character_becomes_a_blank_in_a_text():
    found, notes = twenty(row(3, LineDescription="Rent\x0bMay").encode())
    assert found["900003"].lines[0].description == "Rent May"
    assert notes == "Line 4, LineDescription: a blank replaces a control character."


@pytest.mark.parametrize(
    ("third", "sentence"),
    [
        (row(3, VendorId="V\x001").encode(), "Line 4, VendorId: the value holds a control character (0)."),
        (row(3).encode().replace(b"V00017", b"V\xff\xfe17"), "Line 4, VendorId: “V\ufffd\ufffd17” is not valid utf-8"),
        (row(3, VendorName='"North').encode(), "Line 4: a quotation mark is missing, or there is one too many."),
        (row(3, VendorName='"North"wind').encode(), "Line 4: a quotation mark is missing, or there is one too many."),
        (row(3, LineDescription='"').encode(), "Line 4: a quotation mark is missing, or there is one too many."),
        (row(3, LineDescription="x" * 100_001).encode(), "expected at most 100,000 characters"),
        (row(3, LineDescription=f'"{"x" * 140_000}"').encode(), "a text has more than 131,072 characters"),
        (row(3, VendorName="x" * 1_000_001).encode(), "the row has more than 1,000,000 bytes"),
        (row(3, LineDescription="a,b").encode(), "Line 4 has 12 columns instead of 11."),
        (row(3).encode()[:-16], "Line 1 of the document has no LineAmount."),
        (row(3, LineDescription='"a\n' + row(4) + '\nb"').encode(), "a quoted text extends over other rows, to line 6"),
    ],
)
def test_a_bad_row_costs_its_invoice(third, sentence):
    found, _notes = twenty(third)
    assert list(found) == ["900003"]
    assert sentence in found["900003"]


def test_a_row_without_id_is_a_part_of_its_own():
    found, _notes = twenty(row(3, StampliInvoiceId="").encode())
    assert found == {"line 4": "Line 4 has no StampliInvoiceId."}


def test_a_line_break_in_the_middle_of_a_row():
    for broken in (row(3).replace("2026-07", "2026\n-07"), row(3).replace(",1,600100", "\n,900005,600100")):
        found, _notes = twenty(broken.encode())
        assert len(found) == 2 and all(isinstance(sentence, str) for sentence in found.values()), found


def test_the_end_of_a_file_inside_a_quoted_text():
    content = table(row(1), row(2, VendorName='"North'))
    found, _notes = outcomes(CSV, content.rstrip())
    assert (
        found["900001"].total == 100
        and found["900002"] == "Line 3: a quotation mark is missing, or there is one too many."
    )


def test_only_headings_that_are_read_must_be_there_once():
    content = table(row(1) + ",x,y", heading=HEADING + ",Comment,Comment")
    found, notes = outcomes(CSV, content)
    assert found["900001"].total == 100
    assert notes == "Columns that the file template does not name were skipped: Comment, Comment."
    with pytest.raises(FileFormatError, match="“TotalAmount” occurs twice"):
        Reading(CSV, table(row(1) + ",1.00", heading=HEADING + ",total amount"))


def test_a_bad_file_of_an_archive_costs_itself():
    template = dataclasses.replace(CSV, archives=True)
    bad = table(row(1), heading=HEADING.replace("VendorId", "Currency"))
    good = table(row(2), row(3, StampliInvoiceId=""))
    found, _notes = outcomes(template, zipped(("bad.csv", bad), ("good.csv", good), ("none.csv", b"")))
    assert found.pop("900002").total == 100
    assert found == {
        "bad.csv, line 1": "“bad.csv”: The heading “Currency” occurs twice.",
        "none.csv, line 0": "“none.csv”: The file is empty.",
        "good.csv, line 3": "“good.csv”: Line 3 has no StampliInvoiceId.",
    }


def test_an_invoice_in_two_files_of_an_archive():
    template = dataclasses.replace(CSV, archives=True)
    other = row(1, TotalAmount="7.00", LineAmount="7.00")
    found, notes = outcomes(template, zipped(("a.csv", table(row(1), row(2))), ("b.csv", table(row(2), other))))
    assert found["900002"].total == 100 and "900002” occurs twice: “a.csv” line 3, “b.csv” line 2." in notes
    assert "twice with different content: “a.csv” line 2, “b.csv” line 3." in found["900001"]


# ---------------------------------------------------------------------------- parts of an XML file


def element(number, total="100.00", more=""):
    return (
        f"<Invoice><CompanyId>ACME-US</CompanyId><StampliInvoiceId>{900000 + number}</StampliInvoiceId>"
        f"<VendorId>V00017</VendorId><InvoiceDate>2026-07-14</InvoiceDate><Currency>USD</Currency>"
        f"<TotalAmount>{total}</TotalAmount>{more}<Lines><Line><LineNumber>1</LineNumber>"
        f"<GLAccount>600100</GLAccount><LineAmount>{total}</LineAmount></Line></Lines></Invoice>\n"
    )


def export(*elements):
    return "".join(("<?xml version='1.0'?>\n<E xmlns='urn:e' count='3>2'>\n", *elements, "</E>")).encode()


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        ((b"ACME-US", b"ACME & US"), "Line 5, column 27: this is not well-formed XML"),
        ((b"ACME-US", b"ACME\x0bUS"), "Line 5, column 25: this is not well-formed XML"),
        ((b"ACME-US", b"ACME\xffUS"), "Line 5"),
        ((b"<VendorId>", b"<VendorId"), "this is not well-formed XML"),
        ((b"</Lines>", b"</Lixes>"), "mismatched tag"),
        ((b"<Invoice>", b"<Invxice>"), "mismatched tag"),
        ((b"</Invoice>", b""), "another Invoice begins before the previous one has ended"),
        ((b"<Lines>", b"<!--"), "Line 5, column 204: this is not well-formed XML (unclosed token)"),
        ((b"<Lines>", b"<![CDATA["), "well-formed XML (unclosed CDATA section)"),
        ((b"<Lines>", b"&nbsp;<Lines>"), "undefined entity"),
        ((b"<Lines>", b"<a>" * 20), "nested too deeply. The limit is 12 levels"),
        ((b"<Lines>", b"<a/>" * 2_000 + b"<Lines>"), "more than 2,000 elements, which is the limit"),
        ((b"<Lines>", b"<Memo>" + b"x" * 200_000 + b"</Memo><Lines>"), "expected at most 100,000 characters"),
    ],
)
def test_a_bad_element_costs_its_invoice(damage, sentence, monkeypatch):
    monkeypatch.setattr(plain_xml, "MAX_PART_ELEMENTS", 2_000)
    elements = [element(number) for number in range(1, 6)]
    elements[2] = elements[2].encode().replace(*damage).decode("latin-1")
    content = "".join(("<?xml version='1.0'?>\n<E xmlns='urn:e' count='3>2'>\n", *elements, "</E>")).encode("latin-1")
    found, _notes = outcomes(XML, content)
    assert sentence in found.pop("900003")
    assert {key: bill.total for key, bill in found.items()} == dict.fromkeys(
        ("900001", "900002", "900004", "900005"), 100
    )


def test_an_export_that_is_cut_is_refused_as_a_whole():
    with pytest.raises(FileFormatError, match="ends too early") as caught:
        Reading(XML, export(element(1), element(2))[:-100])
    assert caught.value.is_cut


def test_xml_in_other_encodings():
    content = export(element(1, more="<VendorName>Müller</VendorName>")).decode()
    western = dataclasses.replace(XML, encoding="cp1252")
    for encoding, template in (("utf-16", XML), ("utf-16-le", XML), ("cp1252", western)):
        plain = content.replace("<?xml version='1.0'?>", "")
        found, _notes = outcomes(template, plain.encode(encoding))
        assert found["900001"].vendor.name == "Müller"


# ---------------------------------------------------------------------------- what spreadsheets write


ACCOUNTING = dataclasses.replace(CSV, negatives="accounting")


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("(250.00)", "-250.00"),
        ("( 250.00 )", "-250.00"),
        ("50.00-", "-50.00"),
        ("50.00 -", "-50.00"),
        ("−50.00", "-50.00"),
        ("-50.00", "-50.00"),
        ("$(250.00)", "-250.00"),
        ("($250.00)", "-250.00"),
        ("-$250.00", "-250.00"),
        ("USD 250.00", "250.00"),
        ("250.00 US$", "250.00"),
    ],
)
def test_accounting_forms_by_setting(text, amount):
    assert booked(ACCOUNTING, table(row(1, TotalAmount=text, LineAmount=text))) == {"900001": Decimal(amount)}


@pytest.mark.parametrize(
    "text", ["(-5.00)", "-(5.00)", "-5.00-", "(5.00", "5.00)", "--5.00", "()", "-", "$", "$$5.00", "€5.00"]
)
def test_forms_that_mean_nothing(text):
    found, _notes = outcomes(ACCOUNTING, table(row(1, TotalAmount=text, LineAmount=text)))
    assert f"expected a number like 1234.56, found “{text}”" in found["900001"]


NEGATIVES = "expected a number like 1234.56 (otherwise set Negative Numbers in the file template), found “{}”."


@pytest.mark.parametrize(
    ("column", "text", "sentence"),
    [
        *(("TotalAmount", text, NEGATIVES.format(text)) for text in ("(250.00)", "50.00-", "−50.00")),
        ("TotalAmount", '"1,5"', "(otherwise set Decimal Point and Thousands Separator in the file template)"),
        ("InvoiceDate", "14/07/2026", "expected a date like 2026-07-31 (Date Format of the file template)"),
    ],
)
def test_the_sentence_names_the_setting(column, text, sentence):
    found, _notes = outcomes(CSV, table(row(1, **{column: text})))
    assert sentence in found["900001"]


@pytest.mark.parametrize(
    ("text", "currency", "point", "thousands", "amount"),
    [
        ("$1,234.56", "USD", ".", ",", "1234.56"),
        ("-€1.234,56", "EUR", ",", ".", "-1234.56"),
        ("1\u00a0234,56\u00a0zł", "PLN", ",", " ", "1234.56"),
        ("kr 1\u202f234,56", "NOK", ",", " ", "1234.56"),
        ("1\u00a0234\u00a0567,5", "EUR", ",", " ", "1234567.5"),
        ("1 234,56", "EUR", ",", " ", "1234.56"),
        ("1\u00a0234,56", "EUR", ",", "", "1234.56"),
        ("\u00a01234.56\u202f", "USD", ".", "", "1234.56"),
        ("1'234.56", "CHF", ".", "'", "1234.56"),
        ("CHF 1\u2019234.56", "CHF", ".", "'", "1234.56"),
    ],
)
def test_signs_of_currencies_and_spaces(text, currency, point, thousands, amount):
    template = dataclasses.replace(CSV, decimal_point=point, thousands=thousands, delimiter=";")
    content = table(row(1, TotalAmount=text, LineAmount=text, Currency=currency)).replace(b",", b";")
    content = content.replace(text.replace(",", ";").encode(), text.encode())
    assert booked(template, content) == {"900001": Decimal(amount)}


@pytest.mark.parametrize(
    ("text", "currency", "thousands"),
    [
        ("$1234.56", "EUR", ""),
        ("€5", "USD", ""),
        ("1\u00a023.56", "USD", ""),
        ("1 234.56", "USD", ""),
        ("1\u00a0234", "USD", ","),
        ("$5", "", ""),
    ],
)
def test_what_is_not_of_the_row_is_refused(text, currency, thousands):
    template = dataclasses.replace(CSV, thousands=thousands)
    found, _notes = outcomes(template, table(row(1, TotalAmount=text, LineAmount=text, Currency=currency)))
    assert isinstance(found["900001"], str)


def test_the_example_has_the_separators_of_the_template():
    template = dataclasses.replace(CSV, decimal_point=",", thousands=" ")
    found, _notes = outcomes(template, table(row(1, TotalAmount="x")))
    assert "a number like 1 234,56" in found["900001"]


@pytest.mark.parametrize("told", ["sep=;", '"sep=;"', "SEP=;", "sep=;;;;;", "\ufeffsep=;"])
def test_the_line_that_names_the_separator(told):
    for delimiter in (";", ","):
        content = (told + "\r\n").encode() + table(row(1), row(2)).replace(b",", b";")
        assert len(booked(dataclasses.replace(CSV, delimiter=delimiter), content)) == 2


@pytest.mark.parametrize("told", ['sep="', "sep=a", "sep=\x00", "sep=\u0142", "sep=", "sep=;;x"])
def test_no_separator_is_named(told):
    """The line is one of those that may stand above the headings."""
    assert len(booked(CSV, (told + "\r\n").encode() + table(row(1)))) == 1


def test_another_separator_is_seen_in_the_headings():
    for delimiter, name in ((b"\t", "tabs"), (b";", "“;”"), (b"|", "“|”")):
        with pytest.raises(FileFormatError, match=f"Line 1: the headings are separated by {re.escape(name)}. Set"):
            Reading(CSV, table(row(1)).replace(b",", delimiter))


def test_last_cells_that_are_left_out_are_empty():
    rows = [row(1) + ",,,x", row(1, LineNumber="2") + ",", row(2)]
    rows = [text.replace("100.00,", "200.00,", 1) if number < 2 else text for number, text in enumerate(rows)]
    content = table(*rows, heading=HEADING + ",Memo,Department,Note")
    assert booked(CSV, content) == {"900001": 200, "900002": 100}


def test_titles_totals_and_repeated_headings():
    content = table(
        row(1),
        "",
        HEADING,
        row(2),
        ",,,,,,,,,,",
        ",,,Total,,USD,200.00,,,200.00,",
        "Subtotal,,,,,,200.00,,,,",
        "Printed on 21/11/2026",
        heading=f"Approved invoices,,,,\r\nfrom 01/11/2026 to 30/11/2026\r\n\r\n{HEADING}",
    )
    found, notes = outcomes(CSV, content)
    assert list(found) == ["900001", "900002"] and all(bill.total == 100 for bill in found.values())
    assert notes == (
        "The headings are on line 4. The lines before it were skipped. Line 7 repeats the headings and was skipped."
        " Line 10 holds totals and was skipped. Line 11 holds totals and was skipped."
        " Line 12 holds only “Printed on 21/11/2026” and was skipped."
    )


def test_rows_to_leave_out_by_setting():
    content = table(row(1), row(2, CompanyId="Zwischensumme"))
    assert len(outcomes(CSV, content)[0]) == 2
    found, notes = outcomes(dataclasses.replace(CSV, left_out=("zwischensumme",)), content)
    assert list(found) == ["900001"] and "Line 3 begins with “zwischensumme” and was skipped." in notes


def test_a_row_that_only_resembles_a_total_is_kept():
    rows = row(1, CompanyId="Total", StampliInvoiceId=""), row(2, StampliInvoiceId="Total-7")
    found, _notes = outcomes(CSV, table(*rows))
    assert sorted(found) == ["Total-7", "line 2"]


# ---------------------------------------------------------------------------- encodings


def encoded(encoding, *names, told="utf-8"):
    rows = [row(number, VendorName=name) for number, name in enumerate(names, start=1)]
    return outcomes(dataclasses.replace(CSV, encoding=told), table(*rows).decode().encode(encoding))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "utf-8"])
@pytest.mark.parametrize("told", ["utf-8", "cp1252", "utf-16"])
def test_encodings_that_show_themselves(encoding, told):
    found, notes = encoded(encoding, "Zażółć Gęślą Sp. z o.o.", told=told)
    assert found["900001"].vendor.name == "Zażółć Gęślą Sp. z o.o."
    assert ("not in" in notes) == (encoding in ("utf-16-le", "utf-16-be") or (encoding == "utf-8" != told))


def test_an_encoding_without_doubt_is_read_and_noted():
    found, notes = encoded("cp1250", "Zażółć Gęślą Sp. z o.o. Łódź")
    assert found["900001"].vendor.name == "Zażółć Gęślą Sp. z o.o. Łódź"
    assert notes == "The file is encoded in cp1250, not in utf-8 as in its template."


def test_an_encoding_in_doubt_is_named_and_costs_its_rows_only():
    found, _notes = encoded("cp1252", "Northwind", "Müller")
    assert found["900001"].total == 100
    assert "Line 3, VendorName: “M\ufffdller” is not valid utf-8. If the file is in cp1252" in found["900002"]
    found, _notes = encoded("cp1252", "Northwind", "Müller", told="cp1252")
    assert found["900002"].vendor.name == "Müller"


def test_damage_in_utf8_is_no_other_encoding():
    content = table(row(1, VendorName="Łódź"), row(2, VendorName="Müller")).replace("ü".encode(), b"\xfc")
    found, notes = outcomes(CSV, content)
    assert found["900001"].vendor.name == "Łódź" and not notes
    assert found["900002"] == "Line 3, VendorName: “M\ufffdller” is not valid utf-8."


# ---------------------------------------------------------------------------- bounds


def test_limits_are_named(monkeypatch):
    monkeypatch.setattr(csv_reader, "MAX_ROWS", 10)
    with pytest.raises(FileFormatError, match="more than 10 rows, which is the limit"):
        Reading(CSV, table(*map(row, range(11))))
    monkeypatch.setattr(csv_reader, "MAX_DAMAGED", 5)
    with pytest.raises(FileFormatError, match="more than 5 unreadable rows"):
        Reading(CSV, table(*(row(number, VendorName='"a"b') for number in range(6))))
    monkeypatch.setattr(frame, "MAX_LINES", 3)
    found, _notes = outcomes(CSV, table(*(row(1, LineNumber=str(number)) for number in range(5))))
    assert found["900001"].startswith("The document has more than 3 lines, which is the limit.")
    monkeypatch.setattr(plain_xml, "MAX_ELEMENTS", 20)
    with pytest.raises(FileFormatError, match="more than 20 elements, which is the limit"):
        Reading(XML, export(element(1), element(2)))


def test_notes_and_problems_have_an_end():
    rows = [row(1)] * 500 + [row(2, LineNumber=str(number), LineAmount="x") for number in range(500)]
    reading = Reading(CSV, table(*rows))
    assert [len(document.problems) for document in reading.documents] == [0, frame.MAX_PROBLEMS]
    assert len(reading.notes) == frame.MAX_NOTES + 1


@pytest.mark.parametrize(
    "content",
    [
        table(*(row(number % 700) for number in range(6_000))),
        table(*(row(1, LineNumber=str(number)) for number in range(6_000))),
        table(*('"a\n' * 3 for _number in range(6_000))),
        table(*(row(1, VendorName='"') for _number in range(900))),
        table("," * 900_000),
        table('"' * 900_000),
    ],
    ids=["scattered", "one", "quotes", "open", "commas", "only quotes"],
)
def test_work_grows_with_the_size_and_no_faster(content, monkeypatch):
    """Counted in lines that are looked at: times on a busy machine say nothing."""
    looked = 0
    line = csv_rows.LINE

    class Counting:
        def match(self, *arguments):
            nonlocal looked
            looked += 1
            return line.match(*arguments)

    monkeypatch.setattr(csv_rows, "LINE", Counting())
    try:
        Reading(CSV, content)
    except FileFormatError:
        pass
    assert looked < 12 * content.count(b"\n") + 1_500


@pytest.mark.parametrize("kind", ["csv", "xml"])
def test_memory_does_not_grow_with_the_documents(kind):
    template = {"csv": CSV, "xml": XML}[kind]
    peaks = []
    for count in (300, 1_200):
        content = table(*map(row, range(count))) if kind == "csv" else export(*map(element, range(count)))
        gc.collect()
        tracemalloc.start()
        assert sum(1 for _document in Reading(template, content).documents) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 900 * 400


# ---------------------------------------------------------------------------- random damage

FUZZ = settings(max_examples=2_000, deadline=None, suppress_health_check=list(HealthCheck), database=None)
SHARP = st.sampled_from(
    [b'"', b'""', b"\n", b"\r\n", b"\r", b",", b",,", b"\x00", b"\x0b", b"\xff", b"\xc5", b"-", b"(", b"0", b"'", b";"]
    + [b"<", b">", b"&", b"</", b"/>", b"<!--", b"<![CDATA[", b"]]>", b"<?", b"900005", b"\xef\xbb\xbf"]
)
PLACE = st.floats(0, 1, exclude_max=True)
DAMAGE = st.tuples(st.integers(0, 5), PLACE, st.integers(0, 6), st.one_of(SHARP, st.binary(max_size=5)))


def of_csv(number):
    rows = [
        row(
            number,
            VendorName='"Wind, ""North"" Łódź"' if number % 2 else "Northwind",
            TotalAmount=f"{300 + number}.00",
            LineNumber=str(line),
            LineAmount="100.00" if line < 3 else f"{100 + number}.00",
            LineDescription='"Rent\r\nof May"' if number % 3 == 0 else "Rent",
        )
        for line in (1, 2, 3)
    ]
    return ("\r\n".join(rows) + "\r\n").encode()


def of_xml(number):
    return element(number, f"{300 + number}.00", "<Memo>a &amp; b</Memo><!-- Łódź -->").encode()


PARTS = {
    "csv": (CSV, (HEADING + "\r\n").encode(), [of_csv(number) for number in range(1, 7)], b"", 2),
    "xml": (XML, export()[: -len(b"</E>")], [of_xml(number) for number in range(1, 7)], b"</E>", 1),
}
WHOLE = {kind: outcomes(parts[0], b"".join((parts[1], *parts[2], parts[3])))[0] for kind, parts in PARTS.items()}


@pytest.mark.parametrize("kind", ["csv", "xml"])
@FUZZ
@given(DAMAGE)
@example((0, 0.0234375, 0, b"/>"))  # an element without anything in it
def test_damage_to_a_part_changes_the_outcome_of_that_part_only(kind, damage):
    template, before, parts, after, ending = PARTS[kind]
    number, where, removed, put = damage
    part = parts[number]
    place = int(where * (len(part) - ending))
    damaged = part[:place] + put + part[min(place + removed, len(part) - ending) :]
    others = [key for key in WHOLE[kind] if key != str(900001 + number)]
    assume(not any(key.encode() in damaged for key in others))
    content = b"".join((before, *parts[:number], damaged, *parts[number + 1 :], after))
    found, _notes = outcomes(template, content)
    assert {key: found.get(key) for key in others} == {key: WHOLE[kind][key] for key in others}
    for key, bill in found.items():
        if key not in others and not isinstance(bill, str):
            assert bill.total == WHOLE[kind][str(900001 + number)].total
