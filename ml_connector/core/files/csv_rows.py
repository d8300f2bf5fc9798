"""Rows of CSV: a broken one costs only itself."""

import csv
import re
from decimal import Decimal
from itertools import pairwise

from ..messages import _
from .encodings import as_utf8, encoding_of
from .parser_base import File

MAX_ROW = 1_000_000
"""Bytes of a row."""
LINE = re.compile(rb"([^\r\n]*)(?:\r\n|\r|\n)?")
_QUOTED = re.compile(r'"[^"]*(?:""[^"]*)*"')
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_BLANK = " \t\u00a0\ufeff"


class CsvRows(File):
    """A file of rows. The heading sets the delimiter, `width`, `key_place`, and `needed`, the last required column."""

    def __init__(self, template, content, notes):
        super().__init__(template, notes)
        self.encoding = encoding_of(content, template)
        if self.encoding.note:
            notes.add(self.encoding.note)
        self.codec, self.begin = self.encoding.name, self.encoding.start
        if self.codec.startswith("utf-16"):
            content, self.codec, self.begin = as_utf8(content, self.encoding), "utf-8", 0
        self.content = content
        self.is_odd = bool(_CONTROL.search(content))
        self.width, self.key_place, self.needed = 0, 0, 0

    def rows(self, position, end, line):
        """(position, line, cells, sentence on its fault) of each row that is not blank.

        A faulty row returns only those cells that are certainly in their place. A following row that is too short for
        an ID is a piece of it.
        """
        is_after_fault = False
        blank = self.delimiter + _BLANK
        while position < end:
            start, number, fault = position, line, ""
            match = LINE.match(self.content, position, end)
            position, line = match.end(), line + 1
            if position - start > MAX_ROW:
                cells = self._salvaged(self._text(start, start + MAX_ROW // 100), is_whole=False)
                fault = _(
                    "Line %(line)s: the row has more than %(limit)s bytes, which is the limit.",
                    line=number,
                    limit=Decimal(MAX_ROW),
                )
            else:
                text = self._text(start, match.end(1))
                if '"' in text:
                    cells, count, position, fault = self._quoted(start, end, number, text)
                    line = number + count
                elif text.strip(blank):
                    cells = text.split(self.delimiter)
                else:
                    continue
            if not fault and '"' in text and not any(cell.strip() for cell in cells):
                continue
            if is_after_fault and not fault and len(cells) <= self.key_place:
                continue
            is_after_fault = bool(fault)
            self.next_row = position, line
            yield start, number, cells, fault

    def _text(self, start, end):
        try:
            return self.content[start:end].decode(self.codec)
        except UnicodeDecodeError:
            self.is_odd = True
            return self.content[start:end].decode(self.codec, "surrogateescape")

    def _quoted(self, start, end, line, text):
        """The cells of a row with quotes, the number of its lines, the position of the next row, and its fault."""
        ends = []

        def texts():
            position = start
            while position < end and position - start <= MAX_ROW:
                stop = LINE.match(self.content, position, end).end()
                ends.append(stop)
                yield self._text(position, stop)
                position = stop

        try:
            cells = next(csv.reader(texts(), delimiter=self.delimiter, strict=True))
        except csv.Error as error:
            fault = _("Line %(line)s: a quotation mark is missing, or there is one too many.", line=line)
            if "field larger" in str(error):
                limit = Decimal(csv.field_size_limit())
                fault = _("Line %(line)s: a text has more than %(limit)s characters.", line=line, limit=limit)
            return self._salvaged(text), 1, ends[0], fault
        fault = ""
        if len(ends) > 2 and self._holds_rows(ends):
            cells = self._salvaged(text)
            last = line + len(ends) - 1
            fault = _("Line %(line)s: a quoted text extends over other rows, to line %(last)s.", line=line, last=last)
        return cells, len(ends), ends[-1], fault

    def _holds_rows(self, ends):
        """Whether lines inside a quoted text look like rows: then a quotation mark is missing."""
        delimiter = self.delimiter.encode()
        return self.needed and any(
            self.content.count(delimiter, start, end) >= self.needed for start, end in pairwise(ends[:-1])
        )

    def _salvaged(self, text, is_whole=True):
        """The cells before a broken one; all of them if their number is right nevertheless."""
        cells, position = [], 0
        while position <= len(text):
            if text.startswith('"', position):
                match = _QUOTED.match(text, position)
                if not match or text[match.end() : match.end() + 1] not in ("", self.delimiter):
                    break
                stop = match.end()
                cells.append(match[0][1:-1].replace('""', '"'))
            else:
                stop = text.find(self.delimiter, position)
                stop = len(text) if stop < 0 else stop
                cells.append(text[position:stop])
            position = stop + 1
        plain = text.split(self.delimiter)
        return plain if is_whole and len(plain) == self.width else cells
