"""Ramp's rows of what Odoo sends."""

from ...core.errors import RemoteError, UnconfirmedError
from ...core.messages import _


def ramp_id_of(row):
    """The Ramp ID of an uploaded object, whose `id` is Odoo's."""
    value = row.get("ramp_id")
    if not isinstance(value, str) or not value:
        raise RemoteError(_("The answer of Ramp lacks the Ramp ID of the record."))
    return value


def new_id(row):
    """The Ramp ID of an object that Ramp has just created."""
    if not row.get("id"):
        raise UnconfirmedError(_("The answer of Ramp lacks the Ramp ID of the new record."))
    return row["id"]


def differing(wanted, row):
    """The wanted values that differ in Ramp's row; an empty text equals a missing one."""
    return {key: value for key, value in wanted.items() if (row.get(key) or "") != (value or "")}


def only(payload, *keys):
    """The non-empty values of those keys."""
    return {key: payload[key] for key in keys if payload.get(key) not in (None, "")}


def first_match(pages, key, value):
    """The first row in which the key has the value, because Ramp ignores unknown filters."""
    return next((row for rows in pages for row in rows if row.get(key) == value), None)
