"""By which ids others know records of this database; see `documents.OwnId`."""

import base64
import hashlib

from .documents import OwnId

MARKS_SINCE = "ml_connector.marks_since"
"""Parameter: records that were born until then (UTC) are known without a mark. None where there were always marks."""


def own_id(record):
    """The id of a record as others are told it; None without a record."""
    return OwnId(record.id, mark_of(record.env, record.create_date)) if record else None


def mark_of(env, born):
    """The mark of a record that was born at a moment (UTC, to the microsecond)."""
    moment = born.isoformat(timespec="microseconds") if born else ""
    # sudo: parameters are readable by administrators only
    since = env["ir.config_parameter"].sudo().get_param(MARKS_SINCE) or ""
    if moment <= since:
        return ""
    return base64.b32encode(hashlib.blake2b(moment.encode(), digest_size=5).digest()).decode()[:6]


def may_be(record, told):
    """Whether an id that came from outside may name a record: it bears the record's mark, or none.

    Without a mark it proves nothing, so what matters has to agree in any case.
    """
    return not getattr(told, "mark", "") or told.mark == mark_of(record.env, record.create_date)
