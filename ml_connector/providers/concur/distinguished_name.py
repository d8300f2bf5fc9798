r"""Distinguished names as proxies write them: `CN=a.example,O=A\, B,C=DE` (RFC 4514 and 2253), or OpenSSL's older
`/C=DE/O=A/CN=a.example`, which knows no escapes.
"""

import re

_ATTRIBUTE = re.compile(
    r"""\ *(?P<type>[A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)*)\ *=
    (?P<value>(?:[^\\,+;"<>\0]|\\(?:[\\,+;"<>=\ \#]|[0-9A-Fa-f]{2}))*)
    (?P<end>[,+]|\Z)""",
    re.VERBOSE | re.ASCII,
)
_OLD_ATTRIBUTE = re.compile(r"(?P<type>[A-Za-z][A-Za-z0-9.-]*)=(?P<value>[^=\\,+;\"<>\0]*)", re.ASCII)
_ESCAPED = re.compile(rb"\\([0-9A-Fa-f]{2}|.)", re.DOTALL)
COMMON_NAME = ("cn", "commonname", "2.5.4.3")


def common_names(text):
    """The values of all attributes CN of a name; none when the text is not a distinguished name."""
    attributes = _old_attributes(text) if text.startswith("/") else _attributes(text)
    return [value for kind, value in attributes if kind.lower() in COMMON_NAME]


def _attributes(text):
    found, place = [], 0
    while True:
        attribute = _ATTRIBUTE.match(text, place)
        if not attribute:
            return []
        found.append((attribute["type"], _plain(attribute["value"])))
        place = attribute.end()
        if not attribute["end"]:
            return found


def _old_attributes(text):
    parts = [_OLD_ATTRIBUTE.fullmatch(part) for part in text[1:].split("/")]
    return [(part["type"], part["value"]) for part in parts] if all(parts) else []


def _plain(value):
    """The value without its escapes, and without spaces around it that are not escaped."""
    value = value.strip(" ")
    if (len(value) - len(value.rstrip("\\"))) % 2:
        value += " "
    return _ESCAPED.sub(_meant, value.encode("utf-8", "replace")).decode("utf-8", "replace")


def _meant(escape):
    sign = escape[1]
    return bytes.fromhex(sign.decode()) if len(sign) == 2 else sign
