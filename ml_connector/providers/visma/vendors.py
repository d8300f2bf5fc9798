"""Suppliers of Visma.net as vendors of Odoo, and vendors of Odoo as suppliers."""

from datetime import UTC, datetime

from ...core.documents import Address, Contact, Vendor
from ...core.errors import DuplicateError, InvalidDataError, NotFoundError, NotRelevantError
from ...core.messages import _
from ...core.remote import RemoteRecord, SendResult
from ...core.tax_numbers import is_filler, plain, same_number, writings
from ...core.wire import needed, part, required, text
from .changed_records import ChangedRecords
from .client import LIST_OVERLAP, path_id
from .push import VismaPush, linked_to, numbered
from .webhook import ANYTHING
from .wire import wrapped

PATH = "/v1/supplier"
INACTIVE = "Inactive"


class Vendors(ChangedRecords):
    key = "suppliers"
    label = _("Suppliers")
    kind = "vendor"
    sequence = 20
    events = ("Supplier", ANYTHING)
    options = ("create_vendors", "conflict_policy", "vendor_change_policy")
    help = _("Reads the suppliers of Visma.net. Odoo links inactive suppliers that it has, but does not create them.")
    identified_by = ("number",)

    def listed(self, **filters):
        return self.client.pages(PATH, **filters)

    def reader(self, since):
        return item

    def read(self, external_id):
        return item(self._row(external_id))

    def changed_after(self, external_id, moment):
        """None for close times, because the time zone of the stored times is not documented."""
        try:
            changed = datetime.fromisoformat(text(self._row(external_id), "lastModifiedDateTime")).replace(tzinfo=UTC)
        except ValueError:
            return None
        return changed > moment if abs(changed - moment) > LIST_OVERLAP else None

    def _row(self, number):
        return self.client.one(path_of(number)).data

    def translate(self, payload):
        return vendor(payload)


def path_of(number):
    return f"{PATH}/{path_id(number)}"


def item(row):
    content = {
        "name": text(row, "name"),
        "active": is_active(row),
        "vat": text(row, "vatRegistrationId"),
        "corporate": text(row, "corporateId"),
        "address": part(row, "mainAddress"),
        "contact": part(row, "mainContact"),
    }
    number = required(row, "number")
    return RemoteRecord.of(number, content["name"] or number, row, content)


def vendor(row):
    number = required(row, "number")
    address, contact = part(row, "mainAddress"), part(row, "mainContact")
    country = text(part(address, "country"), "id")
    return Vendor(
        external_id=number,
        name=text(row, "name"),
        vat=text(row, "vatRegistrationId"),
        corporate_id=text(row, "corporateId"),
        active=is_active(row),
        address=Address(
            street=text(address, "addressLine1"),
            street2=second_street(address),
            city=text(address, "city"),
            postal_code=text(address, "postalCode"),
            country=country.upper() if len(country) == 2 else "",
        ),
        contacts=tuple(_contacts(contact)),
    )


def is_active(row):
    return text(row, "status") != INACTIVE


def second_street(address):
    """The second and third line of an address in Visma, which are one line in Odoo."""
    return ", ".join(filter(None, (text(address, "addressLine2"), text(address, "addressLine3"))))


def _contacts(contact):
    if text(contact, "email") or text(contact, "phone1"):
        yield Contact(
            name=text(contact, "name"), email=text(contact, "email"), phone=text(contact, "phone1"), is_default=True
        )


