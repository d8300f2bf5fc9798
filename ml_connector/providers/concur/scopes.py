"""SAP Concur's permissions (scopes) and the other capabilities that flows require."""

FIS = "FISVC"
IMAGES = "IMAGE"
INVOICE_PAYMENTS = "invoice.paymentconfirmation.write"
PAYMENT_REQUESTS = "INVPMT"
VENDORS = "INVVEN"
LISTS, ITEMS = "spend.list.read", "spend.listitem.read"
ITEMS_WRITE, ITEMS_DELETE = "spend.listitem.write", "spend.listitem.delete"

ACCOUNT_LIST, FIELD_LISTS = "list of accounts", "lists of custom fields"
"""Capabilities: the connection names such lists, and SAP Concur has them."""
