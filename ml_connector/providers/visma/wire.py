"""Values as Visma writes them: scalars and nested objects are wrapped in `{"value": x}`, dates have a time."""

from ...core.wire import required, text


def wrapped(values):
    """Plain values in the form that Visma expects. None is left out, so that nothing is cleared by mistake."""
    return {key: {"value": value} for key, value in values.items() if value is not None}


def required_key(source, kind, number):
    """The key of a document: its type and number.

    :raises InvalidDataError: one is missing
    """
    return f"{required(source, kind)}/{required(source, number)}"


def moment_of(text_day):
    """A date (ISO) as Visma expects it: with a time, but without a zone, which would shift the day."""
    return f"{text_day}T00:00:00"


def day(source, key):
    """The date (ISO) at a key, whatever the form of the moment; empty when there is none."""
    return text(source, key)[:10]
