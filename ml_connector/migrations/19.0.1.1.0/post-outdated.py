"""Close transfers of versions that the provider replaced, and process those with an open conflict again."""

from odoo import SUPERUSER_ID, api

from odoo.addons.ml_connector.models.sync_states import MERGED_STATES


def migrate(cr, version):
    logs = api.Environment(cr, SUPERUSER_ID, {})["ml.sync.log"]
    is_open = [("direction", "=", "pull"), ("state", "in", MERGED_STATES)]
    logs.search([*is_open, ("is_current", "=", False)])._supersede()
    asked = logs.search([*is_open, ("state", "=", "failed"), ("error_class", "=", "conflict")])
    asked.filtered("conflict")._make_pending()
