"""Detects connections that would sync the same records of one provider account, which would be paid twice."""

from ..core.messages import _
from .ml_sentence import in_words


def overlapping(connection):
    """The connection in use that syncs the same records as this one; empty in most cases."""
    territory = connection._territory()
    if not territory:
        return connection.browse()
    domain = [
        ("provider", "=", connection.provider),
        ("business", "=", connection._business_key(territory)),
        ("state", "!=", "draft"),
        ("id", "!=", connection.id),
    ]
    others = connection.search(domain, order="id")
    ours = territory.entities.keys()
    return others.filtered(lambda other: not (theirs := _entities(other)) or not ours or ours & theirs)[:1]


def _entities(connection):
    """Ids of the entities that a connection syncs, from its last check; empty = all."""
    return set(filter(None, (connection.entity or "").split(",")))


def told(connection, other):
    """What is wrong and what to do, without the name of the other connection."""
    return _sentence(connection, other, _("Another connection"))


def sentence(connection, other):
    """What is wrong and what to do, with the name of the other connection if the user may see it."""
    env = connection.env
    companies = (other.company_id if env.su else env.user.company_ids).ids
    visible = env["ml.connection"].with_context(allowed_company_ids=companies).search([("id", "=", other.id)])
    name = f"{visible.name} ({visible.company_id.name})" if visible else _("Another connection")
    return in_words(env, _sentence(connection, other, name))


def _sentence(connection, other, name):
    # sudo: what the other one takes is said in any case
    connection, other = connection.sudo(), other.sudo()
    own, theirs = connection._territory(), other._territory()
    business = (theirs and theirs.name) or other.identity or other.business
    # the sentence adds its own full stop
    values = {"connection": name, "business": business.rstrip(".")}
    if not connection._provider_class().has_entities:
        return _("%(connection)s already syncs %(business)s. Disconnect it first.", **values)
    taken = _entities(other)
    if not taken:
        return _(
            "%(connection)s already syncs all entities of %(business)s. Choose an entity in that connection first.",
            **values,
        )
    names = {**(theirs.entities if theirs else {}), **(own.entities if own else {})}
    shared = taken & own.entities.keys() if own and own.entities else taken
    return _(
        "%(connection)s already syncs %(entities)s of %(business)s. Choose another entity.",
        **values,
        entities=tuple(sorted(names.get(key, key) for key in shared)),
    )
