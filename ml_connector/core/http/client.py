"""HTTP client of all providers: kept-alive session, time-outs, retries of safe calls, one error for each failure.

Two questions decide which exception a failed call raises (see `HttpClient.call`): can the request have had an effect,
and may it be repeated? The engine decides by the exception what happens next.
"""

import random
import time
from contextlib import nullcontext
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from urllib.parse import urlencode, urlsplit

import requests

from ..errors import AuthError, InvalidDataError, PermanentError, RemoteError
from ..messages import _
from .addresses import GuardedAdapter, fault_of_base, is_below, loopback_allowed, origin
from .failures import CONNECT_TIMEOUT, LIBRARY_ERRORS, failure_of, parsed, read_body
from .masking import mask_text
from .oauth import BearerAuth, NoAuth
from .refusals import RefusedAddress, Reply, failed, is_passing, refused, retry_after

SAFE_METHODS = frozenset({"GET", "HEAD"})
TRIES = 3
READ_TIMEOUT = 30.0
BUDGET = 60.0
"""Seconds for a call with all its retries."""
FIRST_WAIT = 0.5
LONGEST_WAIT = 5.0
MAX_ANSWER = 16 * 1024 * 1024
MAX_FILE = 32 * 1024 * 1024
MAX_DETAILS = 256 * 1024
MAX_QUOTE = 400
"""Characters of a provider's message that are quoted in an error."""
MAX_READ = 16 * MAX_QUOTE
"""Characters of a provider's text that are searched for them."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One remote call for the technical log.

    :param path: path and query without credentials; for a file only its path
    :param status: HTTP status; None when there was no answer
    :param trace_id: the provider's ID of the exchange
    :param announcement: a sentence on a change that the provider announces, such as the end of the called interface
    """

    method: str
    path: str
    status: int | None
    trace_id: str
    milliseconds: int
    announcement: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer; `data` is its JSON, None when the body was empty."""

    status: int
    headers: dict
    data: object = None
    content: bytes = field(default=b"", repr=False)


class HttpClient:
    """A provider's API at one address. Several threads may use it at a time.

    A subclass sets `label`, `trace_header` and `file_hosts`, and overrides the methods under "For subclasses".

    :param base_url: `https`, or `http` on the loopback interface; tokens are sent nowhere else
    :param allow_loopback: whether this machine itself may be called; None: as the environment says
    :param file_hosts: domains that files may come from besides those of the class
    :param tokens: `oauth.TokenStore`
    :param limiter: `rate.RollingWindow`; None: no limit
    :param observe: called with an `Exchange` after each attempt, from the thread that made it
    :param secrets: strings that must never appear in an error
    :param parallel: connections that are kept alive
    :param read_timeout: seconds without a byte of the answer that end an attempt
    :param budget: seconds for a call with all its retries
    :raises PermanentError: the address is not allowed
    """

    label = _("The server")
    trace_header = ""
    file_hosts: tuple[str, ...] = ()
    """Domains of the provider from which its files may come, with their subdomains."""

    def __init__(
        self,
        base_url,
        *,
        tokens=None,
        limiter=None,
        observe=None,
        secrets=(),
        parallel=8,
        read_timeout=READ_TIMEOUT,
        budget=BUDGET,
        allow_loopback=None,
        file_hosts=(),
        clock=time.monotonic,
        sleep=time.sleep,
        jitter=random.random,
    ):
        self.allow_loopback = loopback_allowed() if allow_loopback is None else allow_loopback
        if fault := fault_of_base(base_url, self.allow_loopback):
            raise PermanentError(fault)
        self.base_url = base_url.rstrip("/")
        self.file_hosts = (*self.file_hosts, *file_hosts)
        self.parallel = parallel
        self.read_timeout = read_timeout
        self.budget = budget
        self._tokens = tokens
        self._limiter = limiter
        self._observe = observe
        self._secrets = {secret for secret in secrets if secret}
        self._clock = clock
        self._sleep = sleep
        self._jitter = jitter
        self._session = _session(parallel, self.allow_loopback)

    def __repr__(self):
        return f"{type(self).__name__}({self.base_url})"

    def close(self):
        """Close the kept-alive connections."""
        self._session.close()

    # For subclasses

    def fetch_token(self):
        """Ask the provider for a new `oauth.AccessToken`."""
        raise NotImplementedError

    def explain(self, data):
        """The provider's error code and message in the JSON of an error answer of any form; empty if there are none."""
        return "", ""

    def address(self, token):
        """Base address for calls with a token."""
        return self.base_url

    def may_renew(self, error, token):
        """Whether the refusal of a token may only mean that it has expired."""
        return error.status == 401

    def headers(self, url):
        """More headers of a request."""
        return {}

    def announcement(self, path, headers):
        """A sentence on a change that the headers of an answer announce, the same each time; empty if there is none."""
        return ""

    # Calls

    def call(self, method, path, *, params=None, body=None, form=None, auth=None, repeatable=None, **sending):
        """Send one request and return its `Answer`.

        A 401 renews the token once. A repeatable request is sent up to three times within the budget.

        :param path: absolute path below the base address, or a full URL of the same host (a next page)
        :param params: query; booleans are sent as `true` and `false`, None is left out
        :param body: sent as JSON
        :param form: sent as a form
        :param auth: a `requests` auth object to use instead of the bearer token
        :param repeatable: whether sending it twice does no harm; by default GET and HEAD only
        :param sending: `files`, {part: (name, content, MIME type)}, sent with the form as multipart; `headers` of this
            request alone; `as_file`, whether the answer is a file (`Answer.content`) and not JSON
        :raises NetworkError: nothing was sent, or a repeatable call got no answer
        :raises UnconfirmedError: another call may have taken effect: no answer, an unreadable one, or a 5xx
        :raises RateLimitError: 429; `retry_after` as the provider says
        :raises AuthError: 403, or 401 with a fresh token
        :raises NotFoundError: 404 or 410
        :raises ConflictError: 409 or 412
        :raises PermanentError: any other 4xx
        :raises RemoteError: 5xx, a redirect, or an unreadable answer to a repeatable call
        """
        repeatable = method in SAFE_METHODS if repeatable is None else repeatable
        deadline = self._clock() + self.budget

        def send(address, credentials):
            url = self._own_url(path, address) + _query(params)
            return self._call(method, url, deadline, repeatable, auth=credentials, json=body, data=form, **sending)

        return self._authorized(send) if auth is None else send(self.base_url, auth)

    def _authorized(self, send):
        """What `send(address, auth)` returns; with a new token if the provider refuses the first one."""
        token = self._bearer(self._tokens.get(self.fetch_token))
        try:
            return send(self.address(token), BearerAuth(token))
        except AuthError as error:
            if not self.may_renew(error, token):
                raise
        # A refused request had no effect, so sending it again cannot do anything twice.
        token = self._bearer(self._tokens.renew(self.fetch_token, token))
        return send(self.address(token), BearerAuth(token))

    def download(self, url, max_bytes=MAX_FILE):
        """MIME type and content of a file behind a pre-signed link, read without credentials.

        :param url: `https` at one of the provider's hosts for files, or at the host of the API
        :raises InvalidDataError: the link leads to an address that may not be called
        :raises RemoteError: the link has expired, or the file is too large
        """
        self._check_link(url)
        deadline = self._clock() + self.budget
        try:
            answer = self._call("GET", url, deadline, True, auth=NoAuth(), as_file=True, max_bytes=max_bytes)
        except RefusedAddress:
            raise self._unsafe_link() from None
        except (AuthError, PermanentError) as error:
            refusal = error
        else:
            mime = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            return mime or "application/octet-stream", answer.content
        # Not "permanent": reading the record again gives a new link.
        raise RemoteError(
            _(
                "%(provider)s no longer provides the file: its link has expired or the file was removed.",
                provider=self.label,
            ),
            status=refusal.status,
        )

    # One call

    def _call(self, method, url, deadline, repeatable, **sending):
        for tries in range(TRIES):
            reply = self._exchange(method, url, deadline, **sending)
            error = self._error(reply, repeatable)
            if error is None:
                return Answer(reply.status, reply.headers, reply.data, reply.content)
            wait = self._wait(reply, error, tries, deadline)
            if not repeatable or wait is None:
                break
            self._sleep(wait)
        raise error

    def _wait(self, reply, error, tries, deadline):
        """Seconds until the next attempt; None if there is none."""
        if tries + 1 >= TRIES or not is_passing(reply):
            return None
        wait = self._jitter() * min(LONGEST_WAIT, FIRST_WAIT * 2**tries)
        if error.retry_after is not None:
            wait = max(error.retry_after, wait)
        if wait > LONGEST_WAIT or self._clock() + wait >= deadline:
            return None
        return wait

    def _exchange(self, method, url, deadline, *, as_file=False, max_bytes=MAX_ANSWER, headers=None, **sending):
        """Send once and read the whole answer; never raises for a failure of the network or the server."""
        own_headers = {"Accept": "*/*" if as_file else "application/json", **(headers or {})}
        status, headers, content, data, failure = None, {}, b"", None, None
        with self._limiter.place() if self._limiter else nullcontext():
            started = self._clock()
            try:
                with self._session.request(
                    method,
                    url,
                    headers={**self.headers(url), **own_headers},
                    timeout=(CONNECT_TIMEOUT, max(0.1, min(self.read_timeout, deadline - started))),
                    allow_redirects=False,
                    stream=True,
                    **sending,
                ) as response:
                    status, headers = response.status_code, response.headers
                    content = read_body(response, max_bytes, lambda: self._clock() > deadline)
            except LIBRARY_ERRORS as error:
                failure = failure_of(error, self.label)
        if not (as_file or failure):
            data, failure = parsed(content, status, self.label)
        trace_id = headers.get(self.trace_header, "")[:100] if self.trace_header else ""
        self._report(method, url, status, trace_id, started, as_file, headers)
        if status == 429 and self._limiter:
            self._limiter.pause(retry_after(headers) or 1.0)
        return Reply(status, headers, content, data, failure, trace_id)

    def _report(self, method, url, status, trace_id, started, as_file, headers):
        if not self._observe:
            return
        parts = urlsplit(url)
        path = parts.path if as_file or not parts.query else f"{parts.path}?{parts.query}"
        milliseconds = round((self._clock() - started) * 1000)
        announcement = self._masked(self.announcement(parts.path, headers))[:MAX_QUOTE]
        path = self._masked(path)
        self._observe(Exchange(method, path, status, trace_id, milliseconds, announcement))

    # Errors

    def _error(self, reply, repeatable):
        """The exception for a reply; None for a success."""
        status, failure = reply.status, reply.failure
        if failure and (status is None or status < 300):
            return failed(reply, repeatable)
        if status < 300:
            return None
        return self._refused(reply, repeatable)

    def _refused(self, reply, repeatable):
        code, answer = self._quoted(reply.data)
        return refused(self.label, reply, repeatable, answer, code=code, details=self._details(reply))

    def _quoted(self, data):
        """The provider's error code, and its message without a full stop."""
        code, message = self.explain(data)
        said = " ".join(self._masked(message).split()).rstrip(".")
        if len(said) > MAX_QUOTE or len(message) > MAX_READ:
            said = said[:MAX_QUOTE] + "..."
        return self._masked(code)[:100], said

    def _details(self, reply):
        # A character has up to four bytes; masking cuts by characters, so that it still recognizes a secret.
        return self._masked(reply.content[: 4 * MAX_DETAILS].decode("utf-8", "replace"), MAX_DETAILS)

    def _masked(self, text, limit=MAX_READ):
        return mask_text(text, self._secrets, limit)

    # Addresses

    def _bearer(self, token):
        """The token, remembered so that no error repeats it."""
        self._secrets = self._secrets | {token}
        return token

    def _own_url(self, path, address):
        """The URL for a path; a full URL must be of the same host, because it gets the token."""
        if path.startswith("/") and not path.startswith("//"):
            return address + path
        if origin(path) == origin(address):
            return path
        raise RemoteError(_("%(provider)s refers to another server. Odoo does not follow that.", provider=self.label))

    def _check_link(self, url):
        found = origin(url)
        if found and found == origin(self.base_url):
            return
        # Any other link of a record must lead to the provider's own servers.
        if found and found[0] == "https" and found[2] == 443 and is_below(found[1], self.file_hosts):
            return
        raise self._unsafe_link()

    def _unsafe_link(self):
        return InvalidDataError(
            _("%(provider)s returned an unsafe link to a file. Odoo does not follow it.", provider=self.label)
        )


def _session(parallel, allow_loopback):
    session = requests.Session()
    session.headers["User-Agent"] = "ml_connector (Odoo)"
    # No provider needs cookies, and threads can share a session without them.
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
    for scheme in ("https://", "http://"):
        session.mount(scheme, GuardedAdapter(allow_loopback, pool_connections=4, pool_maxsize=parallel, max_retries=0))
    return session


def _query(params):
    given = {key: value for key, value in (params or {}).items() if value is not None}
    written = {key: str(value).lower() if isinstance(value, bool) else value for key, value in given.items()}
    return f"?{urlencode(written)}" if written else ""
