"""Payments of what an entry owes."""

from odoo.fields import Command

from .card_account import owe_to_issuer
from .importer_tools import exact
from .money_journals import method_line


def pay(env, settlements):
    """Payments of moves, posted and reconciled.

    :param settlements: dicts of `move`, `journal`, `amount` (float), `date`, `ml_original_date`, `memo`
    """
    values_list = []
    for settlement in settlements:
        move, journal = settlement["move"], settlement["journal"]
        payment_type = "outbound" if sum(_payable_items(move).mapped("balance")) < 0 else "inbound"
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
            "ml_original_date": settlement.get("ml_original_date"),
            "memo": settlement["memo"] or move.ref,
            "partner_bank_id": False,
            "destination_account_id": _payable_items(move).account_id[:1].id,
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
            plan.append(counterpart + _payable_items(settlement["move"]).filtered(lambda line: not line.reconciled))
    env["account.move.line"]._reconcile_plan(plan)
    return payments


def _payable_items(move):
    """The items of any entry on payable accounts, in the order in which they are due."""
    return move.line_ids.filtered(lambda line: line.account_type == "liability_payable").sorted("date_maturity")


def open_amount(move):
    return abs(exact(sum(_payable_items(move).mapped("amount_residual_currency")), move.currency_id))
