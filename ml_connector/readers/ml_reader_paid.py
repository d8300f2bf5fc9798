from odoo import api, models
from odoo.fields import Domain

from ..documents import Clearing, Paid
from ..exceptions import NotWantedError
from ..writers.writer_tools import exact


class AccountPartialReconcile(models.Model):
    _inherit = "account.partial.reconcile"

    @api.model_create_multi
    def create(self, vals_list):
        partials = super().create(vals_list)
        moves = (partials.debit_move_id | partials.credit_move_id).move_id
        moves._ml_note_change({"payment_state"})
        return partials


class MlReaderPaid(models.AbstractModel):
    """Tells that what we owe for a remote record is paid: the entry that it became, reconciled in full."""

    _name = "ml.reader.paid"
    _inherit = "ml.reader"
    _description = "Reader of Paid Records"

    def _watched_fields(self):
        return {"payment_state"}

    def _domain(self, flow):
        own = Domain("company_id", "=", flow.company_id.id) & Domain("state", "=", "posted")
        return own & Domain("line_ids.full_reconcile_id", "!=", False)

    def _changed_since(self, moment):
        return Domain("line_ids.full_reconcile_id.create_date", ">=", moment)

    def _sendable(self, flow, records):
        """Those that came from this vendor system, and are paid."""
        origins = self._origins(flow, records)
        return records.filtered(lambda move: move.id in origins and self._is_paid(move))

    def _origins(self, flow, records):
        """{move id: binding} of the records that the flow tells about."""
        bindings = self.env["ml.binding"].search(
            [
                ("connection_id", "=", flow.connection_id.id),
                ("kind", "in", flow._spec().settles),
                ("res_model", "=", "account.move"),
                ("res_id", "in", records.ids),
            ]
        )
        return {binding.res_id: binding for binding in bindings}

    def _owed_lines(self, move):
        """What we owe: to employees where there are any, for a card is settled by its own bill."""
        owed = move.line_ids.filtered(lambda line: line.account_type == "liability_payable" and line.balance < 0)
        return owed.filtered("partner_id.employee") or owed

    def _is_paid(self, move):
        owed = self._owed_lines(move)
        return bool(owed) and all(owed.mapped("reconciled")) and not move.reversal_move_ids

    def _document(self, flow, record):
        binding = self._origins(flow, record)[record.id]
        owed = self._owed_lines(record)
        if not self._is_paid(record):
            # it was when it was queued
            raise NotWantedError(self.env._("%s is not paid any more.", record.display_name))
        return Paid(
            subject=binding.kind,
            external_id=binding.external_id,
            version=binding.external_version or "",
            number=record.name,
            currency=record.currency_id.name,
            total=-exact(sum(owed.mapped("amount_currency")), record.currency_id),
            clearings=tuple(self._clearings(owed)),
        )

    def _clearings(self, owed):
        for line in owed:
            for partial in line.matched_debit_ids:
                amount = exact(partial.credit_amount_currency, line.currency_id)
                # an exchange difference clears nothing in the currency of the debt
                if amount:
                    paid = partial.debit_move_id
                    yield Clearing(date=paid.date, amount=amount, reference=paid.move_id.name)
