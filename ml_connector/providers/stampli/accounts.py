"""Odoo's accounts, to Stampli."""

from ...core.flow import Column, FileOutFlow, Template
from ...core.messages import _
from .columns import COMPANY, DAILY, FILE_NAME, UPDATED


class Accounts(FileOutFlow):
    key = "gl_accounts"
    label = _("GL Accounts")
    sequence = 10
    daily_hour = DAILY
    help = _("Sends the accounts that invoices may be coded to.")
    template = Template(
        entity="gl_accounts",
        model="account.account",
        domain="[('account_type', 'in', ('expense', 'expense_other', 'expense_depreciation', 'expense_direct_cost',"
        " 'asset_prepayments', 'asset_fixed', 'asset_current', 'asset_non_current'))]",
        folder="inbound",
        file_name=FILE_NAME,
        document_element="GLAccount",
        root_element="StampliImport",
        columns=(
            COMPANY,
            Column(label="AccountCode", name="id", path="code", type="code", required=True),
            Column(label="AccountName", name="name", path="name", required=True),
            Column(label="AccountType", path="account_type", type="code"),
            Column(label="Active", name="active", expression="is_active", type="boolean"),
            UPDATED,
        ),
    )
