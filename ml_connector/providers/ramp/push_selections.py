"""How lines that go to Ramp are coded: by our ids of field and option.

A line has one option for each field, so an analytic distribution over several accounts of one plan cannot be told.
"""

ACCOUNT_FIELD = "account"
TAX_FIELD = "tax"
WHOLE = 100


def coding(line):
    """`[{field, option}]` of a line; the two built-in fields by our word for them, until Ramp's name of it is known."""
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
    """Whether a part of the line's coding has no place in Ramp."""
    return any(share.percentage != WHOLE for share in line.analytics)


def wire(chosen, fields):
    """Ramp's `accounting_field_selections`.

    :param fields: the ids of the built-in fields in Ramp, by our word for them
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
