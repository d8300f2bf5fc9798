from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core.errors import ConnectorError
from ..core.messages import Message, _
from ..core.provider import Finding
from ..vault.database_mark import database_mark
from . import overlap
from .ml_connection_job import WORKING_STATES
from .ml_sealed import needs
from .ml_sentence import in_words


class MlConnectionCheck(models.AbstractModel):
    """The connection check: its findings, and what it learns of the provider's account."""

    _name = "ml.connection.check"
    _inherit = "ml.sealed"
    _description = "Connection Check"

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
    findings = fields.Json("Findings (Data)", readonly=True, copy=False)
    findings_html = fields.Html(compute="_compute_findings_html", string="Findings", sanitize=False)
    capabilities = fields.Json(readonly=True, copy=False)
    stored_settings = fields.Json(readonly=True, copy=False)

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

    @needs("administer", "system")
    def action_test(self):
        """Check the connection in its scheduled action, then show the findings."""
        self.ensure_one()
        self._check_job()
        missing = self._missing_credentials()
        if missing:
            raise UserError(self.env._("Enter the missing credentials first: %(labels)s.", labels=", ".join(missing)))
        return self._ask_job("test", "check_state", "requested")

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
        rights = self._user_findings()
        overlaps = [Finding(level="error", title=overlap.told(self, other), message="")] if other else []
        findings = [*report.findings, *self._currency_findings(report.currencies), *self._own_findings()]
        levels = {finding.level for finding in (*rights, *overlaps, *findings)}
        self.write(
            {
                "check_state": "error" if "error" in levels else "warning" if "warning" in levels else "ok",
                "check_at": fields.Datetime.now(),
                "identity": report.identity,
                "findings": [
                    *map(stored_finding, rights),
                    # without the name of the other connection, which only some readers may see
                    *({**stored_finding(finding), "connection_id": other.id} for finding in overlaps),
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

    def _note_failed_check(self, error):
        self.write(
            {
                "check_state": "error",
                "check_at": fields.Datetime.now(),
                "identity": False,
                "findings": [stored_finding(Finding(level="error", title=error.message, message=self._advice(error)))],
            }
        )

    def _add_finding(self, finding):
        """Add a finding to those of the connection check."""
        state = finding.level if self.check_state == "ok" else self.check_state
        self.write({"findings": [stored_finding(finding), *(self.findings or [])], "check_state": state})

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
        flows = self.flow_ids.filtered(lambda flow: flow.active and flow.direction == "pull" and flow._has_documents())
        remarks = [remark for flow in flows for remark in flow._importer()._remarks(flow)]
        return findings + self._webhook_findings() + remarks

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
                    provider=self._provider_name(),
                    other=", ".join(other),
                    company=self.company_id.name,
                    own=own,
                ),
                message=_(
                    "Odoo ignores the exchange rates of %(provider)s and books bills at its own rates.",
                    provider=self._provider_name(),
                ),
            )
        ]

    def _stop_overlapping(self, other):
        """Pause a connection whose records another one books too, because they would be paid twice."""
        self.state = "paused"
        self._tell_owner(
            "ml_connector.mail_activity_attention",
            self.env._("%(connection)s was paused", connection=self.name),
            in_words(self.env, overlap.told(self, other)),
        )

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


def stored_finding(finding):
    """A finding in JSON: in English, with the sources of its sentences."""
    texts = {"title": finding.title, "message": finding.message}
    sources = {f"{name}_source": text.to_json() for name, text in texts.items() if isinstance(text, Message)}
    return {"level": finding.level, **texts, **sources}
