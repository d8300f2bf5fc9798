"""The handlers of Concur's APIs by operation; each subject's module adds its own."""

import base64

from ..server import Handlers
from .errors import refuse

handlers = Handlers()
FOREIGN_HOST = "https://www.concursolutions.com"
"""Where ``NextPage`` points to, which is not where the token is good."""


def page_of(rows, query, path):
    """A page of v3, and the link to the next one."""
    start = int(base64.b64decode(query["offset"])) if query.get("offset") else 0
    end = start + query["limit"]
    offset = base64.b64encode(str(end).encode()).decode()
    following = f"{FOREIGN_HOST}{path}?limit={query['limit']}&offset={offset}"
    return rows[start:end], following if end < len(rows) else None


def find(call, table, name, code, label):
    """The row of a table that the path names, or a 404 with this code."""
    row = table.get(call.path[name])
    if row is None:
        raise refuse(call.request.path, 404, code, f"The {label} was not found.")
    return row
