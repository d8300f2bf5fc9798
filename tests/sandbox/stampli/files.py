"""How the actor reads feeds and writes exports: its own code, so that it does not share the addon's mistakes."""

import csv
import io
import xml.etree.ElementTree as ElementTree


def read_feed(name, content):
    """The rows of a feed, as dicts by heading."""
    if name.endswith(".xml"):
        return _read_xml(content)
    return list(csv.DictReader(io.StringIO(content.decode("utf-8"), newline=""), strict=True))


def _read_xml(content):
    rows = []
    root = ElementTree.fromstring(content)
    for document in root:
        head = {child.tag: child.text or "" for child in document if child.tag != "Lines"}
        lines = document.findall("Lines/Line")
        for line in lines or [ElementTree.Element("Line")]:
            rows.append({**head, **{child.tag: child.text or "" for child in line}})
    return rows


def write_export(columns, rows):
    """A file in Stampli's shape: CRLF, one row a line."""
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, columns, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue().encode()
