"""What the engine asks of a vendor. A new vendor is one subclass of `Provider` in a folder of its own."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from .flow import FeedSpec, FlowSpec
from .moments import localized


def content_version(content) -> str:
    """Sixteen hex digits that stand for the content of a JSON value; the order of keys does not matter."""
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(canonical.encode("utf-8", "replace")).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A value that the administrator enters on the connection; secret ones are encrypted and never shown again.

    :param address: whether it names the server to which the others are sent: another one gets none of the secrets
    :param grant: whether a refresh token is granted for it: with another value the whole grant ends
    """

    name: str
    label: str
    secret: bool = False
    required: bool = True
    help: str = ""
    address: bool = False
    grant: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteRecord:
    """A remote record as it was read.

    :param version: changes whenever the content that matters changes (see `content_version`)
    :param title: what a person calls it (an invoice number, a name)
    :param payload: the vendor's own JSON, kept to translate it again with today's mappings
    """

    external_id: str
    version: str
    title: str
    payload: dict
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemotePage:
    """Items of one answer and the cursor to store once they are stored. `cursor` None: leave it as it is.

    :param is_told: of `Provider.booked`: whether the provider was told that they are booked
    """

    items: tuple[RemoteRecord, ...]
    cursor: str | None = None
    total: int | None = None
    is_told: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SendResult:
    """What the vendor answered to a record that we sent.

    :param linked: whether the vendor had the record already, so that nothing was made
    :param takes_files: whether the flows that follow are to send the record's files now
    :param shared: values of the record as the vendor has them now, as far as its answer says (see
        `documents.Vendor.shared`); for kinds that both sides may change
    :param untaken: names of such values that the vendor did not take: what Odoo changed of them stays to be sent
    :param message: what people who look at the record have to know: it is noted on the record
    :param mapping: the `documents.Reference` under which the record comes back in the vendor's own records
    :param parts: {(kind, the vendor's id): our id} of its lines, by which other records of the vendor name them
    :param is_incomplete: whether something of it did not get there, so that it is sent anew when it is queued again
    """

    external_id: str
    version: str = ""
    url: str = ""
    note: str = ""
    linked: bool = False
    mapping: object = None
    takes_files: bool = False
    shared: dict = field(default_factory=dict)
    untaken: frozenset = frozenset()
    message: str = ""
    parts: dict = field(default_factory=dict)
    is_incomplete: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A webhook event: a hint that a record changed."""

    event_id: str
    event_type: str
    external_id: str = ""
    created_at: str = ""
    challenge: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One result of the connection check; `level` is `ok`, `warning` or `error`."""

    level: str
    title: str
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Territory:
    """Of which records at the provider a connection keeps the books: no other connection takes the same.

    :param business: the provider's id of the customer
    :param name: what people call that customer; empty: as the provider says who we are
    :param entities: {id: name} of the parts of the business that are taken; empty for all of it
    """

    business: str
    name: str = ""
    entities: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class CheckReport:
    """What *Test connection* found out.

    :param identity: who we are connected as
    :param capabilities: permissions and features that the vendor granted, stored on the connection
    :param settings: values the provider wants kept between calls (ids it looked up)
    :param choices: {name of a credential: values that the provider has for it}
    :param currencies: ISO 4217 codes in which the books over there are kept, as far as that is known
    """

    identity: str = ""
    findings: list[Finding] = field(default_factory=list)
    capabilities: set[str] = field(default_factory=set)
    settings: dict = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)
    currencies: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the engine hands to a provider of the connection's set-up.

    :param base_url: where the API answers; chosen by environment, never typed for production
    :param credentials: decrypted, by name of `Credential`; in memory only
    :param stored: what `CheckReport.settings` returned last
    :param capabilities: what `CheckReport.capabilities` returned last
    :param instance: stable name of this database and connection, the root of idempotency keys
    :param options: {flow key: {name: value}} of the choices made on the flows
    :param company: our own short code of the company, the same for ever
    :param time_zone: name of the zone in which the company's days begin
    :param allow_loopback: whether this machine itself may be called; None: as the environment says
    :param file_hosts: domains that the server's configuration adds to those from which the vendor's files come
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


