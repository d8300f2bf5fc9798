from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..core.documents import Reference
from .client_actions import open_list
from .ml_mapped import title_of
from .ml_sealed import needs
from .queries import number_of, of_keys

CHOICES = {"in": "res_id", "out": "code_id", "forward": "code_id"}
"""Name of the field that maps a row of each direction."""
FILLING = ("is_ignored", "res_id", "code_id")
"""Names of the fields that map or ignore a row."""


class MlMapping(models.Model):
    """A code of the provider and what it means, in one of three directions.

    Into Odoo, a code of the provider has an Odoo record; these rows are also the list of the provider's codes. Out of
    Odoo, a record has the code that it is sent with, if the rows into Odoo do not define it. Forwarded, a code has a
    code of the target connection.
    """

    _name = "ml.mapping"
    _description = "Mapping"
    _order = "state desc, direction, kind, external_code, name, id"
    _rec_names_search = ["external_name", "external_code"]
    _inherit = [
        "ml.mapping.record",
        "ml.mapping.choices",
        "ml.mapping.proposals",
        "ml.mapping.sending",
        "ml.mapping.forwarding",
        "ml.sealed",
    ]
    _maker_right = "map"
    _birth_fields = ("connection_id", "kind", "external_id", "external_code", "external_name", "external_group")
    _open_fields = {"map": FILLING}

    connection_id = fields.Many2one("ml.connection", required=True, readonly=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    provider = fields.Selection(related="connection_id.provider")
    direction = fields.Selection(
        [("in", "Into Odoo"), ("out", "Out of Odoo"), ("forward", "Forwarded")],
        required=True,
        readonly=True,
        default="in",
    )
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
    external_id = fields.Char("Provider ID", readonly=True)
    external_code = fields.Char("Provider Code", readonly=True)
    external_name = fields.Char("Provider Name", readonly=True)
    external_group = fields.Char("Provider Field", readonly=True)
    name = fields.Char(compute="_compute_name", store=True, help="The provider's name of a code, or the Odoo record.")
    plan_name = fields.Char(
        "Analytic Plan", compute="_compute_name", store=True, help="Plan of an analytic account that Odoo sends."
    )
    code_connection_id = fields.Many2one("ml.connection", compute="_compute_code_connection_id")
    code_id = fields.Many2one(
        "ml.mapping",
        "Sent As",
        domain="[('connection_id', '=', code_connection_id), ('direction', '=', 'in'), ('kind', '=', kind)]",
        ondelete="set null",
        index="btree_not_null",
        help="The provider's code for an Odoo record, or the target's code for a forwarded code.",
    )
    is_ignored = fields.Boolean("Ignore", help="Lines are booked, sent or forwarded without it.")
    origin = fields.Selection(
        [
            ("manual", "Manual"),
            ("code", "Same Code"),
            ("name", "Same Name"),
            ("record", "Same Odoo Record"),
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

    wait_ids = fields.One2many("ml.wait", "mapping_id", readonly=True)
    waiting_count = fields.Integer("Waiting Records", compute="_compute_waiting_count")

    _external_unique = models.UniqueIndex(
        "(connection_id, direction, kind, external_id) WHERE direction != 'out'", "This code is already in the list."
    )
    _record_unique = models.UniqueIndex(
        "(connection_id, kind, res_id) WHERE direction = 'out'", "This record is already in the list."
    )
    _sides = models.Constraint(
        """CHECK (CASE direction
            WHEN 'in' THEN external_id IS NOT NULL AND code_id IS NULL
            WHEN 'out' THEN external_id IS NULL AND COALESCE(res_id, 0) <> 0
            ELSE external_id IS NOT NULL AND COALESCE(res_id, 0) = 0
        END)""",
        "A mapping into Odoo needs a provider ID, one out of Odoo an Odoo record, and a forwarded one only codes.",
    )

    @api.depends("external_code", "name")
    def _compute_display_name(self):
        for mapping in self:
            mapping.display_name = " ".join(filter(None, (mapping.external_code, mapping.name)))

    @api.depends("direction", "external_name", "external_id", "res_id")
    def _compute_name(self):
        for mapping in self:
            mapping.plan_name = False
            if mapping.direction != "out":
                mapping.name = mapping.external_name or mapping.external_id
                continue
            record = mapping._record().exists()
            mapping.name = record and title_of(record, mapping.company_id)
            if mapping.kind == "analytic":
                mapping.plan_name = record.root_plan_id.name

    @api.depends("direction", "connection_id.target_id")
    def _compute_code_connection_id(self):
        for mapping in self:
            connection = mapping.connection_id
            mapping.code_connection_id = connection.target_id if mapping.direction == "forward" else connection

    @api.depends(*FILLING)
    def _compute_state(self):
        for mapping in self:
            is_mapped = mapping[CHOICES[mapping.direction]]
            mapping.state = "ignored" if mapping.is_ignored else "mapped" if is_mapped else "unmapped"

    @api.depends("wait_ids.log_id.state")
    def _compute_waiting_count(self):
        waiting = [("mapping_id", "in", self.ids), ("log_id.state", "=", "waiting")]
        counts = number_of(self.env["ml.wait"], waiting, "mapping_id")
        for mapping in self:
            mapping.waiting_count = counts[mapping._origin]

    @api.constrains("res_id", "res_model")
    def _check_record(self):
        incoming = self.filtered(lambda mapping: mapping.direction == "in" and mapping.res_id)
        incoming._check_choices("display_name")

    @api.constrains("code_id")
    def _check_code(self):
        for mapping in self.filtered("code_id"):
            code = mapping.code_id
            wanted = (mapping.code_connection_id, "in", mapping.kind)
            if (code.connection_id, code.direction, code.kind) != wanted:
                raise ValidationError(
                    self.env._(
                        "Choose a code of the same type of %(connection)s for %(record)s.",
                        connection=mapping.code_connection_id.name,
                        record=mapping.display_name,
                    )
                )

    def _is_sealed(self, field):
        """Users choose the Odoo record of rows into Odoo, and the code of all others. The rest identifies the row."""
        if super()._is_sealed(field):
            return True
        # sudo: before access to the rows is checked
        return field.name in CHOICES.values() and any(CHOICES[row.direction] != field.name for row in self.sudo())

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
            (mapping.kind, mapping.external_id): None if mapping.is_ignored else mapping._record().with_env(books)
            for mapping in self._filled(connection, "in", keys)._without_gone()
        }

    @api.model
    def _filled(self, connection, direction, keys):
        """The mapped and ignored rows of the keys (kind, external id)."""
        return of_keys(self, connection, keys, ("direction", "=", direction), ("state", "!=", "unmapped"))

    @api.model
    def _upsert(self, connection, references, direction="in"):
        """Find or create the rows of the references, and map them where that is unambiguous.

        Codes of a connection that only forwards are listed to be forwarded, too.
        """
        wanted = {(reference.kind, reference.external_id): reference for reference in references}
        if not wanted:
            return self
        known = of_keys(self, connection, wanted, ("direction", "=", direction))
        for mapping in known:
            mapping._refresh_names(wanted.pop((mapping.kind, mapping.external_id)))
        new = self.create(
            [
                {
                    "connection_id": connection.id,
                    "direction": direction,
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
        if direction == "in":
            rows._list_forwarded()
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

    @api.model_create_multi
    def create(self, vals_list):
        mappings = super().create(vals_list)
        mappings._end_outgoing()
        return mappings

    def write(self, vals):
        people = self.filtered(lambda mapping: mapping.kind == "employee")
        if vals.get("res_id") and len(people) > 1 and not self.env.su:
            raise UserError(
                self.env._("Choose the employee of each code separately, because amounts are owed to each of them.")
            )
        before = self.grouped("res_model") if "res_id" in vals else {}
        named = {model: set(mappings.mapped("res_id")) for model, mappings in before.items() if model}
        result = super().write(vals)
        # sudo: whoever may map need not have a right on the queue; what could not use the record may use another one
        waits = self.sudo().env["ml.wait"]
        for model, ids in named.items():
            waits._release_changed(model, ids, ("connection_id", "in", self.connection_id.ids))
        if "origin" not in vals:
            for name in vals.keys() & set(CHOICES.values()):
                chosen = self.filtered(lambda row, name=name: CHOICES[row.direction] == name)
                origin = "manual" if vals[name] else False
                super(MlMapping, chosen.sudo()).write({"origin": origin})  # sudo: engine field
        if not vals.keys().isdisjoint(FILLING):
            self.filtered(lambda mapping: mapping.state != "unmapped")._release()
        if vals.get("res_id"):
            self.filtered(lambda mapping: mapping.kind == "plan")._send_values()
            self._end_outgoing()
        return result

    def _release(self):
        """Release the transfers that waited for these mappings only."""
        self.sudo().wait_ids._release()  # sudo: whoever may map need not have a right on the queue itself

    def unlink(self):
        """Retry transfers that wait for deleted rows, and unmap rows with their codes."""
        rows = self.sudo()  # sudo: as in `_release`
        logs = rows.wait_ids.log_id.filtered(lambda log: log.state == "waiting")
        rows.search([("code_id", "in", self.ids)]).code_id = False
        result = super().unlink()
        logs._make_pending()
        return result

    def _decided_filled(self, action):
        """Record the decision of a user that mapped these rows."""
        self._tell_decisions([row._told_decision(action, new=row._told_summary(FILLING)) for row in self])

    def action_open_waiting(self):
        self.ensure_one()
        name = self.env._("Waiting for %(code)s", code=self.display_name)
        return open_list("ml.sync.log", name, [("waiting_mapping_ids", "in", self.ids)])

    @needs("map")
    def action_leave_out(self):
        """Ignore the selected rows: lines are booked, sent or forwarded without them."""
        self.filtered(lambda mapping: mapping.state == "unmapped").is_ignored = True

    def _follow_merge(self, sources, target):
        self._merge_outgoing(sources, target)
        named = [("res_model", "=", target._name), ("direction", "=", "in")]
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
        rows = self.search([*named, ("res_id", "in", ids)])
        outgoing = rows.filtered(lambda row: row.direction == "out")
        (rows - outgoing)._unmap()
        outgoing.unlink()

    def _without_gone(self):
        """The rows whose record exists. The others are unmapped, because some deletions bypass the ORM."""
        gone = self.browse()
        for model, mappings in self.filtered("res_id").grouped("res_model").items():
            alive = set(self.env[model].browse(set(mappings.mapped("res_id"))).exists()._ids)
            gone |= mappings.filtered(lambda mapping, alive=alive: mapping.res_id not in alive)
        if gone:
            gone._unmap()
        return self.filtered(lambda mapping: mapping not in gone or mapping.is_ignored)
