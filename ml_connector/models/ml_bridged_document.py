from odoo import api, fields, models


class MlBridgedDocument(models.Model):
    """A bill or order that is forwarded to another provider without an entry in Odoo.

    It takes the place of a vendor bill or purchase order: it is linked to the records of both providers, holds the
    files and is the record of the transfers. Its document is translated from the source's data each time it is sent.
    """

    _name = "ml.bridged.document"
    _inherit = ["ml.sealed", "mail.thread.main.attachment"]
    _description = "Forwarded Document"
    _order = "id desc"

    name = fields.Char("Number", required=True, readonly=True)
    flow_id = fields.Many2one("ml.flow", required=True, readonly=True, ondelete="restrict", index=True)
    connection_id = fields.Many2one(related="flow_id.connection_id", string="Forwarded From", store=True, index=True)
    target_id = fields.Many2one(related="connection_id.target_id", string="Forwarded To")
    company_id = fields.Many2one(related="flow_id.company_id", store=True, index=True)
    partner_id = fields.Many2one("res.partner", "Vendor", readonly=True, ondelete="restrict", index=True)
    date = fields.Date(readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    amount_total = fields.Monetary("Total", readonly=True, help="Negative for a credit note.")
    payload = fields.Json("Payload (Data)", readonly=True, groups=fields.NO_ACCESS, prefetch=False)
    sync_count = fields.Integer("Transfers", compute="_compute_sync_count")

    forwarding = fields.Char(compute="_compute_forwarding")

    @api.depends("connection_id.provider", "target_id.provider")
    @api.depends_context("lang")
    def _compute_forwarding(self):
        for document in self:
            target = document.target_id
            document.forwarding = target and self.env._(
                "Forwarded from %(source)s to %(target)s without an entry in Odoo.",
                source=document.connection_id._provider_name(),
                target=target._provider_name(),
            )

    def _compute_sync_count(self):
        self.env["ml.sync.log"]._count_for(self, "sync_count")

    def _document(self):
        """The canonical document, translated from the latest data of the source.

        :raises InvalidDataError: the data is not valid
        """
        self.ensure_one()
        provider = self.connection_id._provider(lambda _exchange: None)
        return provider.flow(self.flow_id.key).document(self.sudo().payload)  # sudo: field without access

    def action_open_syncs(self):
        return self.env["ml.sync.log"]._action_for(self)
