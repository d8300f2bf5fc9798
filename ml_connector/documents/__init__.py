"""Canonical documents: what passes between the vendors' translators and Odoo's writers and readers.

Amounts are `Decimal` in the named ISO 4217 currency, dates are `date`. Nothing here knows a vendor or Odoo.
"""

from .bill import Bill, BillLine
from .common import Address, AnalyticShare, Attachment, Contact, Party, Reference
from .feed import FeedColumn, FeedTemplate, FileContent, FileDocument, RemoteFile
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
    "FeedColumn",
    "FeedTemplate",
    "FileContent",
    "FileDocument",
    "Files",
    "PaidBill",
    "Party",
    "Payment",
    "Reference",
    "RemoteFile",
    "Result",
    "Vendor",
]
