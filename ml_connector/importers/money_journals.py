"""The journals of money that moved, and their payment methods."""

from ..core.errors import NotReadyError
from ..core.messages import _
from ..models.ml_mapped import MONEY_JOURNALS
from .card_account import clearing_account
from .importer_tools import named, unusable
from .ml_importer import title


def payment_journal(resolver, reference, company):
    """The journal of a reference, for a payment.

    :raises NotReadyError: it cannot be used
    """
    journal = resolver.needed(reference)
    if unusable(journal, company) or journal.type not in MONEY_JOURNALS:
        raise NotReadyError(
            _(
                "%(code)s is mapped to journal %(journal)s, which cannot be used for payments of %(company)s. Map"
                " another journal.",
                code=title(reference),
                journal=named(journal, company),
                company=company.display_name,
            ),
            awaits=journal,
        )
    return journal


def money_journal(resolver, reference, company):
    """The journal of a reference, for money that moved.

    :raises NotReadyError: it cannot be used
    """
    journal = payment_journal(resolver, reference, company)
    if not journal.default_account_id:
        raise NotReadyError(
            _("Journal %(journal)s has no default account. Enter one.", journal=journal.display_name), awaits=journal
        )
    return journal


def method_line(journal, payment_type="outbound"):
    """The payment method of a journal: manual, because the money has already moved."""
    lines = journal[f"{payment_type}_payment_method_line_ids"]
    line = lines.filtered(lambda line: line.code == "manual")[:1] or lines[:1]
    if not line:
        raise NotReadyError(
            _("Journal %(journal)s has no payment method. Add Manual Payment.", journal=journal.display_name),
            awaits=journal,
        )
    return line


def outstanding_account(env, journal, amount):
    """The account of received (or, if negative, paid) money until the bank statement arrives."""
    if journal.type == "credit":
        return clearing_account(journal)
    payment_type = "inbound" if amount > 0 else "outbound"
    account = method_line(journal, payment_type).payment_account_id
    payments = env["account.payment"]
    return account or payments.new({"company_id": journal.company_id.id})._get_outstanding_account(payment_type)
