"""The common part of both parsers: limits, notes, values and required columns."""

import re
from decimal import Decimal

from ..documents import FileDocument
from ..messages import _
from .values import Unfit, reader_of, shown

MAX_ROWS = 1_000_000
MAX_LINES = 300_000
MAX_DAMAGED = 1_000
"""More unreadable rows or elements than this make the whole file invalid."""
MAX_NOTES = 50
MAX_PROBLEMS = 50
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_UNDECODED = re.compile("[\udc80-\udcff]")


class Notes(dict):
    """Sentences about what was skipped, each once, up to a limit."""

    def add(self, sentence):
        if len(self) < MAX_NOTES:
            self[sentence] = True
        elif sentence not in self:
            self[_("There are more notes, which are not shown.")] = True


def blame(document, sentence):
    if len(document.problems) < MAX_PROBLEMS:
        document.problems.append(sentence)


def harmless(text):
    """The text without characters that cannot be stored or shown."""
    text = _CONTROL.sub(" ", text)
    return _UNDECODED.sub("\ufffd", text) if _UNDECODED.search(text) else text


class File:
    """A file that was checked as a whole and is read document by document.

    :ivar hashes: of the IDs of its documents
    :ivar is_odd: whether it holds control characters or undecodable bytes
    """

    encoding = None
    is_odd = False

    def __init__(self, template, notes):
        self.template = template
        self.notes = notes
        self.columns = {column.name: column for column in template.columns}
        self.key = self.columns[template.key]
        self.readers = {name: reader_of(column, template) for name, column in self.columns.items()}

    def value(self, document, column, text, line, currency=""):
        """The stored form of a text; if it does not fit its column, that becomes a problem of the document."""
        text = text.strip()
        if self.is_odd:
            text = self._without_oddities(document, column, text, line)
        try:
            return self.readers[column.name](text, currency if column.type == "decimal" else "")
        except Unfit as error:
            text = text[:200]
            blame(
                document,
                _(
                    "Line %(line)s, %(column)s: expected %(expected)s, found %(value)s.",
                    line=line,
                    column=column.label,
                    expected=error.expected,
                    value=shown(text),
                ),
            )
            return text

    def _without_oddities(self, document, column, text, line):
        if _UNDECODED.search(text):
            blame(document, self._undecoded(column, text, line))
        elif found := _CONTROL.search(text):
            if column.type == "text":
                note = _(
                    "Line %(line)s, %(column)s: a blank replaces a control character.", line=line, column=column.label
                )
                self.notes.add(note)
            else:
                sentence = _(
                    "Line %(line)s, %(column)s: the value holds a control character (%(code)s).",
                    line=line,
                    column=column.label,
                    code=ord(found[0]),
                )
                blame(document, sentence)
        return harmless(text)

    def _undecoded(self, column, text, line):
        known = {"line": line, "column": column.label, "value": shown(harmless(text)), "encoding": self.encoding.name}
        if not self.encoding.hint:
            return _("Line %(line)s, %(column)s: %(value)s is not valid %(encoding)s.", **known)
        return _(
            "Line %(line)s, %(column)s: %(value)s is not valid %(encoding)s. If the file is in %(hint)s, set that"
            " encoding in the file template.",
            **known,
            hint=self.encoding.hint,
        )

    def add_line(self, document, numbers, values, line):
        """Add a line to a document; `numbers` holds its previous lines by their number."""
        number = values.get("line_number")
        twin = numbers.setdefault(number, values) if number else values
        if twin is values:
            if len(document.lines) >= MAX_LINES:
                if len(document.problems) < MAX_PROBLEMS:
                    limit = Decimal(MAX_LINES)
                    sentence = _("The document has more than %(limit)s lines, which is the limit.", limit=limit)
                    if sentence not in document.problems:
                        blame(document, sentence)
                return
            document.lines.append(values)
        elif twin == values:
            self.notes.add(_("Line %(line)s repeats an earlier line and was skipped.", line=line))
        else:
            sentence = _(
                "Line %(line)s: line number %(number)s occurs twice with different content.",
                line=line,
                number=shown(number),
            )
            blame(document, sentence)

    def check_required(self, document):
        if document.problems and not document.values:
            return  # the document is unreadable, which is reported already
        for column in self.template.columns:
            if not column.required:
                continue
            places = document.lines if column.on_line else [document.values]
            for number, values in enumerate(places, start=1):
                if not values.get(column.name):
                    blame(document, _lacks(column, number if column.on_line else document.line))


def _lacks(column, line):
    if column.on_line:
        return _("Line %(line)s of the document has no %(column)s.", line=line, column=column.label)
    return _("Line %(line)s has no %(column)s.", line=line, column=column.label)


def damaged(line, sentence, key=""):
    return FileDocument(key=key, line=line, problems=[sentence])
