from collections import Counter
from datetime import timedelta

from odoo import api, fields, models

from .client_actions import open_list
from .ml_mapping_forwarding import FORWARDING
from .ml_sealed import needs
from .queries import number_of
from .sync_states import DIFFERS, OPEN_STATES


class MlConnectionDashboard(models.AbstractModel):
    """The figures of a connection on its card, the lists behind them, and the codes that it lacks."""

    _name = "ml.connection.dashboard"
    _inherit = "ml.sealed"
    _description = "Connection Dashboard"

    color = fields.Integer(compute="_compute_color")
    failed_count = fields.Integer("Failed", compute="_compute_counts")
    waiting_count = fields.Integer("Waiting", compute="_compute_counts")
    unknown_count = fields.Integer("Unconfirmed", compute="_compute_counts")
    changed_count = fields.Integer(
        "Changed",
        compute="_compute_counts",
        help="Records that changed in the provider's system after Odoo posted them.",
    )
    backlog_count = fields.Integer("Queued", compute="_compute_counts")
    done_count = fields.Integer("Done", compute="_compute_done_count")
    vendor_change_count = fields.Integer(
        "Vendor Changes", compute="_compute_counts", help="Vendor changes that wait for an accountant."
    )
    unmapped_count = fields.Integer(
        "Unmapped", compute="_compute_counts", help="Codes that records wait for, in either direction."
    )
    graph_data = fields.Json(compute="_compute_graph_data")
    next_step = fields.Selection(
        [
            ("credentials", "Credentials"),
            ("test", "Test"),
            ("start", "Start"),
            ("map", "Map Codes"),
            ("exceptions", "Handle Exceptions"),
        ],
        compute="_compute_next_step",
    )
    sends_codes = fields.Boolean(compute="_compute_sends_codes")
    missing_label = fields.Char(compute="_compute_missing_label")

    @api.depends("state", "halt_reason", "failed_count", "changed_count")
    def _compute_color(self):
        colors = {"draft": 0, "connected": 10, "attention": 1, "paused": 3}
        for connection in self:
            open_count = connection.state == "connected" and (connection.failed_count or connection.changed_count)
            connection.color = colors["attention" if connection.halt_reason or open_count else connection.state]

    def _compute_counts(self):
        logs, own = self.env["ml.sync.log"], ("connection_id", "in", self.ids)
        changes = number_of(self.env["ml.vendor.change"], [own, ("state", "=", "waiting")], "connection_id")
        unmapped = self._codes_needed()
        differing = number_of(logs, [own, *DIFFERS], "connection_id")
        counts = number_of(logs, [own, ("state", "in", OPEN_STATES)], "connection_id", "state")
        for connection in self:
            connection.changed_count = differing[connection]
            connection.vendor_change_count = changes[connection]
            connection.unmapped_count = unmapped[connection]
            connection.failed_count = counts[connection, "failed"]
            connection.waiting_count = counts[connection, "waiting"]
            connection.unknown_count = counts[connection, "unknown"]
            connection.backlog_count = counts[connection, "pending"] + counts[connection, "running"]

    @api.depends("provider")
    @api.depends_context("lang")
    def _compute_missing_label(self):
        for connection in self:
            provider = connection.provider and connection._provider_name()
            connection.missing_label = provider and self.env._("Missing in %(provider)s", provider=provider)

    @api.depends("provider", "flow_ids.active")
    def _compute_sends_codes(self):
        """Whether an active flow sends records with codes of the provider."""
        for connection in self:
            connection.sends_codes = any(flow.active and flow._spec().coded for flow in connection.flow_ids)

    def _codes_needed(self):
        """{connection: number of unmapped codes that transfers wait for}."""
        awaited = [("state", "=", "unmapped"), ("wait_ids.log_id.state", "=", "waiting")]
        return number_of(self.env["ml.mapping"], [("connection_id", "in", self.ids), *awaited], "connection_id")

    def _compute_done_count(self):
        """Separate from the other counts, because it reads all finished transfers."""
        done = [("connection_id", "in", self.ids), ("state", "=", "done"), "!", "&", *DIFFERS[:2]]
        counts = number_of(self.env["ml.sync.log"], done, "connection_id")
        for connection in self:
            connection.done_count = counts[connection]

    def _compute_graph_data(self):
        """Successful and failed attempts of each of the last 14 days, for the card. Waiting ones do not count."""
        today = fields.Date.context_today(self)
        days = [today - timedelta(days=back) for back in range(13, -1, -1)]
        groups = self.env["ml.sync.attempt"]._read_group(
            [
                ("connection_id", "in", self.ids),
                ("happened_at", ">=", days[0]),
                ("error_class", "!=", "mapping"),
                ("person", "=", False),
            ],
            ["connection_id", "happened_at:day", "error_class"],
            ["__count"],
        )
        counts = Counter()
        for connection, day, error_class, count in groups:
            counts[connection, fields.Date.to_date(day), bool(error_class)] += count
        for connection in self:
            connection.graph_data = [
                {
                    "day": fields.Date.to_string(day),
                    "done": counts[connection, day, False],
                    "failed": counts[connection, day, True],
                }
                for day in days
            ]

    @api.depends("state", "check_state", "unmapped_count", "provider")
    def _compute_next_step(self):
        """The next set-up step."""
        for connection in self:
            if connection.state == "draft" and (not connection.provider or connection._missing_credentials()):
                connection.next_step = "credentials"
            elif connection.state == "attention":
                connection.next_step = "test"
            elif connection.state in ("draft", "paused"):
                connection.next_step = "start" if connection.check_state in ("ok", "warning") else "test"
            else:
                connection.next_step = "map" if connection.unmapped_count else "exceptions"

    def _open_logs(self, domain, name):
        self.ensure_one()
        domain = [("connection_id", "=", self.id), *domain]
        return open_list("ml.sync.log", name, domain, "list,kanban,form,graph,pivot")

    def action_open_failed(self):
        return self._open_logs([("state", "in", ["failed"])], self.env._("Failed"))

    def action_open_waiting(self):
        return self._open_logs([("state", "in", ["waiting"])], self.env._("Waiting"))

    def action_open_vendor_changes(self):
        self.ensure_one()
        context = {"search_default_waiting": 1}
        name = self.env._("Vendor Changes")
        return open_list("ml.vendor.change", name, [("connection_id", "=", self.id)], context=context)

    def action_open_backlog(self):
        return self._open_logs([("state", "in", ["pending", "running"])], self.env._("Queued"))

    def action_open_done(self):
        return self._open_logs([("state", "in", ["done"]), "!", "&", *DIFFERS[:2]], self.env._("Done"))

    def action_open_changed(self):
        return self._open_logs(DIFFERS, self.env._("Changed After Posting"))

    def action_open_unmapped(self):
        """Open the mappings that transfers wait for; otherwise all unmapped ones."""
        shown = "awaited" if self.unmapped_count else "unmapped"
        return self._open_mappings(self.env._("Mappings"), {f"search_default_{shown}": 1})

    def _open_mappings(self, name, context):
        self.ensure_one()
        return open_list("ml.mapping", name, [("connection_id", "=", self.id), *FORWARDING], context=context)

    @needs("map")
    def action_align(self):
        """List the Odoo records that have no code of the provider."""
        self.ensure_one()
        self.env["ml.mapping"]._align(self)
        context = {"search_default_outgoing": 1, "search_default_unmapped": 1, "search_default_group_kind": 1}
        return self._open_mappings(self.missing_label, context)
