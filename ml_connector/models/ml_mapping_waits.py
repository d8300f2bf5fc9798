from odoo import api, fields, models

from .sync_states import DEPENDS, odoo_key


class MlMappingWaits(models.AbstractModel):
    """The transfers that wait for a mapping."""

    _name = "ml.mapping.waits"
    _inherit = "ml.sealed"
    _description = "Mapping Waits"

    waiting_count = fields.Integer("Waiting Records", compute="_compute_waiting_count", search="_search_waiting_count")

    @api.depends("waiting_log_ids.state")
    def _compute_waiting_count(self):
        waiting = [("state", "=", "waiting"), ("waiting_mapping_ids", "in", self.ids)]
        counts = dict(self.env["ml.sync.log"]._read_group(waiting, ["waiting_mapping_ids"], ["__count"]))
        outgoing = self.filtered(lambda mapping: mapping.direction == "out")
        of_records = outgoing and self.env["ml.sync.log"]._read_group(
            [
                ("connection_id", "in", self.connection_id.ids),
                ("state", "=", "waiting"),
                ("depends_external_id", "in", [mapping._key()[1] for mapping in outgoing]),
            ],
            ["connection_id", "depends_kind", "depends_external_id"],
            ["__count"],
        )
        sent = {(connection, (kind, key)): count for connection, kind, key, count in of_records}
        for mapping in self:
            awaited = sent.get((mapping.connection_id, mapping._key()), 0) if mapping in outgoing else 0
            mapping.waiting_count = awaited or counts.get(mapping._origin, 0)

    def _search_waiting_count(self, operator, value):
        """Rows that transfers wait for; other searches are not supported."""
        if (operator, value) != (">", 0):
            return NotImplemented
        groups = self.env["ml.sync.log"]._read_group(
            [("state", "=", "waiting"), ("depends_kind", "=like", f"{DEPENDS}%")],
            ["connection_id", "depends_kind", "depends_external_id"],
        )
        keys = {(connection.id, (kind, key)) for connection, kind, key in groups}
        of_connections = [("connection_id", "in", list({connection for connection, _key in keys}))]
        rows = self.search([("direction", "=", "out"), *of_connections])
        awaited = rows.filtered(lambda row: (row.connection_id.id, row._key()) in keys)
        return ["|", ("waiting_log_ids.state", "=", "waiting"), ("id", "in", awaited.ids)]

    def _key(self):
        """The key by which transfers wait for a code of the Odoo record."""
        self.ensure_one()
        return DEPENDS + self.kind, odoo_key(self.res_model, self.res_id)

    def _release(self):
        """Release the transfers that waited for these mappings only."""
        mappings = self.sudo()  # sudo: whoever may map need not have a right on the queue itself
        logs = mappings.waiting_log_ids.filtered(lambda log: log.state == "waiting")
        mappings.waiting_log_ids = [fields.Command.clear()]
        ready = logs.filtered(lambda log: not log.waiting_mapping_ids)
        ready._make_pending()
        self.filtered(lambda mapping: mapping.direction == "out")._release_senders()

    def _release_senders(self):
        """Release transfers that wait for a code of the Odoo records of these rows."""
        logs = self.env["ml.sync.log"].sudo()  # sudo: whoever may map need not have a right on the queue itself
        for connection, mappings in self.grouped("connection_id").items():
            logs._release_dependents(connection, {mapping._key() for mapping in mappings})

    def _send_values(self):
        """Send the accounts of newly mapped plans, although they did not change."""
        # sudo: as in `_release`
        flows = self.sudo().connection_id.flow_ids.filtered(lambda flow: flow.active and flow.kind == "list_value")
        flows.next_run_at = fields.Datetime.now()
        for connection in flows.connection_id:
            connection._trigger()

    def action_open_waiting(self):
        self.ensure_one()
        awaiting = [("waiting_mapping_ids", "in", self.ids)]
        if self.direction == "out":
            kind, key = self._key()
            of_connection = ("connection_id", "=", self.connection_id.id)
            awaiting = [of_connection, ("depends_kind", "=", kind), ("depends_external_id", "=", key)]
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Waiting for %(code)s", code=self.display_name),
            "res_model": "ml.sync.log",
            "view_mode": "list,form",
            "domain": awaiting,
        }
