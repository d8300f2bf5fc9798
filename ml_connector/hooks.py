def uninstall_hook(env):
    """Remove the scheduled jobs, which belong to connections and not to the module's data."""
    env["ir.cron"].with_context(active_test=False).search(
        [("ir_actions_server_id.model_id.model", "=", "ml.connection")]
    ).unlink()
