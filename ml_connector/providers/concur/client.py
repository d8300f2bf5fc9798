"""The session with SAP Concur: company tokens, data centers, and what all generations of its APIs share.

The flows name the paths. Facts come from SAP's published pages (`developer.concur.com/api-reference`), which are named
in parentheses.
"""

import hashlib
import re
import uuid
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

from ...core.errors import AuthError, NetworkError, PermanentError, RemoteError, UnconfirmedError
from ...core.http.addresses import is_loopback
from ...core.http.client import HttpClient
from ...core.http.failures import read_json
from ...core.http.oauth import BearerAuth, NoAuth, granted, seconds
from ...core.http.rows import objects
from ...core.messages import _, paragraph

TOKEN_PATH = "/oauth2/v0/token"
FIS_PATH = "/financialintegration/fi/v4/companies/transactiontypes"
DOMAIN = ".api.concursolutions.com"
READ_TIMEOUT, BUDGET = 70.0, 150.0
"""SAP answers within 60 seconds, or not at all."""
MOST_PAGES = 10_000

MOVED = "16"
REFRESH_ENDED = ("107", "108")
REASONS = {
    "5": _(
        "The client ID, the company UUID or the company request token is wrong, or the request token has expired. It "
        "is valid for 24 hours."
    ),
    "10": _("The app or the company is disabled."),
    "11": _("The app or the company is disabled."),
    "14": _("The app or the company is disabled."),
    "53": _("The company is not enabled for this app."),
    "54": _("Odoo requested a scope that the app does not have."),
    "59": _("The app or the company is locked."),
    "60": _("The app lacks the grant type password or refresh_token."),
    "61": _("The client ID does not exist in this data center."),
    "64": _("The client secret is wrong."),
    "123": _("The app or the company is locked."),
    "136": _("The company request token was created for another app."),
}
"""Sentences on the codes of the token endpoint (authentication page, response codes)."""
MAINTENANCE = "134"
HOW_TO_GET_REQUEST_TOKEN = _(
    "In SAP Concur, open Administration > Company > Authentication Admin > Company Request Token and enter the client "
    "ID. Enter the new token on the connection as Company Request Token within 24 hours. Then test the connection."
)

_BUSY = re.compile(r"deadlock|too many|limit (?:reached|exceeded)|rate limit", re.IGNORECASE)


