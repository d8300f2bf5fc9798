import logging
import secrets
from contextlib import contextmanager
from datetime import timedelta
from urllib.parse import urlsplit

from odoo import api, fields, http, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL, clean_context, config, format_date, format_datetime, plaintext2html

from .. import server_options
from ..core.errors import ConnectorError
from ..core.http import fault_of_base, fault_of_own
from ..core.messages import Message, _, paragraph
from ..core.provider import Finding, Settings
from ..providers import PROVIDERS
from ..vault import secret_box
from ..vault.database_mark import DatabaseMark, database_mark
from . import ml_error_class, overlap
from .client_actions import notification, shown_as_text
from .ml_credential import WEBHOOK_SECRET, WEBHOOK_SECRET_PREVIOUS
from .ml_sealed import needs
from .ml_sentence import Sentence, in_words
from .ml_sync_log import DIFFERS, OPEN_STATES
from .ml_token import GRANT_FIELDS, TokenStore

_logger = logging.getLogger(__name__)

WORKING_STATES = ("connected", "attention")
NETWORK_FAILURES_BEFORE_BREAK = 20
ACCESS_END_WARNING = timedelta(days=30)
"""How long before the access expires the responsible is notified."""
MOST_ANNOUNCEMENTS = 20
BREAK_MINUTES = (5, 5, 15, 30, 60)
JOB_IS_LATE = timedelta(minutes=15)
"""Delay after which a scheduled action that is due every minute is late."""
DATABASE_HEADER = "X-Odoo-Database"
"""Header that names the database of a request."""
LEARNED_AT_ADDRESS = (
    "identity",
    "business",
    "entity",
    "findings",
    "capabilities",
    "stored_settings",
    "announcements",
    "webhook_base",
    "webhook_database",
    "webhook_checked_at",
    "webhook_problem",
    "attention_reason",
    "breaker_until",
    "seat_request",
    "webhook_subscription",
    "webhook_subscription_previous",
)
IDS_IN_REFERENCES = ("ml.sync.log", "ml.bridged.document")
SKIPPED_IDS = 1_000_000
"""More ids than another database uses between a backup and the switch to its copy."""


