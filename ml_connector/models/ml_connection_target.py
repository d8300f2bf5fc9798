"""Forwarding of records from one connection to another."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from ..providers import PROVIDERS

BRIDGED_KINDS = ("account", "tax", "analytic")
"""Kinds of mappings that name a code of the target connection if nothing is booked in Odoo."""


class MlConnection(models.Model):
    _inherit = "ml.connection"
    _open_fields = {"administer": ("target_id", "target_mode")}

    target_id = fields.Many2one(
        "ml.connection",
        "Forward To",
        check_company=True,
        domain="[('id', 'in', target_option_ids)]",
        ondelete="restrict",
        index="btree_not_null",
        tracking=True,
        help="Connection that Odoo forwards bills and purchase orders to. The provider that they come from receives"
        " the result once the other one has accepted them.",
    )
    target_mode = fields.Selection(
        [("ledger", "Book in Odoo, Then Forward"), ("bridge", "Forward Only (No Odoo Entry)")],
        "Method",
        default="ledger",
        required=True,
        tracking=True,
    )
    target_option_ids = fields.Many2many("ml.connection", compute="_compute_target_option_ids")
    target_hint = fields.Char(compute="_compute_target_hint")
    source_ids = fields.One2many("ml.connection", "target_id", "Receives From", readonly=True)

    @api.depends("provider", "company_id")
    def _compute_target_option_ids(self):
        pulled = {
            key: {flow.kind for flow in provider.flows if flow.direction == "pull"}
            for key, provider in PROVIDERS.items()
        }
        carried = {
            key: {kind for flow in provider.flows for kind in flow.carries} for key, provider in PROVIDERS.items()
        }
        for connection in self:
            kinds = pulled.get(connection.provider, set())
            providers = [key for key, carries in carried.items() if carries & kinds]
            domain = Domain("company_id", "=", connection.company_id.id) & Domain("target_id", "=", False)
            domain &= Domain("provider", "in", providers) & Domain("id", "!=", connection._origin.id)
            connection.target_option_ids = self.search(domain) if providers else False

    @api.depends("target_id.flow_ids.active", "flow_ids.active")
    def _compute_target_hint(self):
        """A sentence about inactive flows that the target needs."""
        for connection in self:
            carriers = self.env["ml.flow"].union(*(flow._carrier() for flow in connection.flow_ids if flow.active))
            vendors = connection.target_id.flow_ids.filtered(
                lambda flow: flow.direction == "push" and flow.kind == "vendor"
            )
            off = (carriers | vendors).filtered(lambda flow: not flow.active)
            if not off:
                connection.target_hint = False
                continue
            connection.target_hint = self.env._(
                "Activate %(flows)s in %(target)s. Records wait until then.",
                flows=", ".join(off.mapped("name")),
                target=connection.target_id._provider_class().label,
            )

    @api.constrains("target_id")
    def _check_target(self):
        for connection in self.filtered("target_id"):
            if connection.target_id == connection or connection.target_id.target_id or connection.source_ids:
                raise ValidationError(
                    self.env._("Forwarding cannot be chained. The target connection must not forward to another one.")
                )

    def write(self, vals):
        result = super().write(vals)
        if {"target_id", "target_mode"} & set(vals):
            # sudo: whoever may set the connection up need not have the right to map
            mappings = self.env["ml.mapping"].sudo().search([("connection_id", "in", self.ids)])
            elsewhere = mappings.filtered(
                lambda row: row.target_mapping_id.connection_id not in (row.target_connection_id, self.browse())
            )
            elsewhere.target_mapping_id = False
            mappings.filtered(lambda row: row.state == "unmapped")._propose()
        return result


class MlFlow(models.Model):
    _inherit = "ml.flow"

    def _carrier(self):
        """The flow of the target connection that records of this pull flow are forwarded to; empty if there is none."""
        self.ensure_one()
        return self.connection_id.target_id.flow_ids.filtered(lambda flow: self.kind in flow._spec().carries)[:1]

    def _is_bridged(self):
        """Whether records of this pull flow are forwarded without an Odoo entry."""
        return self.connection_id.target_mode == "bridge" and bool(self._carrier())

    def _writer(self):
        return self.connection_id._books()["ml.importer.bridged"] if self._is_bridged() else super()._writer()

    def _reader(self, model):
        if model == "ml.bridged.document" and self._spec().carries:
            return self.connection_id._books()["ml.exporter.bridged"]
        return super()._reader(model)


class MlMapping(models.Model):
    _inherit = "ml.mapping"
    _open_fields = {"map": ("target_mapping_id",)}

    target_connection_id = fields.Many2one(related="connection_id.target_id", string="Target Connection")
    target_mapping_id = fields.Many2one(
        "ml.mapping",
        "Target Code",
        domain="[('connection_id', '=', target_connection_id), ('kind', '=', kind)]",
        ondelete="set null",
        index="btree_not_null",
        help="Code of the target connection that the code is forwarded as.",
    )
    is_bridged = fields.Boolean(compute="_compute_is_bridged")

    @api.depends("kind", "connection_id.target_id", "connection_id.target_mode")
    def _compute_is_bridged(self):
        for mapping in self:
            connection = mapping.connection_id
            is_straight = connection.target_id and connection.target_mode == "bridge"
            mapping.is_bridged = is_straight and mapping.kind in BRIDGED_KINDS

    @api.depends("is_bridged", "target_mapping_id")
    def _compute_state(self):
        bridged = self.filtered("is_bridged")
        super(MlMapping, self - bridged)._compute_state()
        for mapping in bridged:
            is_mapped = mapping.target_mapping_id
            mapping.state = "mapped" if is_mapped else "ignored" if mapping.is_ignored else "unmapped"

    @api.constrains("target_mapping_id")
    def _check_target_mapping(self):
        for mapping in self.filtered("target_mapping_id"):
            target = mapping.target_mapping_id
            if (target.connection_id, target.kind) != (mapping.target_connection_id, mapping.kind):
                raise ValidationError(
                    self.env._(
                        "%(code)s is not a code of the same type of the connection that %(connection)s forwards to.",
                        code=target.display_name,
                        connection=mapping.connection_id.name,
                    )
                )

    @api.model
    def _at_target(self, connection, keys):
        """{(kind, external id): `Reference` at the target, or None where the code is left out} for mapped keys."""
        return {
            (mapping.kind, mapping.external_id): mapping.target_mapping_id._as_reference()
            if mapping.target_mapping_id
            else None
            for mapping in self._filled(connection, keys, "target_mapping_id")
        }

    @api.model
    def _is_bridge_in_use(self):
        return bool(
            self.env["ml.connection"].search_count(
                [("target_id", "!=", False), ("target_mode", "=", "bridge")], limit=1
            )
        )

    @api.model
    def _get_view_cache_key(self, view_id=None, view_type="form", **options):
        return (*super()._get_view_cache_key(view_id, view_type, **options), self._is_bridge_in_use())

    @api.model
    def _get_view(self, view_id=None, view_type="form", **options):
        """Hide the fields of target codes unless a connection uses them."""
        arch, view = super()._get_view(view_id, view_type, **options)
        if not self._is_bridge_in_use():
            bridged = ("//field[@name='target_mapping_id']", "//field[@name='creation']")
            for node in arch.xpath(" | ".join((*bridged, "//button[@name='action_create_at_target']"))):
                node.getparent().remove(node)
        return arch, view

    def _filling_fields(self):
        return super()._filling_fields() | {"target_mapping_id"}

    @api.model
    def _upsert(self, connection, references):
        """Propose new codes of a target to the unmapped codes of its sources."""
        mappings = super()._upsert(connection, references)
        if connection.source_ids:
            awaiting = Domain("connection_id", "in", connection.source_ids.ids) & Domain("state", "=", "unmapped")
            self.search(awaiting & Domain("kind", "in", list({row.kind for row in mappings})))._propose()
        return mappings

    def _propose(self):
        """Propose Odoo records first, then codes of the target with the same code, name or Odoo record."""
        result = super()._propose()
        bridged = self.filtered(lambda mapping: mapping.is_bridged and mapping.state == "unmapped")
        for (target, kind), mappings in bridged.grouped(lambda row: (row.target_connection_id, row.kind)).items():
            codes = self.search([("connection_id", "=", target.id), ("kind", "=", kind)])
            by_code = _only_ones(codes, lambda row: (row.external_code or "").strip().casefold())
            by_name = _only_ones(codes, lambda row: (row.external_name or "").strip().casefold())
            by_record = _only_ones(codes, lambda row: row.res_id)
            for mapping in mappings:
                found = (
                    by_code.get((mapping.external_code or "").strip().casefold())
                    or (kind != "account" and by_name.get((mapping.external_name or "").strip().casefold()))
                    or by_record.get(mapping.res_id)
                )
                if found:
                    mapping.target_mapping_id = found
        return result


def _only_ones(records, key):
    """{key: record} of the keys that exactly one record has."""
    groups = records.grouped(key)
    return {value: group for value, group in groups.items() if value and len(group) == 1}
