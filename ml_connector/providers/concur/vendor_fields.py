"""The fields of a vendor of Odoo as SAP Concur takes them."""

from ...core.documents import Contact
from ...core.errors import InvalidDataError
from ...core.messages import _
from ...core.tax_numbers import is_filler
from ...core.wire import needed
from .vendors import own_code

LONGEST = {
    "VendorName": 255,
    "Address1": 255,
    "Address2": 255,
    "City": 255,
    "PostalCode": 20,
    "TaxID": 48,
    "ContactEmail": 255,
    "ContactFirstName": 255,
    "ContactLastName": 255,
    "ContactPhoneNumber": 25,
}
"""Maximum lengths of the fields (page Vendors v3.1)."""
DISPENSABLE = ("ContactEmail", "ContactPhoneNumber")
"""Fields that are left out when they are too long; any other one fails the vendor."""
NEEDS_STATE = ("AU", "CA", "US")
BANK_CURRENCIES = ("AUD", "EUR", "GBP", "USD")
"""The currencies of bank accounts that Concur supports; others are not sent."""
LONGEST_HOLDER = 100
REMARKS = "remarks"
"""Key of sentences about what was not sent, for the note of the transfer."""


def vendor_fields(document, instance):
    """The fields of a vendor that Odoo sends, with the `VendorCode` for a vendor that Concur does not have yet.

    :raises InvalidDataError: Concur requires something that the vendor lacks
    """
    _check_complete(document)
    fields, remarks = _fitting(_fields(document))
    banks = []
    for account in document.pay_to:
        try:
            banks.append(bank_fields(account))
        except InvalidDataError as error:
            remarks.append(error.message)
    others = {"banks": banks, "groups": document.memberships, REMARKS: remarks}
    stated = {name: value for name, value in others.items() if value}
    return {"VendorCode": own_code(instance, document.odoo_id), **fields, **stated}


def _check_complete(document):
    address = document.address
    name = needed(document.name.strip(), _("SAP Concur requires a name. Enter one on the vendor."))
    needed(address.country, _("SAP Concur requires a country. Enter one on the vendor %(vendor)s.", vendor=name))
    if address.country in NEEDS_STATE and not address.state:
        raise InvalidDataError(
            _("SAP Concur requires the state of vendors in this country. Enter it on %(vendor)s.", vendor=name)
        )


def _fields(document):
    address = document.address
    contact = next((contact for contact in document.contacts if contact.is_default), Contact())
    return {
        "VendorName": document.name.strip(),
        "CountryCode": address.country,
        "CurrencyCode": document.currency,
        "Address1": address.street,
        "Address2": address.street2,
        "City": address.city,
        "State": address.state.rpartition("-")[2],
        "PostalCode": address.postal_code,
        "TaxID": "" if is_filler(document.vat) else document.vat,
        "ContactEmail": contact.email,
        "ContactPhoneNumber": contact.phone,
        "Approved": "Y" if document.active else "N",
    }


def _fitting(fields):
    """The fields without values that are too long, and sentences on these values."""
    too_long = [key for key, most in LONGEST.items() if len(fields.get(key) or "") > most]
    if needed := [key for key in too_long if key not in DISPENSABLE]:
        raise InvalidDataError(
            _(
                "These fields of the vendor %(vendor)s are too long for SAP Concur: %(fields)s.",
                vendor=fields["VendorName"],
                fields=tuple(needed),
            )
        )
    remarks = [
        _(
            "%(field)s was not sent because SAP Concur allows at most %(length)s characters.",
            field=key,
            length=LONGEST[key],
        )
        for key in too_long
    ]
    return {**fields, **dict.fromkeys(too_long, "")}, remarks


def bank_fields(account):
    """A bank account, without the codes of its vendor.

    :raises InvalidDataError: it has no country, and Concur would assume the United States
    """
    missing = _(
        "SAP Concur requires the country of the bank account …%(ending)s. Enter a bank with a country on it.",
        ending=account.number[-4:],
    )
    needed(account.country, missing)
    fields = {
        "AccountNumber": account.number,
        "AccountType": "CHCK",
        "IsActive": "Y",
        "NameOnAccount": account.holder[:LONGEST_HOLDER],
        "RoutingNumber": account.bic,
        "BankName": account.bank_name,
        "CountryCode": account.country,
        "CurrencyAlphaCode": account.currency if account.currency in BANK_CURRENCIES else "",
    }
    return {name: value for name, value in fields.items() if value}
