from dataclasses import asdict, dataclass, field, replace

from .common import Address, Contact, Reference
from .reconciliation import PART

ADDRESS_FIELDS = ("street", "street2", "city", "postal_code", "state", "country")
PERSON_FIELDS = ("name", "phone")


def person_key(name: str, email: str) -> str:
    """Under which the `shared` values of a vendor have a value of a contact person, who is known by the e-mail."""
    return f"{name}{PART}{email.strip().lower()}"


def split_person_key(key: str) -> tuple[str, str]:
    """The name of a value and, where it is a contact person's, the e-mail address; else an empty one."""
    name, _part, email = key.partition(PART)
    return name, email


def person_keys(contact: Contact) -> dict:
    """{key among the `shared` values: field} of a contact person; nothing for the vendor itself and for addresses."""
    is_person = contact.email.strip() and not contact.is_default and contact.address is None
    return {person_key(name, contact.email): name for name in PERSON_FIELDS} if is_person else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class BankAccount:
    """An account to which a vendor may be paid.

    :param number: IBAN or local number
    :param holder: name on the account
    :param bic: or another routing number of its bank
    :param country: ISO 3166-1 alpha-2, of the bank
    """

    number: str
    holder: str
    bic: str = ""
    bank_name: str = ""
    country: str = ""
    currency: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """A supplier.

    :param odoo_id: Odoo ID of the partner, if Odoo sent it to the provider before
    :param reference: Odoo's number of it
    :param vat: tax ID with its country prefix
    :param corporate_id: number in the register of companies
    :param payment_term: default terms of its bills
    :param tax_zone: determines the taxes of its bills
    :param group: its group of vendors
    :param memberships: {name of a group of vendors: whether it is a member}; other groups stay unchanged
    :param currency: ISO 4217 code of the default currency of its bills
    :param approval: the provider's status, if it has not approved the vendor (yet)
    :param in_books: whether the provider's list of accounting vendors contains it, so that it can be linked
    :param pay_to: accounts that the provider pays to; empty unless the flow sends them
    :param bank_accounts: account numbers (IBAN or local), used to match only
    """

    external_id: str
    name: str
    odoo_id: int | None = None
    reference: str = ""
    vat: str = ""
    corporate_id: str = ""
    payment_term: Reference | None = None
    tax_zone: Reference | None = None
    group: Reference | None = None
    memberships: dict[str, bool] = field(default_factory=dict)
    currency: str = ""
    address: Address = Address()
    contacts: tuple[Contact, ...] = ()
    bank_accounts: tuple[str, ...] = ()
    pay_to: tuple[BankAccount, ...] = ()
    is_company: bool = True
    approval: str = ""
    in_books: bool = False
    active: bool = True

    def shared(self) -> dict:
        """The values that both sides may change, flat and ready for JSON."""
        standard = self._standard_contact() or Contact()
        return {
            "name": self.name.strip(),
            "vat": self.vat.strip(),
            "corporate_id": self.corporate_id.strip(),
            **{name: getattr(self.address, name).strip() for name in ADDRESS_FIELDS},
            "email": standard.email.strip(),
            "phone": standard.phone.strip(),
            "active": self.active,
            **{
                key: getattr(contact, name).strip()
                for contact in self.contacts
                for key, name in person_keys(contact).items()
            },
        }

    def contacts_read(self) -> dict:
        """{key of a contact: its values, ready for JSON}, to detect later changes in the provider."""
        return {contact.key: asdict(contact) for contact in self.contacts}

    def with_shared(self, values: dict) -> "Vendor":
        """The vendor with some of its `shared` values replaced."""
        address = {name: values[name] for name in ADDRESS_FIELDS if name in values}
        contact = {name: values[name] for name in ("email", "phone") if name in values}
        own = {name: values[name] for name in ("name", "vat", "corporate_id", "active") if name in values}
        contacts = tuple(
            replace(known, **{name: values[key] for key, name in person_keys(known).items() if key in values})
            for known in self._contacts_with(contact)
        )
        return replace(self, address=replace(self.address, **address), contacts=contacts, **own)

    def with_known(self, agreed: dict) -> "Vendor":
        """The vendor, whose contact persons tell whether they are as they were when both sides agreed last.

        :param agreed: the `shared` values in Odoo then
        """
        ours = self.shared()
        contacts = tuple(
            replace(known, is_known=all(agreed.get(key) == ours[key] for key in keys))
            if (keys := person_keys(known))
            else known
            for known in self.contacts
        )
        return replace(self, contacts=contacts)

    def _standard_contact(self):
        return next((contact for contact in self.contacts if contact.is_default), None)

    def _contacts_with(self, values):
        standard = self._standard_contact()
        if standard:
            return tuple(replace(known, **values) if known is standard else known for known in self.contacts)
        if any(values.values()):
            return (Contact(name=self.name, is_default=True, **values), *self.contacts)
        return self.contacts
