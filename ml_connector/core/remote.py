"""Records of a provider as flows read them, and answers to records that they sent."""

import hashlib
import json
from dataclasses import dataclass, field


def content_version(content) -> str:
    """Hash of the content of a JSON value in sixteen hex digits, independent of the order of keys."""
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(canonical.encode("utf-8", "replace")).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteRecord:
    """A remote record as it was read.

    :param version: changes whenever the relevant content changes (see `content_version`)
    :param title: its name for users (an invoice number, a name)
    :param payload: the provider's JSON, stored to translate it again with later mappings
    """

    external_id: str
    version: str
    title: str
    payload: dict
    url: str = ""

    @classmethod
    def of(cls, external_id, title, payload, content=None):
        """The record whose version is that of its content, by default all of its payload."""
        version = content_version(payload if content is None else content)
        return cls(external_id=external_id, version=version, title=title, payload=payload)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemotePage:
    """Items of one answer and the cursor to store with them. `cursor` None: keep the stored one.

    :param is_told: of `PullFlow.booked`: whether the provider has received the result that they are booked
    """

    items: tuple[RemoteRecord, ...]
    cursor: str | None = None
    total: int | None = None
    is_told: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SendResult:
    """The provider's answer to a record that Odoo sent.

    :param linked: whether the provider already had the record, so that nothing was created
    :param takes_files: whether the following flows may send the record's files now
    :param shared: values of the record in the provider, as far as its answer contains them (see
        `documents.Vendor.shared`); for kinds that both sides may change
    :param not_accepted: names of such values that the provider did not accept: Odoo's changes of them remain unsent
    :param message: a sentence for the users of the record, posted on it
    :param mapping: the `documents.Reference` by which the provider's records refer to it
    :param parts: {(kind, the provider's ID): Odoo ID} of its lines, to which other records of the provider refer
    :param is_incomplete: whether a part of it was not sent, so that it is sent again when it is queued again
    """

    external_id: str
    version: str = ""
    url: str = ""
    note: str = ""
    linked: bool = False
    mapping: object = None
    takes_files: bool = False
    shared: dict = field(default_factory=dict)
    not_accepted: frozenset = frozenset()
    message: str = ""
    parts: dict = field(default_factory=dict)
    is_incomplete: bool = False
