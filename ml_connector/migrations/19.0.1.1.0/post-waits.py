"""Retry transfers that failed because of Odoo's state. From now on they wait until it is fixed."""

from odoo import SUPERUSER_ID, api


def migrate(cr, version):
    env = api.Environment(cr, SUPERUSER_ID, {})
    failed = [("state", "=", "failed"), ("error_class", "in", ("validation", "locked_period"))]
    env["ml.sync.log"].search([*failed, ("direction", "=", "pull"), ("is_current", "=", True)])._make_pending()
