from odoo import models

from ..core.documents import PurchaseOrder, Reference
from ..core.errors import DuplicateError, NotRelevantError
from ..core.messages import _
from .posted_bill_diff import normalized

NO_ACCOUNT = "no_account"
"""Code of lines without an account."""


class MlImporterBridged(models.AbstractModel):
    """Bills and orders that are forwarded without an entry in Odoo become `ml.bridged.document` records."""

    _name = "ml.importer.bridged"
    _inherit = "ml.importer"
    _description = "Forwarded Document Importer"

    _direction = "forward"

    def _mapped(self, connection, keys):
        return connection.env["ml.mapping"]._at_target(connection, keys)

    def _takes(self, record):
        return record._name in ("ml.bridged.document", "res.partner")

    def _references(self, document):
        if document.is_withdrawn:
            return ()
        references = {}
        for line in document.lines:
            for reference in coding(self.env, line):
                references.setdefault((reference.kind, reference.external_id), reference)
        return tuple(references.values())

    def _dependencies(self, document):
        if document.is_withdrawn:
            return ()
        return (("vendor", document.vendor.external_id, document.vendor.name),)

    def _batch(self, flow, entries, resolver):
        batch = super()._batch(flow, entries, resolver)
        batch.twins = self._twins(flow, entries, resolver)
        return batch

    def _plan(self, batch, entry):
        document = entry.document
        if document.is_withdrawn:
            self._plan_withdrawn(entry, batch.provider)
            return
        partner = batch.resolver.binding("vendor", document.vendor.external_id)._ml_creditor(batch.company)
        currency = batch.currencies.usable(document.currency)
        date, amount = _date_and_amount(document)
        twin = batch.twins.setdefault((partner.id, normalized(document.number), date), document.external_id)
        if normalized(document.number) and twin != document.external_id:
            raise DuplicateError(
                _(
                    "%(provider)s has %(number)s of %(vendor)s, dated %(date)s, twice: %(first)s and %(second)s.",
                    provider=batch.provider,
                    number=document.number,
                    vendor=partner.display_name,
                    date=date,
                    first=twin,
                    second=document.external_id,
                )
            )
        values = {
            "name": document.number or document.external_id,
            "partner_id": partner.id,
            "date": date,
            "currency_id": currency.id,
            "amount_total": float(amount),
        }
        entry.plan("updated" if entry.bound else "created", entry.bound, values)

    def _plan_withdrawn(self, entry, provider):
        if not entry.bound:
            raise NotRelevantError(_("Archived in %(provider)s before Odoo imported it.", provider=provider))
        entry.plan("updated", entry.bound, {}, _("Archived in %(provider)s.", provider=provider))

    def _twins(self, flow, entries, resolver):
        """{(vendor id, number, date): external id} of the documents that the connection sent before."""
        wanted = [entry.document for entry in entries if not entry.document.is_withdrawn]
        vendors = {document.vendor.external_id for document in wanted}
        partners = [resolver.binding("vendor", vendor)._ml_creditor(flow.company_id) for vendor in vendors]
        known = flow.env["ml.bridged.document"].search(
            [
                ("connection_id", "=", flow.connection_id.id),
                ("flow_id.kind", "=", flow.kind),
                ("partner_id", "in", [partner.id for partner in partners]),
                ("date", "in", [_date_and_amount(document)[0] for document in wanted]),
            ],
            order="id",
        )
        external_ids = flow.env["ml.binding"]._external_ids(flow.connection_id, flow.kind, known)
        twins = {}
        for record in known:
            key = (record.partner_id.id, normalized(record.name), record.date)
            twins.setdefault(key, external_ids.get(record.id))
        return twins

    def _apply_batch(self, flow, entries, resolver):
        created = [entry for entry in entries if entry.outcome == "created"]
        records = flow.env["ml.bridged.document"].create(
            [{**entry.values, **self._source_values(entry), "flow_id": flow.id} for entry in created]
        )
        for entry, record in zip(created, records, strict=True):
            entry.record = record
        for entry in entries:
            if entry.outcome == "updated":
                entry.record.write({**entry.values, **self._source_values(entry)})

    def _source_values(self, entry):
        return {"payload": entry.log.sudo().payload}  # sudo: field without access


def coding(env, line):
    """The references of a line of a bill or an order."""
    references = (account_of(env, line), *line.taxes, *(share.reference for share in line.analytics))
    return tuple(reference for reference in references if reference)


def account_of(env, line):
    """The account of a line; without one, a code of its own that is mapped like the others."""
    return line.account or Reference(kind="account", external_id=NO_ACCOUNT, name=env._("(lines without an account)"))


def _date_and_amount(document):
    if isinstance(document, PurchaseOrder):
        return document.order_date, document.total
    return document.document_date, -document.total if document.is_credit else document.total
