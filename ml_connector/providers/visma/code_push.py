"""Sends accounts and analytic accounts of Odoo that are created in Visma.net on request.

They are never changed afterwards: Visma keeps names and statuses. Each is identified by its code, so those that exist
already are linked.
"""

from ...core.errors import InvalidDataError, NotFoundError
from ...core.messages import _
from ...core.remote import SendResult
from ...core.wire import needed
from .push import VismaPush, linked_to


class CodePush(VismaPush):
    """Creates objects once, each with a code of its own."""

    def send(self, payload, external_id, key):
        row = self._row(payload)
        if row:
            reference = self._usable(payload, row)
            note = "" if reference.name == payload["name"] else linked_to(reference.name)
            return SendResult(external_id=reference.external_id, mapping=reference, linked=True, note=note)
        self._make(payload)
        missing = _("Visma.net reported no error, but does not show the new code %(code)s.", code=payload["code"])
        row = needed(self._row(payload), missing)
        reference = self._usable(payload, row)
        return SendResult(external_id=reference.external_id, mapping=reference)

    def find(self, payload, key):
        """The object, if bills may be coded to it; else `send` reports why not."""
        row = self._row(payload)
        reference, may_be_used = self._reference(payload, row) if row else (None, False)
        return SendResult(external_id=reference.external_id, mapping=reference) if may_be_used else None

    def _usable(self, payload, row):
        """:raises InvalidDataError: bills cannot be coded to it"""
        reference, may_be_used = self._reference(payload, row)
        if not may_be_used:
            raise InvalidDataError(
                _(
                    "Visma.net has the code %(code)s, but does not allow it on bills. Activate it there, or choose "
                    "another code.",
                    code=payload["code"],
                )
            )
        return reference

    def _row(self, payload):
        """The object in Visma; None if there is none."""
        raise NotImplementedError

    def _reference(self, payload, row):
        """Its `Reference`, and whether bills may be coded to it."""
        raise NotImplementedError

    def _make(self, payload):
        raise NotImplementedError

    def _one(self, path):
        try:
            return self.client.one(path).data
        except NotFoundError:
            return None


def named(document):
    """Code and name of a document.

    :raises InvalidDataError: it has no code, or is archived
    """
    missing = _("%(account)s has no code, which Visma.net requires. Enter one, then retry.", account=document.name)
    code = needed(document.code.strip(), missing)
    if not document.active:
        raise InvalidDataError(_("%(account)s is archived in Odoo.", account=document.name))
    return {"code": code, "name": document.name.strip() or code}
