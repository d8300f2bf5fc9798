"""Times of events as dates in the company's time zone."""

from datetime import datetime, time


def localized(value, zone, names):
    """A record with its times converted to a time zone, so that their dates are those of the company.

    Midnight means a date without a time.

    :param names: keys of times of events; all other keys hold dates that a user chose, in whatever form
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
        return value  # the translation of the record reports the error
