import logging
from collections import Counter

import psycopg2

from odoo import fields, models
from odoo.tools import SQL

_logger = logging.getLogger(__name__)

RAISED = "ml_connector.raised_ranks"
REPAIRING_OF_PARTNERS = {
    *("active", "company_id", "vat", "country_id", "state_id", "is_company", "parent_id"),
    *("property_account_payable_id", "property_account_position_id", "property_supplier_payment_term_id"),
}
"""Fields of contacts that transfers may wait for."""


class ResPartner(models.Model):
    _name = "res.partner"
    _inherit = ["res.partner", "ml.sync.mixin", "ml.sealed", "ml.followed"]

    ml_sync_count = fields.Integer(
        "Transfers", compute="_compute_ml_sync_count", groups="ml_connector.group_ml_connector_user"
    )

    def _compute_ml_sync_count(self):
        self.env["ml.sync.log"]._count_for(self, "ml_sync_count")

    def action_open_ml_syncs(self):
        return self.env["ml.sync.log"]._action_for(self)

    def _ml_may_repair(self, vals):
        """Ignore changes by a sync, of which there are many; waiting transfers are retried from time to time."""
        if self.env.context.get("ml_no_sync"):
            return False
        return not REPAIRING_OF_PARTNERS.isdisjoint(vals) or any(name.startswith("l10n_") for name in vals)

    def _ml_creditor(self, company):
        """The partner of debts with the company: the commercial partner, or the contact itself if it belongs to the
        company, like contacts of employees.
        """
        commercial = self.commercial_partner_id
        # sudo: branches that whoever asks need not see are the company itself
        ours = commercial.sudo().ref_company_ids.root_id
        return self if company.sudo().root_id in ours else commercial

    def _ml_protected(self):
        """The contacts that no provider may link to a vendor or change.

        They are contacts of users, employees and companies, belong to such a contact, or have an internal user among
        their contacts, because an email address can reset a password.
        """
        if not self:
            return self
        # sudo: users, employees and companies that whoever asks need not see
        partners = self.sudo().with_context(active_test=False)
        above, level = partners, partners
        while level := level.parent_id - above:
            above |= level
        carriers = above.filtered("employee")
        carriers |= self._ml_carriers("res.users", "partner_id", above)
        carriers |= self._ml_carriers("hr.employee", "work_contact_id", above)
        carriers |= self._ml_carriers("res.company", "partner_id", above)
        below = partners.env["res.users"].search(
            [("share", "=", False), ("partner_id.commercial_partner_id", "in", partners.ids)]
        )
        companies = below.partner_id.commercial_partner_id
        return self.filtered(lambda partner: partner in companies or partner._ml_is_below(carriers))

    def _ml_carriers(self, model, name, partners):
        domain = [(name, "in", partners.ids)]
        return partners.env[model].search(domain)[name]

    def _ml_is_below(self, carriers):
        """Whether the contact or one of its parents is one of them."""
        partner = self.sudo()  # sudo: see `_ml_protected`
        while partner and partner not in carriers:
            partner = partner.parent_id
        return bool(partner)

    def _increase_rank(self, field, n=1):
        """Raise the ranks of a batch with one statement after the commit; Odoo writes each vendor separately.

        Odoo still counts the first bill, which makes a contact a vendor.
        """
        # sudo: counting asks for no right on the contact, as it does not in Odoo
        ranked = self.sudo().filtered(field) if self.env.context.get("ml_no_sync") else self.browse()
        if ranked:
            postcommit = self.env.cr.postcommit
            if RAISED not in postcommit.data:
                postcommit.data[RAISED] = {}
                postcommit.add(self._raise_ranks)
            postcommit.data[RAISED].setdefault(field, Counter()).update(dict.fromkeys(ranked.ids, n))
        return super(ResPartner, self - ranked)._increase_rank(field, n)

    def _raise_ranks(self):
        for field, ranks in self.env.cr.postcommit.data.pop(RAISED).items():
            try:
                with self.env.registry.cursor() as cr:
                    cr.execute(
                        SQL(
                            """UPDATE res_partner SET %(rank)s = %(rank)s + raised.count
                                 FROM unnest(%(ids)s, %(counts)s) AS raised(id, count)
                                WHERE res_partner.id = raised.id""",
                            rank=SQL.identifier(field),
                            ids=list(ranks),
                            counts=list(ranks.values()),
                        )
                    )
            except psycopg2.OperationalError:
                # another transaction changes one of them; like Odoo, skip the rank, which is used for sorting only
                _logger.debug("The ranks of %s were not raised", list(ranks))
