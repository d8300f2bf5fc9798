from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadedFile:
    """A file that was downloaded from the provider."""

    name: str
    mimetype: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingFile:
    """A file of Odoo for a record that the provider has.

    :param parent_external_id: the provider's ID of that record
    :param is_invoice: whether it is the vendor's invoice, not an attachment to it
    """

    parent_external_id: str
    name: str
    mimetype: str
    content: bytes
    is_invoice: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Downloaded files of a transferred record.

    :param subject_kind: kind of that record (`bill`)
    :param subject_external_id: the provider's ID of that record
    :param subject_name: name of that record for users (an invoice number)
    """

    subject_kind: str
    subject_external_id: str
    files: tuple[DownloadedFile, ...]
    subject_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingFiles:
    """All files of Odoo for a record that the provider has.

    :param parent_external_id: the provider's ID of that record
    """

    parent_external_id: str
    files: tuple[DownloadedFile, ...]