class VendorsPush(VismaPush):
    """`/v1/supplier`. A supplier that Visma has is linked and stays unchanged until the vendor changes in Odoo."""

    key = "suppliers_push"
    label = _("Vendors to Visma.net")
    kind = "vendor"
    sequence = 100
    watches = "res.partner"
    options = ("vendor_mode", "number_source")
    help = _("Creates and updates Odoo's vendors as suppliers in Visma.net. Archived vendors become inactive.")

    def render(self, document):
        contact = next((row for row in document.contacts if row.is_default), None)
        return {
            "name": needed(document.name.strip(), _("The vendor has no name.")),
            "active": document.active,
            "vat": document.vat,
            "corporate_id": document.corporate_id,
            "supplier_class": document.group.external_id if document.group else "",
            "terms": document.payment_term.external_id if document.payment_term else "",
            "vat_zone": document.tax_zone.external_id if document.tax_zone else "",
            "currency": document.currency,
            "street": document.address.street,
            "street2": document.address.street2,
            "postal_code": document.address.postal_code,
            "city": document.address.city,
            "country": document.address.country,
            "email": contact.email if contact else "",
            "phone": contact.phone if contact else "",
            **self.own_number(document.reference),
        }

    def send(self, payload, external_id, key):
        if external_id:
            return self._update(payload, external_id)
        if not payload["active"]:
            raise NotRelevantError(_("The vendor was archived in Odoo before it was sent."))
        known = self._known(payload)
        if known:
            return _sent(known, linked=True, note=self._difference(payload, known))
        number = self.created(PATH, _new(payload), lambda: text(self._known(payload) or {}, "number"))
        return _sent(self.client.one(path_of(number)).data)

    def find(self, payload, key):
        """The supplier, whether an earlier `send` created it or found it."""
        known = self._known(payload)
        return _sent(known) if known else None

    # Suppliers that Visma has

    def _known(self, payload):
        """The supplier with the VAT number, else the corporate ID, else the only one with the same name and country.

        :raises DuplicateError: several match
        """
        for value in writings(payload["vat"], payload["country"]):
            # Visma compares the exact text
            if found := self._listed(lambda row: _has_vat(row, payload), vatRegistrationId=value):
                return _only(found, payload)
        if not is_filler(wanted := payload["corporate_id"]):
            found = self._listed(lambda row: _code(text(row, "corporateId")) == _code(wanted), corporateId=wanted)
            if found:
                return _only(found, payload)
        # it is not documented how Visma compares names, so they are compared again
        wanted = " ".join(payload["name"].split())
        named = self._listed(lambda row: _name(text(row, "name")) == _name(wanted), name=wanted)
        alike = [row for row in named if _fits(row, payload)]
        return _only(alike, payload) if alike else None

    def _listed(self, keep, **filters):
        pages = self.client.pages(PATH, **filters)
        return [row for page in pages for row in page if keep(row) and text(row, "number")]

    def _difference(self, payload, row):
        name = text(row, "name")
        if _name(name) != _name(payload["name"]):
            return linked_to(name)
        return "" if text(row, "status") != INACTIVE else _("The supplier is inactive in Visma.net.")

    def _update(self, payload, number):
        path = path_of(number)
        try:
            self.changed(path, lambda row: _changes(payload, row))
            return _sent(self.client.one(path).data)
        except NotFoundError as error:
            raise InvalidDataError(
                _(
                    "Supplier %(supplier)s no longer exists in Visma.net. Restore it there, or delete its record link "
                    "in Odoo.",
                    supplier=number,
                )
            ) from error


def _sent(row, **values):
    return SendResult(external_id=text(row, "number"), shared=vendor(row).shared(), **values)


def _new(payload):
    """The body of a new supplier; Visma fills missing fields with defaults of the supplier class."""
    return {
        **wrapped({"name": payload["name"], "status": "Active"}),
        **numbered(payload, "number"),
        **_header(payload),
        "mainAddress": {"value": _address(payload)},
        "mainContact": {"value": _contact(payload)},
    }


def _header(payload):
    return wrapped(
        {
            "supplierClassId": payload["supplier_class"] or None,
            "creditTermsId": payload["terms"] or None,
            "vatZoneId": payload["vat_zone"] or None,
            "currencyId": payload["currency"] or None,
            "vatRegistrationId": None if is_filler(payload["vat"]) else payload["vat"],
            "corporateId": None if is_filler(payload["corporate_id"]) else payload["corporate_id"],
        }
    )


