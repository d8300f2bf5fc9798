"""What a flow is, and the default templates of flows that use files.

A provider has one class per flow, in the file of its subject. The class declares what the engine has to know of the
flow, and its methods stand in the order in which a record travels.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from . import items
from .errors import ConnectorError, InvalidDataError, NotFoundError
from .remote import RemotePage, RemoteRecord, SendResult


class Flow:
    """One kind of record in one direction. The engine reads the class; an instance serves one run of a connection.

    :param provider: the connection's `Provider` in this run
    """

    key = ""
    """Unique within the provider."""
    label = ""
    """Its name, a `Message`."""
    help = ""
    """Sentences on what it does, a `Message`."""
    direction = ""
    """`pull` (into Odoo) or `push` (from Odoo)."""
    kind = ""
    """Kind of document, which names the importer or exporter: `vendor`, `bill`, `payment`, `reference`, `file`."""
    has_documents = True
    """Whether an importer or exporter translates its records."""
    sequence = 0
    """Order of the flows in one run."""
    interval = 60
    """Minutes between two runs by default."""
    daily_hour: float | None = None
    """Hour of the day (UTC) at which it runs by default, instead of every `interval` minutes."""
    active = True
    """Whether the flow is active on a new connection."""
    scopes: tuple[str, ...] = ()
    """Permissions that the flow requires."""
    events: tuple[str, ...] = ()
    """Webhook event types that announce changed records; for a push flow, manual changes (`PushFlow.manual_change`)."""
    options: tuple[str, ...] = ()
    """Names of the flow's options that apply, such as `post_bills`, `start_date`, `vendor_mode`.

    With `conflict_policy` the records of a pull flow may change on both sides: the push flow of the same kind sends
    only Odoo's changes, after it has read the record again.
    """
    defaults: dict = {}
    """Values of options on a new connection that differ from the general defaults."""
    excludes: tuple[str, ...] = ()
    """Keys of flows that read the same records and so cannot be active together with it."""
    feed = ""
    """How files carry its records: `out`, `in`, `inbox` (fetches the files of the `in` flows); empty: no files."""
    template: "Template | None" = None
    """Default template of its files."""

    # Pull flows
    reports = False
    """Whether the provider receives the result of each record."""
    relists = False
    """Whether the provider lists booked records again (`PullFlow.booked`)."""
    acknowledges = False
    """Whether Odoo confirms that records are stored before it processes them."""
    files = ""
    """Key of the flow that fetches the files of this flow's records."""

    # Push flows
    watches = ""
    """Odoo model whose changes the flow sends.

    Empty, without `follows`: it sends only records that other code queues.
    """
    follows = ""
    """Key of the push flow after whose first transfer of a record this flow sends that record's files."""
    needs: tuple[str, ...] = ()
    """Capabilities that it requires besides the scopes (`CheckReport.capabilities`)."""
    batch = 1
    """Maximum number of records for `PushFlow.send_many`; 1: `PushFlow.send` sends each."""
    coded = False
    """Whether records need codes of the provider, which must be mapped before."""
    carries: tuple[str, ...] = ()
    """Kinds of documents that it also forwards from other connections (`ml.bridged.document`)."""
    reports_payment_of: tuple[str, ...] = ()
    """Kinds of pulled records whose payment it reports to the provider."""
    after: tuple[str, ...] = ()
    """Keys of the `out` flows whose files must be delivered before the files of this one are sent."""
    at_stake = ""
    """The risk while the provider lacks its records: a sentence at the end of each failure."""

    def __init__(self, provider):
        self.provider = provider

    @property
    def client(self):
        """The provider's client, created at its first use: translating and rendering need none."""
        return self.provider.client

    @classmethod
    def required(cls, capabilities: frozenset, options: dict) -> tuple[str, ...]:
        """The capabilities without which it cannot work, given those that were granted and its options."""
        return (*cls.scopes, *cls.needs)


class PullFlow(Flow):
    """Records of the provider, into Odoo."""

    direction = "pull"

    def pull(self, cursor: str, since) -> Iterator[RemotePage]:
        """Pages of changed records, to be stored one by one. By default none: other flows or files bring them.

        :param cursor: as stored after the last committed page, empty at first
        :param since: `date` before which records are not synced, or None
        """
        return iter(())

    def booked(self, since) -> Iterator[RemotePage]:
        """Pages of records that the provider has marked as booked since a `date`, and so no longer offers for booking.

        For flows that relist. Records may be older if the provider does not tell when they were booked.
        """
        raise NotImplementedError

    def reread(self) -> Iterator[RemotePage]:
        """Pages of booked records that may have changed since: the engine compares the known ones again."""
        return iter(())

    def is_since(self, row, since) -> bool:
        """Whether a row is recent enough, or has no readable date: then its translation reports the error."""
        if since is None:
            return True
        try:
            booked = self.booking_date(self.provider.localized(row))
        except InvalidDataError:
            return True
        return booked is None or booked >= since

    def booking_date(self, row):
        """The date on which Odoo books a row, whose times are in the company's time zone; None without one."""
        raise NotImplementedError

    def fetch(self, external_id: str) -> RemoteRecord | None:
        """The current version of one record, one that fails if it is unreadable; None if it no longer exists."""
        return self._existing(external_id, lambda: self.read(external_id))

    def fetch_files(self, external_id: str, known: dict) -> RemoteRecord | None:
        """The current record of a flow of files, with links to its files; None if it no longer exists.

        :param known: `subject_kind`; if known, the `names` of its files and a `day` on which they may have been created
        """
        return self._existing(external_id, lambda: self.read_files(external_id, known))

    def _existing(self, external_id, read):
        try:
            return items.fetched(read, external_id, self.provider.label)
        except NotFoundError:
            return None

    def read(self, external_id: str) -> RemoteRecord | None:
        """Read one record, for `fetch`.

        :raises NotFoundError: it no longer exists
        :raises InvalidDataError: it is unreadable
        """
        return None

    def read_files(self, external_id: str, known: dict) -> RemoteRecord | None:
        """Read the record of files, for `fetch_files`; raises as `read`."""
        return self.read(external_id)

    def changed_after(self, external_id: str, moment) -> bool | None:
        """Whether a record of a flow with a `conflict_policy` changed in the provider after `moment` (UTC).

        None if the provider's times do not tell: then the accountant decides.
        """
        raise NotImplementedError

    def acknowledge(self, versions: list[str]) -> dict[str, str]:
        """Report to the provider that records are stored. The engine repeats it until it succeeds.

        :param versions: of the stored items
        :return: versions that the provider recalled meanwhile, with the reason
        """
        raise NotImplementedError

    def document(self, payload: dict):
        """The document of a payload. Pure: no remote call. Raises InvalidDataError."""
        return self.translate(self.provider.localized(payload))

    def translate(self, payload: dict):
        """Translate a payload whose times are in the company's time zone, for `document`."""
        raise NotImplementedError


