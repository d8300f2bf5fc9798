"""Canonical documents, which providers translate to and from, and which importers and exporters use.

Amounts are `Decimal` in the named ISO 4217 currency, dates are `date`. They depend neither on a provider nor on Odoo.
"""

from .account import Account, Company, Tax
from .bill import Bill, BillLine
from .bill import BillStatus
from .card import CardStatement, CardTransfer, CreditApplication
from .common import Address, AnalyticShare, Attachment, Contact, Party, Reference
from .account import Dimension, DimensionValue
from .employee import Employee
from .expense import Expense, ExpenseLine, Reimbursement, Settlement
from .feed import FeedColumn, FeedTemplate, FileDocument, RemoteFile
from .files import DownloadedFile, Files, OutgoingFile, OutgoingFiles
from .journal_entry import JournalEntry, JournalLine
from .common import OwnId
from .payment import Clearing, Paid
from .payment import PaidBill, Payment
from .purchase_order import GoodsReceipt, PurchaseOrder, PurchaseOrderLine, ReceivedLine
from .common import Release
from .result import Result
from .vendor import BankAccount, Vendor

__all__ = [
    "Account",
    "Address",
    "AnalyticShare",
    "Attachment",
    "BankAccount",
    "Bill",
    "BillLine",
    "BillStatus",
    "CardStatement",
    "CardTransfer",
    "Clearing",
    "Company",
    "Contact",
    "CreditApplication",
    "Dimension",
    "DimensionValue",
    "DownloadedFile",
    "Employee",
    "Expense",
    "ExpenseLine",
    "FeedColumn",
    "FeedTemplate",
    "FileDocument",
    "Files",
    "GoodsReceipt",
    "JournalEntry",
    "JournalLine",
    "OutgoingFile",
    "OutgoingFiles",
    "OwnId",
    "Paid",
    "PaidBill",
    "Party",
    "Payment",
    "PurchaseOrder",
    "PurchaseOrderLine",
    "ReceivedLine",
    "Reference",
    "Reimbursement",
    "Release",
    "RemoteFile",
    "Result",
    "Settlement",
    "Tax",
    "Vendor",
]
