"""Visma.net ERP API (service flavour), at `api.finance.visma.net`, with tokens of Visma Connect.

Field facts come from the published OpenAPI document (`vismanet.erp.service.api-apim`) and Visma's developer pages
(`docs.vismasoftware.no/vismanetapi`). What neither says is marked as seen by integrators.
"""

import base64
import threading
import time
from dataclasses import dataclass
from datetime import UTC, timedelta
from urllib.parse import quote, unquote, urlsplit

from ...core.errors import NotFoundError, RemoteError, UnconfirmedError
from ...core.http.client import HttpClient
from ...core.http.oauth import client_credentials
from ...core.http.rows import content_key, objects
from ...core.messages import _

PAGE_SIZE = 500
"""Rows of a page. An endpoint that allows fewer tells so in the metadata of its rows."""
LONGEST_CALL = 240
"""Seconds after which Visma cancels a call (since 2025-04-30): until then a write may still take effect."""
LIST_OVERLAP = timedelta(hours=14)
"""Overlap of two lists: filters by time take no time zone, and that of the stored times is not documented."""
APPLICATION_TYPE = "Visma.net Financials"
COMPANY, APPLICATION = "ipp-company-id", "ipp-application-type"


@dataclass(frozen=True, slots=True)
class Record:
    """One object as it was read; `etag` (quoted) is its version for `If-Match`."""

    data: dict
    etag: str = ""


class _Server(HttpClient):
    def explain(self, data):
        """The forms of an error: `message`, those of the gateway (`ExceptionMessage`), and that of OAuth."""
        if not isinstance(data, dict):
            return "", data if isinstance(data, str) else ""
        if isinstance(data.get("error"), str):
            return data["error"], _text(data.get("error_description")) or data["error"]
        code = _text(data.get("ExceptionFaultCode"))
        message = data.get("message") or data.get("Message") or data.get("ExceptionMessage")
        return code, _text(message)


class _Connect(_Server):
    """Visma Connect, on a server of its own."""

    label = "Visma Connect"


class VismaClient(_Server):
    """One company of Visma.net. Every method raises the errors of `HttpClient.call`.

    Bodies are sent as they are given, with scalars wrapped as `{"value": x}`.

    :param connect_url: URL of Visma Connect, which issues the tokens
    :param tenant_id: of the company, not of the customer, with whose tokens every call is refused
    :param scope: scopes to ask for, separated by spaces
    :param company_id: sent as `ipp-company-id` if given; the token identifies the company in any case
    :param options: as for `HttpClient`
    """

    label = "Visma.net"
    trace_header = "Ipp-Request-Id"

    def __init__(
        self, base_url, *, connect_url, client_id, client_secret, tenant_id, scope, tokens, company_id="", **options
    ):
        super().__init__(base_url, tokens=tokens, secrets=(client_secret,), **options)
        self._connect = _Connect(
            connect_url,
            secrets=(client_secret,),
            observe=options.get("observe"),
            allow_loopback=self.allow_loopback,
        )
        self._client_id = client_id
        self._client_secret = client_secret
        self._tenant_id = tenant_id
        self._writing = _writing_lock(tenant_id)
        self.scope = scope
        self.quota = {}
        if company_id:
            self._session.headers.update({COMPANY: company_id, APPLICATION: APPLICATION_TYPE})

    def close(self):
        super().close()
        self._connect.close()

    def fetch_token(self, scope=None):
        """`POST /connect/token`: a new `AccessToken` of the company."""
        wanted = self.scope if scope is None else scope
        form = {"tenant_id": self._tenant_id}
        return client_credentials(
            self._connect, "/connect/token", self._client_id, self._client_secret, wanted, in_form=form
        )

    # Reading

    def rows(self, path, **filters):
        """All rows of a list without pages."""
        return _rows(self._get(path, filters).data)

    def pages(self, path, **filters):
        """Rows of each page. The metadata of the rows hold their number and the maximum size of a page.

        Repeated rows are left out, because a row that changes during the reading moves between pages.
        """
        number, seen = 1, set()
        while True:
            data = self._get(path, {**filters, "pageNumber": number, "pageSize": PAGE_SIZE}).data
            rows, total, size = _page(data)
            yield [row for row in rows if _is_new(row, seen)]
            if not rows or number * size >= total:
                return
            number += 1

    def one(self, path, **filters):
        """One object with its version.

        :raises NotFoundError: there is none
        """
        answer = self._get(path, filters)
        if not isinstance(answer.data, dict):
            raise RemoteError(_("Visma.net answered without the requested record."))
        stamp = answer.data.get("timeStamp")
        return Record(answer.data, answer.headers.get("ETag") or (f'"{stamp}"' if stamp else ""))

    def download(self, attachment_id):
        """`GET /v1/attachment/{attachmentId}`: the content of a file."""
        return self.call("GET", f"/v1/attachment/{path_id(attachment_id)}", as_file=True).content

    # Writing: one at a time for each company, as Visma locks what it changes

    def create(self, path, body):
        """`POST`: the number of the new object, which is the last part of `Location`; the answer has no body.

        Visma supports no idempotency key: look the object up before repeating.

        :raises UnconfirmedError: also when it was created and the answer lacks its number
        """
        answer = self._change("POST", path, body=body)
        number = unquote(urlsplit(answer.headers.get("Location", "")).path.rpartition("/")[2])
        if not number:
            raise UnconfirmedError(_("Visma.net answered without the number of the new record."))
        return number

    def update(self, path, body, etag=""):
        """`PUT`: change what the body names and nothing else.

        :param etag: version to change; without it the last writer wins
        :raises ConflictError: it has another version by now
        """
        self._change("PUT", path, body=body, headers={"If-Match": etag} if etag else None)

    def delete(self, path):
        self._change("DELETE", path)

    def act(self, path, body=None):
        """`POST .../action/...`: accepted, not done yet. Read the object again to see whether it was done."""
        return self._change("POST", path, body=body).data

    def attach(self, path, name, content, mimetype):
        """Attach a file; one of the same name becomes its next revision."""
        self._change("POST", path, files={"file": (name, content, mimetype)})

    # Calling

    def _get(self, path, filters=None):
        answer = self.call("GET", path, params=filters)
        self._note_quota(answer.headers)
        return answer

    def _change(self, method, path, **sending):
        with self._writing:
            return self.call(method, path, **sending)

    def _note_quota(self, headers):
        """Keep the remaining calls of the company in this hour, as the headers tell."""
        names = {"limit": "X-RateLimit-Limit", "remaining": "X-RateLimit-Remaining", "reset": "X-RateLimit-Reset"}
        found = {key: headers.get(name, "") for key, name in names.items()}
        if all(value.isdecimal() for value in found.values()):
            self.quota = {key: int(value) for key, value in found.items()}


