# ruff: noqa: F821 - `env` comes from odoo shell, `URL` from the command
"""Start every connection that has been tested, with webhooks and with its flows."""

parameters = env["ir.config_parameter"]
parameters.set_param("web.base.url", URL)
parameters.set_param("web.base.url.freeze", "True")
# the running server has to know its address before its jobs send it
env.cr.commit()
env.registry.signal_changes()

main = env.ref("base.main_company")
# a second company books its own records; the first sends those of the whole business
BOOKED = "coding vendors bills bill_files payments transactions reimbursements receipts results".split()


def chosen(connection):
    """Whether its flows were chosen when it was made."""
    goes_on = "bridge" in (connection | connection.source_ids).mapped("target_mode")
    # of two flows that read the same records one is on; here it is the one that is off at first
    return goes_on or connection.flow_ids.filtered(lambda flow: flow.active and flow._spec().excludes)


for connection in env["ml.connection"].search([("state", "=", "draft")]):
    if not chosen(connection) and connection.provider == "ramp" and connection.company_id != main:
        for flow in connection.flow_ids:
            flow.active = flow.key in BOOKED
    elif not chosen(connection):
        # their PDFs are attached to draft bills only if a provider accepts no purchase orders
        connection.flow_ids.filtered(
            lambda flow: flow.key != "order_files_push" and not flow._spec().excludes
        ).active = True
    connection.action_start()
    if connection.has_webhooks:
        connection.action_subscribe()
