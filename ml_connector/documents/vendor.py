from dataclasses import dataclass

from .common import Address, Contact


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """A supplier.

    :param odoo_id: our partner id, when the vendor system was told it before
    :param vat: tax id with its country prefix
    :param currency: in which it bills; stated by Odoo only
    :param in_books: whether the vendor system's list of the books' vendors has it, to be linked with
    :param bank_accounts: account numbers (IBAN or local), used to match only
    """

    external_id: str
    name: str
    odoo_id: int | None = None
    vat: str = ""
    address: Address = Address()
    contacts: tuple[Contact, ...] = ()
    bank_accounts: tuple[str, ...] = ()
    is_company: bool = True
    currency: str = ""
    in_books: bool = False
    active: bool = True
