"""Reads the records again that the provider marks as booked, and lists those missing in Odoo."""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError

from ..core.errors import ConnectorError
from ..core.messages import _, paragraph
from ..core.provider import Finding
from ..models.ml_connection_job import WORKING_STATES
from .base import Step, requested
from .failures import as_connector_error

MOST_PAGES = 20
LOOK_BACK = timedelta(days=31)
MOST_NAMES = 5
"""Limits of what the connection check reads and shows."""


class Reconciliation(Step):
    """Records that the provider marks as booked and Odoo lacks."""

    def answer(self):
        for recovery in requested(self.connection, "ml.recovery"):
            lines, problems = [], []
            for flow in self.run.known_flows().filtered(lambda flow: flow._spec().relists):
                try:
                    lines += [
                        {
                            "flow_id": flow.id,
                            "title": item.title,
                            "external_id": item.external_id,
                            "item": _kept(item),
                            "is_told": is_told,
                        }
                        for item, is_told in self.run.work_of(flow).lacking(recovery.since)
                    ]
                except (ConnectorError, AccessError) as error:
                    problem = as_connector_error(self.connection, error).message
                    problems.append(_("%(flow)s: %(problem)s", flow=flow._spec().label, problem=problem))
            recovery.line_ids = [(0, 0, line) for line in lines]
            recovery.write(
                {"state": "failed" if problems and not lines else "done", "message": paragraph(*problems) or False}
            )
            self.run.commit()

    def find_lacking(self):
        """Add a finding about records that the provider marks as booked and Odoo lacks, such as manual exports."""
        connection = self.connection
        if not (self.run.provider.relists_cheaply and connection.state in WORKING_STATES):
            return
        since = max(connection.create_date.date(), fields.Date.today() - LOOK_BACK)
        names = []
        for flow in self.run.known_flows().filtered(lambda flow: flow._spec().relists):
            try:
                names += [item.title for item, _told in self.run.work_of(flow).lacking(since, MOST_PAGES)]
            except (ConnectorError, AccessError):
                # the flow itself shows the error
                continue
        if names:
            connection._add_finding(self._lacking_finding(connection, names))
            self.run.commit()

    def _lacking_finding(self, connection, names):
        provider, count = connection._provider_name(), len(names)
        return Finding(
            level="warning",
            title=_("1 record is booked in %(provider)s, but not in Odoo", provider=provider)
            if count == 1
            else _("%(count)s records are booked in %(provider)s, but not in Odoo", provider=provider, count=count),
            message=_(
                "They were exported manually in %(provider)s or deleted in Odoo: %(names)s. Click Missing in Odoo to"
                " list and import all of them.",
                provider=provider,
                names=[*names[:MOST_NAMES], *(["..."] if count > MOST_NAMES else ())],
            ),
        )


def _kept(item):
    return {name: getattr(item, name) for name in ("external_id", "version", "title", "payload", "url")}
