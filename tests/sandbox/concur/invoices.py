"""Payment requests v3.0: the list of invoices, and each of them. They are the ones that FIS has too."""

from dataclasses import dataclass

from .routes import FOREIGN_HOST, find, handlers, page_of

BASE = "/api/v3.0/invoice/paymentrequest"


@dataclass
class PaymentRequest:
    """:param modified: day of the last change"""

    id: str
    values: dict
    modified: str
    is_deleted: bool = False


def payment_request(content, vendor, approval="A_APPR"):
    """The fields of an invoice, from its financial document and the record of its vendor."""
    head = content["requestHeader"]
    lines = [_line(row) for row in content["lineItem"]]
    shipping = sum(row["allocation"][0]["journal"]["amountShipping"] for row in content["lineItem"])
    address = {
        "Name": vendor["VendorName"],
        **{name: vendor[name] for name in ("Address1", "Address2", "City", "State", "PostalCode", "CountryCode")},
    }
    return {
        "ID": head["requestId"],
        "Name": head["requestTitle"],
        "InvoiceNumber": head["vendorInvoiceNumber"],
        "InvoiceDate": head["invoiceDate"],
        "InvoiceReceivedDate": head["invoiceReceivedDate"],
        "PaymentDueDate": head["paymentDueDate"],
        "CurrencyCode": head["currencyAlphaCode"],
        "InvoiceAmount": str(head["requestTotal"]),
        "CalculatedAmount": str(head["requestTotal"]),
        "ShippingAmount": str(shipping),
        "TaxAmount": "0.00",
        "ApprovalStatus": approval,
        "PaymentStatus": "P_NOTP",
        "IsTestTransaction": "false",
        "IsPaymentRequestDeleted": "false",
        "LedgerCode": head["ledgerCode"],
        "PurchaseOrderNumber": head.get("poNumber"),
        "EmployeeName": "Example, Bo",
        "VendorRemitAddress": address,
        "LineItems": {"LineItem": lines},
    }


def _line(row):
    allocation = row["allocation"][0]
    journal = allocation["journal"]
    taxes = journal["tax"] or []
    vat = sum(tax["amountTax"] for tax in taxes)
    account, custom = allocation["allocationAccountCode"], allocation["allocationCustom1Code"]
    coding = {"AllocationAccountCode": account, "Custom1": custom}
    return {
        "RequestLineItemNumber": str(row["lineItemSequenceOrder"]),
        "Description": row["lineItemDescription"],
        "ExpenseTypeCode": row["expenseTypeCode"],
        "Quantity": "1",
        "UnitPrice": str(journal["amountNet"]),
        "TotalPrice": str(journal["amountNet"] + vat),
        "AmountWithoutVat": str(journal["amountNet"]),
        "VatAmount": str(vat) if vat else None,
        "TaxCode": taxes[0]["taxCode"] if taxes else None,
        "Allocations": {"Allocation": [{**coding, "Percentage": "100"}]},
    }


@handlers(f"GET {BASE}digests")
def list_digests(call):
    query = call.query
    rows = [row for row in call.state.payment_requests if _is_listed(row, query)]
    page, following = page_of(rows, query, f"{BASE}digests")
    found = [_digest(row) for row in page]
    return {"PaymentRequestDigest": found, "Items": None, "NextPage": following, "TotalCount": len(rows)}


def _is_listed(row, query):
    after = query.get("lastModifiedDateAfter")
    return (
        query.get("approvalStatus") in (None, row.values["ApprovalStatus"])
        and query.get("vendorInvoiceNumber") in (None, row.values["InvoiceNumber"])
        and (after is None or row.modified > str(after))
    )


@handlers(f"GET {BASE}digests/{{id}}")
def read_digest(call):
    return _digest(_found(call))


@handlers(f"GET {BASE}/{{id}}")
def read_request(call):
    row = _found(call)
    return {**row.values, "IsPaymentRequestDeleted": "true" if row.is_deleted else "false"}


def _found(call):
    return find(call, call.state.payment_requests, "id", "not-found", "payment request")


def _digest(row):
    values = row.values
    return {
        "ID": row.id,
        "PaymentRequestId": row.id,
        "PaymentRequestUri": f"{FOREIGN_HOST}{BASE}/{row.id}",
        "ApprovalStatusCode": values["ApprovalStatus"],
        "PaymentStatusCode": values["PaymentStatus"],
        "VendorName": values["VendorRemitAddress"]["Name"],
        "InvoiceNumber": values["InvoiceNumber"],
        "Total": values["InvoiceAmount"],
        "CurrencyCode": values["CurrencyCode"],
        "LastModifiedDate": f"{row.modified}T10:00:00",
        "IsDeleted": row.is_deleted,
    }
