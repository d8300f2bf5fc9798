"""Outgoing mappings: the provider's codes of Odoo records."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from ..core.awaited import Awaited, odoo_key
from ..core.errors import ConnectorError
from .client_actions import notification
from .ml_connection_codes import CREATED_BY
from .ml_mapped import MAPPED_MODELS, NOT_CODED
from .ml_sealed import needs
from .ml_sentence import in_words
from .sync_states import OPEN_STATES

ALIGNED_KINDS = ("account", "tax", "analytic")
"""Kinds of mappings of lines."""
AGREED = ("ours", "code", "name", "rule")


def title_of(record, company):
    """Name of a record in a company. Built here for accounts, because Odoo shows their codes only to accountants."""
    record = record.with_company(company)
    if record._name == "account.account":
        return " ".join(filter(None, (record.code, record.name)))
    return record.display_name


class NoCodeError(ConnectorError):
    """Odoo records to send have no mapped code of the provider.

    :param missing: [(kind of code, record)]
    """

    error_class = "mapping"

    def __init__(self, message, missing, company):
        codes = [
            Awaited("code", kind, odoo_key(record._name, record.id), title_of(record, company))
            for kind, record in missing
        ]
        super().__init__(message, awaited=codes)
        self.missing = missing


class MlOutgoingCode(models.Model):
    """An Odoo record and the provider's code that it is sent with, if the mappings do not define it.

    A mapping has one record for each code. If Odoo has a finer chart of accounts than the provider, several records are
    sent with one code, and each has a row here.
    """

    _name = "ml.outgoing.code"
    _description = "Outgoing Mapping"
    _order = "state desc, kind, name, id"
    _rec_name = "name"
    _inherit = "ml.sealed"
    _open_fields = {"map": ("mapping_id", "is_ignored")}

    connection_id = fields.Many2one("ml.connection", required=True, readonly=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    kind = fields.Selection(
        lambda self: self.env["ml.mapping"]._fields["kind"].selection, required=True, readonly=True, string="Type"
    )
    res_model = fields.Char(compute="_compute_res_model", store=True)
    res_id = fields.Many2oneReference("Record", model_field="res_model", required=True, readonly=True)
    name = fields.Char("Odoo Record", readonly=True)
    plan_name = fields.Char("Analytic Plan", readonly=True, help="Plan of an analytic account.")
    mapping_id = fields.Many2one(
        "ml.mapping",
        "Provider Code",
        domain="[('connection_id', '=', connection_id), ('kind', '=', kind)]",
        ondelete="set null",
    )
    is_ignored = fields.Boolean("Ignore", help="Lines with this record are sent without it.")
    state = fields.Selection(
        [("mapped", "Mapped"), ("ignored", "Ignored"), ("unmapped", "Unmapped")],
        "Status",
        compute="_compute_state",
        store=True,
        index=True,
    )
    waiting_count = fields.Integer("Waiting Records", compute="_compute_waiting_count", search="_search_waiting_count")

    _record_unique = models.UniqueIndex("(connection_id, kind, res_id)", "This record is already in the list.")

    @api.depends("kind")
    def _compute_res_model(self):
        for code in self:
            code.res_model = MAPPED_MODELS.get(code.kind)

    @api.depends("mapping_id", "is_ignored")
    def _compute_state(self):
        for code in self:
            code.state = "ignored" if code.is_ignored else "mapped" if code.mapping_id else "unmapped"

    @api.constrains("mapping_id")
    def _check_mapping(self):
        for code in self.filtered("mapping_id"):
            if (code.mapping_id.connection_id, code.mapping_id.kind) != (code.connection_id, code.kind):
                raise ValidationError(
                    self.env._(
                        "Choose a code of the same connection and type for %(record)s.", record=code.display_name
                    )
                )

    def _compute_waiting_count(self):
        groups = self.env["ml.wait"]._read_group(
            [
                ("connection_id", "in", self.connection_id.ids),
                ("reason", "=", "code"),
                ("key", "in", [code._key() for code in self]),
                ("log_id.state", "=", "waiting"),
            ],
            ["connection_id", "kind", "key"],
            ["__count"],
        )
        counts = {(connection, kind, key): count for connection, kind, key, count in groups}
        for code in self:
            code.waiting_count = counts.get((code.connection_id, code.kind, code._key()), 0)

    def _search_waiting_count(self, operator, value):
        """Rows that transfers wait for; other searches are not supported."""
        if (operator, value) != (">", 0):
            return NotImplemented
        groups = self.env["ml.wait"]._read_group(
            [("reason", "=", "code"), ("log_id.state", "=", "waiting")], ["connection_id", "kind", "key"]
        )
        keys = {(connection.id, kind, key) for connection, kind, key in groups}
        rows = self.search([("connection_id", "in", list({connection for connection, _kind, _key in keys}))])
        awaited = rows.filtered(lambda row: (row.connection_id.id, row.kind, row._key()) in keys)
        return [("id", "in", awaited.ids)]

    def _key(self):
        """The key by which transfers wait for a code of the record."""
        self.ensure_one()
        return odoo_key(MAPPED_MODELS[self.kind], self.res_id)

    @api.model
    def _references(self, connection, kind, records):
        """{record id: `Reference`, or None if the record is ignored} of the mapped records.

        Rows of this model come first, then the only mapping of the record, or its only automatic one.
        """
        if not records:
            return {}
        chosen = self.search(
            [
                ("connection_id", "=", connection.id),
                ("kind", "=", kind),
                ("res_id", "in", records.ids),
                ("state", "!=", "unmapped"),
            ]
        )
        known = {code.res_id: None if code.is_ignored else code.mapping_id._as_reference() for code in chosen}
        mappings = self.env["ml.mapping"].search(
            [
                ("connection_id", "=", connection.id),
                ("kind", "=", kind),
                ("res_id", "in", [record_id for record_id in records.ids if record_id not in known]),
            ]
        )
        for record_id, candidates in mappings.grouped("res_id").items():
            agreed = candidates.filtered(lambda mapping: mapping.origin in AGREED)
            single = candidates if len(candidates) == 1 else agreed
            if len(single) == 1:
                known[record_id] = single._as_reference()
        return known

    @api.model
    def _upsert(self, connection, missing):
        """Create the missing rows of records without a code."""
        known = self.search(
            [
                ("connection_id", "=", connection.id),
                ("kind", "in", list({kind for kind, _record in missing})),
                ("res_id", "in", list({record.id for _kind, record in missing})),
            ]
        )
        there = {(code.kind, code.res_id) for code in known}
        self.create(
            [
                {
                    "connection_id": connection.id,
                    "kind": kind,
                    "res_id": record.id,
                    "name": title_of(record, connection.company_id),
                    "plan_name": record.root_plan_id.name if kind == "analytic" else False,
                }
                for kind, record in missing
                if (kind, record.id) not in there
            ]
        )

    @api.model
    def _map_created(self, connection, kind, record, mapping):
        """Map a created record to the code that it was created with."""
        codes = self.search(
            [
                ("connection_id", "=", connection.id),
                ("kind", "=", kind),
                ("res_id", "=", record.id),
                ("state", "=", "unmapped"),
            ]
        )
        codes.mapping_id = mapping

    def write(self, vals):
        result = super().write(vals)
        if vals.get("mapping_id") or vals.get("is_ignored"):
            self._release()
        return result

    def unlink(self):
        self._release()
        return super().unlink()

    def _release(self):
        """Release the transfers that waited for these codes."""
        # sudo: whoever may choose codes need not have a right on the queue itself
        waits = self.env["ml.wait"].sudo()
        for connection, codes in self.grouped("connection_id").items():
            waits._release_for(connection, {Awaited("code", code.kind, code._key()) for code in codes})

    def action_open_waiting(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Waiting for %(record)s", record=self.display_name),
            "res_model": "ml.sync.log",
            "view_mode": "list,form",
            "domain": [
                ("connection_id", "=", self.connection_id.id),
                ("wait_ids", "any", [("reason", "=", "code"), ("kind", "=", self.kind), ("key", "=", self._key())]),
            ],
        }

    creation = fields.Char(compute="_compute_creation", help="Progress of the creation in the provider's system.")

    def _compute_creation(self):
        """Progress of the open creations; a created record has its code."""
        logs = self.env["ml.sync.log"].search(
            [
                ("connection_id", "in", self.connection_id.ids),
                ("direction", "=", "push"),
                ("kind", "in", [flow_kind for kinds in CREATED_BY.values() for flow_kind in kinds]),
                ("res_model", "in", list(set(self.mapped("res_model")))),
                ("res_id", "in", self.mapped("res_id")),
                ("state", "in", OPEN_STATES),
            ]
        )
        found = {(log.connection_id, log.res_model, log.res_id): log for log in logs}
        for code in self:
            log = found.get((code.connection_id, code.res_model, code.res_id))
            if not log:
                code.creation = False
            else:
                code.creation = in_words(self.env, log._sentence("error_message")) or self.env._("Creating")

    @api.model
    def _align(self, connection):
        """Create rows for the records without a code of the provider, and delete rows that are not needed."""
        groups = self.env["ml.mapping"]._read_group(
            [("connection_id", "=", connection.id), ("kind", "in", ALIGNED_KINDS)], ["kind"]
        )
        for (kind,) in groups:
            model = self.env[MAPPED_MODELS[kind]].with_company(connection.company_id)
            domain = self.env["ml.mapping"]._record_domain(connection.company_id, kind)
            if kind == "account":
                domain &= Domain("account_type", "not in", NOT_CODED)
            records = model.search(domain)
            known = self._references(connection, kind, records)
            missing = records.filtered(lambda record, known=known: record.id not in known)
            # sudo: rows are made for whoever may set the connection up, as the worker makes them
            self.sudo()._upsert(connection, [(kind, record) for record in missing])
            rows = self.search([("connection_id", "=", connection.id), ("kind", "=", kind), ("state", "=", "unmapped")])
            obsolete = rows.filtered(lambda row, missing=missing: row.res_id not in missing.ids)
            obsolete.filtered(lambda row: not row.waiting_count).sudo().unlink()  # sudo: as above

    @needs("map")
    def action_create_at_vendor(self):
        """Queue the creation of the selected records in the provider's system."""
        unmapped = self.filtered(lambda code: code.state == "unmapped")
        for (connection, kind), codes in unmapped.grouped(lambda code: (code.connection_id, code.kind)).items():
            records = self.env[MAPPED_MODELS[kind]].browse(codes.mapped("res_id")).exists()
            # sudo: whoever may choose codes need not have a right on the queue itself
            self.env["ml.sync.log"].sudo()._enqueue(connection._creator(kind), records)
            connection._trigger()
        unmapped._decided("create_remote")
        if not unmapped:
            return notification(self.env._("The selected records already have codes."), "warning")
        return notification(self.env._("Creating records in the provider's system: %(count)s.", count=len(unmapped)))

    @needs("map")
    def action_leave_out(self):
        """Ignore the selected records: their lines are sent without them."""
        self.filtered(lambda code: code.state == "unmapped").is_ignored = True

    def _follow_merge(self, sources, target):
        """Keep one row for each record, and the mapping of any of them."""
        rows = self.search([("res_model", "=", target._name), ("res_id", "in", [*sources.ids, target.id])])
        for same in rows.grouped(lambda row: (row.connection_id, row.kind)).values():
            kept = same.sorted(lambda row: (row.state == "unmapped", row.res_id != target.id, row.id))[:1]
            (same - kept).unlink()
            if kept.res_id != target.id:
                kept.res_id = target.id

    @api.model
    def _let_go(self, model, ids):
        self.search([("res_model", "=", model), ("res_id", "in", ids)]).unlink()
