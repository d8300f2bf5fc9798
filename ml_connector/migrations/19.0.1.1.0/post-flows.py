from odoo import SUPERUSER_ID, api


def migrate(cr, version):
    """Flows that are new, for connections that are there already.

    What is sent is limited to companies that the provider is known to have: those that were sent.
    """
    env = api.Environment(cr, SUPERUSER_ID, {})
    for connection in env["ml.connection"].with_context(active_test=False).search([]):
        connection._sync_flows()
        sent = env["ml.binding"].search([("connection_id", "=", connection.id), ("kind", "=", "company")])
        if sent:
            companies = sorted(sent.mapped("external_id"))
            connection.stored_settings = {**(connection.stored_settings or {}), "companies": companies}
