"""What exceptions of the network libraries and unreadable bodies mean, as ends of sentences."""

import contextlib
import http.client
import json
import socket
import ssl
from dataclasses import dataclass
from math import isfinite

import requests
import urllib3

CONNECT_TIMEOUT = 5.0
MOST_DIGITS = 1000
MAX_DEPTH = 100
"""Levels of an answer; what is deeper cannot be stored from every place of a program."""
LIBRARY_ERRORS = (
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
    OSError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an exchange gave nothing usable.

    :param reason: end of a sentence that begins with the vendor's name
    :param sent: whether the vendor may have received the request
    :param lasting: whether trying again at once is pointless
    """

    reason: str
    sent: bool = True
    lasting: bool = False


REFUSED = Failure("could not be reached: its address is not a public one", sent=False, lasting=True)


def failure_of(error):
    """What an exception of the network libraries means. Its text is never used: it may hold a header or a URL."""
    causes = list(_causes(error))

    def caused_by(*kinds):
        return any(isinstance(cause, kinds) for cause in causes)

    if caused_by(socket.gaierror):
        return Failure("could not be reached: its name was not found", sent=False)
    if caused_by(ssl.SSLCertVerificationError):
        return Failure("could not be reached safely: its certificate is not valid", sent=False, lasting=True)
    if isinstance(error, (ValueError, requests.exceptions.InvalidJSONError)):
        # Not even put together: a line break in a credential, for example.
        return Failure("could not be asked: the request is not a valid one", sent=False, lasting=True)
    if caused_by(requests.exceptions.ConnectTimeout):
        return Failure(f"could not be reached within {CONNECT_TIMEOUT:.0f} seconds", sent=False)
    if caused_by(urllib3.exceptions.NewConnectionError):
        return Failure("could not be reached: no connection was accepted", sent=False)
    if caused_by(requests.exceptions.Timeout, urllib3.exceptions.TimeoutError, TimeoutError):
        return Failure("did not answer in time")
    if caused_by(requests.exceptions.ContentDecodingError, urllib3.exceptions.DecodeError):
        return Failure("sent an answer that cannot be read")
    return Failure("broke off the connection")


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


def parsed(content, status):
    """The JSON of a body, or why there is none. An error answer need not be JSON: its status says enough."""
    if not content.strip():
        return None, None
    with contextlib.suppress(ValueError):
        text = content.decode("utf-8-sig")
        return _storable(text, read_json(text)), None
    if status >= 300:
        return None, None
    if content.lstrip()[:1] == b"<":
        return None, Failure("answered with a web page instead of data")
    return None, Failure("sent an incomplete or unreadable answer")


def read_json(text):
    """The data in a JSON text from outside.

    :raises ValueError: it is none, or nested too deeply
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
    """What is too large for a number stays a text, which is the fault of its own record only."""
    value = float(text)
    return value if isfinite(value) else text


def _whole(text):
    return int(text) if len(text) <= MOST_DIGITS else text


def _storable(text, data):
    """Without zero bytes and half characters, which JSON can spell but no database stores; they are very rare."""
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
