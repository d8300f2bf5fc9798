"""Reads files by their template, CSV or XML, into documents. What is not as agreed is an error with its place.

What is wrong with one cell, row, element or file of an archive makes its document wrong, and nothing else. What is
wrong with the whole is raised before the first document is given.
"""

from array import array
from dataclasses import replace

from ..documents import FileContent
from ..errors import FileFormatError
from .archives import is_archive, unpacked
from .csv_parser import CsvFile, repeated
from .parser_base import Notes, blame, damaged
from .values import shown
from .xml_parser import XmlFile


def read_file(template, content):
    """All documents of a file at once.

    :raises FileFormatError: when the file as a whole cannot be read
    """
    reading = Reading(template, content)
    return FileContent(documents=tuple(reading.documents), notes=tuple(reading.notes))


class Reading:
    """A file that is read as its documents are asked for, so that memory does not grow with their number.

    :ivar documents: an iterator, to be used once
    :ivar notes: sentences about what was left out; complete when the documents are
    :raises FileFormatError: when the file as a whole cannot be read
    """

    def __init__(self, template, content):
        if not content or content.isspace():
            raise FileFormatError("The file is empty.", expected="at least one line", found="nothing")
        _check_size(template, content)
        self.template = template
        self.notes = Notes()
        self._broken = []
        files = self._opened(content) if is_archive(content) else [("", _opened(template, content, self.notes))]
        hashes = array("q")
        for _name, file in files:
            hashes.extend(file.hashes)
        self.documents = self._documents(files, repeated(hashes))

    def _opened(self, content):
        """(name, file) of those that an archive holds; what is inside them must be plain."""
        if not self.template.archives:
            raise FileFormatError("The file is an archive: only plain files are read.", found="zip or gzip")
        plain, files, first = replace(self.template, archives=False), [], None
        for name, inside in unpacked(content):
            try:
                if inside and not inside.isspace():
                    _check_size(plain, inside)
                    files.append((name, _opened(plain, inside, self.notes)))
                    continue
                raise FileFormatError("The file is empty.")
            except FileFormatError as error:
                error.message = f"{shown(name)}: {error.message}" if name else error.message
                first = first or error
                broken = damaged(error.line, error.message)
                broken.part = name
                self._broken.append(broken)
        if not files:
            raise first or FileFormatError("The archive holds no file.")
        return files

    def _documents(self, files, again):
        """The documents of all files; one that is there twice is given once, and is wrong if it is not the same."""
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
                    document.problems = [f"{shown(name)}: {problem}" for problem in document.problems]
                if document.key and hash(document.key) in again:
                    self._hold(held, file.key.label, document)
                else:
                    yield document
        yield from held.values()

    def _hold(self, held, label, document):
        first = held.setdefault(document.key, document)
        if first is document:
            return
        places = f"{_place(first)} and {_place(document)}"
        if (first.values, first.lines, first.problems) == (document.values, document.lines, document.problems):
            self.notes.add(f"{label} {shown(document.key)} is there twice ({places}).")
        else:
            blame(first, f"{label} {shown(document.key)} is there twice with different content ({places}).")


def _place(document):
    return f"{shown(document.part)} line {document.line}" if document.part else f"line {document.line}"


def _check_size(template, content):
    if len(content) > template.max_bytes:
        raise FileFormatError(f"The file is larger than the {template.max_bytes:,} bytes that are allowed.")


def _opened(template, content, notes):
    if is_archive(content):
        raise FileFormatError("The file is an archive: only plain files are read.", found="zip or gzip")
    return (XmlFile if template.file_format == "xml" else CsvFile)(template, content, notes)
