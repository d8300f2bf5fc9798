"""What a Concur sandbox keeps: one company, its tokens, its financial documents and what they refer to."""

import time
import uuid
from dataclasses import dataclass, field
from hashlib import sha256

from ..table import Table

COMPANY_UUID = "070fde04-0000-4000-8000-000000000001"
REQUEST_TOKEN = "example-request-token"
DAY = 24 * 3600


@dataclass
class Tenant:
    """The company. `centre` is the data centre where it lives now."""

    uuid: str
    centre: str
    request_tokens: dict
    is_disabled: bool = False


@dataclass
class FinancialDocument:
    """A document of the Financial Integration Service.

    :param source_id: id of the report, invoice or cash advance, which is not the document's own
    """

    id: str
    doc_type: str
    source_id: str
    content: dict
    status: str = "READY"
    system_id: str | None = None
    was_read: bool = False
    messages: list = field(default_factory=list)
    postings: list = field(default_factory=list)
    payment_references: set = field(default_factory=set)


class State:
    def __init__(self, centre, client_id, company, odd_ids=False):
        token = {"client_id": client_id, "ends": time.time() + DAY}
        self.odd_ids = odd_ids
        self.tenant = Tenant(company, centre, {REQUEST_TOKEN: token})
        self.tokens = {}
        self.refresh_tokens = {}
        self.documents = Table()
        self.images = {}
        self.vendors = Table()
        self.subscriptions = Table()
        self.payment_requests = Table()
        self.lists = Table()
        self.list_items = Table()

    def add_document(self, doc_type, source_id, content):
        """Release a document to the queue, under a new id even when the source had one before."""
        earlier = sum(row.source_id == source_id for row in self.documents)
        document_id = sha256(f"{doc_type}/{source_id}/{earlier}".encode()).hexdigest()[:32]
        if self.odd_ids:
            document_id = f"FI doc/ü #{document_id[:22].upper()}"
        return self.documents.add(FinancialDocument(document_id, doc_type, source_id, content))

    def renew_request_token(self, client_id):
        """What an administrator of the company does on the page Company Request Token."""
        value = f"example-request-{uuid.uuid4()}"
        self.tenant.request_tokens[value] = {"client_id": client_id, "ends": time.time() + DAY}
        return value
