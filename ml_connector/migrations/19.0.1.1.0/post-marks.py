from odoo import SUPERUSER_ID, api, fields

from odoo.addons.ml_connector.core.own_ids import MARKS_SINCE


def migrate(cr, version):
    """What may have been sent already stays known by its plain id; what is made from now on bears a mark as well."""
    parameters = api.Environment(cr, SUPERUSER_ID, {})["ir.config_parameter"]
    if not parameters.get_param(MARKS_SINCE):
        parameters.set_param(MARKS_SINCE, fields.Datetime.now().isoformat(timespec="microseconds"))
