import logging
import shutil

from odoo.tools.sql import table_exists

from .core.own_ids import MARKS_SINCE
from .vault import secret_box

_logger = logging.getLogger(__name__)


def uninstall_hook(env):
    """Remove the scheduled actions, integration users and keys of connections, which are not module data."""
    env["ir.cron"].with_context(active_test=False).search(
        [("ir_actions_server_id.model_id.model", "=", "ml.connection")]
    ).unlink()
    env["ir.config_parameter"].search([("key", "=", MARKS_SINCE)]).unlink()
    users = env["res.users"].with_context(active_test=False).search([("ml_is_integration", "=", True)])
    # archived, because their records keep their names and the addon no longer prevents log-ins
    users.active = False
    connections = env["ml.connection"].with_context(active_test=False).search([])
    # a copy on the same server shares the key file of the original
    if connections and not any(connections.mapped("is_copy")):
        registry, key_file = env.registry, secret_box.RING.path(env)
        env.cr.postcommit.add(lambda: _remove_keys(registry, key_file))


def _remove_keys(registry, key_file):
    """Remove the key files of this database once its secrets are deleted."""
    with registry.cursor() as cr:
        if table_exists(cr, "ml_credential"):
            return
    for path in key_file.parent.glob(f"*{key_file.stem}*"):
        try:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        except OSError as error:
            _logger.warning("%s was not removed: %s", path, error.strerror)
