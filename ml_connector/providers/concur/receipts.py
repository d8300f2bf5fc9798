"""The receipts of expense reports, into Odoo."""

from urllib.parse import quote

from ...core.documents import Attachment
from ...core.errors import NotFoundError
from ...core.files import plain_xml
from ...core.flow import PullFlow
from ...core.messages import _
from ...core.remote import RemoteRecord
from .scopes import IMAGES

MOST_ELEMENTS = 100


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
        url = self._url(external_id)
        payload = {"id": external_id, "url": url}
        return RemoteRecord(external_id=external_id, version="image", title=external_id, payload=payload)

    def _url(self, source_id):
        """The link to a file; empty if there is none. For a report it has all receipts."""
        path = f"/api/image/v1.0/{self.source}/{quote(source_id, safe='')}"
        try:
            answer = self.client.call("GET", path, as_file=True)
        except NotFoundError:
            return ""
        return image_url(answer.content)

    def translate(self, payload):
        # a record without an image is normal
        if not payload["url"]:
            return ()
        return (Attachment(name=f"{self.name} {payload['id']}.pdf", url=payload["url"]),)


def image_url(content):
    """The link in the XML of the Image API, which is small."""
    try:
        waiting = [plain_xml.parse(content, MOST_ELEMENTS)]
    except plain_xml.XmlError:
        return ""
    while waiting:
        node = waiting.pop(0)
        if node.name == "Url":
            return "".join(node.text).strip()
        waiting += node.children
    return ""


class Receipts(Images):
    key = "receipts"
    label = _("Receipts")
    sequence = 41
    help = _("Attaches the receipts of an expense report to its entry.")

    source, name = "report", "Receipts"
