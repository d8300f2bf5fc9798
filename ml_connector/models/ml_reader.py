from odoo import models
from odoo.fields import Domain

from ..documents import Address, Contact, Vendor


class MlReader(models.AbstractModel):
    """Turns Odoo records into canonical documents. One model per kind of document: `ml.reader.<kind>`."""

    _name = "ml.reader"
    _description = "Reader"

    def _watched_fields(self):
        """Names of the fields whose change has to be sent."""
        raise NotImplementedError

    def _domain(self, flow):
        """Which records of the watched model the flow sends."""
        raise NotImplementedError

    def _changed_since(self, moment):
        """Domain of the records that changed after `moment` (UTC)."""
        return Domain("write_date", ">=", moment)

    def _document(self, flow, record):
        raise NotImplementedError


class MlReaderVendor(models.AbstractModel):
    _name = "ml.reader.vendor"
    _inherit = "ml.reader"
    _description = "Reader of Vendors"

    def _watched_fields(self):
        return {
            *("name", "active", "supplier_rank", "vat", "is_company", "email", "phone"),
            *("street", "street2", "city", "zip", "state_id", "country_id"),
        }

    def _domain(self, flow):
        company = Domain("company_id", "in", [False, flow.company_id.id])
        # employees get vendor bills for what they are reimbursed, and are users of the other side, not vendors
        vendor = Domain("supplier_rank", ">", 0) & Domain("employee", "=", False)
        return company & vendor & Domain("parent_id", "=", False)

    def _document(self, flow, record):
        return Vendor(
            external_id="",
            odoo_id=record.id,
            name=record.name or "",
            vat=record.vat or "",
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

    def _contacts(self, record):
        people = record.child_ids.filtered(lambda child: child.type == "contact" and child.email)
        if record.email:
            yield Contact(name=record.name or "", email=record.email, phone=record.phone or "", is_default=True)
        for person in people:
            yield Contact(name=person.name or "", email=person.email, phone=person.phone or "")
