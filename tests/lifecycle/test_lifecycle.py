"""Install, upgrade and uninstall leave a clean database, and the server log says nothing about us."""

import re

import pytest

from lib import odoo, paths, postgres

LEFT_BEHIND = """
    SELECT 'table', table_name FROM information_schema.tables
     WHERE table_schema = 'public' AND table_name LIKE 'ml\\_%%'
    UNION SELECT 'column', table_name || '.' || column_name FROM information_schema.columns
     WHERE table_schema = 'public' AND column_name LIKE 'ml\\_%%'
    UNION SELECT 'model', model FROM ir_model WHERE model LIKE 'ml.%%'
    UNION SELECT 'field', model || '.' || name FROM ir_model_fields WHERE name LIKE 'ml\\_%%'
    UNION SELECT 'xml id', module || '.' || name FROM ir_model_data
     WHERE module = 'ml_connector' OR name LIKE '%%ml_connector'
    UNION SELECT 'job', cron_name FROM ir_cron WHERE cron_name LIKE 'ML Connector%%'
    UNION SELECT 'action', name::text FROM ir_act_server WHERE name::text LIKE '%%ML Connector%%'
    UNION SELECT 'menu', name::text FROM ir_ui_menu WHERE name::text LIKE '%%ML Connector%%'
    UNION SELECT 'group', name::text FROM res_groups_privilege WHERE name::text LIKE '%%ML Connector%%'
    UNION SELECT 'activity type', name::text FROM mail_activity_type WHERE res_model LIKE 'ml.%%'
    UNION SELECT 'message', id::text FROM mail_message WHERE model LIKE 'ml.%%'
    UNION SELECT 'attachment', id::text FROM ir_attachment WHERE res_model LIKE 'ml.%%'
    UNION SELECT 'parameter', key FROM ir_config_parameter WHERE key LIKE 'ml\\_connector%%'
"""

MAKE_CONNECTION = """
connection = env["ml.connection"].create({"name": "Ramp", "provider": "ramp", "environment": "sandbox"})
connection.credential_ids.filtered("is_secret").new_secret = "example-secret"
connection.message_post(body="A note")
env.cr.commit()
"""

UNINSTALL = """
env["ir.module.module"].search([("name", "=", "ml_connector")]).button_immediate_uninstall()
env.cr.commit()
"""


LOAD_DEMO = """
from odoo.tools import convert_file
convert_file(env, "ml_connector", "demo/ml_connector_demo.xml", {}, mode="init", noupdate=True)
env.cr.commit()
"""

NEUTRALIZE = """
from odoo.modules.neutralize import neutralize_database
neutralize_database(env.cr)
env.cr.commit()
"""


@pytest.fixture(scope="module")
def log():
    path = paths.LOG / "lifecycle.log"
    path.unlink(missing_ok=True)
    return path


@pytest.fixture(scope="module")
def database(log):
    with odoo.temporary_database("test_lifecycle", install=False) as name:
        yield name


def run(database, log, *arguments):
    odoo.run(database, *arguments, "--stop-after-init", log=log.stem)


def complaints(log):
    """Warnings and errors that name us."""
    lines = log.read_text().splitlines()
    return [line for line in lines if re.search(r" (WARNING|ERROR|CRITICAL) ", line) and "ml" in line.split(":", 3)[-1]]


def test_install_upgrade_and_uninstall(database, log):
    before = set(map(tuple, postgres.query(database, LEFT_BEHIND)))
    run(database, log, "-i", "ml_connector")
    assert odoo.installed(database)
    odoo.shell(database, MAKE_CONNECTION)
    run(database, log, "-u", "ml_connector")
    assert postgres.query(database, "SELECT count(*) FROM ml_flow")[0][0] > 0
    odoo.shell(database, UNINSTALL)
    assert not odoo.installed(database)
    assert set(map(tuple, postgres.query(database, LEFT_BEHIND))) == before
    assert complaints(log) == []


def test_install_again_after_uninstall(database, log):
    run(database, log, "-i", "ml_connector")
    assert odoo.installed(database)


def test_demo_data_load_and_call_nobody():
    with odoo.temporary_database("test_demo_data") as name:
        odoo.shell(name, LOAD_DEMO)
        states = {state for (state,) in postgres.query(name, "SELECT state FROM ml_connection")}
        assert states and states <= {"draft", "paused"}


def test_neutralized_database_keeps_no_secret(log):
    with odoo.temporary_database("test_neutralize") as name:
        odoo.shell(name, MAKE_CONNECTION)
        odoo.shell(name, NEUTRALIZE)
        assert postgres.query(name, "SELECT count(*) FROM ml_credential WHERE ciphertext IS NOT NULL") == [(0,)]
        assert postgres.query(name, "SELECT DISTINCT state FROM ml_connection") == [("paused",)]
