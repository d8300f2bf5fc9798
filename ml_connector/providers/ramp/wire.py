"""What Ramp's rows have in common."""

from ...core.errors import InvalidDataError
from ...core.messages import _
from ...core.wire import text

RECORD = _("a record")
MOMENTS = (
    "created_at",
    "paid_at",
    "payment_processed_at",
    "repaid_at",
    "settlement_date",
    "user_transaction_time",
)
"""Keys of times of events."""


def required_id(source, what=RECORD):
    """Ramp's ID of a record; `what` names the record in the error, such as `the bill`."""
    value = text(source, "id")
    if not value:
        raise InvalidDataError(_("Ramp sent %(record)s without the field %(field)s.", record=what, field="id"))
    return value
