def migrate(cr, version):
    """Remove extensions of views before their parents are read, because they name fields that are gone."""
    cr.execute(
        """WITH gone AS (DELETE FROM ir_model_data WHERE module = 'ml_connector' AND name IN (
                             'ml_sync_log_view_form_feed', 'ml_mapping_view_list_target', 'ml_mapping_view_form_target'
                         ) RETURNING res_id)
           DELETE FROM ir_ui_view USING gone WHERE ir_ui_view.id = gone.res_id"""
    )
