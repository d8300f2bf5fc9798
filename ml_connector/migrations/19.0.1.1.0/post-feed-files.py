"""Count files that no template reads from now on. Documents that were attached earlier do not count."""

from odoo import SUPERUSER_ID, api


def migrate(cr, version):
    env = api.Environment(cr, SUPERUSER_ID, {})
    unclaimed = env["ml.feed.file"].search([("state", "=", "unknown"), ("note", "=", False)])
    attached = env["ir.attachment"].search(
        [
            ("name", "in", unclaimed.mapped("name")),
            ("res_model", "=", "account.move"),
            ("res_field", "=", False),
            ("company_id", "in", unclaimed.company_id.ids),
        ]
    )
    names = set(attached.mapped("name"))
    unclaimed.filtered(lambda file: file.name in names).note = env._("A document that a record names.")
