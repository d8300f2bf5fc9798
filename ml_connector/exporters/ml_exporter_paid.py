from odoo import models
from odoo.fields import Domain

from ..core.documents import Clearing, Paid
from ..core.errors import NotRelevantError
from ..core.messages import _
from ..importers.importer_tools import exact


class MlExporterPaid(models.AbstractModel):
    """Reports a remote record as paid once its entry is fully reconciled.

    A reported record that is open again is reported as unpaid.
    """

    _name = "ml.exporter.paid"
    _inherit = "ml.exporter"
    _description = "Paid Bill Exporter"
    _reads = ("payment_state",)
    _groups = ("account.group_account_readonly",)

    def _domain(self, flow):
        own = Domain("company_id", "=", flow.company_id.id) & Domain("state", "=", "posted")
        cleared = Domain("line_ids.full_reconcile_id", "!=", False)
        return own & (cleared | Domain("id", "in", self._open_again(flow)))

    def _changed_since(self, model, moment):
        return Domain("line_ids.full_reconcile_id.create_date", ">=", moment)

    def _touched_at(self, records):
        touched = super()._touched_at(records)
        return {
            move.id: max([touched[move.id], *move.line_ids.full_reconcile_id.mapped("create_date")]) for move in records
        }

    def _open_again(self, flow):
        """Ids of the moves that were reported, or may have been reported, as paid and are open again."""
        told = flow.env["ml.binding"]._search(
            [("connection_id", "=", flow.connection_id.id), ("kind", "=", "paid"), ("res_model", "=", "account.move")]
        )
        unconfirmed = flow.env["ml.sync.log"]._search(
            [("flow_id", "=", flow.id), ("state", "in", ("running", "unknown"))]
        )
        lines = self.env["account.move.line"].search(
            Domain("account_type", "=", "liability_payable")
            & Domain("reconciled", "=", False)
            & (
                Domain("move_id", "in", told.subselect("res_id"))
                | Domain("move_id", "in", unconfirmed.subselect("res_id"))
            )
        )
        return lines.move_id.ids

    def _sendable(self, flow, records):
        """Moves that came from this provider and are or were paid."""
        origins = self._origins(flow, records)
        again = set(self._open_again(flow))
        return records.filtered(lambda move: move.id in origins and (move.id in again or self._is_paid(move)))

    def _origins(self, flow, records):
        """{move id: record link} of the records whose payment the flow reports."""
        bindings = flow.env["ml.binding"].search(
            [
                ("connection_id", "=", flow.connection_id.id),
                ("kind", "in", flow._spec().reports_payment_of),
                ("res_model", "=", "account.move"),
                ("res_id", "in", records.ids),
            ]
        )
        return {binding.res_id: binding for binding in bindings}

    def _owed_lines(self, move):
        """The payable lines: those of employees if there are any, because cards have their own bill."""
        owed = move.line_ids.filtered(lambda line: line.account_type == "liability_payable" and line.balance < 0)
        # older entries book debts to people whose contacts belong to the company on the company itself
        people = owed.filtered(lambda line: line.partner_id.employee or line.partner_id == line.company_id.partner_id)
        return people or owed

    def _is_paid(self, move):
        owed = self._owed_lines(move)
        return bool(owed) and all(owed.mapped("reconciled")) and not move.reversal_move_ids

    def _document(self, flow, record):
        binding = self._origins(flow, record)[record.id]
        owed = self._owed_lines(record)
        is_paid = self._is_paid(record)
        if not is_paid and not flow.env["ml.binding"]._external_ids(flow.connection_id, "paid", record):
            # it was paid when it was queued, and the provider was not informed
            raise NotRelevantError(_("%(bill)s is no longer paid.", bill=record.display_name))
        return Paid(
            subject=binding.kind,
            external_id=binding.external_id,
            version=binding.external_version or "",
            number=record.name,
            currency=record.currency_id.name,
            total=-exact(sum(owed.mapped("amount_currency")), record.currency_id),
            clearings=tuple(self._clearings(owed)) if is_paid else (),
            taken_back=not is_paid,
        )

    def _clearings(self, owed):
        for line in owed:
            for partial in line.matched_debit_ids:
                amount = exact(partial.credit_amount_currency, line.currency_id)
                # an exchange difference clears nothing in the currency of the debt
                if amount:
                    paid = partial.debit_move_id
                    yield Clearing(date=paid.date, amount=amount, reference=paid.move_id.name)
