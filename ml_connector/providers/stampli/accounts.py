"""Odoo's accounts, to Stampli."""

from ...core.flow import Column
from ...core.messages import _
from .columns import UPDATED, DailyFiles, to_stampli


class Accounts(DailyFiles):
    key = "gl_accounts"
    label = _("GL Accounts")
    sequence = 10
    help = _("Sends the accounts that invoices may be coded to.")
    template = to_stampli(
        entity="gl_accounts",
        model="account.account",
        domain="[('account_type', 'in', ('expense', 'expense_other', 'expense_depreciation', 'expense_direct_cost',"
        " 'asset_prepayments', 'asset_fixed', 'asset_current', 'asset_non_current'))]",
        document_element="GLAccount",
        columns=(
            Column(label="AccountCode", name="id", path="code", type="code", required=True),
            Column(label="AccountName", name="name", path="name", required=True),
            Column(label="AccountType", path="account_type", type="code"),
            Column(label="Active", name="active", expression="is_active", type="boolean"),
            UPDATED,
        ),
    )
