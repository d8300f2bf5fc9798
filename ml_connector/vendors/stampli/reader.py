"""Reads files by their template, CSV or XML, into documents. What is not as agreed is an error with its place."""

import csv
import io
import re
from dataclasses import replace

from ...clients import plain_xml
from ...documents import FileContent, FileDocument
from ...exceptions import FileFormatError
from .archives import is_archive, unpacked
from .values import Unfit, reader_of, shown

BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def read_file(template, content):
    """The documents of a file.

    :raises FileFormatError: when the file as a whole cannot be read
    """
    if not content.strip():
        raise FileFormatError("The file is empty.", expected="at least one line", found="nothing")
    if len(content) > template.max_bytes:
        raise FileFormatError(f"The file is larger than the {template.max_bytes} bytes that are allowed.")
    if is_archive(content):
        return _read_archive(template, content)
    read = _XmlFile if template.file_format == "xml" else _CsvFile
    return read(template).read(content)


def _read_archive(template, content):
    """The documents of all files of an archive; what is inside them must be plain."""
    if not template.archives:
        raise FileFormatError("The file is an archive: only plain files are read.", found="zip or gzip")
    plain = replace(template, archives=False)
    documents, notes, keys = [], [], set()
    for name, inside in unpacked(content):
        try:
            found = read_file(plain, inside)
        except FileFormatError as error:
            error.message = f"{shown(name)}: {error.message}" if name else error.message
            raise
        documents += found.documents
        notes += found.notes
        for document in found.documents:
            if document.key and document.key in keys:
                raise FileFormatError(f"{shown(document.key)} is in two files of the archive.", line=document.line)
            keys.add(document.key)
    return FileContent(documents=tuple(documents), notes=tuple(dict.fromkeys(notes)))


class _File:
    """What both formats share: values, documents, and rules about the whole."""

    def __init__(self, template):
        self.template = template
        self.columns = {column.name: column for column in template.columns}
        self.key = self.columns[template.key]
        self.readers = {name: reader_of(column, template) for name, column in self.columns.items()}
        self.notes = []
        self.known_lines = {}

    def value(self, document, column, text, line):
        """The kept form of a text; what does not fit becomes a problem of the document."""
        text = text.strip()
        try:
            return self.readers[column.name](text)
        except Unfit as error:
            document.problems.append(
                f"Line {line}, {column.label}: {shown(text)} was found, {error.expected} was expected."
            )
            return text

    def add_line(self, document, values, line):
        number = values.get("line_number")
        # by number: a document may have as many lines as a file has
        twin = self.known_lines.setdefault((id(document), number), values) if number else values
        if twin is values:
            document.lines.append(values)
        elif twin == values:
            self.notes.append(f"Line {line} repeats an earlier one and was left out.")
        else:
            document.problems.append(f"Line {line}: line number {number} is there twice with different content.")

    def check_required(self, document):
        if not document.values:
            return  # nothing of it could be read: that is said already
        for column in self.template.columns:
            if not column.required:
                continue
            places = document.lines if column.on_line else [document.values]
            for number, values in enumerate(places, start=1):
                if not values.get(column.name):
                    where = f"Line {number} of the document" if column.on_line else f"Line {document.line}"
                    document.problems.append(f"{where} has no {column.label}.")

    def finish(self, documents):
        """Documents without repetitions; what is there twice with different content is wrong both times."""
        for document in documents:
            self.check_required(document)
        result, seen = [], {}
        for document in documents:
            first = seen.setdefault(document.key, document) if document.key else document
            if first is document:
                result.append(document)
            elif (first.values, first.lines) == (document.values, document.lines):
                self.notes.append(f"{self.key.label} {document.key} is there twice (line {document.line}).")
            else:
                first.problems.append(
                    f"{self.key.label} {document.key} is there twice with different content (lines {first.line} and"
                    f" {document.line})."
                )
        return FileContent(documents=tuple(result), notes=tuple(dict.fromkeys(self.notes)))


