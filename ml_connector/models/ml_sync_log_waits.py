from odoo import api, fields, models

from .sync_states import DEPENDS, INDEPENDENT, MERGED_STATES, ODOO, odoo_key

WITHOUT_READER = ("result", "feed_file")
"""Kinds of outgoing transfers without an Odoo record."""


class MlSyncLogWaits(models.AbstractModel):
    """The record, code or change that a transfer waits for, and what releases it."""

    _name = "ml.sync.log.waits"
    _inherit = "ml.sealed"
    _description = "Transfer Waits"

    depends_kind = fields.Char(readonly=True)
    depends_external_id = fields.Char(readonly=True)
    depends_name = fields.Char("Waiting For", readonly=True)
    is_awaited_gone = fields.Boolean(
        "Waiting for Deleted Record", readonly=True, help="The awaited record was deleted in Odoo."
    )

    @api.model
    def _release_dependents(self, connection, keys):
        """Release transfers that waited for the remote records `keys` (kind, external id)."""
        if not keys:
            return
        waiting = self.search(
            [
                ("connection_id", "=", connection.id),
                # also transfers that failed because the awaited record failed
                ("state", "in", ("waiting", "failed")),
                ("depends_kind", "in", list({kind for kind, _id in keys})),
                ("depends_external_id", "in", list({external_id for _kind, external_id in keys})),
            ]
        )
        waiting.filtered(lambda log: (log.depends_kind, log.depends_external_id) in keys)._release()

    def _let_others_go_on(self):
        """Release documents that waited for a failed or ignored detail, such as a file."""
        for log in self.filtered(lambda log: log.state in ("failed", "ignored") and log.direction == "push"):
            has_reader = log.res_id and log.kind not in WITHOUT_READER
            if has_reader and not log.flow_id._reader(log.res_model)._holds_up:
                self._release_dependents(log.connection_id, {(log.kind, odoo_key(log.res_model, log.res_id))})

    def _release(self):
        """Release transfers that no longer wait for a record."""
        self.write(INDEPENDENT)
        self.filtered(lambda log: not log.waiting_mapping_ids)._make_pending()

    @api.model
    def _release_awaiting(self, model, ids, *domain):
        """Release transfers that waited for a change of these Odoo records, or for a new one of their model."""
        keys = [odoo_key(model), *(odoo_key(model, record_id) for record_id in ids)]
        # also transfers that failed because of a missing right
        awaiting = [("depends_kind", "=", ODOO), ("depends_external_id", "in", keys)]
        awaiting.append(("state", "in", ("waiting", "failed")))
        self.search([*awaiting, *domain])._release()

    def _awaited(self):
        """The transfers of the awaited records."""
        domain = [("direction", "=", "pull"), ("is_current", "=", True)]
        found = self.browse()
        for connection, logs in self.filtered("depends_external_id").grouped("connection_id").items():
            keys = {(log.depends_kind, log.depends_external_id) for log in logs}
            of_keys = [("kind", "in", [key[0] for key in keys]), ("external_id", "in", [key[1] for key in keys])]
            rows = self.search([("connection_id", "=", connection.id), *domain, *of_keys])
            found |= rows.filtered(lambda row, keys=keys: (row.kind, row.external_id) in keys)
        return found

    def _dependency_advice(self, log):
        if log.depends_kind and log.depends_kind.startswith(DEPENDS):
            return self.env._(
                "Map %(odoo_value)s to a code of %(provider)s.", odoo_value=log.depends_name, provider=log.provider_name
            )
        if log.kind == "result":
            return self.env._(
                "No action needed. Continues once %(provider)s has received the result of %(record)s.",
                provider=log.provider_name,
                record=log.depends_name,
            )
        if log.direction == "push":
            return self.env._(
                "No action needed. Continues once %(record)s exists in %(provider)s.",
                record=log.depends_name,
                provider=log.provider_name,
            )
        return self.env._("No action needed. Continues once %(record)s is in Odoo.", record=log.depends_name)

    def _follow_merge(self, sources, target):
        logs = self.search([("res_model", "=", target._name), ("res_id", "in", sources.ids)])
        opened = logs.filtered(lambda log: log.direction == "push" and log.state in MERGED_STATES)
        taken = self.search(
            [
                ("flow_id", "in", opened.flow_id.ids),
                ("direction", "=", "push"),
                ("res_model", "=", target._name),
                ("res_id", "=", target.id),
                ("state", "in", MERGED_STATES),
            ]
        ).flow_id
        for log in opened:
            # one open transfer for each record
            if log.flow_id in taken:
                log._supersede()
            taken |= log.flow_id
        logs.write({"res_id": target.id})
        keys = {odoo_key(source._name, source.id) for source in sources}
        waiting = self.search([("state", "=", "waiting"), ("depends_external_id", "in", list(keys))])
        waiting.write({"depends_external_id": odoo_key(target._name, target.id)})
        # the remaining record may have codes, so check again
        waiting.filtered(lambda log: not log.waiting_mapping_ids)._make_pending()

    @api.model
    def _let_go(self, model, ids):
        """Retry the transfers that wait for codes of deleted records."""
        keys = [odoo_key(model, record_id) for record_id in ids]
        codes = [("depends_kind", "=like", f"{DEPENDS}%"), ("depends_external_id", "in", keys)]
        self.search([("state", "=", "waiting"), *codes])._make_pending()