def _address(payload):
    return wrapped(
        {
            "addressLine1": payload["street"],
            "addressLine2": payload["street2"],
            "postalCode": payload["postal_code"],
            "city": payload["city"],
            "countryId": payload["country"] or None,
        }
    )


def _contact(payload):
    return wrapped({"name": payload["name"], "email": payload["email"] or None, "phone1": payload["phone"] or None})


def _changes(payload, row):
    """The fields that differ. A supplier on hold stays on hold, and fields that Odoo does not have stay unchanged."""
    body = {**wrapped({"name": payload["name"]}), **_header(payload)}
    shown = {
        "name": text(row, "name"),
        "supplierClassId": text(part(row, "supplierClass"), "id"),
        "creditTermsId": text(part(row, "creditTerms"), "id"),
        "vatZoneId": text(part(row, "vatZone"), "id"),
        "currencyId": text(row, "currencyId"),
        "vatRegistrationId": text(row, "vatRegistrationId"),
        "corporateId": text(row, "corporateId"),
    }
    changes = {key: value for key, value in body.items() if value["value"] != shown[key]}
    if _has_vat(row, payload):
        changes.pop("vatRegistrationId", None)
    # class and currency affect accounts and open documents, so they are only set for a new supplier
    for key in ("supplierClassId", "currencyId"):
        changes.pop(key, None)
    is_inactive = text(row, "status") == INACTIVE
    if payload["active"] == is_inactive:
        changes["status"] = {"value": "Active" if payload["active"] else INACTIVE}
    if address := _address_changes(payload, part(row, "mainAddress")):
        changes["mainAddress"] = {"value": address}
    if contact := _contact_changes(payload, part(row, "mainContact"), shown["name"]):
        changes["mainContact"] = {"value": contact}
    return changes


def _address_changes(payload, shown):
    known = {**shown, "countryId": part(shown, "country").get("id")}
    changes = {key: value for key, value in _address(payload).items() if value["value"] != text(known, key)}
    if payload["street2"] == second_street(shown):
        changes.pop("addressLine2", None)
    elif text(shown, "addressLine3"):
        changes["addressLine3"] = {"value": ""}
    return changes


def _contact_changes(payload, shown, supplier):
    changes = {key: value for key, value in _contact(payload).items() if value["value"] != text(shown, key)}
    if text(shown, "name") not in ("", supplier):
        # another contact name, which Odoo does not change
        changes.pop("name", None)
    return changes


def _only(rows, payload):
    if len(rows) > 1:
        raise DuplicateError(
            _(
                "Several suppliers in Visma.net match %(vendor)s: %(suppliers)s. Enter the VAT number or company "
                "registry of the vendor, or make the others inactive.",
                vendor=payload["name"],
                suppliers=tuple(text(row, "number") for row in rows),
            )
        )
    return rows[0]


def _fits(row, payload):
    """Whether a supplier with the same name matches: no other VAT number, corporate ID or country."""
    is_stated = not is_filler(text(row, "vatRegistrationId")) and not is_filler(payload["vat"])
    if text(row, "status") == INACTIVE or (is_stated and not _has_vat(row, payload)):
        return False
    pairs = (
        (_code(text(row, "corporateId")), _code(payload["corporate_id"])),
        (_country(row), payload["country"].upper()),
    )
    return all(one == other or not (one and other) for one, other in pairs)


def _has_vat(row, payload):
    return same_number(text(row, "vatRegistrationId"), _country(row), payload["vat"], payload["country"])


def _country(row):
    return text(part(part(row, "mainAddress"), "country"), "id").upper()


def _code(value):
    """A number without spaces and punctuation; empty for a placeholder."""
    return "" if is_filler(value) else plain(value)


def _name(value):
    return " ".join(value.split()).casefold()
