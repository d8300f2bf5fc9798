"""Files inside a zip or gzip archive, for customers who agreed on archives. What unpacks to too much is refused."""

import gzip
import io
import zipfile
import zlib

from ..errors import FileFormatError
from .values import shown

MAX_FILES = 20
MAX_UNPACKED = 200 * 1024 * 1024
MAX_RATIO = 100
CHUNK = 1 << 16
_BROKEN = (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, NotImplementedError, ValueError)


def is_archive(content):
    return content[:4] == b"PK\x03\x04" or content[:2] == b"\x1f\x8b"


def unpacked(content):
    """[(name, content)] of the files of an archive; an archive inside stays what it is.

    :raises FileFormatError: it is damaged, protected, names folders, or unpacks to more than is allowed
    """
    allowed = _Allowance(len(content))
    try:
        if content[:2] == b"\x1f\x8b":
            with gzip.open(io.BytesIO(content)) as stream:
                return [("", allowed.read(stream))]
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return [(entry.filename, _member(archive, entry, allowed)) for entry in _entries(archive)]
    except _BROKEN:
        raise FileFormatError("The archive is damaged or protected by a password.", found="archive") from None


def _entries(archive):
    entries = archive.infolist()
    if len(entries) > MAX_FILES:
        raise FileFormatError(f"The archive holds {len(entries)} files: {MAX_FILES} are allowed.", found="archive")
    for entry in entries:
        # the name as it stands in the archive: `filename` has lost what follows a zero byte
        if set(entry.orig_filename) & {"/", "\\", ":", "\0"} or entry.filename in (".", ".."):
            raise FileFormatError(
                f"The archive holds {shown(entry.orig_filename)}: only files without a folder are taken.",
                found="archive",
            )
    return entries


def _member(archive, entry, allowed):
    with archive.open(entry) as stream:
        return allowed.read(stream)


class _Allowance:
    """How much may still be unpacked, whatever the archive says about sizes."""

    def __init__(self, packed_size):
        self.left = min(MAX_UNPACKED, MAX_RATIO * packed_size)

    def read(self, stream):
        parts = []
        while part := stream.read(CHUNK):
            self.left -= len(part)
            if self.left < 0:
                raise FileFormatError(
                    f"The archive unpacks to more than is allowed: {MAX_UNPACKED // 1024 // 1024} MB, and"
                    f" {MAX_RATIO} times its own size.",
                    found="archive",
                )
            parts.append(part)
        return b"".join(parts)
