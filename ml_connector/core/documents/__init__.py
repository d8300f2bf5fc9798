"""Canonical documents, which providers translate to and from, and which importers and exporters use.

Amounts are `Decimal` in the named ISO 4217 currency, dates are `date`. They depend neither on a provider nor on Odoo.
"""

from .account import Account, Company, Dimension, DimensionValue, Tax
from .bill import Bill, BillLine, BillStatus
from .card import CardStatement, CardTransfer, CreditApplication
from .common import Address, AnalyticShare, Attachment, Contact, OwnId, Party, Reference, Release
from .employee import Employee
from .expense import Expense, ExpenseLine, Reimbursement, Settlement
from .feed import FeedColumn, FeedTemplate, FileDocument
from .files import DownloadedFile, Files, OutgoingFile, OutgoingFiles
from .journal_entry import JournalEntry, JournalLine
from .payment import Clearing, Paid, PaidBill, Payment
from .purchase_order import GoodsReceipt, PurchaseOrder, PurchaseOrderLine, ReceivedLine
from .result import Result
from .vendor import BankAccount, Vendor
