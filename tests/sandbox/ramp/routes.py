"""The handlers of the Ramp API by operation, and the paging that its lists share (guide "Pagination")."""

from datetime import timedelta
from urllib.parse import urlencode

from ..server import Handlers
from .errors import invalid
from .state import now

handlers = Handlers("/developer/v1")


def page_of(call, table, render, keep=lambda row: True):
    """One page of a table: ``{"data": [...], "page": {"next": full URL or null}}``."""
    start = call.query.get("start")
    if start and not table.knows(start):
        raise invalid("Invalid cursor.", "start")
    rows, more = table.page(_replicated(call, keep), start, call.query["page_size"])
    following = None
    if more:
        arguments = {**call.request.args.to_dict(), "start": rows[-1].id}
        following = f"{call.request.base_url}?{urlencode(arguments)}"
    return {"data": [render(row) for row in rows], "page": {"next": following}}


def _replicated(call, keep):
    """Lists are read from a replica, which may lag behind: a row that was just made is missing from them."""
    lag = call.sandbox.settings.replica_lag
    if not lag:
        return keep
    latest = now() - timedelta(seconds=lag)
    return lambda row: keep(row) and getattr(row, "created_at", latest) <= latest


def equals(query, **attributes):
    """A filter: each query argument that was given equals the attribute of the row."""
    wanted = [(attribute, query[name]) for name, attribute in attributes.items() if query.get(name) is not None]
    return lambda row: all(getattr(row, attribute) == value for attribute, value in wanted)


def within(query, name, value):
    """Whether a value lies between ``from_<name>`` and ``to_<name>``; a missing value never does when one is given."""
    start, end = query.get(f"from_{name}"), query.get(f"to_{name}")
    if start is None and end is None:
        return True
    return value is not None and (start is None or value >= start) and (end is None or value <= end)
