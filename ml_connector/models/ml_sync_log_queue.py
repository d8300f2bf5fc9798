import json

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..core.awaited import Awaited, odoo_key
from ..core.items import UNREADABLE
from ..core.messages import _
from ..engine.results import Answers
from .ml_error_class import MAX_STOPS
from .ml_wait import REASONS
from .sync_states import CLEAN, MERGED_STATES


class MlSyncLogQueue(models.AbstractModel):
    """How transfers get into the queue, again into it, and out of it, and what holds them there."""

    _name = "ml.sync.log.queue"
    _inherit = "ml.sealed"
    _description = "Transfer Queue"

    wait_ids = fields.One2many("ml.wait", "log_id", "Waiting For", readonly=True)
    wait_reason = fields.Selection(REASONS, compute="_compute_wait_reason")
    is_awaited_gone = fields.Boolean(
        "Waiting for Deleted Record", compute="_compute_wait_reason", help="The awaited record was deleted in Odoo."
    )
    waiting_mapping_ids = fields.Many2many(
        "ml.mapping",
        string="Missing Mappings",
        compute="_compute_waiting_mapping_ids",
        search="_search_waiting_mapping_ids",
    )

    @api.model
    def _store(self, flow, items):
        """Insert transfers of new and changed items; returns their number. Repeated pages and events change nothing."""
        items = {item.external_id: item for item in items}
        known = {}
        for log in self.search([("flow_id", "=", flow.id), ("external_id", "in", list(items))], order="id"):
            known.setdefault(log.external_id, self.browse())
            known[log.external_id] |= log
        rows, reopened, outdated = [], self.browse(), self.browse()
        for external_id, item in items.items():
            logs = known.get(external_id, self.browse())
            same = logs.filtered(lambda log, item=item: log.external_version == item.version)
            if same.is_current:
                continue
            outdated |= logs.filtered("is_current")
            if same:
                same.sudo().payload = item.payload  # sudo: field without access
                reopened |= same
            else:
                rows.append(item)
        outdated._outdate()
        reopened.is_current = True
        reopened._make_pending()
        self._insert_pulled(flow, rows)
        return len(rows) + len(reopened)

    def _payloads(self):
        """{id: payload}. The field copies each on reading, which for a report takes as long as its translation."""
        self.flush_recordset(["payload"])
        rows = self.env.execute_query(SQL("SELECT id, payload FROM ml_sync_log WHERE id = ANY(%s)", list(self.ids)))
        return dict(rows)

    @api.model
    def _insert_pulled(self, flow, items):
        if not items:
            return
        now = fields.Datetime.now()
        rows = [
            (
                *(item.title, flow.connection_id.id, flow.company_id.id, flow.id, "pull", flow.kind, "pending"),
                *(item.external_id, item.version, item.url or None, True),
                not flow._spec().acknowledges or item.external_id.startswith(UNREADABLE),
                *(0, now, json.dumps(item.payload)),
                *(self.env.uid, now, self.env.uid, now),
            )
            for item in items
        ]
        self.flush_model()
        self.env.execute_query(
            SQL(
                """INSERT INTO ml_sync_log (name, connection_id, company_id, flow_id, direction, kind, state,
                        external_id, external_version, external_url, is_current, is_acknowledged, try_count,
                        next_try_at, payload, create_uid, create_date, write_uid, write_date)
                   VALUES %s
                   ON CONFLICT (flow_id, external_id, external_version) WHERE direction = 'pull' DO NOTHING
                   RETURNING id""",
                SQL(", ").join(SQL("%s", row) for row in rows),
            )
        )
        self.invalidate_model()

    @api.model
    def _enqueue(self, flow, records):
        """Create one open outgoing transfer for each record, or reuse the open one.

        Transfers of records that the integration user may not read do not name them, and fail later.
        """
        if not records:
            return
        unseen = flow.connection_id._unseen_in_books(records)
        names = [f"(id {record.id})" if record in unseen else record.display_name for record in records]
        now = fields.Datetime.now()
        common = (flow.connection_id.id, flow.company_id.id, flow.id, "push", flow.kind, "pending", records._name)
        common += (True, True, 0, now, self.env.uid, now)
        self.flush_model(["state"])
        self.env.execute_query(
            SQL(
                """INSERT INTO ml_sync_log (name, res_id, connection_id, company_id, flow_id, direction, kind, state,
                        res_model, is_current, is_acknowledged, try_count, next_try_at, create_uid, create_date)
                   SELECT record.name, record.id, %s
                     FROM unnest(%s::varchar[], %s::integer[]) AS record(name, id)
                   ON CONFLICT (flow_id, res_model, res_id) WHERE direction = 'push' AND res_id IS NOT NULL
                            AND state IN ('pending', 'failed', 'waiting')
                   DO UPDATE SET state = 'pending', next_try_at = EXCLUDED.next_try_at, try_count = 0,
                            stop_count = LEAST(coalesce(ml_sync_log.stop_count, 0), %s),
                            name = EXCLUDED.name, write_date = EXCLUDED.create_date
                   RETURNING id""",
                SQL(", ").join(SQL("%s", value) for value in common),
                names,
                records.ids,
                MAX_STOPS - 1,
            )
        )
        self.invalidate_model()

    @api.model
    def _note_deleted(self, flow, gone):
        """Create failed transfers for sent records that were deleted in Odoo, because the provider still has them."""
        if not gone:
            return
        bindings = self.env["ml.binding"]._sent(flow, gone)
        sent = self.search(
            [("flow_id", "=", flow.id), ("res_model", "=", gone._name), ("res_id", "in", bindings.mapped("res_id"))],
            order="id",
        )
        names = {row.res_id: row.name for row in sent}
        self.create(
            [
                {
                    "name": (name := names.get(binding.res_id) or binding.external_id),
                    "connection_id": flow.connection_id.id,
                    "company_id": flow.company_id.id,
                    "flow_id": flow.id,
                    "direction": "push",
                    "kind": flow.kind,
                    "state": "failed",
                    "res_model": gone._name,
                    "external_id": binding.external_id,
                    "external_url": binding.external_url,
                    "error_class": "validation",
                    "error_message": _(
                        "%(record)s was deleted in Odoo, but still exists in %(provider)s. Remove it there, then"
                        " ignore this"
                        " transfer.",
                        record=name,
                        provider=flow.connection_id._provider_name(),
                    ),
                }
                for binding in bindings
            ]
        )

    def _make_pending(self):
        """Queue transfers again, for now."""
        if not self:
            return
        self.write({"state": "pending", "next_try_at": fields.Datetime.now(), "try_count": 0, "lease_until": False})
        # one more attempt for transfers that stopped the server
        self.filtered(lambda log: log.stop_count >= MAX_STOPS).stop_count = MAX_STOPS - 1
        self.connection_id._trigger()

    def _outdate(self):
        """Replace open transfers of a version that is no longer the latest."""
        self.is_current = False
        outdated = self.filtered(lambda log: log.state in MERGED_STATES)
        Answers(self.env).outdated(outdated.filtered(lambda log: log.flow_id._spec().acknowledges))
        outdated._supersede()

    def _supersede(self):
        self._write_clean({"state": "superseded", "done_at": fields.Datetime.now(), "lease_until": False})

    @api.depends("wait_ids.reason", "wait_ids.is_gone")
    def _compute_wait_reason(self):
        for log in self:
            log.wait_reason = log.wait_ids[:1].reason
            log.is_awaited_gone = any(log.wait_ids.mapped("is_gone"))

    @api.depends("wait_ids.mapping_id")
    def _compute_waiting_mapping_ids(self):
        for log in self:
            log.waiting_mapping_ids = log.wait_ids.mapping_id

    def _search_waiting_mapping_ids(self, operator, value):
        if Domain.is_negative_operator(operator):
            return NotImplemented
        return [("wait_ids.mapping_id", operator, value)]

    def _write_clean(self, vals):
        """Write to transfers that no longer have an error, a conflict or a wait."""
        self.env["ml.wait"].union(*self.env["ml.wait"]._of(self).values()).unlink()
        self.write({**CLEAN, **vals})

    def _write_failure(self, vals, awaited):
        """Write the end of an attempt and what the transfer waits for from now on (`engine.failures.failure_of`)."""
        before = self.env["ml.wait"]._of(self)
        self.write(vals)
        self.env["ml.wait"]._replace(before, {self: awaited})

    def _let_others_go_on(self):
        """Release documents that waited for a failed or ignored detail, such as a file."""
        for log in self.filtered(lambda log: log.state in ("failed", "ignored") and log.direction == "push"):
            has_exporter = log.res_id and log.flow_id._has_documents()
            if has_exporter and not log.flow_id._exporter(log.res_model)._holds_up:
                sent = Awaited("sent", log.kind, odoo_key(log.res_model, log.res_id))
                self.env["ml.wait"]._release_for(log.connection_id, {sent})

    def _follow_merge(self, sources, target):
        logs = self.search([("res_model", "=", target._name), ("res_id", "in", sources.ids)])
        opened = logs.filtered(lambda log: log.direction == "push" and log.state in MERGED_STATES)
        taken = self.search(
            [
                ("flow_id", "in", opened.flow_id.ids),
                ("direction", "=", "push"),
                ("res_model", "=", target._name),
                ("res_id", "=", target.id),
                ("state", "in", MERGED_STATES),
            ]
        ).flow_id
        for log in opened:
            # one open transfer for each record
            if log.flow_id in taken:
                log._supersede()
            taken |= log.flow_id
        logs.write({"res_id": target.id})
        keys = [odoo_key(source._name, source.id) for source in sources]
        waits = self.env["ml.wait"].search([("key", "in", keys), ("log_id.state", "=", "waiting")])
        waits.key = odoo_key(target._name, target.id)
        # the remaining record may have codes, so check again
        waits.log_id.filtered(lambda log: log.wait_ids <= waits)._make_pending()
