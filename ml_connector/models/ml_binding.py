from odoo import api, fields, models

from .client_actions import open_address


class MlBinding(models.Model):
    """This remote record is that Odoo record. Its two unique indexes make a second record impossible.

    Several remote records lead to one of Odoo only where a merge or a person said so: one of them is its own, under
    which it is sent and whose values stand; the others share it.
    """

    _name = "ml.binding"
    _description = "Binding"
    _inherit = "ml.sealed"
    _maker_right = "administer"
    # its own one last: that is what is left in a dictionary by record
    _order = "is_shared desc, id desc"

    connection_id = fields.Many2one("ml.connection", required=True, readonly=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    kind = fields.Char(required=True, readonly=True)
    external_id = fields.Char("Id at the vendor", required=True, readonly=True)
    external_version = fields.Char(readonly=True)
    external_url = fields.Char("Address at the vendor", readonly=True)
    res_model = fields.Char("Model", required=True, readonly=True)
    res_id = fields.Many2oneReference("Record", model_field="res_model", required=True, readonly=True)
    is_shared = fields.Boolean(
        "One of Several",
        readonly=True,
        default=False,
        help="Another record at the provider is this record of Odoo too: contacts were merged, or a person said so.",
    )
    fingerprint = fields.Char(readonly=True, help="Of what was last sent, so that nothing is sent twice.")
    synced_at = fields.Datetime(readonly=True)
    agreed_odoo = fields.Json(readonly=True, help="Values in Odoo when both sides were last brought in line.")
    agreed_vendor = fields.Json(readonly=True, help="Values at the vendor when both sides were last brought in line.")

    _external_unique = models.UniqueIndex(
        "(connection_id, kind, external_id)", "This remote record is bound to an Odoo record already."
    )
    _record_unique = models.UniqueIndex(
        "(connection_id, kind, res_model, res_id) WHERE is_shared IS NOT TRUE",
        "This Odoo record is bound to a remote record already.",
    )
    _record_idx = models.Index("(res_model, res_id)")

    @api.depends("kind", "external_id")
    def _compute_display_name(self):
        for binding in self:
            binding.display_name = f"{binding.kind} {binding.external_id}"

    @api.model
    def _external_ids(self, connection, kind, records):
        """{record id: id at the vendor} of the records that are bound as that kind."""
        bindings = self.search(
            [
                ("connection_id", "=", connection.id),
                ("kind", "=", kind),
                ("res_model", "=", records._name),
                ("res_id", "in", records.ids),
            ]
        )
        return {binding.res_id: binding.external_id for binding in bindings}

    @api.model
    def _sent(self, flow, records):
        """The bindings of the records that a flow has sent."""
        return self.search(
            [
                ("connection_id", "=", flow.connection_id.id),
                ("kind", "=", flow.kind),
                ("res_model", "=", records._name),
                ("res_id", "in", records.ids),
                ("fingerprint", "!=", False),
            ]
        )

    @api.model
    def _records(self, connection, keys):
        """{(kind, external id): existing Odoo record} for the keys that are bound. One query, plus one a model.

        The records come as the connection's user sees them.
        """
        keys = set(keys)
        if not keys:
            return {}
        bindings = self.search(
            [
                ("connection_id", "=", connection.id),
                ("kind", "in", list({kind for kind, _id in keys})),
                ("external_id", "in", list({external_id for _kind, external_id in keys})),
            ]
        )
        bindings = bindings.filtered(lambda binding: (binding.kind, binding.external_id) in keys)
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
        """Create or refresh bindings.

        :param values_list: dicts of kind, external_id, record and optionally external_version, fingerprint,
            external_url, agreed_odoo, agreed_vendor, is_shared, and synced_at (when the record was as the vendor knows
            it now; else this transaction's time)
        """
        now = self.env.cr.now()
        known = {
            (binding.kind, binding.external_id): binding
            for binding in self.search(
                [
                    ("connection_id", "=", connection.id),
                    ("kind", "in", list({values["kind"] for values in values_list})),
                    ("external_id", "in", [values["external_id"] for values in values_list]),
                ]
            )
        }
        new = {}
        for values in values_list:
            key = (values["kind"], values["external_id"])
            vals = {
                "res_model": values["record"]._name,
                "res_id": values["record"].id,
                "synced_at": values.get("synced_at") or now,
            }
            for name in (
                "external_version",
                "fingerprint",
                "external_url",
                "agreed_odoo",
                "agreed_vendor",
                "is_shared",
            ):
                if values.get(name):
                    vals[name] = values[name]
            if key in known:
                known[key].write(vals)
            else:
                new[key] = {"connection_id": connection.id, "kind": key[0], "external_id": key[1], **vals}
        self.create(list(new.values()))
        self.env["ml.sync.log"]._release_dependents(
            connection, {(values["kind"], _record_key(values["record"])) for values in values_list}
        )

    def action_open_record(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self.res_model,
            "res_id": self.res_id,
            "view_mode": "form",
        }

    def action_open_remote(self):
        self.ensure_one()
        return open_address(self.external_url)


def _record_key(record):
    """How a row names the Odoo record whose transfer it waits for."""
    return f"{record._name},{record.id}"
