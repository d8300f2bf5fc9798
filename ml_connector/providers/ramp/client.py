"""The session with the Ramp Developer API, version v1: tokens, rate, pages and errors.

Paths and fields are those of Ramp's published OpenAPI document (`docs.ramp.com/openapi/developer-api.json`), below
`/developer/v1`. The flows name them. Comments that contradict that document describe the behavior that integrators have
observed.
"""

import base64
import json
import re
from contextlib import contextmanager
from itertools import chain
from urllib.parse import urlsplit

from ...core.errors import ConnectorError, NotFoundError, PermanentError, RemoteError
from ...core.http.client import HttpClient
from ...core.http.oauth import client_credentials
from ...core.http.rate import shared_window
from ...core.http.rows import content_key, objects
from ...core.messages import _

ROOT = "/developer/v1"
PAGE_SIZE = 100
"""The maximum that Ramp allows."""
REQUESTS, WINDOW = 160, 10.0
"""80 % of Ramp's 200 requests in rolling 10 seconds for one source address."""
STALE_PAGES = 3
"""Consecutive pages without a new row after which a listing counts as endless."""
DOUBTFUL = (400, 422)
"""Statuses of a refusal that may also mean an unknown ID: the document declares 400 for some operations, 404 for some,
and nothing for the rest."""


class RampClient(HttpClient):
    """One Ramp business. All methods raise the errors of `HttpClient.call`.

    :param scope: scopes to request, separated by spaces; without any, Ramp returns a token without permissions
    :param options: as for `HttpClient`
    """

    label = "Ramp"
    trace_header = "x-trace-id"
    file_hosts = ("ramp.com",)
    """Domain of receipts and statements (see the examples of `receipt_url` and `statement_url` in the document)."""

    def __init__(self, base_url, *, client_id, client_secret, scope, tokens, **options):
        options.setdefault("limiter", shared_window(f"ramp {urlsplit(base_url).netloc}", REQUESTS, WINDOW))
        basic = base64.b64encode(f"{client_id}:{client_secret}".encode()).decode()
        super().__init__(base_url, tokens=tokens, secrets=(client_secret, basic), **options)
        self._client_id = client_id
        self._client_secret = client_secret
        self.scope = scope

    def fetch_token(self, scope=None):
        """`POST /token`: a new `AccessToken` for the scope, by default the client's own; valid for ten days."""
        wanted = self.scope if scope is None else scope
        return client_credentials(self, f"{ROOT}/token", self._client_id, self._client_secret, wanted)

    def explain(self, data):
        """`error_v2` first, then `message`, `error.message`, and the OAuth form of an error."""
        if not isinstance(data, dict):
            return "", ""
        modern, legacy = data.get("error_v2"), data.get("error")
        if isinstance(modern, dict):
            message = _joined(modern.get("message"), modern.get("additional_info"))
            return _text(modern.get("error_code")), message or _text(data.get("message"))
        if isinstance(legacy, str):
            return legacy, _text(data.get("error_description")) or _text(data.get("message")) or legacy
        if isinstance(legacy, dict):
            fields = {key: value for key, value in legacy.items() if key != "message"}
            return _text(data.get("error_code")), _joined(data.get("message") or legacy.get("message"), fields)
        return _text(data.get("error_code")), _text(data.get("message"))

    # Reading

    def get(self, path):
        """The object at a path."""
        return self._object("GET", path)

    def one(self, path):
        """The record at a path with no other parameter than an ID.

        :raises NotFoundError: Ramp does not have it, whatever status Ramp returns
        """
        with _by_id_alone():
            return self.get(path)

    def found(self, path, record_id):
        """The record of that ID below a path; None if Ramp does not have it."""
        try:
            return self.one(f"{path}/{path_id(record_id)}")
        except NotFoundError:
            return None

    def pages(self, path, arranged=lambda rows: rows, **filters):
        """Rows of each page. `page.next` is a URL or a bare cursor. Ramp ignores unknown filters: check the rows again.

        Pages may repeat: known rows are skipped, and a listing without new rows ends with an error.

        :param arranged: a function that makes a flat list of the rows
        :raises RemoteError: the listing does not end
        """
        path = ROOT + path
        first = {**filters, "page_size": PAGE_SIZE}
        target, params = path, first
        seen, stale = set(), 0
        while True:
            data = self.call("GET", target, params=params).data
            page = data.get("page") if isinstance(data, dict) else None
            rows = rows_of(data.get("data") if isinstance(data, dict) else None, arranged)
            fresh = [row for row in rows if _is_new(row, seen)]
            yield fresh
            following = page.get("next") if isinstance(page, dict) else None
            if not following:
                return
            if not isinstance(following, str):
                raise RemoteError(_("The answer of Ramp lacks the next page of a list."))
            stale = 0 if fresh else stale + 1
            if stale >= STALE_PAGES:
                raise RemoteError(_("Ramp repeats the same page of a list, so Odoo did not reach its end."))
            is_address = following.startswith("/") or "://" in following
            target = following if is_address else path
            params = None if is_address else {**first, "start": following}

    def rows(self, path, **filters):
        """The rows of all pages; see `pages`."""
        return chain.from_iterable(self.pages(path, **filters))

    def pages_of_record(self, path, **filters):
        """Pages of a list of one record.

        :raises NotFoundError: Ramp does not have that record, whatever status Ramp returns
        """
        with _by_id_alone():
            yield from self.pages(path, **filters)

    # Writing

    def create(self, path, body=None, **sending):
        """`POST`: the new object. Except for `idempotency_key` in some bodies, look it up before repeating."""
        return self._object("POST", path, body=body, **sending)

    def upload(self, path, name, objects, **more):
        """`POST`, all or none: Ramp's rows of the new objects.

        :param name: of their list in the body and in the answer
        :param more: further values of the body
        """
        return rows_of(self.create(path, {**more, name: objects}).get(name))

    def update(self, path, body):
        """`PATCH`: the changed object."""
        return self._object("PATCH", path, body=body)

    def change(self, method, path, body=None, record=""):
        """The answer to a request that changes a record.

        Ramp may refuse an unknown record with the same status as an invalid change, so the record is read.

        :param record: path of the record, if it is not that of the request
        :raises NotFoundError: Ramp does not have it, whatever status Ramp returns
        """
        try:
            return self._object(method, path, body=body)
        except PermanentError as error:
            if error.status in DOUBTFUL and self._is_unknown(record or path):
                raise error.recast(NotFoundError, error.message) from error
            raise

    def _is_unknown(self, path):
        try:
            self.one(path)
        except NotFoundError:
            return True
        except ConnectorError:
            # the refusal itself is the relevant error
            return False
        return False

    # Calling

    def request(self, method, path, **sending):
        """The `Answer`, for requests whose answer is no object."""
        return self.call(method, ROOT + path, **sending)

    def _object(self, method, path, **sending):
        """The object in the answer; an empty answer to a write is an empty object, because Ramp returns both."""
        data = self.request(method, path, **sending).data
        if data is None and method != "GET":
            return {}
        if not isinstance(data, dict):
            raise RemoteError(_("The answer of Ramp is not the requested record."))
        return data


