"""Bodies of answers, and what exceptions of the network libraries and unreadable bodies mean, as sentences."""

import contextlib
import http.client
import io
import json
import socket
import ssl
from dataclasses import dataclass
from math import isfinite

import requests
import urllib3

from ..messages import Message, _
from .addresses import RefusedAddressError

CONNECT_TIMEOUT = 5.0
MOST_DIGITS = 1000
MAX_DEPTH = 100
"""Levels of an answer; deeper ones could exceed Python's recursion limit when they are stored."""
CHUNK = 8 * 1024


class TooLargeError(Exception):
    """The body exceeds its maximum, in bytes."""


class CutOffError(Exception):
    """The body is shorter than announced."""


LIBRARY_ERRORS = (
    RefusedAddressError,
    TooLargeError,
    CutOffError,
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
    OSError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an exchange gave nothing usable.

    :param sent: whether the provider may have received the request
    :param lasting: whether an immediate retry is pointless
    :param is_refused: whether the address may not be called
    """

    message: Message
    sent: bool = True
    lasting: bool = False
    is_refused: bool = False


def failure_of(error, provider):
    """The `Failure` of an exception of the network libraries. Its text is unused: it may hold a header or a URL."""
    causes = list(_causes(error))

    def unreachable(template, **options):
        return Failure(Message(template, provider=provider), sent=False, **options)

    def caused_by(*kinds):
        return any(isinstance(cause, kinds) for cause in causes)

    if isinstance(error, RefusedAddressError):
        return unreachable(
            _("Odoo cannot reach %(provider)s: its address is not public."), lasting=True, is_refused=True
        )
    if isinstance(error, TooLargeError):
        limit = error.args[0] // 1024 // 1024
        return Failure(_("%(provider)s sent more than %(limit)s MB.", provider=provider, limit=limit), lasting=True)
    if isinstance(error, CutOffError):
        return Failure(_("%(provider)s closed the connection in the middle of its answer.", provider=provider))
    if caused_by(socket.gaierror):
        return unreachable(_("Odoo cannot reach %(provider)s: its name does not resolve."))
    if caused_by(ssl.SSLCertVerificationError):
        return unreachable(_("Odoo cannot reach %(provider)s safely: its certificate is not valid."), lasting=True)
    if isinstance(error, (ValueError, requests.exceptions.InvalidJSONError)):
        # a line break in a credential, for example
        return unreachable(_("Odoo cannot ask %(provider)s: the request is not valid."), lasting=True)
    if caused_by(requests.exceptions.ConnectTimeout):
        return unreachable(_("Odoo cannot reach %(provider)s: the connection timed out."))
    if caused_by(urllib3.exceptions.NewConnectionError):
        return unreachable(_("Odoo cannot reach %(provider)s: the server refuses connections."))
    if caused_by(requests.exceptions.Timeout, urllib3.exceptions.TimeoutError, TimeoutError):
        return Failure(_("%(provider)s did not answer in time.", provider=provider))
    if caused_by(requests.exceptions.ContentDecodingError, urllib3.exceptions.DecodeError):
        return Failure(_("%(provider)s sent an unreadable answer.", provider=provider))
    return Failure(_("%(provider)s closed the connection before it answered.", provider=provider))


def _causes(error):
    """The exception and what lies beneath it; the libraries wrap in several ways."""
    waiting, seen = [error], set()
    while waiting:
        current = waiting.pop()
        if not isinstance(current, BaseException) or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        waiting += [current.__cause__, current.__context__, getattr(current, "reason", None), *current.args]


def read_body(response, max_bytes, is_late):
    """The body; the deadline is checked after every piece, because a slow server causes no time-out."""
    # joining a list of parts would hold a large file twice
    body = io.BytesIO()
    for part in response.iter_content(CHUNK):
        if body.tell() + len(part) > max_bytes:
            raise TooLargeError(max_bytes)
        if is_late():
            raise requests.exceptions.ReadTimeout
        body.write(part)
    # urllib3 1.x does not complain about a body shorter than announced.
    announced = response.headers.get("Content-Length", "")
    if announced.isdecimal() and response.request.method != "HEAD" and response.raw.tell() < int(announced):
        raise CutOffError
    return body.getvalue()


def parsed(content, status, provider):
    """The JSON of a body, or the `Failure` that there is none. An error answer need not be JSON."""
    if not content.strip():
        return None, None
    with contextlib.suppress(ValueError):
        text = content.decode("utf-8-sig")
        return _storable(text, read_json(text)), None
    if status >= 300:
        return None, None
    if content.lstrip()[:1] == b"<":
        return None, Failure(_("%(provider)s answered with a web page instead of data.", provider=provider))
    return None, Failure(_("%(provider)s sent an incomplete or invalid answer.", provider=provider))


def read_json(text):
    """The data in a JSON text from outside.

    :raises ValueError: the text is not JSON, or nested too deeply
    """
    try:
        data = json.loads(text, parse_constant=_no_constant, parse_float=_number, parse_int=_whole)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    level = [data]
    for _depth in range(MAX_DEPTH):
        level = [
            child
            for item in level
            if isinstance(item, (dict, list))
            for child in (item.values() if isinstance(item, dict) else item)
        ]
        if not level:
            return data
    raise ValueError("nested too deeply")


def _no_constant(name):
    raise ValueError(name)


def _number(text):
    """A number that is too large stays text, so that only its own record fails."""
    value = float(text)
    return value if isfinite(value) else text


def _whole(text):
    return int(text) if len(text) <= MOST_DIGITS else text


def _storable(text, data):
    """The data without zero bytes and lone surrogates, which JSON can hold but no database stores; they are rare."""
    lowered = text.lower()
    if "\\u0000" in lowered or "\\ud" in lowered:
        return _cleaned(data)
    return data


def _cleaned(value):
    if isinstance(value, dict):
        return {_cleaned(key): _cleaned(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_cleaned(item) for item in value]
    if isinstance(value, str):
        return value.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
    return value
