"""*Test connection*: who we are, what is granted, when the refresh token ends. Changes nothing."""

# Odoo translates, and there is no Odoo here.

from datetime import UTC, datetime
from urllib.parse import urlsplit

from ...core.connection_check import ConnectionCheck
from ...core.errors import AuthError, PermanentError
from .flows import FIS, FLOWS
from .flows_masters import LISTS
from .lists import check_lists

WHERE = "in SAP Concur's OAuth 2.0 Application Management, then make a new company request token and test again"


class Checker(ConnectionCheck):
    identity = "company_id"

    def run(self):
        try:
            self.tokens.get(self.client.fetch_token)
        except AuthError as error:
            self._find("error", "SAP Concur gives no access", error.message)
            return self.report
        stored = self.tokens.stored()
        centre = urlsplit(stored.location).hostname or ""
        self._find("ok", f"SAP Concur gives access; the data centre is {centre}")
        self.report.capabilities = set(stored.scope.split())
        self._check_scopes()
        self._check_end(stored)
        if FIS in self.report.capabilities:
            self._check_queue()
        self._check_lists()
        return self.report

    def _check_scopes(self):
        needed = dict.fromkeys(scope for flow in FLOWS for scope in flow.scopes)
        missing = [scope for scope in needed if scope not in self.report.capabilities]
        for scope in missing:
            flows = ", ".join(flow.label for flow in FLOWS if scope in flow.scopes)
            self._find(
                "warning",
                f"The scope {scope} is not granted",
                f"Without it these do not work: {flows}. Add it {WHERE}.",
            )
        if not missing:
            self._find("ok", "All scopes are granted")

    def _check_end(self, stored):
        if not stored.refresh_expires_at:
            return
        days = (stored.refresh_expires_at - datetime.now(UTC).replace(tzinfo=None)).days
        level = "ok" if days > 30 else "warning"
        self._find(level, f"The access lasts until {stored.refresh_expires_at:%Y-%m-%d}, or longer when it is used")

    def _check_queue(self):
        """Reading the queue changes nothing, and says whether the service is switched on for the site."""
        try:
            self.client.ready_documents("expense", limit=1)
        except (AuthError, PermanentError) as error:
            self._find(
                "error",
                "The Financial Integration Service does not answer",
                f"{error.message} Ask SAP to switch it on for the site.",
            )
        else:
            self._find("ok", "The Financial Integration Service answers")

    def _check_lists(self):
        lists, capabilities = {}, set()
        if LISTS in self.report.capabilities:
            lists, capabilities = check_lists(self.client, self.settings.credentials.get("lists"), self._find)
        self.report.settings["lists"] = lists
        self.report.capabilities |= capabilities
