from datetime import timedelta
from itertools import islice

from odoo import fields, models
from odoo.exceptions import AccessError

from ..core.errors import ConnectorError
from ..core.messages import _, paragraph
from ..core.provider import Finding
from ..models.ml_connection import WORKING_STATES

LEFT_ALONE = ("pending", "running", "ignored")
"""States of transfers that are in progress or that a user decided."""
LOOK_BACK = timedelta(days=31)
MOST_PAGES = 20
MOST_NAMES = 5
"""Limits of what the connection check reads and shows."""


class MlWorker(models.AbstractModel):
    """Reads the records again that the provider marks as booked, and lists those missing in Odoo."""

    _inherit = "ml.worker"

    def _recoveries(self, run):
        for recovery in self.env["ml.recovery"].search(
            [("connection_id", "=", run.connection.id), ("state", "=", "requested")]
        ):
            lines, problems = [], []
            for flow in self._known_flows(run.connection).filtered(lambda flow: flow._spec().relists):
                try:
                    lines += [
                        {
                            "flow_id": flow.id,
                            "title": item.title,
                            "external_id": item.external_id,
                            "item": _kept(item),
                            "is_told": is_told,
                        }
                        for item, is_told in self._lacking(run, flow, recovery.since)
                    ]
                except (ConnectorError, AccessError) as error:
                    problem = self._as_connector_error(error).message
                    problems.append(_("%(flow)s: %(problem)s", flow=flow._spec().label, problem=problem))
            recovery.line_ids = [(0, 0, line) for line in lines]
            recovery.write(
                {"state": "failed" if problems and not lines else "done", "message": paragraph(*problems) or False}
            )
            self._commit(run)

    def _find_lacking(self, run):
        """Add a finding about records that the provider marks as booked and Odoo lacks, such as manual exports."""
        connection = run.connection
        if not (run.provider.relists_cheaply and connection.state in WORKING_STATES):
            return
        since = max(connection.create_date.date(), fields.Date.today() - LOOK_BACK)
        names = []
        for flow in self._known_flows(connection).filtered(lambda flow: flow._spec().relists):
            try:
                names += [item.title for item, _told in self._lacking(run, flow, since, MOST_PAGES)]
            except (ConnectorError, AccessError):
                # the flow itself shows the error
                continue
        if names:
            connection._add_finding(self._lacking_finding(connection, names))
            self._commit(run)

    def _lacking_finding(self, connection, names):
        provider, count = connection._provider_class().label, len(names)
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

    def _lacking(self, run, flow, since, most_pages=None):
        """Records that the provider marks as booked since a day and Odoo lacks: (item, whether Odoo reported it)."""
        since = max(since, flow.start_date or since)
        found = {}
        for page in islice(run.provider.flow(flow.key).booked(since), most_pages):
            items = {item.external_id: item for item in page.items}
            keys = [(flow.kind, external_id) for external_id in items]
            held = {external_id for _kind, external_id in self.env["ml.binding"]._records(flow.connection_id, keys)}
            rows = self.env["ml.sync.log"].search(
                [
                    ("flow_id", "=", flow.id),
                    ("external_id", "in", list(items)),
                    ("is_current", "=", True),
                    ("state", "in", LEFT_ALONE),
                ]
            )
            held.update(rows.mapped("external_id"))
            found |= {key: (item, page.is_told) for key, item in items.items() if key not in held}
        return found.values()


def _kept(item):
    return {name: getattr(item, name) for name in ("external_id", "version", "title", "payload", "url")}
