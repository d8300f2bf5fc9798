"""Values in files: each column has exactly one format."""

import functools
import re
from datetime import datetime
from decimal import Decimal
from functools import lru_cache

from ..messages import _

TRIGGERS = ("=", "+", "-", "@", "\t", "\r")
"""First characters by which a spreadsheet reads a text as a formula."""
SHOWN = 40
MAX_VALUE = 100_000
"""Limit of the characters of a value."""
_NUMBER = re.compile(r"\d{1,20}(\.\d{1,12})?", re.ASCII)
_SEPARATED = re.compile(r"-?\d[\d.,' \u2019\u00a0\u202f\u2009]*", re.ASCII)
_MINUS = ("-", "\u2212")
_SPACES = "\u00a0\u202f\u2009"
"""Spaces that programs write in numbers: no-break, narrow, thin."""
_ALIKE = {" ": _SPACES, "'": "\u2019"}
_CURRENCIES_OF = {
    "$": "USD CAD AUD NZD SGD HKD MXN TWD CLP COP ARS",
    "\u20ac": "EUR",
    "\u00a3": "GBP EGP LBP",
    "\u00a5": "JPY CNY",
    "kr": "NOK SEK DKK ISK",
    "kr.": "DKK NOK SEK ISK",
    "z\u0142": "PLN",
    "K\u010d": "CZK",
    "Ft": "HUF",
    "lei": "RON",
    "Fr.": "CHF",
    "SFr.": "CHF",
    "\u20b9": "INR",
    "\u20a9": "KRW",
    "\u20ba": "TRY",
    "\u20aa": "ILS",
    "\u20b4": "UAH",
    "\u0e3f": "THB",
    "\u20ab": "VND",
    "\u20b1": "PHP",
    "R$": "BRL",
    "R": "ZAR",
    "RM": "MYR",
    "Rp": "IDR",
    "US$": "USD",
    "CA$": "CAD",
    "C$": "CAD",
    "A$": "AUD",
    "NZ$": "NZD",
    "S$": "SGD",
    "HK$": "HKD",
    "MX$": "MXN",
}


class Unfit(ValueError):
    """A value does not fit its column; `expected` describes one that does."""

    def __init__(self, expected):
        super().__init__(expected)
        self.expected = expected


def reader_of(column, template):
    """A function from the text in a file, and the currency of its row, to the stored text; it raises Unfit."""
    backwards = {word: value for value, word in column.values}
    date, moment = template.date_format, template.datetime_format
    read = {
        "decimal": _number_reader(template),
        "integer": lambda text, _currency: _read_integer(text),
        "date": lambda text, _currency: _read_time(text, date).date().isoformat(),
        "datetime": lambda text, _currency: _read_time(text, moment, with_time=True).isoformat(),
        "boolean": lambda text, _currency: _read_boolean(text, template),
    }.get(column.type)
    if read:
        read = lru_cache(maxsize=512)(read)

    def value(text, currency):
        if len(text) > MAX_VALUE:
            raise Unfit(_("at most %(limit)s characters", limit=Decimal(MAX_VALUE)))
        if template.guard_formulas and text[:1] == "'" and text[1:2] in TRIGGERS:
            text = text[1:]
        text = backwards.get(text, text)
        return read(text, currency) if read and text else text

    return value


@lru_cache(maxsize=16)
def _number_reader(template):
    """Reads numbers in the format of the template, with or without the symbol of the row's currency."""
    point, thousands = template.decimal_point, template.thousands
    is_accounting = template.negatives == "accounting"
    separators = thousands + _ALIKE.get(thousands, "") if thousands else _SPACES
    example = f"1{thousands}234{point}56"
    grouped = re.compile(rf"\d{{1,3}}(?:[{re.escape(separators)}]\d{{3}})+", re.ASCII)
    any_separator = re.compile(f"[{re.escape(separators)}]")

    def fault(text):
        if not is_accounting and (text.endswith((")", *_MINUS)) or text.startswith(_MINUS[1])):
            return Unfit(
                _("a number like %(example)s (otherwise set Negative Numbers in the file template)", example=example)
            )
        if _SEPARATED.fullmatch(text):
            return Unfit(
                _(
                    "a number like %(example)s (otherwise set Decimal Point and Thousands Separator in the file"
                    " template)",
                    example=example,
                )
            )
        return Unfit(_("a number like %(example)s", example=example))

    def read(text, currency):
        is_negative, body = _bare(text, currency, is_accounting)
        whole, mark, rest = body.partition(point)
        if any_separator.search(whole):
            if not grouped.fullmatch(whole):
                raise fault(text)
            whole = any_separator.sub("", whole)
        if point != "." and "." in whole + rest:
            raise fault(text)
        plain = f"{whole}.{rest}" if mark else whole
        if not _NUMBER.fullmatch(plain):
            raise fault(text)
        return f"-{plain}" if is_negative else plain

    return read


