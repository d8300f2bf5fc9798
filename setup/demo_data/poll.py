# ruff: noqa: F821 - `env` comes from odoo shell
"""Look for files now, and write those that had nothing to say so far, on every connection that exchanges files."""

for connection in env["ml.connection"].search([("state", "=", "connected")]):
    silent = connection.flow_ids.filtered(
        lambda flow: flow.active and flow._spec().feed == "out" and not flow.done_count
    )
    for flow in connection._inbox_flow() | silent:
        flow.action_sync_now()
