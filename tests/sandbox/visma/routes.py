"""The handlers of the API by operation, and what its lists share."""

from datetime import datetime
from operator import ge, gt, itemgetter, le, lt

from ..server import Handlers
from .errors import mismatch, not_found, refuse

handlers = Handlers()
STATUS = itemgetter("status")
CONDITIONS = {">": gt, ">=": ge, "<": lt, "<=": le}
FORMATS = ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f")


def compared(call, name, value_of):
    """The filter of a pair `<name>`, `<name>Condition`, which count together only."""
    wanted, condition = call.query.get(name), call.query.get(f"{name}Condition")
    if not (wanted and condition):
        return lambda row: True
    compare = CONDITIONS.get(condition)
    if compare is None:
        raise refuse(f"The value '{condition}' is not valid for {name}Condition.")
    limit = _moment(wanted, name)
    return lambda row: compare(_moment(value_of(row), name), limit)


def supplier_of(row):
    return row["supplier"]["number"]


def modified(call):
    return compared(call, "lastModifiedDateTime", lambda row: row["lastModifiedDateTime"])


def page_of(call, rows):
    """A page, each row with its metadata. Without both arguments a default page comes, and the rest is missed."""
    settings = call.sandbox.settings
    asked = "pageNumber" in call.query or "pageSize" in call.query
    size = min(call.query.get("pageSize") or settings.max_page_size, settings.max_page_size)
    size = size if asked else settings.default_page_size
    start = ((call.query.get("pageNumber") or 1) - 1) * size
    metadata = {"totalCount": len(rows), "maxPageSize": settings.max_page_size}
    return [{**row, "metadata": metadata} for row in rows[start : start + size]]


def found(rows, key):
    row = rows.get(key)
    if row is None:
        raise not_found()
    return row


def known(rows, code, label, refusal=refuse):
    """The row of a code that a body names."""
    if code not in rows:
        raise refusal(f"The {label} '{code}' cannot be found in the system.")
    return rows[code]


def listed(call, rows, *keeps, **equal):
    """The rows that changed as asked and whose value equals the argument, where it is given.

    :param keeps: more filters
    :param equal: {query argument: value of a row}
    """
    keeps = [modified(call), *keeps]
    wanted = [(value_of, call.query[name]) for name, value_of in equal.items() if call.query.get(name) is not None]
    return [
        row
        for row in rows.values()
        if all(keep(row) for keep in keeps) and all(value_of(row) == value for value_of, value in wanted)
    ]


def check_version(call, row):
    """`If-Match` is optional; without it the last writer wins."""
    wanted = call.request.headers.get("If-Match")
    if wanted and wanted.strip('"') != row["timeStamp"]:
        raise mismatch()


def _moment(text, name):
    for pattern in FORMATS:
        try:
            return datetime.strptime(text, pattern)
        except ValueError:
            continue
    raise refuse(f"The value '{text}' is not valid for {name}.")
