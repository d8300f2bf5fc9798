"""The values of a bill without its lines."""

from ..core.errors import InvalidDataError
from ..models.client_actions import shown_as_text
from .importer_tools import once


class BillHeader:
    """Prepares the headers of the bills of one batch."""

    def __init__(self, batch):
        self.batch = batch
        self.env = batch.env
        self._positions = {}
        self._deliveries = {}
        self._entered_values = {}

    def values(self, plan, booked, move_type, position):
        """Values of the move without its lines. Odoo's defaults apply only to what the document does not state."""
        document = plan.document
        if booked:
            return {"move_type": move_type}
        accounting_date = document.accounting_date or document.document_date
        booked_on = self.batch.dates.resolve(accounting_date, plan.journal, plan.has_tax)
        if booked_on != accounting_date:
            plan.notes.append(self.batch.dates.shift_note(accounting_date, booked_on))
        header = {
            "move_type": move_type,
            "company_id": self.batch.company.id,
            "journal_id": plan.journal.id,
            "partner_id": plan.partner.id,
            "ml_owed_to_person": plan.is_owed_to_person,
            **self._entered(plan, move_type),
            "currency_id": plan.currency.id,
            "invoice_currency_rate": plan.rate,
            "ref": document.number or False,
            "invoice_origin": document.purchase_order or False,
            "invoice_date": document.document_date,
            "date": booked_on,
            "ml_original_date": accounting_date if booked_on != accounting_date else False,
            "invoice_payment_term_id": plan.term.id if plan.term else False,
            "partner_shipping_id": self._delivery(plan.partner).id,
            "fiscal_position_id": position.id,
            "narration": shown_as_text(document.memo) if document.memo else False,
        }
        if not plan.term:
            header["invoice_date_due"] = document.due_date or document.document_date
        if move_type in ("in_invoice", "in_refund") and self.batch.official.applies(plan.journal):
            header |= self._official(plan, header)
        return header

    def _official(self, plan, header):
        try:
            return self.batch.official.values(header, plan.document.number)
        except InvalidDataError as error:
            if not self.batch.flow.draft_when_refused:
                raise
            plan.leave_draft(error.message)
            return {}

    def _entered(self, plan, move_type):
        """The payment details that Odoo fills in from the vendor when a user enters a bill."""
        if move_type == "entry":
            return {}
        values = once(
            self._entered_values,
            (plan.partner.id, plan.currency, move_type),
            lambda: entered_values(
                self.env,
                {
                    "move_type": move_type,
                    "company_id": self.batch.company.id,
                    "journal_id": plan.journal.id,
                    "partner_id": plan.partner.id,
                    "ml_owed_to_person": plan.is_owed_to_person,
                    "currency_id": plan.currency.id,
                },
            ),
        )
        stated = plan.document.payment_reference
        return {**values, "payment_reference": stated} if stated else values

    def fiscal_position(self, partner):
        """The fiscal position of the vendor as Odoo finds it. It maps the payable account; mapped taxes stay."""
        positions = self.env["account.fiscal.position"].with_company(self.batch.company)
        domain = positions._check_company_domain(self.batch.company)
        if not once(self._positions, "any", lambda: bool(positions.search(domain, limit=1))):
            return positions
        return once(
            self._positions,
            partner,
            lambda: positions._get_fiscal_position(partner, delivery=self._delivery(partner)),
        )

    def _delivery(self, partner):
        """The delivery address of the vendor as Odoo finds it, looked up once for all bills of a vendor."""
        address_id = once(self._deliveries, partner, lambda: partner.address_get(["delivery"])["delivery"])
        # the partner itself is in one recordset with the others, which Odoo prefetches together
        return partner if address_id == partner.id else partner.browse(address_id)


def entered_values(env, values):
    """The bank account and payment reference that Odoo fills in when a user enters a bill with these values."""
    move = env["account.move"].new(values)
    move._onchange_partner_id()
    return {
        "partner_bank_id": move.partner_bank_id._origin.id,
        "payment_reference": move.payment_reference or False,
    }
