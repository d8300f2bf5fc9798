from odoo import fields, models


class MlBridgedDocument(models.Model):
    """A vendor's bill or order that goes straight on to another vendor system, without an entry in Odoo's books.

    It stands where a vendor bill or purchase order stands otherwise: it is bound at both vendors, holds the files and
    is what the sync logs name. What it says is read anew from the source's own data each time it is sent.
    """

    _name = "ml.bridged.document"
    _inherit = ["ml.sealed", "mail.thread.main.attachment"]
    _description = "Bridged Document"
    _order = "id desc"

    name = fields.Char("Number", required=True, readonly=True)
    flow_id = fields.Many2one("ml.flow", required=True, readonly=True, ondelete="restrict", index=True)
    connection_id = fields.Many2one(related="flow_id.connection_id", string="Comes from", store=True, index=True)
    target_id = fields.Many2one(related="connection_id.target_id", string="Goes to")
    company_id = fields.Many2one(related="flow_id.company_id", store=True, index=True)
    partner_id = fields.Many2one("res.partner", "Vendor", readonly=True, ondelete="restrict", index=True)
    date = fields.Date(readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    amount_total = fields.Monetary("Total", readonly=True, help="Negative for a credit note.")
    payload = fields.Json("Payload (data)", readonly=True, groups=fields.NO_ACCESS, prefetch=False)
    sync_count = fields.Integer(compute="_compute_sync_count")

    def _compute_sync_count(self):
        self.env["ml.sync.log"]._count_for(self, "sync_count")

    def _document(self):
        """The canonical document, translated from the source's data as it was read last.

        :raises InvalidDataError: the data cannot be taken as it is
        """
        self.ensure_one()
        provider = self.connection_id._provider(lambda _exchange: None)
        return provider.document(self.flow_id.key, self.sudo().payload)  # sudo: field without access

    def action_open_syncs(self):
        return self.env["ml.sync.log"]._action_for(self)
