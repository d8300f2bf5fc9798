"""Codes of one vendor as codes to be created at another, where nothing is booked in Odoo."""

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..core.documents import Account, DimensionValue
from ..core.errors import InvalidDataError
from ..models.client_actions import notification
from ..models.ml_alignment import CREATED_BY, OPEN
from ..models.ml_sealed import needs


class MlFlow(models.Model):
    _inherit = "ml.flow"

    def _reader(self, model):
        creates = {kind for kinds in CREATED_BY.values() for kind in kinds}
        if model == "ml.mapping" and self.kind in creates:
            return self.connection_id._books()["ml.exporter.bridged_code"]
        return super()._reader(model)


class MlExporterBridgedCode(models.AbstractModel):
    _name = "ml.exporter.bridged_code"
    _inherit = "ml.exporter"
    _description = "Reader of Codes of Other Vendors"

    _sends_changes = False

    def _document(self, flow, record):
        if record.kind == "account":
            # what spend is coded to; the source does not say more of an account
            return Account(
                odoo_id=record.id,
                code=record.external_code or "",
                name=record.external_name or "",
                classification="expense",
            )
        return DimensionValue(
            odoo_id=record.id,
            dimension_odoo_id=0,
            name=record.external_name or "",
            code=record.external_code or "",
            dimension_external_id=self._field_at_target(flow, record),
        )

    def _field_at_target(self, flow, record):
        """The target's field for the source's: that to which all linked codes of the source's field belong."""
        linked = flow.env["ml.mapping"].search(
            [
                ("connection_id", "=", record.connection_id.id),
                ("kind", "=", record.kind),
                ("external_group", "=", record.external_group),
                ("target_mapping_id", "!=", False),
            ]
        )
        groups = set(linked.target_mapping_id.mapped("external_group"))
        fields_there = flow.env["ml.mapping"].search(
            Domain("connection_id", "=", flow.connection_id.id)
            & Domain("kind", "=", "plan")
            & Domain("external_name", "in", list(groups or {record.external_group}))
        )
        if len(fields_there) != 1:
            raise InvalidDataError(
                self.env._(
                    "It is not known what %(field)s is at %(target)s: link one of its codes by hand, then press Retry.",
                    field=record.external_group or record.display_name,
                    target=flow.connection_id.name,
                )
            )
        return fields_there.external_id


class MlMapping(models.Model):
    _inherit = "ml.mapping"

    creation = fields.Char(compute="_compute_creation", help="What became of its creation at the target.")

    def _compute_creation(self):
        logs = self.env["ml.sync.log"].search(
            [
                ("res_model", "=", self._name),
                ("res_id", "in", self.ids),
                ("direction", "=", "push"),
                ("state", "in", OPEN),
            ]
        )
        found = {log.res_id: log.error_message or self.env._("Being created") for log in logs}
        for mapping in self:
            mapping.creation = found.get(mapping.id, False)

    @needs("map")
    def action_create_at_target(self):
        """Queue the creation of the selected codes at the connection to which records go on."""
        unmapped = self.filtered(lambda mapping: mapping.is_bridged and mapping.state == "unmapped")
        if not unmapped:
            raise UserError(self.env._("Choose unmapped codes of a connection whose records go straight on."))
        for (target, kind), mappings in unmapped.grouped(lambda row: (row.target_connection_id, row.kind)).items():
            # sudo: whoever may map need not have a right on the queue itself
            self.env["ml.sync.log"].sudo()._enqueue(target._creator(kind), mappings)
            target._trigger()
        unmapped._decided("create_remote")
        return notification(self.env._("%s codes are being created.", len(unmapped)))

    def _record_odoo_code(self, connection, reference, record):
        """A code that was created for a code of a source stands for it."""
        if record._name != self._name:
            return super()._record_odoo_code(connection, reference, record)
        mapping = self._upsert(connection, [reference])
        record.target_mapping_id = mapping
        return mapping
