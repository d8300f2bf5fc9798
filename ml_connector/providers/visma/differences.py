"""Sentences on what Visma.net stored differently than it was sent."""

from ...core.messages import _


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
