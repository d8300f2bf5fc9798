"""Names and states of files as a server tells them and as the database stores them."""

import hashlib

MAX_NAME = 200
MAX_NUMBER = 2**31 - 1
"""The largest size or time that the database stores."""
DONE_SUFFIX = ".done"
SPOOLED = 8 * 1024 * 1024


def kept(state):
    """Size and time of change as the database stores them."""
    return tuple(min(number, MAX_NUMBER) for number in state)


def shown(name):
    """A file's name as it is stored. A name that Odoo does not accept is made harmless and stays unique."""
    if is_plain(name):
        return name
    raw = name.encode(errors="surrogateescape")
    shown = ascii(name)[1:-1] if is_text(name) else raw.decode(errors="backslashreplace")
    shown = "".join(sign if sign.isprintable() else "?" for sign in shown)
    return f"{shown[:100]}~{hashlib.sha256(raw).hexdigest()[:8]}"


def is_text(name):
    """Whether a name on the server is UTF-8."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_plain(name):
    """Whether a file's name can be used in a path."""
    return (
        bool(name)
        and len(name) <= MAX_NAME
        and name.isprintable()
        and not set(name) & {"/", "\\", ":"}
        and name not in (".", "..")
    )
