"""Mark transfers that differ from the posted entry as needing a decision, and notify their owners."""

from odoo import SUPERUSER_ID, api

from odoo.addons.ml_connector.models.sync_states import DIFFERS


def migrate(cr, version):
    logs = api.Environment(cr, SUPERUSER_ID, {})["ml.sync.log"].search([*DIFFERS, ("state", "=", "done")])
    for log in logs:
        log.write(log._difference_values(log.outcome, log.note))
    logs.filtered(lambda log: log.direction == "pull" and not log.is_record_gone)._ask_about_differences()
