"""The other way of the mapping list: which of the vendor's codes a record of Odoo is sent under."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..core.documents import Reference
from ..core.errors import ConnectorError
from .ml_mapping import MAPPED_MODELS

DEPENDS = "code:"
"""How a row says that it waits for a code, followed by the kind of code."""
AGREED = ("ours", "code", "name", "rule")


def title_of(record, company):
    """What people call a record in a company. Odoo shows the numbers of accounts only to those who may read the books,
    which the worker's own user is not."""
    record = record.with_company(company)
    if record._name == "account.account":
        return " ".join(filter(None, (record.code, record.name)))
    return record.display_name


class NoCodeError(ConnectorError):
    """Records of ours are to be sent under codes of the vendor, and nobody has said under which.

    :param missing: [(kind of code, record)]
    """

    error_class = "mapping"
    can_come_true = True

    def __init__(self, message, missing):
        super().__init__(message)
        self.missing = missing


class MlOutgoingCode(models.Model):
    """A record of Odoo and the vendor's code under which it is sent, where the mapping list does not tell.

    The mapping list names one record for each code. A chart of accounts may be finer than the vendor's: then several
    records go under one code, and each has a row here.
    """

    _name = "ml.outgoing.code"
    _description = "Code for Sending"
    _order = "state desc, kind, name, id"
    _rec_name = "name"
    _inherit = "ml.sealed"
    _open_fields = {"map": ("mapping_id", "is_ignored")}

    connection_id = fields.Many2one("ml.connection", required=True, readonly=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    kind = fields.Selection(lambda self: self.env["ml.mapping"]._fields["kind"].selection, required=True, readonly=True)
    res_model = fields.Char(compute="_compute_res_model", store=True)
    res_id = fields.Many2oneReference("Odoo record", model_field="res_model", required=True, readonly=True)
    name = fields.Char("Record in Odoo", readonly=True)
    plan_name = fields.Char("Plan in Odoo", readonly=True, help="Analytic plan of an analytic account.")
    mapping_id = fields.Many2one(
        "ml.mapping",
        "Vendor's code",
        domain="[('connection_id', '=', connection_id), ('kind', '=', kind)]",
        ondelete="set null",
    )
    is_ignored = fields.Boolean("Leave out", help="The record has no meaning at the vendor and is left out.")
    state = fields.Selection(
        [("mapped", "Chosen"), ("ignored", "Left out"), ("unmapped", "To be chosen")],
        compute="_compute_state",
        store=True,
        index=True,
    )
    waiting_count = fields.Integer("Records waiting", compute="_compute_waiting_count", search="_search_waiting_count")

    _record_unique = models.UniqueIndex("(connection_id, kind, res_id)", "This record is in the list already.")

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
                    self.env._("Choose a code of the same connection and kind for %s.", code.display_name)
                )

    def _compute_waiting_count(self):
        groups = self.env["ml.sync.log"]._read_group(
            [
                ("connection_id", "in", self.connection_id.ids),
                ("state", "=", "waiting"),
                ("depends_external_id", "in", [code._key() for code in self]),
            ],
            ["connection_id", "depends_kind", "depends_external_id"],
            ["__count"],
        )
        counts = {(connection, kind, key): count for connection, kind, key, count in groups}
        for code in self:
            code.waiting_count = counts.get((code.connection_id, DEPENDS + code.kind, code._key()), 0)

    def _search_waiting_count(self, operator, value):
        """Rows that records wait for: the only question that is asked."""
        if (operator, value) != (">", 0):
            return NotImplemented
        groups = self.env["ml.sync.log"]._read_group(
            [("state", "=", "waiting"), ("depends_kind", "=like", f"{DEPENDS}%")],
            ["connection_id", "depends_kind", "depends_external_id"],
        )
        keys = {(connection.id, kind, key) for connection, kind, key in groups}
        rows = self.search([("connection_id", "in", list({connection for connection, _kind, _key in keys}))])
        awaited = rows.filtered(lambda row: (row.connection_id.id, DEPENDS + row.kind, row._key()) in keys)
        return [("id", "in", awaited.ids)]

    def _key(self):
        """How a row names the record whose code it waits for."""
        self.ensure_one()
        return f"{MAPPED_MODELS[self.kind]},{self.res_id}"

    @api.model
    def _references(self, connection, kind, records):
        """{record id: `Reference`, or None where the record is left out} of the records whose code is known.

        What a person chose here comes first; else the code of the mapping list that stands for the record, if there is
        only one, or only one that agrees by itself.
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
        """Rows for records without a code, made where there are none."""
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

    def write(self, vals):
        result = super().write(vals)
        if vals.get("mapping_id") or vals.get("is_ignored"):
            self._release()
        return result

    def unlink(self):
        self._release()
        return super().unlink()

    def _release(self):
        """Let the records go on that waited for these codes."""
        # sudo: whoever may choose codes need not have a right on the queue itself
        logs = self.env["ml.sync.log"].sudo()
        for connection, codes in self.grouped("connection_id").items():
            logs._release_dependents(connection, {(DEPENDS + code.kind, code._key()) for code in codes})

    def action_open_waiting(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Waiting for %s", self.display_name),
            "res_model": "ml.sync.log",
            "view_mode": "list,form",
            "domain": [
                ("connection_id", "=", self.connection_id.id),
                ("depends_kind", "=", DEPENDS + self.kind),
                ("depends_external_id", "=", self._key()),
            ],
        }


class MlMapping(models.Model):
    _inherit = "ml.mapping"

    def _as_reference(self):
        self.ensure_one()
        return Reference(
            kind=self.kind,
            external_id=self.external_id,
            code=self.external_code or "",
            name=self.external_name or "",
            group=self.external_group or "",
        )

    @api.model_create_multi
    def create(self, vals_list):
        mappings = super().create(vals_list)
        mappings._release_senders()
        return mappings

    def write(self, vals):
        result = super().write(vals)
        if vals.get("res_id"):
            self._release_senders()
        return result

    def _release_senders(self):
        """What waits for a code of a record goes on when a code is mapped to that record."""
        logs = self.env["ml.sync.log"].sudo()  # sudo: whoever may map need not have a right on the queue itself
        for connection, mappings in self.filtered("res_id").grouped("connection_id").items():
            keys = {(DEPENDS + mapping.kind, f"{mapping.res_model},{mapping.res_id}") for mapping in mappings}
            logs._release_dependents(connection, keys)
