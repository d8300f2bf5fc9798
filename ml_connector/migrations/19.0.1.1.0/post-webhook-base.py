"""Keep the address for which webhooks were set up, because Odoo's own one follows whoever logs in."""

from odoo import SUPERUSER_ID, api


def migrate(cr, version):
    env = api.Environment(cr, SUPERUSER_ID, {"active_test": False})
    for connection in env["ml.connection"].search([("webhook_state", "in", ("unverified", "active"))]):
        connection.webhook_base = connection._told_base() or False
