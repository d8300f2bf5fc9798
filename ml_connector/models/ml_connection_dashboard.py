from datetime import timedelta

from odoo import api, fields, models

from .ml_mapping_forwarding import FORWARDING
from .sync_states import DIFFERS, OPEN_STATES


class MlConnectionDashboard(models.AbstractModel):
    """The figures of a connection on its card, and the lists behind them."""

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

    @api.depends("state", "halt_reason", "failed_count", "changed_count")
    def _compute_color(self):
        colors = {"draft": 0, "connected": 10, "attention": 1, "paused": 3}
        for connection in self:
            open_count = connection.state == "connected" and (connection.failed_count or connection.changed_count)
            connection.color = colors["attention" if connection.halt_reason or open_count else connection.state]

    def _compute_counts(self):
        states = dict.fromkeys(OPEN_STATES, 0)
        counts = {connection.id: dict(states) for connection in self}
        groups = self.env["ml.sync.log"]._read_group(
            [("connection_id", "in", self.ids), ("state", "in", OPEN_STATES)],
            ["connection_id", "state"],
            ["__count"],
        )
        for connection, state, count in groups:
            counts[connection.id][state] = count
        unmapped = self._codes_needed()
        groups = self.env["ml.vendor.change"]._read_group(
            [("connection_id", "in", self.ids), ("state", "=", "waiting")], ["connection_id"], ["__count"]
        )
        changes = {connection.id: count for connection, count in groups}
        groups = self.env["ml.sync.log"]._read_group(
            [("connection_id", "in", self.ids), *DIFFERS], ["connection_id"], ["__count"]
        )
        differing = {connection.id: count for connection, count in groups}
        for connection in self:
            connection.changed_count = differing.get(connection.id, 0)
            connection.vendor_change_count = changes.get(connection.id, 0)
            count = counts.get(connection.id, states)
            connection.failed_count = count["failed"]
            connection.waiting_count = count["waiting"]
            connection.unknown_count = count["unknown"]
            connection.backlog_count = count["pending"] + count["running"]
            connection.unmapped_count = unmapped.get(connection, 0)

    def _compute_done_count(self):
        """Separate from the other counts, because it reads all finished transfers."""
        done = [("connection_id", "in", self.ids), ("state", "=", "done"), "!", "&", *DIFFERS[:2]]
        groups = self.env["ml.sync.log"]._read_group(done, ["connection_id"], ["__count"])
        counts = {connection.id: count for connection, count in groups}
        for connection in self:
            connection.done_count = counts.get(connection.id, 0)

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
        counts = {}
        for connection, day, error_class, count in groups:
            key = (connection.id, fields.Date.to_date(day), bool(error_class))
            counts[key] = counts.get(key, 0) + count
        for connection in self:
            connection.graph_data = [
                {
                    "day": fields.Date.to_string(day),
                    "done": counts.get((connection.id, day, False), 0),
                    "failed": counts.get((connection.id, day, True), 0),
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

    def _open_logs(self, name, states):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": "ml.sync.log",
            "view_mode": "list,kanban,form,graph,pivot",
            "domain": [("connection_id", "=", self.id), ("state", "in", states)],
        }

    def action_open_failed(self):
        return self._open_logs(self.env._("Failed"), ["failed"])

    def action_open_waiting(self):
        return self._open_logs(self.env._("Waiting"), ["waiting"])

    def action_open_vendor_changes(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Vendor Changes"),
            "res_model": "ml.vendor.change",
            "view_mode": "list,kanban,form",
            "domain": [("connection_id", "=", self.id)],
            "context": {"search_default_waiting": 1},
        }

    def action_open_backlog(self):
        return self._open_logs(self.env._("Queued"), ["pending", "running"])

    def action_open_done(self):
        action = self._open_logs(self.env._("Done"), ["done"])
        return {**action, "domain": [*action["domain"], "!", "&", *DIFFERS[:2]]}

    def action_open_changed(self):
        action = self._open_logs(self.env._("Changed After Posting"), [])
        return {**action, "domain": [("connection_id", "=", self.id), *DIFFERS]}

    def action_open_unmapped(self):
        """Open the mappings that transfers wait for; otherwise all unmapped ones."""
        shown = "awaited" if self.unmapped_count else "unmapped"
        return self._open_mappings(self.env._("Mappings"), {f"search_default_{shown}": 1})

    def _open_mappings(self, name, context):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": "ml.mapping",
            "view_mode": "list,kanban,form",
            "domain": [("connection_id", "=", self.id), *FORWARDING],
            "context": context,
        }
