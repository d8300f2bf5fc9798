"""Models whose changes flows may send, and their lines. The exporter of a flow names the fields (`_reads`)."""

from odoo import api, models


class AccountAccount(models.Model):
    _name = "account.account"
    _inherit = ["account.account", "ml.sync.mixin"]


class AccountAnalyticPlan(models.Model):
    _name = "account.analytic.plan"
    _inherit = ["account.analytic.plan", "ml.sync.mixin"]


class AccountAnalyticAccount(models.Model):
    _name = "account.analytic.account"
    _inherit = ["account.analytic.account", "ml.sync.mixin"]


class AccountTax(models.Model):
    _name = "account.tax"
    _inherit = ["account.tax", "ml.sync.mixin"]


class AccountTaxRepartitionLine(models.Model):
    _name = "account.tax.repartition.line"
    _inherit = ["account.tax.repartition.line", "ml.sync.mixin"]


class ResCompany(models.Model):
    _name = "res.company"
    _inherit = ["res.company", "ml.sync.mixin"]


class HrEmployee(models.Model):
    _name = "hr.employee"
    _inherit = ["hr.employee", "ml.sync.mixin"]


class AccountMove(models.Model):
    _name = "account.move"
    _inherit = ["account.move", "ml.sync.mixin"]


class AccountMoveLine(models.Model):
    _name = "account.move.line"
    _inherit = ["account.move.line", "ml.sync.mixin"]


class AccountPartialReconcile(models.Model):
    _inherit = "account.partial.reconcile"

    @api.model_create_multi
    def create(self, vals_list):
        partials = super().create(vals_list)
        partials._ml_moves()._ml_note_change({"payment_state"})
        return partials

    def unlink(self):
        moves = self._ml_moves()
        result = super().unlink()
        moves.exists()._ml_note_change({"payment_state"})
        return result

    def _ml_moves(self):
        """The documents whose payment changes; empty without a watching flow, to save reads."""
        if "account.move" not in self.env["ml.flow"]._watched_models():
            return self.env["account.move"]
        return self.debit_move_id.move_id | self.credit_move_id.move_id


class PurchaseOrder(models.Model):
    _name = "purchase.order"
    _inherit = ["purchase.order", "ml.sync.mixin", "ml.changed"]


class PurchaseOrderLine(models.Model):
    _name = "purchase.order.line"
    _inherit = ["purchase.order.line", "ml.sync.mixin"]

    def _compute_qty_invoiced(self):
        super()._compute_qty_invoiced()
        self._ml_note_end()

    def _compute_qty_received(self):
        super()._compute_qty_received()
        self._ml_note_end()

    def _ml_note_end(self):
        """Queue locked orders, because this may complete them."""
        self._origin.order_id.filtered("locked")._ml_note_change({"order_line"})


class ResPartnerBank(models.Model):
    _name = "res.partner.bank"
    _inherit = ["res.partner.bank", "ml.sync.mixin"]


class StockPicking(models.Model):
    _name = "stock.picking"
    _inherit = ["stock.picking", "ml.sync.mixin"]


class StockMove(models.Model):
    _name = "stock.move"
    _inherit = ["stock.move", "ml.sync.mixin"]


class IrAttachment(models.Model):
    _inherit = "ir.attachment"

    @api.model_create_multi
    def create(self, vals_list):
        files = super().create(vals_list)
        files._ml_note_owners()
        return files

    def write(self, vals):
        result = super().write(vals)
        if not {"res_model", "res_id", "raw", "datas"}.isdisjoint(vals):
            self._ml_note_owners()
        return result

    def _ml_note_owners(self):
        """A file may come after its record was sent."""
        watched = self.env["ml.flow"]._watched_files()
        if not watched:
            return
        files = self.filtered(lambda file: file.res_model in watched and file.res_id and not file.res_field)
        for model, group in files.grouped("res_model").items():
            self.env[model].browse(group.mapped("res_id"))._ml_note(watched[model])

    def _ml_may_leave(self):
        """Those that are meant for others, in the same order.

        Not files of internal notes, and none that an outsider attached: a portal person, or somebody who answered by
        mail. What a record was made from, an uploaded document or a mail, is what the record is about.
        """
        # sudo: it is asked whose files these are, of messages and people that the asker need not see
        messages = self.env["mail.message"].sudo().search([("attachment_ids", "in", self.ids)])
        by_file = {}
        for message in messages:
            for file in message.attachment_ids:
                by_file.setdefault(file.id, []).append(message)
        return self.filtered(
            lambda file: file.sudo()._ml_is_meant_for_others(by_file.get(file.id, ()))  # sudo: as above
        )

    def _ml_is_meant_for_others(self, messages):
        if self.create_uid.share:
            return False
        record = self.env[self.res_model].browse(self.res_id)
        return not messages or any(_is_open(message) or _made(message, record) for message in messages)


def _is_open(message):
    """Whether others may read the message, and one of us wrote it."""
    if message.is_internal or message.subtype_id.internal or message.create_uid.share or message.author_guest_id:
        return False
    # with all of them: an employee who has left was none of the outsiders
    people = message.author_id.with_context(active_test=False).user_ids
    return not message.author_id or not all(people.mapped("share"))


def _made(message, record):
    """Whether the record was made from the message's files: Odoo notes it in the same transaction."""
    return message.message_type != "comment" and message.create_date == record.create_date
