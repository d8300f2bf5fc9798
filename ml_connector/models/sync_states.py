"""The states of transfers, and what they wait for."""

from ..core.messages import _

STATES = [
    ("pending", "Queued"),
    ("running", "Running"),
    ("done", "Done"),
    ("failed", "Failed"),
    ("waiting", "Waiting"),
    ("unknown", "Unconfirmed"),
    ("ignored", "Ignored"),
    ("superseded", "Replaced by Newer Version"),
]
OPEN_STATES = ("pending", "running", "failed", "waiting", "unknown")
MERGED_STATES = ("pending", "failed", "waiting")
FINAL_STATES = ("done", "ignored", "superseded")
DECIDED_STATES = ("ignored", "superseded")
DIFFERS = [("outcome", "=", "drift"), ("is_current", "=", True), ("state", "not in", DECIDED_STATES)]
"""Domain of transfers that changed after posting and are not resolved."""
ODOO = "odoo"
"""`depends_kind` of transfers that wait for a change of an Odoo record, named in `depends_external_id`."""
DEPENDS = "code:"
"""Prefix of `depends_kind` of transfers that wait for a code, followed by the kind of code."""
INDEPENDENT = {"depends_kind": False, "depends_external_id": False, "depends_name": False, "is_awaited_gone": False}
CLEAN = {
    "error_class": False,
    "error_message": False,
    **INDEPENDENT,
    "conflict": False,
    "decision": False,
    "stop_count": 0,
}
DECISIONS = {
    "odoo": _("Keep Odoo Values"),
    "vendor": _("Use Provider Values"),
    "difference": _("Book as Difference"),
    "next_open_day": _("Post on First Open Day"),
    "date_is_right": _("Confirm Date"),
}


def odoo_key(model, record_id=""):
    """The key by which transfers wait for an Odoo record; without an id, for any record of the model."""
    return f"{model},{record_id}"
