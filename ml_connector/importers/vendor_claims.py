"""Which changes of a vendor are written immediately and which wait for approval."""

from ..core.errors import InvalidDataError
from ..core.messages import _
from ..models.ml_vendor_change import NEW_CONTACT
from .importer_tools import with_semicolons

SENSITIVE = frozenset(("email", "phone", "mobile", "vat", "company_registry"))
"""Fields that a fraudster would change: they identify a vendor, or are used to confirm its bank account."""


class VendorPlan:
    """The planned changes of a vendor that is already in Odoo.

    :ivar changed: values of the vendor to write
    :ivar new: values of the contacts to create
    :ivar written: {contact: values to write}
    :ivar held: values of the `ml.vendor.change` records to create
    :ivar outdated: waiting changes for which the provider now has another value
    :ivar notes: sentences about them
    """

    __slots__ = ("changed", "held", "new", "notes", "outdated", "written")

    def __init__(self):
        self.changed, self.new, self.written, self.held, self.notes = {}, [], {}, [], []
        self.outdated = None

    @property
    def is_update(self):
        return bool(self.changed or self.new or self.written)


class VendorClaims:
    """Applies the flow's policy on changes of vendors, for a batch."""

    def __init__(self, env, flow, partners, contacts):
        self.env = env
        self.policy = flow.vendor_change_policy
        self.protected = (partners | contacts)._ml_protected()
        # sudo: changes that wait belong to the engine
        self._changes = env["ml.vendor.change"].sudo()
        self._latest = self._changes._latest(flow.connection_id, partners)

    def plan(self, partner, stated, changed, new, written, said):
        """
        :param stated: all values of the vendor at the provider
        :param changed: those that differ in Odoo
        :param new: values of the contacts that Odoo does not have
        :param written: {contact: values that differ in Odoo}
        :param said: like (`new`, `written`), for all contacts at the provider, changed or not
        :raises InvalidDataError: no vendor flow may change the contact
        """
        plan = VendorPlan()
        if partner in self.protected and (changed or new or written):
            raise InvalidDataError(
                _(
                    "The vendor is linked to a contact of a user, an employee or one of your own companies. Vendor"
                    " flows never change such contacts. Change it manually, or link the vendor to another contact."
                )
            )
        texts, waits = [], []
        plan.changed = self._split(plan, partner, partner, changed, texts, waits)
        for contact, values in written.items():
            if contact in self.protected:
                plan.notes.append(_("A contact of the vendor is a user or an employee and was not changed."))
            elif now := self._split(plan, partner, contact, values, texts, waits):
                plan.written[contact] = now
        for values in new:
            self._add_contact(plan, partner, values, texts, waits)
        self._set_outdated(plan, partner, stated, *said)
        if waits:
            plan.notes.insert(0, _("Waiting for approval: %(fields)s.", fields=waits))
        if texts:
            plan.notes.insert(0, _("Changed: %(changes)s.", changes=with_semicolons(texts)))
        return plan

    @staticmethod
    def keep(env, flow, plans):
        """Store the changes that wait, and end the outdated ones."""
        changes = env["ml.vendor.change"].sudo()  # sudo: see above
        changes._request(flow, [values for plan in plans for values in plan.held])
        outdated = changes.union(*(plan.outdated for plan in plans if plan.outdated))
        outdated.filtered(lambda change: change.state == "waiting")._supersede()

    def _split(self, plan, partner, contact, values, texts, waits):
        """The values that are written now; the others wait."""
        now = {}
        for name, value in values.items():
            label = self._changes._label(name)
            if contact != partner:
                label = _("%(contact)s: %(field)s", contact=contact.display_name, field=label)
            old, new = self._changes._text(contact, name), self._text(name, value)
            if not self._is_held(name):
                now[name] = value
                texts.append(self._said(label, old, new))
            elif self._ask(plan, partner, contact, name, old, new, {"value": value}):
                waits.append(label)
        return now

    def _add_contact(self, plan, partner, values, texts, waits):
        label = self._changes._label(NEW_CONTACT)
        text = contact_text(values)
        if not any(self._is_held(name) for name in values):
            plan.new.append(values)
            texts.append(_("%(field)s: %(value)s", field=label, value=text))
        elif self._ask(plan, partner, partner.browse(), NEW_CONTACT, "", text, {"values": values}):
            waits.append(label)

    def _is_held(self, name):
        return self.policy == "ask_all" or (self.policy == "ask" and name in SENSITIVE)

    def _ask(self, plan, partner, contact, name, old, new, data):
        """Whether a value waits. A value that was rejected does not wait again."""
        row = self._latest.get((partner.id, contact.id, new if name == NEW_CONTACT else name))
        if row and row.state in ("waiting", "rejected") and (row.new_value or "") == new:
            return row.state == "waiting"
        plan.held.append(
            {
                "partner_id": partner.id,
                "contact_id": contact.id,
                "field_name": name,
                "old_value": old,
                "new_value": new,
                "data": data,
            }
        )
        return True

    def _set_outdated(self, plan, partner, stated, new, written):
        """Find the changes that wait although the provider now has another value."""
        said = {(partner.id, False, text): text for text in map(contact_text, new)}
        for contact, values in written.items():
            said |= {(partner.id, contact.id, name): self._text(name, value) for name, value in values.items()}
        waiting = [row for row in self._latest.values() if row.partner_id == partner and row.state == "waiting"]
        plan.outdated = self._changes.browse(
            row.id
            for row in waiting
            if (row.new_value or "")
            != (
                self._text(row.field_name, stated.get(row.field_name))
                if row.contact_id == partner
                else said.get(row._key())
            )
        )

    def _text(self, name, value):
        field = self.env["res.partner"]._fields[name]
        if value and field.relational:
            return self.env[field.comodel_name].browse(value).display_name
        return str(value or "").strip()

    def _said(self, label, old, new):
        empty = _("(empty)")
        return _("%(field)s %(old)s → %(new)s", field=label, old=old or empty, new=new or empty)


def contact_text(values):
    """A new contact as text."""
    parts = (values.get(name) for name in ("name", "email", "phone", "street", "zip", "city"))
    return ", ".join(part for part in parts if part)
