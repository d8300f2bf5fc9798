"""Odoo's companies, to Ramp, and the objects that are limited to them there."""

from dataclasses import replace

from ...core.errors import ConnectorError, PermanentError
from ...core.messages import _, paragraph
from ...core.remote import SendResult
from . import check
from .client import path_id
from .push_base import AccountingPush

SENT = "companies"
"""Key of the Odoo IDs of the companies that Ramp has, stored between runs."""


class CompaniesPush(AccountingPush):
    """Accounting entities. Ramp cannot list or change them, so only the Odoo ID identifies them."""

    key = "companies_push"
    label = _("Companies to Ramp")
    help = _(
        "Creates an accounting entity in Ramp for the company and each of its branches. Users of Ramp choose one"
        " when they code. If the connection has an entity, the records of the other flows are limited to these"
        " companies."
    )
    kind = "company"
    sequence = 100
    watches = "res.company"

    def render(self, document):
        values = {
            "id": str(document.odoo_id),
            "name": document.name,
            "currency": document.currency,
            "country": document.country,
            "federal_id_number": document.vat,
        }
        return {key: value for key, value in values.items() if value}

    def send(self, payload, external_id, key):
        if external_id:
            self._note(external_id)
            note = _("Ramp keeps its values of the company, because its API cannot change them.")
            return SendResult(external_id=external_id, note=note)
        self._allow_entities()
        is_known = False
        try:
            self.client.upload("/accounting/entities", "entities", [payload])
        except PermanentError as error:
            # Ramp has no list to check first.
            if "exist" not in error.message.casefold():
                raise
            is_known = True
        self._note(payload["id"])
        return SendResult(external_id=payload["id"], linked=is_known)

    def find(self, payload, key):
        """None: only sending again tells, because Ramp refuses an existing company."""
        return None

    def _note(self, company_id):
        """Remember that Ramp has a company of Odoo."""
        self.provider.learned[SENT] = sorted({*_sent(self.provider), company_id})

    def _allow_entities(self):
        """Activate the selection of entities, without which Ramp does not use them."""
        state, row = check.seat(check.connections(self.client))
        settings = row.get("settings") or {}
        if state == check.OURS and not settings.get("entity_selection_enabled"):
            body = {"settings": {**settings, "entity_selection_enabled": True}}
            self.client.update(f"/accounting/connection/{path_id(row.get('id'))}", body)


def companies_of(provider):
    """Odoo IDs of the companies to which sent records are limited.

    Empty until Ramp has them, and if the connection books all entities.
    """
    is_limited = provider.settings.credentials.get("entity") and provider.options(CompaniesPush.key).get("active")
    sent = _sent(provider)
    return sorted(sent) if is_limited and isinstance(sent, list) else []


def _sent(provider):
    return provider.learned.get(SENT) or provider.settings.stored.get(SENT) or []


ENTITIES = "entity_remote_ids"
"""Key of the Odoo IDs of the companies to whose users Ramp offers an account, an option, a tax or a vendor."""


def scoped(provider, body):
    """The body with the companies to which the object is limited, if there are any."""
    companies = companies_of(provider)
    return {**body, ENTITIES: companies} if companies else body


def is_offered(provider, row):
    """Whether Ramp offers an account, an option or a tax to users of these companies."""
    limited, companies = row.get(ENTITIES), companies_of(provider)
    if not (isinstance(limited, list) and limited and provider.has_seat and companies):
        return True
    return not set(companies).isdisjoint(map(str, limited))


def more_entities(payload, row):
    """The change that offers an object also to the companies of this connection; those of others stay.

    Objects without a limit were sent before there was one.
    """
    wanted, offered = payload.get(ENTITIES) or [], row.get(ENTITIES) or []
    return {ENTITIES: sorted({*wanted, *offered})} if set(wanted) - set(offered) else {}


def is_of_entities(body, error):
    """Whether Ramp refused a body because it does not have one of its companies."""
    return ENTITIES in body and "entit" in error.message.casefold()


def limiting(call, body):
    """(the answer of `call` to the body, a note): an object that cannot be limited is offered to all companies."""
    try:
        return call(body), ""
    except PermanentError as error:
        if not is_of_entities(body, error):
            raise
        note = unlimited(error)
    rest = everywhere(body)
    return call(rest) if rest else {}, note


def everywhere(body):
    return {key: value for key, value in body.items() if key != ENTITIES}


def unlimited(error):
    return _("Ramp did not limit it to this company: %(reason)s", reason=error.message)


def with_note(answer, note):
    """A `SendResult` with one more note; an error as it is."""
    if not note or isinstance(answer, ConnectorError):
        return answer
    return replace(answer, note=paragraph(answer.note, note))
