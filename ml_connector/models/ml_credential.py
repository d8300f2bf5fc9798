from odoo import api, fields, models

from .. import secret_box

WEBHOOK_SECRET = "webhook_secret"
WEBHOOK_SECRET_PREVIOUS = "webhook_secret_previous"


class MlCredential(models.Model):
    _name = "ml.credential"
    _description = "Credential"
    _order = "connection_id, sequence, id"
    _inherit = "ml.sealed"
    _maker_right = "system"
    _birth_fields = ("connection_id", "name", "sequence", "is_secret")
    _open_fields = {"system": ("value", "new_secret")}

    connection_id = fields.Many2one("ml.connection", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    name = fields.Char(required=True)
    label = fields.Char(compute="_compute_specification", string="Credential")
    help = fields.Char(compute="_compute_specification")
    sequence = fields.Integer()
    is_secret = fields.Boolean()
    is_internal = fields.Boolean(readonly=True, help="Kept by the connector itself, not entered by a person.")
    value = fields.Char(copy=False, help="Only for what is not secret.")
    new_secret = fields.Char(
        compute="_compute_new_secret",
        inverse="_inverse_new_secret",
        help="Type a new value to replace the stored one. It is encrypted when you save and never shown again.",
    )
    ciphertext = fields.Char(copy=False, groups=fields.NO_ACCESS)
    is_set = fields.Boolean(compute="_compute_is_set")
    set_at = fields.Datetime(readonly=True, copy=False)
    set_by_id = fields.Many2one("res.users", readonly=True, copy=False, string="Set by")

    _connection_name_unique = models.Constraint("UNIQUE(connection_id, name)", "This credential exists already.")

    @api.depends("name", "connection_id.provider")
    def _compute_specification(self):
        for credential in self:
            specification = credential.connection_id._credential_specifications().get(credential.name)
            credential.label = specification.label if specification else credential.name
            credential.help = specification.help if specification else ""

    def _compute_new_secret(self):
        self.new_secret = False

    def _inverse_new_secret(self):
        for credential in self:
            if credential.new_secret:
                credential._store_secret(credential.new_secret)
        # the plain value must not stay in the cache, from where the answer to the browser would be read
        self.invalidate_recordset(["new_secret"])

    @api.depends("set_at", "value")
    def _compute_is_set(self):
        for credential in self:
            credential.is_set = bool(credential.set_at if credential.is_secret else credential.value)

    def _store_secret(self, plaintext):
        self.ensure_one()
        # sudo: the field has no reader and no writer but this code
        self.sudo().write(
            {
                "ciphertext": secret_box.encrypt(self.env, plaintext.strip()),
                "set_at": fields.Datetime.now(),
                "set_by_id": self.env.uid,
            }
        )
        if not self.is_internal:
            self.connection_id._forget_token()

    def _plaintext(self):
        """The value in the clear: for a provider in memory, for nothing else.

        :raises AuthError: when it cannot be opened with this server's keys
        """
        self.ensure_one()
        if not self.is_secret:
            return (self.value or "").strip()
        ciphertext = self.sudo().ciphertext  # sudo: see `_store_secret`
        return secret_box.decrypt(self.env, ciphertext) if ciphertext else ""

    def write(self, vals):
        result = super().write(vals)
        if "value" in vals:
            self.connection_id._forget_token()
        return result
