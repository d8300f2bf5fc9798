"""Names and MIME types under which Odoo stores files from outside: never ones that a browser would run."""

import mimetypes

HARMLESS = frozenset(
    (
        *("application/pdf", "application/zip", "application/gzip", "application/json", "application/rtf"),
        *("application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint", "message/rfc822"),
        *("image/png", "image/jpeg", "image/gif", "image/webp", "image/tiff", "image/bmp", "image/heic", "image/heif"),
        *("text/plain", "text/csv"),
    )
)
OFFICE = ("application/vnd.openxmlformats-officedocument.", "application/vnd.oasis.opendocument.")
UNKNOWN = "application/octet-stream"
_BEFORE_MARKUP = b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n\x0b\x0c"
"""Marks of encodings, zeros of UTF-16, and blanks."""


EXTENSIONS = {
    "application/pdf": ".pdf",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "image/tiff": ".tif",
}
"""MIME types of receipts."""


def stored_name(name, mimetype):
    """A file's name with the extension of its MIME type, if it has another one or none."""
    end = EXTENSIONS.get(mimetype)
    said = mimetypes.guess_type(name)[0]
    if not end or said == mimetype:
        return name
    return f"{name.rpartition('.')[0] if said in EXTENSIONS else name}{end}"


def stored_mimetype(declared, content):
    """The MIME type under which a file is stored, whatever its sender declares.

    Markup becomes plain text. A type that is not known to be harmless becomes binary data, so that Odoo checks the
    content.
    """
    if content[:1024].lstrip(_BEFORE_MARKUP).startswith(b"<"):
        return "text/plain"
    plain = (declared or "").partition(";")[0].strip().lower()
    return plain if plain in HARMLESS or plain.startswith(OFFICE) else UNKNOWN
