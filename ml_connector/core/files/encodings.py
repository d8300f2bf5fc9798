"""Detects the encoding of a file: by its byte order mark, its template, or its bytes if they are unambiguous."""

import codecs
import re
from dataclasses import dataclass

from ..errors import FileFormatError
from ..messages import _

try:
    import charset_normalizer
except ImportError:  # it comes with requests, in most of its packages
    charset_normalizer = None

MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
CANDIDATES = ("cp1252", "cp1250", "iso8859_15", "cp1251", "cp1253", "cp1254", "mac_roman", "cp850")
"""Encodings of programs that do not write UTF-8."""
CHUNK = 1 << 20
_SAMPLE = 32_768
_BEGINNING = 400
_CLEAR, _DOUBTFUL = 0.1, 0.2
"""Up to this disorder, as `charset_normalizer` measures it, a guess is right; from that disorder on it is wrong."""
_NOT_ASCII = re.compile(rb"[\x80-\xff]+")
_UTF8_LETTER = re.compile(
    rb"\xc2[\xa0-\xbf]|[\xc3-\xdf][\x80-\xbf]|[\xe1-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)


@dataclass(frozen=True, slots=True)
class Encoding:
    """
    :ivar name: Python's name of it
    :ivar start: where the text begins, after its byte order mark
    :ivar note: a sentence if it is not the template's
    :ivar hint: encodings that fit the text better, if parts of it are invalid in this one
    """

    name: str
    start: int = 0
    note: str = ""
    hint: str = ""


def encoding_of(content, template):
    for mark, name in MARKS:
        if content.startswith(mark):
            return Encoding(name, len(mark))
    told = template.encoding
    try:
        codecs.lookup(told)
    except LookupError:
        raise FileFormatError(
            _("The encoding %(encoding)s of the template does not exist.", encoding=told[:40])
        ) from None
    if name := _two_bytes(content):
        return _other(name, told)
    if content.isascii():
        return Encoding("utf-8" if told.startswith("utf-16") else told)
    if _is_valid(content, "utf-8"):
        return Encoding("utf-8") if told == "utf-8" else _other("utf-8", told)
    if told.startswith("utf-16"):
        told = "utf-8"
    elif told != "utf-8" and _is_valid(content, told):
        return Encoding(told)
    if _UTF8_LETTER.search(content):
        return Encoding(told)  # parts of it are damaged
    names, is_sure = _guessed(content)
    return _other(names[0], told) if is_sure else Encoding(told, hint=" or ".join(names))


def two_byte_encoding(content):
    """The `Encoding` of a UTF-16 text; None for others."""
    for mark, name in MARKS[1:]:
        if content.startswith(mark):
            return Encoding(name, len(mark))
    name = _two_bytes(content)
    return Encoding(name) if name else None


def _other(name, told):
    note = _("The file is encoded in %(found)s, not in %(expected)s as in its template.", found=name, expected=told)
    return Encoding(name, note=note)


def _two_bytes(content):
    """The name of UTF-16 without a byte order mark: every second byte of a table is zero."""
    beginning = content[:_BEGINNING]
    if len(beginning) < 8:
        return ""
    for place, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        zeros, others = beginning[place::2], beginning[1 - place :: 2]
        if zeros.count(0) > 0.8 * len(zeros) and not others.count(0):
            return name
    return ""


def _is_valid(content, name):
    decoder = codecs.getincrementaldecoder(name)()
    try:
        for start in range(0, len(content), CHUNK):
            decoder.decode(content[start : start + CHUNK])
        decoder.decode(b"", True)
    except UnicodeDecodeError:
        return False
    return True


def _guessed(content):
    """Encodings that fit the text, and whether all likely ones read it alike."""
    if charset_normalizer is None:
        return (), False
    pieces, size, end = [], 0, 0
    for found in _NOT_ASCII.finditer(content):
        pieces.append(content[max(found.start() - 12, end) : found.end() + 12])
        end = found.end() + 12
        size += len(pieces[-1])
        if size > _SAMPLE:
            break
    sample = b" ".join(b" ".join(pieces).split())
    matches = sorted(
        charset_normalizer.from_bytes(sample, cp_isolation=list(CANDIDATES), threshold=0.5),
        key=lambda match: match.chaos,
    )
    if not matches:
        return (), False
    best, *others = matches
    likely = [match for match in others if match.chaos < _DOUBTFUL]
    names = [
        name
        for name in CANDIDATES
        if any(name in match.could_be_from_charset or name == match.encoding for match in (best, *likely))
    ]
    is_sure = best.chaos <= _CLEAR and not likely
    return tuple(names), is_sure


def as_utf8(content, encoding):
    """The content in UTF-8, without byte order mark; unreadable bytes become replacement characters."""
    decoder = codecs.getincrementaldecoder(encoding.name)("replace")
    parts = [
        decoder.decode(content[start : start + CHUNK]).encode("utf-8", "replace")
        for start in range(encoding.start, len(content), CHUNK)
    ]
    return b"".join((*parts, decoder.decode(b"", True).encode()))
