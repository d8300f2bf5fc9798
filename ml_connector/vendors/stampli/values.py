"""Values as they stand in files: strictly one format each, never a guess."""

import re
from datetime import datetime
from decimal import Decimal
from functools import lru_cache

TRIGGERS = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet take a text for a formula."""
SHOWN = 40
_NUMBER = re.compile(r"-?\d{1,20}(\.\d{1,12})?", re.ASCII)


class Unfit(ValueError):
    """A value is not what its column is for; `expected` says what would be."""

    def __init__(self, expected):
        super().__init__(expected)
        self.expected = expected


def reader_of(column, template):
    """A function from the text in a file to the text that is kept, which raises Unfit. Results are remembered."""
    backwards = {word: value for value, word in column.values}
    readers = {
        "decimal": lambda text: _read_number(text, template.decimal_point, template.thousands),
        "integer": _read_integer,
        "date": lambda text: _read_time(text, template.date_format).date().isoformat(),
        "datetime": lambda text: _read_time(text, template.datetime_format).isoformat(),
        "boolean": lambda text: _read_boolean(text, template),
    }
    read = readers.get(column.type)

    @lru_cache(maxsize=4096)
    def value(text):
        if template.guard_formulas and text[:1] == "'" and text[1:2] in TRIGGERS:
            text = text[1:]
        text = backwards.get(text, text)
        return read(text) if read and text else text

    return value


def _read_number(text, point, thousands):
    plain = text
    if thousands:
        whole, mark, rest = text.partition(point)
        if thousands in rest or (thousands in whole and not _grouped(whole, thousands)):
            raise Unfit(f"a number such as 1{thousands}234{point}56")
        plain = whole.replace(thousands, "") + mark + rest
    if point != ".":
        if "." in plain:
            raise Unfit(f"a number with {point} before its decimals")
        plain = plain.replace(point, ".")
    if not _NUMBER.fullmatch(plain):
        raise Unfit(f"a number such as 1234{point}56")
    return plain


def _grouped(whole, thousands):
    return re.fullmatch(rf"-?\d{{1,3}}({re.escape(thousands)}\d{{3}})*", whole, re.ASCII)


def _read_integer(text):
    if not re.fullmatch(r"-?\d{1,18}", text, re.ASCII):
        raise Unfit("a whole number")
    return text


def _read_time(text, pattern):
    try:
        if not text.isascii():
            raise ValueError
        return datetime.strptime(text, pattern)
    except ValueError:
        raise Unfit(f"a date such as {datetime(2026, 7, 31, 14, 5).strftime(pattern)}") from None


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
