"""Views of fields that are gone would stop the upgrade before it removes them."""


def migrate(cr, version):
    cr.execute(
        """
        UPDATE ir_ui_view SET active = FALSE WHERE id IN (
            SELECT res_id FROM ir_model_data WHERE module = 'ml_connector' AND model = 'ir.ui.view'
               AND name IN ('ml_mapping_view_list_target', 'ml_mapping_view_form_target'))
        """
    )
