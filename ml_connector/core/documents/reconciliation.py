"""Two sides of a record that both may change, compared with what they were when both agreed last. Pure functions."""

from dataclasses import dataclass, field

PART = ":"
"""In the name of a value of a part of the record, such as a contact person, which one of the sides may lack."""


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
                self.kept[name] = agreed_odoo.get(name)


def merge(odoo, vendor, agreed_odoo, agreed_vendor):
    """What to do with each value.

    Each side is compared with itself, so values that the two write in different ways, or that one of them cannot take,
    are no change. Where one of the agreed values is not known, both sides are left alone; only what is empty in Odoo is
    filled. A part that only one side has is for that side to give; what is new on both sides was changed by both.
    """
    result = Merge()
    for name, ours in odoo.items():
        if name not in vendor:
            if ours != agreed_odoo.get(name):
                result.kept[name] = agreed_odoo.get(name)
            continue
        theirs = vendor[name]
        if ours == theirs:
            continue
        is_new = PART in name and name not in agreed_odoo and name not in agreed_vendor
        # what is there as it was sent last did not change there
        is_as_sent = name not in agreed_vendor and agreed_odoo.get(name) == theirs
        is_known = name in agreed_odoo and (name in agreed_vendor or is_as_sent)
        if not is_known and not (is_new and ours and theirs):
            if not ours:
                result.taken.add(name)
            elif is_new:
                result.kept[name] = None
            continue
        has_odoo_changed = is_new or ours != agreed_odoo[name]
        has_vendor_changed = is_new or not (is_as_sent or theirs == agreed_vendor[name])
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
        if (name in agreed_vendor or PART in name) and theirs not in (agreed_vendor.get(name), odoo.get(name))
    }


def outgoing(odoo, agreed_odoo, agreed_vendor):
    """The values to send: Odoo's where Odoo changed them, else what the vendor has, so that it keeps that."""
    return {
        name: agreed_vendor[name] if name in agreed_vendor and ours == agreed_odoo.get(name) else ours
        for name, ours in odoo.items()
    }
