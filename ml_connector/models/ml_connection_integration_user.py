import secrets

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tools import clean_context

from ..core.errors import MissingRightError
from ..core.messages import Message, _
from ..core.provider import Finding
from .ml_sealed import ENGINE, Engine
from .ml_sentence import in_words
from .res_users import EVERY_GROUP

ADMINISTRATORS = ("base.group_erp_manager", "base.group_system")
REFUSED = {
    "read": _("The integration user %(user)s does not have the right to read this record of %(model)s."),
    "write": _("The integration user %(user)s does not have the right to change this record of %(model)s."),
    "create": _("The integration user %(user)s does not have the right to create records of %(model)s."),
    "unlink": _("The integration user %(user)s does not have the right to delete this record of %(model)s."),
}
WATCHED = {"active", "user_id", "target_id", "target_mode"}
"""Fields of a connection on which the rights of its user depend."""


class MlConnectionIntegrationUser(models.AbstractModel):
    """The user of a connection that reads and writes Odoo's records, with few rights and without log-in."""

    _name = "ml.connection.integration.user"
    _inherit = "ml.sealed"
    _description = "Connection Integration User"
    _open_fields = {"system": ("user_id",)}

    user_id = fields.Many2one(
        "res.users",
        "Integration User",
        required=True,
        copy=False,
        ondelete="restrict",
        index=True,
        tracking=True,
        help="User that reads and writes records in Odoo, with only the rights that the active flows need. This user"
        " cannot log in.",
    )

    @api.constrains("user_id", "company_id")
    def _check_user(self):
        for connection in self:
            if problem := connection._user_problem():
                raise ValidationError(in_words(self.env, problem))

    def _user_problem(self):
        """A sentence if the integration user does not fit; otherwise empty."""
        self.ensure_one()
        user = self.sudo().user_id  # sudo: whoever sees the connection need not see users
        company = self.company_id
        if user._is_superuser() or any(user.has_group(group) for group in ADMINISTRATORS):
            return _("%(user)s is an administrator. Choose another user for the connection.", user=user.name)
        if user.share:
            return _("%(user)s is not an internal user. Choose another user for the connection.", user=user.name)
        if company not in user.company_ids:
            return _(
                "%(user)s has no access to %(company)s. Allow the company for this user, or choose another user for"
                " the connection.",
                user=user.name,
                company=company.name,
            )
        if self.active and not user.active:
            return _(
                "%(user)s is archived. Unarchive the user, or choose another user for the connection.", user=user.name
            )
        return ""

    @api.model
    def _integration_name(self, provider):
        """Name with the provider only, because users of all companies can see it."""
        labels = dict(self._fields["provider"]._description_selection(self.env))
        return self.env._("%(provider)s Integration", provider=labels.get(provider) or "")

    @api.model
    def _prepare_create_values(self, vals_list):
        """Create an integration user, because who creates a connection need not be allowed to choose one."""
        prepared = super()._prepare_create_values(vals_list)
        for vals in prepared:
            vals["user_id"] = vals.get("user_id") or self._new_user(vals).id
        return prepared

    @api.model
    def _new_user(self, vals):
        company_id = vals.get("company_id") or self.env.company.id
        context = clean_context(self.env.context)  # defaults for the connection are none for its user
        # sudo: whoever sets up a connection need not have the right to make users
        users = self.env["res.users"].sudo().with_context(context, no_reset_password=True, mail_create_nosubscribe=True)
        return users.create(
            {
                "name": self._integration_name(vals.get("provider")),
                "login": f"ml_connector_{secrets.token_hex(8)}",
                "company_id": company_id,
                "company_ids": [Command.set([company_id])],
                "group_ids": [Command.set(self._group_ids(EVERY_GROUP))],
                "ml_is_integration": True,
            }
        )

    def _move_user(self, company_id):
        """Move the users of an unused connection to its new company."""
        for user in self._made_users():
            user.write({"company_id": company_id, "company_ids": [Command.set([company_id])]})

    def _made_users(self):
        # sudo: whoever may write connections need not have a right on users
        return self.sudo().user_id.filtered("ml_is_integration")

    def _archive_users(self, users):
        """Archive created users with the last of their connections."""
        connections = self.sudo()  # sudo: see `_made_users`
        for user in (users | connections.user_id).filtered("ml_is_integration"):
            user.active = bool(connections.search_count([("user_id", "=", user.id)], limit=1))

    @api.model
    def _group_ids(self, xmlids):
        return [self.env["ir.model.data"]._xmlid_to_res_id(xmlid, raise_if_not_found=True) for xmlid in xmlids]

    def _declared_groups(self):
        """External ids of the groups that the active flows need."""
        flows = self.sudo().flow_ids.filtered("active")  # sudo: whoever switches a flow need not see all of them
        return {group for flow in flows for group in flow._needed_groups()}

    def _grant(self):
        """Set the rights of created users to those that their flows need."""
        self._made_users()._ml_grant()

    def _missing_groups(self, groups):
        """Those of the groups that the user lacks."""
        user = self.sudo().user_id  # sudo: see `_user_problem`
        return [group for group in sorted(groups) if not user.has_group(group)]

    def _group_names(self, groups):
        # sudo: names of groups only
        return ", ".join(self.env["res.groups"].sudo().browse(self._group_ids(groups)).mapped("full_name"))

    def _user_findings(self):
        """Findings about the rights of the integration user."""
        user = self.sudo().user_id  # sudo: see `_user_problem`
        if problem := self._user_problem():
            return [Finding(level="error", title=_("Integration User"), message=problem)]
        findings = []
        for flow in self.flow_ids.filtered("active"):
            if missing := self._missing_groups(flow._needed_groups()):
                message = _(
                    "The integration user %(user)s lacks the right %(groups)s. Grant it, or deactivate the flow.",
                    user=user.name,
                    groups=self._group_names(missing),
                )
                findings.append(Finding(level="error", title=flow.name, message=message))
        return findings

    def _missing_right(self, refusal):
        """The error for an `AccessError` of the integration user. It names no record, which readers may not see."""
        user = self.sudo().user_id  # sudo: see `_user_problem`
        if missing := self._missing_groups(self._declared_groups()):
            return MissingRightError(
                _(
                    "The integration user %(user)s lacks the right %(groups)s. Grant it, then retry.",
                    user=user.name,
                    groups=self._group_names(missing),
                ),
                awaits=user,
            )
        model, operation = getattr(refusal, "ml_refused", (None, None))
        if not model:
            return MissingRightError(
                _("The integration user %(user)s lacks a right that this transfer needs.", user=user.name), awaits=user
            )
        return MissingRightError(
            Message(REFUSED[operation], user=user.name, model=self.env["ir.model"]._get(model).name or model),
            awaits=user,
        )

    def _books(self):
        """The environment of the integration user, with its rights only and the company of the connection only."""
        self.ensure_one()
        context = {
            **self.env.context,
            "allowed_company_ids": self.company_id.ids,
            "mail_create_nosubscribe": True,
            "ml_connection_id": self.id,
            ENGINE: Engine,
        }
        # sudo: whoever asks need not see users
        return self.env(user=self.sudo().user_id.id, su=False, context=context)

    def _books_of(self, model):
        """The environment for a model: superuser for models of the addon, otherwise that of the integration user."""
        return self.sudo().env if model.startswith("ml.") else self._books()  # sudo: the engine's own tables

    def _unseen_in_books(self, records):
        """The records that the integration user may not read."""
        books = self._books_of(records._name)
        return books["ml.flow"]._unseen(records.with_env(books))
