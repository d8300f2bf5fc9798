"""What failed for a state of Odoo is tried once more: from now on it waits for its repair."""

from odoo import SUPERUSER_ID, api


def migrate(cr, version):
    env = api.Environment(cr, SUPERUSER_ID, {})
    failed = [("state", "=", "failed"), ("error_class", "in", ("validation", "locked_period"))]
    env["ml.sync.log"].search([*failed, ("direction", "=", "pull"), ("is_current", "=", True)])._make_pending()
