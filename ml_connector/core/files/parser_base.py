"""What the readers of both formats share: bounds, notes, values and what a document must have."""

import re

from ..documents import FileDocument
from .values import Unfit, reader_of, shown

MAX_ROWS = 1_000_000
MAX_LINES = 300_000
MAX_DAMAGED = 1_000
"""Rows or elements of a file that cannot be read, before all of it is refused."""
MAX_NOTES = 50
MAX_PROBLEMS = 50
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_UNDECODED = re.compile("[\udc80-\udcff]")


class Notes(dict):
    """Sentences about what was left out, each once, and not without end."""

    def add(self, sentence):
        if len(self) < MAX_NOTES:
            self[sentence] = True
        elif sentence not in self:
            self["More was noted, which is not shown."] = True


def blame(document, sentence):
    if len(document.problems) < MAX_PROBLEMS:
        document.problems.append(sentence)


def harmless(text):
    """A text that can be stored and shown, whatever stood in the file."""
    text = _CONTROL.sub(" ", text)
    return _UNDECODED.sub("\ufffd", text) if _UNDECODED.search(text) else text


class File:
    """A file that was looked through once, so that what is wrong with all of it is known, and is read part by part.

    :ivar hashes: of the ids of its documents
    :ivar is_odd: whether some of it cannot be taken as it stands
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
        """The kept form of a text; what does not fit becomes a problem of the document."""
        text = text.strip()
        if self.is_odd:
            text = self._without_oddities(document, column, text, line)
        try:
            return self.readers[column.name](text, currency if column.type == "decimal" else "")
        except Unfit as error:
            text = text[:200]
            blame(
                document,
                f"Line {line}, {column.label}: {shown(text)} was found, {error.expected} was expected.",
            )
            return text

    def _without_oddities(self, document, column, text, line):
        if _UNDECODED.search(text):
            hint = self.encoding.hint
            more = f": it looks like {hint}, which can be set in the template" if hint else ""
            blame(
                document, f"Line {line}, {column.label}: {shown(harmless(text))} is not in {self.encoding.name}{more}."
            )
        elif found := _CONTROL.search(text):
            if column.type == "text":
                self.notes.add(f"Line {line}, {column.label}: a control character was made a blank.")
            else:
                blame(document, f"Line {line}, {column.label}: it holds a control character ({ord(found[0])}).")
        return harmless(text)

    def add_line(self, document, numbers, values, line):
        """Add a line to a document, of which `numbers` are the lines so far by their number."""
        number = values.get("line_number")
        twin = numbers.setdefault(number, values) if number else values
        if twin is values:
            if len(document.lines) >= MAX_LINES:
                if len(document.problems) < MAX_PROBLEMS:
                    sentence = f"The document has more than {MAX_LINES:,} lines, which is the limit."
                    if sentence not in document.problems:
                        blame(document, sentence)
                return
            document.lines.append(values)
        elif twin == values:
            self.notes.add(f"Line {line} repeats an earlier one and was left out.")
        else:
            blame(document, f"Line {line}: line number {shown(number)} is there twice with different content.")

    def check_required(self, document):
        if document.problems and not document.values:
            return  # nothing of it could be read: that is said already
        for column in self.template.columns:
            if not column.required:
                continue
            places = document.lines if column.on_line else [document.values]
            for number, values in enumerate(places, start=1):
                if not values.get(column.name):
                    where = f"Line {number} of the document" if column.on_line else f"Line {document.line}"
                    blame(document, f"{where} has no {column.label}.")


def damaged(line, sentence, key=""):
    return FileDocument(key=key, line=line, problems=[sentence])
