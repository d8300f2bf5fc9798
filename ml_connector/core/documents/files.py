from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadedFile:
    """A file as it was downloaded from the vendor."""

    name: str
    mimetype: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingFile:
    """A file of ours that belongs to a record that the vendor has.

    :param parent_external_id: the vendor's id of that record
    :param is_invoice: whether it is the vendor's own invoice, not something that goes with it
    """

    parent_external_id: str
    name: str
    mimetype: str
    content: bytes
    is_invoice: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Downloaded files of a record that was transferred.

    :param subject_kind: kind of the record they belong to (`bill`)
    :param subject_external_id: the vendor's id of that record
    :param subject_name: what a person calls that record (an invoice number)
    """

    subject_kind: str
    subject_external_id: str
    files: tuple[DownloadedFile, ...]
    subject_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingFiles:
    """All files of ours that belong to a record that the vendor has.

    :param parent_external_id: the vendor's id of that record
    """

    parent_external_id: str
    files: tuple[DownloadedFile, ...]
