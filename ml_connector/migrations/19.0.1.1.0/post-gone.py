"""Clear references to records that were deleted or merged before the addon tracked this."""

from odoo import SUPERUSER_ID, api

FOLLOWERS = ("ml.mapping", "ml.mapping.rule")


def migrate(cr, version):
    env = api.Environment(cr, SUPERUSER_ID, {"active_test": False})
    for name in FOLLOWERS:
        rows = env[name].search([("res_id", "!=", False)])
        for model, named in rows.grouped("res_model").items():
            ids = set(named.mapped("res_id"))
            gone = ids - set(env[model].browse(ids).exists()._ids)
            if gone:
                env[name]._let_go(model, list(gone))
