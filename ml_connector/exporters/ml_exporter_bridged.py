from dataclasses import replace

from odoo import models
from odoo.fields import Domain

from ..core.documents import Account, DimensionValue, PurchaseOrder
from ..core.errors import ConflictError, InvalidDataError, NotRelevantError
from ..core.messages import _
from ..core.own_ids import own_id
from ..importers.ml_importer_bridged import account_of, coding


class MlExporterBridged(models.AbstractModel):
    """Documents of one provider with the vendors, codes and orders of another."""

    _name = "ml.exporter.bridged"
    _inherit = "ml.exporter"
    _description = "Forwarded Document Exporter"

    _sends_changes = False
    _goes_in_order_of = "partner_id"

    def _domain(self, flow):
        return Domain.TRUE

    def _sendable(self, flow, records):
        return records

    def _document(self, flow, record):
        document = record._document()
        if document.is_withdrawn:
            raise self._withdrawn(flow, record)
        party = self._party(flow, record.partner_id.with_env(self.env))
        codes = self._codes(record, document)
        changes = {
            # the reference by which the target connection finds it again
            "external_id": f"bridged:{own_id(record)}",
            "vendor": party,
            "lines": tuple(self._line(line, codes) for line in document.lines),
        }
        if not isinstance(document, PurchaseOrder):
            changes |= {"purchase_order": self._order_number(flow, record, document), "attachments": ()}
        return replace(document, **changes)

    def _withdrawn(self, flow, record):
        if flow.env["ml.binding"]._external_ids(flow.connection_id, flow.kind, record):
            return ConflictError(
                _(
                    "%(origin)s cancelled %(record)s after Odoo forwarded it to %(target)s. Reverse it in %(target)s,"
                    " then ignore this transfer.",
                    record=record.display_name,
                    origin=record.connection_id._provider_name(),
                    target=flow.connection_id._provider_name(),
                )
            )
        return NotRelevantError(
            _(
                "Cancelled in %(origin)s before Odoo forwarded it.",
                origin=record.connection_id._provider_name(),
            )
        )

    def _codes(self, record, document):
        """{(kind, external id): the target's `Reference`, or None if the code is ignored}."""
        references = [reference for line in document.lines for reference in coding(self.env, line)]
        keys = {(reference.kind, reference.external_id) for reference in references}
        codes = record.env["ml.mapping"]._at_target(record.connection_id, keys)
        missing = [reference for reference in references if (reference.kind, reference.external_id) not in codes]
        if missing:
            raise InvalidDataError(
                _(
                    "%(code)s is no longer mapped in %(provider)s. Map it, then retry.",
                    code=missing[0].name or missing[0].code or missing[0].external_id,
                    provider=record.connection_id._provider_name(),
                )
            )
        return codes

    def _line(self, line, codes):
        def at_target(reference):
            return reference and codes[reference.kind, reference.external_id]

        shares = [replace(share, reference=at_target(share.reference)) for share in line.analytics]
        return replace(
            line,
            account=at_target(account_of(self.env, line)),
            taxes=tuple(filter(None, map(at_target, line.taxes))),
            analytics=tuple(share for share in shares if share.reference),
        )

    def _order_number(self, flow, record, document):
        """The target's number of the order that a bill names by the origin's id; empty if the target lacks it."""
        key = ("purchase_order", document.purchase_order)
        order = record.env["ml.binding"]._records(record.connection_id, {key}).get(key)
        if not order:
            return ""
        return flow.env["ml.binding"]._external_ids(flow.connection_id, "purchase_order", order).get(order.id, "")


class MlExporterBridgedCode(models.AbstractModel):
    """Codes of one provider to be created in another."""

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
