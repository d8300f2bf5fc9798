"""Analytic accounts of Odoo as segment values and projects of Visma.net."""

from ...core.errors import InvalidDataError
from ...core.messages import _
from ...core.wire import needed, rows, text
from .client import path_id
from .code_push import CodePush, named
from .coding import PROJECT, SEGMENT, SUBACCOUNT, is_usable, project_reference, segment_reference
from .wire import day, moment_of, wrapped

PROJECTS = "/v1/project"


class DimensionsPush(CodePush):
    """Values of a segment (`/v1/dimension/SUBACCOUNT/{segment}`), or projects, as the analytic plan is mapped."""

    key = "analytics_push"
    label = _("Cost Centers and Projects to Visma.net")
    kind = "list_value"
    sequence = 90
    help = _(
        "Creates analytic accounts in Visma.net when you click Create in Visma.net in the mappings. They become "
        "projects or values of a segment, depending on the mapping of their plan."
    )

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
        return {**named(document), "segment": segment if role == SEGMENT else ""}

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
        missing = _("No financial period is open in Visma.net, so the project has no start date. Open a period there.")
        needed(starts, missing)
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