class _CsvFile(_File):
    """One row a line; the head of the document is repeated on each."""

    def read(self, content):
        rows = csv.reader(
            io.StringIO(self.decoded(content), newline=""), delimiter=self.template.delimiter, strict=True
        )
        documents, by_key = [], {}
        try:
            header = next(rows, [])
            self.places = self.find_columns(header)
            self.width = len(header)
            for line, row in self.rows_with_data(rows):
                self.add(row, line, documents, by_key)
        except csv.Error as error:
            raise self.failure(error, rows.line_num) from None
        return self.finish(documents)

    def rows_with_data(self, rows):
        """(line, row) of all rows but the last one that counts them, where one was agreed on."""
        trailer = self.template.trailer
        count, is_over, start = 0, False, rows.line_num + 1
        for row in rows:
            line, start = start, rows.line_num + 1
            if not any(row):
                continue
            if is_over:
                raise FileFormatError(f"Line {line} comes after the last row, {shown(trailer)}.", line=line)
            if trailer and row[0].strip() == trailer:
                self.check_count(row, count, line)
                is_over = True
                continue
            count += 1
            yield line, row
        if trailer and not is_over:
            raise FileFormatError(
                f"The file ends without its last row, {shown(trailer)}.",
                line=rows.line_num,
                expected=trailer,
                found="the end of the file",
                is_cut=True,
            )

    def check_count(self, row, count, line):
        said = row[1].strip() if len(row) > 1 else ""
        if said != str(count):
            raise FileFormatError(
                f"The last row says that there are {shown(said)} rows, but {count} were found.",
                line=line,
                expected=said[:20],
                found=str(count),
            )

    def decoded(self, content):
        encoding = next((name for mark, name in BOMS if content.startswith(mark)), self.template.encoding)
        try:
            text = content.decode(encoding)
        except (UnicodeDecodeError, LookupError) as error:
            start = getattr(error, "start", 0)
            line = content.count(b"\n", 0, start) + 1
            raise FileFormatError(
                f"Line {line}: the file is not in {self.template.encoding}; choose its"
                " encoding in the template, or have it written as agreed.",
                line=line,
                expected=self.template.encoding,
                found=f"byte 0x{content[start]:02x}" if content else "",
            ) from None
        if found := _CONTROL.search(text):
            line = text.count("\n", 0, found.start()) + 1
            raise FileFormatError(
                f"Line {line} holds a control character.",
                line=line,
                expected="text",
                found=f"character {ord(found[0])}",
            )
        return text

    def failure(self, error, line):
        is_cut = "end of data" in str(error)
        if is_cut:
            message = f"The file ends inside a quoted text (line {line})."
        elif "field larger" in str(error):
            message = f"Line {line} holds a text of more than {csv.field_size_limit()} characters."
        else:
            message = f"Line {line}: a quote is missing or too many."
        return FileFormatError(
            message, line=line, expected="closed quotes", found="the end of the file" if is_cut else "", is_cut=is_cut
        )

    def find_columns(self, header):
        """{name of a column: its place}; exact headings first, then without case and spaces, then the other names."""
        plain = {}
        for place, heading in enumerate(header):
            if _plain(heading) in plain:
                raise FileFormatError(
                    f"The heading {shown(heading)} is there twice.", line=1, column=heading, found=heading
                )
            if _plain(heading):
                plain[_plain(heading)] = place
        places = {}
        for column in self.template.columns:
            for heading in (column.label, *column.aliases):
                if _plain(heading) in plain:
                    places[column.name] = plain[_plain(heading)]
                    break
        missing = [column.label for column in self.template.columns if column.required and column.name not in places]
        if self.key.name not in places and self.key.label not in missing:
            missing.insert(0, self.key.label)
        if missing:
            raise FileFormatError(
                f"Line 1: the column {', '.join(missing)} is missing.",
                line=1,
                column=missing[0],
                expected=", ".join(missing),
                found=", ".join(header)[:200],
            )
        known = set(places.values())
        extra = [heading for place, heading in enumerate(header) if place not in known and heading.strip()]
        if extra:
            self.notes.append(f"Columns that the template does not name were left out: {', '.join(extra)[:200]}.")
        return places

    def add(self, row, line, documents, by_key):
        key_place = self.places[self.key.name]
        key = row[key_place].strip() if key_place < len(row) else ""
        document = by_key.get(key) if key else None
        is_new = document is None
        if is_new:
            document = FileDocument(key=key, line=line)
            documents.append(document)
            if key:
                by_key[key] = document
        if len(row) != self.width:
            document.problems.append(f"Line {line} has {len(row)} columns, {self.width} were expected.")
            return
        head, values = {}, {}
        for name, place in self.places.items():
            column = self.columns[name]
            target = values if column.on_line else head
            target[name] = self.value(document, column, row[place], line)
        if not document.values:
            document.values = head
        elif differing := [name for name in head if head[name] != document.values.get(name)]:
            label = self.columns[differing[0]].label
            document.problems.append(f"Line {line}: {label} is not the same as on line {document.line}.")
        self.add_line(document, values, line)


