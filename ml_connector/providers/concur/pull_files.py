"""Receipts of reports and images of invoices, which Concur offers by a link that expires after 15 minutes."""

from ...core.documents import Attachment
from ...core.remote import RemoteRecord


class FilePuller:
    """Reads the file of a report or invoice. Transfers of this flow are created when the report or invoice is booked.

    :param kind: `report` or `invoice`, as the Image API calls it
    """

    kind = ""
    name = ""

    def __init__(self, provider):
        self._provider = provider

    def pull(self, cursor, since):
        return iter(())

    def fetch(self, external_id):
        url = self._provider.client.image_url(self.kind, external_id)
        payload = {"id": external_id, "url": url}
        return RemoteRecord(external_id=external_id, version="image", title=external_id, payload=payload)

    def document(self, payload):
        # a record without an image is normal
        if not payload["url"]:
            return ()
        return (Attachment(name=f"{self.name} {payload['id']}.pdf", url=payload["url"]),)


class ReceiptPuller(FilePuller):
    kind, name = "report", "Receipts"


class InvoiceImagePuller(FilePuller):
    kind, name = "invoice", "Invoice"
