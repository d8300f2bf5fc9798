"""Invoices as payment requests, for sites whose Financial Integration Service does not deliver invoices.

Sources: invoice/v3.payment-request-digest, invoice/v3.payment-request. The list holds only the status, so each approved
invoice is read individually. It has the name and address of its vendor, but no code, so the vendor is looked up.
"""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from urllib.parse import quote

from ...core import items as listed
from ...core.documents import AnalyticShare, Attachment, Bill, BillLine, Party, Reference
from ...core.errors import InvalidDataError, NotFoundError, NotRelevantError
from ...core.flow import PullFlow
from ...core.messages import Amount, _
from ...core.remote import RemotePage, RemoteRecord
from ...core.split_amount import share
from ...core.wire import needed, part, text
from . import coding
from .scopes import PAYMENT_REQUESTS, VENDORS
from .vendors import vendor_key, vendor_pages
from .wire import amount, check_sum, day, rows

REQUESTS_PATH = "/api/v3.0/invoice/paymentrequest"
DIGESTS_PAGE = 1000
APPROVED = "A_APPR"
INVOICE = _("invoice")
OVERLAP = timedelta(days=1)
"""The list's filters know days only, and days differ by time zone."""
PARALLEL_READS = 4
TAXES = (
    ("VatAmount", "VatRate", "TaxCode"),
    ("VatAmountTwo", "VatRateTwo", "TaxCode2"),
    ("VatAmountThree", "VatRateThree", "TaxCode3"),
    ("VatAmountFour", "VatRateFour", "TaxCode4"),
)
HEADER_TAXES = (("VatAmountOne", "VatRateOne", "TaxCode"), *TAXES[1:])
PASSING = (
    *("ApprovalStatus", "AssignedByUsername", "AssignedDate", "CheckNumber", "ExtractDate", "IsAssigned"),
    *("LastSubmitDate", "PaidAmount", "PaidDate", "PaymentStatus", "URI", "WorkflowCompleteDate"),
)
"""Fields that change while Concur processes an invoice, without an effect on its bill."""


