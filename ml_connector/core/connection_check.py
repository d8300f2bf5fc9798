"""What the checks behind *Test connection* share."""

from .errors import AuthError, PermanentError
from .provider import CheckReport, Finding


class ConnectionCheck:
    """One run of the check. Reads only.

    :cvar label: what the vendor is called
    :cvar identity: name of the credential that says who we are, until the vendor says it
    """

    label = ""
    identity = "client_id"

    def __init__(self, client, settings, tokens):
        self.client = client
        self.settings = settings
        self.tokens = tokens
        self.report = CheckReport(identity=settings.credentials.get(self.identity) or "")

    def run(self):
        """The `CheckReport`."""
        raise NotImplementedError

    def _find(self, level, title, message=""):
        self.report.findings.append(Finding(level=level, title=title, message=message))

    def _guarded(self, check):
        """A part that the vendor refuses is a finding, not the end of the check."""
        try:
            check()
        except (AuthError, PermanentError) as error:
            self._find("warning", f"{self.label} refuses a part of its service", error.message)
