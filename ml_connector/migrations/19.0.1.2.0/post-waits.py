def migrate(cr, version):
    """Store what transfers wait for in records of their own, instead of columns and a table of mappings."""
    # `to_jsonb`, because databases of 19.0.1.0.0 never had the column `is_awaited_gone`
    cr.execute(
        r"""INSERT INTO ml_wait (log_id, connection_id, reason, kind, key, name, mapping_id, is_gone,
                                 create_uid, create_date, write_uid, write_date)
            SELECT log.id, log.connection_id,
                   CASE WHEN depends_kind = 'odoo' THEN 'change'
                        WHEN depends_kind = 'result' THEN 'result'
                        WHEN depends_kind LIKE 'code:%' THEN 'mapping'
                        WHEN log.direction = 'push' AND depends_external_id ~ '^[a-z0-9_.]+,[0-9]+$' THEN 'sent'
                        ELSE 'remote' END,
                   CASE WHEN depends_kind NOT IN ('odoo', 'result') THEN regexp_replace(depends_kind, '^code:', '') END,
                   depends_external_id, depends_name, mapping.id,
                   (to_jsonb(log) ->> 'is_awaited_gone')::boolean IS TRUE,
                   log.write_uid, log.write_date, log.write_uid, log.write_date
              FROM ml_sync_log log
              LEFT JOIN ml_mapping mapping
                ON mapping.direction = 'out' AND mapping.connection_id = log.connection_id
               AND log.depends_kind = 'code:' || mapping.kind
               AND log.depends_external_id = mapping.res_model || ',' || mapping.res_id
             WHERE depends_kind IS NOT NULL AND depends_external_id IS NOT NULL AND error_class IS NOT NULL
               AND (depends_kind NOT LIKE 'code:%' OR mapping.id IS NOT NULL)
               AND log.state IN ('pending', 'running', 'failed', 'waiting', 'unknown')
             ORDER BY log.id"""
    )
    # whatever waits for an outgoing mapping that is gone is tried again
    cr.execute(
        r"""UPDATE ml_sync_log SET state = 'pending', next_try_at = now() AT TIME ZONE 'UTC'
             WHERE state = 'waiting' AND depends_kind LIKE 'code:%'
               AND NOT EXISTS (SELECT FROM ml_wait WHERE log_id = ml_sync_log.id)"""
    )
    cr.execute(
        """INSERT INTO ml_wait (log_id, connection_id, reason, kind, key, mapping_id, is_gone,
                                create_uid, create_date, write_uid, write_date)
           SELECT log.id, log.connection_id, 'mapping', mapping.kind, mapping.external_id, mapping.id, FALSE,
                  log.write_uid, log.write_date, log.write_uid, log.write_date
             FROM ml_sync_log_waiting_mapping_rel waiting
             JOIN ml_sync_log log ON log.id = waiting.log_id
             JOIN ml_mapping mapping ON mapping.id = waiting.mapping_id
            WHERE log.error_class IS NOT NULL
              AND log.state IN ('pending', 'running', 'failed', 'waiting', 'unknown')
            ORDER BY log.id, mapping.id"""
    )
    cr.execute("DROP TABLE ml_sync_log_waiting_mapping_rel")
    cr.execute("ALTER TABLE ml_sync_log DROP COLUMN IF EXISTS is_awaited_gone")
