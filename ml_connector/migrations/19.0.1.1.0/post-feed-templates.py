"""Deactivate feed templates that could read restricted fields, or whose patterns could run without end."""

from odoo import SUPERUSER_ID, api
from odoo.exceptions import ValidationError


def migrate(cr, version):
    env = api.Environment(cr, SUPERUSER_ID, {"active_test": False})
    templates = env["ml.feed.template"].search([])
    for connection, group in templates.grouped("connection_id").items():
        problems = {template: problem for template in group if (problem := _problem(template))}
        for template in problems:
            template.active = False
        if problems:
            lines = [f"{template.name}: {problem}" for template, problem in problems.items()]
            connection._tell_owner(
                "mail.mail_activity_data_warning",
                env._("Feed templates of %s were switched off", connection.name),
                "\n".join([env._("Correct them, then switch them on again."), *lines]),
            )


def _problem(template):
    """Why the template cannot be used as it is; its model is that of its flow from now on."""
    before = (template.model_name, template.lines_field)
    template._compute_model()
    if (template.model_name, template.lines_field) != before:
        return template.env._("It was about other records than its flow.")
    try:
        template._check_all()
    except ValidationError as error:
        return error.args[0]
    return ""
