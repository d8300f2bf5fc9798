# ruff: noqa: F821 - `env` comes from odoo shell, `URL` from the command
"""Start every connection that has been tested, with webhooks and with its flows."""

parameters = env["ir.config_parameter"]
parameters.set_param("web.base.url", URL)
parameters.set_param("web.base.url.freeze", "True")

main = env.ref("base.main_company")
# a second company books what is its own; what belongs to the whole business is sent by the first
BOOKED = (
    "coding",
    "vendors",
    "bills",
    "bill_files",
    "payments",
    "transactions",
    "reimbursements",
    "receipts",
    "results",
)

for connection in env["ml.connection"].search([("state", "=", "draft")]):
    if connection.provider == "ramp" and connection.company_id != main and not connection.target_mode == "bridge":
        for flow in connection.flow_ids:
            flow.active = flow.key in BOOKED
    # of two flows that read the same records one is on; where that is the other one, all flows were chosen before, as
    # they were where bills go straight on
    elif "bridge" not in (connection | connection.source_ids).mapped(
        "target_mode"
    ) and not connection.flow_ids.filtered(lambda flow: flow.active and flow._spec().excludes):
        # only where a vendor takes no purchase orders do their PDFs go along with draft bills
        connection.flow_ids.filtered(
            lambda flow: flow.key != "order_files_push" and not flow._spec().excludes
        ).active = True
    connection.action_start()
    if connection._provider_class().webhook_events:
        connection.action_subscribe()
