"""As what a file from outside is kept: never as something that a browser would run from Odoo's own address."""

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
"""Of what receipts are."""


def stored_name(name, mimetype):
    """A file's name with the end of what it is, where it says something else or nothing."""
    end = EXTENSIONS.get(mimetype)
    said = mimetypes.guess_type(name)[0]
    if not end or said == mimetype:
        return name
    return f"{name.rpartition('.')[0] if said in EXTENSIONS else name}{end}"


def stored_mimetype(declared, content):
    """The MIME type to keep a file under, whatever its sender calls it.

    Markup is plain text. What is not known to be harmless is nothing in particular, for Odoo to look at the content.
    """
    if content[:1024].lstrip(_BEFORE_MARKUP).startswith(b"<"):
        return "text/plain"
    plain = (declared or "").partition(";")[0].strip().lower()
    return plain if plain in HARMLESS or plain.startswith(OFFICE) else UNKNOWN
