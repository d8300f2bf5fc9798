"""Accounts and analytic accounts of Odoo as accounts, segment values and projects of Visma.net.

They are created on request and never changed afterwards: Visma keeps names and statuses. Each is identified by its
code, so those that exist already are linked.
"""

from ...core.errors import InvalidDataError, NotFoundError
from ...core.messages import _
from ...core.remote import SendResult
from .catalogue import (
    PROJECT,
    SEGMENT,
    SUBACCOUNT,
    account_reference,
    is_postable,
    is_usable,
    project_reference,
    segment_reference,
)
from .client import path_id
from .push_base import Push, linked_to
from .wire import day, moment_of, rows, text, wrapped

ACCOUNTS, PROJECTS = "/v1/account", "/v1/project"
TYPES = {
    "asset": "Asset",
    "liability": "Liability",
    "credit_card": "Liability",
    "equity": "Liability",
    "revenue": "Income",
    "expense": "Expense",
}
"""Visma has no type for equity: its charts of accounts keep it among the liabilities."""


class Codes(Push):
    """Creates objects once, each with a code of its own."""

    def send(self, payload, external_id, key):
        row = self._row(payload)
        if row:
            reference = self._usable(payload, row)
            note = "" if reference.name == payload["name"] else linked_to(reference.name)
            return SendResult(external_id=reference.external_id, mapping=reference, linked=True, note=note)
        self._make(payload)
        row = self._row(payload)
        if not row:
            raise InvalidDataError(
                _("Visma.net reported no error, but does not show the new code %(code)s.", code=payload["code"])
            )
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


class Accounts(Codes):
    """`/v1/account`."""

    def render(self, document):
        kind = TYPES.get(document.classification)
        if not kind:
            raise InvalidDataError(
                _("%(account)s is neither an asset, liability, income nor expense account.", account=document.name)
            )
        return {**_named(document), "type": kind}

    def _row(self, payload):
        return self._one(f"{ACCOUNTS}/{path_id(payload['code'])}")

    def _reference(self, payload, row):
        return account_reference(row), is_postable(row)

    def _make(self, payload):
        body = wrapped(
            {
                "accountCD": payload["code"],
                "type": payload["type"],
                "description": payload["name"],
                "active": True,
            }
        )
        self.created(ACCOUNTS, body, lambda: text(self._row(payload) or {}, "accountCD"))


class Analytics(Codes):
    """Values of a segment (`/v1/dimension/SUBACCOUNT/{segment}`), or projects, as the analytic plan is mapped."""

    def render(self, document):
        role, _colon, segment = document.dimension_external_id.partition(":")
        if role not in (SEGMENT, PROJECT):
            raise InvalidDataError(
                _(
                    "The analytic plan of %(account)s is not mapped to a segment or to projects, so Odoo cannot "
                    "create it in Visma.net.",
                    account=document.name,
                )
            )
        return {**_named(document), "segment": segment if role == SEGMENT else ""}

    def _row(self, payload):
        if not payload["segment"]:
            return self._one(f"{PROJECTS}/{path_id(payload['code'])}")
        values = rows(self._segment(payload), "segmentValues")
        return next((row for row in values if text(row, "valueId") == payload["code"]), None)

    def _reference(self, payload, row):
        if payload["segment"]:
            return segment_reference(self._segment(payload), row), row.get("active") is not False
        return project_reference(row), is_usable(row)

    def _segment(self, payload):
        return self.client.one(_segment_path(payload)).data

    def _make(self, payload):
        if payload["segment"]:
            self._add_value(payload)
        else:
            body = self._project(payload)
            self.created(PROJECTS, body, lambda: text(self._row(payload) or {}, "projectID"))

    def _add_value(self, payload):
        value = {
            "operation": "Insert",
            "value": payload["code"],
            **wrapped({"description": payload["name"], "active": True}),
        }

        def body(segment):
            length = segment.get("length")
            if length and len(payload["code"]) != length:
                raise InvalidDataError(
                    _(
                        "%(account)s has the code %(code)s, but values of %(segment)s have %(length)s characters. "
                        "Change the code in Odoo.",
                        account=payload["name"],
                        code=payload["code"],
                        segment=text(segment, "description"),
                        length=length,
                    )
                )
            return {"segmentValues": [value]}

        self.settled(lambda: self.changed(_segment_path(payload), body), lambda: self._row(payload))

    def _project(self, payload):
        """The body of a new project. It starts with the first open period, so that it fits every possible bill."""
        is_open = (row for row in self.provider.periods if not row.get("closedInSupplierLedger"))
        starts = sorted(filter(None, (day(row, "startDate") for row in is_open)))
        if not starts:
            raise InvalidDataError(
                _("No financial period is open in Visma.net, so the project has no start date. Open a period there.")
            )
        visible = wrapped(dict.fromkeys(("visibleInGl", "visibleInAp", "visibleInPo"), True))
        return {
            **wrapped(
                {
                    "projectID": payload["code"],
                    "description": payload["name"],
                    "status": "Active",
                    "hold": False,
                    "startDate": moment_of(starts[0]),
                }
            ),
            "defSub": self.provider.subaccounts.complete({}),
            "visibility": visible,
        }


def _segment_path(payload):
    return f"{SUBACCOUNT}/{path_id(payload['segment'])}"


def _named(document):
    """Code and name of a document.

    :raises InvalidDataError: it has no code, or is archived
    """
    if not document.code.strip():
        raise InvalidDataError(
            _("%(account)s has no code, which Visma.net requires. Enter one, then retry.", account=document.name)
        )
    if not document.active:
        raise InvalidDataError(_("%(account)s is archived in Odoo.", account=document.name))
    return {"code": document.code.strip(), "name": document.name.strip() or document.code.strip()}
