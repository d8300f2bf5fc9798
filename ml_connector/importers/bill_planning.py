"""From the document of a bill to its plan."""

from ..core.errors import InvalidDataError, NotReadyError
from ..core.messages import Amount, _
from .bill_header import BillHeader
from .bill_lines import BillLines
from .bill_plan import BILL, BillPlan
from .importer_tools import fits, is_of_company


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
