from odoo import api, models
from odoo.fields import Domain

from .ml_mapping_proposals import folded, unambiguous
from .queries import of_keys

FORWARDED_KINDS = ("account", "tax", "analytic")
"""Kinds of codes of documents that are forwarded without an Odoo entry."""
FORWARDING = ["|", ("direction", "!=", "forward"), ("connection_id.target_mode", "=", "bridge")]
"""Domain without the rows of connections that do not use what was mapped to be forwarded."""


class MlMappingForwarding(models.AbstractModel):
    """The codes of the target connection that codes are forwarded as."""

    _name = "ml.mapping.forwarding"
    _inherit = "ml.sealed"
    _description = "Mapping Forwarding"

    @api.model
    def _at_target(self, connection, keys):
        """{(kind, external id): `Reference` at the target, or None if the code is ignored} of the mapped keys."""
        return {
            (mapping.kind, mapping.external_id): None if mapping.is_ignored else mapping.code_id._as_reference()
            for mapping in self._filled(connection, "forward", keys)
        }

    def _list_forwarded(self):
        """List codes into Odoo to be forwarded, if their connections only forward."""
        for connection, mappings in self.grouped("connection_id").items():
            if connection._only_forwards():
                forwarded = mappings.filtered(lambda row: row.direction == "in" and row.kind in FORWARDED_KINDS)
                self._upsert(connection, [mapping._as_reference() for mapping in forwarded], "forward")

    @api.model
    def _is_bridge_in_use(self):
        bridges = [("target_id", "!=", False), ("target_mode", "=", "bridge")]
        return bool(self.env["ml.connection"].search_count(bridges, limit=1))

    @api.model
    def _get_view_cache_key(self, view_id=None, view_type="form", **options):
        return (*super()._get_view_cache_key(view_id, view_type, **options), self._is_bridge_in_use())

    @api.model
    def _get_view(self, view_id=None, view_type="form", **options):
        """Hide the filter of forwarded codes unless a connection only forwards."""
        arch, view = super()._get_view(view_id, view_type, **options)
        if not self._is_bridge_in_use():
            for node in arch.xpath("//filter[@name='forwarded']"):
                node.getparent().remove(node)
        return arch, view

    def _propose_target_codes(self):
        """Map unmapped forwarded codes to the only code of the target with the same code, name or Odoo record."""
        forwarded = self.filtered(lambda row: row.direction == "forward" and row.state == "unmapped")
        for (connection, kind), rows in forwarded.grouped(lambda row: (row.connection_id, row.kind)).items():
            of_target = [("connection_id", "=", connection.target_id.id), ("direction", "=", "in"), ("kind", "=", kind)]
            codes = self.search(of_target)
            by_code = unambiguous(codes, lambda row: folded(row.external_code))
            by_name = unambiguous(codes, lambda row: folded(row.external_name))
            by_record = unambiguous(codes, lambda row: row.res_id)
            keys = {(kind, row.external_id) for row in rows}
            records = {row.external_id: row.res_id for row in of_keys(self, connection, keys, ("direction", "=", "in"))}
            for row in rows:
                if found := by_code.get(folded(row.external_code)):
                    row.write({"code_id": found.id, "origin": "code"})
                elif kind != "account" and (found := by_name.get(folded(row.external_name))):
                    row.write({"code_id": found.id, "origin": "name"})
                elif found := by_record.get(records.get(row.external_id)):
                    row.write({"code_id": found.id, "origin": "record"})

    @api.model
    def _propose_to_sources(self, connection, kinds):
        """Propose new codes of a target to the unmapped codes of its sources."""
        if connection.source_ids:
            awaiting = Domain("connection_id", "in", connection.source_ids.ids) & Domain("state", "=", "unmapped")
            self.search(awaiting & Domain("direction", "=", "forward") & Domain("kind", "in", list(kinds)))._propose()
