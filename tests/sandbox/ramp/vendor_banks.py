"""Bank accounts and children of vendors; new bank details wait for approval (guide "Bill payments")."""

from . import render
from .errors import BAD_DATA, not_found, refuse
from .routes import handlers, page_of
from .vendors import find_vendor

KINDS = {
    "ach_details": ("ach", "ACH"),
    "wire_details": ("wire", "DOMESTIC_WIRE"),
    "crypto_details": ("crypto", "CRYPTO_WALLET_TRANSFER"),
}


@handlers("GET /vendors/{vendor_id}/accounts")
def list_accounts(call):
    return {"data": find_vendor(call).bank_accounts[: call.query["page_size"]], "page": {"next": None}}


@handlers("GET /vendors/{vendor_id}/accounts/{bank_account_id}")
def get_account(call):
    return _find(call)


@handlers("POST /vendors/{vendor_id}/accounts/{bank_account_id}/archive")
def archive_account(call):
    find_vendor(call).bank_accounts.remove(_find(call))
    call.sandbox.journal.effect("vendor.bank_account.archive", call.path["bank_account_id"])


@handlers("POST /vendors/{vendor_id}/update-bank-accounts")
def add_account(call):
    """Pending until somebody approves it in Ramp, unless the setting ``bank_approval`` is off."""
    state, vendor, body = call.state, find_vendor(call), call.body
    given = [name for name in KINDS if body.get(name)]
    if len(given) != 1:
        raise refuse(400, BAD_DATA, "Exactly one kind of bank details is needed.")
    kind, method = KINDS[given[0]]
    call.sandbox.journal.effect("vendor.bank_account.add", vendor.id)
    answer = {"vendor_id": vendor.id, "payment_method_type": kind}
    if call.sandbox.settings.bank_approval:
        return {
            **answer,
            "status": "pending_approval",
            "proposal_id": state.new_id("proposal"),
            "payment_method_id": None,
        }
    account = {
        "id": state.new_id("vendor-bank"),
        "account_nickname": body.get("account_nickname", method),
        "account_number_last_four": body[given[0]].get("account_number", "0000")[-4:],
        "currency": vendor.currency,
        "is_default": body.get("is_default", False),
        "payment_method": method,
    }
    vendor.bank_accounts.append(account)
    return {**answer, "status": "approved", "proposal_id": None, "payment_method_id": account["id"]}


@handlers("GET /vendors/{vendor_id}/children")
def list_children(call):
    parent = find_vendor(call)
    state = call.state
    return page_of(
        call, state.vendors, lambda row: render.vendor(state, row), lambda row: row.parent_vendor_id == parent.id
    )


def _find(call):
    for account in find_vendor(call).bank_accounts:
        if account["id"] == call.path["bank_account_id"]:
            return account
    raise not_found("Bank account")
