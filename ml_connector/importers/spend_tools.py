"""Functions for card spend, reimbursements and the card account."""

from odoo.fields import Command

from ..core.documents import Reference
from ..core.errors import ConflictError, InvalidDataError, NotReadyError
from ..core.messages import _
from ..models.ml_mapped import MONEY_JOURNALS
from .importer_tools import exact, is_of_company, named, unusable
from .ml_importer import MappingLookup, title

ISSUER_KINDS = ("statement", "transfer", "cashback")
"""Kinds whose records are on the account of the card issuer."""
CARD_ACCOUNTS = ("asset_cash", "liability_credit_card")
"""Account types that Odoo reconciles even if the account does not allow reconciliation."""
CLEARING = Reference(kind="account", external_id="ml-card-clearing")
"""Reference to the account of unbilled card spend, in bills that the connector makes."""


class DerivedMappingLookup(MappingLookup):
    """A lookup that also has records without a code of the provider."""

    def __init__(self, resolver, mapped, bound):
        super().__init__(resolver.connection, {**resolver._mapped, **mapped}, {**resolver._bound, **bound})


def card_charges(env, flow):
    """{id of a card transaction: payment} of the bills that were paid by card."""
    payments = env["account.payment"].search(
        [
            ("company_id", "=", flow.company_id.id),
            ("ml_card_charges", "!=", False),
            ("state", "not in", ("canceled", "rejected")),
        ]
    )
    return {charge: payment for payment in payments for charge in payment.ml_card_charges}


def check_not_synced(entry, provider):
    """
    :raises ConflictError: the provider already marks the record as synced, but Odoo did not book it
    """
    if entry.document.is_exported and not entry.bound and not (entry.log and entry.log.is_told):
        raise ConflictError(
            _(
                "%(provider)s already marks this record as synced, but Odoo did not book it. Enter it manually or"
                " ignore it.",
                provider=provider,
            )
        )


def needed(resolver, reference):
    """The Odoo record of a reference that cannot be ignored."""
    record = resolver.mapping(reference)
    if not record:
        raise InvalidDataError(
            _("%(code)s is ignored in the mappings, but this record needs it. Map it.", code=title(reference))
        )
    return record


def payment_journal(resolver, reference, company):
    """The journal of a reference, for a payment.

    :raises NotReadyError: it cannot be used
    """
    journal = needed(resolver, reference)
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


def clearing_account(journal):
    """The account of card spend until the card statement arrives, the same for all that is booked."""
    return journal.default_account_id


def contact(env, resolver, reference):
    """The partner of a `vendor` or `employee` reference."""
    record = needed(resolver, reference)
    if record._name != "hr.employee":
        return record
    # sudo: only the contact is read; whoever books need not see private data of employees
    partner = record.sudo().work_contact_id.with_env(env)
    if not partner:
        raise NotReadyError(
            _("Employee %(employee)s has no contact in Odoo. Enter one.", employee=record.display_name), awaits=record
        )
    return partner


def own_contact(env, resolver, reference, company):
    """The partner of a `vendor` or `employee` reference, for an item of the company.

    :raises NotReadyError: it belongs to another company
    """
    partner = contact(env, resolver, reference)
    if not is_of_company(partner, company):
        raise NotReadyError(
            _(
                "The contact of %(name)s belongs to another company and cannot be used in %(company)s.",
                name=title(reference),
                company=company.display_name,
            ),
            awaits=partner,
        )
    return partner


def owe_to_issuer(payments):
    """Put payments by card on the account of card spend, where they are owed to the issuer until its statement.

    Odoo would use the general account of outstanding payments. It computes the account while it creates a payment, so
    the account is set between creating and posting.
    """
    for payment in payments.filtered(lambda payment: payment.journal_id.type == "credit" and not payment.move_id):
        payment.outstanding_account_id = clearing_account(payment.journal_id)


def tick_off(account, bill, records):
    """Reconcile the bill of a card statement with the spend that it bills, so that only unbilled spend stays open.

    :param account: account of card spend
    :param records: expenses, journal entries, vendor bills or payments
    """
    if not records or not account.reconcile and account.account_type not in CARD_ACCOUNTS:
        return
    spend = _on_the_card(records)
    # refunds are reconciled with spend first, so that the open part of the bill is spend that is not booked yet
    for moves in (spend, bill | spend):
        _set_off(
            moves.line_ids.filtered(
                lambda line: line.account_id == account and line.parent_state == "posted" and not line.reconciled
            )
        )


def _on_the_card(records):
    """The entries of spend on the card account."""
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
    """The given first expenses of card transactions, then the expenses of their other lines."""
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
            "payment_method_line_id": method_line(journal, payment_type).id,
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
    """Reconcile the open items of the card issuer, oldest first: statements with transfers and cashback.

    Only items that this connection booked are reconciled, not other bills of the same contact.

    :param records: records that were just written and are not linked yet
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
