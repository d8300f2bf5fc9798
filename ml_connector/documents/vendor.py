from dataclasses import dataclass

from .common import Address, Contact, Reference


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """A supplier.

    :param odoo_id: our partner id, when the vendor system was told it before
    :param vat: tax id with its country prefix
    :param corporate_id: number in the register of companies
    :param payment_term: terms that its bills have by default
    :param tax_zone: what decides over the taxes of its bills
    :param group: the group of vendors it belongs to
    :param currency: ISO 4217 code of the currency it bills in by default
    :param in_books: whether the vendor system's list of the books' vendors has it, to be linked with
    :param bank_accounts: account numbers (IBAN or local), used to match only
    """

    external_id: str
    name: str
    odoo_id: int | None = None
    vat: str = ""
    corporate_id: str = ""
    payment_term: Reference | None = None
    tax_zone: Reference | None = None
    group: Reference | None = None
    currency: str = ""
    address: Address = Address()
    contacts: tuple[Contact, ...] = ()
    bank_accounts: tuple[str, ...] = ()
    is_company: bool = True
    in_books: bool = False
    active: bool = True