class PaymentRequests(PullFlow):
    key = "payment_requests"
    label = _("Invoices by List")
    kind = "bill"
    sequence = 31
    interval = 4 * 60
    scopes = (PAYMENT_REQUESTS, VENDORS)
    active = False
    excludes = ("invoices",)
    files = "invoice_files"
    options = ("post_bills", "lock_date_policy", "start_date", "create_vendors")
    help = _(
        "Books approved invoices of Concur Invoice as vendor bills. Only for sites whose Financial Integration "
        "Service does not deliver invoices. Odoo reports no results to SAP Concur."
    )

    def pull(self, cursor, since):
        """Pages of the approved invoices that changed since the day of the last run."""
        started = datetime.now(UTC).date()
        filters = {"approvalStatus": APPROVED}
        codes = {}
        if cursor:
            filters["lastModifiedDateAfter"] = (date.fromisoformat(cursor) - OVERLAP).isoformat()

        def read(row):
            try:
                item = self._request(_id(row), codes) if is_due(row) else None
            except NotFoundError:  # deleted after it was listed
                return None
            return item if item and self.is_since(item.payload["request"], since) else None

        found = digests(self.client, **filters)
        yield from listed.pages(found, read, self.provider.label, identify=_known_id, parallel=PARALLEL_READS)
        yield RemotePage(items=(), cursor=started.isoformat())

    def read(self, external_id):
        return self._request(external_id, {})

    def _request(self, external_id, codes):
        """An invoice, if it is approved and still there.

        :param codes: those of the vendors that were already looked up
        """
        row = self.client.call("GET", f"{REQUESTS_PATH}/{quote(external_id, safe='')}").data
        if not isinstance(row, dict):
            raise InvalidDataError(_("The record has no readable content."))
        if text(row, "ApprovalStatus") != APPROVED or _is_true(row, "IsPaymentRequestDeleted"):
            return None
        kept = {name: value for name, value in row.items() if name not in PASSING}
        payload = {"id": external_id, "request": kept, "vendors": self._vendor_codes(row, codes)}
        title = " - ".join(filter(None, (text(row, "InvoiceNumber"), text(part(row, "VendorRemitAddress"), "Name"))))
        return RemoteRecord.of(external_id, title, payload, kept)

    def _vendor_codes(self, row, codes):
        """Codes of the vendors that the invoice may belong to."""
        address = part(row, "VendorRemitAddress")
        key = tuple(text(address, name).casefold() for name in ("Name", "Address1", "City", "PostalCode"))
        if key not in codes:
            pages = vendor_pages(self.client, vendorName=text(address, "Name")) if key[0] else ()
            named = [record for page in pages for record in page]
            codes[key] = possible_codes(named, address)
        return codes[key]

    def booking_date(self, row):
        return day(row, "InvoiceDate", "InvoiceReceivedDate")

    def translate(self, payload):
        """VAT is included in the amount of its line; the tax and the shipping of the header come on top of the lines.

        :raises NotRelevantError: it belongs to a test user
        :raises InvalidDataError: the parts do not add up to the total, or something that is needed is missing
        """
        row = payload["request"]
        if _is_true(row, "IsTestTransaction") or _is_true(row, "PaymentRequestCreatedByTestUser"):
            raise NotRelevantError(_("The record belongs to a test user in SAP Concur."))
        total = amount(row, "InvoiceAmount", INVOICE)
        document_date = needed(self.booking_date(row), _("The invoice has no date in SAP Concur."))
        currency = needed(text(row, "CurrencyCode"), _("The invoice has no currency in SAP Concur."))
        sign = -1 if total < 0 else 1
        lines, tax_total = _Lines(row, sign, currency).read(total)
        return Bill(
            external_id=payload["id"],
            number=text(row, "InvoiceNumber") or payload["id"],
            vendor=_party(payload),
            document_date=document_date,
            due_date=day(row, "PaymentDueDate"),
            currency=currency,
            total=abs(total),
            tax_total=sign * tax_total,
            amounts_include_tax=False,
            is_credit=total < 0,
            lines=tuple(lines),
            memo=text(row, "Name", "Description"),
            purchase_order=text(row, "PurchaseOrderNumber"),
            attachments=(Attachment(name=f"Invoice {payload['id']}.pdf", url=f"invoice/{payload['id']}"),),
        )


def digests(client, **filters):
    """Pages of the list of invoices; the filters are `approvalStatus` and days as `YYYY-MM-DD`."""
    return client.offset_pages(f"{REQUESTS_PATH}digests", "PaymentRequestDigest", limit=DIGESTS_PAGE, **filters)


def possible_codes(records, address):
    """Codes of the vendor records of a name: the only one, else those at the address."""
    codes = {vendor_key(text(record, "VendorCode")) for record in records}
    if len(codes) > 1:
        codes = {vendor_key(text(record, "VendorCode")) for record in records if _is_at(record, address)} or codes
    return sorted(codes)


def _is_at(record, address):
    return all(
        text(record, name).casefold() == text(address, name).casefold() for name in ("Address1", "City", "PostalCode")
    )


def is_due(row):
    """Whether a row of the list is an invoice that is finally approved, however the list was filtered."""
    return text(row, "ApprovalStatusCode") == APPROVED and not _is_true(row, "IsDeleted")


def _id(row):
    return needed(_known_id(row), _("The record has no ID."))


def _known_id(row):
    return text(row, "PaymentRequestId", "ID")


def _is_true(source, name):
    """A truth value, which the list writes as JSON and the single request as text."""
    return str(source.get(name)).strip().lower() in ("true", "y")


def _party(payload):
    name = text(part(payload["request"], "VendorRemitAddress"), "Name")
    codes = payload["vendors"]
    if len(codes) == 1:
        return Party(external_id=codes[0], name=name or codes[0])
    if not name:
        raise InvalidDataError(_("The invoice has no vendor in SAP Concur."))
    if codes:
        raise InvalidDataError(
            _(
                "SAP Concur has several vendors with the name %(vendor)s: %(codes)s. Merge them there.",
                vendor=name,
                codes=tuple(codes),
            )
        )
    raise InvalidDataError(_("SAP Concur no longer has a vendor %(vendor)s. Create it there again.", vendor=name))


