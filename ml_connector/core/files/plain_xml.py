"""Reads XML from outside: elements, attributes and text only.

The parser refuses document types and entities in any encoding, and limits depth and number of elements. Names are
without their namespaces.
"""

import re
from xml.parsers import expat

MAX_DEPTH = 12
MAX_ELEMENTS = 3_000_000
MAX_PART_ELEMENTS = 200_000
MAX_PART_TEXT = 10_000_000
MAX_TOKEN = 1 << 20
"""Bytes of a tag or a comment."""
CHUNK = 1 << 16
_TAG = rb"<[^<>\"']*(?:(?:\"[^\"]*\"|'[^']*')[^<>\"']*)*>"
_CUT = {
    expat.errors.codes[code]
    for code in (
        expat.errors.XML_ERROR_NO_ELEMENTS,
        expat.errors.XML_ERROR_UNCLOSED_TOKEN,
        expat.errors.XML_ERROR_PARTIAL_CHAR,
        expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
    )
}


class XmlError(Exception):
    """The text cannot be read.

    :ivar reason: `doctype`, `depth`, `size`, `part`, `text`, `token`, `nested`, `encoding`, or the parser's own text
    :ivar code: the parser's code; None: a rule of this module is violated
    :ivar is_cut: whether the text ends too early
    :ivar limit: the limit that is exceeded, if there is one
    :ivar start: position of the faulty part, in bytes
    :ivar stop: position of the next part
    """

    start = stop = 0

    def __init__(self, reason, line, column=0, code=None, is_cut=False, limit=0):
        super().__init__(reason)
        self.reason, self.line, self.column, self.code, self.is_cut = reason, line, column, code, is_cut
        self.limit = limit


class Node:
    """An element. `text` has pieces."""

    __slots__ = ("attributes", "children", "line", "name", "text")

    def __init__(self, name, attributes, line):
        self.name = name
        self.attributes = attributes
        self.children = ()
        self.text = ()
        self.line = line


class _Parser:
    """One run of the parser, with the elements that are open.

    :ivar stack: the open elements, the root first
    :ivar done: complete children of the root, if they are read one by one
    :ivar root_at: position of the root, in bytes
    :ivar understood: position of the last tag, comment or the like that was parsed
    :ivar begun: position of the open child of the root
    """

    def __init__(self, max_elements, part_name=None, encoding=None, base_line=0):
        self.expat = expat.ParserCreate(encoding, namespace_separator=" ")
        self.expat.buffer_text = True
        self.left = max_elements
        self.part_name = part_name
        self.base_line = base_line
        self.stack, self.roots, self.done = [], [], []
        self.begun = None
        self.root_at = self.understood = 0
        self.part_elements = self.part_text = 0
        self.expat.StartDoctypeDeclHandler = self.expat.EntityDeclHandler = self._refuse
        self.expat.StartElementHandler = self._start
        self.expat.EndElementHandler = self._end
        self.expat.CharacterDataHandler = self._text
        for name in ("Comment", "ProcessingInstruction", "EndCdataSection"):
            setattr(self.expat, f"{name}Handler", self._pass)

    @property
    def line(self):
        return self.base_line + self.expat.CurrentLineNumber

    def fault(self, reason, limit=0):
        return XmlError(reason, self.line, limit=limit)

    def _refuse(self, *_arguments):
        raise self.fault("doctype")

    def _start(self, name, attributes):
        name = _local(name)
        self.left -= 1
        if self.left < 0:
            raise self.fault("size", MAX_ELEMENTS)
        depth = len(self.stack)
        if depth >= MAX_DEPTH:
            raise self.fault("depth", MAX_DEPTH)
        if self.part_name is not None:
            if depth == 1:
                self.begun, self.part_elements, self.part_text = self.expat.CurrentByteIndex, 0, 0
            elif depth > 1 and name == self.part_name:
                raise self.fault("nested")
            self.part_elements += 1
            if self.part_elements > MAX_PART_ELEMENTS:
                raise self.fault("part", MAX_PART_ELEMENTS)
        self.understood = self.expat.CurrentByteIndex
        plain = {_local(key): value for key, value in attributes.items()} if attributes else attributes
        node = Node(name, plain, self.line)
        if depth == 0:
            self.roots.append(node)
            self.root_at = self.expat.CurrentByteIndex
        elif depth > 1 or self.part_name is None:
            _append(self.stack[-1], "children", node)
        self.stack.append(node)

    def _pass(self, *_arguments):
        self.understood = self.expat.CurrentByteIndex

    def _end(self, _name):
        self.understood = self.expat.CurrentByteIndex
        node = self.stack.pop()
        if len(self.stack) == 1:
            self.begun = None
            if self.part_name is not None:
                self.done.append(node)

    def _text(self, text):
        if self.part_name is not None:
            if len(self.stack) == 1:
                return
            self.part_text += len(text)
            if self.part_text > MAX_PART_TEXT:
                raise self.fault("text", MAX_PART_TEXT)
        _append(self.stack[-1], "text", text)

    def feed(self, data, is_end):
        """
        :raises XmlError: the data is not plain, well-formed XML
        """
        try:
            self.expat.Parse(data, is_end)
        except expat.ExpatError as error:
            is_cut = bool(self.stack) and error.code in _CUT
            line = self.base_line + error.lineno
            raise XmlError(expat.ErrorString(error.code), line, error.offset + 1, error.code, is_cut) from None
        except (ValueError, LookupError):
            raise XmlError("encoding", 1) from None


