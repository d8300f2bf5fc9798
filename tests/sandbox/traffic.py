"""Exchanges as they went over the wire, without secrets: recorded, written as lines of JSON, and read again."""

import json
import re
import threading
from dataclasses import asdict, dataclass, field
from urllib.parse import parse_qsl

from .journal import MASK

FILE = "(file)"
CONTROL = "/_control/"
KEPT_HEADERS = (
    "accept",
    "content-type",
    "documentformatas",
    "etag",
    "if-match",
    "location",
    "retry-after",
)
"""All others may identify somebody, or open something."""
SECRET_FIELDS = ("access_token", "account_number", "client_secret", "password", "refresh_token", "routing_number")
_SECRET = re.compile(rf'("(?:{"|".join(SECRET_FIELDS)}|secret|signature)"\s*:\s*)"(?:[^"\\]|\\.)*"')
_SECRET_IN_FORM = re.compile(rf"((?:^|&)(?:{'|'.join(SECRET_FIELDS)})=)[^&]*")
_SECRET_IN_LINK = re.compile(r"([?&][\w.-]*(?:signature|token|credential)[\w.-]*=)[^&\"\\\s]+", re.IGNORECASE)
_TEXTS = re.compile(r"json|text|xml|x-www-form-urlencoded", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """One request and its answer.

    :param query: pairs, in the order of the request
    :param body: text of the request; of parts that are files only their heads
    :param answer: text of the answer, `FILE` in place of a file
    """

    method: str
    path: str
    query: list = field(default_factory=list)
    headers: dict = field(default_factory=dict)
    body: str = ""
    status: int = 0
    answer_headers: dict = field(default_factory=dict)
    answer: str = ""


class Recording:
    """Exchanges in memory, or in a file.

    :param path: the file that lines are added to; None: in memory
    :param secrets: texts that no recording may contain
    """

    def __init__(self, path=None, secrets=()):
        self.exchanges = []
        self._file = path.open("a", encoding="utf-8") if path else None
        self._secrets = sorted((secret for secret in secrets if secret), key=len, reverse=True)
        self._lock = threading.Lock()

    def of(self, sandbox):
        """Record what reaches a sandbox, but for what its tests tell it."""
        respond = sandbox.respond

        def recorded(request):
            response = respond(request)
            if not request.path.startswith(CONTROL):
                query = request.query_string.decode()
                self.add(
                    *(request.method, request.path, query, request.headers, request.get_data()),
                    *(response.status_code, response.headers, response.get_data()),
                )
            return response

        sandbox.respond = recorded
        return self

    def add(self, method, path, query, headers, body, status, answer_headers, answer):
        exchange = Exchange(
            method=method,
            path=path,
            query=[[name, self._masked(value)] for name, value in parse_qsl(query, keep_blank_values=True)],
            headers=self._kept(headers),
            body=self._text(headers, body),
            status=status,
            answer_headers=self._kept(answer_headers),
            answer=self._text(answer_headers, answer),
        )
        with self._lock:
            if self._file:
                self._file.write(json.dumps(asdict(exchange), ensure_ascii=False) + "\n")
                self._file.flush()
            else:
                self.exchanges.append(exchange)

    def _kept(self, headers):
        return {name.lower(): self._masked(value) for name, value in headers.items() if name.lower() in KEPT_HEADERS}

    def _text(self, headers, content):
        kind = headers.get("Content-Type") or ""
        if kind.startswith("multipart/"):
            return self._masked(_heads_of_parts(content or b""))
        if not content:
            return ""
        if not _TEXTS.search(kind):
            return FILE
        return self._masked(content.decode("utf-8", "replace"))

    def _masked(self, text):
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        text = _SECRET.sub(rf'\1"{MASK}"', text)
        text = _SECRET_IN_FORM.sub(rf"\1{MASK}", text)
        return _SECRET_IN_LINK.sub(rf"\1{MASK}", text)


def _heads_of_parts(content):
    """A multipart body in which files are empty."""
    boundary = content.partition(b"\r\n")[0]
    parts = []
    for part in content.split(boundary):
        head, gap, _value = part.partition(b"\r\n\r\n")
        parts.append(head + gap + b"\r\n" if gap and b"filename" in head else part)
    return boundary.join(parts).decode("utf-8", "replace")


def read(path):
    """The exchanges of a file."""
    with path.open(encoding="utf-8") as lines:
        return [Exchange(**json.loads(line)) for line in lines]
