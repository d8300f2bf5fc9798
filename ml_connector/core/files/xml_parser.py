"""Reads XML: one element for each document, with its lines inside. Document types and entities are refused."""

import re
from array import array
from decimal import Decimal

from ..documents import FileDocument
from ..errors import FileFormatError
from ..messages import Message, _
from . import plain_xml
from .encodings import as_utf8, two_byte_encoding
from .parser_base import MAX_DAMAGED, File, damaged, harmless
from .values import shown

_DECLARED = re.compile(rb"<\?xml[^>]{0,200}encoding\s*=")
_BEGINNING = 100_000
"""Bytes of a damaged element in which the parser searches its ID."""
_FAULTS = {
    "doctype": _("Line %(line)s: the file declares a document type or entities, which Odoo does not accept."),
    "depth": _("Line %(line)s: elements are nested too deeply. The limit is %(limit)s levels."),
    "size": _("Line %(line)s: the file has more than %(limit)s elements, which is the limit."),
    "part": _("Line %(line)s: the document has more than %(limit)s elements, which is the limit."),
    "text": _("Line %(line)s: the document has more than %(limit)s characters, which is the limit."),
    "token": _("Line %(line)s: a tag or a comment has more than %(limit)s bytes, which is the limit."),
    "nested": _("Line %(line)s: another %(element)s begins before the previous one has ended."),
    "encoding": _("Line %(line)s: the file declares an encoding that does not exist."),
}
"""By `plain_xml.XmlError.reason`."""


class XmlFile(File):
    def __init__(self, template, content, notes):
        super().__init__(template, notes)
        self.codec = None
        if encoding := two_byte_encoding(content):
            content, self.codec = as_utf8(content, encoding), "utf-8"
        elif template.encoding not in ("utf-8", "utf-16") and not _DECLARED.search(content[:1000]):
            self.codec = template.encoding
        self.content = content
        name = template.document_element
        paths = {part for column in template.columns for path in self._paths(column) for part in path.split("/")}
        self.nests = name in paths
        self.hashes = array("q", (hash(document.key or document.line) for document in self._looked_through()))

    def _looked_through(self):
        """All documents; an error in the whole file is raised after them."""
        count = 0
        for document in self.documents():
            count += 1
            yield document
        expected = self.root.attributes.get("documentCount")
        if expected is not None and expected.strip() != str(count):
            raise FileFormatError(
                _(
                    "The file declares %(expected)s documents, but holds %(count)s.",
                    expected=shown(expected),
                    count=count,
                ),
                expected=expected[:20],
                found=str(count),
            )

    def documents(self):
        parts = plain_xml.Parts(self.content, self.template.document_element, self.codec, self.nests)
        broken, whole, first = 0, 0, None
        try:
            for node, error in parts:
                self.root = parts.root
                if error:
                    broken += 1
                    first = first or error
                    if broken > MAX_DAMAGED:
                        raise FileFormatError(
                            _(
                                "The file has more than %(limit)s unreadable elements, which is the limit.",
                                limit=Decimal(MAX_DAMAGED),
                            )
                        )
                    yield damaged(error.line, self._failure(error).message, self._key_in(error))
                elif node.name == self.template.document_element:
                    whole += 1
                    yield self._document(node)
                else:
                    self.notes.add(_("Elements named %(element)s were skipped.", element=harmless(node.name[:100])))
        except plain_xml.XmlError as error:
            raise self._failure(error) from None
        self.root = parts.root
        if first and not whole and broken == 1:
            raise self._failure(first)

    def _key_in(self, error):
        """The ID of an unreadable document, if it can be found."""
        piece = self.content[error.start : min(error.stop, error.start + _BEGINNING)]
        for path in self._paths(self.key):
            found = re.search(rb"<%s>\s*([^<>&]{1,100}?)\s*</%s>" % ((re.escape(path.encode()),) * 2), piece)
            if found:
                return harmless(found[1].decode(self.codec or "utf-8", "replace"))
        return ""

    def _failure(self, error):
        line = error.line
        if error.code is None:
            element = self.template.document_element
            message = Message(_FAULTS[error.reason], line=line, limit=Decimal(error.limit), element=element)
            details = {"expected": _("plain XML"), "found": "DOCTYPE"} if error.reason == "doctype" else {}
            return FileFormatError(message, line=line, **details)
        message = _(
            "Line %(line)s, column %(column)s: this is not well-formed XML (%(reason)s).",
            line=line,
            column=error.column,
            reason=error.reason,
        )
        if error.is_cut:
            message = _("The file ends too early (line %(line)s, column %(column)s).", line=line, column=error.column)
        return FileFormatError(
            message,
            line=line,
            column=str(error.column),
            expected=_("well-formed XML"),
            found=error.reason,
            is_cut=error.is_cut,
        )

    def _document(self, node):
        document = FileDocument(key="", line=node.line)
        known = _by_name(node)
        texts = {}
        for column in self.template.columns:
            if not column.on_line:
                text = self._found(document, node, known, column)
                if text is None and column.name == "company":
                    text = self.root.attributes.get("companyId")
                if text is not None:
                    texts[column.name] = text
        currency = texts.get("currency", "").strip().upper()
        for name, text in texts.items():
            document.values[name] = self.value(document, self.columns[name], text, node.line, currency)
        numbers = {}
        for group in known.get("Lines", ()):
            for line in group.children:
                self.add_line(document, numbers, self._line_values(document, line, currency), line.line)
        document.key = document.values.get(self.key.name) or ""
        self.check_required(document)
        return document

    def _line_values(self, document, node, currency):
        values, known = {}, _by_name(node)
        for column in self.template.columns:
            if column.on_line and (text := self._found(document, node, known, column)) is not None:
                values[column.name] = self.value(document, column, text, node.line, currency)
        return values

    @staticmethod
    def _paths(column):
        return (column.xml_path or column.label, *column.aliases)

    def _found(self, document, node, known, column):
        """The text at the column's path; None if there is none."""
        for path in self._paths(column):
            found = _at(node, known, path)
            if len(found) > 1:
                document.problems.append(_("Line %(line)s: %(path)s occurs more than once.", line=node.line, path=path))
            if found:
                return found[0]
        return None


def _by_name(node):
    known = {}
    for child in node.children:
        known.setdefault(child.name, []).append(child)
    return known


def _at(node, known, path):
    *folders, last = path.split("/")
    nodes = [node]
    for depth, name in enumerate(folders):
        nodes = known.get(name, ()) if not depth else [c for parent in nodes for c in parent.children if c.name == name]
    if last.startswith("@"):
        return [parent.attributes[last[1:]] for parent in nodes if last[1:] in parent.attributes]
    if not folders:
        return ["".join(child.text) for child in known.get(last, ())]
    return ["".join(child.text) for parent in nodes for child in parent.children if child.name == last]
