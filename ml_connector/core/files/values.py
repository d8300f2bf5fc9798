"""Values as they stand in files: strictly one format each, never a guess."""

import re
from datetime import datetime
from decimal import Decimal
from functools import lru_cache

TRIGGERS = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet take a text for a formula."""
SHOWN = 40
MAX_VALUE = 100_000
"""Characters of a value; a longer one is not taken."""
_NUMBER = re.compile(r"\d{1,20}(\.\d{1,12})?", re.ASCII)
_SEPARATED = re.compile(r"-?\d[\d.,' \u2019\u00a0\u202f\u2009]*", re.ASCII)
_MINUS = ("-", "\u2212")
_SPACES = "\u00a0\u202f\u2009"
"""What programs write where a number has a space: no-break, narrow, thin."""
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
    """A value is not what its column is for; `expected` says what would be."""

    def __init__(self, expected):
        super().__init__(expected)
        self.expected = expected


def reader_of(column, template):
    """A function from the text in a file, and the currency of its row, to the text that is kept; it raises Unfit."""
    backwards = {word: value for value, word in column.values}
    date, moment = template.date_format, template.datetime_format
    read = {
        "decimal": _number_reader(template),
        "integer": lambda text, _currency: _read_integer(text),
        "date": lambda text, _currency: _read_time(text, date, "Date format").date().isoformat(),
        "datetime": lambda text, _currency: _read_time(text, moment, "Date and time format").isoformat(),
        "boolean": lambda text, _currency: _read_boolean(text, template),
    }.get(column.type)
    if read:
        read = lru_cache(maxsize=512)(read)

    def value(text, currency):
        if len(text) > MAX_VALUE:
            raise Unfit(f"at most {MAX_VALUE:,} characters")
        if template.guard_formulas and text[:1] == "'" and text[1:2] in TRIGGERS:
            text = text[1:]
        text = backwards.get(text, text)
        return read(text, currency) if read and text else text

    return value


@lru_cache(maxsize=16)
def _number_reader(template):
    """Numbers in the forms of the template; a sign of the row's own currency is no part of them."""
    point, thousands = template.decimal_point, template.thousands
    is_accounting = template.negatives == "accounting"
    separators = thousands + _ALIKE.get(thousands, "") if thousands else _SPACES
    example = f"1{thousands}234{point}56"
    grouped = re.compile(rf"\d{{1,3}}(?:[{re.escape(separators)}]\d{{3}})+", re.ASCII)
    any_separator = re.compile(f"[{re.escape(separators)}]")

    def fault(text):
        setting = ""
        if not is_accounting and (text.endswith((")", *_MINUS)) or text.startswith(_MINUS[1])):
            setting = " by the template (Negative numbers)"
        elif _SEPARATED.fullmatch(text):
            setting = " by the template (Decimal point, Thousands separator)"
        return Unfit(f"a number such as {example}{setting}")

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
    """Whether a number is negative, and what is left of it without that mark and without a sign of its currency."""
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
    """The signs of a currency, the longest first."""
    if not re.fullmatch("[A-Z]{3}", currency):
        return ()
    signs = [sign for sign, codes in _CURRENCIES_OF.items() if currency in codes.split()]
    return tuple(sorted((*signs, currency), key=len, reverse=True))


def _read_integer(text):
    if not re.fullmatch(r"-?\d{1,18}", text, re.ASCII):
        raise Unfit("a whole number")
    return text


def _read_time(text, pattern, setting):
    try:
        if not text.isascii():
            raise ValueError
        return datetime.strptime(text, pattern)
    except ValueError:
        example = datetime(2026, 7, 31, 14, 5).strftime(pattern)
        raise Unfit(f"a date such as {example} by the template ({setting})") from None


def _read_boolean(text, template):
    words = {template.true_word: "true", template.false_word: "false"}
    if text not in words:
        raise Unfit(f"{template.true_word} or {template.false_word}")
    return words[text]


def writer_of(column, template):
    """A function from a value of Odoo to the text for a file."""
    words = dict(column.values)
    writers = {
        "decimal": lambda value: _write_number(value, column.decimals, template),
        "date": lambda value: value.strftime(template.date_format),
        "datetime": lambda value: value.strftime(template.datetime_format),
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
    """The usual case, of which there are millions in a large feed."""
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
    """A value as an error message quotes it."""
    text = " ".join(str(text).split())
    return f"“{text[:SHOWN]}…”" if len(text) > SHOWN else f"“{text}”"
