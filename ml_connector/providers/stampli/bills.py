"""Invoices of Stampli, into Odoo. Values are those of `core.files.parse`: checked, ISO dates, plain numbers."""

from datetime import date
from decimal import Decimal

from ...core.documents import AnalyticShare, Attachment, Bill, BillLine, OwnId, Party, Reference
from ...core.errors import InvalidDataError, NotRelevantError
from ...core.flow import Column, FileInFlow
from ...core.messages import Amount, Message, _, paragraph
from ...core.wire import needed
from .columns import DIMENSIONS, from_stampli

CREDITS = {"CREDIT_MEMO", "CREDIT MEMO", "CREDIT", "CREDIT NOTE", "CREDIT_NOTE", "VENDOR_CREDIT", "REFUND"}
INVOICES = {"INVOICE", "BILL"}
VOID = {"VOIDED", "VOID", "CANCELLED", "CANCELED"}
DIMENSION = "dimension."
MIN_TOLERANCE = Decimal("0.005")


class Bills(FileInFlow):
    key = "invoices"
    label = _("Invoices")
    kind = "bill"
    sequence = 70
    interval = 15
    files = "invoice_files"
    options = ("post_bills", "lock_date_policy", "start_date")
    help = _("Books approved invoices and credit memos as vendor bills and credit notes.")
    template = from_stampli(
        entity="invoices",
        file_name=r"invoices.*\.csv",
        document_element="Invoice",
        statuses=("APPROVED", "EXPORTED", "VOIDED", "CANCELLED"),
        columns=(
            Column(label="StampliInvoiceId", name="id", type="code", required=True),
            Column(label="DocumentType", name="type", type="code"),
            Column(label="InvoiceNumber", name="number", type="code"),
            Column(label="VendorId", name="vendor", type="code"),
            Column(label="VendorName", name="vendor_name"),
            Column(label="InvoiceDate", name="date", type="date", required=True),
            Column(label="DueDate", name="due_date", type="date"),
            Column(label="PostingDate", name="posting_date", type="date"),
            Column(label="Currency", name="currency", type="code", required=True),
            Column(label="NetAmount", name="net", type="decimal"),
            Column(label="TaxAmount", name="tax", type="decimal"),
            Column(label="TotalAmount", name="total", type="decimal", required=True),
            Column(label="PaymentTerms", name="terms"),
            Column(label="PONumber", name="order", type="code"),
            Column(label="Status", name="status", type="code"),
            Column(label="ApprovedBy", name="approved_by"),
            Column(label="ApprovedAt", name="approved_at", type="datetime"),
            Column(label="Memo", name="memo"),
            Column(label="PaymentReference", name="payment_reference"),
            Column(label="DocumentUrl", name="url"),
            Column(label="DocumentFile", name="file", type="code"),
            Column(label="LineNumber", name="line_number", type="code", on_line=True, required=True),
            Column(label="LineType", name="line_type", type="code", on_line=True),
            Column(label="GLAccount", name="account", type="code", on_line=True),
            Column(label="ItemCode", name="item", type="code", on_line=True),
            Column(label="LineDescription", name="description", on_line=True),
            Column(label="Quantity", name="quantity", type="decimal", on_line=True),
            Column(label="UnitPrice", name="unit_price", type="decimal", on_line=True),
            Column(label="LineAmount", name="amount", type="decimal", on_line=True, required=True),
            Column(label="TaxCode", name="tax_code", type="code", on_line=True),
            Column(label="LineTaxAmount", name="line_tax", type="decimal", on_line=True),
            Column(label="LinePONumber", name="line_order", type="code", on_line=True),
            Column(label="POLineId", name="order_line", type="code", on_line=True),
            *(Column(label=name, name=f"dimension.{name}", type="code", on_line=True) for name in DIMENSIONS),
        ),
    )

    def translate(self, payload):
        refuse_problems(payload)
        values, lines = payload["values"], payload["lines"]
        total, is_credit = _sense(values, payload.get("credit_sign", "auto"))
        sign = -1 if total < 0 else 1
        tax = _tax(values, lines)
        _check_totals(values, lines, tax)
        amounts = [sign * _number(line["amount"]) for line in lines]
        status = (values.get("status") or "").upper()
        return Bill(
            external_id=values["id"],
            number=values.get("number") or "",
            vendor=vendor(values),
            document_date=date.fromisoformat(values["date"]),
            accounting_date=_date(values.get("posting_date")),
            due_date=_date(values.get("due_date")),
            currency=values["currency"].upper(),
            total=abs(total),
            tax_total=_tax_total(values, lines, sign * tax),
            amounts_include_tax=False,
            is_credit=is_credit,
            lines=tuple(_line(line, amount, sign) for line, amount in zip(lines, amounts, strict=True)),
            memo=_memo(values),
            payment_reference=values.get("payment_reference") or "",
            purchase_order=values.get("order") or "",
            url=values.get("url") or "",
            attachments=attachments(payload),
            is_void=status in VOID,
        )


class BillFiles(FileInFlow):
    key = "invoice_files"
    label = _("Invoice Documents")
    kind = "file"
    sequence = 80
    interval = 15
    help = _("Attaches the documents in the export to their bills.")

    def translate(self, payload):
        return attachments(payload)


def _tax(values, lines):
    taxes = [_number(line.get("line_tax")) for line in lines]
    return _number(values["tax"]) if values.get("tax") else sum(taxes, Decimal(0))