_locks = {}
_locks_lock = threading.Lock()


def _writing_lock(tenant_id):
    """The lock on writing to a company, for all clients of this process."""
    with _locks_lock:
        return _locks.setdefault(tenant_id, threading.Lock())


def modified_since(moment):
    """The filter for records that changed since a moment (UTC); its two parts are needed together."""
    text = (moment.astimezone(UTC) - LIST_OVERLAP).strftime("%Y-%m-%dT%H:%M:%S")
    return {"lastModifiedDateTime": text, "lastModifiedDateTimeCondition": ">="}


def path_id(value):
    """An ID as a part of a path, as base64 if it has reserved characters.

    :raises NotFoundError: it is empty or invalid
    """
    text = str(value or "")
    if not text or "\x00" in text:
        raise NotFoundError(_("The number of the record is empty or invalid, so Visma.net does not have it."))
    if set(text) & set(":/?#[]@&*+;%\\ .") or not text.isascii():
        return f"b64({base64.urlsafe_b64encode(text.encode()).decode()})"
    return quote(text, safe="")


def wait_until(condition, seconds, sleep=time.sleep, clock=time.monotonic):
    """Call `condition` until it returns something, for at most so many seconds; its last result."""
    deadline, pause = clock() + seconds, 0.1
    while not (found := condition()) and clock() + pause < deadline:
        sleep(pause)
        pause = min(pause * 2, 2.0)
    return found


def _page(data):
    """Rows, total and size of a page. Credit terms come as an object, all else as an array with metadata."""
    if isinstance(data, dict):
        rows = _rows(data.get("records"))
        return rows, _count(data.get("totalCount")), _count(data.get("pageSize")) or PAGE_SIZE
    rows = _rows(data)
    metadata = next((row["metadata"] for row in rows if isinstance(row.get("metadata"), dict)), {})
    # without metadata the total is not given, so pages are read until one is empty
    total = _count(metadata.get("totalCount")) or (len(rows) and float("inf"))
    return rows, total, min(PAGE_SIZE, _count(metadata.get("maxPageSize")) or PAGE_SIZE)


def _count(value):
    return value if isinstance(value, int) and value > 0 else 0


def _is_new(row, seen):
    """Whether the row is not in `seen` in this version; adds it."""
    names = ("documentType", "referenceNumber", "type", "refNbr", "orderNbr", "receiptNumber", "number", "accountCD")
    parts = [row.get(name) for name in (*names, "projectID", "subaccountNumber", "termsId", "id", "timeStamp")]
    key = tuple(map(str, parts)) if any(isinstance(part, str) for part in parts) else content_key(row)
    if key in seen:
        return False
    seen.add(key)
    return True


def _rows(rows):
    if isinstance(rows, list):
        return objects(rows)
    raise RemoteError(_("Visma.net answered without a list of records."))


def _text(value):
    return value if isinstance(value, str) else ""
