"""IDs of Odoo records at providers; see `documents.OwnId`."""

import base64
import hashlib

from .documents import OwnId

MARKS_SINCE = "ml_connector.marks_since"
"""Parameter: records created until that time (UTC) have no mark. Missing if there always were marks."""


def own_id(record):
    """The ID of a record at providers; None without a record."""
    return OwnId(record.id, mark_of(record.env, record.create_date)) if record else None


def mark_of(env, born):
    """The mark of a record that was created at a time (UTC, to the microsecond)."""
    moment = born.isoformat(timespec="microseconds") if born else ""
    # sudo: parameters are readable by administrators only
    since = env["ir.config_parameter"].sudo().get_param(MARKS_SINCE) or ""
    if moment <= since:
        return ""
    return base64.b32encode(hashlib.blake2b(moment.encode(), digest_size=5).digest()).decode()[:6]


def may_be(record, told):
    """Whether an ID from a provider may mean a record: it has the record's mark, or none.

    Without a mark it proves nothing, so the caller has to compare the content in any case.
    """
    return not getattr(told, "mark", "") or told.mark == mark_of(record.env, record.create_date)
