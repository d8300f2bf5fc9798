"""Small, valid pictures, for receipts that a sandbox hands out; a photo may be as large as a phone makes it."""

import base64
import struct
import zlib

_JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABALDA4MChAODQ4SERATGCgaGBYWGDEjJR0oOjM9PDkzODdASFxOQERXRTc4UG1RV19iZ2hnPk1xeXBk"
    "eFxlZ2P/wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAB//EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AQH//2Q=="
)
_MOST = 65000
"""Bytes of one comment in a JPEG."""


def make_jpeg(text, size=0):
    """A photo of one pixel with a comment; with more comments until it has at least `size` bytes."""
    comments = [text.encode()]
    comments += [b"x" * _MOST] * (max(0, size - len(_JPEG)) // _MOST)
    segments = b"".join(b"\xff\xfe" + struct.pack(">H", len(comment) + 2) + comment for comment in comments)
    return _JPEG[:2] + segments + _JPEG[2:]


def make_png(text):
    """A picture of one pixel with a comment."""
    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    parts = ((b"IHDR", header), (b"tEXt", b"Comment\x00" + text.encode("latin-1", "replace")))
    parts += ((b"IDAT", zlib.compress(b"\x00\xff")), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*part) for part in parts)


def _chunk(name, content):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
