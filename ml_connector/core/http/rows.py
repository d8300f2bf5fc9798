"""The rows of a provider's list; any of them may be something other than a record."""

import json


class Unreadable(dict):
    """Replaces a row that is no object by a record without fields, so that no search by a field finds it.

    :param raw: the value of the row
    """

    def __init__(self, raw):
        super().__init__()
        self.raw = raw


def objects(rows):
    """The rows of a list, each an object."""
    return [row if isinstance(row, dict) else Unreadable(row) for row in rows]


def content_key(row):
    """Identifies a row without an ID by its content."""
    return json.dumps(row.raw if isinstance(row, Unreadable) else row, sort_keys=True, default=str)
