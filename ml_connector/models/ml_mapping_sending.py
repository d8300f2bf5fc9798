from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..core.awaited import Awaited, odoo_key
from ..core.errors import ConnectorError
from .client_actions import notification
from .ml_mapped import MAPPED_MODELS, NOT_CODED, title_of
from .ml_sealed import needs
from .ml_sentence import in_words
from .sync_states import OPEN_STATES

ALIGNED_KINDS = ("account", "tax", "analytic")
"""Kinds of mappings of lines."""
CREATED_BY = {"account": ("account",), "tax": ("tax",), "analytic": ("dimension_value", "list_value")}
"""Kinds of push flows that create such a record in the provider's system."""
AGREED = ("ours", "code", "name", "rule")


class NoCodeError(ConnectorError):
    """Odoo records to send have no mapped code of the provider.

    :param missing: [(kind of code, record)]
    """

    error_class = "mapping"

    def __init__(self, message, missing, company):
        codes = [
            Awaited("mapping", kind, odoo_key(record._name, record.id), title_of(record, company))
            for kind, record in missing
        ]
        super().__init__(message, awaited=codes)
        self.missing = missing


class MlMappingSending(models.AbstractModel):
    """The provider's codes that Odoo records are sent with, and their creation in the provider's system.

    A code has one record. If Odoo has a finer chart of accounts than the provider, several records are sent with one
    code, and each has a row here.
    """

    _name = "ml.mapping.sending"
    _inherit = "ml.sealed"
    _description = "Mapping Sending"

    creation = fields.Char(compute="_compute_creation", help="Progress of the creation in the provider's system.")

    def _compute_creation(self):
        """Progress of the open creations; a created record has its code."""
        own = {row: row._own_record() for row in self if row.direction != "in"}
        logs = self.env["ml.sync.log"].search(
            [
                ("connection_id", "in", self.code_connection_id.ids),
                ("direction", "=", "push"),
                ("kind", "in", [flow_kind for kinds in CREATED_BY.values() for flow_kind in kinds]),
                ("res_model", "in", list({record._name for record in own.values()})),
                ("res_id", "in", [record.id for record in own.values()]),
                ("state", "in", OPEN_STATES),
            ]
        )
        found = {
            (log.connection_id, log.res_model, log.res_id): in_words(self.env, log._sentence("error_message"))
            or self.env._("Creating")
            for log in logs
        }
        for row in self:
            record = own.get(row)
            row.creation = record is not None and found.get((row.code_connection_id, record._name, record.id), False)

    def _own_record(self):
        """The record that the code is for: one of Odoo, or the forwarded code itself."""
        return self if self.direction == "forward" else self._record()

    @api.model
    def _sent_as(self, connection, kind, records):
        """{record id: `Reference`, or None if the record is ignored} of the records with a code.

        Rows out of Odoo come first, then the only code that is mapped to the record, or its only automatic one.
        """
        of_records = [("connection_id", "=", connection.id), ("kind", "=", kind), ("res_id", "in", records.ids)]
        if not records:
            return {}
        chosen = self.search([*of_records, ("direction", "=", "out"), ("state", "!=", "unmapped")])
        known = {row.res_id: None if row.is_ignored else row.code_id._as_reference() for row in chosen}
        codes = self.search([*of_records, ("direction", "=", "in"), ("res_id", "not in", list(known))])
        for record_id, candidates in codes.grouped("res_id").items():
            agreed = candidates.filtered(lambda mapping: mapping.origin in AGREED)
            single = candidates if len(candidates) == 1 else agreed
            if len(single) == 1:
                known[record_id] = single._as_reference()
        return known

    @api.model
    def _references_of(self, connection, kind, res_ids):
        """{record id: `Reference`} of records with an equal or sent code of the provider.

        Manual mappings do not count, because several codes may be mapped to the same record.
        """
        mappings = self.search(
            [
                ("connection_id", "=", connection.id),
                ("direction", "=", "in"),
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
    def _list_missing(self, connection, missing):
        """Find or create the rows of records without a code.

        :param missing: [(kind, record)]
        :return: the rows of all records that the connection has a row for
        """
        known = self.search(
            [
                ("connection_id", "=", connection.id),
                ("direction", "=", "out"),
                ("kind", "in", list({kind for kind, _record in missing})),
                ("res_id", "in", list({record.id for _kind, record in missing})),
            ]
        )
        there = {(row.kind, row.res_id) for row in known}
        of_connection = {"connection_id": connection.id, "direction": "out"}
        new = self.create(
            [
                {**of_connection, "kind": kind, "res_id": record.id}
                for kind, record in missing
                if (kind, record.id) not in there
            ]
        )
        return known | new

    @api.model
    def _record_odoo_code(self, connection, reference, record):
        """Map the provider's code of a sent record to that record, unless a user or a code mapped it to another one.

        :param record: an Odoo record, or a forwarded code that was created at its target
        :return: the row of the code
        """
        mapping = self._upsert(connection, [reference])
        if record._name == self._name:
            record.write({"code_id": mapping.id, "origin": "ours"})
            return mapping
        if mapping.state == "unmapped" or (mapping.res_id == record.id and mapping.origin in ("code", "name")):
            mapping.write({"res_id": record.id, "origin": "ours"})
        self._map_created(connection, reference.kind, record, mapping)
        return mapping

    @api.model
    def _map_created(self, connection, kind, record, mapping):
        """Map a created record to the code that it was created with."""
        rows = self.search(
            [
                ("connection_id", "=", connection.id),
                ("direction", "=", "out"),
                ("kind", "=", kind),
                ("res_id", "=", record.id),
                ("state", "=", "unmapped"),
            ]
        )
        rows.write({"code_id": mapping.id, "origin": "ours"})

    @api.model
    def _align(self, connection):
        """Create rows for the records without a code of the provider, and delete rows that are not needed."""
        own = Domain("connection_id", "=", connection.id)
        groups = self._read_group(own & Domain("direction", "=", "in") & Domain("kind", "in", ALIGNED_KINDS), ["kind"])
        for (kind,) in groups:
            model = self.env[MAPPED_MODELS[kind]].with_company(connection.company_id)
            domain = self._record_domain(connection.company_id, kind)
            if kind == "account":
                domain &= Domain("account_type", "not in", NOT_CODED)
            records = model.search(domain)
            known = self._sent_as(connection, kind, records)
            missing = records.filtered(lambda record, known=known: record.id not in known)
            # sudo: rows are made for whoever may set the connection up, as the engine makes them
            self.sudo()._list_missing(connection, [(kind, record) for record in missing])
            unmapped = own & Domain("direction", "=", "out") & Domain("kind", "=", kind)
            rows = self.search(unmapped & Domain("state", "=", "unmapped"))
            obsolete = rows.filtered(lambda row, missing=missing: row.res_id not in missing.ids)
            obsolete.filtered(lambda row: not row.waiting_count).sudo().unlink()  # sudo: as above

    def _end_outgoing(self):
        """End the rows out of Odoo of records that now have a code into Odoo."""
        incoming = self.filtered(lambda mapping: mapping.direction == "in" and mapping.res_id)
        for (connection, kind), mappings in incoming.grouped(lambda row: (row.connection_id, row.kind)).items():
            of_records = [("kind", "=", kind), ("res_id", "in", mappings.mapped("res_id"))]
            self.search([("connection_id", "=", connection.id), ("direction", "=", "out"), *of_records])._end_settled()

    def _end_settled(self):
        """Release what waits for unmapped rows out of Odoo, and delete those whose records have a code."""
        unmapped = self.filtered(lambda row: row.state == "unmapped")
        unmapped._release()
        for (connection, kind), rows in unmapped.grouped(lambda row: (row.connection_id, row.kind)).items():
            known = self._sent_as(connection, kind, rows._records())
            # sudo: whoever may map may end what that settles
            rows.filtered(lambda row, known=known: row.res_id in known).sudo().unlink()

    @api.model
    def _merge_outgoing(self, sources, target):
        """Keep one row for each merged record, and the code of any of them."""
        of_records = [("res_model", "=", target._name), ("res_id", "in", [*sources.ids, target.id])]
        rows = self.search([("direction", "=", "out"), *of_records])
        for same in rows.grouped(lambda row: (row.connection_id, row.kind)).values():
            kept = same.sorted(lambda row: (row.state == "unmapped", row.res_id != target.id, row.id))[:1]
            (same - kept).unlink()
            if kept.res_id != target.id:
                kept.res_id = target.id
            kept._end_settled()

    def _send_values(self):
        """Send the accounts of newly mapped plans, although they did not change."""
        # sudo: as in `_release`
        flows = self.sudo().connection_id.flow_ids.filtered(lambda flow: flow.active and flow.kind == "list_value")
        flows.next_run_at = fields.Datetime.now()
        for connection in flows.connection_id:
            connection._trigger()

    @needs("map")
    def action_create_in_provider(self):
        """Queue the creation of the selected records and forwarded codes in the provider's system."""
        unmapped = self.filtered(lambda row: row.direction != "in" and row.state == "unmapped")
        if not unmapped:
            return notification(
                self.env._("Select unmapped records of Odoo, or unmapped codes that are forwarded."), "warning"
            )
        for (connection, kind), rows in unmapped.grouped(lambda row: (row.code_connection_id, row.kind)).items():
            flow = self._creator(connection, kind)
            for same in rows.grouped("direction").values():
                records = same if same[0].direction == "forward" else same._records()
                # sudo: whoever may map need not have a right on the queue itself
                self.env["ml.sync.log"].sudo()._enqueue(flow, records)
            connection._trigger()
        unmapped._decided("create_remote")
        if len(unmapped) == 1:
            return notification(self.env._("Creating 1 code."))
        return notification(self.env._("Creating %(count)s codes.", count=len(unmapped)))

    @api.model
    def _creator(self, connection, kind):
        """The flow that creates records of a kind in the provider's system.

        :raises UserError: there is none, or it is inactive or blocked
        """
        flow = connection.flow_ids.filtered(
            lambda flow: flow.direction == "push" and flow.kind in CREATED_BY.get(kind, ())
        ).sorted(lambda flow: not flow.active)[:1]
        if not flow:
            label = dict(self._fields["kind"]._description_selection(self.env))[kind]
            raise UserError(
                self.env._(
                    "%(provider)s does not accept records of type %(kind)s from Odoo. Create the record in"
                    " %(provider)s, then sync its codes.",
                    provider=connection._provider_name(),
                    kind=label,
                )
            )
        if not flow.active:
            raise UserError(
                self.env._(
                    "Activate the flow %(flow)s of %(connection)s first.", flow=flow.name, connection=connection.name
                )
            )
        if reason := flow._blocked():
            raise UserError(in_words(self.env, reason))
        return flow

    def _records(self):
        """The Odoo records of rows of one kind that still exist."""
        return self.env[self[:1].res_model].browse(self.mapped("res_id")).exists()
