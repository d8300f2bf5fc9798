"""Rows of a provider's list as `RemoteRecord`s. A row that cannot be read costs itself only: it is one that fails."""

# Odoo translates, and there is no Odoo here.

import re
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from .errors import InvalidDataError, PermanentError, RemoteError, UnreadableRowError
from .http import Unreadable, content_key
from .provider import RemotePage, RemoteRecord, content_version

UNREADABLE = "unreadable:"
"""How the ids begin that we give to rows which cannot be read and have none of the provider's."""
FAULT = "unreadable"
"""Key of the sentence in the payload of such a row."""
LONGEST_ID = 500
"""Characters that an index of the database surely takes."""
MALFORMED = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What a value of another type than expected raises."""
_QUERY = re.compile(r"(https?://[^\s?#\"]+)[?#][^\s\"]*")


def id_of(row):
    """The provider's id of a row; empty when it has none."""
    value = row.get("id")
    return value if isinstance(value, str) else ""


def own_id(row):
    """An id of ours by the provider's, for rows that are not known under their own."""
    value = id_of(row)
    return f"{UNREADABLE}{value}" if value else ""


def pages(found, read, label, *, identify=id_of, parallel=1):
    """A `RemotePage` for each page of rows.

    :param read: gives the item of a row, a list of items, or None when the row is not for us.
        Raises InvalidDataError for what cannot be read
    :param label: of the provider
    :param identify: gives the id under which a row is known that cannot be read; empty: by its content
    :param parallel: how many rows are read at a time, where reading one makes calls
    """
    for number, rows in enumerate(found, 1):
        yield RemotePage(items=items(rows, read, label, page=number, identify=identify, parallel=parallel))


def items(rows, read, label, *, page=1, identify=id_of, parallel=1):
    """The items of the rows of one page; see `pages`."""
    numbered = [(f"Row {number} of page {page}", row) for number, row in enumerate(rows, 1)]
    one = partial(_read, read, label, identify)
    if parallel > 1 and len(numbered) > 1:
        with ThreadPoolExecutor(parallel) as pool:
            found = list(pool.map(one, numbered))
    else:
        found = [one(row) for row in numbered]
    return tuple(item for part in found for item in part)


def fetched(read, external_id, label):
    """The item that `read()` gives of a single record; one that fails where the record cannot be read."""
    try:
        return read()
    except InvalidDataError as error:
        reason = error.message
    except MALFORMED as error:
        reason = _reason(error)
    return _unreadable({}, external_id, label, reason, external_id)


def document_of(provider, flow, payload):
    """The document of a payload.

    :raises UnreadableRowError: the row could not be read in the first place
    """
    refuse_unreadable(payload)
    return provider.document(flow, payload)


def refuse_unreadable(payload):
    if payload.get(FAULT):
        raise UnreadableRowError(payload[FAULT])


def _read(read, label, identify, numbered):
    place, row = numbered
    external_id = ""
    try:
        if isinstance(row, Unreadable):
            raise InvalidDataError(f"It is {_told(row.raw)}, not a record.")
        external_id = _checked(identify(row))
        found = read(row)
        made = found if isinstance(found, list) else [found] if found else []
        for item in made:
            _checked(item.external_id)
        return made
    except InvalidDataError as error:
        reason = error.message
    except (PermanentError, RemoteError):
        if not external_id:
            raise
        # what belongs to it cannot be had now: the row alone is read again later
        return [RemoteRecord(external_id=external_id, version="unread", title=external_id, payload={})]
    except MALFORMED as error:
        reason = _reason(error)
    known = external_id.removeprefix(UNREADABLE)
    return [_unreadable(row, f"{place} ({known})" if known else place, label, reason, external_id)]


def _reason(error):
    return f"Something in it is not as expected ({type(error).__name__})."


def _unreadable(row, place, label, reason, external_id):
    # without an id its content tells it from others, without the ends of links, which differ at every reading
    version = content_version(reason if external_id else _QUERY.sub(r"\1", content_key(row)))
    sentence = f"{place} of a list of {label} cannot be read. {reason} Have it corrected there, then ignore this row."
    raw = row.raw if isinstance(row, Unreadable) else row
    return RemoteRecord(
        external_id=external_id or f"{UNREADABLE}{version}",
        version=version,
        title=place,
        payload={FAULT: sentence, "row": raw},
    )


def _checked(external_id):
    if len(external_id) > LONGEST_ID:
        raise InvalidDataError(f"Its id has {len(external_id)} characters.")
    return external_id


def _told(value):
    names = {type(None): "null", str: "a text", bool: "true or false", list: "a list"}
    return names.get(type(value), "a number")
