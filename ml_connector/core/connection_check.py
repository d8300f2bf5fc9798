"""The connection check, as far as providers share it."""

from .errors import AuthError, PermanentError
from .messages import _
from .provider import CheckReport, Finding


class ConnectionCheck:
    """One run of the check. Reads only.

    :cvar label: name of the provider
    :cvar identity: name of the credential that identifies the account until the provider names it
    """

    label = ""
    identity = "client_id"

    def __init__(self, client, settings, tokens, flows=()):
        self.client = client
        self.settings = settings
        self.tokens = tokens
        self.flows = flows
        self.report = CheckReport(identity=settings.credentials.get(self.identity) or "")

    def run(self):
        """The `CheckReport`."""
        raise NotImplementedError

    def _find(self, level, title, message=""):
        self.report.findings.append(Finding(level=level, title=title, message=message))

    def _guarded(self, check):
        """Run a part of the check; a refusal becomes a finding and does not end the check."""
        try:
            check()
        except (AuthError, PermanentError) as error:
            self._find("warning", _("%(provider)s refused part of the check", provider=self.label), error.message)