class CodesFlow(PullFlow):
    """The provider's codes, which become mappings. Each is looked up in the lists."""

    kind = "reference"
    sequence = 10
    interval = 24 * 60

    def read(self, external_id):
        found = (item for page in self.pull("", None) for item in page.items)
        return next((item for item in found if item.external_id == external_id), None)


class PushFlow(Flow):
    """Records of Odoo, to the provider."""

    direction = "push"

    def render(self, document) -> dict:
        """The body to send for a document. Pure; its fingerprint detects changes."""
        raise NotImplementedError

    def send(self, payload: dict, external_id: str, key: str) -> SendResult:
        """Create (`external_id` empty) or update a record.

        :param key: idempotency key, stable over retries
        :raises UnconfirmedError: the request may have taken effect
        """
        raise NotImplementedError

    def send_many(self, jobs: list[tuple[dict, str, str]]) -> list:
        """Create or update several records (`payload`, `external_id`, `key` each), at most `batch`.

        By default one by one: for records that depend on each other.

        :return: for each, in order, a `SendResult` or its `ConnectorError`
        """
        answers = []
        for job in jobs:
            try:
                answers.append(self.send(*job))
            except ConnectorError as error:
                answers.append(error)
        return answers

    def find(self, payload: dict, key: str) -> SendResult | None:
        """Find out by Odoo's own reference whether an earlier `send` took effect."""
        raise NotImplementedError

    def not_accepted(self) -> frozenset:
        """Names of `shared` values that the provider is known not to accept (`SendResult.not_accepted`)."""
        return frozenset()

    def manual_change(self, external_id: str) -> tuple[str, str, str] | None:
        """A manual change in the provider to records of this flow.

        :return: kind and external ID of the affected record, and a sentence on it; None: no manual change
        """
        return None


class ResultFlow(Flow):
    """Results of pulled records, to the provider."""

    direction = "push"
    kind = "result"
    has_documents = False

    @classmethod
    def required(cls, capabilities, options):
        """Nothing: the provider waits for the results of what it gave."""
        return ()

    def report(self, results, key: str) -> dict[str, str]:
        """Report the results of records to the provider (`documents.Result` of one subject).

        :return: external IDs that were refused, with the reason
        """
        raise NotImplementedError

    def reported(self, result) -> bool | None:
        """Whether the provider already has a result; None if that cannot be asked."""
        raise NotImplementedError


class InboxFlow(PullFlow):
    """Fetches the files of the provider's server, which the flows of files read."""

    kind = "feed_file"
    feed = "inbox"
    has_documents = False


class FileInFlow(PullFlow):
    """Records that files bring into Odoo."""

    feed = "in"


class FileOutFlow(Flow):
    """Records that Odoo writes into files for the provider."""

    direction = "push"
    kind = "feed_file"
    feed = "out"
    has_documents = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a default file template; see `documents.FeedColumn` for the other parameters.

    :param path: Odoo field path of the value (`state_id.code`), relative to the record or its line
    :param expression: name of a computed value instead (see `exporters/feed_expressions.py`), with its `argument`
    :param constant: fixed value instead
    """

    label: str
    name: str = ""
    path: str = ""
    expression: str = ""
    argument: str = ""
    constant: str = ""
    type: str = "text"
    on_line: bool = False
    required: bool = False
    aliases: tuple[str, ...] = ()
    decimals: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """The default template of a flow's files; the administrator can change all of it.

    :param model: Odoo model of the written records (out), or empty
    :param lines: field of the records that holds their lines; empty: one row for each record
    :param domain: literal Odoo domain of the written records
    :param lines_domain: literal Odoo domain of their written lines
    :param file_name: pattern of the names of written files, or regular expression for the names of read ones
    """

    entity: str
    columns: tuple[Column, ...]
    folder: str
    file_name: str
    key: str = "id"
    model: str = ""
    lines: str = ""
    domain: str = "[]"
    lines_domain: str = "[]"
    document_element: str = "Record"
    root_element: str = "Records"
    archive_folder: str = ""
    statuses: tuple[str, ...] = ()
