"""Writes rows of values into a file by its template, one by one, so that memory does not grow with their number."""

import csv
import io
from xml.sax.saxutils import escape, quoteattr

from ..errors import InvalidDataError
from ..messages import _
from .values import shown, writer_of


def file_writer(template, stream):
    return (_XmlWriter if template.file_format == "xml" else _CsvWriter)(template, stream)


class _Writer:
    """:ivar size: bytes written so far"""

    def __init__(self, template, stream):
        self.template = template
        self.stream = stream
        self.size = 0
        self.columns = template.columns
        self.texts = [writer_of(column, template) for column in self.columns]

    def texts_of(self, values):
        """The row as written to the file; also used to detect changes."""
        return [text(value) for text, value in zip(self.texts, values, strict=True)]

    def put(self, text):
        try:
            data = text.encode(self.template.encoding)
        except UnicodeEncodeError as error:
            raise InvalidDataError(
                _(
                    "%(encoding)s has no characters for %(value)s. Choose UTF-8 in the file template.",
                    encoding=self.template.encoding,
                    value=shown(text[max(error.start - 10, 0) : error.end + 10]),
                )
            ) from None
        self.stream.write(data)
        self.size += len(data)


class _CsvWriter(_Writer):
    def __init__(self, template, stream):
        super().__init__(template, stream)
        self.buffer = io.StringIO(newline="")
        quoting = csv.QUOTE_ALL if template.quote_all else csv.QUOTE_MINIMAL
        self.csv = csv.writer(
            self.buffer, delimiter=template.delimiter, quoting=quoting, lineterminator=template.line_end
        )
        if template.bom and template.encoding == "utf-8":
            self.stream.write(b"\xef\xbb\xbf")
            self.size += 3
        self.write([[column.label for column in template.columns]])

    def write(self, rows):
        """Write rows of texts."""
        self.csv.writerows(rows)
        self.put(self.buffer.getvalue())
        self.buffer.seek(0)
        self.buffer.truncate()

    write_document = write

    def close(self):
        """CSV has no end mark."""


class _XmlWriter(_Writer):
    def __init__(self, template, stream):
        super().__init__(template, stream)
        company = f" companyId={quoteattr(template.company_code)}" if template.company_code else ""
        encoding = template.encoding.upper()
        self.put(f'<?xml version="1.0" encoding="{encoding}"?>\n<{template.root_element}')
        self.put(f' schemaVersion="1" entity={quoteattr(template.entity)}{company}>\n')
        self.on_line = [column.on_line for column in self.columns]

    def write(self, rows):
        """Write documents with one row each."""
        for row in rows:
            self.write_document([row])

    def write_document(self, rows):
        """Write one document: its head from the first row, a line from each."""
        element = self.template.document_element
        parts = [f"  <{element}>\n", *self.elements(rows[0], False, "    ")]
        if any(self.on_line):
            parts.append("    <Lines>\n")
            for row in rows:
                parts += ["      <Line>\n", *self.elements(row, True, "        "), "      </Line>\n"]
            parts.append("    </Lines>\n")
        self.put("".join([*parts, f"  </{element}>\n"]))

    def elements(self, row, on_line, indent):
        for column, text, is_on_line in zip(self.columns, row, self.on_line, strict=True):
            if text and is_on_line == on_line:
                yield f"{indent}<{column.label}>{escape(text)}</{column.label}>\n"

    def close(self):
        self.put(f"</{self.template.root_element}>\n")
