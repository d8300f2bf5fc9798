"""Users who could map keep that right. Reading files requires the right to payloads."""

from odoo import SUPERUSER_ID, api
from odoo.fields import Command


def migrate(cr, version):
    env = api.Environment(cr, SUPERUSER_ID, {})
    # mapping needs Accounting's billing rights now, and those who have them kept the right that they had
    users = env.ref("ml_connector.group_ml_connector_user").all_user_ids
    billing = env.ref("account.group_account_invoice").all_user_ids
    accountants = env.ref("ml_connector.group_ml_connector_accountant")
    accountants.user_ids = [Command.link(user.id) for user in users & billing - accountants.all_user_ids]
    # all users could read the content of feed files, of which the payloads were hidden from them
    files = env["ml.feed.file"].with_context(active_test=False).search([("attachment_id", "!=", False)])
    files.attachment_id.res_field = "attachment_id"
