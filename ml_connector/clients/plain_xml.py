"""Reads XML from outside: elements, attributes and text, nothing that has a meaning of its own.

Document types and entities are refused where the parser meets them, whatever the encoding, and depth and number of
elements are bounded. Names are without their namespaces.
"""

from xml.parsers import expat

MAX_DEPTH = 12
MAX_ELEMENTS = 2_000_000


class XmlError(Exception):
    """The text cannot be read.

    :ivar reason: `doctype`, `depth`, `size`, `encoding`, or what the parser says
    :ivar code: the parser's own code; None: it is our rule that is broken
    :ivar is_cut: it ends in the middle
    """

    def __init__(self, reason, line, column=0, code=None, is_cut=False):
        super().__init__(reason)
        self.reason, self.line, self.column, self.code, self.is_cut = reason, line, column, code, is_cut


class Node:
    """An element. `text` is a list of pieces."""

    __slots__ = ("attributes", "children", "line", "name", "text")

    def __init__(self, name, attributes, line):
        self.name = name
        self.attributes = attributes
        self.children = []
        self.text = []
        self.line = line


def parse(content, max_elements=MAX_ELEMENTS):
    """The root of a document.

    :raises XmlError: it is not plain, well-formed XML
    """
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    stack, roots = [], []
    left = max_elements

    def refuse(*_arguments):
        raise XmlError("doctype", parser.CurrentLineNumber)

    def start(name, attributes):
        nonlocal left
        left -= 1
        if left < 0:
            raise XmlError("size", parser.CurrentLineNumber)
        if len(stack) >= MAX_DEPTH:
            raise XmlError("depth", parser.CurrentLineNumber)
        plain = {_local(key): value for key, value in attributes.items()}
        node = Node(_local(name), plain, parser.CurrentLineNumber)
        (stack[-1].children if stack else roots).append(node)
        stack.append(node)

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _name: stack.pop()
    parser.CharacterDataHandler = lambda text: stack[-1].text.append(text)
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise _failure(error, bool(stack)) from None
    except (ValueError, LookupError):
        raise XmlError("encoding", 1) from None
    return roots[0]


def _failure(error, is_open):
    is_cut = is_open and error.code in (
        expat.errors.codes[expat.errors.XML_ERROR_NO_ELEMENTS],
        expat.errors.codes[expat.errors.XML_ERROR_UNCLOSED_TOKEN],
        expat.errors.codes[expat.errors.XML_ERROR_PARTIAL_CHAR],
    )
    return XmlError(expat.ErrorString(error.code), error.lineno, error.offset + 1, error.code, is_cut)


def _local(name):
    return name.rpartition(" ")[2]