class Provider:
    """A vendor: its protocol client plus the translation between its wire format and documents.

    Class attributes describe the vendor; an instance serves one connection for one run.
    All methods raise `errors.ConnectorError` subclasses and nothing else on purpose.
    """

    key = ""
    label = ""
    environments: dict[str, str] = {}
    """Base URL by environment: `production`, `sandbox`."""
    credentials: tuple[Credential, ...] = ()
    flows: tuple[FlowSpec, ...] = ()
    webhook_events: tuple[str, ...] = ()
    challenges_webhooks = True
    """Whether a webhook subscription counts only once the vendor's challenge was answered."""
    forwards_headers = False
    """Whether each webhook carries the headers that the subscription names."""
    webhook_headers: dict[str, str] = {}
    """Headers that each webhook has to carry; the engine sets them before it subscribes."""
    moments: tuple[str, ...] = ()
    """Keys of its records that say when something happened; all other dates were chosen by somebody."""
    events_kept: timedelta | None = None
    """How long the vendor repeats an event that nobody takes; None: that is not known."""
    has_entities = False
    """Whether several connections can share one business among them by its entities."""
    relists_cheaply = False
    """Whether its lists of what it regards as booked may be read at each test of the connection."""
    lookup_delay = 0
    """Seconds after which a request that got no answer has surely ended at the vendor; before it is not looked up."""
    access_end_advice = ""
    """What a person does before a refresh token ends for good, where the vendor's ends."""
    feeds: tuple[FeedSpec, ...] = ()
    """Default templates of the flows whose records travel in files."""
    pushes: dict[str, type] = {}
    """By push flow: the class that renders, sends and finds its records. It is made once a run, with the provider."""

    def __init__(self, settings: Settings, tokens, observe):
        """
        :param tokens: the store of the access token (`clients.TokenStore`). `get(fetch)` returns the stored valid token
            or the value of `fetch()`, an `AccessToken`; `renew(fetch, rejected)` returns another token than the one
            that the vendor refused. Both are called from several threads, outside the caller's transaction.
        :param observe: called with a `clients.Exchange` after each remote call, from the thread that made it
        """
        self.settings = settings
        self._tokens = tokens
        self._observe = observe
        self._pushes = {}

    @cached_property
    def learned(self):
        """What it found out in this run and wants kept between calls, as `CheckReport.settings`."""
        return {}

    @property
    def zone(self):
        """Where the company's days begin."""
        return ZoneInfo(self.settings.time_zone)

    def localized(self, record):
        """A record of the vendor's with its moments as they are in the company's time zone."""
        return localized(record, self.zone, self.moments)

    def _client_options(self):
        """What each HTTP client is told besides its credentials."""
        return {
            "tokens": self._tokens,
            "observe": self._observe,
            "allow_loopback": self.settings.allow_loopback,
            "file_hosts": self.settings.file_hosts,
        }

    @classmethod
    def flow(cls, key: str) -> FlowSpec:
        """The flow of that key; a key that is not known is that of a flow which does nothing."""
        known = next((flow for flow in cls.flows if flow.key == key), None)
        return known or FlowSpec(key=key, label=key, direction="", kind="", sequence=0)

    @classmethod
    def blocked(cls, flow: str, capabilities: frozenset, options: dict) -> str:
        """One sentence that says why a push flow cannot work with what the vendor granted; empty when it can."""
        spec = cls.flow(flow)
        missing = [name for name in (*spec.scopes, *spec.needs) if name not in capabilities]
        return f"The vendor did not grant {', '.join(missing)}." if missing else ""

    @classmethod
    def territory(cls, credentials: dict, stored: dict) -> Territory | None:
        """What the connection takes, by its credentials that are no secrets and by what the check found out.

        None where that is not known.
        """
        return None

    def check(self) -> CheckReport:
        """Find out who we are, what is granted, and what stands in the way. Reads only."""
        raise NotImplementedError

    def claim_accounting_connection(self):
        """Become the business's accounting system where the vendor allows only one; quiet when we are already.

        :raises ConflictError: another system is
        """

    def release_accounting_connection(self):
        """Give back what `claim_accounting_connection` took; never what another system holds."""

    def pull(self, flow: str, cursor: str, since) -> Iterator[RemotePage]:
        """Pages of a pull flow, to be stored one by one.

        :param cursor: as stored after the last committed page, empty at first
        :param since: `date` before which records are left alone, or None
        """
        raise NotImplementedError

    def booked(self, flow: str, since) -> Iterator[RemotePage]:
        """Pages of what the provider regards as booked since a `date`, and so does not offer for booking any more.

        For flows that relist. A record may be older where the provider does not say when it was booked.
        """
        raise NotImplementedError

    def reread(self, flow: str) -> Iterator[RemotePage]:
        """Pages of what is booked already and may have been changed since: known records of them are compared again."""
        return iter(())

    def fetch(self, flow: str, external_id: str) -> RemoteRecord | None:
        """One record as it is now; None when it is gone."""
        raise NotImplementedError

    def fetch_files(self, flow: str, external_id: str, known: dict) -> RemoteRecord | None:
        """The record of a flow of files as it is now, with links to its files; None when it is gone.

        :param known: `subject_kind`; as far as it is known the `names` of its files, and a `day` when they may be made
        """
        return self.fetch(flow, external_id)

    def acknowledge(self, flow: str, versions: list[str]) -> dict[str, str]:
        """Tell the vendor that records are stored. It is repeated until it is known to have worked.

        :param versions: of the stored items
        :return: versions that the vendor took back meanwhile, with the reason
        """
        raise NotImplementedError

    def heard(self, flow: str, external_id: str) -> tuple[str, str, str] | None:
        """What people at the provider did by hand to what a push flow sends.

        :return: kind and external id of the record that it concerns, and a sentence on it; None: nothing of theirs
        """
        return None

    def changed_after(self, flow: str, external_id: str, moment) -> bool | None:
        """Whether a record of a flow with a `conflict_policy` was changed at the vendor after `moment` (UTC).

        None when the vendor's times do not tell: then a person is asked.
        """
        raise NotImplementedError

    def document(self, flow: str, payload: dict):
        """Translate a payload. Pure: no remote call. Raises InvalidDataError."""
        raise NotImplementedError

    def download(self, url: str) -> tuple[str, bytes]:
        """MIME type and content of a file at the vendor."""
        raise NotImplementedError

    def render(self, flow: str, document) -> dict:
        """The body we would send for a document. Pure; also what the fingerprint is taken of."""
        return self._push(flow).render(document)

    def untaken(self, flow: str) -> frozenset:
        """Names of `shared` values that the provider does not take now, by what is known of it (`Sent.untaken`)."""
        return frozenset()

    def send(self, flow: str, payload: dict, external_id: str, key: str) -> SendResult:
        """Create (`external_id` empty) or update a record.

        :param key: idempotency key, stable over retries
        :raises UnconfirmedError: when it may have taken effect
        """
        return self._push(flow).send(payload, external_id, key)

    def send_many(self, flow: str, jobs: list[tuple[dict, str, str]]) -> list:
        """Create or update several records (`payload`, `external_id`, `key` each), at most the flow's `batch`.

        :return: for each, in order, a `SendResult` or the `ConnectorError` that it met
        """
        return self._push(flow).send_many(jobs)

    def find(self, flow: str, payload: dict, key: str) -> SendResult | None:
        """Look up, by our own reference, whether an earlier `send` took effect."""
        return self._push(flow).find(payload, key)

    def _push(self, flow):
        """One for each run: it keeps what it has looked up."""
        if flow not in self._pushes:
            self._pushes[flow] = self.pushes[flow](self)
        return self._pushes[flow]

    def report(self, results, key: str) -> dict[str, str]:
        """Tell the vendor what became of records (`documents.Result` of one subject).

        :return: external ids that were refused, with the reason
        """
        raise NotImplementedError

    def reported(self, result) -> bool | None:
        """Whether the vendor knows a result already; None when it cannot be asked."""
        raise NotImplementedError

    def files(self):
        """The vendor's file server, as `clients.SftpSession` offers it; one session for all of a run."""
        raise NotImplementedError

    @classmethod
    def read_file(cls, template, content: bytes):
        """A file with its `documents` and, when these were taken, its `notes`, as in `documents.FileContent`. Pure.

        :raises FileFormatError: the file as a whole cannot be read
        """
        raise NotImplementedError

    @classmethod
    def file_item(cls, flow: str, template, document) -> RemoteRecord:
        """A document of a file as an item of its flow. Pure."""
        raise NotImplementedError

    @classmethod
    def file_writer(cls, template, stream):
        """An object that writes a file to a binary stream. Pure.

        `texts_of(values)` gives the row as it will stand there, `write(rows)` and `write_document(rows)` write such
        rows, `close()` ends the file, `size` is what was written.
        """
        raise NotImplementedError

    def close(self):
        """End what is open towards the vendor at the end of a run."""

    def subscribe(self, endpoint_url: str, handshake: str) -> tuple[str, str]:
        """Create the webhook subscription; returns its id and secret."""
        raise NotImplementedError

    def is_subscribed(self, subscription_id: str, endpoint_url: str) -> bool | None:
        """Whether the subscription is in force just as `subscribe` would make it; None where that cannot be asked."""
        return None

    def confirm_subscription(self, subscription_id: str, challenge: str):
        """Answer the vendor's challenge."""
        raise NotImplementedError

    def unsubscribe(self, subscription_id: str):
        """Remove the webhook subscription; quiet when it is gone already."""
        raise NotImplementedError

    @classmethod
    def verify_webhook(cls, headers, body: bytes, secrets) -> bool:
        """Whether the raw body carries a valid signature under one of the secrets. Constant time."""
        raise NotImplementedError

    @classmethod
    def parse_webhook(cls, headers, body: bytes) -> Event:
        """Raises InvalidDataError when it is not the vendor's envelope."""
        raise NotImplementedError

    @classmethod
    def handshake(cls, headers) -> str:
        """The token by which a challenge proves that it answers our own subscription request."""
        raise NotImplementedError
