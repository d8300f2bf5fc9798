from odoo import api, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY as CONFLICTS

from ..core.errors import ConnectorError
from ..vault.signature import AuditKeys


class MlWorker(models.AbstractModel):
    _inherit = "ml.worker"

    @api.model
    def _run(self, connection):
        """Also verify the audit trail, which calls no provider: for paused connections and in copies too."""
        try:
            AuditKeys(self.env).newest()
        except ConnectorError as error:
            # without the key no action could be recorded
            self._refuse_requests(connection, error)
            connection._ask_owner(error)
            return
        super()._run(connection)
        try:
            self._verify_audit(connection.with_context(lang=connection.owner_id.lang))
        except CONFLICTS:
            self.env.cr.rollback()  # a user's transaction interfered: the next run continues

    def _verify_audit(self, connection):
        cron = self.env["ir.cron"]
        while connection._verify_slice():
            if cron._commit_progress() <= 0:
                connection._trigger()
                break
        if connection._remember_head():
            cron._commit_progress()
