from odoo import SUPERUSER_ID, api


def migrate(cr, version):
    """Note which business each connection in use takes, so that another one that would take the same is noticed.

    Two that take the same already are found by the next test of either of them.
    """
    env = api.Environment(cr, SUPERUSER_ID, {})
    taken = set()
    for connection in env["ml.connection"].search([("state", "!=", "draft")], order="id"):
        territory = connection._territory()
        values = territory and connection._territory_values(territory)
        if values and (key := (connection.provider, *values.values())) not in taken:
            taken.add(key)
            connection.write(values)
