from decimal import Decimal

from odoo import models
from odoo.fields import Domain

from ..core.awaited import Awaited, odoo_key
from ..core.documents import AnalyticShare, Party
from ..core.errors import ConnectorError
from ..core.kinds import kind_name
from ..core.messages import _, paragraph
from ..core.own_ids import own_id
from ..models.ml_mapped import title_of
from ..models.ml_mapping_sending import NoCodeError


class NotSentError(ConnectorError):
    """Another Odoo record has to exist in the provider first."""

    error_class = "mapping"

    def __init__(self, message, kind, record):
        key = odoo_key(record._name, record.id)
        super().__init__(message, awaited=[Awaited("sent", kind, key, record.display_name)])
        self.kind = kind
        self.record = record


class MlExporter(models.AbstractModel):
    """Turns Odoo records into canonical documents. One model per kind of document: `ml.exporter.<kind>`.

    An exporter reads with the rights of the connection's user (`ml.connection._books`). The engine's own tables are
    reached through the flow, which belongs to the engine.
    """

    _name = "ml.exporter"
    _description = "Exporter"

    _holds_up = True
    """Whether records that depend on a record wait until it is sent, even if it failed."""

    _reads = ()
    """Paths of the fields of the watched model that make up the document, or decide whether a record is sent.

    A change of the first field of a path is sent; behind a one2many, also a change of the lines' own field.
    """
    _groups = ()
    """External ids of the groups that the connection's user needs to read the records."""
    _sends_changes = True
    """Whether a record that the provider has is sent again when it changes; otherwise the difference is shown."""
    _may_leave = False
    """Whether a sent record may leave the domain of its flow, other than by its state or `active`."""
    _watches_files = False
    """Whether a file that is added to a sent record is sent too."""
    _goes_in_order_of = ""
    """Field of the owner whose records are sent in sequence, such as the vendor of bills; empty: any order."""

    def _groups_of(self, flow):
        """External ids of the groups that a flow needs."""
        return self._groups

    def _watched(self, model):
        """The fields whose changes are changes of the records to send.

        :return: {(model, path to its records from the watched ones, path back): names}. Paths to lines end with a
            dot; those of the watched model itself are empty
        """
        watched = {(model, "", ""): set()}
        for path in self._reads:
            at, lines, back = self.env[model], "", ""
            *parents, last = path.split(".")
            for name in parents:
                watched[at._name, lines, back].add(name)
                field = at._fields[name]
                if field.type != "one2many":
                    break
                at, lines = self.env[field.comodel_name], f"{lines}{name}."
                back = f"{field.inverse_name}.{back}".rstrip(".")
                watched.setdefault((at._name, lines, back), {field.inverse_name})
            else:
                watched[at._name, lines, back].add(last)
        return watched

    def _domain(self, flow):
        """Which records of the watched model the flow sends."""
        raise NotImplementedError

    def _changed_since(self, model, moment):
        """Domain of the records that changed after `moment` (UTC), or whose lines did."""
        return Domain.OR(Domain(f"{lines}write_date", ">=", moment) for _model, lines, _back in self._watched(model))

    def _sendable(self, flow, records):
        """The changed records to queue. Archived ones only if the provider already has them."""
        archived = records.filtered(lambda record: "active" in record._fields and not record.active)
        known = flow.env["ml.binding"]._external_ids(flow.connection_id, flow.kind, archived)
        return records - archived.filtered(lambda record: record.id not in known)

    def _left(self, flow, records):
        """The sent ones of records outside the domain of the flow, without those whose transfer a user ignored."""
        if not self._may_leave or not records:
            return records.browse()
        sent = flow.env["ml.binding"]._sent(flow, records).mapped("res_id")
        rows = flow.env["ml.sync.log"].search(
            [("flow_id", "=", flow.id), ("res_model", "=", records._name), ("res_id", "in", sent)], order="id"
        )
        states = {row.res_id: row.state for row in rows}
        return records.browse(record_id for record_id in sent if states.get(record_id) != "ignored")

    def _is_taken_back(self, record):
        """Whether the record was archived or cancelled, so that a provider without it does not get it."""
        return "active" in record._fields and not record.active

    def _touched_at(self, records):
        """{record id: time of the last change} in UTC."""
        paths = [f"{lines}write_date" for _model, lines, _back in self._watched(records._name)]
        return {
            record.id: max(filter(None, (moment for path in paths for moment in record.mapped(path))))
            for record in records.with_context(active_test=False)
        }

    def _document(self, flow, record):
        raise NotImplementedError

    def _bound_document(self, document, binding):
        """The document with what the binding tells of the record at the provider."""
        return document

    def _parts(self, record):
        """{id: line of the record} of the lines to which other records of the provider may refer."""
        return {}

    def _shared_values(self, records):
        """{record id: `shared` values of its document}, for kinds that both sides may change."""
        raise NotImplementedError

    def _shared_label(self, name):
        """The label of a `shared` value."""
        raise NotImplementedError

    # Ids and codes of other records in the provider

    def _remote_id(self, flow, kind, record):
        """The provider's id of another record.

        :raises NotSentError: the provider does not have it yet
        """
        found = flow.env["ml.binding"]._external_ids(flow.connection_id, kind, record).get(record.id)
        if not found:
            sentence = _(
                "Waiting until %(name)s exists in %(provider)s.",
                name=record.display_name,
                provider=flow.connection_id._provider_name(),
            )
            raise NotSentError(sentence, kind, record)
        return found

    def _party(self, flow, vendor):
        """The vendor of a document.

        :raises NotSentError: the provider does not have it yet
        """
        return Party(external_id=self._remote_id(flow, "vendor", vendor), name=vendor.name, odoo_id=own_id(vendor))

    def _sender(self, flow, kind):
        """The active push flow of the same connection that sends records of a kind."""
        return flow.connection_id.flow_ids.filtered(
            lambda other: other.active and other.direction == "push" and other.kind == kind and not other._blocked()
        )[:1]

    def _reference(self, flow, kind, record):
        """The provider's code of an account, tax or analytic account, or None."""
        if not record:
            return None
        return flow.env["ml.mapping"]._references_of(flow.connection_id, kind, record.ids).get(record.id)

    def _codes(self, flow, wanted):
        """{(kind, record id): `Reference`, or None if ignored} of the records to which an Odoo record is coded.

        :param wanted: [(kind, records)]
        :raises NoCodeError: one of them has no mapped code of the provider
        """
        codes, missing = {}, []
        for kind, records in wanted:
            known = flow.env["ml.mapping"]._sent_as(flow.connection_id, kind, records)
            missing += [(kind, record) for record in records if record.id not in known]
            codes.update({(kind, record_id): reference for record_id, reference in known.items()})
        if missing:
            raise NoCodeError(self._missing_sentence(flow, missing), missing, flow.company_id)
        return codes

    def _missing_sentence(self, flow, missing):
        """The sentence about Odoo records without a mapped code."""
        names = {}
        for kind, record in missing:
            names.setdefault(kind, []).append(title_of(record, flow.company_id))
        provider = flow.connection_id._provider_name()
        return paragraph(
            *(
                _(
                    "No %(provider)s %(kind)s is mapped to %(names)s.",
                    provider=provider,
                    kind=kind_name(kind),
                    names=titles,
                )
                for kind, titles in names.items()
            )
        )

    def _analytic_accounts(self, lines):
        """All accounts of the analytic distributions of lines."""
        ids = lines._get_analytic_account_ids_from_distributions(lines.mapped("analytic_distribution"))
        return self.env["account.analytic.account"].browse(sorted(ids)).exists()

    def _analytic_shares(self, flow, distribution):
        """The `AnalyticShare`s of an analytic distribution, without accounts that the provider does not know."""
        shares = {}
        for key, percentage in (distribution or {}).items():
            for account_id in key.split(","):
                shares[int(account_id)] = shares.get(int(account_id), 0) + percentage
        known = flow.env["ml.mapping"]._references_of(flow.connection_id, "analytic", list(shares))
        return tuple(
            AnalyticShare(reference=known[account_id], percentage=decimal_of(shares[account_id]))
            for account_id in shares
            if account_id in known
        )


class MlExporterFollower(models.AbstractModel):
    """Exports what follows an accepted record, such as its files. It is queued with that record, not by own changes."""

    _name = "ml.exporter.follower"
    _inherit = "ml.exporter"
    _description = "Attachment Exporter"

    def _groups_of(self, flow):
        """The groups of the followed flow."""
        followed = flow.connection_id.flow_ids.filtered(lambda other: other.key == flow._spec().follows)
        return followed._needed_groups()

    def _domain(self, flow):
        return Domain.TRUE

    def _attachments(self, records):
        """The files of records that may leave Odoo."""
        domain = [("res_model", "=", records._name), ("res_id", "in", records.ids), ("type", "=", "binary")]
        return records.env["ir.attachment"].search([*domain, ("res_field", "=", False)], order="id")._ml_may_leave()


def decimal_of(value):
    """An exact decimal of a float that Odoo has rounded to its digits."""
    return Decimal(repr(value))
