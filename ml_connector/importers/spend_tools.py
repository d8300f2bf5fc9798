"""What the writers of card spend, reimbursements and the card account share."""

from odoo.fields import Command

from ..core.documents import Reference
from ..core.errors import InvalidDataError, NotReadyError
from ..models.ml_mapping import MONEY_JOURNALS
from .importer_tools import exact, is_of_company, named, unusable
from .ml_importer import MappingLookup

ISSUER_KINDS = ("statement", "transfer", "cashback")
"""Kinds whose records are on the card issuer's account."""
CARD_ACCOUNTS = ("asset_cash", "liability_credit_card")
"""Types of accounts that Odoo reconciles though they are not marked for it."""
CLEARING = Reference(kind="account", external_id="ml-card-clearing")
"""Stands for the account of card spend that is not billed yet, in bills that are made here."""


class DerivedMappingLookup(MappingLookup):
    """A resolver that also knows records which stand for no code of the vendor's."""

    def __init__(self, resolver, mapped, bound):
        super().__init__(resolver.connection, {**resolver._mapped, **mapped}, {**resolver._bound, **bound})


def needed(env, resolver, reference):
    """The Odoo record of a reference that cannot be left out."""
    record = resolver.mapping(reference)
    if not record:
        raise InvalidDataError(
            env._("%s is left out under Mappings, but it is needed: choose a record.", reference.name)
        )
    return record


def money_journal(env, resolver, reference, company):
    """The journal of a reference, fit for money that moved.

    :raises InvalidDataError: it cannot take it
    """
    journal = needed(env, resolver, reference)
    if unusable(journal, company) or journal.type not in MONEY_JOURNALS:
        raise NotReadyError(
            env._(
                "%(origin)s is mapped to journal %(journal)s, which cannot take payments of %(company)s.",
                origin=reference.name,
                journal=named(journal, company),
                company=company.display_name,
            ),
            awaits=journal,
        )
    if not journal.default_account_id:
        raise NotReadyError(env._("Journal %s has no default account.", journal.display_name), awaits=journal)
    return journal


def method_line(env, journal, payment_type="outbound"):
    """How the journal pays: by hand, because the money has moved already."""
    lines = journal[f"{payment_type}_payment_method_line_ids"]
    line = lines.filtered(lambda line: line.code == "manual")[:1] or lines[:1]
    if not line:
        raise NotReadyError(
            env._("Journal %s has no payment method: add Manual Payment.", journal.display_name), awaits=journal
        )
    return line


def outstanding_account(env, journal, amount):
    """Where money that the journal got (or, negative, paid out) waits for the bank's statement."""
    if journal.type == "credit":
        return clearing_account(journal)
    payment_type = "inbound" if amount > 0 else "outbound"
    account = method_line(env, journal, payment_type).payment_account_id
    payments = env["account.payment"]
    return account or payments.new({"company_id": journal.company_id.id})._get_outstanding_account(payment_type)


def clearing_account(journal):
    """Where spend with the cards of a journal waits for the statement: the same account for whatever is booked."""
    return journal.default_account_id


def contact(env, resolver, reference):
    """The partner of a `vendor` or `employee` reference."""
    record = needed(env, resolver, reference)
    if record._name != "hr.employee":
        return record
    # sudo: of the employee only the contact is read, and who books need not see private data
    partner = record.sudo().work_contact_id.with_env(env)
    if not partner:
        raise NotReadyError(env._("Employee %s has no contact in Odoo: enter one.", record.display_name), awaits=record)
    return partner


def own_contact(env, resolver, reference, company):
    """The partner of a `vendor` or `employee` reference, fit for an item of the company.

    :raises InvalidDataError: it belongs to another company
    """
    partner = contact(env, resolver, reference)
    if not is_of_company(partner, company):
        raise NotReadyError(
            env._(
                "The contact of %(name)s belongs to another company and cannot be used in %(company)s.",
                name=reference.name or reference.code or reference.external_id,
                company=company.display_name,
            ),
            awaits=partner,
        )
    return partner


def owe_to_issuer(payments):
    """What is paid by card is owed to its issuer, like all spend with the card, until its statement is booked.

    Odoo would take the general account of outstanding payments. It computes the account while a payment is created, so
    it is set between creating and posting.
    """
    for payment in payments.filtered(lambda payment: payment.journal_id.type == "credit" and not payment.move_id):
        payment.outstanding_account_id = clearing_account(payment.journal_id)


