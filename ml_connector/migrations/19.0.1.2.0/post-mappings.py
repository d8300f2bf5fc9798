"""Turn outgoing mappings, and codes of target connections, into mappings of their own direction."""

from odoo import SUPERUSER_ID, api

OUTGOING = """
    INSERT INTO ml_mapping (direction, connection_id, company_id, kind, res_model, res_id, name, plan_name, code_id,
                            origin, is_ignored, state, create_uid, create_date, write_uid, write_date)
    SELECT 'out', connection_id, company_id, kind, res_model, res_id, name, plan_name, mapping_id,
           CASE WHEN mapping_id IS NOT NULL THEN 'manual' END, is_ignored,
           CASE WHEN is_ignored THEN 'ignored' WHEN mapping_id IS NOT NULL THEN 'mapped' ELSE 'unmapped' END,
           create_uid, create_date, write_uid, write_date
      FROM ml_outgoing_code
"""
FORWARDED = """
    INSERT INTO ml_mapping (direction, connection_id, company_id, kind, external_id, external_code, external_name,
                            external_group, res_model, name, code_id, is_ignored, state, create_uid, create_date,
                            write_uid, write_date)
    SELECT 'forward', code.connection_id, code.company_id, code.kind, code.external_id, code.external_code,
           code.external_name, code.external_group, code.res_model, code.name, code.target_mapping_id,
           code.is_ignored AND code.target_mapping_id IS NULL,
           CASE WHEN code.target_mapping_id IS NOT NULL THEN 'mapped'
                WHEN code.is_ignored THEN 'ignored' ELSE 'unmapped' END,
           code.create_uid, code.create_date, code.write_uid, code.write_date
      FROM ml_mapping AS code JOIN ml_connection AS connection ON connection.id = code.connection_id
     WHERE code.direction = 'in' AND code.kind IN ('account', 'tax', 'analytic')
       AND (code.target_mapping_id IS NOT NULL
            OR (connection.target_id IS NOT NULL AND connection.target_mode = 'bridge'))
"""
INCOMING = """
    UPDATE ml_mapping
       SET is_ignored = COALESCE(is_ignored, FALSE) AND COALESCE(res_id, 0) = 0,
           state = CASE WHEN COALESCE(res_id, 0) <> 0 THEN 'mapped' WHEN is_ignored THEN 'ignored' ELSE 'unmapped' END
     WHERE direction = 'in'
"""
PAIRS = """
    SELECT code.id AS code_id, forwarded.id AS forward_id
      FROM ml_mapping AS code JOIN ml_mapping AS forwarded USING (connection_id, kind, external_id)
     WHERE code.direction = 'in' AND forwarded.direction = 'forward'
"""
CREATED = (
    f"""
    UPDATE ml_sync_log SET res_id = pair.forward_id FROM ({PAIRS}) AS pair
     WHERE res_model = 'ml.mapping' AND res_id = pair.code_id AND direction = 'push'
    """,
    f"""
    UPDATE ml_binding SET res_id = pair.forward_id FROM ({PAIRS}) AS pair
     WHERE res_model = 'ml.mapping' AND res_id = pair.code_id
    """,
)
AWAITED = f"""
    UPDATE ml_sync_log_waiting_mapping_rel SET mapping_id = pair.forward_id FROM ({PAIRS}) AS pair
     WHERE mapping_id = pair.code_id AND log_id IN (SELECT id FROM ml_sync_log WHERE flow_id = ANY(%s))
"""
WITHOUT_ACCOUNT = """
    DELETE FROM ml_mapping WHERE direction = 'in' AND external_id = 'no_account' AND COALESCE(res_id, 0) = 0
       AND NOT EXISTS (SELECT FROM ml_sync_log_waiting_mapping_rel WHERE mapping_id = ml_mapping.id)
"""


def migrate(cr, version):
    cr.execute(OUTGOING)
    cr.execute(FORWARDED)
    cr.execute(INCOMING)
    for created in CREATED:
        cr.execute(created)
    env = api.Environment(cr, SUPERUSER_ID, {"active_test": False})
    forwarding = env["ml.flow"].search([("direction", "=", "pull")]).filtered(lambda flow: flow._is_bridged())
    cr.execute(AWAITED, [forwarding.ids])
    cr.execute(WITHOUT_ACCOUNT)
    cr.execute("DROP TABLE ml_outgoing_code")
    _let_go(env)


def _let_go(env):
    """Delete the rows of records whose deletion bypassed the ORM."""
    outgoing = env["ml.mapping"].search([("direction", "=", "out")])
    for model, rows in outgoing.grouped("res_model").items():
        alive = set(env[model].browse(rows.mapped("res_id")).exists()._ids)
        rows.filtered(lambda row, alive=alive: row.res_id not in alive).unlink()
