"""The account of card spend, and the open items of the card issuer."""

from odoo.tools import groupby

ISSUER_KINDS = ("statement", "transfer", "cashback")
"""Kinds whose records are on the account of the card issuer."""
CARD_ACCOUNTS = ("asset_cash", "liability_credit_card")
"""Account types that Odoo reconciles even if the account does not allow reconciliation."""


def clearing_account(journal):
    """The account of card spend until the card statement arrives, the same for all that is booked."""
    return journal.default_account_id


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
    by_model = {model: group[0].union(*group) for model, group in groupby(records, lambda record: record._name)}
    found = []
    if expenses := by_model.get("hr.expense"):
        found.append(expenses._ml_with_parts().account_move_id)
    if payments := by_model.get("account.payment"):
        found.append(payments.move_id)
    if moves := by_model.get("account.move"):
        entries = moves.filtered(lambda move: move.move_type == "entry")
        found += [entries, (moves - entries).matched_payment_ids.move_id]
    return records[0].env["account.move"].union(*found)


def settle_issuer(env, flow, records, partner):
    """Reconcile the open items of the card issuer, oldest first: statements with transfers and cashback.

    Only items that this connection booked are reconciled, not other bills of the same contact.

    :param records: records that were just written and are not linked yet
    """
    bindings = flow.env["ml.binding"].search_fetch(
        [("connection_id", "=", flow.connection_id.id), ("kind", "in", ISSUER_KINDS)], ["res_model", "res_id"]
    )
    booked = {*((binding.res_model, binding.res_id) for binding in bindings), *((r._name, r.id) for r in records)}
    moves = env["account.move"].browse(record_id for model, record_id in booked if model == "account.move")
    payments = env["account.payment"].browse(record_id for model, record_id in booked if model != "account.move")
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


def _set_off(lines):
    """Reconcile open items of an account and currency that have both sides, oldest first."""
    for group in lines.grouped(lambda line: (line.account_id, line.currency_id)).values():
        if any(line.balance > 0 for line in group) and any(line.balance < 0 for line in group):
            group.sorted("date").reconcile()
