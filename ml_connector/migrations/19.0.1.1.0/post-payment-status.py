"""Report bills that were paid and are open again: the column of the payment status is the record's status."""

from odoo import SUPERUSER_ID, api


def migrate(cr, version):
    env = api.Environment(cr, SUPERUSER_ID, {"active_test": False})
    columns = env["ml.feed.column"].search(
        [("template_id.flow_id.key", "=", "payment_status"), ("path", "=", "payment_state"), ("name", "=", False)]
    )
    columns.name = "status"
