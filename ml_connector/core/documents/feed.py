"""Records in files. The file template, which the administrator can change, determines their format."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedColumn:
    """A column of a file.

    :param label: heading in the file, or name of the XML element
    :param name: meaning of the value (`number`, `amount`, `dimension.Department`); unique within a template
    :param type: `text`, `code`, `date`, `datetime`, `decimal`, `integer` or `boolean`
    :param on_line: whether it belongs to a line of the document instead of its head
    :param required: documents without it are refused, records without it are not sent
    :param aliases: other possible headings
    :param values: pairs of the value in Odoo and the word in the file
    :param xml_path: path of the value in XML, relative to the document or line; empty: the element named `label`
    :param max_length: longer texts are truncated; 0: no limit
    :param decimals: decimals to write; None: all significant ones
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
    """Format of the files of a flow.

    :param entity: name of the records (`invoices`)
    :param key: name of the column that identifies a document
    :param company_code: the provider's code of the company; rows of other companies are refused. Empty: any
    :param credit_sign: sign of credit amounts: `auto`, `signed` (negative) or `absolute` (positive, by document type)
    :param guard_formulas: put a quote before texts that a spreadsheet would read as a formula
    :param whole_file: whether one invalid document stops its whole file
    :param max_bytes: maximum size of a file
    :param trailer: first value of a last row that counts the others (CSV); empty: no such row
    :param archives: whether zip and gzip archives are unpacked
    :param statuses: accepted statuses of documents; empty: all
    :param negatives: format of negative numbers: `minus` (-1.00), or `accounting`: also (1.00) and 1.00-
    :param left_out: rows whose first value begins with one of these words are skipped (CSV)
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
    """A document of a file.

    :ivar key: the provider's ID of it; empty if the file has none
    :ivar line: number of its first line in the file
    :ivar values: values of its head, by name of column; dates as ISO 8601, numbers with a point
    :ivar lines: values of its lines, likewise
    :ivar problems: `Message`s on its errors; such a document is not booked
    :ivar part: name of the file inside an archive; empty outside of archives
    :ivar number: its number among the documents without a key that begin on the same line
    """

    key: str
    line: int
    values: dict = field(default_factory=dict)
    lines: list = field(default_factory=list)
    problems: list = field(default_factory=list)
    part: str = field(default="", compare=False)
    number: int = field(default=1, compare=False)
