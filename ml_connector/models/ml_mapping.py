from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..core.documents import Reference
from .ml_mapped import MAPPED_MODELS, referred_models
from .ml_sealed import needs

FILLING = ("is_ignored", "res_id", "target_mapping_id")
"""Names of the fields that map a row."""


class MlMapping(models.Model):
    """A code of the provider and its Odoo record."""

    _name = "ml.mapping"
    _description = "Mapping"
    _order = "state desc, kind, external_code, external_name, id"
    _rec_names_search = ["external_name", "external_code"]
    _inherit = [
        "ml.mapping.choices",
        "ml.mapping.proposals",
        "ml.mapping.creation",
        "ml.mapping.forwarding",
        "ml.mapping.waits",
        "ml.sealed",
    ]
    _maker_right = "map"
    _birth_fields = ("connection_id", "kind", "external_id", "external_code", "external_name", "external_group")
    _open_fields = {"map": ("res_id", "is_ignored")}

    connection_id = fields.Many2one("ml.connection", required=True, readonly=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    provider = fields.Selection(related="connection_id.provider")
    kind = fields.Selection(
        [
            ("account", "Account"),
            ("tax", "Tax"),
            ("analytic", "Analytic Account"),
            ("journal", "Journal"),
            ("vendor", "Vendor"),
            ("employee", "Employee"),
            ("payment_term", "Payment Terms"),
            ("fiscal_position", "Fiscal Position"),
            ("partner_category", "Vendor Tag"),
            ("currency", "Currency"),
            ("plan", "Analytic Plan"),
        ],
        "Type",
        required=True,
        readonly=True,
    )
    external_id = fields.Char("Provider ID", required=True, readonly=True)
    external_code = fields.Char("Provider Code", readonly=True)
    external_name = fields.Char("Provider Name", readonly=True)
    external_group = fields.Char("Provider Field", readonly=True)
    res_model = fields.Char(compute="_compute_res_model", store=True)
    res_id = fields.Many2oneReference("Odoo Record", model_field="res_model")
    is_ignored = fields.Boolean("Ignore", help="Lines with this code are booked without it.")
    origin = fields.Selection(
        [
            ("manual", "Manual"),
            ("code", "Same Code"),
            ("name", "Same Name"),
            ("ours", "Sent from Odoo"),
            ("rule", "Rule"),
        ],
        readonly=True,
    )
    state = fields.Selection(
        [("mapped", "Mapped"), ("ignored", "Ignored"), ("unmapped", "Unmapped")],
        "Status",
        compute="_compute_state",
        store=True,
        index=True,
    )
    target_connection_id = fields.Many2one(related="connection_id.target_id", string="Target Connection")

    _external_unique = models.UniqueIndex("(connection_id, kind, external_id)", "This code is already in the list.")

    @api.depends("external_name", "external_code")
    def _compute_display_name(self):
        for mapping in self:
            parts = [mapping.external_code, mapping.external_name or mapping.external_id]
            mapping.display_name = " ".join(part for part in parts if part)

    @api.depends("kind")
    def _compute_res_model(self):
        for mapping in self:
            mapping.res_model = MAPPED_MODELS.get(mapping.kind)

    @api.depends("res_id", "is_ignored", "is_bridged", "target_mapping_id")
    def _compute_state(self):
        for mapping in self:
            is_mapped = mapping.target_mapping_id if mapping.is_bridged else mapping.res_id
            mapping.state = "mapped" if is_mapped else "ignored" if mapping.is_ignored else "unmapped"

    @api.constrains("res_id", "res_model")
    def _check_record(self):
        for mapping in self.filtered("res_id"):
            company = mapping.company_id
            if not self._is_choice(mapping._record(), self._company_domain(company, mapping.kind)):
                raise ValidationError(
                    self.env._(
                        "Choose a record of %(company)s for %(code)s.",
                        company=company.display_name,
                        code=mapping.display_name,
                    )
                )
        vendors = self.filtered(lambda mapping: mapping.kind == "vendor" and mapping.res_id)
        self._check_may_be_vendor(vendors.mapped("res_id"))

    def _referred_models(self, vals):
        return referred_models(self, vals)

    def _record(self):
        self.ensure_one()
        return self.env[self.res_model].browse(self.res_id)

    def _as_reference(self):
        self.ensure_one()
        return Reference(
            kind=self.kind,
            external_id=self.external_id,
            code=self.external_code or "",
            name=self.external_name or "",
            group=self.external_group or "",
        )

    @api.model
    def _resolved(self, connection, keys):
        """{(kind, external id): Odoo record, or None if the code is ignored} of the mapped keys.

        The records have the environment of the integration user.
        """
        books = connection._books()
        return {
            (mapping.kind, mapping.external_id): mapping._record().with_env(books) if mapping.res_id else None
            for mapping in self._filled(connection, keys, "res_id")._without_gone()
        }

    @api.model
    def _filled(self, connection, keys, field):
        """The rows of the keys (kind, external id) that have a value in `field` or are ignored."""
        if not keys:
            return self.browse()
        return self.search(
            [
                ("connection_id", "=", connection.id),
                *("|", (field, "!=", False), ("is_ignored", "=", True)),
                ("kind", "in", list({kind for kind, _id in keys})),
                ("external_id", "in", list({external_id for _kind, external_id in keys})),
            ]
        )

    @api.model
    def _references_of(self, connection, kind, res_ids):
        """{record id: `Reference`} of records with an equal or sent code of the provider.

        Manual mappings do not count, because several codes may be mapped to the same record.
        """
        mappings = self.search(
            [
                ("connection_id", "=", connection.id),
                ("kind", "=", kind),
                ("res_id", "in", list(res_ids)),
                ("origin", "in", ("ours", "code", "name")),
            ],
            order="id desc",
        )
        return {
            mapping.res_id: mapping._as_reference()
            for mapping in mappings.sorted(lambda mapping: mapping.origin == "ours")
        }

    @api.model
    def _upsert(self, connection, references):
        """Find or create the rows of the references, and propose Odoo records."""
        wanted = {(reference.kind, reference.external_id): reference for reference in references}
        if not wanted:
            return self
        known = self.search(
            [
                ("connection_id", "=", connection.id),
                ("kind", "in", list({kind for kind, _id in wanted})),
                ("external_id", "in", list({external_id for _kind, external_id in wanted})),
            ]
        ).filtered(lambda mapping: (mapping.kind, mapping.external_id) in wanted)
        for mapping in known:
            mapping._refresh_names(wanted.pop((mapping.kind, mapping.external_id)))
        new = self.create(
            [
                {
                    "connection_id": connection.id,
                    "kind": reference.kind,
                    "external_id": reference.external_id,
                    "external_code": reference.code,
                    "external_name": reference.name,
                    "external_group": reference.group,
                }
                for reference in wanted.values()
            ]
        )
        rows = known | new
        rows._propose()
        self._propose_to_sources(connection, set(rows.mapped("kind")))
        return rows

    def _refresh_names(self, reference):
        names = {
            "external_code": reference.code or self.external_code,
            "external_name": reference.name or self.external_name,
            "external_group": reference.group or self.external_group,
        }
        changed = {name: value for name, value in names.items() if value != (self[name] or "") and value}
        if changed:
            self.write(changed)

    @api.model
    def _record_odoo_code(self, connection, reference, record):
        """Map the provider's code of a sent record to that record, unless a user or a code mapped it to another one.

        :param record: an Odoo record, or the code of another provider that was created at its target
        :return: the row of the code
        """
        mapping = self._upsert(connection, [reference])
        if record._name == self._name:
            record.target_mapping_id = mapping
            return mapping
        if mapping.state == "unmapped" or (mapping.res_id == record.id and mapping.origin in ("code", "name")):
            mapping.write({"res_id": record.id, "origin": "ours"})
        self.env["ml.outgoing.code"]._map_created(connection, reference.kind, record, mapping)
        return mapping

    @api.model_create_multi
    def create(self, vals_list):
        mappings = super().create(vals_list)
        mappings._release_senders()
        return mappings

    def write(self, vals):
        self._check_each_person(vals)
        before = self.grouped("res_model") if "res_id" in vals else {}
        named = {model: set(mappings.mapped("res_id")) for model, mappings in before.items() if model}
        result = super().write(vals)
        # sudo: whoever may map need not have a right on the queue; what could not use the record may use another one
        waits = self.sudo().env["ml.wait"]
        for model, ids in named.items():
            waits._release_changed(model, ids, ("connection_id", "in", self.connection_id.ids))
        if "res_id" in vals and "origin" not in vals:
            origin = "manual" if vals["res_id"] else False
            super(MlMapping, self.sudo()).write({"origin": origin})  # sudo: engine field
        if not vals.keys().isdisjoint(FILLING):
            self.filtered(lambda mapping: mapping.state != "unmapped")._release()
        if vals.get("res_id"):
            self.filtered(lambda mapping: mapping.kind == "plan")._send_values()
            self._release_senders()
        return result

    def _check_each_person(self, vals):
        """Refuse the same employee for several rows edited together."""
        people = self.filtered(lambda mapping: mapping.kind == "employee")
        if vals.get("res_id") and len(people) > 1 and not self.env.su:
            raise UserError(
                self.env._("Choose the employee of each code separately, because amounts are owed to each of them.")
            )

    def unlink(self):
        """Retry transfers that wait for deleted rows."""
        logs = self.sudo().wait_ids.log_id.filtered(lambda log: log.state == "waiting")  # sudo: as in `_release`
        result = super().unlink()
        logs._make_pending()
        return result

    def _filling(self):
        """The mapped values of each row."""
        return {mapping: [mapping[name] for name in FILLING] for mapping in self}

    def _decided_filled(self, action):
        """Record the decision of a user that mapped these rows."""
        self._tell_decisions([row._told_decision(action, new=row._told_summary(FILLING)) for row in self])

    @needs("map")
    def action_leave_out(self):
        """Ignore the selected codes: their lines are booked without them."""
        self.filtered(lambda mapping: mapping.state == "unmapped").is_ignored = True

    def _follow_merge(self, sources, target):
        named = [("res_model", "=", target._name)]
        self.search([*named, ("proposed_id", "in", sources.ids)]).write({"proposed_id": target.id})
        for origin, mappings in self.search([*named, ("res_id", "in", sources.ids)]).grouped("origin").items():
            fitting = mappings.filtered(lambda mapping: mapping._may_name(target))
            fitting.write({"res_id": target.id, "origin": origin})
            (mappings - fitting)._unmap()

    def _unmap(self):
        self.write({"res_id": False, "origin": False})

    @api.model
    def _let_go(self, model, ids):
        named = [("res_model", "=", model)]
        self.search([*named, ("proposed_id", "in", ids)]).write({"proposed_id": False})
        self.search([*named, ("res_id", "in", ids)])._unmap()

    def _without_gone(self):
        """The rows whose record exists. The others are unmapped, because some deletions bypass the ORM."""
        gone = self.browse()
        for model, mappings in self.filtered("res_id").grouped("res_model").items():
            alive = set(self.env[model].browse(set(mappings.mapped("res_id"))).exists()._ids)
            gone |= mappings.filtered(lambda mapping, alive=alive: mapping.res_id not in alive)
        if gone:
            gone._unmap()
        return self.filtered(lambda mapping: mapping not in gone or mapping.is_ignored)
