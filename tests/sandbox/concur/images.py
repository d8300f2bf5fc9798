"""Image API v1: a link to the receipts of a report or the image of an invoice, good for 15 minutes."""

import time
from hashlib import sha256
from hmac import compare_digest
from xml.sax.saxutils import escape

from werkzeug.wrappers import Response

from ..pdf import make_pdf
from ..picture import make_jpeg, make_png
from .errors import refuse
from .routes import handlers

NAMESPACE = "http://www.concursolutions.com/api/image/2011/02"
LINK_SECONDS = 15 * 60


@handlers("GET /api/image/v1.0/report/{reportId}")
def report_image(call):
    return _link(call, call.path["reportId"])


@handlers("GET /api/image/v1.0/invoice/{requestId}")
def invoice_image(call):
    return _link(call, call.path["requestId"])


def _link(call, source_id):
    if source_id not in call.state.images:
        raise refuse(call.request.path, 404, "not-found", "Image not found.")
    ends = str(int(time.time()) + LINK_SECONDS)
    url = f"{call.sandbox.url}/images/{source_id}?expires={ends}&sig={_signature(source_id, ends)}"
    text = f'<?xml version="1.0"?><Image xmlns="{NAMESPACE}"><Id>{source_id}</Id><Url>{escape(url)}</Url></Image>'
    return Response(text, 200, mimetype="application/xml")


def serve(sandbox, request):
    """The file behind a link, which wants no token."""
    source_id, ends = request.path.rpartition("/")[2], request.args.get("expires", "")
    if not compare_digest(_signature(source_id, ends), request.args.get("sig", "")) or int(ends) < time.time():
        return Response("<Error/>", 403, mimetype="application/xml")
    lines = sandbox.state.images.get(source_id)
    if lines is None:
        return Response("<Error/>", 404, mimetype="application/xml")
    form = sandbox.settings.image
    if form == "jpeg":
        return Response(make_jpeg(" ".join(lines), sandbox.settings.image_size), 200, mimetype="image/jpeg")
    if form == "png":
        return Response(make_png(" ".join(lines)), 200, mimetype="image/png")
    return Response(make_pdf(lines), 200, mimetype="application/pdf")


def _signature(source_id, ends):
    return sha256(f"example-key/{source_id}/{ends}".encode()).hexdigest()[:24]
