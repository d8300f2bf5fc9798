"""Makes `RemoteRecord`s of the rows of a provider's list. An unreadable row becomes a record that fails."""

import re
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from .errors import InvalidDataError, PermanentError, RemoteError, UnreadableRowError
from .http import Unreadable, content_key
from .messages import Message, _, paragraph
from .remote import RemotePage, RemoteRecord, content_version

UNREADABLE = "unreadable:"
"""Prefix of the IDs that Odoo gives to unreadable rows without an ID of the provider."""
FAULT = "unreadable"
"""Key of the sentence in the payload of such a row."""
LONGEST_ID = 500
"""Characters that certainly fit into an index of the database."""
MALFORMED = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""Exceptions that a value of an unexpected type raises."""
_QUERY = re.compile(r"(https?://[^\s?#\"]+)[?#][^\s\"]*")


def id_of(row):
    """The provider's ID of a row; empty if it has none."""
    value = row.get("id")
    return value if isinstance(value, str) else ""


def own_id(row):
    """An ID of Odoo's made of the provider's, for rows that are not known by the latter."""
    value = id_of(row)
    return f"{UNREADABLE}{value}" if value else ""


def pages(found, read, label, *, identify=id_of, parallel=1):
    """A `RemotePage` for each page of rows.

    :param read: returns the item of a row, a list of items, or None if Odoo does not need the row.
        Raises InvalidDataError for an unreadable row
    :param label: of the provider
    :param identify: returns the ID of an unreadable row; empty: its content identifies it
    :param parallel: number of rows read at a time, if reading one makes calls
    """
    for number, rows in enumerate(found, 1):
        yield RemotePage(items=items(rows, read, label, page=number, identify=identify, parallel=parallel))


def items(rows, read, label, *, page=1, identify=id_of, parallel=1):
    """The items of the rows of one page; see `pages`."""
    numbered = [({"provider": label, "page": page, "row": number}, row) for number, row in enumerate(rows, 1)]
    one = partial(_read, read, identify)
    if parallel > 1 and len(numbered) > 1:
        with ThreadPoolExecutor(parallel) as pool:
            found = list(pool.map(one, numbered))
    else:
        found = [one(row) for row in numbered]
    return tuple(item for part in found for item in part)


def fetched(read, external_id, label):
    """The item that `read()` returns for a single record; one that fails if the record is unreadable."""
    try:
        return read()
    except InvalidDataError as error:
        reason = error.message
    except MALFORMED as error:
        reason = _reason(error)
    return _unreadable({}, {"provider": label}, reason, external_id)


def document_of(flow, payload):
    """The document of a payload.

    :param flow: a `PullFlow`
    :raises UnreadableRowError: the payload is that of an unreadable row
    """
    refuse_unreadable(payload)
    return flow.document(payload)


def refuse_unreadable(payload):
    fault = payload.get(FAULT)
    if fault:
        raise UnreadableRowError(Message.from_json(fault) if isinstance(fault, dict) else fault)


def _read(read, identify, numbered):
    place, row = numbered
    external_id = ""
    try:
        if isinstance(row, Unreadable):
            raise InvalidDataError(_not_a_record(row.raw))
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
        # its parts are not available now, so the row alone is read again later
        return [RemoteRecord(external_id=external_id, version="unread", title=external_id, payload={})]
    except MALFORMED as error:
        reason = _reason(error)
    return [_unreadable(row, place, reason, external_id)]


def _reason(error):
    return _("It has unexpected content (%(error)s).", error=type(error).__name__)


def _unreadable(row, place, reason, external_id):
    # without an ID, its content identifies it; without the parameters of links, which differ at each reading
    version = content_version(reason if external_id else _QUERY.sub(r"\1", content_key(row)))
    known = {**place, "record": external_id.removeprefix(UNREADABLE)}
    advice = _("Ask %(provider)s to correct it, then ignore this transfer.", provider=place["provider"])
    raw = row.raw if isinstance(row, Unreadable) else row
    return RemoteRecord(
        external_id=external_id or f"{UNREADABLE}{version}",
        version=version,
        title=_title(known),
        payload={FAULT: paragraph(_sentence(known), reason, advice).to_json(), "row": raw},
    )


def _title(known):
    if "row" not in known:
        return known["record"]
    if known["record"]:
        return _("Row %(row)s of page %(page)s (%(record)s)", **known)
    return _("Row %(row)s of page %(page)s", **known)


def _sentence(known):
    if "row" not in known:
        return _("Odoo cannot read %(record)s of %(provider)s.", **known)
    if known["record"]:
        return _("Odoo cannot read row %(row)s of page %(page)s (%(record)s) of a list of %(provider)s.", **known)
    return _("Odoo cannot read row %(row)s of page %(page)s of a list of %(provider)s.", **known)


def _checked(external_id):
    if len(external_id) > LONGEST_ID:
        raise InvalidDataError(_("Its ID has %(count)s characters.", count=len(external_id)))
    return external_id


def _not_a_record(value):
    match value:
        case None:
            return _("It is null, not a record.")
        case bool():
            return _("It is a truth value, not a record.")
        case str():
            return _("It is a text, not a record.")
        case list():
            return _("It is a list, not a record.")
    return _("It is a number, not a record.")
