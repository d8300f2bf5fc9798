"""Reads files, CSV or XML, by their template into documents. Each error names its place.

An error in one cell, row, element or file of an archive makes only its document invalid. An error in the whole file is
raised before the first document is returned.
"""

import gzip
import io
import zipfile
import zlib
from array import array
from dataclasses import replace
from decimal import Decimal

from ..errors import FileFormatError
from ..messages import _
from .csv_parser import CsvFile, repeated
from .parser_base import Notes, blame, damaged
from .values import shown
from .xml_parser import XmlFile

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


class Reading:
    """A file that is read while its documents are requested, so that memory does not grow with their number.

    :ivar documents: an iterator, for one use
    :ivar notes: sentences about what was skipped; complete at the end of the documents
    :raises FileFormatError: the file as a whole cannot be read
    """

    def __init__(self, template, content):
        if not content or content.isspace():
            raise FileFormatError(_("The file is empty."), expected=_("at least one line"), found="nothing")
        _check_size(template, content)
        self.template = template
        self.notes = Notes()
        self._broken = []
        is_unpacked = template.archives and is_archive(content)
        files = self._opened(content) if is_unpacked else [("", _opened(template, content, self.notes))]
        hashes = array("q")
        for _name, file in files:
            hashes.extend(file.hashes)
        self.documents = self._documents(files, repeated(hashes))

    def _opened(self, content):
        """(name, file) of the files of an archive; an archive inside it is refused."""
        plain, files, first = replace(self.template, archives=False), [], None
        for name, inside in unpacked(content):
            try:
                if inside and not inside.isspace():
                    _check_size(plain, inside)
                    files.append((name, _opened(plain, inside, self.notes)))
                    continue
                raise FileFormatError(_("The file is empty."))
            except FileFormatError as error:
                error.message = _in_file(name, error.message)
                first = first or error
                broken = damaged(error.line, error.message)
                broken.part = name
                self._broken.append(broken)
        if not files:
            raise first or FileFormatError(_("The archive holds no file."))
        return files

    def _documents(self, files, again):
        """The documents of all files; a repeated one is returned once, and is invalid if its content differs."""
        yield from self._broken
        held = {}
        for name, file in files:
            last = None
            for document in file.documents():
                if not document.key:
                    if last and last.line == document.line:
                        document.number = last.number + 1
                    last = document
                if name:
                    document.part = name
                    document.problems = [_in_file(name, problem) for problem in document.problems]
                if document.key and hash(document.key) in again:
                    self._hold(held, file.key.label, document)
                else:
                    yield document
        yield from held.values()

    def _hold(self, held, label, document):
        first = held.setdefault(document.key, document)
        if first is document:
            return
        named = {"column": label, "value": shown(document.key), "first": _place(first), "second": _place(document)}
        if (first.values, first.lines, first.problems) == (document.values, document.lines, document.problems):
            self.notes.add(_("%(column)s %(value)s occurs twice: %(first)s, %(second)s.", **named))
        else:
            sentence = _("%(column)s %(value)s occurs twice with different content: %(first)s, %(second)s.", **named)
            blame(first, sentence)


def _in_file(name, problem):
    return _("%(file)s: %(problem)s", file=shown(name), problem=problem) if name else problem


def _place(document):
    if document.part:
        return _("%(file)s line %(line)s", file=shown(document.part), line=document.line)
    return _("line %(line)s", line=document.line)


def _check_size(template, content):
    if len(content) > template.max_bytes:
        limit = Decimal(template.max_bytes)
        raise FileFormatError(_("The file is larger than the limit of %(limit)s bytes.", limit=limit))


def _opened(template, content, notes):
    if is_archive(content):
        raise FileFormatError(_("The file is an archive. Its template does not accept archives."), found="zip or gzip")
    return (XmlFile if template.file_format == "xml" else CsvFile)(template, content, notes)
