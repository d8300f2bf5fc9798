"""The states of transfers."""

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
"""States of transfers that a newer version of the record replaces, and that users may retry."""
HELD_STATES = ("waiting", "failed")
"""States of transfers that continue with what they wait for."""
FINAL_STATES = ("done", "ignored", "superseded")
DECIDED_STATES = ("ignored", "superseded")
DIFFERS = [("outcome", "=", "drift"), ("is_current", "=", True), ("state", "not in", DECIDED_STATES)]
"""Domain of transfers that changed after posting and are not resolved."""
CLEAN = {"error_class": False, "error_message": False, "conflict": False, "decision": False, "stop_count": 0}
"""Values of transfers without an error."""
DECISIONS = {
    "odoo": _("Keep Odoo Values"),
    "vendor": _("Use Provider Values"),
    "difference": _("Book as Difference"),
    "next_open_day": _("Post on First Open Day"),
    "date_is_right": _("Confirm Date"),
}
