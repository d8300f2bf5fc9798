"""Receipts of reports and images of invoices, which Concur offers by a link that expires after 15 minutes."""

from ...core.documents import Attachment
from ...core.flow import PullFlow
from ...core.remote import RemoteRecord
from .scopes import IMAGES


class Images(PullFlow):
    """The file of a report or invoice. Transfers of these flows are created when the report or invoice is booked.

    :cvar source: `report` or `invoice`, as the Image API calls it
    :cvar name: first word of the names of its files
    """

    kind = "file"
    scopes = (IMAGES,)
    source = ""
    name = ""

    def read(self, external_id):
        url = self.client.image_url(self.source, external_id)
        payload = {"id": external_id, "url": url}
        return RemoteRecord(external_id=external_id, version="image", title=external_id, payload=payload)

    def translate(self, payload):
        # a record without an image is normal
        if not payload["url"]:
            return ()
        return (Attachment(name=f"{self.name} {payload['id']}.pdf", url=payload["url"]),)
