from odoo import api, fields, models
from odoo.exceptions import UserError

from .ml_sealed import needs
from .ml_sentence import in_words

CREATED_BY = {"account": ("account",), "tax": ("tax",), "analytic": ("dimension_value", "list_value")}
"""Kinds of push flows that create such a record in the provider's system."""


class MlConnectionCodes(models.AbstractModel):
    """Codes that a connection lacks: at the provider, or in Odoo."""

    _name = "ml.connection.codes"
    _inherit = "ml.sealed"
    _description = "Connection Codes"

    sends_codes = fields.Boolean(compute="_compute_sends_codes")
    missing_label = fields.Char(compute="_compute_missing_label")

    @api.depends("provider")
    @api.depends_context("lang")
    def _compute_missing_label(self):
        for connection in self:
            provider = connection.provider and connection._provider_name()
            connection.missing_label = provider and self.env._("Missing in %(provider)s", provider=provider)

    @api.depends("provider", "flow_ids.active")
    def _compute_sends_codes(self):
        """Whether an active flow sends records with codes of the provider."""
        for connection in self:
            connection.sends_codes = any(flow.active and flow._spec().coded for flow in connection.flow_ids)

    def _codes_needed(self):
        """{connection: number of unmapped codes that transfers wait for}."""
        return dict(
            self.env["ml.mapping"]._read_group(
                [
                    ("connection_id", "in", self.ids),
                    ("state", "=", "unmapped"),
                    ("wait_ids.log_id.state", "=", "waiting"),
                ],
                ["connection_id"],
                ["__count"],
            )
        )

    def _creator(self, kind):
        """The flow that creates records of a kind in the provider's system.

        :raises UserError: there is none, or it is inactive or blocked
        """
        self.ensure_one()
        flow = self.flow_ids.filtered(
            lambda flow: flow.direction == "push" and flow.kind in CREATED_BY.get(kind, ())
        ).sorted(lambda flow: not flow.active)[:1]
        if not flow:
            label = dict(self.env["ml.mapping"]._fields["kind"]._description_selection(self.env))[kind]
            raise UserError(
                self.env._(
                    "%(provider)s does not accept records of type %(kind)s from Odoo. Create the record in"
                    " %(provider)s, then sync its codes.",
                    provider=self._provider_name(),
                    kind=label,
                )
            )
        if not flow.active:
            raise UserError(
                self.env._("Activate the flow %(flow)s of %(connection)s first.", flow=flow.name, connection=self.name)
            )
        if reason := flow._blocked():
            raise UserError(in_words(self.env, reason))
        return flow

    @needs("map")
    def action_align(self):
        """List the Odoo records that have no code of the provider."""
        self.ensure_one()
        self.env["ml.mapping"]._align(self)
        context = {"search_default_outgoing": 1, "search_default_unmapped": 1, "search_default_group_kind": 1}
        return self._open_mappings(self.missing_label, context)
