"""Records what users create, change and delete in the audit trail, with old and new values.

Writes of the engine are not recorded, because it has its own attempts. All models of the addon inherit this through
`ml.sealed`.
"""

from operator import itemgetter

from odoo import api, models
from odoo.tools import groupby

OWN_FIELDS = "ml_"
"""Prefix of this addon's fields on Odoo's models."""
NOT_KEPT = ("one2many", "binary", "image")
"""Types of fields that are not recorded; records of a one2many record their own changes."""


class MlDecided(models.AbstractModel):
    _name = "ml.decided"
    _description = "Audited Records"

    _hidden_fields = ()
    """Names of fields with credentials: only their entry is recorded, not the value."""

    @api.model
    def _is_told(self):
        """Whether a user changes a persistent record."""
        return not self._is_engine() and not self._transient

    def _told_title(self):
        """Title of the record in the audit trail."""
        return self.display_name

    def _told_connections(self):
        """The connections whose audit trail the record belongs to."""
        return self if self._name == "ml.connection" else self.connection_id

    def _told_of(self):
        """The record whose history shows the changes of this one."""
        return self

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        if self._is_told() and self._is_ours():
            self._tell_decisions(
                [
                    record._told_decision("create", new=record._told_summary(record._told_names(vals)))
                    for record, vals in zip(records, vals_list, strict=True)
                ]
            )
            for record, vals in zip(records, vals_list, strict=True):
                record._tell_hidden(vals)
        return records

    def write(self, vals):
        names = self._told_names(vals) if self._is_told() else []
        before = [record._told_values(names) for record in self] if names else []
        result = super().write(vals)
        self._tell_decisions(
            [
                record._told_decision("change", record._told_label(name), old=old[name][1], new=new[name][1])
                for record, old in zip(self, before, strict=False)
                for new in [record._told_values(names)]
                for name in names
                if new[name][0] != old[name][0]
            ]
        )
        self._tell_hidden(vals)
        return result

    def unlink(self):
        told = []
        if self._is_told() and self._is_ours():
            told = [record._told_decision("delete", old=record._told_summary(record._told_names())) for record in self]
        result = super().unlink()
        self._tell_decisions([decision for decision in told if decision["connections"].exists()])
        return result

    def _tell_hidden(self, vals):
        if self._is_told() and any(vals.get(name) for name in self._hidden_fields):
            self._decided("credential")

    def _decided(self, action, message="", old=None, new=None):
        """Record a decision of the user about each record."""
        self._tell_decisions([record._told_decision(action, message, old, new) for record in self])

    def _told_decision(self, action, message="", old=None, new=None):
        self.ensure_one()
        return {
            "connections": self._told_connections(),
            "subject": self._told_title(),
            "record": self._told_of(),
            "action": action,
            "message": message,
            "old_value": old,
            "new_value": new,
        }

    @api.model
    def _tell_decisions(self, decisions):
        of_connections = [(connection, decision) for decision in decisions for connection in decision["connections"]]
        for connection, group in groupby(of_connections, itemgetter(0)):
            self.env["ml.sync.attempt"]._append_decisions(connection, [decision for _connection, decision in group])

    @api.model
    def _told_names(self, vals=None):
        """The stored fields that users may set, of those in `vals`."""
        ours = self._is_ours()
        return [
            name
            for name in (self._fields if vals is None else vals)
            if (ours or name.startswith(OWN_FIELDS)) and name in self._fields and name not in self._hidden_fields
            if self._fields[name].store and self._fields[name].type not in NOT_KEPT
            if self._rights_to(name) or self._is_birth_field(name)
        ]

    def _told_values(self, names):
        self.ensure_one()
        values = ((name, self[name]) for name in names)
        return {
            name: (value.ids if isinstance(value, models.BaseModel) else value, self._told_text(name))
            for name, value in values
        }

    def _told_summary(self, names):
        return ", ".join(f"{self._told_label(name)}: {self._told_text(name)}" for name in names if self[name])

    def _told_label(self, name):
        return self._fields[name]._description_string(self.env)

    def _told_text(self, name):
        """A value as text; records with their ids, because names may repeat."""
        field, value = self._fields[name], self[name]
        if field.type == "boolean":
            return self.env._("Yes") if value else self.env._("No")
        if not value and field.type not in ("integer", "float", "monetary"):
            return ""
        if field.type == "selection":
            return dict(field._description_selection(self.env)).get(value, value)
        if field.type == "many2one_reference":
            model = self[field.model_field]
            value = self.env[model].browse(value) if model in self.env else value
        if isinstance(value, models.BaseModel):
            # sudo: the name of the chosen record is part of the decision
            return ", ".join(f"{record.sudo().display_name} ({record.id})" for record in value.exists())
        return str(value)
