from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..core.patterns import MAX_PATTERN, wildcard_fits
from .ml_sealed import needs


class MlMappingRule(models.Model):
    """A pattern that maps many codes of a provider to one Odoo record.

    Manual mappings come first, then rules in order, then equal codes, then equal names.
    """

    _name = "ml.mapping.rule"
    _description = "Mapping Rule"
    _order = "connection_id, sequence, id"
    _inherit = "ml.mapping.record"
    _maker_right = "map"
    _birth_fields = ("connection_id", "kind")
    _open_fields = {"map": ("sequence", "active", "subject", "pattern", "res_id")}

    connection_id = fields.Many2one("ml.connection", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    sequence = fields.Integer(default=10, help="Odoo applies the first rule that matches.")
    active = fields.Boolean(default=True)
    kind = fields.Selection(
        [
            ("account", "Account"),
            ("tax", "Tax"),
            ("analytic", "Analytic Account"),
            ("journal", "Journal"),
            ("vendor", "Vendor"),
        ],
        "Type",
        required=True,
        default="account",
    )
    subject = fields.Selection(
        [("code", "Code"), ("name", "Name"), ("group", "Field")], required=True, default="code", string="Match On"
    )
    pattern = fields.Char(required=True, help="* matches any text and ? one character. Example: 60* matches 600100.")

    @api.depends("kind", "subject", "pattern")
    def _compute_display_name(self):
        subjects = dict(self._fields["subject"]._description_selection(self.env))
        for rule in self:
            rule.display_name = self.env._(
                "%(subject)s like %(pattern)s", subject=subjects[rule.subject], pattern=rule.pattern
            )

    @api.constrains("res_id", "res_model", "active")
    def _check_record(self):
        """Check the record of each rule; an inactive rule may have none."""
        self.filtered(lambda rule: rule.active or rule.res_id)._check_choices("pattern")

    def _fits(self, mapping):
        self.ensure_one()
        text = {"code": mapping.external_code, "name": mapping.external_name, "group": mapping.external_group}[
            self.subject
        ]
        text = text or (mapping.external_id if self.subject == "code" else "")
        return wildcard_fits(self.pattern.strip(), (text or "").strip())

    @api.constrains("pattern")
    def _check_pattern(self):
        for rule in self:
            if len(rule.pattern) > MAX_PATTERN:
                raise ValidationError(self.env._("A pattern can have at most %(count)s characters.", count=MAX_PATTERN))

    @needs("map")
    def action_apply(self):
        """Map the unmapped codes that match."""
        unmapped = self.env["ml.mapping"].search(
            [
                ("connection_id", "in", self.connection_id.ids),
                ("direction", "=", "in"),
                ("state", "=", "unmapped"),
            ]
        )
        self._decided("propose")
        return unmapped.action_propose()

    def _follow_merge(self, sources, target):
        rules = self.search([("res_model", "=", target._name), ("res_id", "in", sources.ids)])
        fitting = rules.filtered(lambda rule: rule._may_name(target))
        fitting.write({"res_id": target.id})
        (rules - fitting)._switch_off()

    def _switch_off(self):
        """Deactivate rules whose record was deleted, until a user chooses another one."""
        self.write({"active": False, "res_id": False})

    @api.model
    def _let_go(self, model, ids):
        rules = self.with_context(active_test=False)
        rules.search([("res_model", "=", model), ("res_id", "in", ids)])._switch_off()
