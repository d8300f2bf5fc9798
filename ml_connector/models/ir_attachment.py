import contextlib
import hashlib
from pathlib import Path

from odoo import api, models
from odoo.exceptions import UserError


class IrAttachment(models.Model):
    """Copies stay identical to the byte, files cut off by a full disk are replaced, and flows send files of records."""

    _inherit = "ir.attachment"

    def copy(self, default=None):
        """A copy is the same to the byte: Odoo would make images smaller, also where the original is kept as sent."""
        copies = super(IrAttachment, self.with_context(image_no_postprocess=True)).copy(default)
        return copies.with_env(self.env)

    @api.model
    def _get_path(self, bin_data, sha):
        try:
            return super()._get_path(bin_data, sha)
        except UserError:
            # a file is named after its content: one that has another was not written to its end
            path = self._ml_path(sha)
            if hashlib.sha1(path.read_bytes(), usedforsecurity=False).hexdigest() == path.name:
                raise
            path.unlink(missing_ok=True)
        return super()._get_path(bin_data, sha)

    @api.model
    def _file_write(self, bin_value, checksum):
        try:
            return super()._file_write(bin_value, checksum)
        except OSError:
            with contextlib.suppress(OSError):
                path = self._ml_path(checksum)
                if path.stat().st_size != len(bin_value):
                    path.unlink()
            raise

    @api.model
    def _ml_path(self, checksum):
        return Path(self._full_path(f"{checksum[:2]}/{checksum}"))

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
