"""The connection check: sign-in, permissions, expiry of the refresh token, lists. It changes nothing."""

from datetime import UTC, datetime
from urllib.parse import urlsplit

from ...core.errors import AuthError, PermanentError
from ...core.messages import _, paragraph
from ...core.provider import ConnectionCheck
from .financial_documents import ready_documents
from .lists import check_lists
from .scopes import FIS, LISTS


class Checker(ConnectionCheck):
    label = "SAP Concur"
    identity = "company_id"

    def run(self):
        try:
            self.tokens.get(self.client.fetch_token)
        except AuthError as error:
            self._find("error", _("SAP Concur rejected the credentials"), error.message)
            return self.report
        stored = self.tokens.stored()
        host = urlsplit(stored.location).hostname or ""
        self._find("ok", _("Signed in to SAP Concur (data center %(host)s)", host=host))
        self.report.capabilities = set(stored.scope.split())
        self._check_scopes()
        self._check_end(stored)
        if FIS in self.report.capabilities:
            self._check_queue()
        self._check_lists()
        return self.report

    def _check_scopes(self):
        needed = dict.fromkeys(scope for flow in self.flows for scope in flow.scopes)
        missing = [scope for scope in needed if scope not in self.report.capabilities]
        for scope in missing:
            flows = tuple(flow.label for flow in self.flows if scope in flow.scopes)
            self._find(
                "warning",
                _("Missing permission (scope %(scope)s)", scope=scope),
                _(
                    "These flows need it: %(flows)s. Add the scope in SAP Concur under OAuth 2.0 Application "
                    "Management. Then create a new company request token and test again.",
                    flows=flows,
                ),
            )
        if not missing:
            self._find("ok", _("All permissions granted"))

    def _check_end(self, stored):
        if not stored.refresh_expires_at:
            return
        days = (stored.refresh_expires_at - datetime.now(UTC).replace(tzinfo=None)).days
        level = "ok" if days > 30 else "warning"
        day = stored.refresh_expires_at.date()
        self._find(level, _("Access expires on %(day)s, or later if Odoo uses it before", day=day))

    def _check_queue(self):
        """Read one document of the queue, which shows whether the service is active for the site."""
        try:
            ready_documents(self.client, "expense", limit=1)
        except (AuthError, PermanentError) as error:
            self._find(
                "error",
                _("The Financial Integration Service does not answer"),
                paragraph(error.message, _("Ask SAP to activate the Financial Integration Service for the site.")),
            )
        else:
            self._find("ok", _("The Financial Integration Service answers"))

    def _check_lists(self):
        lists, capabilities = {}, set()
        if LISTS in self.report.capabilities:
            lists, capabilities = check_lists(self.client, self.settings.credentials.get("lists"), self._find)
        self.report.settings["lists"] = lists
        self.report.capabilities |= capabilities
