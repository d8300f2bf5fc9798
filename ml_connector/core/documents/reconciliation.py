"""Two sides of a record that both may change, compared with what they were when both agreed last. Pure functions."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Merge:
    """
    :ivar taken: names of the values that only the vendor changed: they go into Odoo
    :ivar kept: {name: value in Odoo when both agreed last} of those that only Odoo changed: they go to the vendor
    :ivar conflicts: {name: (Odoo's, the vendor's)} of those that both changed, to different values
    """

    taken: set = field(default_factory=set)
    kept: dict = field(default_factory=dict)
    conflicts: dict = field(default_factory=dict)

    def settle(self, names, winner, agreed_odoo):
        """Let `odoo` or `vendor` win the conflicts `names`."""
        for name in names:
            del self.conflicts[name]
            if winner == "vendor":
                self.taken.add(name)
            else:
                self.kept[name] = agreed_odoo[name]


def merge(odoo, vendor, agreed_odoo, agreed_vendor):
    """What to do with each value.

    Each side is compared with itself, so values that the two write in different ways, or that one of them cannot take,
    are no change. Where one of the agreed values is not known, both sides are left alone; only what is empty in Odoo is
    filled.
    """
    result = Merge()
    for name, ours in odoo.items():
        theirs = vendor[name]
        if ours == theirs:
            continue
        if name not in agreed_odoo or name not in agreed_vendor:
            if not ours:
                result.taken.add(name)
            continue
        has_odoo_changed = ours != agreed_odoo[name]
        has_vendor_changed = theirs != agreed_vendor[name]
        if has_odoo_changed and has_vendor_changed:
            result.conflicts[name] = (ours, theirs)
        elif has_vendor_changed:
            result.taken.add(name)
        elif has_odoo_changed:
            result.kept[name] = agreed_odoo[name]
    return result


def unseen(odoo, vendor, agreed_vendor):
    """Names of the values that changed at the vendor and are not so in Odoo."""
    return {
        name
        for name, theirs in vendor.items()
        if name in agreed_vendor and theirs != agreed_vendor[name] and theirs != odoo[name]
    }


def outgoing(odoo, agreed_odoo, agreed_vendor):
    """The values to send: Odoo's where Odoo changed them, else what the vendor has, so that it keeps that."""
    return {
        name: agreed_vendor[name] if name in agreed_vendor and ours == agreed_odoo.get(name) else ours
        for name, ours in odoo.items()
    }
