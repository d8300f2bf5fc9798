"""The handlers of the Ramp API by operation, and what its lists share (guide "Pagination")."""

from datetime import date, datetime, timedelta
from urllib.parse import urlencode

from ..server import Handlers
from .errors import invalid, not_found
from .state import midnight, now

handlers = Handlers("/developer/v1")


class Resource:
    """Objects of one kind: their list at a path, and each of them below it.

    Where a list does more, a handler is declared after it, which calls ``page``.

    :param table: name of their table in the state
    :param show: gives the wire form in a list: ``show(state, row)``
    :param detail: gives that of one object, where it differs
    :param label: what is not found; empty where the API has the list only
    :param equal: query arguments that the attribute of the same name equals
    :param tests: {query argument: ``test(row, value)``}
    :param spans: {name: attribute} for the pairs ``from_<name>`` and ``to_<name>``
    :param ends: whether an object with ``archived_at`` is not found any more
    """

    by_table = {}

    def __init__(self, path, table, show, *, detail=None, label="", equal="", tests=None, spans=None, ends=False):
        self.table, self.show, self.detail, self.label, self.ends = table, show, detail or show, label, ends
        self.equal, self.tests, self.spans = equal.split(), tests or {}, spans or {}
        self.by_table[table] = self
        collection, _, self.key = path.partition("/{")
        self.key = self.key.removesuffix("}")
        handlers(f"GET {collection}")(self.page)
        if label:
            handlers(f"GET {path}")(self.read)

    def page(self, call, keep=lambda row: True, table=None):
        """A page of those that the query wants; ``keep`` is what else they have to be, ``table`` another order."""
        rows, wanted = table or getattr(call.state, self.table), self._filter(call.query)
        return page_of(call, rows, lambda row: self.show(call.state, row), lambda row: wanted(row) and keep(row))

    def read(self, call):
        return self.detail(call.state, self.find(call))

    def find(self, call, row_id=None):
        """The object that the path names, or the one with this id."""
        row = getattr(call.state, self.table).get(row_id or call.path[self.key])
        if row is None or (self.ends and row.archived_at):
            raise not_found(self.label)
        return row

    def _filter(self, query):
        """Only arguments that were given count."""
        given = {name: value for name, value in query.items() if value is not None}
        equal = [(name, given[name]) for name in self.equal if name in given]
        tests = [(test, given[name]) for name, test in self.tests.items() if name in given]
        spans = [item for item in self.spans.items() if f"from_{item[0]}" in given or f"to_{item[0]}" in given]
        return lambda row: (
            all(getattr(row, name) == value for name, value in equal)
            and all(test(row, value) for test, value in tests)
            and all(_is_within(given, name, getattr(row, attribute)) for name, attribute in spans)
        )


def assign(row, values, names):
    """Set those of the named attributes that are given."""
    for name in names.split():
        if name in values:
            setattr(row, name, values[name])


def page_of(call, table, show, keep=lambda row: True):
    """One page of a table: ``{"data": [...], "page": {"next": full URL or null}}``."""
    start = call.query.get("start")
    if start and not table.knows(start):
        raise invalid("Invalid cursor.", "start")
    rows, more = table.page(_replicated(call, keep), start, call.query["page_size"])
    following = None
    if more:
        arguments = {**call.request.args.to_dict(), "start": rows[-1].id}
        following = f"{call.request.base_url}?{urlencode(arguments)}"
    return {"data": [show(row) for row in rows], "page": {"next": following}}


def _replicated(call, keep):
    """Lists are read from a replica, which may lag behind: a row that was just made is missing from them."""
    lag = call.sandbox.settings.replica_lag
    if not lag:
        return keep
    latest = now() - timedelta(seconds=lag)
    return lambda row: keep(row) and getattr(row, "created_at", latest) <= latest


def _is_within(query, name, value):
    """A missing value never lies in a span."""
    start, end = query.get(f"from_{name}"), query.get(f"to_{name}")
    if isinstance(value, date) and not isinstance(value, datetime) and isinstance(start or end, datetime):
        value = midnight(value)
    return value is not None and (start is None or value >= start) and (end is None or value <= end)
