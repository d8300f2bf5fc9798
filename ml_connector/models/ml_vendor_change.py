from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core.documents.vendor import PERSON_FIELDS
from ..core.messages import _
from .client_actions import notification
from .ml_sealed import needs
from .ml_sentence import Sentence

NEW_CONTACT = "contact"
"""Field name of a change that adds a contact to the vendor."""


class MlVendorChange(models.Model):
    """A change of an existing vendor at the provider, which an accountant approves before Odoo applies it.

    Who controls the email address of a vendor receives the questions about its bank accounts. So such values wait
    here, with one row for each contact and field; a newer value replaces it.
    """

    _name = "ml.vendor.change"
    _inherit = "ml.sealed"
    _description = "Vendor Change"
    _order = "state desc, id desc"
    _rec_name = "partner_id"

    connection_id = fields.Many2one("ml.connection", required=True, readonly=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    flow_id = fields.Many2one("ml.flow", readonly=True, ondelete="set null")
    partner_id = fields.Many2one("res.partner", "Vendor", required=True, readonly=True, ondelete="cascade", index=True)
    contact_id = fields.Many2one(
        "res.partner",
        readonly=True,
        ondelete="cascade",
        help="The vendor itself or one of its contacts. Empty for a contact to add.",
    )
    field_name = fields.Char("Field (Technical)", required=True, readonly=True)
    field_label = fields.Char("Field", compute="_compute_field_label")
    old_value = fields.Char("Odoo Value", readonly=True)
    new_value = fields.Char("Provider Value", readonly=True)
    data = fields.Json(readonly=True, help="The new value in the form that Odoo writes.")
    requested_at = fields.Datetime("Requested On", readonly=True, default=fields.Datetime.now)
    state = fields.Selection(
        [("waiting", "Waiting"), ("approved", "Approved"), ("rejected", "Rejected"), ("superseded", "Replaced")],
        string="Status",
        default="waiting",
        required=True,
        readonly=True,
        index=True,
    )
    note = Sentence(readonly=True)
    note_source = fields.Json(readonly=True)
    decided_by_id = fields.Many2one("res.users", readonly=True)
    decided_at = fields.Datetime("Decided On", readonly=True)

    @api.depends("field_name")
    def _compute_field_label(self):
        for change in self:
            change.field_label = self._label(change.field_name)

    @api.model
    def _label(self, name):
        if name == NEW_CONTACT:
            return self.env._("New Contact")
        field = self.env["res.partner"]._fields.get(name)
        return field._description_string(self.env) if field else name

    # ------------------------------------------------------------------ waiting changes

    @api.model
    def _latest(self, connection, partners):
        """{key: latest row} of the changes of these vendors."""
        rows = self.search([("connection_id", "=", connection.id), ("partner_id", "in", partners.ids)], order="id")
        return {row._key(): row for row in rows}

    def _key(self):
        """The key of a change: a field of a contact, or a new contact."""
        self.ensure_one()
        name = self.new_value if self.field_name == NEW_CONTACT else self.field_name
        return self.partner_id.id, self.contact_id.id, name

    @api.model
    def _request(self, flow, values_list):
        """Queue values for approval; they replace earlier ones of the same field."""
        if not values_list:
            return
        rows = self.create(
            [{**values, "flow_id": flow.id, "connection_id": flow.connection_id.id} for values in values_list]
        )
        before = self.search(
            [
                ("connection_id", "=", flow.connection_id.id),
                ("state", "=", "waiting"),
                ("contact_id", "in", rows.contact_id.ids),
                ("id", "not in", rows.ids),
            ]
        )
        asked = {row._key() for row in rows}
        before.filtered(lambda row: row._key() in asked)._supersede()
        flow.connection_id._ask_about_vendors()

    def _supersede(self):
        self.write({"state": "superseded", "decided_at": fields.Datetime.now()})
        self._close_questions()

    def _close_questions(self):
        """Remove the activity from connections without waiting changes."""
        open_ones = self.search([("connection_id", "in", self.connection_id.ids), ("state", "=", "waiting")])
        done = self.connection_id - open_ones.connection_id
        if done:
            done.activity_unlink(["ml_connector.mail_activity_vendor_change"])

    # ------------------------------------------------------------------ decisions

    @needs("map")
    def action_approve(self):
        """Write the new values with the rights of the current user."""
        waiting = self._to_decide()
        postponed = self.browse()
        for change in waiting:
            if change._is_outdated():
                postponed |= change
            else:
                change._apply()
        done = waiting - postponed
        done._note_decision("approved")
        if postponed:
            names = ", ".join(f"{change.partner_id.display_name}: {change.field_label}" for change in postponed[:5])
            message = self.env._(
                "These values changed in Odoo since the request. Check them before you approve: %(names)s.", names=names
            )
            return notification(message, "warning")
        return notification(self.env._("Vendor changes approved: %(count)s.", count=len(done)))

    @needs("map")
    def action_reject(self):
        """Keep Odoo's values; Odoo does not ask about the same value again."""
        waiting = self._to_decide()
        waiting._note_decision("rejected")
        return notification(self.env._("Vendor changes rejected: %(count)s.", count=len(waiting)))

    def _to_decide(self):
        """The waiting rows of the selection."""
        waiting = self.filtered(lambda change: change.state == "waiting")
        if not waiting:
            raise UserError(self.env._("These changes are already approved, rejected or replaced."))
        return waiting

    def _is_outdated(self):
        """Whether the value in Odoo changed since the request; then the row shows the current one."""
        self.ensure_one()
        if self.field_name == NEW_CONTACT:
            return False
        now = self._text(self.contact_id, self.field_name)
        if now == (self.old_value or ""):
            return False
        # sudo: an engine field; who may decide was checked
        self.sudo().write({"old_value": now, "note": _("The value in Odoo changed after the request.")})
        return True

    def _apply(self):
        """Write with the rights of the current user, so that Odoo's checks apply."""
        self.ensure_one()
        vendor = self.contact_id or self.partner_id
        if vendor._ml_protected():
            raise UserError(
                self.env._(
                    "%(contact)s belongs to a user, an employee or a company of this database. Change it manually.",
                    contact=vendor.display_name,
                )
            )
        owner = vendor.company_id
        if owner and owner not in self.connection_id.company_id.parent_ids:
            raise UserError(
                self.env._(
                    "%(contact)s now belongs to another company. Change it manually.", contact=vendor.display_name
                )
            )
        if self.field_name == NEW_CONTACT:
            person = self.env["res.partner"].create({**self.data["values"], "parent_id": self.partner_id.id})
            names = PERSON_FIELDS
        else:
            vendor.write({self.field_name: self.data["value"]})
            person, names = self.contact_id, (self.field_name,)
        vendor._message_log(
            body=self.env._(
                "Approved %(field)s from %(connection)s: %(new)s instead of %(old)s.",
                field=self.field_label,
                connection=self.connection_id._name_on(vendor),
                new=self.new_value or self.env._("(empty)"),
                old=self.old_value or self.env._("(empty)"),
            )
        )
        self._agree(person, names)

    def _agree(self, person, names):
        """Store the values as the last common ones of both sides.

        :param person: the contact of the vendor that has the fields `names`; empty for the vendor itself
        """
        exporter = self.env["ml.exporter.vendor"]
        names = {exporter._shared_name(name, person) for name in names}
        bindings = self.env["ml.binding"].sudo()  # sudo: bindings are the engine's own
        binding = bindings.search(bindings._domain_of(self.connection_id, "vendor", self.partner_id))
        if binding.agreed_odoo:
            values = exporter._shared_values(self.partner_id.with_env(exporter.env))[self.partner_id.id]
            agreed = {name: value for name, value in values.items() if name in names}
            binding.agreed_odoo = {**binding.agreed_odoo, **agreed}

    def _note_decision(self, state):
        changes = self.sudo()  # sudo: engine fields; who may decide was checked
        changes.write(
            {"state": state, "decided_by_id": self.env.user.id, "decided_at": fields.Datetime.now(), "note": False}
        )
        changes._close_questions()
        if state == "approved":
            changes._agreed_for_all()
        for change in self:
            change._decided(
                "approve" if state == "approved" else "refuse",
                change.field_label,
                old=change.old_value,
                new=change.new_value,
            )

    def _agreed_for_all(self):
        """Other connections wait for the same value of the same contact no more: it stands there now."""
        same = self.search([("state", "=", "waiting"), ("partner_id", "in", self.partner_id.ids)])
        agreed = {(change._key(), change.field_name, change.new_value) for change in self}
        same.filtered(lambda row: (row._key(), row.field_name, row.new_value) in agreed)._supersede()

    @api.model
    def _text(self, contact, name):
        """The value of a contact as text."""
        value = contact[name]
        if isinstance(value, models.BaseModel):
            return value.display_name or ""
        return str(value or "").strip()