def _append(node, where, item):
    items = getattr(node, where)
    if items:
        items.append(item)
    else:
        setattr(node, where, [item])


def parse(content, max_elements=MAX_ELEMENTS):
    """The root of a document.

    :raises XmlError: the content is not plain, well-formed XML
    """
    parser = _Parser(max_elements)
    parser.feed(content, True)
    return parser.roots[0]


class Parts:
    """Iterates over the children of the root: `(element, None)`, or `(None, error)` for an unreadable part, which ends
    where the next child of that name begins.

    :param name: name of the children that hold documents
    :param nests: whether such a child may contain an element of the same name
    :ivar root: the root, without its children
    :raises XmlError: the error is outside these children
    """

    def __init__(self, content, name, encoding=None, nests=False):
        self.content, self.name, self.encoding, self.nests = content, name, encoding, nests
        self.root = None
        self._left = MAX_ELEMENTS
        self._next = re.compile(rb"<(?:[\w.-]+:)?%s(?=[\s/>])" % re.escape(name.encode()))

    def __iter__(self):
        start, lines, beginning = 0, 0, b""
        while True:
            parser = _Parser(self._left, "" if self.nests else self.name, self.encoding, lines)
            try:
                yield from self._parsed(parser, beginning, start)
                return
            except XmlError as error:
                if not parser.roots or error.reason in ("doctype", "size", "encoding"):
                    raise
                beginning = beginning or self._beginning(parser.root_at)
                if not beginning or (error.is_cut and not self._is_whole(beginning)):
                    raise
                self._place(error, parser, start, beginning if start else b"")
                yield None, error
                if error.stop == len(self.content):
                    return
                lines += self.content.count(b"\n", start, error.stop)
                start, self._left = error.stop, parser.left

    def _parsed(self, parser, beginning, start):
        parser.feed(beginning, False)
        fed = len(beginning) - start
        end = len(self.content)
        for position in (*range(start, end, CHUNK), end):
            stop, problem = min(position + CHUNK, end), None
            try:
                parser.feed(self.content[position:stop], position == end)
                if fed + stop - parser.expat.CurrentByteIndex > MAX_TOKEN:
                    raise parser.fault("token", MAX_TOKEN)
            except XmlError as error:
                problem = error
            if parser.roots:
                self.root = parser.roots[0]
            complete, parser.done = parser.done[::-1], []
            while complete:
                yield complete.pop(), None
            if problem:
                raise problem

    def _place(self, error, parser, start, beginning):
        """Set the positions of the unreadable part and of the next one."""
        shift = start - len(beginning)
        error.start = max(shift + (parser.understood if parser.begun is None else parser.begun), start)
        if error.column and error.line == parser.base_line + 1 and start:
            before = self.content.rfind(b"\n", max(start - CHUNK, 0), start)
            error.column += start - before - 1 - len(beginning)
        # an unparsed part may seem to contain the following ones, such as a comment without its end
        found = self._next.search(self.content, max(shift + parser.understood, start) + 1)
        error.is_cut = False
        error.stop = found.start() if found else len(self.content)

    def _beginning(self, place):
        """The text before the children of the root, in one line."""
        found = re.compile(_TAG).match(self.content, place)
        return re.sub(rb"[\r\n]", b" ", self.content[: found.end()]) if found else b""

    def _is_whole(self, beginning):
        """Whether the end tag of the root is present."""
        name = re.match(rb"<([^\s/>]+)", beginning[beginning.rfind(b"<") :])
        end = rb"</%s\s*>\s*(?:<!--.{0,200}?-->\s*)?\Z" % re.escape(name[1])
        return bool(re.search(end, self.content[-1000:], re.DOTALL))


def _local(name):
    return name.rpartition(" ")[2]
