"""What tests do to a Concur sandbox beyond faults and journal."""

import time

from ..control import Control
from .control_masters import MasterControl
from .documents import reopened


class ConcurControl(MasterControl, Control):
    """Moves, tokens and the queue of financial documents."""

    # -- company and tokens ------------------------------------------------------------------------------------------

    def move_tenant(self, centre):
        """Move the company to another data centre: its tokens are worth nothing where it was."""
        with self._sandbox.lock:
            self._sandbox.state.tenant.centre = centre
            self._sandbox.state.tokens.clear()

    def centres(self):
        return self._sandbox.centres

    def new_request_token(self):
        """A company request token as an administrator makes it."""
        with self._sandbox.lock:
            return self._sandbox.state.renew_request_token(self._sandbox.client_id)

    def end_request_tokens(self):
        """As if 24 hours had passed."""
        for token in self._sandbox.state.tenant.request_tokens.values():
            token["ends"] = time.time()

    def end_refresh_tokens(self):
        """As if six months had passed."""
        self._sandbox.state.refresh_tokens.clear()

    def end_access_tokens(self):
        """As if an hour had passed."""
        self._sandbox.state.tokens.clear()

    # -- documents ---------------------------------------------------------------------------------------------------

    def documents(self, doc_type=None):
        """Id, source, status and what was said of each document."""
        names = ("id", "doc_type", "source_id", "status", "messages", "postings", "content")
        return [
            {name: getattr(row, name) for name in names}
            for row in self._sandbox.state.documents
            if doc_type in (None, row.doc_type)
        ]

    def stalled(self):
        """Documents that were handed out and never acknowledged: nobody in Concur can go on with them."""
        return [row.id for row in self._sandbox.state.documents if row.was_read and row.status == "READY"]

    def add_document(self, doc_type, source_id, content, image=None):
        """Release a document for the books; returns its id."""
        with self._sandbox.lock:
            if image:
                self._sandbox.state.images[source_id] = image
            made = self._sandbox.state.add_document(doc_type, source_id, content)
            self._sandbox.publisher.emit(made)
            return made.id

    def reopen(self, report_id, entries):
        """A report that was posted is approved again with other expenses; returns the id of its new document."""
        sandbox = self._sandbox
        with sandbox.lock:
            latest = [row for row in sandbox.state.documents if row.source_id == report_id][-1]
            content = reopened(latest.content, entries, sandbox.settings.reopens_with)
            made = sandbox.state.add_document("expense", report_id, content)
            sandbox.publisher.emit(made)
            return made.id

    def recall(self, document_id):
        """What a processor does: the document leaves the queue."""
        self._sandbox.state.documents.get(document_id).status = "RECALLED"

    # -- events ------------------------------------------------------------------------------------------------------

    def public_key(self):
        """The key with which events are signed, as SAP publishes it."""
        return self._sandbox.publisher.public_key()

    def subscriptions(self):
        return [{"id": row.id, "endpoint": row.endpoint} for row in self._sandbox.state.subscriptions]
