from odoo import api, fields, models

from ..core.awaited import Awaited, odoo_key
from .client_actions import open_address, open_form
from .queries import of_keys

OPTIONAL = ("external_version", "fingerprint", "external_url", "agreed_odoo", "agreed_vendor", "is_shared")
"""Values of a record link that keep theirs unless they are given."""


class MlBinding(models.Model):
    """The link between a record of the provider and its Odoo record. Two unique indexes prevent duplicates.

    Several remote records share one Odoo record only after a merge or a decision of a user. One of them is the main
    record: Odoo sends to it and keeps its values.
    """

    _name = "ml.binding"
    _description = "Record Link"
    _inherit = "ml.sealed"
    _maker_right = "administer"
    # the main record last, so that it remains in a dictionary by Odoo record
    _order = "is_shared desc, id desc"

    connection_id = fields.Many2one("ml.connection", required=True, readonly=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    kind = fields.Char("Type", required=True, readonly=True)
    external_id = fields.Char("Provider ID", required=True, readonly=True)
    external_version = fields.Char("Provider Version", readonly=True)
    external_url = fields.Char("Provider URL", readonly=True)
    res_model = fields.Char("Model", required=True, readonly=True)
    res_id = fields.Many2oneReference("Record", model_field="res_model", required=True, readonly=True)
    is_shared = fields.Boolean(
        "One of Several",
        readonly=True,
        default=False,
        help="Another record of the provider is linked to the same Odoo record, because contacts were merged or a"
        " user linked it.",
    )
    fingerprint = fields.Char(readonly=True, help="Hash of the last payload sent. Unchanged records are skipped.")
    synced_at = fields.Datetime("Synced On", readonly=True)
    agreed_odoo = fields.Json(readonly=True, help="Values in Odoo when both sides last agreed.")
    agreed_vendor = fields.Json(readonly=True, help="Values of the provider when both sides last agreed.")

    provider = fields.Selection(related="connection_id.provider")
    open_label = fields.Char(compute="_compute_open_label")

    _external_unique = models.UniqueIndex(
        "(connection_id, kind, external_id)", "This record of the provider is already linked to an Odoo record."
    )
    _record_unique = models.UniqueIndex(
        "(connection_id, kind, res_model, res_id) WHERE is_shared IS NOT TRUE",
        "This Odoo record is already linked to a record of the provider.",
    )
    _record_idx = models.Index("(res_model, res_id)")

    @api.depends("connection_id.provider")
    @api.depends_context("lang")
    def _compute_open_label(self):
        for binding in self:
            provider = binding.connection_id._provider_name()
            binding.open_label = self.env._("Open in %(provider)s", provider=provider)

    @api.depends("kind", "external_id")
    def _compute_display_name(self):
        for binding in self:
            binding.display_name = f"{binding.kind} {binding.external_id}"

    @api.model
    def _domain_of(self, connection, kind, records):
        """Domain of the links of Odoo records of one model."""
        of_kind = [("connection_id", "=", connection.id), ("kind", "=", kind)]
        return [*of_kind, ("res_model", "=", records._name), ("res_id", "in", records.ids)]

    @api.model
    def _external_ids(self, connection, kind, records):
        """{record id: remote id} of the records that are linked with that kind."""
        if not records:
            return {}
        bindings = self.search_fetch(self._domain_of(connection, kind, records), ["res_id", "external_id"])
        return {binding.res_id: binding.external_id for binding in bindings}

    @api.model
    def _sent(self, flow, records):
        """The bindings of the records that a flow has sent."""
        of_records = self._domain_of(flow.connection_id, flow.kind, records)
        return self.search([*of_records, ("fingerprint", "!=", False)])

    @api.model
    def _records(self, connection, keys):
        """{(kind, external id): existing Odoo record} of the linked keys. One query, plus one for each model.

        The records come as the connection's user sees them.
        """
        bindings = of_keys(self, connection, set(keys))
        records, alive = {}, {}
        for model, group in bindings.grouped("res_model").items():
            records[model] = connection._books_of(model)[model]
            alive[model] = set(records[model].browse(group.mapped("res_id")).exists().ids)
        return {
            (binding.kind, binding.external_id): records[binding.res_model].browse(binding.res_id)
            for binding in bindings
            if binding.res_id in alive[binding.res_model]
        }

    @api.model
    def _bind(self, connection, values_list):
        """Create or update record links.

        :param values_list: dicts of kind, external_id, record and optionally external_version, fingerprint,
            external_url, agreed_odoo, agreed_vendor, is_shared, and synced_at (time of the version that the provider
            has; default: this transaction)
        """
        now = self.env.cr.now()
        keys = {(values["kind"], values["external_id"]) for values in values_list}
        known = {(binding.kind, binding.external_id): binding for binding in of_keys(self, connection, keys)}
        new = {}
        for values in values_list:
            key = (values["kind"], values["external_id"])
            vals = {
                "res_model": values["record"]._name,
                "res_id": values["record"].id,
                "synced_at": values.get("synced_at") or now,
                **{name: values[name] for name in OPTIONAL if values.get(name)},
            }
            if key in known:
                known[key].write(vals)
            else:
                new[key] = {"connection_id": connection.id, "kind": key[0], "external_id": key[1], **vals}
        self.create(list(new.values()))
        sent = {
            Awaited("sent", values["kind"], odoo_key(values["record"]._name, values["record"].id))
            for values in values_list
        }
        self.env["ml.wait"]._release_for(connection, sent)

    def action_open_record(self):
        self.ensure_one()
        return open_form(self.res_model, self.res_id)

    def action_open_remote(self):
        self.ensure_one()
        return open_address(self.external_url)

    def _follow_merge(self, sources, target):
        """Link all remote records to the remaining record; its own link stays the main one."""
        moved = self.search([("res_model", "=", target._name), ("res_id", "in", sources.ids)], order="is_shared, id")
        if not moved:
            return
        own = self.search([("res_model", "=", target._name), ("res_id", "=", target.id), ("is_shared", "=", False)])
        held = {(binding.connection_id, binding.kind) for binding in own}
        for binding in moved:
            key = (binding.connection_id, binding.kind)
            binding.write({"res_id": target.id, "is_shared": key in held})
            held.add(key)
        for connection, bindings in moved.grouped("connection_id").items():
            awaited = {Awaited("remote", binding.kind, binding.external_id) for binding in bindings}
            awaited |= {Awaited("sent", binding.kind, odoo_key(target._name, target.id)) for binding in bindings}
            self.env["ml.wait"]._release_for(connection, awaited)
