import logging

from odoo import api, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY as CONFLICTS

from ..exceptions import ConnectorError

_logger = logging.getLogger(__name__)


class MlWorker(models.AbstractModel):
    _inherit = "ml.worker"

    @api.model
    def _run(self, connection):
        """Verification calls nobody, so it is done for connections that rest and in copies too."""
        super()._run(connection)
        try:
            self._verify_audit(connection.with_context(lang=connection.owner_id.lang))
        except CONFLICTS:
            self.env.cr.rollback()  # a person got in the way: the next run goes on
        except ConnectorError as error:  # the keys cannot be read: the run itself has shown it
            self.env.cr.rollback()
            _logger.warning("The audit trail of %s was not verified: %s", connection.display_name, error.message)

    def _verify_audit(self, connection):
        cron = self.env["ir.cron"]
        while connection._verify_slice():
            if cron._commit_progress() <= 0:
                connection._trigger()
                break
        connection._remember_head()
        cron._commit_progress()
