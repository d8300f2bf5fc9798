from dataclasses import astuple

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_datetime, plaintext2html

from ..vault.database_mark import DatabaseMark, database_mark
from .client_actions import open_dialog
from .ml_sealed import needs

MARKS = ("database_uuid", "database_name", "database_system", "database_oid")
"""Fields with the parts of `DatabaseMark`, in their order."""
IDS_IN_REFERENCES = ("ml.sync.log", "ml.bridged.document")
SKIPPED_IDS = 1_000_000
"""More ids than another database uses between a backup and the switch to its copy."""


class MlConnectionDatabase(models.AbstractModel):
    """The database that a connection was set up in. A restored or copied database calls nobody until it is adopted."""

    _name = "ml.connection.database"
    _inherit = "ml.sealed"
    _description = "Connection Database"

    database_uuid = fields.Char(readonly=True, copy=False, groups="base.group_system")
    database_name = fields.Char(readonly=True, copy=False, groups="base.group_system")
    database_system = fields.Char(readonly=True, copy=False, groups="base.group_system")
    database_oid = fields.Char(readonly=True, copy=False, groups="base.group_system")
    is_copy = fields.Boolean("Copied Database", compute="_compute_is_copy")

    @api.depends(*MARKS)
    def _compute_is_copy(self):
        for connection in self:
            connection.is_copy = not connection._is_this_database()

    def _remember_database(self):
        # sudo: only system administrators may read the marks
        self.sudo().write(dict(zip(MARKS, astuple(database_mark(self.env)), strict=True)))

    def _is_this_database(self):
        """Whether the connection was set up in this database, not in one that this database is a copy of."""
        if self._is_neutralized():
            return False
        own = self.sudo()  # sudo: see `_remember_database`
        return DatabaseMark(*(own[name] or "" for name in MARKS)).is_same(database_mark(self.env))

    def _is_neutralized(self):
        # sudo: parameters are readable by administrators only
        return bool(self.env["ir.config_parameter"].sudo().get_param("database.is_neutralized"))

    @needs("system")
    def action_adopt_database(self):
        """Make this restored, copied or moved database the live one."""
        if self._is_neutralized():
            raise UserError(self.env._("A neutralized database cannot become the live one."))
        # sudo: engine fields
        adopted = self.sudo().filtered(lambda connection: not connection._is_this_database())
        for connection in adopted:
            connection._adopt_database()
        # the provider marks records booked since the backup as booked, so list them for import
        relisting = adopted.filtered("can_recover").with_env(self.env)
        return relisting.action_recover() if len(relisting) == 1 and self._may("administer") else None

    @needs("administer")
    def action_recover(self):
        """Find records that the provider marks as booked but Odoo does not have."""
        self.ensure_one()
        return open_dialog("ml.recovery", self.env._("Missing in Odoo"), default_connection_id=self.id)

    def _adopt_database(self):
        self._skip_used_ids()
        self._remember_database()
        self.env["ml.credential"]._claim_for_this_host()
        # cursors were restored with the records, so flows continue from the backup
        self.flow_ids.filtered("active").next_run_at = fields.Datetime.now()
        self.message_post(body=plaintext2html(self._adoption_note()))
        self._decided("adopt")
        self._trigger()

    def _skip_used_ids(self):
        """Skip the ids that another database may have used since the copy.

        The provider may have records with references that contain such an id. A new prefix of the references would
        also make the older references unknown.
        """
        names = {spec.watches for spec in self._provider_class().flows if spec.watches}
        for name in sorted({*names, *IDS_IN_REFERENCES}):
            sequence = SQL("pg_get_serial_sequence(%s, 'id')", self.env[name]._table)
            self.env.execute_query(SQL("SELECT setval(%s, nextval(%s) + %s)", sequence, sequence, SKIPPED_IDS))

    def _adoption_note(self):
        """Sentences about records that the provider does not send again, for the user who replaced the database."""
        provider = self._provider_name()
        lines = [self.env._("%(user)s made this database the live one. Its flows continue.", user=self.env.user.name)]
        specs = {spec.key: spec for spec in self._provider_class().flows}
        settled = self.flow_ids.filtered(
            lambda flow: flow.active and (spec := specs.get(flow.key)) and (spec.reports or spec.acknowledges)
        )
        since = self.last_success_at and format_datetime(self.env, self.last_success_at)
        if settled and since:
            lines.append(
                self.env._(
                    "Compare %(flows)s since %(moment)s with the lists in %(provider)s. Records that the other"
                    " database booked since then are marked as booked there and are not sent again. Missing in Odoo"
                    " lists and imports those that can be read again.",
                    flows=", ".join(settled.mapped("name")),
                    moment=since,
                    provider=provider,
                )
            )
        if since:
            lines.append(
                self.env._(
                    "%(provider)s already has the records that the other database sent since then. Check there"
                    " before you enter a record again.",
                    provider=provider,
                )
            )
        return "\n".join(lines)