class ConcurClient(HttpClient):
    """One company of SAP Concur, called in the data center that its latest token names. All methods raise the errors of
    `HttpClient.call`.

    :param base_url: where the first token is asked for
    :param company_id: UUID of the company
    :param request_token: company request token, good for 24 hours; only the first token needs it
    :param tokens: `oauth.TokenStore`, which keeps refresh token and data center
    :param options: as for `HttpClient`
    """

    label = "SAP Concur"
    trace_header = "concur-correlationid"
    file_hosts = ("concursolutions.com",)
    """Images lie in SAP Concur's own domain (image/v1.image); each data center is a host below it (base-uris)."""

    def __init__(self, base_url, *, client_id, client_secret, company_id, request_token, tokens, **options):
        options.setdefault("read_timeout", READ_TIMEOUT)
        options.setdefault("budget", BUDGET)
        super().__init__(base_url, tokens=tokens, secrets=(client_secret, request_token), **options)
        self._client_id = client_id
        self._client_secret = client_secret
        self._company_id = company_id
        self._request_token = request_token
        self._place = ("", "")
        self._fresh = set()

    # Tokens (authentication/apidoc)

    def fetch_token(self):
        """A company token: with the refresh token, or with the company request token for the first time.

        :raises AuthError: the administrator has to act; the message says how
        """
        stored = self._tokens.stored()
        if not self._may_refresh(stored):
            return self._noted(self._first_token())
        try:
            return self._noted(self._refreshed(stored))
        except AuthError as error:
            if error.code not in REFRESH_ENDED:
                raise
            refusal = error
        with suppress(AuthError):
            # a request token may be used again within its 24 hours
            return self._noted(self._first_token())
        raise _ended(stored, refusal)

    def _may_refresh(self, stored):
        """Whether the refresh token is for this company at this address, and no newer request token was entered."""
        if not stored.refresh_token:
            return False
        place, _, request = stored.grant_key.rpartition(".")
        own_place, _, own_request = self._grant_key.rpartition(".")
        if not place:  # stored before the address became a part of the key
            own_request = _digest(self._client_id, self._company_id, self._request_token)
        return place in ("", own_place) and (not self._request_token or request == own_request)

    @property
    def _grant_key(self):
        place = _digest(self.base_url, self._client_id, self._company_id)
        return f"{place}.{_digest(self._request_token)}"

    def _first_token(self):
        if not self._request_token:
            raise AuthError(paragraph(_("The company request token is missing."), HOW_TO_GET_REQUEST_TOKEN))
        form = {
            "grant_type": "password",
            "username": self._company_id,
            "password": self._request_token,
            "credtype": "authtoken",
        }
        return replace(self._granted(self.base_url, form), grant_key=self._grant_key)

    def _refreshed(self, stored):
        """A new access token. If the answer holds another refresh token, the one that was sent is no longer valid."""
        form = {"grant_type": "refresh_token", "refresh_token": stored.refresh_token}
        # grant_key is written with each refresh token, so it is carried along
        token = self._granted(stored.location or self.base_url, form)
        return replace(token, grant_key=stored.grant_key)

    def _granted(self, address, form):
        self._secrets = self._secrets | {form.get("refresh_token") or form["password"]}
        refusal = None
        try:
            return self._asked(address, form)
        except (AuthError, PermanentError) as error:
            refusal = error
        moved_to = _named_location(refusal) if refusal.code == MOVED else ""
        if moved_to:
            try:
                return self._asked(self.own_location(moved_to), form)
            except (AuthError, PermanentError) as error:
                refusal = error
        raise _rejection(refusal)

    def _asked(self, address, form):
        form = {"client_id": self._client_id, "client_secret": self._client_secret, **form}
        deadline = self._clock() + self.budget
        try:
            answer = self._call("POST", address + TOKEN_PATH, deadline, False, auth=NoAuth(), data=form)
        except UnconfirmedError as error:
            # the whole connection waits for the token, and the token store notes that the answer was lost
            raise NetworkError(
                _("SAP Concur did not answer the request for a token. Odoo requests it again automatically."),
                status=error.status,
            ) from None
        token = granted(self.label, answer)
        location = str(answer.data.get("geolocation") or "")
        ends = seconds(answer.data.get("refresh_expires_in"))
        return replace(
            token,
            location=self.own_location(location) if location else address,
            refresh_expires_at=datetime.fromtimestamp(ends, UTC).replace(tzinfo=None) if ends else None,
        )

    def _noted(self, token):
        self._fresh = {*self._fresh, token.value}
        return token

    # What HttpClient leaves to its subclasses

    def _authorized(self, send):
        try:
            return super()._authorized(send)
        except AuthError as error:
            if error.status != 403:
                raise
            refusal = error
        scopes = tuple(self._tokens.stored().scope.split())
        granted_scopes = (
            _("The token has these scopes: %(scopes)s.", scopes=scopes) if scopes else _("The token has no scopes.")
        )
        raise AuthError(
            paragraph(refusal.message, granted_scopes),
            status=403,
            code=refusal.code,
            trace_id=refusal.trace_id,
            details=refusal.details,
        )

    def address(self, token):
        """The data center of a token. Each renewal makes another token, so the URL is kept for each token."""
        if self._place[0] != token:
            location = self._tokens.stored().location
            self._place = (token, self.own_location(location) if location else self.base_url)
        return self._place[1]

    def may_renew(self, error, token):
        """A 403 may also mean an expired token, unless the token is new (http-status-codes)."""
        return error.status == 401 or (error.status == 403 and token not in self._fresh)

    def headers(self, url):
        own = {self.trace_header: str(uuid.uuid4())}
        return {**own, "DocumentFormatAs": "json"} if FIS_PATH in url else own

    def announcement(self, path, headers):
        """Deprecated APIs answer with `x-api-warn` and `sunset` (deprecation policy)."""
        warning, end = (" ".join(headers.get(name, "").split()) for name in ("x-api-warn", "sunset"))
        if not (warning or end):
            return ""
        # without the parts that name records
        api = "/".join(path.split("/")[:4])
        notice = (
            _("SAP Concur will discontinue %(api)s on %(date)s.", api=api, date=end)
            if end
            else _("SAP Concur will discontinue %(api)s.", api=api)
        )
        return paragraph(notice, warning)

    def explain(self, data):
        """The error shapes of all generations of Concur's APIs (http-status-codes and the pages of each API)."""
        if isinstance(data, list):
            data = data[0] if data else {}
        if not isinstance(data, dict):
            return "", ""
        if "error_description" in data:
            return str(data.get("code") or ""), str(data["error_description"])
        inner = data.get("error") or data.get("Error")
        if isinstance(inner, dict):
            data = {**data, **inner}
        errors = data.get("errors") or data.get("failedPayments")
        if isinstance(errors, list) and errors and isinstance(errors[0], dict):
            data = {**data, **errors[0]}
        code = data.get("errorId") or data.get("errorCode") or data.get("Id") or data.get("id") or ""
        message = data.get("errorMessage") or data.get("message") or data.get("Message") or ""
        wrong = [_problem(row) for row in objects_of(data.get("validationErrors"))]
        return str(code), " ".join(part for part in (str(message), *wrong) if part)

    def own_location(self, url):
        """A data center as scheme and host, if it is one of Concur's own (base-uris), because it gets the token.

        :raises RemoteError: it is not
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            host = ""
        if host and "@" not in parts.netloc and "\\" not in url:
            if self.allow_loopback and is_loopback(urlsplit(self.base_url).hostname):
                if parts.scheme in ("http", "https") and is_loopback(host):
                    return f"{parts.scheme}://{parts.netloc.lower()}"
            elif parts.scheme == "https" and port in (None, 443) and host.endswith(DOMAIN):
                return f"https://{host}"
        raise RemoteError(
            _("SAP Concur named a data center outside of its own domains. Odoo sends nothing to that address.")
        )

    def _refused(self, reply, repeatable):
        """The error for an answer. Status 400 also means request limits and database deadlocks (http-status-codes)."""
        error = super()._refused(reply, repeatable)
        if error.status == 400 and _BUSY.search(error.message):
            return RemoteError(error.message, status=400, trace_id=error.trace_id, details=error.details)
        return error

    # Calling

    def write(self, method, path, name, records, repeatable=False):
        """The answer's records under `name`, the key of the sent ones; each says whether it was saved."""
        data = self.call(method, path, body={name: records}, repeatable=repeatable).data
        return objects_of(data.get(name)) if isinstance(data, dict) else []

    def call_as_app(self, method, path, body=None):
        """The data of a call with a token of the app, in the company's data center. Repeating it must do no harm."""
        center = self.address(self._bearer(self._tokens.get(self.fetch_token)))
        try:
            token = self._asked(center, {"grant_type": "client_credentials"})
        except (AuthError, PermanentError) as error:
            raise _rejection(error) from None
        bearer = BearerAuth(self._bearer(token.value))
        deadline = self._clock() + self.budget
        return self._call(method, center + path, deadline, True, auth=bearer, json=body).data

    # Paging

    def offset_pages(self, path, *names, **params):
        """Rows of each page of a v3 list: `NextPage` is a full URL, of which only the offset is used.

        :param names: keys under which the rows may stand, besides `Items`
        """
        seen = set()
        while True:
            data = self.call("GET", path, params=params).data
            data = data if isinstance(data, dict) else {}
            yield next((objects_of(data[name]) for name in (*names, "Items") if data.get(name)), [])
            offset = _offset(data.get("NextPage"))
            if not offset or offset in seen:
                return
            seen.add(offset)
            params["offset"] = offset

    def numbered_pages(self, path, first=0, **params):
        """Rows of each page of a list with numbered pages (FIS from 0, lists v4 from 1)."""
        for number in range(first, first + MOST_PAGES):
            data = self.call("GET", path, params={**params, "page": number}).data
            data = data if isinstance(data, dict) else {}
            rows = objects_of(data.get("content"))
            yield rows
            page = data.get("page")
            pages = page.get("totalPages") if isinstance(page, dict) else None
            if not rows or (isinstance(pages, int) and number - first + 1 >= pages):
                return


