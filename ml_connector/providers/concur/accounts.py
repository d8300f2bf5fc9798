"""Odoo's accounts, to SAP Concur."""

from ...core.messages import _
from .lists import ACCOUNT, ListPush
from .scopes import ACCOUNT_LIST


class AccountsPush(ListPush):
    key = "accounts_push"
    label = _("Chart of Accounts to SAP Concur")
    kind = "account"
    sequence = 110
    needs = (ACCOUNT_LIST,)
    watches = "account.account"
    help = _("Keeps Odoo's accounts as items of the list of accounts. Odoo removes archived accounts from it.")

    def field(self, document):
        return ACCOUNT

    def known_code(self, document):
        return document.external_id
