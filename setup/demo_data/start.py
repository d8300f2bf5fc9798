# ruff: noqa: F821 - `env` comes from odoo shell, `URL` from the command
"""Start every connection that has been tested, with webhooks and with all of its flows."""

parameters = env["ir.config_parameter"]
parameters.set_param("web.base.url", URL)
parameters.set_param("web.base.url.freeze", "True")

for connection in env["ml.connection"].search([("state", "=", "draft")]):
    # of two flows that read the same records one is on; where that is the other one, all flows were chosen before
    if not connection.flow_ids.filtered(lambda flow: flow.active and flow._spec().excludes):
        # only where a vendor takes no purchase orders do their PDFs go along with draft bills
        connection.flow_ids.filtered(
            lambda flow: flow.key != "order_files_push" and not flow._spec().excludes
        ).active = True
    connection.action_start()
    if connection._provider_class().webhook_events:
        connection.action_subscribe()
