"""The dates of a document of any kind."""

from dataclasses import fields, is_dataclass
from datetime import date
from functools import cache
from typing import get_args


def dates_of(document):
    """All dates of a document and of its parts."""
    dates, parts = _fields_of(type(document))
    found = [value for name in dates if (value := getattr(document, name))]
    for name in parts:
        value = getattr(document, name)
        for part in value if isinstance(value, tuple) else (value,):
            found += dates_of(part)
    return found


@cache
def _fields_of(kind):
    """Names of the date fields of a class of documents, and of the fields whose parts have dates."""
    dates, parts = [], []
    for field in fields(kind) if is_dataclass(kind) else ():
        kinds = (field.type, *get_args(field.type))
        if date in kinds:
            dates.append(field.name)
        elif any(is_dataclass(part) and any(_fields_of(part)) for part in kinds):
            parts.append(field.name)
    return tuple(dates), tuple(parts)
