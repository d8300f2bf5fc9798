from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from ..providers import PROVIDERS


class MlConnectionForwarding(models.AbstractModel):
    """Forwarding of records from one connection to another."""

    _name = "ml.connection.forwarding"
    _inherit = "ml.sealed"
    _description = "Connection Forwarding"
    _open_fields = {"administer": ("target_id", "target_mode")}

    target_id = fields.Many2one(
        "ml.connection",
        "Forward To",
        check_company=True,
        domain="[('id', 'in', target_option_ids)]",
        ondelete="restrict",
        index="btree_not_null",
        tracking=True,
        help="Connection that Odoo forwards bills and purchase orders to. The provider that they come from receives"
        " the result once the other one has accepted them.",
    )
    target_mode = fields.Selection(
        [("ledger", "Book in Odoo, Then Forward"), ("bridge", "Forward Only (No Odoo Entry)")],
        "Method",
        default="ledger",
        required=True,
        tracking=True,
    )
    target_option_ids = fields.Many2many("ml.connection", compute="_compute_target_option_ids")
    target_hint = fields.Char(compute="_compute_target_hint")
    source_ids = fields.One2many("ml.connection", "target_id", "Receives From", readonly=True)

    @api.depends("provider", "company_id")
    def _compute_target_option_ids(self):
        pulled = {
            key: {flow.kind for flow in provider.flows if flow.direction == "pull"}
            for key, provider in PROVIDERS.items()
        }
        carried = {
            key: {kind for flow in provider.flows for kind in flow.carries} for key, provider in PROVIDERS.items()
        }
        for connection in self:
            kinds = pulled.get(connection.provider, set())
            providers = [key for key, carries in carried.items() if carries & kinds]
            domain = Domain("company_id", "=", connection.company_id.id) & Domain("target_id", "=", False)
            domain &= Domain("provider", "in", providers) & Domain("id", "!=", connection._origin.id)
            connection.target_option_ids = self.search(domain) if providers else False

    @api.depends("target_id.flow_ids.active", "flow_ids.active")
    def _compute_target_hint(self):
        """A sentence about inactive flows that the target needs."""
        for connection in self:
            carriers = self.env["ml.flow"].union(*(flow._carrier() for flow in connection.flow_ids if flow.active))
            vendors = connection.target_id.flow_ids.filtered(
                lambda flow: flow.direction == "push" and flow.kind == "vendor"
            )
            off = (carriers | vendors).filtered(lambda flow: not flow.active)
            if not off:
                connection.target_hint = False
                continue
            connection.target_hint = self.env._(
                "Activate %(flows)s in %(target)s. Records wait until then.",
                flows=", ".join(off.mapped("name")),
                target=connection.target_id._provider_name(),
            )

    @api.constrains("target_id")
    def _check_target(self):
        for connection in self.filtered("target_id"):
            if connection.target_id == connection or connection.target_id.target_id or connection.source_ids:
                raise ValidationError(
                    self.env._("Forwarding cannot be chained. The target connection must not forward to another one.")
                )

    def _only_forwards(self):
        """Whether documents of this connection are forwarded without an Odoo entry."""
        return bool(self.target_id) and self.target_mode == "bridge"

    def _follow_target(self):
        """Forward codes to the target that the connection has now; what is mapped into Odoo stays as it is.

        Transfers that wait for mappings are retried, because they may need those of another direction now.
        """
        # sudo: whoever may set the connection up need not have the right to map
        mappings = self.env["ml.mapping"].sudo().search([("connection_id", "in", self.ids)])
        forwarded = mappings.filtered(lambda row: row.direction == "forward")
        forwarded.filtered(lambda row: row.code_id.connection_id != row.code_connection_id).code_id = False
        forwarded._propose()
        mappings._list_forwarded()
        mappings._release()
