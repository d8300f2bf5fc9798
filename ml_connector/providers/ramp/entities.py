"""The companies to which accounts, options, taxes and vendors that Odoo sends are limited in Ramp."""

from dataclasses import replace

from ...core.errors import ConnectorError, PermanentError
from ...core.messages import _, paragraph
from .companies import companies_of

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