def _ended(stored, refusal):
    """The error for a refresh token that is no longer valid: why, and how to get a new one."""
    known = {"status": refusal.status, "code": refusal.code, "trace_id": refusal.trace_id}
    if stored.lost_at:
        why = _(
            "The answer to the renewal of the access, sent on %(moment)s, was lost, and SAP Concur has ended the "
            "access.",
            moment=stored.lost_at,
        )
    else:
        why = _("SAP Concur no longer accepts the refresh token, which is valid for six months.")
    what_then = _("No data was lost. The sync continues from where it stopped.")
    return AuthError(paragraph(why, HOW_TO_GET_REQUEST_TOKEN, what_then), **known)


def _rejection(error):
    """The error for a token that SAP Concur refused."""
    if error.code == MAINTENANCE:
        return RemoteError(_("SAP Concur is under maintenance."), status=error.status, trace_id=error.trace_id)
    reason = REASONS.get(error.code)
    message = paragraph(_("SAP Concur rejected the credentials."), reason) if reason else error.message
    return AuthError(message, status=error.status, code=error.code, trace_id=error.trace_id, details=error.details)


def _digest(*parts):
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _named_location(error):
    with suppress(ValueError, AttributeError):
        return str(read_json(error.details).get("geolocation") or "")
    return ""


def _offset(url):
    return (parse_qs(urlsplit(url).query).get("offset") or [""])[0] if isinstance(url, str) else ""


def objects_of(value):
    """A list of objects; Concur also sends one object, or null."""
    if isinstance(value, dict):
        return [value]
    return objects(value) if isinstance(value, list) else []


def _problem(row):
    return " ".join(str(row[name]) for name in ("source", "message") if row.get(name))