def _tax_total(values, lines, tax):
    """The tax of the invoice; None if no line has a tax code."""
    if any(line.get("tax_code") for line in lines):
        return tax
    if tax:
        raise InvalidDataError(
            _(
                "The invoice has %(amount)s of tax, but no line has a tax code. Add TaxCode to the export.",
                amount=_money(abs(tax), values),
            )
        )
    return None


def refuse_problems(payload):
    """Raise the problems that were found in the file, or the reason why the template excludes the document."""
    if payload.get("problems"):
        first, *others = map(_sentence, payload["problems"])
        more = _("Number of further problems: %(count)s.", count=len(others)) if others else ""
        raise InvalidDataError(paragraph(first, more))
    if payload.get("left_out"):
        raise NotRelevantError(_sentence(payload["left_out"]))


def _sentence(stored):
    return Message.from_json(stored) if isinstance(stored, dict) else stored


def vendor(values):
    needed(values.get("vendor") or values.get("vendor_name"), _("The document has no vendor."))
    return Party(
        external_id=values.get("vendor") or f"name:{values['vendor_name'].casefold()}",
        name=values.get("vendor_name") or "",
    )


def attachments(payload):
    """The document of an invoice, a file beside the export."""
    name = payload["values"].get("file")
    if not name:
        return ()
    if "/" in name or "\\" in name or name.startswith("."):
        raise InvalidDataError(_("The file name of the invoice document contains a path, which is not allowed."))
    folder = payload.get("folder")
    return (Attachment(name=name, url=f"{folder}/{name}" if folder else name),)


def _sense(values, credit_sign):
    """The signed total, and whether it is a credit."""
    total = _number(values["total"])
    kind = (values.get("type") or "").strip().upper()
    if kind and kind not in CREDITS | INVOICES:
        raise InvalidDataError(
            _("The document type %(type)s is not supported, only invoices and credit memos.", type=kind[:40])
        )
    is_credit = kind in CREDITS if kind else total < 0
    amount = _money(total, values)
    if not is_credit and total < 0:
        raise InvalidDataError(
            _("The invoice has the negative total %(amount)s, which only credit memos may have.", amount=amount)
        )
    if is_credit and credit_sign == "signed" and total > 0:
        raise InvalidDataError(
            _("The credit memo has the positive total %(amount)s, but the template expects a minus.", amount=amount)
        )
    if is_credit and credit_sign == "absolute" and total < 0:
        raise InvalidDataError(
            _("The credit memo has the negative total %(amount)s, but the template expects no minus.", amount=amount)
        )
    return total, is_credit


def _check_totals(values, lines, tax):
    """Check that the sums in the file agree; no difference is corrected."""
    needed(lines, _("The document has no lines."))
    total = _number(values["total"])
    net = _number(values["net"]) if values.get("net") else total - tax
    line_sum = sum((_number(line["amount"]) for line in lines), Decimal(0))
    if abs(line_sum - net) > MIN_TOLERANCE:
        raise InvalidDataError(
            _(
                "The lines add up to %(computed)s, but the net amount is %(amount)s.",
                computed=_money(line_sum, values),
                amount=_money(net, values),
            )
        )
    if abs(net + tax - total) > MIN_TOLERANCE:
        raise InvalidDataError(
            _(
                "Net amount %(net)s and tax %(tax)s add up to %(computed)s, but the total is %(amount)s.",
                net=_money(net, values),
                tax=_money(tax, values),
                computed=_money(net + tax, values),
                amount=_money(total, values),
            )
        )


def _money(value, values):
    return Amount(value, values["currency"].upper())


def _line(line, amount, sign):
    code = line.get("account")
    tax = line.get("tax_code")
    return BillLine(
        amount=amount,
        description=line.get("description") or line.get("item") or "",
        account=Reference(kind="account", external_id=code, code=code) if code else None,
        taxes=(Reference(kind="tax", external_id=tax, code=tax, name=tax),) if tax else (),
        analytics=tuple(
            AnalyticShare(
                reference=Reference(
                    kind="analytic",
                    external_id=f"{name.removeprefix(DIMENSION)}:{value}",
                    code=value,
                    group=name.removeprefix(DIMENSION),
                )
            )
            for name, value in line.items()
            if name.startswith(DIMENSION) and value
        ),
        purchase_order=line.get("line_order") or "",
        purchase_order_line=_own_id(line.get("order_line")),
        **_units(line, amount, sign),
    )


def _own_id(written):
    """Odoo's ID of an order line; None if the file has none or an invalid one."""
    own_id = OwnId.read(str(written or ""))
    return own_id if own_id is not None and own_id < 2**31 else None


def _units(line, amount, sign):
    """Quantity and unit price with the sign of the amount: in negative credits, either of them may be negative."""
    quantity = _number(line["quantity"]) if line.get("quantity") else None
    price = _number(line["unit_price"]) if line.get("unit_price") else None
    if quantity and sign < 0 and (quantity < 0) != (amount < 0):
        quantity = -quantity
    return {"quantity": quantity, "unit_price": abs(price) if price and sign < 0 else price}


def _memo(values):
    parts = [values.get("memo") or ""]
    if values.get("approved_by"):
        parts.append(f"Approved by {values['approved_by']}.")
    return "\n".join(filter(None, parts))


def _number(text):
    return Decimal(text) if text else Decimal(0)


def _date(text):
    return date.fromisoformat(text) if text else None