@contextmanager
def _by_id_alone():
    try:
        yield
    except PermanentError as error:
        if error.status in DOUBTFUL:
            raise error.recast(NotFoundError, error.message) from error
        raise


def _is_new(row, seen):
    """Whether the row is new; remembers it."""
    key = row.get("ramp_id") or row.get("id")
    if not isinstance(key, str):
        key = content_key(row)
    if key in seen:
        return False
    seen.add(key)
    return True


def rows_of(rows, arranged=lambda rows: rows):
    """The rows of a list in an answer.

    :raises RemoteError: it is no list
    """
    if isinstance(rows, list):
        return objects(arranged(rows))
    raise RemoteError(_("The answer of Ramp is not a list of records."))


def path_id(value):
    """The ID as a part of a path; other texts must not lead to another path."""
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9_-]{1,100}", value):
        return value
    raise NotFoundError(_("Ramp does not have this record: its ID is not a Ramp ID."))


def _text(value):
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, default=str)


def _joined(message, fields):
    """Message and field errors in one sentence: `Missing data (contact.email: Required.)`."""
    errors = "; ".join(_field_errors(fields))
    message = _text(message).strip()
    if errors and message:
        return f"{message.rstrip('.')} ({errors})"
    return message or errors


def _field_errors(value, path="", depth=0):
    """`name: message` for each message; dots join the names of nested bodies."""
    if depth > 5:
        return
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _field_errors(item, f"{path}.{key}" if path else str(key), depth + 1)
    elif isinstance(value, list):
        for item in value:
            yield from _field_errors(item, path, depth + 1)
    elif value not in (None, ""):
        text = str(value).rstrip(".")
        yield f"{path}: {text}" if path else text