def tick_off(account, bill, records):
    """Reconcile the bill of a card statement with spend that it bills, so that the open items of the card account are
    what no statement has billed.

    :param account: of card spend
    :param records: expenses, journal entries, vendor bills or payments
    """
    if not records or not account.reconcile and account.account_type not in CARD_ACCOUNTS:
        return
    spend = _on_the_card(records)
    # refunds with spend first: so what stays open of the bill is spend that is not booked yet
    for moves in (spend, bill | spend):
        _set_off(
            moves.line_ids.filtered(
                lambda line: line.account_id == account and line.parent_state == "posted" and not line.reconciled
            )
        )


def _on_the_card(records):
    """The entries with which spend is on the card account."""
    by_model = {}
    for record in records:
        by_model[record._name] = by_model.get(record._name, record.browse()) | record
    found = []
    if expenses := by_model.get("hr.expense"):
        found.append(parts_of(expenses).account_move_id)
    if payments := by_model.get("account.payment"):
        found.append(payments.move_id)
    if moves := by_model.get("account.move"):
        entries = moves.filtered(lambda move: move.move_type == "entry")
        found += [entries, (moves - entries).matched_payment_ids.move_id]
    return records[0].env["account.move"].union(*found)


def parts_of(expenses):
    """The expenses of card transactions, each known by the first: these, then those of their other lines."""
    return expenses | expenses.search([("split_expense_origin_id", "in", expenses.ids)], order="id")


def _set_off(lines):
    """Reconcile open items of an account and currency that have both sides, oldest first."""
    for group in lines.grouped(lambda line: (line.account_id, line.currency_id)).values():
        if any(line.balance > 0 for line in group) and any(line.balance < 0 for line in group):
            group.sorted("date").reconcile()


def payable_account(partner, company):
    return partner._ml_creditor(company).with_company(company).property_account_payable_id


def pay(env, settlements):
    """Payments of moves, posted and reconciled.

    :param settlements: dicts of `move`, `journal`, `amount` (float), `date`, `original_date`, `memo`
    """
    values_list = []
    for settlement in settlements:
        move, journal = settlement["move"], settlement["journal"]
        payment_type = "outbound" if sum(_terms(move).mapped("balance")) < 0 else "inbound"
        values = {
            "payment_type": payment_type,
            "partner_type": "supplier",
            "partner_id": move.commercial_partner_id.id,
            "company_id": move.company_id.id,
            "journal_id": journal.id,
            "payment_method_line_id": method_line(env, journal, payment_type).id,
            "currency_id": move.currency_id.id,
            "amount": settlement["amount"],
            "date": settlement["date"],
            "ml_original_date": settlement.get("original_date"),
            "memo": settlement["memo"] or move.ref,
            "partner_bank_id": False,
            "destination_account_id": _terms(move).account_id[:1].id,
            "invoice_ids": [Command.set(move.ids)],
        }
        values_list.append(values)
    payments = env["account.payment"].with_context(skip_invoice_sync=True).create(values_list).with_env(env)
    owe_to_issuer(payments)
    payments.action_post()
    plan = []
    for settlement, payment in zip(settlements, payments, strict=True):
        counterpart = payment.move_id.line_ids.filtered(lambda line: line.account_type == "liability_payable")
        if counterpart:
            plan.append(counterpart + open_terms(settlement["move"]))
    env["account.move.line"]._reconcile_plan(plan)
    return payments


def _terms(move):
    return move.line_ids.filtered(lambda line: line.account_type == "liability_payable").sorted("date_maturity")


def open_terms(move):
    return _terms(move).filtered(lambda line: not line.reconciled)


def open_amount(move):
    return abs(exact(sum(_terms(move).mapped("amount_residual_currency")), move.currency_id))


def settle_issuer(env, flow, records, partner):
    """Reconcile what is open on the card issuer's account, oldest first: statements with transfers and cashback.

    Only with what this connection booked there; other bills of the same contact are left alone.

    :param records: what was just written, not bound yet
    """
    bindings = flow.env["ml.binding"].search_fetch(
        [("connection_id", "=", flow.connection_id.id), ("kind", "in", ISSUER_KINDS)], ["res_model", "res_id"]
    )
    moves = env["account.move"]
    payments = env["account.payment"]
    for model, ids in [(b.res_model, b.res_id) for b in bindings] + [(r._name, r.id) for r in records]:
        if model == "account.move":
            moves |= moves.browse(ids)
        else:
            payments |= payments.browse(ids)
    lines = env["account.move.line"].search(
        [
            ("move_id", "in", (moves | payments.exists().move_id).ids),
            ("partner_id", "=", partner._ml_creditor(flow.company_id).id),
            ("account_type", "=", "liability_payable"),
            ("parent_state", "=", "posted"),
            ("reconciled", "=", False),
        ]
    )
    _set_off(lines)
