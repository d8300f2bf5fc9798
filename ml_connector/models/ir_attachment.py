import contextlib
import hashlib
from pathlib import Path

from odoo import api, models
from odoo.exceptions import UserError


class IrAttachment(models.Model):
    """Copies stay identical to the byte, and files cut off by a full disk are replaced."""

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
