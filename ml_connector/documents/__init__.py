"""Canonical documents: what passes between the vendors' translators and Odoo's writers and readers.

Amounts are `Decimal` in the named ISO 4217 currency, dates are `date`. Nothing here knows a vendor or Odoo.
"""

from .bill import Bill, BillLine
from .common import Address, AnalyticShare, Attachment, Contact, Party, Reference
from .files import DownloadedFile, Files
from .payment import PaidBill, Payment
from .result import Result
from .vendor import Vendor

__all__ = [
    "Address",
    "AnalyticShare",
    "Attachment",
    "Bill",
    "BillLine",
    "Contact",
    "DownloadedFile",
    "Files",
    "PaidBill",
    "Party",
    "Payment",
    "Reference",
    "Result",
    "Vendor",
]
