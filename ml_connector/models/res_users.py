from odoo import api, fields, models
from odoo.exceptions import AccessDenied, AccessError, UserError
from odoo.fields import Command
from odoo.tools import ormcache

EVERY_GROUP = ("base.group_user", "mail.group_mail_notification_type_inbox")
"""Groups of each integration user besides those of its flows."""


class ResUsers(models.Model):
    _name = "res.users"
    _inherit = ["res.users", "ml.sealed", "ml.followed"]

    ml_is_integration = fields.Boolean(
        "Integration User",
        readonly=True,
        copy=False,
        groups="base.group_system",
        help="ML Connector created this user for a connection. It cannot log in.",
    )

    @ormcache("self.id")
    def _ml_works_for_connection(self):
        """Whether the user is or was the integration user of a connection. Such users cannot log in."""
        self.ensure_one()
        # sudo: the answer must not depend on who asks
        return self.sudo().ml_is_integration or bool(self._ml_connections())

    def _ml_connections(self):
        # sudo: the answer must not depend on who asks
        return self.env["ml.connection"].sudo().with_context(active_test=False).search([("user_id", "in", self.ids)])

    def _ml_grant(self):
        """Set the rights of created integration users to those that their flows need."""
        for user in self.sudo().filtered("ml_is_integration"):  # sudo: whoever switches a flow need not write users
            declared = set(EVERY_GROUP).union(*(c._declared_groups() for c in user._ml_connections()))
            wanted = set(self.env["ml.connection"]._group_ids(declared))
            if set(user.group_ids.ids) != wanted:
                user.group_ids = [Command.set(sorted(wanted))]

    def _ml_remove(self):
        """Delete users without a connection and their contacts; archive those that Odoo must keep."""
        for user in self:
            partner = user.partner_id
            user.active = False
            try:
                with self.env.cr.savepoint():
                    user.unlink()
                    partner.unlink()
            except Exception:  # noqa: BLE001 - a user that is still referenced stays archived
                self.env.invalidate_all()
                partner.active = False

    def _ml_check_may_log_in(self):
        if any(user._ml_works_for_connection() for user in self):
            raise AccessDenied()

    def authenticate(self, credential, user_agent_env):
        """Refuse the log-in of integration users, whatever the method."""
        auth_info = super().authenticate(credential, user_agent_env)
        self.browse(auth_info["uid"])._ml_check_may_log_in()
        return auth_info

    def _check_credentials(self, credential, env):
        self.env.user._ml_check_may_log_in()
        return super()._check_credentials(credential, env)

    @api.model
    def _check_uid_passwd(self, uid, passwd):
        self.browse(int(uid))._ml_check_may_log_in()
        return super()._check_uid_passwd(uid, passwd)

    def _compute_session_token(self, sid):
        """End existing sessions of integration users."""
        return False if self and self._ml_works_for_connection() else super()._compute_session_token(sid)

    def _action_reset_password(self, signup_type="reset"):
        if any(user._ml_works_for_connection() for user in self):
            raise UserError(self.env._("An integration user has no password to reset."))
        return super()._action_reset_password(signup_type)

    @api.ondelete(at_uninstall=False)
    def _unlink_unless_connected(self):
        if connection := self._ml_connections()[:1]:
            raise UserError(
                self.env._(
                    "%(connection)s uses this user. Choose another integration user there first.",
                    connection=connection.name,
                )
            )

    def _ml_may_repair(self, vals):
        """Whether an integration user may get a missing right."""
        return not {"active", "group_ids", "company_ids"}.isdisjoint(vals)


class ResUsersApikeys(models.Model):
    _inherit = "res.users.apikeys"

    def _check_credentials(self, *, scope, key):
        uid = super()._check_credentials(scope=scope, key=key)
        return None if uid and self.env["res.users"].browse(uid)._ml_works_for_connection() else uid

    def _generate(self, scope, name, expiration_date):
        if self.env.user._ml_works_for_connection():
            raise AccessError(self.env._("An integration user has no API key."))
        return super()._generate(scope, name, expiration_date)
