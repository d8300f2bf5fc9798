"""Compares both sides of a record that may change on either, with their values of the last sync. Pure functions."""

from dataclasses import dataclass, field

PART = ":"
"""In the name of a value of a part of the record, such as a contact person, which one of the sides may lack."""


@dataclass(slots=True)
class Merge:
    """
    :ivar taken: names of the values that changed only in the provider: Odoo takes them
    :ivar kept: {name: value in Odoo at the last sync} of those that changed only in Odoo: the provider gets them
    :ivar conflicts: {name: (value in Odoo, value in the provider)} of those that changed on both sides, differently
    """

    taken: set = field(default_factory=set)
    kept: dict = field(default_factory=dict)
    conflicts: dict = field(default_factory=dict)

    def settle(self, names, winner, last_odoo):
        """Resolve the conflicts `names` for the winner, `odoo` or `vendor` (the provider)."""
        for name in names:
            del self.conflicts[name]
            if winner == "vendor":
                self.taken.add(name)
            else:
                self.kept[name] = last_odoo.get(name)


def merge(odoo, provider, last_odoo, last_provider):
    """The `Merge` of the values of both sides with those of the last sync.

    Each side is compared with itself, so values that the two write differently, or that one of them does not accept,
    are no change. If a last value is unknown, both sides stay unchanged; only a value that is empty in Odoo is filled.
    A part that only one side has is for that side to send. A part that is new on both sides was changed by both.
    """
    result = Merge()
    for name, odoo_value in odoo.items():
        if name not in provider:
            if odoo_value != last_odoo.get(name):
                result.kept[name] = last_odoo.get(name)
            continue
        provider_value = provider[name]
        if odoo_value == provider_value:
            continue
        is_new = PART in name and name not in last_odoo and name not in last_provider
        # what is there as it was sent did not change there
        is_as_sent = name not in last_provider and last_odoo.get(name) == provider_value
        is_known = name in last_odoo and (name in last_provider or is_as_sent)
        if not is_known and not (is_new and odoo_value and provider_value):
            if not odoo_value:
                result.taken.add(name)
            elif is_new:
                result.kept[name] = None
            continue
        has_odoo_changed = is_new or odoo_value != last_odoo[name]
        has_provider_changed = is_new or not (is_as_sent or provider_value == last_provider[name])
        if has_odoo_changed and has_provider_changed:
            result.conflicts[name] = (odoo_value, provider_value)
        elif has_provider_changed:
            result.taken.add(name)
        elif has_odoo_changed:
            result.kept[name] = last_odoo[name]
    return result


def unseen(odoo, provider, last_provider):
    """Names of the values that changed in the provider and are different in Odoo."""
    return {
        name
        for name, value in provider.items()
        if (name in last_provider or PART in name) and value not in (last_provider.get(name), odoo.get(name))
    }


def outgoing(odoo, last_odoo, last_provider):
    """The values to send: Odoo's if they changed there, else the provider's last ones, so that it keeps these."""
    return {
        name: last_provider[name] if name in last_provider and value == last_odoo.get(name) else value
        for name, value in odoo.items()
    }
