from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import clean_context

from .. import server_options
from ..core.capabilities import Webhooks
from ..core.provider import Settings
from ..providers import PROVIDERS
from . import overlap
from .client_actions import notification
from .ml_connection_credentials import secrets_last
from .ml_connection_integration_user import WATCHED
from .ml_connection_job import WORKING_STATES
from .ml_sealed import needs
from .ml_token import TokenStore


class MlConnection(models.Model):
    """One account at a provider for one company."""

    _name = "ml.connection"
    _description = "Connection"
    _inherit = [
        "ml.connection.credentials",
        "ml.connection.integration.user",
        "ml.connection.database",
        "ml.connection.job",
        "ml.connection.check",
        "ml.connection.health",
        "ml.connection.webhooks",
        "ml.connection.forwarding",
        "ml.connection.files",
        "ml.connection.audit",
        "ml.connection.dashboard",
        "ml.sealed",
        "mail.thread",
        "mail.activity.mixin",
    ]
    _order = "company_id, provider, id"
    _check_company_auto = True
    _maker_right = "administer"
    _birth_fields = ("provider", "company_id")
    _open_fields = {"administer": ("name", "active", "owner_id", "flow_ids")}

    name = fields.Char(required=True, tracking=True)
    active = fields.Boolean(default=True)
    provider = fields.Selection(
        lambda self: [(key, provider.label) for key, provider in PROVIDERS.items()],
        required=True,
    )
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, index=True, tracking=True
    )
    owner_id = fields.Many2one(
        "res.users",
        "Responsible",
        required=True,
        default=lambda self: self.env.user,
        domain="[('company_ids', 'in', company_id), ('share', '=', False)]",
        help="Receives activities about this connection.",
        tracking=True,
    )
    state = fields.Selection(
        [("draft", "New"), ("connected", "Connected"), ("attention", "Needs Attention"), ("paused", "Paused")],
        "Status",
        default="draft",
        required=True,
        readonly=True,
        copy=False,
        tracking=True,
    )
    seat_request = fields.Selection(
        [("claim", "To Claim"), ("release", "To Release")],
        readonly=True,
        copy=False,
        help="Whether Odoo claims or releases the accounting connection of the provider.",
    )
    flow_ids = fields.One2many("ml.flow", "connection_id", context={"active_test": False})
    has_environments = fields.Boolean(compute="_compute_provider_features")
    has_webhooks = fields.Boolean(compute="_compute_provider_features")
    can_recover = fields.Boolean(
        compute="_compute_provider_features", help="The provider can list the records that it marks as booked."
    )

    _name_unique = models.Constraint("UNIQUE(company_id, name)", "A connection with this name already exists.")
    _webhook_token_unique = models.UniqueIndex("(webhook_token)")
    _territory_unique = models.UniqueIndex(
        "(provider, business, entity) WHERE state != 'draft' AND business IS NOT NULL",
        "Another connection already syncs the same entity of this provider account.",
    )

    @api.depends("provider")
    def _compute_provider_features(self):
        for connection in self:
            provider = connection._provider_class() if connection.provider else None
            connection.has_environments = bool(provider and provider.environments)
            connection.has_webhooks = bool(provider and issubclass(provider, Webhooks))
            connection.can_recover = bool(provider and any(spec.relists for spec in provider.flows))

    @api.onchange("provider")
    def _onchange_provider(self):
        if not self.provider:
            return
        provider = self._provider_class()
        labels = [candidate.label for candidate in PROVIDERS.values()]
        if not self.name or self.name in labels:
            self.name = provider.label
        if self.env.user.has_group("base.group_system"):  # only system administrators may see credentials
            self.credential_ids = [fields.Command.clear(), *map(fields.Command.create, self._credential_values())]

    @api.model_create_multi
    def create(self, vals_list):
        connections = super().create(vals_list)
        # defaults in the context are for the connection, not for its parts
        for connection in connections.with_context(clean_context(self.env.context)):
            connection._create_parts()
        connections._grant()
        return connections

    def _create_parts(self):
        """Credentials, flows, token, job and file templates of a new connection."""
        connection = self.sudo()  # sudo: an administrator of this app may not create scheduled jobs and tokens himself
        connection._create_credentials()
        connection._sync_flows()
        connection.env["ml.token"].create({"connection_id": connection.id})
        connection._create_job()
        connection._remember_database()
        connection._sync_feed_templates()

    def _sync_flows(self):
        """Create the flows of the provider that this connection lacks."""
        existing = set(self.with_context(active_test=False).flow_ids.mapped("key"))
        self.env["ml.flow"].create(
            [
                {
                    "connection_id": self.id,
                    "key": spec.key,
                    "sequence": spec.sequence,
                    "direction": spec.direction,
                    "kind": spec.kind,
                    "interval_number": spec.interval,
                    "active": spec.active,
                    "schedule": "interval" if spec.daily_hour is None else "daily",
                    "daily_hour": 3.0 if spec.daily_hour is None else spec.daily_hour,
                    **spec.defaults,
                }
                for spec in self._provider_class().flows
                if spec.key not in existing
            ]
        )

    def write(self, vals):
        if self.env.su and "provider" in vals and any(connection.provider != vals["provider"] for connection in self):
            raise UserError(self.env._("You cannot change the provider of a connection. Create a new connection."))
        if "company_id" in vals and any(c.state != "draft" and c.company_id.id != vals["company_id"] for c in self):
            raise UserError(
                self.env._("You cannot change the company of a connection in use. Create a new connection.")
            )
        if not vals.get("active", True) and any(connection.state in WORKING_STATES for connection in self):
            raise UserError(self.env._("Pause or disconnect the connection before you archive it."))
        before = self.sudo().user_id  # sudo: whoever may write connections need not see users
        if "company_id" in vals and self.env.su:  # others are refused below
            self._move_user(vals["company_id"])
        # before the write: secrets entered together with a new URL belong to it
        self.filtered(lambda connection: connection._moves(vals))._leave_address()
        result = super().write(secrets_last(vals))
        if {"state", "capabilities", "active", "user_id"} & set(vals):
            self.env.registry.clear_cache()
        if "active" in vals:
            self.sudo().cron_id.active = vals["active"]  # sudo: see `_create_parts`
            self._archive_users(before)
        if not WATCHED.isdisjoint(vals):
            self._grant()
            before._ml_grant()
        if {"target_id", "target_mode"} & set(vals):
            self._follow_target()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_only_unused(self):
        attempts = self.env["ml.sync.attempt"].sudo()  # sudo: whatever the person may read
        if attempts.search_count([("connection_id", "in", self.ids), ("person", "=", False)], limit=1):
            raise UserError(
                self.env._("A used connection keeps its audit trail and cannot be deleted. Archive it instead.")
            )
        attempts._forget_unused(self)

    def unlink(self):
        crons, users = self.sudo().cron_id, self._made_users()  # sudo: see `_create_parts`
        result = super().unlink()
        crons.unlink()
        users.filtered(lambda user: not user._ml_connections())._ml_remove()
        self.env.registry.clear_cache()
        return result

    @needs("administer")
    def action_start(self):
        """Start syncing."""
        for connection in self:
            if connection.check_state not in ("ok", "warning"):
                raise UserError(self.env._("Fix the errors found by the check before you start syncing."))
            if other := overlap.overlapping(connection.sudo()):  # sudo: it may be of a company that he does not see
                raise UserError(overlap.sentence(connection, other))
            connection.sudo().write(  # sudo: engine fields
                {
                    "state": "connected",
                    "seat_request": "claim",
                    "attention_reason": False,
                    "breaker_until": False,
                    "breaker_count": 0,
                }
            )
        self.flow_ids._expect_now()
        self.activity_unlink(["ml_connector.mail_activity_attention"])
        self._decided("start")
        self._trigger()

    @needs("administer")
    def action_pause(self):
        """Stop syncing. Changes in Odoo are still queued."""
        self.sudo().state = "paused"  # sudo: engine field
        self._decided("pause")

    @needs("administer")
    def action_disconnect(self):
        """Stop syncing and remove the webhooks and the accounting connection from the provider."""
        self.sudo().write(  # sudo: engine fields
            {"state": "draft", "seat_request": "release", "webhook_state": "remove", "check_state": "none"}
        )
        self._decided("disconnect")
        self._trigger()

    @needs("administer")
    def action_sync_now(self):
        """Run all active flows now."""
        self._check_job()
        connection = self.sudo()  # sudo: engine fields
        connection.flow_ids.filtered("active").next_run_at = fields.Datetime.now()
        connection.breaker_until = False
        self._decided("sync")
        self._trigger()
        return notification(self.env._("Sync started."))

    def _name_on(self, record):
        """Name of the connection for readers of a record; only the provider's name if other companies may read it."""
        company = record.sudo().company_id if "company_id" in record._fields else None  # sudo: only whether it has one
        return self.name if company else self._provider_name()

    def _provider_class(self):
        self.ensure_one()
        return PROVIDERS[self.provider]

    def _provider_name(self):
        return self._provider_class().label

    def _provider(self, observe):
        """The provider of this connection for one run.

        :raises AuthError: when the credentials cannot be opened
        """
        self.ensure_one()
        own = self.sudo()  # sudo: the worker needs what no user may read
        settings = Settings(
            base_url=self.base_url,
            credentials={credential.name: credential._plaintext() for credential in own.credential_ids},
            stored=self._provider_settings(),
            capabilities=frozenset(self.capabilities or ()),
            instance=f"{own.database_uuid}:{self.id}",
            options={flow.key: {**flow._options(), "active": flow.active} for flow in self.flow_ids},
            company=str(self.company_id.id),
            time_zone=self._books().company._ml_zone().key,
            allow_loopback=server_options.loopback_allowed(),
            file_hosts=server_options.file_hosts(),
        )
        return self._provider_class()(settings, TokenStore(self), observe)

    def _provider_settings(self):
        """Stored settings for the provider, besides the credentials."""
        return {**(self.stored_settings or {}), **self._file_settings()}
