"""The parts of a payment that depend on its method."""

from .state import make_id


def payment_details(method, bill, transaction_id=None):
    """``payment.details`` of the contract: one shape for cards, one for payments outside of Ramp, one for the rest."""
    if method == "PAID_MANUALLY":
        return {"manual_payment_method": "CASH"}
    if "CARD" in method:
        return {"transaction_ids": [transaction_id] if transaction_id else []}
    account = next(iter(bill.vendor.bank_accounts), None)
    return {
        "approval_status": "APPROVED",
        "is_same_day": False,
        "source_bank_account_id": make_id("entity-bank", int(bill.entity_id != make_id("entity", 0))),
        "vendor_account_id": None if method == "CHECK" or account is None else account["id"],
    }