class _Lines:
    """The lines of an invoice, each split by its allocations."""

    def __init__(self, row, sign, currency):
        self.row = row
        self.sign = sign
        self.currency = currency
        self.shipping = amount(row, "ShippingAmount", INVOICE)
        self.header_tax = amount(row, "TaxAmount", INVOICE)
        self.lines = rows(part(row, "LineItems").get("LineItem"))

    def read(self, total):
        """Lines and the total of their taxes."""
        needed(self.lines, _("The invoice has no lines in SAP Concur."))
        read = [self._line(line) for line in self.lines]
        vat = sum((tax for _net, tax, _taxes, _line in read), Decimal(0))
        whole = sum((net for net, *_rest in read), Decimal(0)) + vat + self.shipping + self.header_tax
        sentence = _("Lines, shipping and tax of the invoice add up to %(computed)s, but its total is %(amount)s.")
        check_sum(whole, total, self.currency, sentence)
        stated = sum((amount(self.row, name, INVOICE) for name, _rate, _code in HEADER_TAXES), Decimal(0))
        if stated and not vat:
            raise InvalidDataError(
                _(
                    "The invoice has %(amount)s of VAT, but none of its lines has VAT. Code the lines in SAP Concur.",
                    amount=Amount(stated, self.currency),
                )
            )
        # as many decimals as Concur writes, because it knows the currency
        digits = max(0, *(-value.as_tuple().exponent for value in (total, *(net for net, *_rest in read))))
        lines = [made for net, _vat, taxes, line in read for made in self._split(net, taxes, line, digits)]
        return [*lines, *self._shipping()], vat + self.header_tax

    def _line(self, line):
        """(net amount, VAT, taxes, line)"""
        place = _("line %(line)s", line=text(line, "RequestLineItemNumber") or "?")
        vats = [(amount(line, name, place), text(line, rate), text(line, code)) for name, rate, code in TAXES]
        vat = sum((value for value, _rate, _code in vats), Decimal(0))
        taxes = [_tax(code, rate) for value, rate, code in vats if value]
        if self.header_tax:
            taxes.append(_tax(text(self.row, "TaxCode"), ""))
        return amount(line, "TotalPrice", place) - vat, vat, tuple(taxes), line

    def _split(self, net, taxes, line, digits):
        description = text(line, "Description", "SupplierPartId")
        allocations = rows(part(line, "Allocations").get("Allocation")) or [{"Percentage": "100"}]
        weights = [amount(allocation, "Percentage", _("allocation")) for allocation in allocations]
        for allocation, value in zip(allocations, share(net, weights, digits), strict=True):
            if value or len(allocations) == 1:
                yield BillLine(
                    amount=self.sign * value,
                    description=description,
                    account=_account(allocation, line),
                    taxes=taxes,
                    analytics=_analytics(allocation),
                )

    def _shipping(self):
        if not self.shipping:
            return []
        first = self.lines[0]
        allocation = next(iter(rows(part(first, "Allocations").get("Allocation"))), {})
        return [BillLine(amount=self.sign * self.shipping, description="Shipping", account=_account(allocation, first))]


def _tax(code, rate):
    if code:
        return Reference(kind="tax", external_id=code, code=code, name=code)
    rate = rate or "without a rate"
    return Reference(kind="tax", external_id=f"vat:{rate}", name=f"VAT {rate}")


def _account(allocation, line):
    """The account of an allocation; where the site uses no accounts, the expense type is mapped to one."""
    code = text(allocation, "AllocationAccountCode")
    if code:
        return coding.account(code)
    expense_type = text(line, "ExpenseTypeCode")
    if not expense_type:
        return None
    return Reference(kind="account", external_id=f"expense_type:{expense_type}", name=f"Expense type {expense_type}")


def _analytics(allocation):
    shares = []
    for number in range(1, coding.CUSTOM_FIELDS + 1):
        if code := text(allocation, f"Custom{number}"):
            shares.append(AnalyticShare(reference=coding.reference(f"custom{number}", code, code, "")))
    return tuple(shares)
