from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain

from .client_actions import notification
from .ml_sealed import needs
from .ml_sentence import in_words
from .sync_states import OPEN_STATES

BRIDGED_KINDS = ("account", "tax", "analytic")
"""Kinds of mappings that name a code of the target connection if nothing is booked in Odoo."""


class MlMappingForwarding(models.AbstractModel):
    """The code of the target connection that a code is forwarded as."""

    _name = "ml.mapping.forwarding"
    _inherit = "ml.sealed"
    _description = "Mapping Forwarding"
    _open_fields = {"map": ("target_mapping_id",)}

    target_mapping_id = fields.Many2one(
        "ml.mapping",
        "Target Code",
        domain="[('connection_id', '=', target_connection_id), ('kind', '=', kind)]",
        ondelete="set null",
        index="btree_not_null",
        help="Code of the target connection that the code is forwarded as.",
    )
    is_bridged = fields.Boolean(compute="_compute_is_bridged")
    creation = fields.Char(compute="_compute_creation", help="Status of its creation in the target connection.")

    @api.depends("kind", "connection_id.target_id", "connection_id.target_mode")
    def _compute_is_bridged(self):
        for mapping in self:
            connection = mapping.connection_id
            is_straight = connection.target_id and connection.target_mode == "bridge"
            mapping.is_bridged = is_straight and mapping.kind in BRIDGED_KINDS

    def _compute_creation(self):
        logs = self.env["ml.sync.log"].search(
            [
                ("res_model", "=", self._name),
                ("res_id", "in", self.ids),
                ("direction", "=", "push"),
                ("state", "in", OPEN_STATES),
            ]
        )
        found = {
            log.res_id: in_words(self.env, log._sentence("error_message")) or self.env._("Creating") for log in logs
        }
        for mapping in self:
            mapping.creation = found.get(mapping.id, False)

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

    def _propose_target_codes(self):
        """Map unmapped codes to the only code of the target with the same code, name or Odoo record."""
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

    @api.model
    def _propose_to_sources(self, connection, kinds):
        """Propose new codes of a target to the unmapped codes of its sources."""
        if connection.source_ids:
            awaiting = Domain("connection_id", "in", connection.source_ids.ids) & Domain("state", "=", "unmapped")
            self.search(awaiting & Domain("kind", "in", list(kinds)))._propose()

    @needs("map")
    def action_create_at_target(self):
        """Queue the creation of the selected codes in the target connection."""
        unmapped = self.filtered(lambda mapping: mapping.is_bridged and mapping.state == "unmapped")
        if not unmapped:
            raise UserError(self.env._("Select unmapped codes of a connection that only forwards its records."))
        for (target, kind), mappings in unmapped.grouped(lambda row: (row.target_connection_id, row.kind)).items():
            # sudo: users who may map have no right on the queue itself
            self.env["ml.sync.log"].sudo()._enqueue(target._creator(kind), mappings)
            target._trigger()
        unmapped._decided("create_remote")
        return notification(
            self.env._("Creating 1 code.")
            if len(unmapped) == 1
            else self.env._("Creating %(count)s codes.", count=len(unmapped))
        )


def _only_ones(records, key):
    """{key: record} of the keys that exactly one record has."""
    groups = records.grouped(key)
    return {value: group for value, group in groups.items() if value and len(group) == 1}
