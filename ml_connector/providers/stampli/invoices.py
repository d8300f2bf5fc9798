"""Invoices of Stampli as bills. Values come as `reader` leaves them: checked, dates ISO, numbers plain."""

from datetime import date
from decimal import Decimal

from ...core.documents import AnalyticShare, Attachment, Bill, BillLine, OwnId, Party, Reference
from ...core.errors import InvalidDataError, NotRelevantError

CREDITS = {"CREDIT_MEMO", "CREDIT MEMO", "CREDIT", "CREDIT NOTE", "CREDIT_NOTE", "VENDOR_CREDIT", "REFUND"}
INVOICES = {"INVOICE", "BILL"}
VOID = {"VOIDED", "VOID", "CANCELLED", "CANCELED"}
DIMENSION = "dimension."
MIN_TOLERANCE = Decimal("0.005")


def bill(payload):
    """The bill of a stored document.

    :raises InvalidDataError: with what is wrong with it
    """
    refuse_problems(payload)
    values, lines = payload["values"], payload["lines"]
    total, is_credit = _sense(values, payload.get("credit_sign", "auto"))
    sign = -1 if total < 0 else 1
    _check_totals(values, lines)
    amounts = [sign * _number(line["amount"]) for line in lines]
    taxes = [_number(line.get("line_tax")) for line in lines]
    tax = sign * _number(values["tax"]) if values.get("tax") else sign * sum(taxes, Decimal(0))
    has_codes = any(line.get("tax_code") for line in lines)
    if tax and not has_codes:
        raise InvalidDataError(
            f"The invoice has {abs(tax)} of tax, but no line names a tax code: add TaxCode to the export."
        )
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
        tax_total=tax if has_codes else None,
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


def refuse_problems(payload):
    """Refuse a document that was wrong in its file, or that the template leaves out."""
    if payload.get("problems"):
        more = len(payload["problems"]) - 1
        raise InvalidDataError(payload["problems"][0] + (f" ({more} more)" if more else ""))
    if payload.get("left_out"):
        raise NotRelevantError(payload["left_out"])


def vendor(values):
    if not values.get("vendor") and not values.get("vendor_name"):
        raise InvalidDataError("The document names no vendor.")
    return Party(
        external_id=values.get("vendor") or f"name:{values['vendor_name'].casefold()}",
        name=values.get("vendor_name") or "",
    )


def attachments(payload):
    """The file that the export carries for an invoice, next to it."""
    name = payload["values"].get("file")
    if not name:
        return ()
    if "/" in name or "\\" in name or name.startswith("."):
        raise InvalidDataError("The name of the invoice's document has a path in it, which is refused.")
    folder = payload.get("folder")
    return (Attachment(name=name, url=f"{folder}/{name}" if folder else name),)


def _sense(values, credit_sign):
    """The signed total, and whether it is a credit."""
    total = _number(values["total"])
    kind = (values.get("type") or "").strip().upper()
    if kind and kind not in CREDITS | INVOICES:
        raise InvalidDataError(f"The document type {kind[:40]} is not known: invoices and credit memos are taken.")
    is_credit = kind in CREDITS if kind else total < 0
    if not is_credit and total < 0:
        raise InvalidDataError(f"The invoice has the negative total {total}: a credit memo was expected.")
    if is_credit and credit_sign == "signed" and total > 0:
        raise InvalidDataError(f"The credit memo has the positive total {total}: credits come with a minus here.")
    if is_credit and credit_sign == "absolute" and total < 0:
        raise InvalidDataError(f"The credit memo has the negative total {total}: credits come without a minus here.")
    return total, is_credit


def _check_totals(values, lines):
    """The sums in the file must agree; nothing is made to fit."""
    if not lines:
        raise InvalidDataError("The document has no lines.")
    total = _number(values["total"])
    tax = (
        _number(values["tax"])
        if values.get("tax")
        else sum((_number(line.get("line_tax")) for line in lines), Decimal(0))
    )
    net = _number(values["net"]) if values.get("net") else total - tax
    line_sum = sum((_number(line["amount"]) for line in lines), Decimal(0))
    if abs(line_sum - net) > MIN_TOLERANCE:
        raise InvalidDataError(f"The lines add up to {line_sum}, but the net amount is {net}.")
    if abs(net + tax - total) > MIN_TOLERANCE:
        raise InvalidDataError(f"Net {net} and tax {tax} are {net + tax} together, but the total is {total}.")


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


def _own_id(told):
    """Our id of an order's line; None where none that we could have given is told."""
    own_id = OwnId.read(str(told or ""))
    return own_id if own_id is not None and own_id < 2**31 else None


def _units(line, amount, sign):
    """Quantity and unit price, as positive as the amount: where credits come with a minus, either may have it."""
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