def _plain(heading):
    return re.sub(r"[\s_]+", "", heading).lower()


class _XmlFile(_File):
    """An element for each document, with its lines inside. Document types and entities are refused."""

    def read(self, content):
        root = self.parse(content)
        documents = []
        for node in root.children:
            if node.name == self.template.document_element:
                documents.append(self.document(root, node))
            else:
                self.notes.append(f"Elements {node.name} were left out.")
        expected = root.attributes.get("documentCount")
        if expected is not None and expected.strip() != str(len(documents)):
            raise FileFormatError(
                f"The file says that it holds {shown(expected)} documents, but {len(documents)} were found.",
                expected=expected[:20],
                found=str(len(documents)),
            )
        return self.finish(documents)

    def parse(self, content):
        try:
            return plain_xml.parse(content)
        except plain_xml.XmlError as error:
            raise self.failure(error) from None

    def failure(self, error):
        line = error.line
        if error.reason == "doctype":
            message = f"Line {line}: the file declares a document type or entities, which is refused."
            return FileFormatError(message, line=line, expected="plain XML", found="DOCTYPE")
        if error.code is None:
            message = {
                "depth": f"Line {line}: elements are nested too deeply.",
                "size": f"Line {line}: the file has too many elements.",
                "encoding": "Line 1: the file names an encoding that is not known.",
            }[error.reason]
            return FileFormatError(message, line=line)
        message = f"Line {line}, column {error.column}: this is not well-formed XML ({error.reason})."
        if error.is_cut:
            message = f"The file ends too early (line {line}, column {error.column})."
        return FileFormatError(
            message,
            line=line,
            column=str(error.column),
            expected="well-formed XML",
            found=error.reason,
            is_cut=error.is_cut,
        )

    def document(self, root, node):
        document = FileDocument(key="", line=node.line)
        for column in self.template.columns:
            if not column.on_line:
                text = self.text(document, node, column)
                if text is None and column.name == "company":
                    text = root.attributes.get("companyId")
                if text is not None:
                    document.values[column.name] = self.value(document, column, text, node.line)
        for group in node.children:
            if group.name == "Lines":
                for line in group.children:
                    self.add_line(document, self.line_values(document, line), line.line)
        document.key = document.values.get(self.key.name) or ""
        return document

    def line_values(self, document, node):
        values = {}
        for column in self.template.columns:
            if column.on_line and (text := self.text(document, node, column)) is not None:
                values[column.name] = self.value(document, column, text, node.line)
        return values

    def text(self, document, node, column):
        """The text at the column's path; None when there is none."""
        for path in (column.xml_path or column.label, *column.aliases):
            found = _at(node, path)
            if len(found) > 1:
                document.problems.append(f"Line {node.line}: {path} is there more than once.")
            if found:
                return found[0]
        return None


def _at(node, path):
    *folders, last = path.split("/")
    nodes = [node]
    for name in folders:
        nodes = [child for parent in nodes for child in parent.children if child.name == name]
    if last.startswith("@"):
        return [parent.attributes[last[1:]] for parent in nodes if last[1:] in parent.attributes]
    return ["".join(child.text) for parent in nodes for child in parent.children if child.name == last]
