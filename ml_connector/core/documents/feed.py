"""Feeds: records that travel in files. What a file looks like is data, set by whoever agreed on it with the vendor."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedColumn:
    """A column of a file.

    :param label: heading in the file, or name of the XML element
    :param name: what the value means to us (`number`, `amount`, `dimension.Department`); unique within a feed
    :param type: `text`, `code`, `date`, `datetime`, `decimal`, `integer` or `boolean`
    :param on_line: whether it belongs to a line of the document instead of its head
    :param required: a document without it is not taken, a record without it is not sent
    :param aliases: other headings under which it may come
    :param values: pairs of the value on our side and the word in the file
    :param xml_path: where the value is in XML, relative to the document or line; empty: an element named as `label`
    :param max_length: longer texts are cut off; 0: no limit
    :param decimals: decimals to write; None: as many as there are
    """

    label: str
    name: str
    type: str = "text"
    on_line: bool = False
    required: bool = False
    aliases: tuple[str, ...] = ()
    values: tuple[tuple[str, str], ...] = ()
    xml_path: str = ""
    max_length: int = 0
    decimals: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedTemplate:
    """How the files of a feed are written or read.

    :param entity: what the records are (`invoices`)
    :param key: name of the column that tells one document from another
    :param company_code: the vendor's name of our company; rows of another company are not taken. Empty: any
    :param credit_sign: how credits come: `auto`, `signed` (negative) or `absolute` (positive, told by the type)
    :param guard_formulas: put a quote before texts that a spreadsheet would take for a formula
    :param whole_file: whether one bad document stops all of its file
    :param max_bytes: larger files are not read
    :param trailer: first value of a last row that counts the others (CSV); empty: there is none
    :param archives: whether zip and gzip archives are unpacked
    :param statuses: only documents in one of these states are taken; empty: all
    :param negatives: how negative numbers come: `minus` (-1.00), or `accounting`: also (1.00) and 1.00-
    :param left_out: rows whose first value begins with one of these words are none of a document (CSV)
    """

    entity: str
    columns: tuple[FeedColumn, ...]
    key: str = "id"
    file_format: str = "csv"
    delimiter: str = ","
    quote_all: bool = False
    encoding: str = "utf-8"
    bom: bool = False
    line_end: str = "\r\n"
    date_format: str = "%Y-%m-%d"
    datetime_format: str = "%Y-%m-%dT%H:%M:%SZ"
    decimal_point: str = "."
    thousands: str = ""
    true_word: str = "true"
    false_word: str = "false"
    guard_formulas: bool = False
    credit_sign: str = "auto"
    whole_file: bool = False
    company_code: str = ""
    document_element: str = "Record"
    root_element: str = "Records"
    max_bytes: int = 50 * 1024 * 1024
    trailer: str = ""
    archives: bool = False
    statuses: tuple[str, ...] = ()
    negatives: str = "minus"
    left_out: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class FileDocument:
    """A document as it was found in a file.

    :ivar key: the vendor's id of it; empty when the file does not say
    :ivar line: number of the line in the file where it begins
    :ivar values: of its head, by name of column; dates as ISO 8601, numbers with a point
    :ivar lines: the same of its lines
    :ivar problems: sentences about what is wrong with it; such a document is not booked
    :ivar part: name of the file inside an archive; empty outside
    :ivar number: which it is of those without a key that begin on its line
    """

    key: str
    line: int
    values: dict = field(default_factory=dict)
    lines: list = field(default_factory=list)
    problems: list = field(default_factory=list)
    part: str = field(default="", compare=False)
    number: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileContent:
    """What a file holds; `notes` are sentences about what was left out."""

    documents: tuple[FileDocument, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteFile:
    """A file as a folder of the server lists it. `modified` in seconds since 1970, by the server's clock."""

    name: str
    size: int
    modified: int
