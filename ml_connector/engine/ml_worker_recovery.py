from datetime import timedelta
from itertools import islice

from odoo import fields, models
from odoo.exceptions import AccessError

from ..core.errors import ConnectorError
from ..core.provider import Finding
from ..models.ml_connection import WORKING_STATES

LEFT_ALONE = ("pending", "running", "ignored")
"""States of rows that are on their way, or that a person has decided about."""
LOOK_BACK = timedelta(days=31)
MOST_PAGES = 20
MOST_NAMES = 5
"""Of how much the test of a connection reads and says."""


class MlWorker(models.AbstractModel):
    """Reads again what the provider regards as booked, and lists what of it Odoo lacks."""

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
                    problems.append(f"{flow.name}: {self._as_connector_error(error).message}")
            recovery.line_ids = [(0, 0, line) for line in lines]
            recovery.write(
                {"state": "failed" if problems and not lines else "done", "message": " ".join(problems) or False}
            )
            self._commit(run)

    def _find_lacking(self, run):
        """Say at the test what the provider regards as booked and Odoo lacks, as after an export by hand."""
        connection = run.connection
        if not (run.provider.relists_cheaply and connection.state in WORKING_STATES):
            return
        since = max(connection.create_date.date(), fields.Date.today() - LOOK_BACK)
        names = []
        for flow in self._known_flows(connection).filtered(lambda flow: flow._spec().relists):
            try:
                names += [item.title for item, _told in self._lacking(run, flow, since, MOST_PAGES)]
            except (ConnectorError, AccessError):
                # the flow itself says so
                continue
        if names:
            connection._add_finding(self._lacking_finding(connection, names))
            self._commit(run)

    def _lacking_finding(self, connection, names):
        named = ", ".join(names[:MOST_NAMES])
        return Finding(
            level="warning",
            title=self.env._(
                "%(provider)s regards %(count)s records as booked that Odoo does not have",
                provider=connection._provider_class().label,
                count=len(names),
            ),
            message=self.env._(
                "They were exported by hand there, or deleted in Odoo: %s. The button What Odoo Lacks lists all of them"
                " and brings them in.",
                f"{named}, ..." if len(names) > MOST_NAMES else named,
            ),
        )

    def _lacking(self, run, flow, since, most_pages=None):
        """What the provider regards as booked since a day, and is in Odoo no more: item, whether it was told so."""
        since = max(since, flow.start_date or since)
        found = {}
        for page in islice(run.provider.booked(flow.key, since), most_pages):
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
