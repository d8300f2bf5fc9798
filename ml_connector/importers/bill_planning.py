"""From the document of a bill to its plan."""

from ..core.errors import InvalidDataError, NotReadyError
from ..core.messages import Amount, _
from ..models.client_actions import shown_as_text
from .bill_lines import BillLines
from .bill_plan import BILL, BillPlan
from .importer_tools import fits, is_of_company, once


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
        date = document.accounting_date or document.document_date
        dates, note = self.batch.dates.of(date, plan.journal, plan.has_tax)
        if note:
            plan.notes.append(note)
        header = {
            "move_type": move_type,
            "company_id": self.batch.company.id,
            "journal_id": plan.journal.id,
            "partner_id": plan.partner.id,
            "ml_owed_to_person": plan.is_owed_to_person,
            "currency_id": plan.currency.id,
            "invoice_currency_rate": plan.rate,
            "ref": document.number or False,
            "invoice_origin": document.purchase_order or False,
            "invoice_date": document.document_date,
            **dates,
            "invoice_payment_term_id": plan.term.id if plan.term else False,
            "partner_shipping_id": self._delivery(plan.partner).id,
            "fiscal_position_id": position.id,
            "narration": shown_as_text(document.memo) if document.memo else False,
        }
        header |= self._entered(plan, header)
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

    def _entered(self, plan, header):
        """The payment details that Odoo fills in from the vendor when a user enters a bill."""
        if header["move_type"] == "entry":
            return {}
        key = (plan.partner.id, plan.currency, header["move_type"])
        values = once(self._entered_values, key, lambda: entered_values(self.env, header))
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


def entered_values(env, header):
    """The bank account and payment reference that Odoo fills in when a user enters a bill with these values."""
    names = ("move_type", "company_id", "journal_id", "partner_id", "ml_owed_to_person", "currency_id")
    move = env["account.move"].new({name: header[name] for name in names})
    move._onchange_partner_id()
    return {
        "partner_bank_id": move.partner_bank_id._origin.id,
        "payment_reference": move.payment_reference or False,
    }


class BillPlanner:
    """Plans the bills of one batch. The subclasses plan other documents that become bills."""

    form = BILL
    lines_class = BillLines

    def __init__(self, batch):
        self.batch = batch
        self.header = BillHeader(batch)
        self.lines = self.lines_class(batch)

    def look_up(self, documents):
        """Read what the bills of the batch refer to, with few queries."""
        self.lines.orders.look_up(documents)

    def move_type(self, document, move=None):
        """The type of move that the document becomes, or must be if it already is `move`."""
        return "in_refund" if document.is_credit else "in_invoice"

    def journal(self, document):
        return self.batch.journals.purchase

    def plan(self, document, partner, booked=None, *, move_type=None, form=None, journal=None, category=None):
        """Plan a bill.

        :param booked: the posted bill to compare it with; then nothing is checked that would only prevent booking
        :param move_type: type of move, if it does not follow from the document
        :param form: type of document, if it does not follow from the planner
        :param journal: journal, if it does not follow from the planner
        :param category: product of its lines in Odoo, if they have none in the plan
        """
        batch = self.batch
        if not document.lines:
            raise InvalidDataError(_("The bill has no lines. Complete it in %(provider)s.", provider=batch.provider))
        currency = batch.currencies.known(document.currency)
        self._check_amounts(document, currency)
        plan = BillPlan(
            document=document,
            provider=batch.provider,
            company=batch.company,
            partner=partner,
            journal=booked.journal_id if booked else journal or self.journal(document),
            currency=currency,
            is_credit=document.is_credit,
            form=form or self.form,
        )
        move_type = move_type or self.move_type(document)
        position = self.header.fiscal_position(partner)
        self.lines.plan(plan, position, move_type)
        plan.rate = batch.rates.of_document(document, currency, bool(booked))
        plan.is_rate_stated = batch.rates.stated(document, currency) is not None
        if not document.due_date and move_type != "entry":
            terms = booked.invoice_payment_term_id if booked else None
            plan.term = terms or partner.with_company(batch.company).property_supplier_payment_term_id
        batch.amounts.settle(plan)
        plan.header = self.header.values(plan, booked, move_type, position)
        if not booked:
            self._check_partner(document, partner)
            self.lines.check(plan, category)
        return plan

    def _check_amounts(self, document, currency):
        amounts = [document.total, *(line.amount for line in document.lines)]
        if document.tax_total is not None:
            amounts.append(document.tax_total)
        for amount in amounts:
            if not fits(amount, currency):
                raise InvalidDataError(
                    _(
                        "Amount %(amount)s has more than the %(digits)s decimals of %(currency)s. Correct it in"
                        " %(provider)s.",
                        amount=amount,
                        digits=currency.decimal_places,
                        currency=currency.name,
                        provider=self.batch.provider,
                    )
                )
        if document.total < 0:
            raise InvalidDataError(
                _(
                    "The total of the bill is negative (%(amount)s). Enter it as a credit note in %(provider)s.",
                    amount=Amount(document.total, currency.name),
                    provider=self.batch.provider,
                )
            )

    def _check_partner(self, document, partner):
        if not is_of_company(partner, self.batch.company):
            raise NotReadyError(
                _(
                    "The contact of vendor %(vendor)s belongs to another company and cannot be used in %(company)s.",
                    vendor=document.vendor.name or document.vendor.external_id,
                    company=self.batch.company.display_name,
                ),
                awaits=partner,
            )
