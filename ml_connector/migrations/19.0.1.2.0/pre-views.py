def migrate(cr, version):
    """The extension of the form of transfers goes before its parent is read: it names a field that is gone."""
    cr.execute(
        """WITH gone AS (DELETE FROM ir_model_data
                          WHERE module = 'ml_connector' AND name = 'ml_sync_log_view_form_feed' RETURNING res_id)
           DELETE FROM ir_ui_view USING gone WHERE ir_ui_view.id = gone.res_id"""
    )
