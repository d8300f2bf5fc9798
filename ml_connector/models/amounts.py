from odoo.tools import format_amount


def shown(env, amount, currency):
    """An amount as the reader writes it.

    :param currency: record, or its code, which Odoo may not know
    """
    if isinstance(currency, str):
        code = currency
        currency = env["res.currency"].with_context(active_test=False).search([("name", "=", code)])
        if not currency:
            return f"{amount} {code}"
    return format_amount(env, float(amount), currency)
