"""The interface between engine and providers. A new provider is one subclass of `Provider` in its own folder."""

from dataclasses import dataclass, field
from datetime import datetime, time
from functools import cached_property
from zoneinfo import ZoneInfo

from .errors import AuthError, PermanentError
from .flow import Flow
from .messages import _


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A value that the administrator enters on the connection; secrets are encrypted and never shown again.

    :param address: whether it names the server that receives the others; changing it discards the secrets
    :param grant: whether a refresh token depends on it; changing it ends the whole grant
    """

    name: str
    label: str
    secret: bool = False
    required: bool = True
    help: str = ""
    address: bool = False
    grant: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One result of the connection check. `level` is `ok`, `warning` or `error`; title and message are `Message`s."""

    level: str
    title: str
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Territory:
    """The records of a provider that a connection books; no other connection may book the same ones.

    :param business: the provider's ID of the customer
    :param name: name of that customer; empty: the identity of the check
    :param entities: {ID: name} of the booked entities of the business; empty for all of them
    """

    business: str
    name: str = ""
    entities: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class CheckReport:
    """Results of the connection check.

    :param identity: the account at the provider
    :param capabilities: permissions and features that the provider granted, stored on the connection
    :param settings: values to store between calls, such as IDs that were looked up
    :param choices: {name of a credential: its possible values at the provider}
    :param currencies: ISO 4217 codes of the provider's accounting currencies, as far as they are known
    """

    identity: str = ""
    findings: list[Finding] = field(default_factory=list)
    capabilities: set[str] = field(default_factory=set)
    settings: dict = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)
    currencies: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Settings of a connection that the engine passes to its provider.

    :param base_url: URL of the API; for production the environment determines it
    :param credentials: decrypted, by name of `Credential`; in memory only
    :param stored: the last `CheckReport.settings`
    :param capabilities: the last `CheckReport.capabilities`
    :param instance: stable name of this database and connection, the root of idempotency keys
    :param options: {flow key: {name: value}} of the options of the flows
    :param company: Odoo's short code of the company, which never changes
    :param time_zone: name of the company's time zone
    :param allow_loopback: whether this machine itself may be called; None: as the environment says
    :param file_hosts: domains that the server's configuration adds to those from which the provider's files come
    """

    base_url: str
    credentials: dict
    stored: dict = field(default_factory=dict)
    capabilities: frozenset = frozenset()
    instance: str = ""
    options: dict = field(default_factory=dict)
    company: str = ""
    time_zone: str = "UTC"
    allow_loopback: bool | None = None
    file_hosts: tuple[str, ...] = ()

    def __repr__(self):
        return f"Settings({self.base_url})"


class ConnectionCheck:
    """One run of the connection check, as far as providers share it. Reads only.

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


class Provider:
    """A provider: its protocol client and the translation between its wire format and documents.

    Class attributes describe the provider; an instance serves one connection for one run.
    All methods deliberately raise only subclasses of `errors.ConnectorError`.
    """

    key = ""
    label = ""
    environments: dict[str, str] = {}
    """Base URL by environment: `production`, `sandbox`."""
    credentials: tuple[Credential, ...] = ()
    flows: tuple[type[Flow], ...] = ()
    """The class of each flow, in the order of their `sequence`."""
    moments: tuple[str, ...] = ()
    """Keys of its records that hold times of events; all others hold dates that a user chose."""
    has_entities = False
    """Whether several connections can divide one business by its entities."""
    relists_cheaply = False
    """Whether each connection check may read its lists of booked records."""
    lookup_delay = 0
    """Seconds after which the provider has surely finished an unanswered request, so that Odoo can look it up."""
    access_end_advice = ""
    """Sentence on what to do before the refresh token expires, if the provider's expires."""

    def __init__(self, settings: Settings, tokens, observe):
        """
        :param tokens: the store of the access token (`http.TokenStore`). `get(fetch)` returns the stored valid token
            or the value of `fetch()`, an `AccessToken`; `renew(fetch, rejected)` returns another token than the one
            that the provider refused. Several threads call both, outside the caller's transaction.
        :param observe: called with an `http.Exchange` after each remote call, from the thread that made it
        """
        self.settings = settings
        self._tokens = tokens
        self._observe = observe

    @cached_property
    def _flows(self):
        return {}

    @cached_property
    def learned(self):
        """Values that it found in this run, to store between calls as in `CheckReport.settings`."""
        return {}

    @property
    def zone(self):
        """The company's time zone."""
        return ZoneInfo(self.settings.time_zone)

    def localized(self, record):
        """A record of the provider with its times in the company's time zone."""
        return localized(record, self.zone, self.moments)

    def entered(self, *names):
        """{name: credential}; a text that was not entered is empty."""
        return {name: self.settings.credentials.get(name) or "" for name in names}

    def _client_options(self):
        """Options of each HTTP client besides its credentials."""
        return {
            "tokens": self._tokens,
            "observe": self._observe,
            "allow_loopback": self.settings.allow_loopback,
            "file_hosts": self.settings.file_hosts,
        }

    @classmethod
    def flow_class(cls, key: str) -> type[Flow]:
        """The class of the flow of that key; for an unknown key a flow that does nothing."""
        known = next((flow for flow in cls.flows if flow.key == key), None)
        return known or type("UnknownFlow", (Flow,), {"key": key, "label": key})

    def flow(self, key: str) -> Flow:
        """The flow of that key: one instance for each run, because it caches lookups."""
        if key not in self._flows:
            self._flows[key] = self.flow_class(key)(self)
        return self._flows[key]

    @classmethod
    def blocked(cls, key: str, capabilities: frozenset, options: dict) -> str:
        """A sentence on why a push flow cannot work with the granted capabilities; empty if it can."""
        required = cls.flow_class(key).required(capabilities, options)
        missing = [name for name in dict.fromkeys(required) if name not in capabilities]
        return cls.explain_missing(missing) if missing else ""

    @classmethod
    def explain_missing(cls, missing: list[str]) -> str:
        """A sentence on capabilities that the provider did not grant, and what to do about them."""
        return _("%(provider)s did not grant %(permissions)s.", provider=cls.label, permissions=missing)

    @classmethod
    def territory(cls, credentials: dict, stored: dict) -> Territory | None:
        """The records that the connection books, by its non-secret credentials and the results of the check.

        None if that is unknown.
        """
        return None

    def check(self) -> CheckReport:
        """Check sign-in, permissions and obstacles. Reads only."""
        raise NotImplementedError

    def download(self, url: str) -> tuple[str, bytes]:
        """MIME type and content of a file of the provider."""
        return self.client.download(url)

    def close(self):
        """Close the connections to the provider at the end of a run."""


def localized(value, zone, names):
    """A record with its times converted to a time zone, so that their dates are those of the company.

    Midnight means a date without a time.

    :param names: keys of times of events; all other keys hold dates that a user chose, in whatever form
    """
    if isinstance(value, list):
        return [localized(part, zone, names) for part in value]
    if not isinstance(value, dict):
        return value
    return {key: _moved(part, zone) if key in names else localized(part, zone, names) for key, part in value.items()}


def _moved(value, zone):
    try:
        moment = datetime.fromisoformat(value)
        if not moment.tzinfo or moment.time() == time():
            return value
        return moment.astimezone(zone).isoformat()
    except (TypeError, ValueError, OverflowError):
        return value  # the translation of the record reports the error
