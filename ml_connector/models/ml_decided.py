"""What persons create, change and delete is in the audit trail, with the value before and after.

What the engine writes (`env.su`) is not: it has attempts of its own.
"""

from operator import itemgetter

from odoo import api, models
from odoo.tools import groupby

from .ml_sync_attempt import title_of

NOT_KEPT = ("one2many", "binary", "image")
"""Rows of a one2many are records that tell their changes themselves."""


class MlDecided(models.AbstractModel):
    _name = "ml.decided"
    _description = "Changed by Persons"

    _hidden_fields = ()
    """Names of fields of which only is told that they were given."""

    def _told_of(self):
        """The record in whose history the changes of this one are shown."""
        return self

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        if not self.env.su:
            self._tell(
                [
                    record._decision("create", new=record._summary(record._told_names(vals)))
                    for record, vals in zip(records, vals_list, strict=True)
                ]
            )
        return records

    def write(self, vals):
        names = [] if self.env.su else self._told_names(vals)
        before = [record._values_and_texts(names) for record in self] if names else []
        result = super().write(vals)
        self._tell(
            [
                record._decision("change", record._label(name), old=old[name][1], new=new[name][1])
                for record, old in zip(self, before, strict=False)
                for new in [record._values_and_texts(names)]
                for name in names
                if new[name][0] != old[name][0]
            ]
        )
        self._tell_hidden(vals)
        return result

    def unlink(self):
        told = []
        if not self.env.su:
            told = [record._decision("delete", old=record._summary(record._told_names())) for record in self]
        result = super().unlink()
        connections = self.env["ml.connection"]
        self._tell([decision for decision in told if connections.browse(decision["connection_id"]).exists()])
        return result

    def _tell_hidden(self, vals):
        if self.env.su:
            return
        for name in self._hidden_fields:
            if vals.get(name):
                self._tell([record._decision("change", record._label(name)) for record in self])

    def _decided(self, action, message="", old=None, new=None):
        """A person decided this of each of the records."""
        self._tell([record._decision(action, message, old, new) for record in self])

    def _decision(self, action, message="", old=None, new=None):
        self.ensure_one()
        return {
            "connection_id": self.id if self._name == "ml.connection" else self.connection_id.id,
            "subject": title_of(self),
            "record": self._told_of(),
            "action": action,
            "message": message,
            "old_value": old,
            "new_value": new,
        }

    @api.model
    def _tell(self, decisions):
        attempts = self.env["ml.sync.attempt"]
        for connection, group in groupby(decisions, itemgetter("connection_id")):
            attempts._append_decisions(self.env["ml.connection"].browse(connection), group)

    @api.model
    def _told_names(self, vals=None):
        """The stored fields that a person gives, of those in `vals`."""
        return [
            name
            for name, field in self._fields.items()
            if field.store and not field.readonly and not field.automatic and field.type not in NOT_KEPT
            if name not in self._hidden_fields and (vals is None or name in vals)
        ]

    def _values_and_texts(self, names):
        self.ensure_one()
        return {name: (self._raw(name), self._text(name)) for name in names}

    def _raw(self, name):
        value = self[name]
        return value.ids if isinstance(value, models.BaseModel) else value

    def _summary(self, names):
        return ", ".join(f"{self._label(name)}: {self._text(name)}" for name in names if self[name])

    def _label(self, name):
        return self._fields[name]._description_string(self.env)

    def _text(self, name):
        """A value as people read it; a record with its id, because names are given twice."""
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
            # sudo: the name of what somebody chose is part of what he decided
            return ", ".join(f"{record.sudo().display_name} ({record.id})" for record in value.exists())
        return str(value)


class MlConnection(models.Model):
    _name = "ml.connection"
    _inherit = ["ml.connection", "ml.decided"]


class MlFlow(models.Model):
    _name = "ml.flow"
    _inherit = ["ml.flow", "ml.decided"]


class MlMapping(models.Model):
    _name = "ml.mapping"
    _inherit = ["ml.mapping", "ml.decided"]

    def _decided_filled(self, action):
        """A person let these rows be filled; those that are."""
        filled = self.filtered(lambda mapping: mapping.state != "unmapped")
        names = sorted(self._filling_fields())
        self._tell([mapping._decision(action, new=mapping._summary(names)) for mapping in filled])


class MlMappingRule(models.Model):
    _name = "ml.mapping.rule"
    _inherit = ["ml.mapping.rule", "ml.decided"]


class MlOutgoingCode(models.Model):
    _name = "ml.outgoing.code"
    _inherit = ["ml.outgoing.code", "ml.decided"]


class MlBinding(models.Model):
    _name = "ml.binding"
    _inherit = ["ml.binding", "ml.decided"]


class MlCredential(models.Model):
    _name = "ml.credential"
    _inherit = ["ml.credential", "ml.decided"]

    _hidden_fields = ("value", "new_secret")

    def _told_of(self):
        return self.connection_id


class MlSyncLog(models.Model):
    _name = "ml.sync.log"
    _inherit = ["ml.sync.log", "ml.decided"]


class MlWebhookEvent(models.Model):
    _name = "ml.webhook.event"
    _inherit = ["ml.webhook.event", "ml.decided"]
