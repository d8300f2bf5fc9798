from dataclasses import asdict

from odoo import api, fields, models

from ..core.awaited import Awaited, odoo_key
from .client_actions import open_form, open_list
from .queries import of_keys
from .sync_states import HELD_STATES

REASONS = [
    ("mapping", "Mapping"),
    ("remote", "Record of the Provider"),
    ("sent", "Record to Send First"),
    ("change", "Change in Odoo"),
    ("result", "Result of Another Record"),
]


class MlWait(models.Model):
    """One thing that a transfer waits for (`core.awaited.Awaited`).

    The transfer keeps its waits while it is queued and processed. The end of the attempt replaces them, and until then
    they tell what the attempt was about. Transfers with a wait always have an error type.
    """

    _name = "ml.wait"
    _inherit = "ml.sealed"
    _description = "Wait"
    _order = "id"

    log_id = fields.Many2one("ml.sync.log", "Transfer", required=True, readonly=True, ondelete="cascade", index=True)
    connection_id = fields.Many2one(
        related="log_id.connection_id", store=True, precompute=True, ondelete="cascade", string="Connection"
    )
    reason = fields.Selection(REASONS, required=True, readonly=True)
    kind = fields.Char("Type", readonly=True)
    key = fields.Char(readonly=True)
    name = fields.Char(readonly=True)
    mapping_id = fields.Many2one("ml.mapping", readonly=True, ondelete="cascade", index="btree_not_null")
    is_gone = fields.Boolean("Deleted in Odoo", readonly=True, help="The awaited record was deleted in Odoo.")

    _key_idx = models.Index("(key, connection_id)")
    _reason_idx = models.Index("(connection_id, reason)")

    @api.depends("name", "reason", "key", "mapping_id.display_name")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for wait in self:
            name = wait.mapping_id.display_name or wait.name
            wait.display_name = name or (wait._changed_name() if wait.reason == "change" else wait.key)

    def _changed_name(self):
        """The Odoo record that has to change, or the name of its model to users who may not read it."""
        record = self._record()
        if record and not self._unseen(record):
            return record.display_name
        return self.env["ir.model"]._get(record._name).name

    def _record(self):
        """The awaited Odoo record; empty for a new one."""
        model, record_id = self.key.split(",")
        return self.env[model].browse(int(record_id) if record_id else ())

    def _awaited(self):
        return Awaited(self.reason, self.kind or "", self.key or "", self.name or "")

    @api.model
    def _of(self, logs):
        """{transfer: its waits}, without a query for transfers that never had an error."""
        return {log: log.wait_ids for log in logs.filtered("error_class")}

    @api.model
    def _replace(self, before, awaited):
        """Store what transfers wait for after an attempt.

        :param before: {transfer: its waits before the attempt}
        :param awaited: {transfer: {`Awaited`: its mapping, or None}}
        :return: the `Awaited` that have ended
        """
        old, new = self.browse(), []
        for log, wanted in awaited.items():
            waits = before.get(log, self.browse())
            kept = waits.filtered(lambda wait, wanted=wanted: wait._awaited() in wanted and not wait.is_gone)
            known = {wait._awaited() for wait in kept}
            old |= waits - kept
            new += [
                {**asdict(one), "log_id": log.id, "mapping_id": mapping and mapping.id}
                for one, mapping in wanted.items()
                if one not in known
            ]
        ended = {wait._awaited() for wait in old} - {one for wanted in awaited.values() for one in wanted}
        old.unlink()
        self.create(new)
        return ended

    def _release(self):
        """Release waiting transfers that wait for nothing else, also those that failed with the awaited record.

        Transfers at work keep their waits, because writing to these would disturb the worker.
        """
        ended = self.filtered(lambda wait: wait.log_id.state in HELD_STATES)
        logs = ended.log_id
        ended.unlink()
        logs.filtered(lambda log: not log.wait_ids)._make_pending()

    @api.model
    def _release_for(self, connection, awaited):
        """Release the transfers of a connection that wait for any of the `Awaited`."""
        if not awaited:
            return
        keys = list({one.key for one in awaited})
        waits = self.search([("connection_id", "=", connection.id), ("key", "in", keys)])
        waits.filtered(lambda wait: wait._awaited() in awaited)._release()

    @api.model
    def _release_changed(self, model, ids, *domain):
        """Release transfers that waited for a change of these Odoo records, or for a new one of their model."""
        keys = [odoo_key(model), *(odoo_key(model, record_id) for record_id in ids)]
        self.search([("reason", "=", "change"), ("key", "in", keys), *domain])._release()

    def _transfers(self):
        """The transfers of the awaited remote records."""
        found = self.env["ml.sync.log"]
        for connection, waits in self.grouped("connection_id").items():
            keys = {(wait.kind, wait.key) for wait in waits}
            found |= of_keys(found, connection, keys, ("direction", "=", "pull"), ("is_current", "=", True))
        return found

    def _advice(self):
        """The next step of a transfer, or None where its error type has it."""
        provider = self.connection_id._provider_name()
        match self.reason:
            case "mapping" if self.mapping_id.direction == "out":
                return self.env._(
                    "Map %(odoo_value)s to a code of %(provider)s.", odoo_value=self.name, provider=provider
                )
            case "result":
                return self.env._(
                    "No action needed. Continues once %(provider)s has received the result of %(record)s.",
                    provider=provider,
                    record=self.name,
                )
            case "sent":
                return self.env._(
                    "No action needed. Continues once %(record)s exists in %(provider)s.",
                    record=self.name,
                    provider=provider,
                )
            case "remote" if self.name:
                return self.env._("No action needed. Continues once %(record)s is in Odoo.", record=self.name)
        return None

    def _action_open(self):
        """Open the records of these waits, which all have the same reason: mappings, or the record to change."""
        if self.mapping_id:
            return open_list("ml.mapping", self.env._("Mappings"), [("id", "in", self.mapping_id.ids)])
        record = self[:1]._record()
        views = "form" if record else "list,form"
        return open_form(record._name, record.id, name=record._description, view_mode=views)
