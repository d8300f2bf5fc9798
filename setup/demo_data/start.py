# ruff: noqa: F821 - `env` comes from odoo shell, `URL` from the command
"""Start every connection that has been tested, with webhooks and with all of its flows."""

parameters = env["ir.config_parameter"]
parameters.set_param("web.base.url", URL)
parameters.set_param("web.base.url.freeze", "True")

for connection in env["ml.connection"].search([("state", "=", "draft")]):
    if "bridge" not in (connection | connection.source_ids).mapped("target_mode"):
        # only where a vendor takes no purchase orders do their PDFs go along with draft bills
        connection.flow_ids.filtered(lambda flow: flow.key != "order_files_push").active = True
    connection.action_start()
    if connection._provider_class().webhook_events:
        connection.action_subscribe()
