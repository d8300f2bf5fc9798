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
    for flow in connection.flow_ids:
        # only where a vendor takes no purchase orders do their PDFs go along with draft bills
        flow.active = flow.key != "order_files_push" if connection.company_id == main else flow.key in BOOKED
    connection.action_start()
    if connection._provider_class().webhook_events:
        connection.action_subscribe()
