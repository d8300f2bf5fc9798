"""What a provider declares of a flow, and of the files in which its records travel."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowSpec:
    """One kind of record going one way.

    :param key: unique for the vendor
    :param direction: `pull` (vendor to Odoo) or `push` (Odoo to vendor)
    :param kind: kind of document, which names the writer or reader: `vendor`, `bill`, `payment`, `reference`, `file`,
        `result`
    :param sequence: order in which the flows of one run are worked
    :param interval: minutes between two runs by default
    :param scopes: permissions at the vendor without which the flow cannot work
    :param reports: whether the vendor is told what became of each record
    :param events: webhook event types that hint at records of this flow; of a push flow, at what people made over there
        by hand (`Provider.heard`)
    :param files: key of the flow that fetches the files of this flow's records
    :param watches: Odoo model whose changes the flow sends (push only). Empty, without `follows`: it sends only what
        somebody asks for
    :param active: whether the flow is switched on for a new connection
    :param options: names of the flow's options that apply, such as `post_bills`, `start_date`, `vendor_mode`. With
        `conflict_policy` a pull flow's records may change on both sides: the push flow of the same kind sends only
        what changed in Odoo, after it has read the record again
    :param relists: whether the provider lists again what it regards as booked (`Provider.booked`; pull only)
    :param coded: whether records go under codes of the vendor's, which have to be known before (push only)
    :param batch: most records that one call of `Provider.send_many` takes (push only); 1: each goes by `Provider.send`
    :param needs: capabilities beside the scopes without which a push flow rests (`CheckReport.capabilities`)
    :param reports_payment_of: kinds of pulled records whose payment the flow tells the vendor (push only)
    :param excludes: keys of flows that read the same records and so cannot be switched on beside it
    :param acknowledges: whether the vendor is told that records are stored, before they are worked (pull only)
    :param defaults: values of options that a new connection begins with, where they are not the general ones
    :param follows: key of the push flow after whose first transfer of a record this flow sends that record's files
    :param carries: kinds of documents of other connections that this push flow takes, too (`ml.bridged.document`)
    :param feed: how its records travel in files: `out` (we write them), `in` (they are read from files), `inbox`
        (fetches the files of the `in` flows). Empty: record by record
    :param after: keys of the `out` flows whose files must have arrived before the files of this one are sent
    :param at_stake: what may happen as long as the provider does not have its records: a sentence at the end of each
        failure (push only)
    :param daily_hour: hour of the day (UTC) at which it runs by default, instead of every `interval` minutes
    """

    key: str
    label: str
    direction: str
    kind: str
    sequence: int
    interval: int = 60
    scopes: tuple[str, ...] = ()
    reports: bool = False
    events: tuple[str, ...] = ()
    files: str = ""
    watches: str = ""
    active: bool = True
    options: tuple[str, ...] = ()
    feed: str = ""
    daily_hour: float | None = None
    help: str = ""
    batch: int = 1
    needs: tuple[str, ...] = ()
    follows: str = ""
    reports_payment_of: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    acknowledges: bool = False
    defaults: dict = field(default_factory=dict)
    after: tuple[str, ...] = ()
    carries: tuple[str, ...] = ()
    coded: bool = False
    relists: bool = False
    at_stake: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnSpec:
    """A column of a feed's default template; see `documents.FeedColumn` for what is not said here.

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
class FeedSpec:
    """The default template of a feed; all of it can be changed on the connection.

    :param flow: key of its flow
    :param model: Odoo model whose records are written (out), or empty
    :param lines: field of the records that holds their lines; empty: one row a record
    :param domain: which records are written, as a literal Odoo domain
    :param lines_domain: which of their lines are
    :param file_name: pattern of the names of written files, or regular expression of the names of read ones
    """

    flow: str
    entity: str
    columns: tuple[ColumnSpec, ...]
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
