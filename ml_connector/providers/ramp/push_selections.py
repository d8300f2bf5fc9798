"""Coding of the lines that Odoo sends to Ramp: by the Odoo IDs of field and option.

A line has one option for each field, so an analytic distribution over several accounts of one plan is lost.
"""

ACCOUNT_FIELD = "account"
TAX_FIELD = "tax"
WHOLE = 100


def coding(line):
    """`[{field, option}]` of a line; the two built-in fields under constant names, until Ramp's names are known."""
    chosen = []
    if line.account:
        chosen.append({"field": ACCOUNT_FIELD, "option": line.account.external_id})
    if len(line.taxes) == 1:
        chosen.append({"field": TAX_FIELD, "option": line.taxes[0].external_id})
    for share in line.analytics:
        field = share.reference.group
        if field and share.percentage == WHOLE:
            option = share.reference.external_id.removeprefix(f"{field}:")
            chosen.append({"field": field, "option": option})
    return chosen


def is_split(line):
    """Whether a part of the line's coding cannot be sent."""
    return any(share.percentage != WHOLE for share in line.analytics)


def wire(chosen, fields):
    """Ramp's `accounting_field_selections`.

    :param fields: function from the constant name of a built-in field to its name in Ramp
    """
    return [
        {
            "field_external_id": fields(item["field"])
            if item["field"] in (ACCOUNT_FIELD, TAX_FIELD)
            else item["field"],
            "field_option_external_id": item["option"],
        }
        for item in chosen
    ]
