"""Accounts of Odoo as accounts of Visma.net."""

from ...core.messages import _
from ...core.wire import needed, text
from .client import path_id
from .code_push import CodePush, named
from .coding import account_reference, is_postable
from .scopes import CREATE, READ
from .wire import wrapped

PATH = "/v1/account"
TYPES = {
    "asset": "Asset",
    "liability": "Liability",
    "credit_card": "Liability",
    "equity": "Liability",
    "revenue": "Income",
    "expense": "Expense",
}
"""Visma has no type for equity: its charts of accounts keep it among the liabilities."""


class AccountsPush(CodePush):
    """`/v1/account`."""

    key = "accounts_push"
    label = _("Accounts to Visma.net")
    kind = "account"
    sequence = 80
    scopes = (READ, CREATE)
    help = _("Creates accounts in Visma.net when you click Create in Visma.net in the mappings.")

    def render(self, document):
        missing = _("%(account)s is neither an asset, liability, income nor expense account.", account=document.name)
        kind = needed(TYPES.get(document.classification), missing)
        return {**named(document), "type": kind}

    def _row(self, payload):
        return self._one(f"{PATH}/{path_id(payload['code'])}")

    def _reference(self, payload, row):
        return account_reference(row), is_postable(row)

    def _make(self, payload):
        body = wrapped(
            {
                "accountCD": payload["code"],
                "type": payload["type"],
                "description": payload["name"],
                "active": True,
            }
        )
        self.created(PATH, body, lambda: text(self._row(payload) or {}, "accountCD"))
