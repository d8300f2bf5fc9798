"""Files in a zip or gzip archive, where the file template accepts archives. Sizes are limited."""

import gzip
import io
import zipfile
import zlib

from ..errors import FileFormatError
from ..messages import _
from .values import shown

MAX_FILES = 20
MAX_UNPACKED = 200 * 1024 * 1024
MAX_RATIO = 100
CHUNK = 1 << 16
_BROKEN = (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, NotImplementedError, ValueError)


def is_archive(content):
    return content[:4] == b"PK\x03\x04" or content[:2] == b"\x1f\x8b"


def unpacked(content):
    """[(name, content)] of the files of an archive; an archive inside is not unpacked.

    :raises FileFormatError: it is damaged or protected, holds folders, or exceeds the limits
    """
    allowed = _Allowance(len(content))
    try:
        if content[:2] == b"\x1f\x8b":
            with gzip.open(io.BytesIO(content)) as stream:
                return [("", allowed.read(stream))]
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return [(entry.filename, _member(archive, entry, allowed)) for entry in _entries(archive)]
    except _BROKEN:
        raise FileFormatError(_("The archive is damaged or protected by a password."), found="archive") from None


def _entries(archive):
    entries = archive.infolist()
    if len(entries) > MAX_FILES:
        raise FileFormatError(
            _("The archive holds %(count)s files. The limit is %(limit)s.", count=len(entries), limit=MAX_FILES),
            found="archive",
        )
    for entry in entries:
        # the name in the archive itself: `filename` ends at a zero byte
        if set(entry.orig_filename) & {"/", "\\", ":", "\0"} or entry.filename in (".", ".."):
            raise FileFormatError(
                _(
                    "The archive holds %(file)s. Only files without a folder are allowed.",
                    file=shown(entry.orig_filename),
                ),
                found="archive",
            )
    return entries


def _member(archive, entry, allowed):
    with archive.open(entry) as stream:
        return allowed.read(stream)


class _Allowance:
    """Number of bytes that may still be unpacked, whatever sizes the archive declares."""

    def __init__(self, packed_size):
        self.left = min(MAX_UNPACKED, MAX_RATIO * packed_size)

    def read(self, stream):
        parts = []
        while part := stream.read(CHUNK):
            self.left -= len(part)
            if self.left < 0:
                raise FileFormatError(
                    _(
                        "The unpacked archive is too large. Limits: %(limit)s MB and %(ratio)s times the packed size.",
                        limit=MAX_UNPACKED // 1024 // 1024,
                        ratio=MAX_RATIO,
                    ),
                    found="archive",
                )
            parts.append(part)
        return b"".join(parts)
