from odoo import SUPERUSER_ID, api


def migrate(cr, version):
    """Give connections the marks of this database that a copy of it does not have.

    Where they were set up in another one, they stay stopped as they were.
    """
    env = api.Environment(cr, SUPERUSER_ID, {})
    uuid = env["ir.config_parameter"].get_param("database.uuid")
    own = [("database_uuid", "=", uuid), ("database_name", "=", cr.dbname), ("database_oid", "=", False)]
    env["ml.connection"].with_context(active_test=False).search(own)._remember_database()
