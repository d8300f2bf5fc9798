"""Release of supplier invoices: what posts them to the ledger of Visma.net.

The action is accepted at once and done later, and nobody tells what became of it: so the document is read until it
shows.
"""

from ...clients.visma import wait_until
from ...exceptions import InvalidDataError, NotFoundError, RemoteError
from ..base import Sent
from .invoices import RELEASED, path_of
from .push_base import Push
from .wire import text, wrapped

RELEASE_SECONDS = 8
"""How long it is waited for; after that it is looked at in a later run."""


class Releases(Push):
    def render(self, document):
        return {"document": document.parent_external_id}

    def send(self, payload, external_id, key):
        release(self.client, payload["document"])
        return Sent(external_id=payload["document"])

    def find(self, payload, key):
        """Whether it is released; else it is simply asked for again."""
        row = _read(self.client, payload["document"])
        return Sent(external_id=payload["document"]) if text(row, "status") in RELEASED else None


def release(client, key, seconds=RELEASE_SECONDS):
    """Release a document and wait until it is. Does nothing where it is released already.

    :raises InvalidDataError: Visma does not release it
    :raises RemoteError: it is accepted and not done yet: looked at again later
    """
    path = path_of(key)
    row = _read(client, key)
    if text(row, "status") in RELEASED:
        return
    if text(row, "status") == "Hold":
        client.update(path, wrapped({"hold": False}))
    before = text(row, "errorInfo")
    client.act(f"{path}/action/release")
    row = wait_until(lambda: _outcome(client, key, before), seconds) or _read(client, key)
    if text(row, "status") in RELEASED:
        return
    if text(row, "errorInfo") and text(row, "errorInfo") != before:
        raise InvalidDataError(f"Visma.net does not release {key}: {text(row, 'errorInfo')}")
    raise RemoteError(f"Visma.net has accepted the release of {key}, and is not done yet.")


def _outcome(client, key, before):
    """The document once something became of it."""
    row = _read(client, key)
    said = text(row, "errorInfo")
    return row if text(row, "status") in RELEASED or (said and said != before) else None


def _read(client, key):
    try:
        return client.one(path_of(key)).data
    except NotFoundError as error:
        raise InvalidDataError(f"{key} is not in Visma.net any more, so it cannot be released.") from error
