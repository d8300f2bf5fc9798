import secrets
from urllib.parse import urlsplit

from odoo import api, fields, http, models
from odoo.exceptions import UserError

from .. import server_options
from ..core.http import fault_of_own
from ..core.messages import _
from ..core.provider import Finding
from ..vault import secret_box
from .ml_credential import WEBHOOK_SECRET, WEBHOOK_SECRET_PREVIOUS
from .ml_sealed import needs
from .ml_sentence import Sentence, in_words

DATABASE_HEADER = "X-Odoo-Database"
"""Header that names the database of a request."""


class MlConnectionWebhooks(models.AbstractModel):
    """The subscription of a connection to webhooks, and the address that the provider sends them to."""

    _name = "ml.connection.webhooks"
    _inherit = "ml.sealed"
    _description = "Connection Webhooks"

    webhook_token = fields.Char(
        readonly=True, copy=False, default=lambda self: secrets.token_urlsafe(24), groups="base.group_system"
    )
    webhook_handshake = fields.Char(
        readonly=True, copy=False, default=lambda self: secrets.token_urlsafe(24), groups="base.group_system"
    )
    webhook_url = fields.Char(compute="_compute_webhook_url", groups="base.group_system")
    webhook_base = fields.Char(
        readonly=True,
        copy=False,
        groups="base.group_system",
        help="URL of this server for which the webhooks were set up.",
    )
    webhook_database = fields.Char(
        readonly=True,
        copy=False,
        groups="base.group_system",
        help="Database named in each webhook, if this server has several.",
    )
    webhook_checked_at = fields.Datetime("Webhooks Checked", readonly=True, copy=False)
    webhook_problem = Sentence(readonly=True, copy=False, help="Why no webhooks arrive, and what to do.")
    webhook_problem_source = fields.Json(readonly=True, copy=False)
    webhook_state = fields.Selection(
        [
            ("none", "Off"),
            ("requested", "Setting Up"),
            ("unverified", "Waiting for Verification"),
            ("active", "On"),
            ("remove", "Removing"),
        ],
        default="none",
        readonly=True,
        copy=False,
        string="Webhooks",
    )
    webhook_subscription = fields.Char(readonly=True, copy=False, groups="base.group_system")
    webhook_subscription_previous = fields.Char(readonly=True, copy=False, groups="base.group_system")

    @api.depends("webhook_token", "webhook_base")
    def _compute_webhook_url(self):
        for connection in self:
            base = connection._told_base() or connection.get_base_url()
            connection.webhook_url = f"{base}/ml_connector/webhook/{connection.webhook_token}"

    def _told_base(self):
        """The public URL of this server for the provider; empty if Odoo knows none.

        Odoo's own URL follows the last login of an administrator unless it is frozen, so existing webhooks keep theirs.
        """
        base, kept = self._own_addresses()
        base = "" if self._address_fault(base) else base
        # sudo: any sync names the address
        is_frozen = self.env["ir.config_parameter"].sudo().get_param("web.base.url.freeze")
        return base if base and (is_frozen or not kept) else kept

    def _own_addresses(self):
        """The current URL of Odoo, and the URL for which the webhooks were set up."""
        kept = self.sudo().webhook_base  # sudo: only system administrators may read where webhooks arrive
        return self.get_base_url(), kept or ""

    @staticmethod
    def _address_fault(base):
        return fault_of_own(base, server_options.loopback_allowed())

    def _webhook_halt(self):
        if self.webhook_problem:
            return "webhooks", in_words(self.env, self._sentence("webhook_problem"))
        base, kept = self._own_addresses()
        if not kept or kept == base:
            return None
        reason = self.env._("Webhooks are sent to %(kept)s, but the URL of Odoo is %(base)s.", kept=kept, base=base)
        return "hidden" if self._address_fault(base) else "moved", reason

    def _webhook_secrets(self):
        """The valid signing secrets of webhooks; two during a change of the secret."""
        found = self._internal_secrets(WEBHOOK_SECRET, WEBHOOK_SECRET_PREVIOUS)
        return [plaintext for secret in found if (plaintext := secret_box.opened(self.env, secret.ciphertext))]

    def _is_expected_handshake(self, headers):
        """Whether a request is the provider's verification of a subscription that Odoo requested."""
        if self.webhook_state not in ("requested", "unverified"):
            return False
        given = self._provider_class().handshake(headers) or ""
        return secrets.compare_digest(given.encode(), self.sudo().webhook_handshake.encode())  # sudo: see above

    def _store_webhook_secret(self, plaintext):
        current = self._internal_secrets(WEBHOOK_SECRET)
        if previous := secret_box.opened(self.env, current.ciphertext):
            self._set_internal_secret(WEBHOOK_SECRET_PREVIOUS, previous)
        self._set_internal_secret(WEBHOOK_SECRET, plaintext)

    def _webhook_findings(self):
        findings = []
        if self.webhook_state in ("active", "unverified"):
            self.webhook_problem = self._database_problem() or self._sentence("webhook_problem")
        if self.webhook_problem:
            title = _("No webhooks arrive, so flows check on their schedule only")
            findings.append(Finding(level="warning", title=title, message=self._sentence("webhook_problem")))
        return findings + self._address_findings()

    def _address_findings(self):
        base, kept = self._own_addresses()
        if not kept or kept == base:
            return []
        return [
            Finding(
                level="warning",
                title=_("Webhooks are sent to %(kept)s, but the URL of Odoo is %(base)s", kept=kept, base=base),
                message=_(
                    "Set the system parameter web.base.url to the public URL and web.base.url.freeze to True, so"
                    " that no"
                    " log-in changes it. If the server has moved, remove the webhooks and set them up again."
                ),
            )
        ]

    def _databases_there(self):
        """The databases that this server offers at the URL of the webhooks."""
        return http.db_list(force=True, host=urlsplit(self._told_base() or self.get_base_url()).netloc)

    def _webhook_headers(self):
        """Headers that each webhook needs to reach this database."""
        there = self._databases_there()
        return {DATABASE_HEADER: self.env.cr.dbname} if len(there) > 1 and self.env.cr.dbname in there else {}

    def _database_problem(self):
        """A sentence if webhooks do not reach this database; otherwise empty."""
        there, base = self._databases_there(), self._told_base() or self.get_base_url()
        if self.env.cr.dbname not in there:
            return _(
                "This server does not serve the database %(database)s at %(base)s. Correct dbfilter in its"
                " configuration, then set up the webhooks again.",
                database=self.env.cr.dbname,
                base=base,
            )
        if len(there) > 1 and not self._provider_class().forwards_headers:
            return _(
                "This server has several databases at %(base)s, and webhooks of %(provider)s cannot name one. Set"
                " dbfilter in the configuration of Odoo, so that this URL serves the database %(database)s only.",
                base=base,
                provider=self._provider_name(),
                database=self.env.cr.dbname,
            )
        return ""

    def _note_unconfirmed(self):
        self.webhook_problem = self._database_problem() or _(
            "%(provider)s has not confirmed the webhooks for more than an hour. It must be able to reach %(url)s"
            " from the internet. Check firewalls and proxies, then set up the webhooks again.",
            provider=self._provider_name(),
            url=self._told_base(),
        )
        self.message_post(body=in_words(self.env, self._sentence("webhook_problem")))

    def _note_failed_subscription(self, error):
        self.webhook_state = "active" if self.webhook_subscription else "none"
        self.webhook_problem = error.message
        self.message_post(
            body=self.env._("Webhooks could not be set up. %(reason)s", reason=in_words(self.env, error.message))
        )

    @needs("administer")
    def action_subscribe(self):
        """Set up webhooks, or change their secret."""
        self._check_job()
        return self._ask_job("subscribe", "webhook_state", "requested", webhook_problem=False)

    @needs("administer")
    def action_move_webhooks(self):
        """Set up the webhooks for the current URL of Odoo."""
        self.ensure_one()
        if fault := self._address_fault(self.get_base_url()):
            raise UserError(in_words(self.env, fault))
        self.sudo().webhook_base = False  # sudo: engine field
        return self.action_subscribe()

    @needs("system")
    def action_keep_address(self):
        """Keep the URL of the webhooks as the URL of Odoo."""
        self.ensure_one()
        kept = self.webhook_base
        if not kept:
            raise UserError(self.env._("No webhooks are set up, so there is no URL to keep."))
        parameters = self.env["ir.config_parameter"]
        parameters.set_param("web.base.url", kept)
        parameters.set_param("web.base.url.freeze", "True")
        self._decided("change", _("URL of this server: %(url)s", url=kept))
        self.invalidate_recordset(["halt_cause", "halt_reason", "color", "webhook_url"])

    @needs("administer")
    def action_unsubscribe(self):
        self._check_job()
        return self._ask_job("unsubscribe", "webhook_state", "remove")
