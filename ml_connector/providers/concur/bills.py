"""Invoices of Concur Invoice, into Odoo: a line for each allocation, and one for its shipping."""

from decimal import Decimal

from ...core.documents import Attachment, Bill, BillLine, Party
from ...core.messages import _
from ...core.wire import needed, part, text
from . import coding
from .financial_documents import FinancialDocuments, day_before, refuse_test
from .payment_requests import digests
from .receipts import Images
from .vendors import vendor_key
from .wire import amount, check_sum, day, found_text, rows


class Bills(FinancialDocuments):
    key = "invoices"
    label = _("Invoices")
    kind = "bill"
    sequence = 30
    relists = True
    events = ("invoice.readyForIntegration",)
    files = "invoice_files"
    help = _("Books invoices with final approval in Concur Invoice as vendor bills.")

    doc_type = "invoice"
    head, id_name = "requestHeader", "requestId"

    def sources(self, since):
        for page in digests(self.client, lastModifiedDateAfter=day_before(since)):
            yield [source_id for row in page if (source_id := found_text(row, "PaymentRequestId"))]

    def title(self, content):
        number = text(part(content, self.head), "vendorInvoiceNumber")
        return " - ".join(value for value in (number, text(part(content, "vendor"), "vendorName")) if value)

    def booking_date(self, content):
        return day(part(content, self.head), "postingDate", "invoiceDate")

    def translate(self, payload):
        """:raises InvalidDataError: the lines do not add up to the total, or something that is needed is missing"""
        document = payload["document"]
        head, vendor = part(document, self.head), part(document, "vendor")
        refuse_test(head)
        currency = text(head, "currencyAlphaCode")
        total = amount(head, "requestTotal", _("invoice"))
        sign = -1 if total < 0 else 1
        lines, taxes = _lines(document, sign, total, currency)
        document_date = day(head, "invoiceDate", "invoiceReceivedDate", "submitDate")
        needed(document_date, _("The invoice has no date in SAP Concur."))
        request_id = text(head, "requestId")
        return Bill(
            external_id=request_id,
            number=text(head, "vendorInvoiceNumber", "requestId"),
            vendor=_vendor(vendor),
            document_date=document_date,
            accounting_date=day(head, "postingDate"),
            due_date=day(head, "paymentDueDate"),
            currency=currency,
            total=abs(total),
            tax_total=abs(taxes),
            amounts_include_tax=False,
            is_credit=total < 0,
            lines=tuple(lines),
            memo=text(head, "requestTitle", "requestDescription"),
            purchase_order=text(head, "poNumber"),
            attachments=(Attachment(name=f"Invoice {request_id}.pdf", url=f"invoice/{request_id}"),),
        )


class BillFiles(Images):
    key = "invoice_files"
    label = _("Invoice Images")
    sequence = 33
    help = _("Attaches the image of an invoice to its bill.")

    source, name = "invoice", "Invoice"


def _lines(document, sign, total, currency):
    """The lines, and the sum of their taxes."""
    lines, taxes, gross = [], Decimal(0), Decimal(0)
    for row in rows(document.get("lineItem")):
        for allocation in rows(row.get("allocation")):
            made, tax, part_gross = _allocation(row, allocation, sign, currency)
            lines += made
            taxes += tax
            gross += part_gross
    sentence = _("The lines of the invoice add up to %(computed)s, but its total is %(amount)s.")
    check_sum(gross, total, currency, sentence)
    return lines, taxes


def _vendor(vendor):
    code = needed(text(vendor, "vendorCode"), _("The invoice has no vendor code. Choose the vendor in SAP Concur."))
    return Party(external_id=vendor_key(code), name=text(vendor, "vendorName") or code)


def _allocation(row, allocation, sign, currency):
    """(lines, tax, gross) of an allocation."""
    journal = part(allocation, "journal")
    number = text(row, "lineItemSequenceOrder") or "?"
    place = _("line %(line)s", line=number)
    net = amount(journal, "amountNet", place)
    shipping = amount(journal, "amountShipping", place)
    gross = amount(journal, "amountGross", place)
    taxes = [(tax, amount(tax, "amountTax", place)) for tax in rows(journal.get("tax"))]
    tax_total = sum((value for _tax, value in taxes), Decimal(0))
    sentence = _(
        "Line %(line)s: net amount, shipping and tax add up to %(computed)s, but the gross amount is %(amount)s."
    )
    check_sum(net + shipping + tax_total, gross, currency, sentence, line=number)
    code = text(journal, "accountCode") or text(allocation, "allocationAccountCode")
    name = text(row, "expenseTypeName")
    shared = {"account": coding.account(code, name) if code else None, "analytics": coding.analytics(allocation)}
    references = tuple(coding.tax(tax) for tax, _value in taxes)
    description = text(row, "lineItemDescription") or name
    lines = [
        BillLine(
            amount=sign * net,
            description=description,
            taxes=references,
            order_line_key=text(row, "externalLineItemId"),
            **shared,
        )
    ]
    if shipping:
        lines.append(BillLine(amount=sign * shipping, description=f"Shipping: {description}", **shared))
    return lines, tax_total, gross
