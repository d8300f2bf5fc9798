def uninstall_hook(env):
    """Remove the scheduled jobs, which belong to connections and not to the module's data, and who worked in them."""
    env["ir.cron"].with_context(active_test=False).search(
        [("ir_actions_server_id.model_id.model", "=", "ml.connection")]
    ).unlink()
    users = env["res.users"].with_context(active_test=False).search([("ml_is_integration", "=", True)])
    # what they wrote keeps their names; without the addon only this and the lack of a password keep everybody out
    users.active = False
