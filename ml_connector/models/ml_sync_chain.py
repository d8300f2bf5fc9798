import json

from odoo import fields, models


class MlSyncChain(models.Model):
    """Signed end of a connection's audit trail, which reveals missing last attempts."""

    _name = "ml.sync.chain"
    _description = "Audit Chain"
    _inherit = "ml.sealed"

    connection_id = fields.Many2one("ml.connection", required=True, readonly=True, ondelete="restrict", index=True)
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    attempt_count = fields.Integer(readonly=True)
    head = fields.Char(readonly=True)
    key_id = fields.Char(readonly=True)
    signature = fields.Char(readonly=True, help="Signature of the number and the head, so that neither can be reset.")

    _connection_unique = models.Constraint("UNIQUE(connection_id)", "A connection has one audit chain.")

    def _move(self, keys, length, head):
        """Sign the new end of the chain."""
        self.key_id = keys.newest()
        self.write({"attempt_count": length, "head": head})
        self.signature = keys.sign(self.key_id, self._text())

    def _text(self):
        return json.dumps([self.connection_id.id, self.attempt_count, self.head])
