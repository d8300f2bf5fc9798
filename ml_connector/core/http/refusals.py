"""Which exception a failed call raises: by what may have happened to the request, and by the status of the answer."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from ..errors import (
    AuthError,
    ConflictError,
    NetworkError,
    NotFoundError,
    PermanentError,
    RateLimitError,
    RemoteError,
    UnconfirmedError,
)
from ..messages import Message, _, paragraph
from .failures import Failure

MAX_RETRY_AFTER = 24 * 3600.0
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses after which the same request may succeed."""
_REFUSALS = (
    ((401, 403), AuthError, _("%(provider)s refused access."), _("%(provider)s refused access: %(answer)s.")),
    (
        (404, 410),
        NotFoundError,
        _("%(provider)s does not have this record."),
        _("%(provider)s does not have this record: %(answer)s."),
    ),
    (
        (409, 412),
        ConflictError,
        _("%(provider)s reports a conflict."),
        _("%(provider)s reports a conflict: %(answer)s."),
    ),
    (
        (429,),
        RateLimitError,
        _("%(provider)s asks for fewer requests."),
        _("%(provider)s asks for fewer requests: %(answer)s."),
    ),
)
"""By status: the error, and its sentence without and with the provider's own message."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Result of one attempt: an answer, a failure, or (for a cut-off answer) a status and a failure."""

    status: int | None
    headers: dict
    content: bytes
    data: object
    failure: Failure | None
    trace_id: str


class RefusedAddress(NetworkError):
    """The name of the server resolves to addresses that may not be called."""


def failed(reply, repeatable):
    """The exception for a call without a usable answer."""
    failure = reply.failure
    known = {"status": reply.status, "trace_id": reply.trace_id}
    if not failure.sent and reply.status is None:
        kind = RefusedAddress if failure.is_refused else NetworkError
        return kind(paragraph(failure.message, _("Odoo sent nothing.")), **known)
    if not repeatable:
        return UnconfirmedError(paragraph(failure.message, _("The request may or may not have taken effect.")), **known)
    kind = NetworkError if reply.status is None else RemoteError
    return kind(failure.message, **known)


def refused(label, reply, repeatable, answer, **known):
    """The exception for an answer with an error status.

    :param answer: the provider's own message
    """
    status = reply.status
    said = {"provider": label, "answer": answer, "status": status}
    known |= {"status": status, "trace_id": reply.trace_id, "retry_after": retry_after(reply.headers)}
    if status < 400:
        return RemoteError(
            _("%(provider)s answered with a redirect. Odoo does not follow it.", provider=label), **known
        )
    for statuses, kind, plain, with_answer in _REFUSALS:
        if status in statuses:
            return kind(Message(with_answer if answer else plain, **said), **known)
    if status < 500 and status not in _PASSING:
        plain, with_answer = (
            _("%(provider)s refused the request."),
            _("%(provider)s refused the request: %(answer)s."),
        )
        return PermanentError(Message(with_answer if answer else plain, **said), **known)
    plain = _("%(provider)s failed with HTTP status %(status)s.")
    if repeatable:
        with_answer = _("%(provider)s failed with HTTP status %(status)s: %(answer)s.")
        return RemoteError(Message(with_answer if answer else plain, **said), **known)
    sentence = Message(plain, provider=label, status=status)
    return UnconfirmedError(paragraph(sentence, _("The request may or may not have taken effect.")), **known)


def is_passing(reply):
    """Whether the same request may succeed."""
    if reply.failure and (reply.status is None or reply.status < 300):
        return not reply.failure.lasting
    return reply.status in _PASSING


def retry_after(headers):
    """Seconds that the server asks to wait, from a number or a date; None if the header is missing or unreadable."""
    value = headers.get("Retry-After", "").strip()
    if not value:
        return None
    if value.replace(".", "", 1).isdecimal():
        return min(float(value), MAX_RETRY_AFTER)
    try:
        moment = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max(0.0, (moment - datetime.now(UTC)).total_seconds()), MAX_RETRY_AFTER)
