"""A card transaction before it is booked."""

from ..core.documents import Bill, BillLine, Party
from ..core.errors import InvalidDataError
from ..core.messages import _
from .bill_lines import BillLines
from .bill_plan import ENTRY, EXPENSE
from .bill_planning import BillPlanner


class SpendPlan:
    """A card transaction before it is booked.

    :ivar mode: one of `EXPENSE_MODES`
    :ivar bill: the `BillPlan` with accounts, taxes, distributions and date; None until writing if the vendor is new
    :ivar document: the bill from which the plan is made
    """

    __slots__ = ("bill", "document", "employee", "journal", "mode", "partner", "product")

    def __init__(self, mode, document, journal, employee, partner):
        self.mode = mode
        self.document = document
        self.journal = journal
        self.employee = employee
        self.partner = partner
        self.bill = None
        self.product = None


class SpendLines(BillLines):
    def _account(self, number, line, journal, product, position):
        """The default account of a card's journal is a liability, so it is never used as the cost account."""
        account = self.batch.mapping(line.account) if line.account else None
        if not account and journal.type == "purchase":
            return super()._account(number, line, journal, product, position)
        account = account or self.batch.company.expense_account_id
        if not account:
            raise InvalidDataError(
                _(
                    "Line %(line)s has no account. Choose one in %(provider)s, then retry.",
                    line=number,
                    provider=self.batch.provider,
                )
            )
        return account


class SpendPlanner(BillPlanner):
    """Plans card transactions like bills, in the journal of their mode."""

    lines_class = SpendLines

    def journal(self, document):
        # a card transaction has no bill number of the merchant
        return self.batch.journals.plain

    def complete(self, spend):
        """Plan accounts, taxes, distributions and date of a card transaction."""
        if spend.mode == "vendor_bill":
            spend.bill = self.plan(spend.document, spend.partner)
            return
        spend.bill = self.plan(
            spend.document,
            spend.partner or self.batch.company.partner_id,
            move_type="entry",
            form=EXPENSE if spend.mode == "expense" else ENTRY,
            journal=spend.journal,
            category=spend.product,
        )


def as_bill(document):
    """The transaction as a bill with a positive total, without lines of zero."""
    sign = -1 if document.amount < 0 else 1
    lines = [
        BillLine(
            amount=sign * line.amount,
            description=line.description,
            account=line.account,
            taxes=line.taxes,
            analytics=line.analytics,
        )
        for line in document.lines
        if line.amount
    ]
    return Bill(
        external_id=document.external_id,
        number=f"CARD-{document.external_id[:8].upper()}",
        vendor=Party(external_id=f"merchant:{document.merchant_id}", name=document.merchant),
        document_date=document.document_date,
        accounting_date=document.accounting_date,
        due_date=document.accounting_date or document.document_date,
        currency=document.currency,
        total=abs(document.amount),
        lines=tuple(lines),
        is_credit=document.amount < 0,
        memo=document.memo,
    )


def line_names(env, document, bill):
    """The description of each line: merchant, memo and description."""
    names = []
    for line in bill.lines:
        parts = dict.fromkeys(filter(None, (document.merchant, document.memo, line.description)))
        names.append(" - ".join(parts) or env._("Card transaction"))
    return names
