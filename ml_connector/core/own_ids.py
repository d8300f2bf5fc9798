"""IDs of Odoo records at providers; see `documents.OwnId`."""

import base64
import functools
import hashlib

from .documents import OwnId

MARKS_SINCE = "ml_connector.marks_since"
"""Parameter: records created until that time (UTC) have no mark. Missing if there always were marks."""


def own_id(record):
    """The ID of a record at providers; None without a record."""
    return OwnId(record.id, mark_of(record.create_date, marks_since(record.env))) if record else None


def marks_since(env):
    """The time until which records have no mark, as text; empty if there always were marks."""
    # sudo: parameters are readable by administrators only
    return env["ir.config_parameter"].sudo().get_param(MARKS_SINCE) or ""


@functools.lru_cache(maxsize=4096)  # what one transaction creates has one time
def mark_of(born, since):
    """The mark of a record that was created at a time (UTC, to the microsecond).

    :param since: of `marks_since`, which callers of many records read once
    """
    moment = born.isoformat(timespec="microseconds") if born else ""
    if moment <= since:
        return ""
    return base64.b32encode(hashlib.blake2b(moment.encode(), digest_size=5).digest()).decode()[:6]


def may_be(record, told):
    """Whether an ID from a provider may mean a record: it has the record's mark, or none.

    Without a mark it proves nothing, so the caller has to compare the content in any case.
    """
    return not getattr(told, "mark", "") or told.mark == mark_of(record.create_date, marks_since(record.env))
