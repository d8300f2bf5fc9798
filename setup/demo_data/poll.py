# ruff: noqa: F821 - `env` comes from odoo shell
"""Look for files now, on every connection that exchanges files."""

for connection in env["ml.connection"].search([("state", "=", "connected")]):
    for flow in connection._inbox_flow():
        flow.action_sync_now()
