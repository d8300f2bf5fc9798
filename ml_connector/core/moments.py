"""When something happened, as the day that it was where the company is."""

# Odoo translates, and there is no Odoo here.

from datetime import datetime, time


def localized(value, zone, names):
    """A record whose moments are written in a time zone, so that their dates are the days of whoever lives there.

    Midnight stands for a day without time.

    :param names: keys of when something happened; all others are dates that somebody chose, whatever their form
    """
    if isinstance(value, list):
        return [localized(part, zone, names) for part in value]
    if not isinstance(value, dict):
        return value
    return {key: _moved(part, zone) if key in names else localized(part, zone, names) for key, part in value.items()}


def _moved(value, zone):
    try:
        moment = datetime.fromisoformat(value)
        if not moment.tzinfo or moment.time() == time():
            return value
        return moment.astimezone(zone).isoformat()
    except (TypeError, ValueError, OverflowError):
        return value  # whoever reads it says what is wrong
