"""Exports codes of one provider to be created in another, where records are forwarded without an Odoo entry."""

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..core.documents import Account, DimensionValue
from ..core.errors import InvalidDataError
from ..core.messages import _
from ..models.client_actions import notification
from ..models.ml_alignment import CREATED_BY, OPEN
from ..models.ml_sealed import needs
from ..models.ml_sentence import in_words


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
    _description = "Forwarded Code Exporter"

    _sends_changes = False

    def _document(self, flow, record):
        if record.kind == "account":
            # spend is coded to it; the origin gives no further details of an account
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
        """The target's field for a field of the origin: the field to which all its linked codes belong."""
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
                _(
                    "No %(target)s field is mapped to the %(origin)s field %(field)s. Map one of its codes, then"
                    " retry.",
                    target=flow.connection_id._provider_class().label,
                    origin=record.connection_id._provider_class().label,
                    field=record.external_group or record.display_name,
                )
            )
        return fields_there.external_id


class MlMapping(models.Model):
    _inherit = "ml.mapping"

    creation = fields.Char(compute="_compute_creation", help="Status of its creation in the target connection.")

    def _compute_creation(self):
        logs = self.env["ml.sync.log"].search(
            [
                ("res_model", "=", self._name),
                ("res_id", "in", self.ids),
                ("direction", "=", "push"),
                ("state", "in", OPEN),
            ]
        )
        found = {
            log.res_id: in_words(self.env, log._sentence("error_message")) or self.env._("Creating") for log in logs
        }
        for mapping in self:
            mapping.creation = found.get(mapping.id, False)

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

    def _record_odoo_code(self, connection, reference, record):
        """Map a code to the code that was created for it in the target."""
        if record._name != self._name:
            return super()._record_odoo_code(connection, reference, record)
        mapping = self._upsert(connection, [reference])
        record.target_mapping_id = mapping
        return mapping
