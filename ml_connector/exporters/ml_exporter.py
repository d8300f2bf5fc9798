import re
from dataclasses import replace
from decimal import Decimal

from odoo import models
from odoo.fields import Domain

from ..core.documents import Address, AnalyticShare, BankAccount, Contact, Vendor
from ..core.documents.vendor import person_key, split_person_key
from ..core.errors import ConnectorError
from ..core.kinds import kind_name
from ..core.messages import _, paragraph
from ..core.own_ids import own_id
from ..models.ml_mapped import title_of
from ..models.ml_mapping_sending import NoCodeError
from ..models.sync_states import odoo_key


class NotSentError(ConnectorError):
    """Another Odoo record has to exist in the provider first."""

    error_class = "mapping"
    can_come_true = True

    def __init__(self, message, kind, record):
        super().__init__(message)
        self.kind = kind
        self.model = record._name
        self.res_id = record.id
        self.name = record.display_name

    @property
    def key(self):
        return odoo_key(self.model, self.res_id)


class MlExporter(models.AbstractModel):
    """Turns Odoo records into canonical documents. One model per kind of document: `ml.exporter.<kind>`.

    An exporter reads with the rights of the connection's user (`ml.connection._books`). The engine's own tables are
    reached through the flow, which belongs to the engine.
    """

    _name = "ml.exporter"
    _description = "Exporter"

    _holds_up = True
    """Whether records that depend on a record wait until it is sent, even if it failed."""

    _groups = ()
    """External ids of the groups that the connection's user needs to read the records."""
    _sends_changes = True
    """Whether a record that the provider has is sent again when it changes; otherwise the difference is shown."""
    _may_leave = False
    """Whether a sent record may leave the domain of its flow, other than by its state or `active`."""
    _goes_in_order_of = ""
    """Field of the owner whose records are sent in sequence, such as the vendor of bills; empty: any order."""

    def _groups_of(self, flow):
        """External ids of the groups that a flow needs."""
        return self._groups

    def _watched_fields(self):
        """Names of the fields whose changes have to be sent."""
        raise NotImplementedError

    def _domain(self, flow):
        """Which records of the watched model the flow sends."""
        raise NotImplementedError

    def _changed_since(self, moment):
        """Domain of the records that changed after `moment` (UTC)."""
        return Domain("write_date", ">=", moment)

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
        return {record.id: record.write_date for record in records}

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
            raise NoCodeError(self._missing_sentence(flow, missing), missing)
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
        ids = {
            int(account_id)
            for line in lines
            for key in line.analytic_distribution or {}
            for account_id in key.split(",")
        }
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

    def _watched_fields(self):
        return set()

    def _domain(self, flow):
        return Domain.TRUE


SHARED_FIELDS = {
    "name": "name",
    "vat": "vat",
    "corporate_id": "company_registry",
    "street": "street",
    "street2": "street2",
    "city": "city",
    "postal_code": "zip",
    "state": "state_id",
    "country": "country_id",
    "email": "email",
    "phone": "phone",
    "active": "active",
}
"""Field of the contact for each value of `documents.Vendor.shared`."""


