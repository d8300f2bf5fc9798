"""Give each connection a user of its own, with the rights that its active flows need."""

from odoo import SUPERUSER_ID, api


def migrate(cr, version):
    env = api.Environment(cr, SUPERUSER_ID, {})
    for connection in env["ml.connection"].with_context(active_test=False).search([("user_id", "=", False)]):
        user = connection._new_user({"provider": connection.provider, "company_id": connection.company_id.id})
        connection.with_context(tracking_disable=True).user_id = user
        user.active = connection.active
