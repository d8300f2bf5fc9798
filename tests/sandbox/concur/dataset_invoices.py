"""The invoices of the start as payment requests; the last one waits for its approval."""

from .invoices import PaymentRequest, payment_request
from .vendors import record_key


def fill_payment_requests(state, today):
    contents = [row.content for row in state.documents if row.doc_type == "invoice"]
    for place, content in enumerate(contents, start=1):
        approval = "A_PEND" if place == len(contents) else "A_APPR"
        add_payment_request(state, content, today.isoformat(), approval)


def add_payment_request(state, content, modified, approval="A_APPR"):
    named = content["vendor"]
    key = record_key({"VendorCode": named["vendorCode"], "AddressCode": named["vendorRemitToAddressCode"]})
    values = payment_request(content, state.vendors.get(key).values, approval)
    return state.payment_requests.add(PaymentRequest(values["ID"], values, modified))
