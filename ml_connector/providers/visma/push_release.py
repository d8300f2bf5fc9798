"""Release of supplier invoices: what posts them to the ledger of Visma.net.

The action is accepted at once and done later, and nobody tells what became of it: so the document is read until it
shows.
"""

from contextlib import contextmanager

from ...core.errors import (
    ConflictError,
    DuplicateError,
    InvalidDataError,
    LockedPeriodError,
    NotFoundError,
    PermanentError,
    RemoteError,
    UnconfirmedError,
)
from ...core.provider import SendResult
from .client import wait_until
from .invoices import is_released, key_of_row, named, path_of, standing_in_the_ledger
from .push_base import Push
from .wire import text, wrapped

RELEASE_SECONDS = 8
"""How long it is waited for; after that it is looked at in a later run."""
REFUSALS = (ConflictError, DuplicateError, InvalidDataError, LockedPeriodError, PermanentError)


class Releases(Push):
    """A document that takes the place of another counts first, then what reverses that one: never neither of them."""

    def render(self, document):
        return {"document": document.parent_external_id}

    def send(self, payload, external_id, key):
        row = _read(self.client, payload["document"])
        before = list(self.reversals.standing_before(row))
        if before:
            return SendResult(external_id=payload["document"], note=self._replace(row, before))
        release(self.client, payload["document"], row=row)
        return SendResult(external_id=payload["document"])

    def _replace(self, row, before):
        """Release a document and what reverses those whose place it takes; what a person has to know of it."""
        key, others = key_of_row(row), named(before)
        alone = f"{standing_in_the_ledger(before)} as before, and {key} does not count until this is mended."
        both = f"Both {key} and {others} stand in the ledger until this is mended."
        with told(both if is_released(row) else alone):
            prepared = [(old, self.reversals.prepare(old)) for old in before]
            release(self.client, key, row=row)
        with told(both, RemoteError, UnconfirmedError):
            return " ".join([self.reversals.complete(*pair) for pair in prepared])

    def find(self, payload, key):
        """Whether it is released, alone; else it is simply asked for again."""
        row = _read(self.client, payload["document"])
        is_done = is_released(row) and not any(self.reversals.standing_before(row))
        return SendResult(external_id=payload["document"]) if is_done else None

    @property
    def reversals(self):
        return self.provider.reversals


@contextmanager
def told(what_stands, *more):
    """Let a refusal say what stands in the ledger of Visma.net, because an accountant has to know.

    :param more: errors beside refusals that are to say it
    """
    try:
        yield
    except (*REFUSALS, *more) as error:
        error.message = f"{error.message} {what_stands}"
        raise


def release(client, key, seconds=RELEASE_SECONDS, *, row=None):
    """Release a document and wait until it is. Does nothing where it is released already.

    :param row: the document as it was read just now

    :raises InvalidDataError: Visma does not release it
    :raises RemoteError: it is accepted and not done yet: looked at again later
    """
    path = path_of(key)
    row = row or _read(client, key)
    if is_released(row):
        return
    if text(row, "status") == "Hold":
        client.update(path, wrapped({"hold": False}))
    before = text(row, "errorInfo")
    client.act(f"{path}/action/release")
    row = wait_until(lambda: _outcome(client, key, before), seconds) or _read(client, key)
    if is_released(row):
        return
    if text(row, "errorInfo") and text(row, "errorInfo") != before:
        raise InvalidDataError(f"Visma.net does not release {key}: {text(row, 'errorInfo')}")
    raise RemoteError(f"Visma.net has accepted the release of {key}, and is not done yet.")


def _outcome(client, key, before):
    """The document once something became of it."""
    row = _read(client, key)
    said = text(row, "errorInfo")
    return row if is_released(row) or (said and said != before) else None


def _read(client, key):
    try:
        return client.one(path_of(key)).data
    except NotFoundError as error:
        raise InvalidDataError(f"{key} is not in Visma.net any more, so it cannot be released.") from error
