from odoo import api, fields, models

from .client_actions import notification
from .ml_credential import WEBHOOK_SECRET
from .ml_sealed import needs
from .ml_sentence import in_words
from .ml_token import GRANT_FIELDS


class MlConnectionCredentials(models.AbstractModel):
    """The credentials, secrets and tokens of a connection."""

    _name = "ml.connection.credentials"
    _inherit = "ml.sealed"
    _description = "Connection Credentials"
    _open_fields = {"system": ("credential_ids",)}

    credential_ids = fields.One2many(
        "ml.credential", "connection_id", groups="base.group_system", copy=False, domain=[("is_internal", "=", False)]
    )

    def _credential_specifications(self):
        return (
            {credential.name: credential for credential in self._provider_class().credentials} if self.provider else {}
        )

    def _credential_values(self):
        return [
            {"name": credential.name, "sequence": sequence, "is_secret": credential.secret}
            for sequence, credential in enumerate(self._provider_class().credentials)
        ]

    def _create_credentials(self):
        """Create the credentials of the provider that this connection lacks."""
        named = set(self.with_context(active_test=False).credential_ids.mapped("name"))
        self.env["ml.credential"].create(
            [
                {**values, "connection_id": self.id}
                for values in self._credential_values()
                if values["name"] not in named
            ]
        )

    def _missing_credentials(self):
        specifications = self._credential_specifications()
        credentials = self.sudo().credential_ids  # sudo: only whether they are filled
        filled = set(credentials.filtered("is_set").mapped("name"))
        return [
            in_words(self.env, spec.label)
            for name, spec in specifications.items()
            if spec.required and name not in filled
        ]

    def _forget_token(self):
        """Delete the access token after a change of its credentials."""
        # sudo: tokens have no reader and no writer but the connector
        tokens = self.env["ml.token"].sudo().search([("connection_id", "in", self.ids)])
        tokens.write({"access_ciphertext": False, "expires_at": False})

    def _forget_grant(self):
        """Delete all that the provider granted, also the refresh token. Returns the tokens that had a grant."""
        # sudo: see `_forget_token`
        tokens = self.env["ml.token"].sudo().search([("connection_id", "in", self.ids)])
        granted = tokens.filtered(lambda token: token.access_ciphertext or token.refresh_ciphertext)
        tokens.write(dict.fromkeys(GRANT_FIELDS, False))
        return granted

    def _forget_secrets(self):
        """Delete the stored secrets. Returns those that were set."""
        # sudo: see `_internal_secrets`
        secret = self.env["ml.credential"].sudo().search([("connection_id", "in", self.ids), ("is_secret", "=", True)])
        stored = secret.filtered("set_at")
        secret._forget()
        return stored

    def _internal_secrets(self, *names):
        # sudo: only the controller and the worker ask
        return (
            self.env["ml.credential"]
            .sudo()
            .search_fetch(
                [("connection_id", "=", self.id), ("name", "in", names)], ["is_secret", "ciphertext", "set_at"]
            )
        )

    def _set_internal_secret(self, name, plaintext):
        secret = self._internal_secrets(name) or self.env["ml.credential"].sudo().create(  # sudo: see above
            {"connection_id": self.id, "name": name, "is_secret": True, "is_internal": True}
        )
        secret._store_secret(plaintext)

    def _note_lost(self, records):
        """Report deleted secrets, and set up the webhooks again if theirs is among them. Returns the labels."""
        names = {record.name for record in records if record._name == "ml.credential"}
        if WEBHOOK_SECRET in names and self.webhook_state == "active":
            self.webhook_state = "requested"
        labels = ", ".join(sorted(record.label for record in records if record._name == "ml.credential")) or "OAuth"
        self.message_post(
            body=self.env._("Odoo deleted secrets that no key of this server decrypts: %(labels)s.", labels=labels)
        )
        return labels

    @api.model
    @needs("system")
    def action_rotate_keys(self):
        """Encrypt all secrets of this database with the newest key, a new one if the keys are in the key file."""
        # sudo: all connections, whichever companies the person may see
        connections = self.sudo().with_context(active_test=False).search([])  # pylint: disable=no-search-all
        connections._decided("rotate")
        self.env["ml.credential"]._rotate_keys()
        return notification(self.env._("All secrets are encrypted with the new key."), reload=False)

    @api.model
    @needs("system")
    def action_discard_lost_secrets(self):
        """Delete the secrets whose key is lost, so that they can be entered again."""
        # sudo: all connections, whichever companies the person may see
        names = self.env["ml.credential"].sudo()._discard_all_lost()
        return notification(
            self.env._("Secrets deleted. Enter them again: %(names)s.", names=", ".join(names)), "warning"
        )


def secrets_last(vals):
    """The same values with secrets last, because a change of the server deletes the stored secrets."""
    if not vals.get("credential_ids"):
        return vals
    commands = sorted(vals["credential_ids"], key=lambda command: "new_secret" in (command[2:] and command[2] or ()))
    return {**vals, "credential_ids": commands}
