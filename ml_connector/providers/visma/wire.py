"""Values as Visma writes them, and sentences on values that it stored differently than they were sent."""

from ...core.messages import _
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


def difference(field, found, sent):
    """A sentence on a field.

    :param found: value in Visma; None and empty texts are named as such
    """
    return _(
        "%(field)s is %(provider_value)s instead of %(odoo_value)s.",
        field=field,
        provider_value=_("empty") if found in (None, "") else found,
        odoo_value=sent,
    )


def lines_missing(found, sent):
    return _("Number of lines: %(found)s instead of %(sent)s.", found=found, sent=sent)


def of_line(number, sentence):
    return _("Line %(line)s: %(difference)s", line=number, difference=sentence)