def _bare(text, currency, is_accounting):
    """Whether a number is negative, and its text without minus sign and currency symbol."""
    marks = signs = 0
    body = text
    while body and marks < 2 and signs < 2:
        if body[0] == "-" or (is_accounting and body[0] == _MINUS[1]):
            body, marks = body[1:].lstrip(), marks + 1
        elif is_accounting and body[0] == "(" and body[-1] == ")":
            body, marks = body[1:-1].strip(), marks + 1
        elif is_accounting and body[-1] in _MINUS:
            body, marks = body[:-1].rstrip(), marks + 1
        elif sign := next((sign for sign in _signs(currency) if body.startswith(sign)), ""):
            body, signs = body[len(sign) :].lstrip(), signs + 1
        elif sign := next((sign for sign in _signs(currency) if body.endswith(sign)), ""):
            body, signs = body[: -len(sign)].rstrip(), signs + 1
        else:
            break
    return (marks == 1, body) if marks < 2 and signs < 2 else (False, text)


@lru_cache(maxsize=256)
def _signs(currency):
    """The symbols of a currency, the longest first."""
    if not re.fullmatch("[A-Z]{3}", currency):
        return ()
    signs = [sign for sign, codes in _CURRENCIES_OF.items() if currency in codes.split()]
    return tuple(sorted((*signs, currency), key=len, reverse=True))


def _read_integer(text):
    if not re.fullmatch(r"-?\d{1,18}", text, re.ASCII):
        raise Unfit(_("an integer"))
    return text


def _read_time(text, pattern, with_time=False):
    try:
        if not text.isascii():
            raise ValueError
        return datetime.strptime(text, pattern)
    except ValueError:
        example = datetime(2026, 7, 31, 14, 5).strftime(pattern)
        if with_time:
            expected = _(
                "a date and time like %(example)s (Date and Time Format of the file template)", example=example
            )
        else:
            expected = _("a date like %(example)s (Date Format of the file template)", example=example)
        raise Unfit(expected) from None


def _read_boolean(text, template):
    words = {template.true_word: "true", template.false_word: "false"}
    if text not in words:
        raise Unfit(_("%(yes)s or %(no)s", yes=template.true_word, no=template.false_word))
    return words[text]


def writer_of(column, template):
    """A function from an Odoo value to its text in a file."""
    words = dict(column.values)
    writers = {
        "decimal": lambda value: _write_number(value, column.decimals, template),
        # the days of a file repeat
        "date": functools.lru_cache(lambda value: value.strftime(template.date_format)),
        "datetime": functools.lru_cache(lambda value: value.strftime(template.datetime_format)),
        "boolean": lambda value: template.true_word if value else template.false_word,
    }
    write = writers.get(column.type) or _text
    is_text = column.type == "text"
    if write is _text and not (words or column.max_length or (is_text and template.guard_formulas)):
        return _plain_text

    def text(value):
        if value is None or (value is False and column.type != "boolean"):
            return ""
        result = words.get(str(value)) if words else None
        if result is None:
            result = write(value)
        if column.max_length and len(result) > column.max_length:
            result = result[: column.max_length]
        if is_text and template.guard_formulas and result[:1] in TRIGGERS and result:
            result = f"'{result}"
        return result

    return text


_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\ud800-\udfff\ufffe\uffff]+")


def _text(value):
    """One line without control characters."""
    value = value if isinstance(value, str) else str(value)
    return value if value.isprintable() else _CONTROL.sub(" ", value).strip()


def _plain_text(value):
    """The usual case: a large file has millions of such values."""
    if value.__class__ is str and value.isprintable():
        return value
    return "" if value is None or value is False else _text(value)


def _write_number(value, decimals, template):
    if isinstance(value, float):
        value = repr(value) if decimals is None else f"{value:.{decimals}f}"
    number = Decimal(value)
    text = f"{number:f}" if decimals is None else f"{number:.{decimals}f}"
    if decimals is None and "." in text:
        text = text.rstrip("0").rstrip(".")
    text = text.replace("-0", "0", 1) if not number else text
    return text.replace(".", template.decimal_point) if template.decimal_point != "." else text


def shown(text):
    """A value in quotation marks for an error message, shortened."""
    text = " ".join(str(text).split())
    return f"“{text[:SHOWN]}…”" if len(text) > SHOWN else f"“{text}”"
