"""Rights of users: sealed fields, and buttons that need a right."""

import functools

from odoo import api, models
from odoo.exceptions import AccessError

from .ml_decided import OWN_FIELDS

RIGHTS = {
    "resolve": ("ml_connector.group_ml_connector_user",),
    "map": ("ml_connector.group_ml_connector_accountant", "account.group_account_invoice"),
    "administer": ("ml_connector.group_ml_connector_manager", "account.group_account_manager"),
    "system": ("base.group_system",),
}
"""All groups that a user needs for each right. `docs/roles.rst` describes the rights."""
ENGINE = "ml_engine"
"""The key of the context. Its value `Engine` marks a call of the engine, whichever user's rights it has."""
OWN_MODELS = "ml."


class Engine:
    """No call from outside can put a class of Python into its context, as it could a text or a number."""


def needs(*rights):
    """Restrict a public method to users with one of the rights and read access to the records. Views hide its button
    from others.
    """

    def decorate(method):
        @functools.wraps(method)
        def checked(self, *args, **kwargs):
            self._check_may(*rights)
            return method(self, *args, **kwargs)

        checked._ml_rights = rights
        return checked

    return decorate


class MlSealed(models.AbstractModel):
    """Lets users write only the fields that are declared as open; the engine writes the others.

    Odoo's `readonly` binds views only, and record rules are checked before a write only. So users cannot write fields
    that decide where a record belongs. On Odoo's own models this applies to the fields of this addon.
    """

    _name = "ml.sealed"
    _inherit = ["ml.links", "ml.decided", "ml.sentences"]
    _description = "Sealed Fields"

    _open_fields = {}
    """{right: names of the fields that users with this right may write}; each part of a model adds its own."""
    _birth_fields = ()
    """Names of the fields that users may set on creation only."""
    _maker_right = None
    """The right to create and delete records; None: only the engine does."""

    # ------------------------------------------------------------------ rights

    @api.model
    def _may(self, *rights):
        """Whether the user has one of the rights."""
        user = self.env.user
        return self.env.su or any(all(user.has_group(group) for group in RIGHTS[right]) for right in rights)

    def _check_may(self, *rights):
        """
        :raises AccessError: the user has none of the rights, or may not read the records
        """
        self.check_access("read")
        if not self._may(*rights):
            raise AccessError(self._refusal(rights[0]))

    @api.model
    def _refusal(self, right):
        return {
            "resolve": self.env._("You need the right ML Connector / User. Ask your administrator."),
            "map": self.env._(
                "You need the rights ML Connector / Accountant and Accounting / Billing. Ask your administrator."
            ),
            "administer": self.env._(
                "You need the rights ML Connector / Administrator and Accounting / Administrator. Ask your"
                " administrator."
            ),
            "system": self.env._("Only a system administrator can do this."),
            None: self.env._("Only ML Connector itself can do this."),
        }[right]

    def _check_access(self, operation):
        refused = super()._check_access(operation)
        if refused or self.env.su or operation not in ("create", "unlink") or not self._is_ours():
            return refused
        right = self._maker_right
        if right and self._may(right):
            return None
        return self, lambda: AccessError(self._refusal(right))

    # ------------------------------------------------------------------ fields

    @api.model
    def _is_ours(self):
        return self._name.startswith(OWN_MODELS)

    @api.model
    def _declared(self, attribute):
        """What all parts of the model declare."""
        return [part.__dict__[attribute] for part in type(self).__mro__ if attribute in part.__dict__]

    @api.model
    def _rights_to(self, name):
        """The rights that allow users to write a field."""
        return [right for opened in self._declared("_open_fields") for right, names in opened.items() if name in names]

    @api.model
    def _is_birth_field(self, name):
        return any(name in names for names in self._declared("_birth_fields"))

    def _is_sealed(self, field):
        """Whether the user may not write a field of these or new records."""
        if not (self._is_ours() or field.name.startswith(OWN_FIELDS)):
            return False
        if self._is_birth_field(field.name):
            return any(self._ids)
        rights = self._rights_to(field.name)
        return not (rights and self._may(*rights))

    @api.model
    def _is_engine(self):
        return self.env.su or self.env.context.get(ENGINE) is Engine

    def _has_field_access(self, field, operation):
        may = super()._has_field_access(field, operation)
        return may and (operation != "write" or self._is_engine() or not self._is_sealed(field))

    def _check_field_access(self, field, operation):
        if operation == "write" and not self._is_engine() and self._is_sealed(field):
            raise AccessError(
                self.env._(
                    "You may not set %(field)s of %(model)s.",
                    field=field._description_string(self.env) or field.name,
                    model=self.env["ir.model"]._get(self._name).name,
                )
            )
        super()._check_field_access(field, operation)

    @api.model
    def default_get(self, fields):
        """Ignore defaults of the user and the context for sealed fields."""
        defaults = super().default_get(fields)
        self._check_links([defaults])
        names = [name for name in defaults if name in self._fields and (self._is_ours() or name.startswith(OWN_FIELDS))]
        person = self.sudo(False).browse() if names else self
        if person._is_engine():
            return defaults
        for name in filter(lambda name: person._is_sealed(self._fields[name]), names):
            del defaults[name]
            if default := self._fields[name].default:
                value = self._fields[name].convert_to_cache(default(self), self, validate=False)
                defaults[name] = self._fields[name].convert_to_write(value, self)
        return defaults

    # ------------------------------------------------------------------ views

    @api.model
    def _get_view_cache_key(self, view_id=None, view_type="form", **options):
        key = super()._get_view_cache_key(view_id, view_type, **options)
        return (*key, *map(self._may, RIGHTS)) if self._is_ours() else key

    @api.model
    def _get_view(self, view_id=None, view_type="form", **options):
        """Hide buttons without a right, and make fields without a right readonly."""
        arch, view = super()._get_view(view_id, view_type, **options)
        if self._is_ours() and view_type != "search":
            self._seal_view(arch)
        return arch, view

    @api.model
    def _seal_view(self, arch):
        for node in arch.xpath(".//*[@type='object'][@name]"):
            owner = self._owner_of(node)
            rights = getattr(getattr(type(owner), node.get("name"), None), "_ml_rights", None)
            if rights and not self._may(*rights):
                node.getparent().remove(node)
        for node in arch.xpath(".//field[not(@readonly)]"):
            owner = self._owner_of(node)
            if isinstance(owner, MlSealed) and owner._is_birth_field(node.get("name")):
                node.set("readonly", "id")

    def _owner_of(self, node):
        """The model that a node of a view is about: its own, or that of the list in which it is."""
        for parent in node.iterancestors("field"):
            model = self._owner_of(parent)
            if (field := model._fields.get(parent.get("name"))) and field.relational:
                return self.env[field.comodel_name]
        return self
