"""Declarations of a provider's flows and of the files with their records."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowSpec:
    """One kind of record in one direction.

    :param key: unique within the provider
    :param label: its name, a `Message`
    :param direction: `pull` (into Odoo) or `push` (from Odoo)
    :param kind: kind of document, which names the importer or exporter: `vendor`, `bill`, `payment`, `reference`,
        `file`, `result`
    :param sequence: order of the flows in one run
    :param interval: minutes between two runs by default
    :param scopes: permissions that the flow requires
    :param reports: whether the provider receives the result of each record
    :param events: webhook event types that announce changed records of this flow; for a push flow, manual changes in
        the provider (`Provider.heard`)
    :param files: key of the flow that fetches the files of this flow's records
    :param watches: Odoo model whose changes the flow sends (push only). Empty, without `follows`: it sends only records
        that other code queues
    :param active: whether the flow is active on a new connection
    :param options: names of the flow's options that apply, such as `post_bills`, `start_date`, `vendor_mode`. With
        `conflict_policy` the records of a pull flow may change on both sides: the push flow of the same kind sends only
        Odoo's changes, after it has read the record again
    :param help: sentences on what it does, a `Message`
    :param relists: whether the provider lists booked records again (`Provider.booked`; pull only)
    :param coded: whether records need codes of the provider, which must be mapped before (push only)
    :param batch: maximum number of records for `Provider.send_many` (push only); 1: `Provider.send` sends each
    :param needs: capabilities besides the scopes that a push flow requires (`CheckReport.capabilities`)
    :param reports_payment_of: kinds of pulled records whose payment the flow reports to the provider (push only)
    :param excludes: keys of flows that read the same records and so cannot be active together with it
    :param acknowledges: whether Odoo confirms that records are stored before it processes them (pull only)
    :param defaults: values of options on a new connection that differ from the general defaults
    :param follows: key of the push flow after whose first transfer of a record this flow sends that record's files
    :param carries: kinds of documents that this push flow also forwards from other connections (`ml.bridged.document`)
    :param feed: how files carry its records: `out` (Odoo writes the files), `in` (Odoo reads the files), `inbox`
        (fetches the files of the `in` flows). Empty: record by record
    :param after: keys of the `out` flows whose files must be delivered before the files of this one are sent
    :param at_stake: the risk while the provider lacks its records: a sentence at the end of each failure (push only)
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
class FeedSpec:
    """A default file template; the administrator can change all of it.

    :param flow: key of its flow
    :param model: Odoo model of the written records (out), or empty
    :param lines: field of the records that holds their lines; empty: one row for each record
    :param domain: literal Odoo domain of the written records
    :param lines_domain: literal Odoo domain of their written lines
    :param file_name: pattern of the names of written files, or regular expression for the names of read ones
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