class MlExporterVendor(models.AbstractModel):
    _name = "ml.exporter.vendor"
    _inherit = "ml.exporter"
    _description = "Vendor Exporter"
    _may_leave = True

    def _watched_fields(self):
        return {
            *("name", "ref", "active", "supplier_rank", "vat", "is_company", "email", "phone"),
            *("parent_id", "company_id"),
            *("street", "street2", "city", "zip", "state_id", "country_id", "company_registry", "category_id"),
            *("property_supplier_payment_term_id", "property_account_position_id", "property_purchase_currency_id"),
            *("bank_ids", "child_ids"),
        }

    def _changed_since(self, moment):
        return super()._changed_since(moment) | Domain("child_ids", "any", super()._changed_since(moment))

    def _touched_at(self, records):
        people = records.with_context(active_test=False).child_ids.grouped("parent_id")
        return {
            record.id: max([record.write_date, *people.get(record, records.browse()).mapped("write_date")])
            for record in records
        }

    def _domain(self, flow):
        company = Domain("company_id", "in", [False, flow.company_id.id])
        # employees get vendor bills for what they are reimbursed, and are users of the provider, not vendors
        vendor = Domain("supplier_rank", ">", 0) & Domain("employee", "=", False)
        return company & vendor & Domain("parent_id", "=", False)

    def _sendable(self, flow, records):
        """New vendors are queued only with a record that needs them, if the flow is set so."""
        records = super()._sendable(flow, records)
        mode_flow = self._sender(flow, "vendor") or flow
        if mode_flow.vendor_mode == "at_once":
            return records
        known = set(flow.env["ml.binding"]._external_ids(flow.connection_id, flow.kind, records))
        asked_for = flow.env["ml.sync.log"].search(
            [
                ("flow_id", "=", flow.id),
                ("res_model", "=", records._name),
                ("res_id", "in", records.ids),
                ("state", "in", ("pending", "failed", "waiting", "running", "unknown")),
            ]
        )
        known.update(asked_for.mapped("res_id"))
        return records.filtered(lambda record: record.id in known)

    def _in_books(self, flow, record):
        """Whether the provider's list of accounting vendors has the vendor; waits for it if a flow sends it."""
        if self._sender(flow, "accounting_vendor"):
            return bool(self._remote_id(flow, "accounting_vendor", record))
        return False

    def _shared_values(self, records):
        return {record.id: self._vendor(record).shared() for record in records}

    def _shared_label(self, name):
        name, email = split_person_key(name)
        label = self.env["res.partner"]._fields[SHARED_FIELDS[name]]._description_string(self.env)
        return f"{email}: {label}" if email else label

    def _shared_name(self, field, person):
        """The `shared` value that is in a field of a vendor, or None.

        :param person: of the vendor, that has the field; empty for the vendor itself
        """
        if person:
            return person_key(field, person.email or "")
        return next((name for name, known in SHARED_FIELDS.items() if known == field), None)

    def _document(self, flow, record):
        record = record.with_company(flow.company_id)
        currency = record.property_purchase_currency_id or record.env.company.currency_id
        return replace(
            self._vendor(record),
            in_books=self._in_books(flow, record),
            payment_term=self._reference(flow, "payment_term", record.property_supplier_payment_term_id),
            tax_zone=self._reference(flow, "fiscal_position", record.property_account_position_id),
            group=self._group(flow, record),
            memberships=self._memberships(flow, record),
            currency=currency.name,
            pay_to=tuple(self._pay_to(flow, record)),
        )

    def _bound_document(self, document, binding):
        return replace(document, external_id=binding.external_id or "").with_known(binding.agreed_odoo or {})

    def _pay_to(self, flow, record):
        """Bank accounts to which payments are allowed, where the flow is to send them."""
        if not flow.send_bank_accounts:
            return
        for account in record.bank_ids.sorted("id"):
            if account.allow_out_payment and account.company_id.id in (False, flow.company_id.id):
                yield BankAccount(
                    number=account.sanitized_acc_number,
                    holder=account.acc_holder_name or record.name or "",
                    bic=account.bank_bic or "",
                    bank_name=account.bank_name or "",
                    country=_bank_country(account),
                    currency=account.currency_id.name or "",
                )

    def _vendor(self, record):
        return Vendor(
            external_id="",
            odoo_id=own_id(record),
            name=record.name or "",
            reference=record.ref or "",
            vat=record.vat or "",
            corporate_id=record.company_registry or "",
            is_company=record.is_company,
            active=record.active,
            address=Address(
                street=record.street or "",
                street2=record.street2 or "",
                city=record.city or "",
                postal_code=record.zip or "",
                state=record.state_id.code or "",
                country=record.country_id.code or "",
            ),
            contacts=tuple(self._contacts(record)),
        )

    def _group(self, flow, record):
        """The group to which the first mapped tag of the vendor belongs."""
        known = flow.env["ml.mapping"]._references_of(flow.connection_id, "partner_category", record.category_id.ids)
        return next((known[tag.id] for tag in record.category_id if tag.id in known), None)

    def _memberships(self, flow, record):
        """Whether the vendor belongs to each group that the flow has a tag for. Tags of one name are one group."""
        own = set(record.category_id.mapped("name"))
        return {tag.name: tag.name in own for tag in flow.group_tag_ids}

    def _contacts(self, record):
        # what the superuser read before is in the cache for everybody; and a branch may read its parent's contacts
        companies = (False, record.env.company.id)
        people = record.child_ids._filtered_access("read").filtered(
            lambda child: child.type == "contact" and child.email and child.company_id.id in companies
        )
        if record.email or record.phone:
            yield Contact(name=record.name or "", email=record.email or "", phone=record.phone or "", is_default=True)
        for person in people:
            yield Contact(name=person.name or "", email=person.email, phone=person.phone or "")


class MlExporterAccountingVendor(models.AbstractModel):
    _name = "ml.exporter.accounting_vendor"
    _inherit = "ml.exporter.vendor"
    _description = "Accounting Vendor Exporter"

    def _watched_fields(self):
        return {"name", "ref", "active", "supplier_rank", "parent_id", "company_id"}

    def _in_books(self, flow, record):
        return True


def _bank_country(account):
    """Country of a bank account: an IBAN begins with it."""
    number = account.sanitized_acc_number
    return number[:2] if _is_iban(number) else account.bank_id.country.code or ""


def _is_iban(number):
    """By the check digits of ISO 13616. Odoo knows IBANs only where the module for them is installed."""
    if not re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", number, re.ASCII):
        return False
    return int("".join(str(int(sign, 36)) for sign in number[4:] + number[:4])) % 97 == 1


def decimal_of(value):
    """An exact decimal of a float that Odoo has rounded to its digits."""
    return Decimal(repr(value))
