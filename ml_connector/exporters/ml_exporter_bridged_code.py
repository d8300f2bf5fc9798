"""Exports codes of one provider to be created in another, where records are forwarded without an Odoo entry."""

from odoo import models
from odoo.fields import Domain

from ..core.documents import Account, DimensionValue
from ..core.errors import InvalidDataError
from ..core.messages import _


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
                ("direction", "=", "forward"),
                ("kind", "=", record.kind),
                ("external_group", "=", record.external_group),
                ("code_id", "!=", False),
            ]
        )
        groups = set(linked.code_id.mapped("external_group"))
        fields_there = flow.env["ml.mapping"].search(
            Domain("connection_id", "=", flow.connection_id.id)
            & Domain("direction", "=", "in")
            & Domain("kind", "=", "plan")
            & Domain("external_name", "in", list(groups or {record.external_group}))
        )
        if len(fields_there) != 1:
            raise InvalidDataError(
                _(
                    "No %(target)s field is mapped to the %(origin)s field %(field)s. Map one of its codes, then"
                    " retry.",
                    target=flow.connection_id._provider_name(),
                    origin=record.connection_id._provider_name(),
                    field=record.external_group or record.display_name,
                )
            )
        return fields_there.external_id
