"""Release of supplier invoices, which posts them to the ledger of Visma.net.

Visma accepts the action immediately and does it later without a notice, so the document is read until it shows the
outcome.
"""

from contextlib import contextmanager

from ...core.errors import InvalidDataError, NotFoundError, RemoteError, UnconfirmedError
from ...core.messages import _, paragraph
from ...core.remote import SendResult
from ...core.wire import text
from .client import wait_until
from .ledger import is_released, key_of_row, keys_of, path_of
from .push import REFUSALS, VismaPush
from .wire import wrapped

RELEASE_SECONDS = 8
"""How long a run waits for the release; after that a later run checks it."""


class BillReleasePush(VismaPush):
    """Releases a document before the reversals of those that it replaces, so that the ledger always has one of them."""

    key = "bill_release_push"
    label = _("Release in Visma.net")
    kind = "release"
    sequence = 140
    follows = "bills_push"
    help = _("Releases supplier invoices to the ledger once their files are attached. Without it, they stay on hold.")

    def render(self, document):
        return {"document": document.parent_external_id}

    def send(self, payload, external_id, key):
        row = _read(self.client, payload["document"])
        before = list(self.provider.reversals.standing_before(row))
        if before:
            return SendResult(external_id=payload["document"], note=self._replace(row, before))
        release(self.client, payload["document"], row=row)
        return SendResult(external_id=payload["document"])

    def _replace(self, row, before):
        """Release a document and the reversals of those that it replaces; a note for the accountant."""
        key, others = key_of_row(row), keys_of(before)
        alone = _(
            "Still in the ledger of Visma.net: %(documents)s. %(replacement)s is not in the ledger until this is "
            "fixed.",
            documents=others,
            replacement=key,
        )
        both = _(
            "Both %(replacement)s and %(documents)s are in the ledger of Visma.net until this is fixed.",
            replacement=key,
            documents=others,
        )
        with ledger_named(both if is_released(row) else alone):
            prepared = [(old, self.provider.reversals.prepare(old)) for old in before]
            release(self.client, key, row=row)
        with ledger_named(both, RemoteError, UnconfirmedError):
            return paragraph(*[self.provider.reversals.complete(*pair) for pair in prepared])

    def find(self, payload, key):
        """The result, if the document is released and replaces none; else `send` repeats the release."""
        row = _read(self.client, payload["document"])
        is_done = is_released(row) and not any(self.provider.reversals.standing_before(row))
        return SendResult(external_id=payload["document"]) if is_done else None


@contextmanager
def ledger_named(sentence, *more):
    """Add to a refusal what is in the ledger of Visma.net, which the accountant has to know.

    :param more: errors besides refusals that get the sentence too
    """
    try:
        yield
    except (*REFUSALS, *more) as error:
        error.message = paragraph(error.message, sentence)
        raise


def release(client, key, seconds=RELEASE_SECONDS, *, row=None):
    """Release a document and wait until it is released. Does nothing if it is released already.

    :param row: the document, if it was just read
    :raises InvalidDataError: Visma refuses the release
    :raises RemoteError: Visma has accepted the release and not finished it
    """
    path = path_of(key)
    row = row or _read(client, key)
    if is_released(row):
        return
    before = text(row, "errorInfo")
    try:
        if text(row, "status") == "Hold":
            client.update(path, wrapped({"hold": False}))
        client.act(f"{path}/action/release")
    except REFUSALS:
        # an earlier release may have ended since, after which Visma refuses another one
        if is_released(_read(client, key)):
            return
        raise
    row = wait_until(lambda: _outcome(client, key, before), seconds) or _read(client, key)
    if is_released(row):
        return
    if text(row, "errorInfo") and text(row, "errorInfo") != before:
        raise InvalidDataError(
            _(
                "Visma.net did not release %(document)s: %(reason)s.",
                document=key,
                reason=text(row, "errorInfo").rstrip("."),
            )
        )
    raise RemoteError(release_pending(key))


def release_pending(document):
    return _("Visma.net has accepted the release of %(document)s, but has not finished it.", document=document)


def _outcome(client, key, before):
    """The document, if it is released or has a new error; else None."""
    row = _read(client, key)
    error = text(row, "errorInfo")
    return row if is_released(row) or (error and error != before) else None


def _read(client, key):
    try:
        return client.one(path_of(key)).data
    except NotFoundError as error:
        raise InvalidDataError(
            _("%(document)s no longer exists in Visma.net, so Odoo cannot release it.", document=key)
        ) from error
