"""Odoo's accounts, to Ramp."""

from ...core.documents import Reference
from ...core.errors import InvalidDataError
from ...core.messages import _
from ...core.remote import SendResult
from .companies import ENTITIES, scoped
from .upload import Upload
from .wire import only, ramp_id_of

CLASSIFICATIONS = {
    "asset": "ASSET",
    "liability": "LIABILITY",
    "credit_card": "CREDCARD",
    "equity": "EQUITY",
    "revenue": "REVENUE",
    "expense": "EXPENSE",
}


class AccountsPush(Upload):
    """An archived account is hidden, so that records coded to it can still be booked. Its classification stays."""

    key = "accounts_push"
    label = _("Chart of Accounts to Ramp")
    help = _("Creates and updates Odoo's accounts in Ramp for coding. Archived accounts are hidden in Ramp.")
    kind = "account"
    sequence = 105
    watches = "account.account"
    path = "/accounting/accounts"
    changeable = ("name", "code", "visibility")

    def render(self, document):
        if not document.name:
            raise InvalidDataError(_("Ramp requires a name. Enter one on the account."))
        return scoped(
            self.provider,
            {
                "id": document.external_id or str(document.odoo_id),
                "name": document.name,
                "code": document.code,
                "classification": CLASSIFICATIONS.get(document.classification, "UNKNOWN"),
                "visibility": "VISIBLE" if document.active else "HIDDEN",
            },
        )

    def upload(self, payloads):
        accounts = [only(payload, "id", "name", "code", "classification", ENTITIES) for payload in payloads]
        return self.client.upload(self.path, "gl_accounts", accounts)

    def sent(self, payload, row, linked=False):
        kind = row.get("classification")
        note = ""
        if kind and kind != payload["classification"]:
            note = _(
                "Ramp keeps the classification %(classification)s, because its API cannot change it.",
                classification=kind,
            )
        reference = Reference(kind="account", external_id=payload["id"], code=payload["code"], name=payload["name"])
        return SendResult(external_id=ramp_id_of(row), linked=linked, note=note, mapping=reference)
