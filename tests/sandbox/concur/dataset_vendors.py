"""The vendors of the start: those of the invoices, one with two addresses, and one that nobody approved."""

from .vendors import VendorRecord, record_key

VENDORS = (
    ("V-0042", "001", "Example Supplies Ltd", "1 High Street", "Leeds", "LS1 4AP", "", "GB", "GBP", "GB980780684"),
    ("V-0043", "001", "Żółta Papiernia Sp. z o.o.", "ul. Papiernicza 5", "Łódź", "90-001", "", "PL", "EUR", ""),
    ("V-0044", "001", "Blue Harbor Logistics", "9 Pier Road", "Oakland", "94607", "CA", "US", "USD", ""),
    ("V-0044", "002", "Blue Harbor Logistics", "77 Dock Street", "Albany", "12207", "NY", "US", "USD", ""),
    ("V-0045", "001", "Müller & Söhne GmbH", "Hafenstraße 3", "Hamburg", "20457", "", "DE", "EUR", "DE136695976"),
    ("V-0046", "001", "Fabrikam Freight GmbH", "Hafenstraße 1", "Hamburg", "20457", "", "DE", "EUR", ""),
    ("V-0047", "001", "Papelería Ñandú S.A.", "Calle Mayor 8", "Madrid", "28013", "", "ES", "EUR", ""),
)
NAMES = ("code", "address_code", "name", "street", "city", "postal_code", "state", "country", "currency", "tax_id")


def vendor_values(code, address_code, name, street, city, postal_code, state, country, currency, tax_id):
    """The fields of one address of a vendor, as Concur shows them."""
    return {
        "VendorCode": code,
        "AddressCode": address_code,
        "VendorName": name,
        "Address1": street,
        "Address2": "",
        "Address3": "",
        "City": city,
        "State": state,
        "PostalCode": postal_code,
        "CountryCode": country,
        "CurrencyCode": currency,
        "TaxID": tax_id,
        "PaymentTerms": "30",
        "PaymentMethodType": "CLIENT",
        "Approved": "Y",
        "ContactEmail": f"ap@{code.lower()}.example.com",
        "ContactPhoneNumber": "",
    }


def fill_vendors(state, count):
    """:param count: how many vendors there are besides those of `VENDORS`"""
    for row in VENDORS:
        add_vendor(state, vendor_values(*row))
    requested = vendor_values("V-0090", "001", "Requested by an Employee", "", "", "", "", "FR", "EUR", "")
    add_vendor(state, {**requested, "Approved": "N"})
    for number in range(count):
        code = f"V-{1000 + number}"
        add_vendor(
            state,
            vendor_values(
                *(code, "001", f"Sample Vendor {number + 1} Ltd", f"{number + 1} Mill Lane", "Lyon", "69003"),
                *("", "FR", "EUR", ""),
            ),
        )


def add_vendor(state, values):
    return state.vendors.add(VendorRecord(record_key(values), values))
