"""The class that reads the records of each flow."""

from .pull_card import CashbackPuller, StatementFilePuller, StatementPuller, TransferPuller
from .pull_order import ApplicationPuller, CreditPuller, OrderPuller
from .pull_spend import ReceiptPuller, ReimbursementPuller, RepaymentPuller, TransactionPuller

PULLERS = {
    "orders": OrderPuller,
    "credits": CreditPuller,
    "credit_applications": ApplicationPuller,
    "transactions": TransactionPuller,
    "reimbursements": ReimbursementPuller,
    "receipts": ReceiptPuller,
    "statements": StatementPuller,
    "statement_files": StatementFilePuller,
    "transfers": TransferPuller,
    "cashbacks": CashbackPuller,
    "repayments": RepaymentPuller,
}
