"""Names of files from Ramp."""

import re
from urllib.parse import unquote, urlsplit


def file_name(url):
    """The last part of the path of a link; empty unless it has a file extension."""
    try:
        path = unquote(urlsplit(url).path)
    except ValueError:
        return ""
    name = safe_name(path.rpartition("/")[2])
    return name if re.search(r"[^.]\.[A-Za-z0-9]{1,5}$", name) else ""


def safe_name(name):
    """The name without characters that could leave a folder or that file systems refuse."""
    return re.sub(r"[\x00-\x1f\x7f<>:\"|?*\\/]+", "-", name).strip(". -")[-120:]


def unused(name, names):
    """The name, with a number if it is already used."""
    stem, dot, suffix = name.rpartition(".") if "." in name else (name, "", "")
    candidate, count = name, 1
    while candidate in names:
        count += 1
        candidate = f"{stem} ({count}){dot}{suffix}"
    return candidate
