"""Reads CSV: one row for each line of a document; each row repeats the head of the document.

The file is read twice. The first pass keeps only the ID and the position of each row; the second one reads the rows
document by document. So memory does not grow with the size of the file, in whatever order its rows are.
"""

import re
from array import array
from decimal import Decimal
from itertools import pairwise

from ..documents import FileDocument
from ..errors import FileFormatError
from ..messages import _
from .csv_rows import LINE, CsvRows
from .parser_base import MAX_DAMAGED, MAX_ROWS, blame, damaged, harmless
from .values import shown

TITLE_ROWS = 50
"""Rows among which the parser searches the headings."""
DELIMITERS = (",", ";", "\t", "|")
_SEPARATOR = re.compile(r'"?sep=((?!")[!-/:-@\[-`{-~]|\\t)"?[,;\t|]*', re.IGNORECASE)
"""A first line that declares the delimiter to spreadsheets."""
MAX_TOLD = 1000
_TOTAL = re.compile(
    r"(grand |sub)?(totals?|totaal|totale|totaux|summe|gesamt\w*|suma|summa|sum|razem|celkem|итого)\b", re.IGNORECASE
)
"""Beginning of rows of totals."""


class CsvFile(CsvRows):
    def __init__(self, template, content, notes):
        super().__init__(template, content, notes)
        self._find_heading(self.begin)
        self.starts, self.lines, self.keys = array("Q"), array("Q"), array("q")
        self._index()

    @property
    def hashes(self):
        return array("q", set(self.keys))

    # ------------------------------------------------------------------ headings

    def _find_heading(self, position):
        """Find the row with the headings: the first one that has all required ones. Titles may precede it."""
        line, first = 1, self.template.delimiter
        match = LINE.match(self.content, position)
        if told := _SEPARATOR.fullmatch(self._text(position, min(match.end(1), position + MAX_TOLD)).strip()):
            first = "\t" if told[1] == "\\t" else told[1]
            position, line = match.end(), 2
        best = None
        for delimiter in dict.fromkeys((first, *DELIMITERS)):
            self.delimiter = delimiter
            for count, (_start, number, header, _fault) in enumerate(self.rows(position, len(self.content), line)):
                places, missing, twice = self._columns_of(header)
                if not missing and delimiter != first:
                    raise _other_delimiter(number, first, delimiter)
                if not missing:
                    self._take_heading(header, number, places, twice, count)
                    return
                if best is None or len(missing) < len(best[0]):
                    best = missing, number, header
                if count >= TITLE_ROWS:
                    break
        missing, number, header = best or ([self.key.label], line, [])
        raise FileFormatError(
            _("Line %(line)s: the column %(columns)s is missing.", line=number, columns=missing)
            if len(missing) == 1
            else _("Line %(line)s: the columns %(columns)s are missing.", line=number, columns=missing),
            line=number,
            column=missing[0],
            expected=", ".join(missing),
            found=harmless(", ".join(header)[:200]),
        )

    def _columns_of(self, header):
        """{name of a column: its place}, missing headings, and headings of the template's columns that occur twice.

        Case and spaces of a heading do not matter; aliases of a column come after its label.
        """
        plain, doubles = {}, set()
        for place, heading in enumerate(header):
            if name := _plain(heading):
                if plain.setdefault(name, place) != place:
                    doubles.add(name)
        places, twice = {}, []
        for column in self.template.columns:
            for heading in (column.label, *column.aliases):
                if _plain(heading) in plain:
                    places[column.name] = plain[_plain(heading)]
                    if _plain(heading) in doubles:
                        twice.append(heading)
                    break
        missing = [column.label for column in self.template.columns if column.required and column.name not in places]
        if self.key.name not in places and self.key.label not in missing:
            missing.insert(0, self.key.label)
        return places, missing, twice

    def _take_heading(self, header, line, places, twice, titles):
        if twice:
            heading = twice[0]
            raise FileFormatError(
                _("The heading %(heading)s occurs twice.", heading=shown(heading)),
                line=line,
                column=heading,
                found=heading,
            )
        self.places, self.width = places, len(header)
        self.header = [heading.strip() for heading in header]
        self.key_place = places[self.key.name]
        self.currency_place = places.get("currency", -1)
        required = [column.name for column in self.template.columns if column.required]
        self.needed = max(places[name] for name in (*required, self.key.name))
        self.fields = [(name, place, self.columns[name]) for name, place in places.items()]
        numbers = {place for name, place in places.items() if self.columns[name].type == "decimal"}
        self.summable = numbers | (set(range(self.width)) - set(places.values())) | {self.currency_place}
        known = set(places.values())
        if titles:
            self.notes.add(_("The headings are on line %(line)s. The lines before it were skipped.", line=line))
        extra = [heading for place, heading in enumerate(self.header) if place not in known and heading]
        if extra:
            names = harmless(", ".join(extra)[:200])
            self.notes.add(_("Columns that the file template does not name were skipped: %(columns)s.", columns=names))

    # ------------------------------------------------------------------ documents

    def _index(self):
        """Record the positions of the rows of each document, and raise errors in the whole file."""
        trailer = self.template.trailer
        position, line = self.next_row
        self.stop, count, broken, last, is_over = len(self.content), 0, 0, "", False
        for start, number, cells, fault in self.rows(position, self.stop, line):
            if is_over:
                raise FileFormatError(
                    _("Line %(line)s follows the trailer row %(trailer)s.", line=number, trailer=shown(trailer)),
                    line=number,
                )
            if trailer and cells and cells[0].strip() == trailer:
                self._check_count(cells, count, number)
                is_over, self.stop = True, start
                continue
            line = number
            if not fault and (note := self._skip_note(cells, number)):
                self.notes.add(note)
                last = ""
                continue
            count += 1
            broken += bool(fault)
            if count > MAX_ROWS or broken > MAX_DAMAGED:
                raise _too_many_rows(count, number)
            key = self._key_of(cells)
            if not key or key != last:
                self.starts.append(start)
                self.lines.append(number)
                self.keys.append(hash(key or number))
            last = key
        if trailer and not is_over:
            raise FileFormatError(
                _("The file ends without its trailer row %(trailer)s.", trailer=shown(trailer)),
                line=line,
                expected=trailer,
                found="the end of the file",
                is_cut=True,
            )

    def _check_count(self, row, count, line):
        said = row[1].strip() if len(row) > 1 else ""
        if said != str(count):
            raise FileFormatError(
                _(
                    "The trailer row counts %(expected)s rows, but the file has %(count)s.",
                    expected=shown(said),
                    count=count,
                ),
                line=line,
                expected=harmless(said[:20]),
                found=str(count),
            )

    def _key_of(self, cells):
        return harmless(cells[self.key_place].strip()) if self.key_place < len(cells) else ""

    def _skip_note(self, cells, line):
        """A sentence on why a row is not part of a document; empty if it is."""
        if words := self.template.left_out:
            first = next((cell.strip() for cell in cells if cell.strip()), "").casefold()
            if word := next((word for word in words if first.startswith(word.casefold())), ""):
                return _("Line %(line)s begins with %(word)s and was skipped.", line=line, word=shown(word))
        key = cells[self.key_place].strip() if self.key_place < len(cells) else ""
        if key and not _TOTAL.match(key):
            is_heading = key == self.header[self.key_place]
            if is_heading and [*map(str.strip, cells)] == self.header:
                return _("Line %(line)s repeats the headings and was skipped.", line=line)
            return ""
        filled = {place: cell.strip() for place, cell in enumerate(cells) if cell.strip()}
        if len(filled) == 1:
            value = shown(harmless(*filled.values()))
            return _("Line %(line)s holds only %(value)s and was skipped.", line=line, value=value)
        if all(place in self.summable or _TOTAL.match(cell) for place, cell in filled.items()):
            return _("Line %(line)s holds totals and was skipped.", line=line)
        return ""

    def documents(self):
        ends = self.starts[1:]
        ends.append(self.stop)
        again = repeated(self.keys)
        chains = {}
        for number, key in enumerate(self.keys):
            if key in again:
                chains.setdefault(key, array("Q")).append(number)
        for number, key in enumerate(self.keys):
            runs = chains.get(key) or (number,)
            if runs[0] == number:
                yield from self._built(runs, ends)

    def _built(self, runs, ends):
        """The documents of the rows of some runs: one, and those of rows that only seem to belong to it."""
        drafts, strays = {}, []
        for run in runs:
            for _start, line, cells, fault in self.rows(self.starts[run], ends[run], self.lines[run]):
                if fault or not self._skip_note(cells, line):
                    self._add(drafts, strays, cells, line, fault)
        for document in (*(draft.document for draft in drafts.values()), *strays):
            self.check_required(document)
            yield document

    def _add(self, drafts, strays, cells, line, fault):
        key = self._key_of(cells)
        draft = drafts.get(key or line)
        if fault:
            if draft:
                blame(draft.document, fault)
            else:
                drafts[key or line] = _Draft(damaged(line, fault, key))
            return
        is_short = len(cells) < self.width
        if is_short:
            cells += [""] * (self.width - len(cells))
        document = FileDocument(key=key, line=line)
        head, values = self._values(document, cells, line)
        if any(cell.strip() for cell in cells[self.width :]):
            found = {"line": line, "count": len(cells), "expected": self.width}
            blame(document, _("Line %(line)s has %(count)s columns instead of %(expected)s.", **found))
        document.values = head
        if draft and draft.document.values and draft.document.values != head:
            # of two rows with one ID, a short one is a piece of another row, with this ID in the wrong place
            stray = document if is_short else draft.document if draft.is_short else None
            blame(stray or draft.document, self._differs(document, draft.document))
            if stray:
                stray.key = ""
                strays.append(stray)
            if stray is document:
                return
            draft = None if stray else draft
        if draft:
            draft.document.values = draft.document.values or head
            for problem in document.problems:
                blame(draft.document, problem)
        else:
            draft = drafts[key or line] = _Draft(document)
        draft.is_short &= is_short
        self.add_line(draft.document, draft.numbers, values, line)

    def _differs(self, document, other):
        """A sentence on the first value in which two rows of a document differ."""
        return _(
            "Line %(line)s: %(column)s differs from line %(other_line)s.",
            line=document.line,
            column=next(
                self.columns[name].label for name, value in document.values.items() if value != other.values.get(name)
            ),
            other_line=other.line,
        )

    def _values(self, document, cells, line):
        """Values of the head and of the line, by name of their column."""
        head, values = {}, {}
        currency = cells[self.currency_place].strip().upper() if self.currency_place >= 0 else ""
        for name, place, column in self.fields:
            target = values if column.on_line else head
            target[name] = self.value(document, column, cells[place], line, currency)
        return head, values


class _Draft:
    """A document that is being read. `numbers`: its lines by their number; `is_short`: all rows lack cells."""

    __slots__ = ("document", "is_short", "numbers")

    def __init__(self, document):
        self.document = document
        self.numbers = {}
        self.is_short = True


def repeated(hashes):
    """The hashes that occur more than once."""
    ordered = sorted(hashes)
    return {one for one, other in pairwise(ordered) if one == other}


def _plain(heading):
    return re.sub(r"[\s_\u200b\ufeff]+", "", heading).lower()


def _other_delimiter(line, expected, found):
    name = _("tabs") if found == "\t" else shown(found)
    return FileFormatError(
        _(
            "Line %(line)s: the headings are separated by %(delimiter)s. Set that delimiter in the file template.",
            line=line,
            delimiter=name,
        ),
        line=line,
        expected=expected,
        found=found.replace("\t", "tab"),
    )


def _too_many_rows(count, line):
    if count > MAX_ROWS:
        sentence = _("The file has more than %(limit)s rows, which is the limit.", limit=Decimal(MAX_ROWS))
    else:
        sentence = _(
            "The file has more than %(limit)s unreadable rows, which is the limit.", limit=Decimal(MAX_DAMAGED)
        )
    return FileFormatError(sentence, line=line)
