import re
from dataclasses import replace

from odoo import models
from odoo.fields import Domain

from ..core.documents import Address, BankAccount, Contact, Vendor
from ..core.documents.vendor import person_key, split_person_key
from ..core.own_ids import own_id

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

BANK_FIELDS = ("active", "allow_out_payment", "company_id", "acc_number", "acc_holder_name", "bank_id", "currency_id")


class MlExporterVendor(models.AbstractModel):
    _name = "ml.exporter.vendor"
    _inherit = "ml.exporter"
    _description = "Vendor Exporter"
    _may_leave = True
    _reads = (
        *SHARED_FIELDS.values(),
        *("ref", "supplier_rank", "is_company", "parent_id", "company_id", "category_id"),
        *("property_supplier_payment_term_id", "property_account_position_id", "property_purchase_currency_id"),
        *(f"child_ids.{name}" for name in ("active", "type", "name", "email", "phone", "company_id")),
        *(f"bank_ids.{name}" for name in BANK_FIELDS),
    )

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
    _reads = ("name", "ref", "active", "supplier_rank", "parent_id", "company_id")

    def _document(self, flow, record):
        return Vendor(
            external_id="",
            odoo_id=own_id(record),
            name=record.name or "",
            reference=record.ref or "",
            active=record.active,
            in_books=True,
        )


def _bank_country(account):
    """Country of a bank account: an IBAN begins with it."""
    number = account.sanitized_acc_number
    return number[:2] if _is_iban(number) else account.bank_id.country.code or ""


def _is_iban(number):
    """By the check digits of ISO 13616. Odoo knows IBANs only where the module for them is installed."""
    if not re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", number, re.ASCII):
        return False
    return int("".join(str(int(sign, 36)) for sign in number[4:] + number[:4])) % 97 == 1
