"""Vendors of Concur Invoice, into Odoo (invoice/v3.1.vendor).

Each record of Concur is one address; the records of one vendor code are one vendor, with one name and one tax ID.
Concur keeps no time of change, so each run reads all vendors and compares them with the last run.
"""

import hashlib
from collections import defaultdict

from ...core import items as listed
from ...core.documents import Address, Contact, OwnId, Vendor
from ...core.errors import ConflictError, InvalidDataError
from ...core.flow import PullFlow
from ...core.messages import _
from ...core.remote import RemotePage, RemoteRecord
from ...core.wire import needed, text
from .scopes import VENDORS
from .wire import found_text, rows

VENDORS_PATH = "/api/v3.1/invoice/vendors"
VENDORS_PAGE = 1000
OWN_ADDRESS = "MAIN"
"""Address code of the vendors that Odoo creates."""
PAGE = 200
NOT_COMPARED = ("StatusList", "URI", "VendorBankList", "VendorGroupList")


class Vendors(PullFlow):
    key = "vendors"
    label = _("Vendors")
    kind = "vendor"
    sequence = 20
    interval = 12 * 60
    scopes = (VENDORS,)
    options = ("create_vendors", "conflict_policy", "vendor_change_policy")
    help = _(
        "Reads the approved vendors of Concur Invoice. Further addresses become contacts of the vendor. Changes "
        "made on both sides are merged."
    )

    def pull(self, cursor, since):
        """Pages of approved vendors, after the last page was read: the records of one vendor may be on two pages."""
        found = defaultdict(list)

        def note(record):
            if is_approved(record):
                vendor_item([record])
                found[code_of(record)].append(record)

        # unreadable records are reported page by page
        yield from listed.pages(vendor_pages(self.client), note, self.provider.label)
        items = [vendor_item(records) for _code, records in sorted(found.items())]
        for start in range(0, len(items), PAGE):
            yield RemotePage(items=tuple(items[start : start + PAGE]), total=len(items))

    def read(self, external_id):
        """A vendor by its code, approved or not."""
        records = records_of(self.client, external_id)
        return vendor_item(records) if records else None

    def changed_after(self, external_id, moment):
        """:raises ConflictError: always, because Concur keeps no time of change"""
        raise ConflictError(
            _(
                "SAP Concur does not tell when a vendor was changed, so Odoo cannot compare times. Choose another "
                "conflict policy on the flow."
            )
        )

    def translate(self, payload):
        return vendor(payload, self.provider.settings.instance)


def vendor_key(code):
    """ID of a vendor; Concur's codes are not case-sensitive."""
    return code.strip().upper()


def own_code(instance, partner_id):
    """The vendor code of a partner, with a mark of this database."""
    database = instance.rpartition(":")[0]
    mark = hashlib.sha256(database.encode()).hexdigest()[:4].upper()
    return f"ODOO-{mark}-{partner_id}"


def own_partner(instance, code):
    """The ID of the partner in a vendor code; None when the code is not of this database."""
    prefix = own_code(instance, "")
    return OwnId.read(vendor_key(code).removeprefix(prefix)) if vendor_key(code).startswith(prefix) else None


def main_record(records):
    """The main address of a vendor: the one that Odoo created, else the one with the lowest code."""
    by_code = {text(record, "AddressCode").upper(): record for record in records}
    return by_code.get(OWN_ADDRESS) or by_code[min(by_code)]


def is_approved(record):
    return text(record, "Approved").upper() != "N"


def vendor_pages(client, **wanted):
    """Pages of vendor records, one for each address of a vendor.

    :param wanted: such as `vendorCode`, `vendorName`, `taxID`; compared as a whole, without case
    """
    filters = {**wanted, "searchType": "exact"} if wanted else {}
    return client.offset_pages(VENDORS_PATH, "Vendor", limit=VENDORS_PAGE, **filters)


def records_of(client, code):
    """All addresses of a vendor."""
    pages = vendor_pages(client, vendorCode=code)
    return [
        record for page in pages for record in page if vendor_key(found_text(record, "VendorCode")) == vendor_key(code)
    ]


def vendor_item(records):
    """One vendor. Its bank accounts are not stored, because Odoo does not need them."""
    kept = [{name: value for name, value in record.items() if name not in NOT_COMPARED} for record in records]
    kept.sort(key=lambda record: text(record, "AddressCode").upper())
    return RemoteRecord.of(code_of(records[0]), text(main_record(records), "VendorName"), {"records": kept}, kept)


def code_of(record):
    return needed(vendor_key(text(record, "VendorCode")), _("The vendor has no vendor code."))


def vendor(payload, instance):
    """The `Vendor` with the records of one code as its addresses; further addresses are contacts.

    :raises InvalidDataError: the records have different tax IDs
    """
    records = needed(rows(payload.get("records")), _("The vendor has no address in SAP Concur."))
    main = main_record(records)
    numbers = sorted({text(record, "TaxID") for record in records} - {""})
    if len(numbers) > 1:
        raise InvalidDataError(
            _("The vendor has several tax IDs in SAP Concur: %(numbers)s. Keep one of them.", numbers=tuple(numbers))
        )
    code = code_of(main)
    return Vendor(
        external_id=code,
        odoo_id=own_partner(instance, code),
        name=text(main, "VendorName"),
        vat=numbers[0] if numbers else "",
        active=any(is_approved(record) for record in records),
        address=_address(main),
        contacts=(*_contact(main), *(_further(record) for record in records if record is not main)),
    )


def _address(record):
    return Address(
        street=text(record, "Address1"),
        street2=", ".join(filter(None, (text(record, "Address2"), text(record, "Address3")))),
        city=text(record, "City"),
        postal_code=text(record, "PostalCode"),
        state=text(record, "State"),
        country=text(record, "CountryCode"),
    )


def _contact(record):
    name = " ".join(filter(None, (text(record, "ContactFirstName"), text(record, "ContactLastName"))))
    email, phone = text(record, "ContactEmail"), text(record, "ContactPhoneNumber")
    return (Contact(name=name, email=email, phone=phone, is_default=True),) if name or email or phone else ()


def _further(record):
    """A further address as a contact, named by its code at first."""
    code = text(record, "AddressCode")
    return Contact(external_id=code.upper(), name=f"Address {code}", address=_address(record))
