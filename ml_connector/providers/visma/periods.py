"""The financial periods of Visma.net."""

from datetime import date

from ...core.errors import LockedPeriodError
from ...core.messages import _
from ...core.wire import text
from .wire import day

PATH = "/v1/financialPeriod"


def is_closed(period):
    """Whether a period accepts no documents of the supplier ledger."""
    return bool(period.get("closedInSupplierLedger") or period.get("active") is False)


def code_of(period):
    """Year and number, as documents name their period."""
    return f"{text(period, 'year')}{text(period, 'period').zfill(2)}"


def open_on(periods, booked):
    """The code of the period of an accounting date (ISO).

    :raises LockedPeriodError: the period is closed or missing
    """
    for period in periods:
        if day(period, "startDate") <= booked <= day(period, "endDate"):
            if is_closed(period):
                raise LockedPeriodError(
                    _("The financial period of %(day)s is closed in Visma.net.", day=date.fromisoformat(booked))
                )
            return code_of(period)
    raise LockedPeriodError(_("Visma.net has no financial period for %(day)s.", day=date.fromisoformat(booked)))
