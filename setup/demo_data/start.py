# ruff: noqa: F821 - `env` comes from odoo shell
"""Start every connection that has been tested, with webhooks and with all of its flows."""

for connection in env["ml.connection"].search([("state", "=", "draft")]):
    connection.action_start()
    if connection._provider_class().webhook_events:
        connection.action_subscribe()
