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
from ..core.provider import Finding, Settings
from ..providers import PROVIDERS
from ..vault import secret_box
from ..vault.database_mark import DatabaseMark, database_mark
from . import ml_error_class, overlap
from .client_actions import notification, shown_as_text
from .ml_credential import WEBHOOK_SECRET, WEBHOOK_SECRET_PREVIOUS
from .ml_sealed import needs
from .ml_sentence import Sentence
from .ml_sync_log import DIFFERS, OPEN_STATES
from .ml_token import GRANT_FIELDS, TokenStore

_logger = logging.getLogger(__name__)

WORKING_STATES = ("connected", "attention")
NETWORK_FAILURES_BEFORE_BREAK = 20
ACCESS_END_WARNING = timedelta(days=30)
"""How long before the access ends for good its owner is told."""
MOST_ANNOUNCEMENTS = 20
BREAK_MINUTES = (5, 5, 15, 30, 60)
JOB_IS_LATE = timedelta(minutes=15)
"""How long after its time a job that comes every minute has surely been forgotten."""
DATABASE_HEADER = "X-Odoo-Database"
"""By which a request says for which of several databases it is."""
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
"""More than a database makes between a dump and the moment at which its copy takes over."""


class MlConnection(models.Model):
    """One account at a vendor for one company."""

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
        string="Vendor system",
    )
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, index=True, tracking=True
    )
    environment = fields.Selection(
        [("production", "Production"), ("sandbox", "Sandbox"), ("custom", "Own address")],
        default="production",
        required=True,
        tracking=True,
    )
    custom_url = fields.Char(
        "Address", tracking=True, help="Base address of the API: a public one that begins with https."
    )
    base_url = fields.Char(compute="_compute_base_url")
    has_environments = fields.Boolean(compute="_compute_provider_features")
    has_webhooks = fields.Boolean(compute="_compute_provider_features")
    can_recover = fields.Boolean(
        compute="_compute_provider_features", help="The provider lists again what it regards as booked."
    )
    state = fields.Selection(
        [("draft", "New"), ("connected", "Connected"), ("attention", "Needs attention"), ("paused", "Paused")],
        default="draft",
        required=True,
        readonly=True,
        copy=False,
        tracking=True,
    )
    attention_reason = Sentence(readonly=True, copy=False)
    attention_reason_source = fields.Json(readonly=True, copy=False)
    announcements = fields.Json(readonly=True, copy=False, help="Changes at the vendor that the owner was told of.")
    owner_id = fields.Many2one(
        "res.users",
        required=True,
        default=lambda self: self.env.user,
        domain="[('company_ids', 'in', company_id), ('share', '=', False)]",
        help="Gets an activity when the connection needs a person.",
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
            ("off", "The Job Is Off"),
            ("late", "The Job Is Late"),
            ("silent", "A Flow Is Silent"),
            ("moved", "The Address Changed"),
            ("hidden", "The Address Is Not Public"),
            ("webhooks", "Webhooks Do Not Arrive"),
            ("backlog", "The Backlog Grows"),
            ("failing", "Most Records Fail"),
        ],
        compute="_compute_halt_reason",
    )
    halt_reason = fields.Char(
        compute="_compute_halt_reason", help="Why it does not run as it should, whatever the state says."
    )

    database_uuid = fields.Char(readonly=True, copy=False, groups="base.group_system")
    database_name = fields.Char(readonly=True, copy=False, groups="base.group_system")
    database_system = fields.Char(readonly=True, copy=False, groups="base.group_system")
    database_oid = fields.Char(readonly=True, copy=False, groups="base.group_system")
    is_copy = fields.Boolean("Copied database", compute="_compute_is_copy")

    check_state = fields.Selection(
        [("none", "Not tested"), ("requested", "Testing"), ("ok", "OK"), ("warning", "Warnings"), ("error", "Errors")],
        default="none",
        readonly=True,
        copy=False,
    )
    check_at = fields.Datetime("Tested", readonly=True, copy=False)
    identity = fields.Char("Connected as", readonly=True, copy=False)
    business = fields.Char("Business at the Provider", readonly=True, copy=False)
    entity = fields.Char(
        "Entities", readonly=True, copy=False, help="Ids of those of which the records are taken; empty for all."
    )
    findings = fields.Json("Findings (data)", readonly=True, copy=False)
    findings_html = fields.Html(compute="_compute_findings_html", string="Findings", sanitize=False)
    capabilities = fields.Json(readonly=True, copy=False)
    stored_settings = fields.Json(readonly=True, copy=False)

    seat_request = fields.Selection(
        [("claim", "To be claimed"), ("release", "To be released")],
        readonly=True,
        copy=False,
        help="Whether the place of the accounting system at the vendor is to be taken or given back.",
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
        help="The address of this server for which the webhooks were set up.",
    )
    webhook_database = fields.Char(
        readonly=True,
        copy=False,
        groups="base.group_system",
        help="The database that each webhook names, where this server has several.",
    )
    webhook_checked_at = fields.Datetime("Webhooks Checked", readonly=True, copy=False)
    webhook_problem = fields.Char(readonly=True, copy=False, help="Why no webhooks arrive, and what helps.")
    webhook_state = fields.Selection(
        [
            ("none", "Off"),
            ("requested", "Being set up"),
            ("unverified", "Waiting for the vendor's check"),
            ("active", "On"),
            ("remove", "Being removed"),
        ],
        default="none",
        readonly=True,
        copy=False,
        string="Webhooks",
    )
    webhook_subscription = fields.Char(readonly=True, copy=False, groups="base.group_system")
    webhook_subscription_previous = fields.Char(readonly=True, copy=False, groups="base.group_system")

    stop_count = fields.Integer(
        "Stops", readonly=True, copy=False, help="How often the server stopped over what a person had asked for."
    )
    breaker_count = fields.Integer(readonly=True, copy=False)
    breaker_until = fields.Datetime("Calls stopped until", readonly=True, copy=False)
    last_success_at = fields.Datetime("Last success", readonly=True, copy=False)

    failed_count = fields.Integer("Failed", compute="_compute_counts")
    waiting_count = fields.Integer("Waiting", compute="_compute_counts")
    unknown_count = fields.Integer("Unknown", compute="_compute_counts")
    changed_count = fields.Integer(
        "Changed",
        compute="_compute_counts",
        help="Records that were changed or taken back after they were posted.",
    )
    backlog_count = fields.Integer("To do", compute="_compute_counts")
    done_count = fields.Integer("Done", compute="_compute_done_count")
    vendor_change_count = fields.Integer(
        "Vendor Changes", compute="_compute_counts", help="Changes of known vendors that wait for an accountant."
    )
    unmapped_count = fields.Integer(
        "Unmapped", compute="_compute_counts", help="Codes to fill, in either direction, that records wait for."
    )
    graph_data = fields.Json(compute="_compute_graph_data")
    next_step = fields.Selection(
        [
            ("credentials", "Credentials"),
            ("test", "Test"),
            ("start", "Start"),
            ("map", "Map what is unknown"),
            ("exceptions", "Look at exceptions"),
        ],
        compute="_compute_next_step",
    )

    _name_unique = models.Constraint("UNIQUE(company_id, name)", "A connection of this name exists already.")
    _webhook_token_unique = models.UniqueIndex("(webhook_token)")
    _territory_unique = models.UniqueIndex(
        "(provider, business, entity) WHERE state != 'draft' AND business IS NOT NULL",
        "Another connection already books the same entity of the same business.",
    )

    # ------------------------------------------------------------------ set-up

    @api.constrains("environment", "custom_url")
    def _check_custom_url(self):
        for connection in self.filtered(lambda c: c.environment == "custom"):
            if fault := fault_of_base(connection.custom_url or "", server_options.loopback_allowed()):
                raise ValidationError(self.env._(fault))  # pylint: disable=gettext-variable

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
        """What keeps the connection from running as it should: its cause and a sentence, or two times False."""
        if not self._origin or not self.active or self.is_copy:
            return False, False
        job = self.sudo().cron_id  # sudo: only whether it runs
        if not job.active:
            return "off", self.env._("The scheduled job is off, so nothing is read or sent.")
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
                "The scheduled job has been due since %s: this server does not run its scheduled jobs, because its"
                " configuration says max_cron_threads = 0, and no other server does.",
                since,
            )
        return self.env._(
            "The scheduled job has been due since %s: this server does not run its scheduled jobs.", since
        )

    def _webhook_halt(self):
        if self.webhook_problem:
            return "webhooks", self.webhook_problem
        base, kept = self._own_addresses()
        if not kept or kept == base:
            return None
        reason = self.env._("Webhooks arrive at %(kept)s, but Odoo calls itself %(base)s.", kept=kept, base=base)
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
        """Under which address the vendor is told to reach this server, empty where Odoo knows none that others reach.

        Odoo's own follows whoever logs in, unless it is frozen; as long as there are webhooks, it is the one for which
        they were set up.
        """
        base, kept = self._own_addresses()
        base = "" if self._address_fault(base) else base
        # sudo: any sync names the address
        is_frozen = self.env["ir.config_parameter"].sudo().get_param("web.base.url.freeze")
        return base if base and (is_frozen or not kept) else kept

    def _own_addresses(self):
        """How Odoo calls itself now, and for which address the webhooks were set up."""
        kept = self.sudo().webhook_base  # sudo: only system administrators may read where webhooks arrive
        return self.get_base_url(), kept or ""

    @staticmethod
    def _address_fault(base):
        return fault_of_own(base, server_options.loopback_allowed())

    @api.depends("findings")
    @api.depends_context("uid")
    def _compute_findings_html(self):
        for connection in self:
            connection.findings_html = self.env["ir.qweb"]._render(
                "ml_connector.connection_findings",
                {"findings": [connection._finding_for_reader(finding) for finding in connection.findings or []]},
            )

    def _finding_for_reader(self, finding):
        """A finding about another connection names it to whoever may see that one."""
        other = self.browse(finding.get("connection_id")).sudo().exists()  # sudo: only whether it is still there
        return {**finding, "title": overlap.sentence(self, other)} if other else finding

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
        """Apart from the others, because it reads all that was ever done."""
        done = [("connection_id", "in", self.ids), ("state", "=", "done"), "!", "&", *DIFFERS[:2]]
        groups = self.env["ml.sync.log"]._read_group(done, ["connection_id"], ["__count"])
        counts = {connection.id: count for connection, count in groups}
        for connection in self:
            connection.done_count = counts.get(connection.id, 0)

    @api.depends("state", "check_state", "unmapped_count", "provider")
    def _compute_next_step(self):
        """What leads a newcomer from the credentials to the first sync."""
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
        """Tries that went well and that failed on each of the last 14 days, for the card. Waiting is neither."""
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
        if self.env.user.has_group("base.group_system"):  # nobody else may see credentials
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
        # defaults for the connection are none for its parts, which are not the person's to choose
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
        """Make the flows that the vendor offers and this connection lacks."""
        existing = set(self.with_context(active_test=False).flow_ids.mapped("key"))
        self.env["ml.flow"].create(
            [
                {
                    "connection_id": self.id,
                    "key": spec.key,
                    "name": spec.label,
                    "description": spec.help,
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
            raise UserError(self.env._("The vendor system of a connection cannot change. Make a new connection."))
        if "company_id" in vals and any(c.state != "draft" and c.company_id.id != vals["company_id"] for c in self):
            raise UserError(self.env._("The company of a connection in use cannot change. Make a new connection."))
        if not vals.get("active", True) and any(connection.state in WORKING_STATES for connection in self):
            raise UserError(self.env._("Pause or disconnect a connection before you archive it."))
        # before what is written along: secrets that are typed together with a new address are meant for it
        self.filtered(lambda connection: connection._moves(vals))._leave_address()
        result = super().write(_secrets_last(vals))
        if {"state", "capabilities", "active"} & set(vals):
            self.env.registry.clear_cache()
        if "active" in vals:
            self.sudo().cron_id.active = vals["active"]  # sudo: see `_create_parts`
        return result

    def _moves(self, vals):
        """Whether calls go to another address once `vals` are written."""
        address = {"environment": self.environment, "custom_url": self.custom_url}
        after = {name: vals.get(name, value) for name, value in address.items()}
        return after != address and self._address(**after) != self._address(**address)

    def _leave_address(self):
        """Forget what was entered for, or granted or learned at, an address that is no longer called."""
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
                    body=self.env._("The address was changed: the secrets and the access for the old one are gone.")
                )

    @contextmanager
    def _watching_server(self):
        """Notice a change of the server that the credentials name: their secrets are not for the other one."""
        before = {connection: connection._server() for connection in self}
        yield
        for connection, server in before.items():
            if server and connection._server() != server:
                connection._leave_address()

    def _server(self):
        """What the credentials say of the server to which the others are sent."""
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
            raise UserError(self.env._("A connection that was used is kept for its audit trail: archive it instead."))
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
        """Whether the connection was set up in this very database, not in one that this is a copy of."""
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
        """Declare that this database, which was restored, copied or moved, is the live one."""
        if self._is_neutralized():
            raise UserError(self.env._("This database is neutralized, so it can never be the live one."))
        # sudo: engine fields
        adopted = self.sudo().filtered(lambda connection: not connection._is_this_database())
        for connection in adopted:
            connection._adopt_database()
        # what was booked since the dump is settled at the provider, and is offered here to be read again
        relisting = adopted.filtered("can_recover").with_env(self.env)
        return relisting.action_recover() if len(relisting) == 1 and self._may("administer") else None

    @needs("administer")
    def action_recover(self):
        """Look for what the provider regards as booked and Odoo lacks."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("What Odoo Lacks"),
            "res_model": "ml.recovery",
            "view_mode": "form",
            "target": "new",
            "context": {"default_connection_id": self.id},
        }

    def _adopt_database(self):
        self._skip_used_ids()
        self._remember_database()
        self.env["ml.credential"]._claim_for_this_host()
        # each cursor came along with the records, so reading from it brings again what happened since
        self.flow_ids.filtered("active").next_run_at = fields.Datetime.now()
        self.message_post(body=plaintext2html(self._adoption_note()))
        self._decided("adopt")
        self._trigger()

    def _skip_used_ids(self):
        """Let new records have ids that no record can have had which another database made since the copy.

        The vendor may know such a record by our reference, which names its id. A new prefix of the references would do,
        too, but then the vendor's older records would no longer be known for ours.
        """
        names = {spec.watches for spec in self._provider_class().flows if spec.watches}
        for name in sorted({*names, *IDS_IN_REFERENCES}):
            sequence = SQL("pg_get_serial_sequence(%s, 'id')", self.env[name]._table)
            self.env.execute_query(SQL("SELECT setval(%s, nextval(%s) + %s)", sequence, sequence, SKIPPED_IDS))

    def _adoption_note(self):
        """What a person looks at after the database was replaced: what the vendor does not offer a second time."""
        vendor = self._provider_class().label
        lines = [self.env._("This database was declared to be the live one. Its flows read on from where they stood.")]
        specs = {spec.key: spec for spec in self._provider_class().flows}
        settled = self.flow_ids.filtered(
            lambda flow: flow.active and (spec := specs.get(flow.key)) and (spec.reports or spec.acknowledges)
        )
        since = self.last_success_at and format_datetime(self.env, self.last_success_at)
        if settled and since:
            lines.append(
                self.env._(
                    "Compare %(flows)s of the time since %(moment)s with the lists at %(vendor)s: what another database"
                    " booked meanwhile is settled there and is not offered again. What can be read again is listed, and"
                    " brought in, under What Odoo Lacks.",
                    flows=", ".join(settled.mapped("name")),
                    moment=since,
                    vendor=vendor,
                )
            )
        if since:
            lines.append(
                self.env._(
                    "What another database sent to %(vendor)s since then is there already: look for it before you enter"
                    " the same again.",
                    vendor=vendor,
                )
            )
        return "\n".join(lines)

    # ------------------------------------------------------------------ buttons

    @needs("administer", "system")
    def action_test(self):
        """Test the connection in its own job, and show the findings when they are there."""
        self.ensure_one()
        self._check_job()
        missing = self._missing_credentials()
        if missing:
            raise UserError(self.env._("Enter %s first.", ", ".join(missing)))
        self.sudo().check_state = "requested"  # sudo: engine field
        self._decided("test")
        self._trigger()
        return self._wait_for("check_state", "requested")

    def _wait_for(self, field, busy):
        """Show the form again when the job has finished with `field`."""
        return {
            "type": "ir.actions.client",
            "tag": "ml_connector.wait",
            "params": {"model": self._name, "id": self.id, "field": field, "busy": busy},
        }

    def _missing_credentials(self):
        specifications = self._credential_specifications()
        credentials = self.sudo().credential_ids  # sudo: only whether they are filled
        filled = set(credentials.filtered("is_set").mapped("name"))
        return [spec.label for name, spec in specifications.items() if spec.required and name not in filled]

    def _check_job(self):
        """Nobody waits for a job that does not come."""
        if any(self.mapped("is_job_off")):
            raise UserError(self.env._("The scheduled job of this connection is off: press Switch the job on first."))

    @needs("administer")
    def action_switch_on_job(self):
        """Let the connection's job run again, which a person switched off, or Odoo after repeated failures."""
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
        """Begin to sync."""
        for connection in self:
            if connection.check_state not in ("ok", "warning"):
                raise UserError(self.env._("Test the connection first; what it finds must be solved before the start."))
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
        """Stop all reading and sending. Changes in Odoo go on being noted."""
        self.sudo().state = "paused"  # sudo: engine field
        self._decided("pause")

    @needs("administer")
    def action_disconnect(self):
        """Take our webhooks and our place as accounting system back from the vendor, and stop."""
        self.sudo().write(  # sudo: engine fields
            {"state": "draft", "seat_request": "release", "webhook_state": "remove", "check_state": "none"}
        )
        self._decided("disconnect")
        self._trigger()

    @needs("administer")
    def action_sync_now(self):
        """Run all flows of the connection at once."""
        self._check_job()
        connection = self.sudo()  # sudo: engine fields
        connection.flow_ids.filtered("active").next_run_at = fields.Datetime.now()
        connection.breaker_until = False
        self._decided("sync")
        self._trigger()
        return notification(self.env._("The sync has been started. Its progress shows here in a moment."))

    @needs("administer")
    def action_subscribe(self):
        """Let the vendor send webhooks; run again to change their secret."""
        self.ensure_one()
        self._check_job()
        self.sudo().write({"webhook_state": "requested", "webhook_problem": False})  # sudo: engine fields
        self._decided("subscribe")
        self._trigger()
        return self._wait_for("webhook_state", "requested")

    @needs("administer")
    def action_move_webhooks(self):
        """Let webhooks come to the address that Odoo has now."""
        self.ensure_one()
        if fault := self._address_fault(self.get_base_url()):
            raise UserError(self.env._(fault))  # pylint: disable=gettext-variable
        self.sudo().webhook_base = False  # sudo: engine field
        return self.action_subscribe()

    @needs("system")
    def action_keep_address(self):
        """Have Odoo call itself by the address of the webhooks, whoever logs in at which one."""
        self.ensure_one()
        kept = self.webhook_base
        if not kept:
            raise UserError(self.env._("No webhooks were set up, so there is no address to keep."))
        parameters = self.env["ir.config_parameter"]
        parameters.set_param("web.base.url", kept)
        parameters.set_param("web.base.url.freeze", "True")
        self._decided("change", self.env._("Address of this server: %s", kept))
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
        """Encrypt all secrets of this database anew, under a new key where the keys are in the key file."""
        # sudo: all connections, whichever companies the person may see
        connections = self.sudo().with_context(active_test=False).search([])  # pylint: disable=no-search-all
        connections._decided("rotate")
        self.env["ml.credential"]._rotate_keys()
        return notification(self.env._("All secrets are encrypted under the newest key now."), reload=False)

    @api.model
    @needs("system")
    def action_discard_lost_secrets(self):
        """Give up the secrets whose key is lost, so that they can be entered again, on this host, too."""
        # sudo: all connections, whichever companies the person may see
        names = self.env["ml.credential"].sudo()._discard_all_lost()
        return notification(
            self.env._("These secrets are gone; enter them again on their connections: %s", ", ".join(names)), "warning"
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
        return self._open_logs(self.env._("To do"), ["pending", "running"])

    def action_open_done(self):
        action = self._open_logs(self.env._("Done"), ["done"])
        return {**action, "domain": [*action["domain"], "!", "&", *DIFFERS[:2]]}

    def action_open_changed(self):
        action = self._open_logs(self.env._("Changed After Posting"), [])
        return {**action, "domain": [("connection_id", "=", self.id), *DIFFERS]}

    def action_open_unmapped(self):
        """The codes that records wait for, in the list where they are; else all unmapped codes of the vendor."""
        self.ensure_one()
        awaited = {"search_default_awaited": 1}
        if self.env["ml.outgoing.code"].search_count(
            [("connection_id", "=", self.id), ("waiting_count", ">", 0)], limit=1
        ):
            return self._open_codes("ml.outgoing.code", self.env._("Codes for Sending"), awaited)
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
        """What a record calls the connection: only by the provider where people of other companies read it as well."""
        company = record.sudo().company_id if "company_id" in record._fields else None  # sudo: only whether it has one
        return self.name if company else self._provider_class().label

    def _provider_class(self):
        self.ensure_one()
        return PROVIDERS[self.provider]

    def _territory(self):
        """Of what the connection keeps the books (`vendors.base.Territory`); None where that is not known."""
        self.ensure_one()
        credentials = {row.name: (row.value or "").strip() for row in self.credential_ids if not row.is_secret}
        return self._provider_class().territory(credentials, self._provider_settings())

    def _territory_values(self, territory):
        return {"business": self._business_key(territory), "entity": ",".join(sorted(territory.entities))}

    def _business_key(self, territory):
        """A business is known by its id at the address where it was asked for."""
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
        """What the provider is told besides credentials."""
        return self.stored_settings or {}

    def _forget_token(self):
        """Drop the access token, because what it was made of has changed."""
        # sudo: tokens have no reader and no writer but the connector
        tokens = self.env["ml.token"].sudo().search([("connection_id", "in", self.ids)])
        tokens.write({"access_ciphertext": False, "expires_at": False})

    def _forget_grant(self):
        """Drop all that the vendor granted: also the refresh token and its data centre. The tokens that had any."""
        # sudo: see `_forget_token`
        tokens = self.env["ml.token"].sudo().search([("connection_id", "in", self.ids)])
        granted = tokens.filtered(lambda token: token.access_ciphertext or token.refresh_ciphertext)
        tokens.write(dict.fromkeys(GRANT_FIELDS, False))
        return granted

    def _forget_secrets(self):
        """Drop the stored secrets. Those that were set."""
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
        """The secrets under which a webhook may be signed now; two while the secret is being changed."""
        found = self._internal_secrets(WEBHOOK_SECRET, WEBHOOK_SECRET_PREVIOUS)
        return [plaintext for secret in found if (plaintext := secret_box.opened(self.env, secret.ciphertext))]

    def _is_expected_handshake(self, headers):
        """Whether a request proves to be the vendor's check of a subscription that we asked for just now."""
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
        """Say which secrets are gone, and have the webhooks set up anew where theirs is. What they are called."""
        names = {record.name for record in records if record._name == "ml.credential"}
        if WEBHOOK_SECRET in names and self.webhook_state == "active":
            self.webhook_state = "requested"
        labels = ", ".join(sorted(record.label for record in records if record._name == "ml.credential")) or "OAuth"
        self.message_post(
            body=self.env._("No key of this server opens these secrets any more, so they are gone: %s", labels)
        )
        return labels

    # ------------------------------------------------------------------ health

    def _trigger(self):
        """Run the connection's job as soon as this transaction is committed."""
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
        """Count a failure that the whole connection shares; stop calling for a while, tell the owner when needed."""
        count = self.breaker_count + 1
        vals = {"breaker_count": count}
        needs_person = error.error_class == "auth" or count >= NETWORK_FAILURES_BEFORE_BREAK
        seconds = 60 * BREAK_MINUTES[min(count, len(BREAK_MINUTES)) - 1] if needs_person else min(2**count, 60)
        vals["breaker_until"] = fields.Datetime.now() + timedelta(seconds=max(seconds, error.retry_after or 0))
        self.write(vals)
        if needs_person:
            self._ask_owner(error)

    def _ask_owner(self, error):
        """Show that the connection needs a person, and tell its owner once."""
        if self.state == "connected":
            self.write({"state": "attention", "attention_reason": error.message})
            self._notify_owner(error)

    def _notify_owner(self, error):
        advice = ml_error_class.ERROR_CLASSES[error.error_class].advice
        if self.activity_search(["ml_connector.mail_activity_attention"]):
            return
        self._tell_owner(
            "ml_connector.mail_activity_attention",
            self.env._("%s needs attention", self.name),
            f"{error.message} {self.env._(advice)}",  # pylint: disable=gettext-variable
        )

    def _tell_owner(self, activity, summary, text, day=None):
        """Make an activity of the owner, as long as he has the company; else only who opens the connection sees it.

        Its text may quote what the vendor said.
        """
        user = self._told_user()
        self.activity_schedule(activity, date_deadline=day, user_id=user.id, summary=summary, note=shown_as_text(text))

    def _contact(self):
        """Whom people at the provider may ask."""
        user = self._told_user()
        return f"{user.name} ({user.email})" if user.email else user.name

    def _told_user(self):
        return self.owner_id if self.company_id in self.owner_id.company_ids else self.env.user

    def _ask_about_vendors(self):
        """Tell the owner once that changes of vendors wait for an accountant."""
        self.ensure_one()
        if not self.activity_search(["ml_connector.mail_activity_vendor_change"]):
            self._tell_owner(
                "ml_connector.mail_activity_vendor_change",
                self.env._("Changes of vendors wait for approval"),
                self.env._("An accountant decides about them under Vendor Changes."),
            )

    def _note_announcements(self, texts):
        """Tell the owner what the vendor is going to change, once for each text."""
        self.ensure_one()
        known = self.announcements or []
        # a vendor that words each answer in another way does not flood its owner
        new = [text for text in texts if text not in known][: MOST_ANNOUNCEMENTS - len(known)]
        if not new:
            return
        self.announcements = [*known, *new]
        for text in new:
            summary = self.env._("%s announces a change", self.name)
            self._tell_owner("mail.mail_activity_data_warning", summary, text)

    def _watch_access_end(self):
        """Tell the owner in time that the access ends for good, and no longer once it was renewed."""
        self.ensure_one()
        token = self.env["ml.token"].sudo().search([("connection_id", "=", self.id)])  # sudo: see `_forget_token`
        ends = token.refresh_expires_at
        last_day = ends and self.company_id._ml_day(ends)
        if not ends or ends - ACCESS_END_WARNING > fields.Datetime.now():
            self.activity_unlink(["ml_connector.mail_activity_access_end"])
        elif not self.activity_search(["ml_connector.mail_activity_access_end"]):
            summary = self.env._(
                "The access of %(connection)s ends on %(day)s",
                connection=self.name,
                day=format_date(self.env, last_day),
            )
            advice = self._provider_class().access_end_advice
            self._tell_owner("ml_connector.mail_activity_access_end", summary, advice, last_day)

    def _run_check(self, provider):
        """Ask the vendor who we are and what is granted, and keep the findings."""
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
                    *(
                        {"level": finding.level, "title": finding.title, "message": finding.message}
                        for finding in findings
                    ),
                ],
                "capabilities": sorted(report.capabilities),
                # one that would violate the rule goes on as it was: it cannot be started, and says why
                **({} if other or not territory else self._territory_values(territory)),
            }
        )
        if other and self.state in WORKING_STATES:
            self._stop_overlapping(other)
        return None

    def _add_finding(self, finding):
        """Add what was found out at the test after the provider had answered."""
        found = {"level": finding.level, "title": finding.title, "message": finding.message}
        state = finding.level if self.check_state == "ok" else self.check_state
        self.write({"findings": [found, *(self.findings or [])], "check_state": state})

    def _stop_overlapping(self, other):
        """A record that two connections book is paid twice."""
        self.state = "paused"
        text = overlap.finding(self, other)["title"]
        self._tell_owner("ml_connector.mail_activity_attention", self.env._("%s was paused", self.name), text)

    def _own_findings(self):
        """What stands in the way on this server, whatever the vendor says."""
        findings = self.env["ml.credential"]._key_findings(self)
        if not database_mark(self.env).system:
            findings.append(
                Finding(
                    level="warning",
                    title=self.env._("PostgreSQL does not tell which server this is."),
                    message=self.env._(
                        "A copy of the database on another server may be taken for this one. Let the user of Odoo's"
                        " databases run pg_control_system(), then press This is the live database."
                    ),
                )
            )
        flows = self.flow_ids.filtered(lambda flow: flow.active and f"ml.importer.{flow.kind}" in self.env)
        remarks = [remark for flow in flows for remark in flow._writer()._remarks(flow)]
        return findings + self._webhook_findings() + remarks

    def _webhook_findings(self):
        findings = []
        if self.webhook_state in ("active", "unverified"):
            self.webhook_problem = self._database_problem() or self.webhook_problem
        if self.webhook_problem:
            title = self.env._("Webhooks do not arrive, so records come on the schedule of their flows only")
            findings.append(Finding(level="warning", title=title, message=self.webhook_problem))
        return findings + self._address_findings()

    def _address_findings(self):
        base, kept = self._own_addresses()
        if not kept or kept == base:
            return []
        return [
            Finding(
                level="warning",
                title=self.env._("Webhooks arrive at %(kept)s, but Odoo calls itself %(base)s", kept=kept, base=base),
                message=self.env._(
                    "Set the system parameter web.base.url to the public address and web.base.url.freeze to True, so"
                    " that no log-in changes it. If the server has moved, remove the webhooks and set them up again."
                ),
            )
        ]

    def _currency_findings(self, currencies):
        """Rates lead to the currency over there, which is of no use where the company has another one."""
        own = self.company_id.currency_id.name
        other = sorted(currencies - {own})
        if not other:
            return []
        return [
            Finding(
                level="warning",
                title=self.env._(
                    "The books at %(connection)s are in %(other)s, but %(company)s is in %(own)s",
                    connection=self.name,
                    other=", ".join(other),
                    company=self.company_id.name,
                    own=own,
                ),
                message=self.env._("Rates that are stated there are not used: bills are booked at Odoo's own rates."),
            )
        ]

    def _note_failed_check(self, error):
        self.write(
            {
                "check_state": "error",
                "check_at": fields.Datetime.now(),
                "identity": False,
                "findings": [{"level": "error", "title": error.message, "message": self._advice(error)}],
            }
        )

    def _databases_there(self):
        """The databases among which a request to the address of the webhooks may choose."""
        return http.db_list(force=True, host=urlsplit(self._told_base() or self.get_base_url()).netloc)

    def _webhook_headers(self):
        """What each webhook has to carry so that it reaches this database."""
        there = self._databases_there()
        return {DATABASE_HEADER: self.env.cr.dbname} if len(there) > 1 and self.env.cr.dbname in there else {}

    def _database_problem(self):
        """Why webhooks do not reach this database, as a sentence; empty where they do."""
        there, base = self._databases_there(), self._told_base() or self.get_base_url()
        if self.env.cr.dbname not in there:
            return self.env._(
                "This server does not offer the database %(database)s at %(base)s: correct dbfilter in its"
                " configuration, then set the webhooks up again.",
                database=self.env.cr.dbname,
                base=base,
            )
        if len(there) > 1 and not self._provider_class().forwards_headers:
            return self.env._(
                "This server has several databases at %(base)s, and the webhooks of %(provider)s cannot say for which"
                " one they are: set dbfilter in the configuration of Odoo, so that this address leads to the database"
                " %(database)s only.",
                base=base,
                provider=self._provider_class().label,
                database=self.env.cr.dbname,
            )
        return ""

    def _note_unconfirmed(self):
        self.webhook_problem = self._database_problem() or self.env._(
            "%(provider)s has not confirmed the webhooks for more than an hour: it must reach %(url)s from the"
            " internet. Let firewalls and proxies pass its requests, then set the webhooks up again.",
            provider=self._provider_class().label,
            url=self._told_base(),
        )
        self.message_post(body=self.webhook_problem)

    def _note_failed_subscription(self, error):
        self.webhook_state = "active" if self.webhook_subscription else "none"
        self.webhook_problem = error.message
        self.message_post(body=self.env._("Webhooks could not be set up: %s", error.message))

    def _advice(self, error):
        return self.env._(ml_error_class.ERROR_CLASSES[error.error_class].advice)  # pylint: disable=gettext-variable

    def _cron_run(self):
        """The connection's scheduled job."""
        self.env["ml.worker"]._run(self)


def _secrets_last(vals):
    """The same values, secrets after all other credentials: what names another server drops those of the old one."""
    if not vals.get("credential_ids"):
        return vals
    commands = sorted(vals["credential_ids"], key=lambda command: "new_secret" in (command[2:] and command[2] or ()))
    return {**vals, "credential_ids": commands}