class MlConnection(models.Model):
    """One account at a provider for one company."""

    _name = "ml.connection"
    _description = "Connection"
    _inherit = ["ml.sealed", "mail.thread", "mail.activity.mixin"]
    _order = "company_id, provider, id"
    _check_company_auto = True
    _maker_right = "administer"
    _birth_fields = ("provider", "company_id")
    _open_fields = {
        "administer": ("name", "active", "owner_id", "flow_ids"),
        "system": ("environment", "custom_url", "credential_ids"),
    }

    name = fields.Char(required=True, tracking=True)
    active = fields.Boolean(default=True)
    provider = fields.Selection(
        lambda self: [(key, provider.label) for key, provider in PROVIDERS.items()],
        required=True,
    )
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, index=True, tracking=True
    )
    environment = fields.Selection(
        [("production", "Production"), ("sandbox", "Sandbox"), ("custom", "Custom URL")],
        default="production",
        required=True,
        tracking=True,
    )
    custom_url = fields.Char(
        "Custom URL", tracking=True, help="Base URL of the API. It must be public and begin with https."
    )
    base_url = fields.Char("API URL", compute="_compute_base_url")
    has_environments = fields.Boolean(compute="_compute_provider_features")
    has_webhooks = fields.Boolean(compute="_compute_provider_features")
    can_recover = fields.Boolean(
        compute="_compute_provider_features", help="The provider can list the records that it marks as booked."
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
    attention_reason = Sentence(readonly=True, copy=False)
    attention_reason_source = fields.Json(readonly=True, copy=False)
    announcements = fields.Json(
        "Provider Notices", readonly=True, copy=False, help="Announced changes that the responsible was notified of."
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
    color = fields.Integer(compute="_compute_color")
    credential_ids = fields.One2many(
        "ml.credential", "connection_id", groups="base.group_system", copy=False, domain=[("is_internal", "=", False)]
    )
    flow_ids = fields.One2many("ml.flow", "connection_id", context={"active_test": False})
    cron_id = fields.Many2one("ir.cron", readonly=True, copy=False, groups="base.group_system", ondelete="set null")
    is_job_off = fields.Boolean(compute="_compute_halt_reason")
    halt_cause = fields.Selection(
        [
            ("off", "Scheduled Action Inactive"),
            ("late", "Scheduled Action Late"),
            ("silent", "Flow Not Running"),
            ("moved", "URL Changed"),
            ("hidden", "URL Not Public"),
            ("webhooks", "No Webhooks"),
            ("backlog", "Growing Queue"),
            ("failing", "Most Records Fail"),
        ],
        compute="_compute_halt_reason",
    )
    halt_reason = fields.Char(compute="_compute_halt_reason", help="Why the connection does not run as expected.")

    database_uuid = fields.Char(readonly=True, copy=False, groups="base.group_system")
    database_name = fields.Char(readonly=True, copy=False, groups="base.group_system")
    database_system = fields.Char(readonly=True, copy=False, groups="base.group_system")
    database_oid = fields.Char(readonly=True, copy=False, groups="base.group_system")
    is_copy = fields.Boolean("Copied Database", compute="_compute_is_copy")

    check_state = fields.Selection(
        [("none", "Not Tested"), ("requested", "Testing"), ("ok", "OK"), ("warning", "Warnings"), ("error", "Errors")],
        default="none",
        readonly=True,
        copy=False,
    )
    check_at = fields.Datetime("Last Check", readonly=True, copy=False)
    identity = fields.Char("Connected As", readonly=True, copy=False)
    business = fields.Char("Provider Business", readonly=True, copy=False)
    entity = fields.Char(
        "Entities", readonly=True, copy=False, help="IDs of the entities whose records are synced. Empty = all."
    )
    findings = fields.Json("Findings (data)", readonly=True, copy=False)
    findings_html = fields.Html(compute="_compute_findings_html", string="Findings", sanitize=False)
    capabilities = fields.Json(readonly=True, copy=False)
    stored_settings = fields.Json(readonly=True, copy=False)

    seat_request = fields.Selection(
        [("claim", "To Claim"), ("release", "To Release")],
        readonly=True,
        copy=False,
        help="Whether Odoo claims or releases the accounting connection of the provider.",
    )

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

    stop_count = fields.Integer(
        "Stops", readonly=True, copy=False, help="How often the server stopped during a request of a user."
    )
    breaker_count = fields.Integer(readonly=True, copy=False)
    breaker_until = fields.Datetime("Paused Until", readonly=True, copy=False)
    last_success_at = fields.Datetime("Last Success", readonly=True, copy=False)

    failed_count = fields.Integer("Failed", compute="_compute_counts")
    waiting_count = fields.Integer("Waiting", compute="_compute_counts")
    unknown_count = fields.Integer("Unconfirmed", compute="_compute_counts")
    changed_count = fields.Integer(
        "Changed",
        compute="_compute_counts",
        help="Records that changed in the provider's system after Odoo posted them.",
    )
    backlog_count = fields.Integer("Queued", compute="_compute_counts")
    done_count = fields.Integer("Done", compute="_compute_done_count")
    vendor_change_count = fields.Integer(
        "Vendor Changes", compute="_compute_counts", help="Vendor changes that wait for an accountant."
    )
    unmapped_count = fields.Integer(
        "Unmapped", compute="_compute_counts", help="Codes that records wait for, in either direction."
    )
    graph_data = fields.Json(compute="_compute_graph_data")
    next_step = fields.Selection(
        [
            ("credentials", "Credentials"),
            ("test", "Test"),
            ("start", "Start"),
            ("map", "Map Codes"),
            ("exceptions", "Handle Exceptions"),
        ],
        compute="_compute_next_step",
    )

    _name_unique = models.Constraint("UNIQUE(company_id, name)", "A connection with this name already exists.")
    _webhook_token_unique = models.UniqueIndex("(webhook_token)")
    _territory_unique = models.UniqueIndex(
        "(provider, business, entity) WHERE state != 'draft' AND business IS NOT NULL",
        "Another connection already syncs the same entity of this provider account.",
    )

    # ------------------------------------------------------------------ set-up

    @api.constrains("environment", "custom_url")
    def _check_custom_url(self):
        for connection in self.filtered(lambda c: c.environment == "custom"):
            if fault := fault_of_base(connection.custom_url or "", server_options.loopback_allowed()):
                raise ValidationError(in_words(self.env, fault))

    @api.depends("provider")
    def _compute_provider_features(self):
        for connection in self:
            provider = connection._provider_class() if connection.provider else None
            connection.has_environments = bool(provider and provider.environments)
            connection.has_webhooks = bool(provider and provider.webhook_events)
            connection.can_recover = bool(provider and any(spec.relists for spec in provider.flows))

    @api.depends("provider", "environment", "custom_url")
    def _compute_base_url(self):
        for connection in self:
            connection.base_url = connection._address(connection.environment, connection.custom_url)

    def _address(self, environment, custom_url):
        if environment == "custom":
            return (custom_url or "").rstrip("/")
        return self._provider_class().environments.get(environment, "") if self.provider else ""

    @api.depends("state", "halt_reason", "failed_count", "changed_count")
    def _compute_color(self):
        colors = {"draft": 0, "connected": 10, "attention": 1, "paused": 3}
        for connection in self:
            open_count = connection.state == "connected" and (connection.failed_count or connection.changed_count)
            connection.color = colors["attention" if connection.halt_reason or open_count else connection.state]

    @api.depends("state", "active", "is_copy", "webhook_state", "webhook_problem")
    def _compute_halt_reason(self):
        for connection in self:
            cause, reason = connection._halt()
            connection.is_job_off = cause == "off"
            connection.halt_cause, connection.halt_reason = cause, reason

    def _halt(self):
        """Why the connection does not run as expected: a cause and a sentence, or twice False."""
        if not self._origin or not self.active or self.is_copy:
            return False, False
        job = self.sudo().cron_id  # sudo: only whether it runs
        if not job.active:
            return "off", self.env._("The scheduled action is inactive, so Odoo does not sync this connection.")
        if self.state not in WORKING_STATES:
            return False, False
        if job.nextcall < fields.Datetime.now() - JOB_IS_LATE:
            return "late", self._late_reason(job)
        if self.state == "connected" and (silent := self.flow_ids._silent()):
            return "silent", silent[0]._silent_reason()
        return self._webhook_halt() or self.env["ml.sync.log"]._alarm(self) or (False, False)

    def _late_reason(self, job):
        since = format_datetime(self.env, job.nextcall)
        if not config["max_cron_threads"]:
            return self.env._(
                "The scheduled action is due since %(moment)s. This server does not run scheduled actions, because"
                " max_cron_threads is 0 in its configuration, and no other server runs them.",
                moment=since,
            )
        return self.env._(
            "The scheduled action is due since %(moment)s. This server does not run scheduled actions.", moment=since
        )

    def _webhook_halt(self):
        if self.webhook_problem:
            return "webhooks", in_words(self.env, self._sentence("webhook_problem"))
        base, kept = self._own_addresses()
        if not kept or kept == base:
            return None
        reason = self.env._("Webhooks are sent to %(kept)s, but the URL of Odoo is %(base)s.", kept=kept, base=base)
        return "hidden" if self._address_fault(base) else "moved", reason

    @api.depends("database_uuid", "database_name", "database_system", "database_oid")
    def _compute_is_copy(self):
        for connection in self:
            connection.is_copy = not connection._is_this_database()

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

    @api.depends("findings")
    @api.depends_context("uid", "lang")
    def _compute_findings_html(self):
        for connection in self:
            connection.findings_html = self.env["ir.qweb"]._render(
                "ml_connector.connection_findings",
                {"findings": [connection._finding_for_reader(finding) for finding in connection.findings or []]},
            )

    def _finding_for_reader(self, finding):
        """A finding in the reader's language; another connection is named only to users who may see it."""
        other = self.browse(finding.get("connection_id")).sudo().exists()  # sudo: only whether it is still there
        if other:
            return {**finding, "title": overlap.sentence(self, other)}
        sources = ((name, finding.get(f"{name}_source")) for name in ("title", "message"))
        return {
            **finding,
            **{name: in_words(self.env, Message.from_json(source)) for name, source in sources if source},
        }

    def _compute_counts(self):
        states = dict.fromkeys(OPEN_STATES, 0)
        counts = {connection.id: dict(states) for connection in self}
        groups = self.env["ml.sync.log"]._read_group(
            [("connection_id", "in", self.ids), ("state", "in", OPEN_STATES)],
            ["connection_id", "state"],
            ["__count"],
        )
        for connection, state, count in groups:
            counts[connection.id][state] = count
        unmapped = self._codes_needed()
        groups = self.env["ml.vendor.change"]._read_group(
            [("connection_id", "in", self.ids), ("state", "=", "waiting")], ["connection_id"], ["__count"]
        )
        changes = {connection.id: count for connection, count in groups}
        groups = self.env["ml.sync.log"]._read_group(
            [("connection_id", "in", self.ids), *DIFFERS], ["connection_id"], ["__count"]
        )
        differing = {connection.id: count for connection, count in groups}
        for connection in self:
            connection.changed_count = differing.get(connection.id, 0)
            connection.vendor_change_count = changes.get(connection.id, 0)
            count = counts.get(connection.id, states)
            connection.failed_count = count["failed"]
            connection.waiting_count = count["waiting"]
            connection.unknown_count = count["unknown"]
            connection.backlog_count = count["pending"] + count["running"]
            connection.unmapped_count = unmapped.get(connection, 0)

    def _compute_done_count(self):
        """Separate from the other counts, because it reads all finished transfers."""
        done = [("connection_id", "in", self.ids), ("state", "=", "done"), "!", "&", *DIFFERS[:2]]
        groups = self.env["ml.sync.log"]._read_group(done, ["connection_id"], ["__count"])
        counts = {connection.id: count for connection, count in groups}
        for connection in self:
            connection.done_count = counts.get(connection.id, 0)

    @api.depends("state", "check_state", "unmapped_count", "provider")
    def _compute_next_step(self):
        """The next set-up step."""
        for connection in self:
            if connection.state == "draft" and (not connection.provider or connection._missing_credentials()):
                connection.next_step = "credentials"
            elif connection.state == "attention":
                connection.next_step = "test"
            elif connection.state in ("draft", "paused"):
                connection.next_step = "start" if connection.check_state in ("ok", "warning") else "test"
            else:
                connection.next_step = "map" if connection.unmapped_count else "exceptions"

    def _compute_graph_data(self):
        """Successful and failed attempts of each of the last 14 days, for the card. Waiting ones do not count."""
        today = fields.Date.context_today(self)
        days = [today - timedelta(days=back) for back in range(13, -1, -1)]
        groups = self.env["ml.sync.attempt"]._read_group(
            [
                ("connection_id", "in", self.ids),
                ("happened_at", ">=", days[0]),
                ("error_class", "!=", "mapping"),
                ("person", "=", False),
            ],
            ["connection_id", "happened_at:day", "error_class"],
            ["__count"],
        )
        counts = {}
        for connection, day, error_class, count in groups:
            key = (connection.id, fields.Date.to_date(day), bool(error_class))
            counts[key] = counts.get(key, 0) + count
        for connection in self:
            connection.graph_data = [
                {
                    "day": fields.Date.to_string(day),
                    "done": counts.get((connection.id, day, False), 0),
                    "failed": counts.get((connection.id, day, True), 0),
                }
                for day in days
            ]

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

    def _credential_specifications(self):
        return (
            {credential.name: credential for credential in self._provider_class().credentials} if self.provider else {}
        )

    def _credential_values(self):
        return [
            {"name": credential.name, "sequence": sequence, "is_secret": credential.secret}
            for sequence, credential in enumerate(self._provider_class().credentials)
        ]

    @api.model_create_multi
    def create(self, vals_list):
        connections = super().create(vals_list)
        # defaults in the context are for the connection, not for its parts
        for connection in connections.with_context(clean_context(self.env.context)):
            connection._create_parts()
        return connections

    def _create_parts(self):
        """Credentials, flows, token and job of a new connection."""
        connection = self.sudo()  # sudo: an administrator of this app may not create scheduled jobs and tokens himself
        named = set(connection.with_context(active_test=False).credential_ids.mapped("name"))
        connection.env["ml.credential"].create(
            [
                {**values, "connection_id": connection.id}
                for values in connection._credential_values()
                if values["name"] not in named
            ]
        )
        connection._sync_flows()
        connection.env["ml.token"].create({"connection_id": connection.id})
        connection._create_job()
        connection._remember_database()

    def _create_job(self):
        self.cron_id = self.env["ir.cron"].create(
            {
                "name": self.env._("ML Connector: %s", self.name),
                "model_id": self.env["ir.model"]._get_id("ml.connection"),
                "state": "code",
                "code": f"model.browse({self.id})._cron_run()",
                "user_id": self.env.ref("base.user_root").id,
                "interval_number": 1,
                "interval_type": "minutes",
            }
        )

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
        # before the write: secrets entered together with a new URL belong to it
        self.filtered(lambda connection: connection._moves(vals))._leave_address()
        result = super().write(_secrets_last(vals))
        if {"state", "capabilities", "active"} & set(vals):
            self.env.registry.clear_cache()
        if "active" in vals:
            self.sudo().cron_id.active = vals["active"]  # sudo: see `_create_parts`
        return result

    def _moves(self, vals):
        """Whether `vals` change the API URL."""
        address = {"environment": self.environment, "custom_url": self.custom_url}
        after = {name: vals.get(name, value) for name, value in address.items()}
        return after != address and self._address(**after) != self._address(**address)

    def _leave_address(self):
        """Delete the secrets, tokens and data of a previous API URL."""
        # sudo: secrets, tokens and subscriptions have no writer but the connector
        for connection in self.sudo():
            had_secrets, had_grant = bool(connection._forget_secrets()), bool(connection._forget_grant())
            connection.flow_ids.cursor = False
            connection.write(
                {
                    **dict.fromkeys(LEARNED_AT_ADDRESS, False),
                    "check_state": "none",
                    "webhook_state": "none",
                    "breaker_count": 0,
                    **({"state": "draft"} if connection.state in WORKING_STATES else {}),
                }
            )
            connection.activity_unlink(["ml_connector.mail_activity_attention"])
            if had_secrets or had_grant:
                connection.message_post(
                    body=self.env._("The API URL changed. Odoo deleted the secrets and tokens for the old URL.")
                )

    @contextmanager
    def _watching_server(self):
        """Delete the secrets if the credentials name another server afterwards."""
        before = {connection: connection._server() for connection in self}
        yield
        for connection, server in before.items():
            if server and connection._server() != server:
                connection._leave_address()

    def _server(self):
        """The credentials that name the server."""
        names = [name for name, spec in self._credential_specifications().items() if spec.address]
        if not names:
            return []
        # sudo: see `_internal_secrets`
        own = self.env["ml.credential"].sudo().search([("connection_id", "=", self.id), ("name", "in", names)])
        return [(credential.name, credential.value.strip()) for credential in own if credential.value]

    @api.ondelete(at_uninstall=False)
    def _unlink_only_unused(self):
        attempts = self.env["ml.sync.attempt"].sudo()  # sudo: whatever the person may read
        if attempts.search_count([("connection_id", "in", self.ids), ("person", "=", False)], limit=1):
            raise UserError(
                self.env._("A used connection keeps its audit trail and cannot be deleted. Archive it instead.")
            )
        attempts._forget_unused(self)

    def unlink(self):
        crons = self.sudo().cron_id  # sudo: see `_create_parts`
        result = super().unlink()
        crons.unlink()
        return result

    # ------------------------------------------------------------------ copy guard

    def _remember_database(self):
        mark = database_mark(self.env)
        # sudo: only system administrators may read the marks
        self.sudo().write(
            {
                "database_uuid": mark.uuid,
                "database_name": mark.name,
                "database_system": mark.system,
                "database_oid": mark.oid,
            }
        )

    def _is_this_database(self):
        """Whether the connection was set up in this database, not in one that this database is a copy of."""
        if self._is_neutralized():
            return False
        own = self.sudo()  # sudo: see `_remember_database`
        remembered = DatabaseMark(
            own.database_uuid or "", own.database_name or "", own.database_system or "", own.database_oid or ""
        )
        return remembered.is_same(database_mark(self.env))

    def _is_neutralized(self):
        # sudo: parameters are readable by administrators only
        return bool(self.env["ir.config_parameter"].sudo().get_param("database.is_neutralized"))

    @needs("system")
    def action_adopt_database(self):
        """Make this restored, copied or moved database the live one."""
        if self._is_neutralized():
            raise UserError(self.env._("A neutralized database cannot become the live one."))
        # sudo: engine fields
        adopted = self.sudo().filtered(lambda connection: not connection._is_this_database())
        for connection in adopted:
            connection._adopt_database()
        # the provider marks records booked since the backup as booked, so list them for import
        relisting = adopted.filtered("can_recover").with_env(self.env)
        return relisting.action_recover() if len(relisting) == 1 and self._may("administer") else None

    @needs("administer")
    def action_recover(self):
        """Find records that the provider marks as booked but Odoo does not have."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Missing in Odoo"),
            "res_model": "ml.recovery",
            "view_mode": "form",
            "target": "new",
            "context": {"default_connection_id": self.id},
        }

    def _adopt_database(self):
        self._skip_used_ids()
        self._remember_database()
        self.env["ml.credential"]._claim_for_this_host()
        # cursors were restored with the records, so flows continue from the backup
        self.flow_ids.filtered("active").next_run_at = fields.Datetime.now()
        self.message_post(body=plaintext2html(self._adoption_note()))
        self._decided("adopt")
        self._trigger()

    def _skip_used_ids(self):
        """Skip the ids that another database may have used since the copy.

        The provider may have records with references that contain such an id. A new prefix of the references would
        also make the older references unknown.
        """
        names = {spec.watches for spec in self._provider_class().flows if spec.watches}
        for name in sorted({*names, *IDS_IN_REFERENCES}):
            sequence = SQL("pg_get_serial_sequence(%s, 'id')", self.env[name]._table)
            self.env.execute_query(SQL("SELECT setval(%s, nextval(%s) + %s)", sequence, sequence, SKIPPED_IDS))

    def _adoption_note(self):
        """Sentences about records that the provider does not send again, for the user who replaced the database."""
        provider = self._provider_class().label
        lines = [self.env._("%(user)s made this database the live one. Its flows continue.", user=self.env.user.name)]
        specs = {spec.key: spec for spec in self._provider_class().flows}
        settled = self.flow_ids.filtered(
            lambda flow: flow.active and (spec := specs.get(flow.key)) and (spec.reports or spec.acknowledges)
        )
        since = self.last_success_at and format_datetime(self.env, self.last_success_at)
        if settled and since:
            lines.append(
                self.env._(
                    "Compare %(flows)s since %(moment)s with the lists in %(provider)s. Records that the other"
                    " database booked since then are marked as booked there and are not sent again. Missing in Odoo"
                    " lists and imports those that can be read again.",
                    flows=", ".join(settled.mapped("name")),
                    moment=since,
                    provider=provider,
                )
            )
        if since:
            lines.append(
                self.env._(
                    "%(provider)s already has the records that the other database sent since then. Check there"
                    " before you enter a record again.",
                    provider=provider,
                )
            )
        return "\n".join(lines)

    # ------------------------------------------------------------------ buttons

    @needs("administer", "system")
    def action_test(self):
        """Check the connection in its scheduled action, then show the findings."""
        self.ensure_one()
        self._check_job()
        missing = self._missing_credentials()
        if missing:
            raise UserError(self.env._("Enter the missing credentials first: %(labels)s.", labels=", ".join(missing)))
        self.sudo().check_state = "requested"  # sudo: engine field
        self._decided("test")
        self._trigger()
        return self._wait_for("check_state", "requested")

    def _wait_for(self, field, busy):
        """Reload the form when the scheduled action has changed `field`."""
        return {
            "type": "ir.actions.client",
            "tag": "ml_connector.wait",
            "params": {"model": self._name, "id": self.id, "field": field, "busy": busy},
        }

    def _missing_credentials(self):
        specifications = self._credential_specifications()
        credentials = self.sudo().credential_ids  # sudo: only whether they are filled
        filled = set(credentials.filtered("is_set").mapped("name"))
        return [
            in_words(self.env, spec.label)
            for name, spec in specifications.items()
            if spec.required and name not in filled
        ]

    def _check_job(self):
        """Refuse to wait for an inactive scheduled action."""
        if any(self.mapped("is_job_off")):
            raise UserError(self.env._("The scheduled action of this connection is inactive. Activate it first."))

    @needs("administer")
    def action_switch_on_job(self):
        """Activate the scheduled action again, after a user or Odoo deactivated it."""
        # sudo: see `_create_parts`
        for connection in self.filtered("is_job_off").sudo():
            if not connection.cron_id:
                connection._create_job()
            connection.cron_id.write({"active": True, "failure_count": 0, "first_failure_date": False})
        self.invalidate_recordset(["is_job_off", "halt_cause", "halt_reason", "color"])
        self._decided("switch_on")
        self._trigger()

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

    @needs("administer")
    def action_subscribe(self):
        """Set up webhooks, or change their secret."""
        self.ensure_one()
        self._check_job()
        self.sudo().write({"webhook_state": "requested", "webhook_problem": False})  # sudo: engine fields
        self._decided("subscribe")
        self._trigger()
        return self._wait_for("webhook_state", "requested")

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
        self.ensure_one()
        self._check_job()
        self.sudo().webhook_state = "remove"  # sudo: engine field
        self._decided("unsubscribe")
        self._trigger()
        return self._wait_for("webhook_state", "remove")

    @api.model
    @needs("system")
    def action_rotate_keys(self):
        """Encrypt all secrets of this database with the newest key, a new one if the keys are in the key file."""
        # sudo: all connections, whichever companies the person may see
        connections = self.sudo().with_context(active_test=False).search([])  # pylint: disable=no-search-all
        connections._decided("rotate")
        self.env["ml.credential"]._rotate_keys()
        return notification(self.env._("All secrets are encrypted with the new key."), reload=False)

    @api.model
    @needs("system")
    def action_discard_lost_secrets(self):
        """Delete the secrets whose key is lost, so that they can be entered again."""
        # sudo: all connections, whichever companies the person may see
        names = self.env["ml.credential"].sudo()._discard_all_lost()
        return notification(
            self.env._("Secrets deleted. Enter them again: %(names)s.", names=", ".join(names)), "warning"
        )

    def _open_logs(self, name, states):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": "ml.sync.log",
            "view_mode": "list,form,graph,pivot",
            "domain": [("connection_id", "=", self.id), ("state", "in", states)],
        }

    def action_open_failed(self):
        return self._open_logs(self.env._("Failed"), ["failed"])

    def action_open_waiting(self):
        return self._open_logs(self.env._("Waiting"), ["waiting"])

    def action_open_vendor_changes(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Vendor Changes"),
            "res_model": "ml.vendor.change",
            "view_mode": "list,kanban,form",
            "domain": [("connection_id", "=", self.id)],
            "context": {"search_default_waiting": 1},
        }

    def action_open_backlog(self):
        return self._open_logs(self.env._("Queued"), ["pending", "running"])

    def action_open_done(self):
        action = self._open_logs(self.env._("Done"), ["done"])
        return {**action, "domain": [*action["domain"], "!", "&", *DIFFERS[:2]]}

    def action_open_changed(self):
        action = self._open_logs(self.env._("Changed After Posting"), [])
        return {**action, "domain": [("connection_id", "=", self.id), *DIFFERS]}

    def action_open_unmapped(self):
        """Open the codes that transfers wait for; otherwise all unmapped codes of the provider."""
        self.ensure_one()
        awaited = {"search_default_awaited": 1}
        if self.env["ml.outgoing.code"].search_count(
            [("connection_id", "=", self.id), ("waiting_count", ">", 0)], limit=1
        ):
            return self._open_codes("ml.outgoing.code", self.env._("Outgoing Mappings"), awaited)
        return self._open_codes(
            "ml.mapping", self.env._("Mappings"), awaited if self.unmapped_count else {"search_default_unmapped": 1}
        )

    def _open_codes(self, model, name, context):
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": model,
            "view_mode": "list,form" if model == "ml.mapping" else "list",
            "domain": [("connection_id", "=", self.id)],
            "context": context,
        }

    # ------------------------------------------------------------------ provider

    def _name_on(self, record):
        """Name of the connection for readers of a record; only the provider's name if other companies may read it."""
        company = record.sudo().company_id if "company_id" in record._fields else None  # sudo: only whether it has one
        return self.name if company else self._provider_class().label

    def _provider_class(self):
        self.ensure_one()
        return PROVIDERS[self.provider]

    def _territory(self):
        """The part of the provider's account that the connection syncs (`core.provider.Territory`); None if unknown."""
        self.ensure_one()
        credentials = {row.name: (row.value or "").strip() for row in self.credential_ids if not row.is_secret}
        return self._provider_class().territory(credentials, self._provider_settings())

    def _territory_values(self, territory):
        return {"business": self._business_key(territory), "entity": ",".join(sorted(territory.entities))}

    def _business_key(self, territory):
        """The key of a business: API URL and id."""
        return f"{self.base_url} {territory.business}"

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
        return self.stored_settings or {}

    def _forget_token(self):
        """Delete the access token after a change of its credentials."""
        # sudo: tokens have no reader and no writer but the connector
        tokens = self.env["ml.token"].sudo().search([("connection_id", "in", self.ids)])
        tokens.write({"access_ciphertext": False, "expires_at": False})

    def _forget_grant(self):
        """Delete all that the provider granted, also the refresh token. Returns the tokens that had a grant."""
        # sudo: see `_forget_token`
        tokens = self.env["ml.token"].sudo().search([("connection_id", "in", self.ids)])
        granted = tokens.filtered(lambda token: token.access_ciphertext or token.refresh_ciphertext)
        tokens.write(dict.fromkeys(GRANT_FIELDS, False))
        return granted

    def _forget_secrets(self):
        """Delete the stored secrets. Returns those that were set."""
        # sudo: see `_internal_secrets`
        secret = self.env["ml.credential"].sudo().search([("connection_id", "in", self.ids), ("is_secret", "=", True)])
        stored = secret.filtered("set_at")
        secret._forget()
        return stored

    def _internal_secrets(self, *names):
        # sudo: only the controller and the worker ask
        return (
            self.env["ml.credential"]
            .sudo()
            .search_fetch(
                [("connection_id", "=", self.id), ("name", "in", names)], ["is_secret", "ciphertext", "set_at"]
            )
        )

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

    def _set_internal_secret(self, name, plaintext):
        secret = self._internal_secrets(name) or self.env["ml.credential"].sudo().create(  # sudo: see above
            {"connection_id": self.id, "name": name, "is_secret": True, "is_internal": True}
        )
        secret._store_secret(plaintext)

    def _note_lost(self, records):
        """Report deleted secrets, and set up the webhooks again if theirs is among them. Returns the labels."""
        names = {record.name for record in records if record._name == "ml.credential"}
        if WEBHOOK_SECRET in names and self.webhook_state == "active":
            self.webhook_state = "requested"
        labels = ", ".join(sorted(record.label for record in records if record._name == "ml.credential")) or "OAuth"
        self.message_post(
            body=self.env._("Odoo deleted secrets that no key of this server decrypts: %(labels)s.", labels=labels)
        )
        return labels

    # ------------------------------------------------------------------ health

    def _trigger(self):
        """Run the scheduled action after the commit of this transaction."""
        triggered = self.env.cr.precommit.data.setdefault("ml_connector.triggered", set())
        for cron in self.sudo().cron_id:  # sudo: anybody's change may have to be sent
            if cron.id not in triggered:
                triggered.add(cron.id)
                cron._trigger()

    def _record_success(self):
        vals = {"last_success_at": fields.Datetime.now()}
        if self.breaker_count:
            vals.update(breaker_count=0, breaker_until=False)
        if self.state == "attention":
            vals.update(state="connected", attention_reason=False)
            self.activity_unlink(["ml_connector.mail_activity_attention"])
        self.write(vals)

    def _close_breaker(self):
        # sudo: engine fields
        self.sudo().write({"breaker_count": 0, "breaker_until": False})

    def _record_failure(self, error):
        """Count an error of the whole connection; pause it and notify the responsible if needed."""
        count = self.breaker_count + 1
        vals = {"breaker_count": count}
        needs_person = error.error_class == "auth" or count >= NETWORK_FAILURES_BEFORE_BREAK
        seconds = 60 * BREAK_MINUTES[min(count, len(BREAK_MINUTES)) - 1] if needs_person else min(2**count, 60)
        vals["breaker_until"] = fields.Datetime.now() + timedelta(seconds=max(seconds, error.retry_after or 0))
        self.write(vals)
        if needs_person:
            self._ask_owner(error)

    def _ask_owner(self, error):
        """Set the connection to Needs Attention and notify the responsible once."""
        if self.state == "connected":
            self.write({"state": "attention", "attention_reason": error.message})
            self._notify_owner(error)

    def _notify_owner(self, error):
        if self.activity_search(["ml_connector.mail_activity_attention"]):
            return
        self._tell_owner(
            "ml_connector.mail_activity_attention",
            self.env._("%(connection)s needs attention", connection=self.name),
            in_words(self.env, paragraph(error.message, self._advice(error))),
        )

    def _tell_owner(self, activity, summary, text, day=None):
        """Schedule an activity for the responsible, or for the current user if the responsible lacks the company.

        The text may quote the provider.
        """
        user = self._told_user()
        self.activity_schedule(activity, date_deadline=day, user_id=user.id, summary=summary, note=shown_as_text(text))

    def _contact(self):
        """The contact in Odoo for users of the provider."""
        user = self._told_user()
        return f"{user.name} ({user.email})" if user.email else user.name

    def _told_user(self):
        return self.owner_id if self.company_id in self.owner_id.company_ids else self.env.user

    def _ask_about_vendors(self):
        """Notify the responsible once of vendor changes to approve."""
        self.ensure_one()
        if not self.activity_search(["ml_connector.mail_activity_vendor_change"]):
            self._tell_owner(
                "ml_connector.mail_activity_vendor_change",
                self.env._("Vendor changes to approve"),
                self.env._("An accountant approves or rejects them under Vendor Changes."),
            )

    def _note_announcements(self, texts):
        """Notify the responsible of announced changes of the provider, once for each text."""
        self.ensure_one()
        known = self.announcements or []
        # limit the number, in case the provider words each answer differently
        new = [text for text in texts if text not in known][: MOST_ANNOUNCEMENTS - len(known)]
        if not new:
            return
        self.announcements = [*known, *new]
        for text in new:
            summary = self.env._("%(connection)s announced a change", connection=self.name)
            self._tell_owner("mail.mail_activity_data_warning", summary, text)

    def _watch_access_end(self):
        """Notify the responsible before the access expires, and remove the activity after a renewal."""
        self.ensure_one()
        token = self.env["ml.token"].sudo().search([("connection_id", "=", self.id)])  # sudo: see `_forget_token`
        ends = token.refresh_expires_at
        last_day = ends and self.company_id._ml_day(ends)
        if not ends or ends - ACCESS_END_WARNING > fields.Datetime.now():
            self.activity_unlink(["ml_connector.mail_activity_access_end"])
        elif not self.activity_search(["ml_connector.mail_activity_access_end"]):
            summary = self.env._(
                "Access of %(connection)s expires on %(day)s",
                connection=self.name,
                day=format_date(self.env, last_day),
            )
            advice = in_words(self.env, self._provider_class().access_end_advice)
            self._tell_owner("ml_connector.mail_activity_access_end", summary, advice, last_day)

    def _run_check(self, provider):
        """Run the connection check and store its findings."""
        try:
            report = provider.check()
        except ConnectorError as error:
            self._note_failed_check(error)
            return error
        self.stored_settings = {**(self.stored_settings or {}), **report.settings, "choices": report.choices}
        territory = self._territory()
        other = overlap.overlapping(self)
        findings = [*report.findings, *self._currency_findings(report.currencies), *self._own_findings()]
        levels = {finding.level for finding in findings} | ({"error"} if other else set())
        self.write(
            {
                "check_state": "error" if "error" in levels else "warning" if "warning" in levels else "ok",
                "check_at": fields.Datetime.now(),
                "identity": report.identity,
                "findings": [
                    *([overlap.finding(self, other)] if other else ()),
                    *map(stored_finding, findings),
                ],
                "capabilities": sorted(report.capabilities),
                # an overlapping connection keeps its values; it cannot be started
                **({} if other or not territory else self._territory_values(territory)),
            }
        )
        if other and self.state in WORKING_STATES:
            self._stop_overlapping(other)
        return None

    def _add_finding(self, finding):
        """Add a finding to those of the connection check."""
        state = finding.level if self.check_state == "ok" else self.check_state
        self.write({"findings": [stored_finding(finding), *(self.findings or [])], "check_state": state})

    def _stop_overlapping(self, other):
        """Pause a connection whose records another one books too, because they would be paid twice."""
        self.state = "paused"
        self._tell_owner(
            "ml_connector.mail_activity_attention",
            self.env._("%(connection)s was paused", connection=self.name),
            in_words(self.env, overlap.told(self, other)),
        )

    def _own_findings(self):
        """Findings about this server."""
        findings = self.env["ml.credential"]._key_findings(self)
        if not database_mark(self.env).system:
            findings.append(
                Finding(
                    level="warning",
                    title=_("PostgreSQL does not identify this server."),
                    message=_(
                        "Odoo may mistake a copy of the database on another server for this one. Grant the database"
                        " user the"
                        " right to run pg_control_system(), then use this database as live."
                    ),
                )
            )
        flows = self.flow_ids.filtered(lambda flow: flow.active and f"ml.importer.{flow.kind}" in self.env)
        remarks = [remark for flow in flows for remark in flow._writer()._remarks(flow)]
        return findings + self._webhook_findings() + remarks

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

    def _currency_findings(self, currencies):
        """A finding if the provider keeps its books in another currency than the company."""
        own = self.company_id.currency_id.name
        other = sorted(currencies - {own})
        if not other:
            return []
        return [
            Finding(
                level="warning",
                title=_(
                    "%(provider)s keeps its books in %(other)s, but %(company)s in %(own)s",
                    provider=self._provider_class().label,
                    other=", ".join(other),
                    company=self.company_id.name,
                    own=own,
                ),
                message=_(
                    "Odoo ignores the exchange rates of %(provider)s and books bills at its own rates.",
                    provider=self._provider_class().label,
                ),
            )
        ]

    def _note_failed_check(self, error):
        self.write(
            {
                "check_state": "error",
                "check_at": fields.Datetime.now(),
                "identity": False,
                "findings": [stored_finding(Finding(level="error", title=error.message, message=self._advice(error)))],
            }
        )

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
                provider=self._provider_class().label,
                database=self.env.cr.dbname,
            )
        return ""

    def _note_unconfirmed(self):
        self.webhook_problem = self._database_problem() or _(
            "%(provider)s has not confirmed the webhooks for more than an hour. It must be able to reach %(url)s"
            " from the internet. Check firewalls and proxies, then set up the webhooks again.",
            provider=self._provider_class().label,
            url=self._told_base(),
        )
        self.message_post(body=in_words(self.env, self._sentence("webhook_problem")))

    def _note_failed_subscription(self, error):
        self.webhook_state = "active" if self.webhook_subscription else "none"
        self.webhook_problem = error.message
        self.message_post(
            body=self.env._("Webhooks could not be set up. %(reason)s", reason=in_words(self.env, error.message))
        )

    def _advice(self, error):
        return ml_error_class.advice(error.error_class, self)

    def _cron_run(self):
        """The scheduled action of the connection."""
        self.env["ml.worker"]._run(self)


def stored_finding(finding):
    """A finding in JSON: in English, with the sources of its sentences."""
    texts = {"title": finding.title, "message": finding.message}
    sources = {f"{name}_source": text.to_json() for name, text in texts.items() if isinstance(text, Message)}
    return {"level": finding.level, **texts, **sources}


def _secrets_last(vals):
    """The same values with secrets last, because a change of the server deletes the stored secrets."""
    if not vals.get("credential_ids"):
        return vals
    commands = sorted(vals["credential_ids"], key=lambda command: "new_secret" in (command[2:] and command[2] or ()))
    return {**vals, "credential_ids": commands}
