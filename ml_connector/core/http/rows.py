"""The rows of a provider's list, of which any may be no record at all."""

import json


class Unreadable(dict):
    """Stands for a row that is no object: a record without any field, so that whoever looks for one passes it by.

    :param raw: what came in its place
    """

    def __init__(self, raw):
        super().__init__()
        self.raw = raw


def objects(rows):
    """The rows of a list, each an object."""
    return [row if isinstance(row, dict) else Unreadable(row) for row in rows]


def content_key(row):
    """What tells a row without an id from others."""
    return json.dumps(row.raw if isinstance(row, Unreadable) else row, sort_keys=True, default=str)
