from odoo import api, models
from odoo.exceptions import AccessError
from odoo.fields import Command


class MlLinks(models.AbstractModel):
    """Refuses links to records that the user may not read."""

    _name = "ml.links"
    _description = "Links"

    @api.model_create_multi
    def create(self, vals_list):
        defaults = {key[8:]: value for key, value in self.env.context.items() if key.startswith("default_")}
        self.browse()._check_links([{**defaults, **vals} for vals in vals_list])
        return super().create(vals_list)

    def write(self, vals):
        self._check_links([vals])
        return super().write(vals)

    def onchange(self, values, field_names, fields_spec):
        """Return names of linked records only if the user may read them."""
        if not self.env.su and self._is_ours():
            for name, value in values.items():
                field = self._fields.get(name)
                if value and field and not self._is_linked(field, value) and self._unseen_links(field, value, values):
                    raise AccessError(self._unseen_text(field))
        return super().onchange(values, field_names, fields_spec)

    def _is_linked(self, field, value):
        """Whether the record, where there is one, links just this already."""
        return bool(self) and field.relational and set(_linked_ids(value)) <= set(self[field.name].ids)

    @api.model
    def _check_links(self, vals_list):
        """Refuse links to records that the user may not read."""
        if self.env.su or not self._is_ours():
            return
        for vals in vals_list:
            for name, value in vals.items():
                field = self._fields.get(name)
                if value and field and not self._is_sealed(field) and self._unseen_links(field, value, vals):
                    raise AccessError(self._unseen_text(field))

    def _unseen_text(self, field):
        return self.env._("You cannot read the record chosen as %(field)s.", field=field._description_string(self.env))

    def _unseen_links(self, field, value, vals):
        """Whether the value of a field has records that the user may not read."""
        if field.type == "many2one_reference":
            linked = [self.env[model].browse(int(value)) for model in self._referred_models(vals)]
        elif field.relational:
            linked = [self.env[field.comodel_name].browse(_linked_ids(value))]
        else:
            return False
        return any(self._unseen(records) for records in linked)

    def _referred_models(self, vals):
        """Names of the models of the references that users may set."""
        return []

    @api.model
    def _unseen(self, records):
        """The records that the user may not read."""
        if self.env.su or not records:
            return records.browse()
        try:
            return records - records.with_context(active_test=False).search([("id", "in", records.ids)])
        except AccessError:
            return records


def _linked_ids(value):
    """Ids that a value of a relational field names as they are: those of its commands that link."""
    if isinstance(value, int) and not isinstance(value, bool):
        return [value]
    if not isinstance(value, (list, tuple)):
        return []
    ids = []
    for command in value:
        if isinstance(command, int):
            ids.append(command)
        elif command[0] == Command.LINK:
            ids.append(command[1])
        elif command[0] == Command.SET:
            ids += command[2]
    return ids
