"""Patterns that users enter, matched in time proportional to pattern and text.

Python's regular expressions backtrack, so some patterns take hours for a name of forty letters. These patterns never
do.
"""

import re

from .messages import _

MAX_PATTERN = 200
MAX_NAME = 1000
"""Characters of a name; file systems have at most 255 bytes, a hostile server has any number."""
MAX_REPEAT = 100

_TOKEN = re.compile(r"\{([a-z]+)\}")
_ESCAPES = "dDwWsS"


class PatternError(ValueError):
    """The pattern is invalid.

    :param message: a `Message` on the reason
    """

    def __init__(self, message):
        super().__init__(message)
        self.message = message


# Names with tokens


def tokens(pattern):
    """The names in `{name}` of a pattern.

    :raises PatternError: it has other braces
    """
    if len(pattern) > MAX_PATTERN:
        raise PatternError(_("A pattern has at most %(limit)s characters.", limit=MAX_PATTERN))
    if set("{}") & set(_TOKEN.sub("", pattern)):
        raise PatternError(_("Its braces do not match."))
    return _TOKEN.findall(pattern)


def filled(pattern, values):
    """The pattern with a value for each token; values are literal text."""
    return _TOKEN.sub(lambda token: str(values.get(token[1], token[0])), pattern)


# Wildcards


def wildcard_fits(pattern, text):
    """Whether a text matches a pattern in which `*` means any text and `?` one character, ignoring case."""
    parts = [_literal(part) for part in pattern.split("*")]
    first, last = parts[0], parts[-1]
    if len(parts) == 1:
        return bool(first.fullmatch(text))
    start = first.match(text)
    if not start:
        return False
    place = start.end()
    # the leftmost place is the best one: it leaves the most text for the following parts
    for part in parts[1:-1]:
        found = part.search(text, place)
        if not found:
            return False
        place = found.end()
    end = len(text) - len(pattern.rpartition("*")[2])
    return end >= place and bool(last.fullmatch(text, end))


def _literal(part):
    signs = "".join("." if sign == "?" else re.escape(sign) for sign in part)
    return re.compile(signs, re.IGNORECASE | re.DOTALL)


# Names of files


class NamePattern:
    r"""A simple regular expression for names of files.

    Characters, `.`, `[a-z]`, `\d`, `\w`, `\s` and escaped signs, groups and `|`, and `?`, `*`, `+`, `{2}`, `{2,4}`
    after a character, a class, or a group without repetitions. The whole name must match.

    :raises PatternError: the text is not such an expression
    """

    def __init__(self, text, any_case=False):
        if len(text) > MAX_PATTERN:
            raise PatternError(_("A pattern has at most %(limit)s characters.", limit=MAX_PATTERN))
        self._flags = re.IGNORECASE if any_case else 0
        self._text = text.removeprefix("^").removesuffix("$") if not text.endswith(r"\$") else text.removeprefix("^")
        self._place = 0
        self._node = self._choice(depth=0)[0]
        if self._place < len(self._text):
            raise PatternError(_("It has an unmatched closing bracket."))

    def fits(self, name):
        return len(name) <= MAX_NAME and len(name) in self._node(name, {0})

    # A node is a function from possible start positions in a text to possible end positions.

    def _choice(self, depth):
        if depth > 10:
            raise PatternError(_("Its brackets are nested too deeply."))
        nodes, repeats = [], False
        while True:
            node, repeating = self._sequence(depth)
            nodes.append(node)
            repeats |= repeating
            if not self._take("|"):
                return (lambda text, starts: set().union(*(node(text, starts) for node in nodes))), repeats

    def _sequence(self, depth):
        nodes, repeats = [], False
        while self._place < len(self._text) and self._text[self._place] not in "|)":
            node, repeating = self._part(depth)
            nodes.append(node)
            repeats |= repeating

        def follow(text, starts):
            for node in nodes:
                if not starts:
                    break
                starts = node(text, starts)
            return starts

        return follow, repeats

    def _part(self, depth):
        if self._take("("):
            if self._take("?") and not self._take(":"):
                raise PatternError(_("Groups that begin with (? are not supported."))
            node, repeating = self._choice(depth + 1)
            if not self._take(")"):
                raise PatternError(_("A bracket is not closed."))
        else:
            node, repeating = self._sign(), False
        bounds = self._bounds()
        if bounds is None:
            return node, repeating
        if repeating:
            raise PatternError(_("A repeated group contains a repetition."))
        if self._text[self._place : self._place + 1] in ("?", "*", "+", "{") and self._place < len(self._text):
            raise PatternError(_("Two repetitions follow each other."))
        return _repeated(node, *bounds), bounds != (0, 1)

    def _sign(self):
        start = self._place
        sign = self._text[start]
        self._place += 1
        if sign in "*+?{":
            raise PatternError(_("Nothing precedes %(sign)s.", sign=sign))
        if sign in "^$":
            raise PatternError(_("%(sign)s is only allowed at the beginning or the end.", sign=sign))
        if sign == "\\":
            escaped = self._text[self._place : self._place + 1]
            if not escaped or (escaped.isalnum() and escaped not in _ESCAPES):
                raise PatternError(_("Of escaped letters and digits, only d, w and s are supported."))
            self._place += 1
        elif sign == "[":
            self._place = self._end_of_class()
        try:
            one = re.compile(self._text[start : self._place], self._flags)
        except re.error as error:
            raise PatternError(_("Python reports: %(reason)s.", reason=str(error))) from None
        return lambda text, starts: {place + 1 for place in starts if place < len(text) and one.fullmatch(text[place])}

    def _end_of_class(self):
        place = self._place
        place += self._text.startswith("^", place)
        place += self._text.startswith("]", place)
        while place < len(self._text) and self._text[place] != "]":
            place += 2 if self._text[place] == "\\" else 1
        if place >= len(self._text):
            raise PatternError(_("A bracket is not closed."))
        return place + 1

    def _bounds(self):
        """Number of repetitions of the preceding part: (least, most), most None for any number; None: once."""
        for sign, bounds in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self._take(sign):
                return bounds
        counted = re.compile(r"\{(\d{1,3})(?:(,)(\d{0,3}))?\}", re.ASCII).match(self._text, self._place)
        if not counted:
            return None
        self._place = counted.end()
        least = int(counted[1])
        most = least if not counted[2] else int(counted[3]) if counted[3] else None
        if max(least, most or 0) > MAX_REPEAT or (most is not None and most < least):
            raise PatternError(_("A repetition exceeds %(limit)s times, or its limits are reversed.", limit=MAX_REPEAT))
        return least, most

    def _take(self, sign):
        if not self._text.startswith(sign, self._place):
            return False
        self._place += 1
        return True


def _repeated(node, least, most):
    def repeat(text, starts):
        for _time in range(least):
            starts = node(text, starts)
        reached, times = set(starts), least
        while starts and (most is None or times < most):
            # each position counts once, so this ends
            starts = node(text, starts) - reached
            reached |= starts
            times += 1
        return reached

    return repeat
