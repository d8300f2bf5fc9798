from odoo import api, models

from .job import Job


class MlWorker(models.AbstractModel):
    """The entry point of the engine, for connections and for other addons."""

    _name = "ml.worker"
    _description = "Worker"

    @api.model
    def _run(self, connection):
        """The scheduled job of a connection: it syncs, and commits what it did."""
        Job(connection).run()
