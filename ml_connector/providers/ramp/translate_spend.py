"""Card transactions and reimbursements to documents. Pure functions; see `translate`."""

from decimal import Decimal

from ...core.documents import (
    Attachment,
    Bill,
    BillLine,
    Expense,
    ExpenseLine,
    Party,
    Reference,
    Reimbursement,
    Settlement,
)
from ...core.errors import InvalidDataError
from ...core.split_amount import share
from .coding import coding, selections
from .money import currency_digits, read_money
from .translate import CARD
from .wire import day, part, required_id, rows, text

REIMBURSED = Reference(kind="journal", external_id="reimbursements", name="Ramp reimbursements")
"""Where the money of reimbursements comes from, and where paybacks arrive."""
EXPORTED = "SYNCED"
_RECEIPT = "Receipt "
UNPAID_STATES = frozenset(
    {"APPROVED", "AWAITING_PAYMENT", "AWAITING_PUSH_PAYMENT", "PENDING", "PUSH_PAYMENT_INITIATED"}
)
TO_BUSINESS = "USER_TO_BUSINESS"


def booking_date(payload):
    """The date under which a transaction or reimbursement belongs in the books, or None."""
    return day(payload, "accounting_date", "settlement_date", "transaction_date", "user_transaction_time", "created_at")


# Card transactions


def transaction(payload):
    """An `Expense` of a card transaction; refunds are negative."""
    external_id = required_id(payload, "The transaction")
    amount, currency = _settled(payload)
    if not amount:
        raise InvalidDataError("The amount of the transaction is zero, so there is nothing to book.")
    happened = day(payload, "user_transaction_time", "settlement_date", "accounting_date")
    if happened is None:
        raise InvalidDataError("The transaction has no date in Ramp.")
    charged, charged_currency = _original(payload)
    return Expense(
        external_id=external_id,
        employee=holder(part(payload, "card_holder")),
        document_date=happened,
        accounting_date=booking_date(payload),
        currency=currency,
        amount=amount,
        lines=tuple(ExpenseLine(**line) for line in _lines(payload, amount, currency, "the transaction")),
        card=CARD,
        merchant=text(payload, "merchant_name") or text(payload, "merchant_descriptor"),
        merchant_id=text(payload, "merchant_id"),
        memo=text(payload, "memo"),
        merchant_amount=charged if charged_currency != currency else None,
        merchant_currency=charged_currency if charged_currency != currency else "",
        refunds=text(payload, "original_transaction_id") if amount < 0 else "",
        statement=text(payload, "statement_id"),
        is_exported=text(payload, "sync_status") == EXPORTED,
        attachments=receipts(payload),
    )


def _settled(payload):
    """What the company is charged: `entity_amount` where Ramp has it, else `amount`, which is in MAJOR units."""
    if payload.get("entity_amount") is not None:
        return read_money(payload["entity_amount"], "the amount of the transaction")
    return read_money(payload.get("amount"), "the amount of the transaction", text(payload, "currency_code"))


def _original(payload):
    if payload.get("original_transaction_amount") is None:
        return None, text(payload, "currency_code")
    return read_money(payload["original_transaction_amount"], "the amount that the merchant charged")


def holder(source):
    """The employee of a card holder; the e-mail, where Ramp gives it, is the code by which a mapping is proposed."""
    user_id = text(source, "user_id")
    if not user_id:
        raise InvalidDataError("Ramp does not say who spent the money.")
    name = " ".join(filter(None, (text(source, "first_name"), text(source, "last_name"))))
    return Reference(kind="employee", external_id=user_id, name=name)


def receipts(payload):
    """One `Attachment` for each receipt; their links are asked for when they are downloaded."""
    ids = payload.get("receipts") or []
    if not (isinstance(ids, list) and all(isinstance(receipt, str) for receipt in ids)):
        raise InvalidDataError("Ramp sent no readable list of receipts.")
    return tuple(Attachment(name=receipt_name(receipt), url="") for receipt in ids)


def receipt_name(receipt_id):
    """What a receipt is called before its file is known."""
    return f"{_RECEIPT}{receipt_id}"


def receipt_id_of(name):
    return name.removeprefix(_RECEIPT)


# Lines


def _lines(payload, total, currency, what):
    """Values of the lines, which add up to the total.

    Lines are in the merchant's currency; where Ramp gives what each is in the settled one, that counts. What is left of
    rounding is spread by largest remainder.
    """
    header, source = selections(payload), rows(payload, "line_items")
    if not source:
        account, taxes, analytics = coding(header, {})
        memo = text(payload, "memo")
        return [{"amount": total, "description": memo, "account": account, "taxes": taxes, "analytics": analytics}]
    lines = []
    for row, amount in zip(source, _amounts(source, total, currency, what), strict=True):
        account, taxes, analytics = coding(header, row)
        values = {"account": account, "taxes": taxes, "analytics": analytics}
        lines.append({"amount": amount, "description": text(row, "memo"), **values})
    return lines


def _amounts(source, total, currency, what):
    digits = currency_digits(currency)
    weights, converted = _weights(source, currency)
    if len(source) == 1:
        if converted and weights[0] != total:
            _check_rounding(weights, total, currency, what)
        return [total]
    if converted:
        _check_rounding(weights, total, currency, what)
        if sum(weights) == total:
            return weights
    return share(total, weights, digits)


def _weights(source, currency):
    """Amounts of the lines, and whether they are in the settled currency already."""
    settled = [row.get("converted_amount") for row in source]
    if all(amount is not None for amount in settled):
        read = [read_money(amount, "the amount of a line") for amount in settled]
    else:
        if any(row.get("amount") is None for row in source):
            raise InvalidDataError("A line has no amount in Ramp.")
        read = [read_money(row["amount"], "the amount of a line") for row in source]
    currencies = {line_currency for _amount, line_currency in read}
    if len(currencies) > 1:
        raise InvalidDataError(f"The lines are in several currencies: {', '.join(sorted(currencies))}.")
    return [amount for amount, _currency in read], currencies == {currency}


def _check_rounding(amounts, total, currency, what):
    """Lines in the settled currency may differ from the total by the rounding of each, not by more."""
    unit = Decimal(1).scaleb(-currency_digits(currency))
    if abs(sum(amounts) - total) > unit * len(amounts):
        raise InvalidDataError(f"The lines of {what} add up to {sum(amounts)} {currency}, but its amount is {total}.")


# Reimbursements


def reimbursement(payload):
    """A `Reimbursement`: a bill of the employee, or a credit note where the employee owes the company."""
    external_id = required_id(payload, "The reimbursement")
    amount, currency = _owed(payload)
    if not amount:
        raise InvalidDataError("The amount of the reimbursement is zero, so there is nothing to book.")
    spent = day(payload, "transaction_date", "accounting_date", "created_at")
    if spent is None:
        raise InvalidDataError("The reimbursement has no date in Ramp.")
    lines = _lines(payload, amount, currency, "the reimbursement")
    is_credit = is_payback(payload) != (amount < 0)
    if amount < 0:
        amount = -amount
        lines = [{**line, "amount": -line["amount"]} for line in lines]
    employee = _payee(payload)
    merchant = text(payload, "merchant")
    bill = Bill(
        external_id=external_id,
        number=f"RMB-{external_id[:8].upper()}",
        vendor=Party(external_id=f"employee:{employee.external_id}", name=employee.name),
        document_date=spent,
        accounting_date=booking_date(payload),
        currency=currency,
        total=amount,
        lines=tuple(BillLine(**{**line, "description": _described(payload, merchant, line)}) for line in lines),
        is_credit=is_credit,
        memo=text(payload, "memo"),
        attachments=receipts(payload),
    )
    return Reimbursement(
        external_id=external_id,
        employee=employee,
        bill=bill,
        settlement=_settlement(payload, amount),
        is_exported=text(payload, "sync_status") == EXPORTED,
    )


def is_payback(payload):
    """Whether the employee owes the company: the direction says so, and in older payloads only the type."""
    direction = text(payload, "direction")
    return direction == TO_BUSINESS if direction else text(payload, "type").startswith("PAYBACK_")


def _owed(payload):
    """What the company pays: new key first, then the older ones (`amount` is in MAJOR units)."""
    what = "the amount of the reimbursement"
    for key in ("entity_amount", "payee_amount"):
        if payload.get(key) is not None:
            return read_money(payload[key], what)
    return read_money(payload.get("amount"), what, text(payload, "currency"))


def _payee(payload):
    user_id = text(payload, "user_id")
    if not user_id:
        raise InvalidDataError("Ramp does not say whose reimbursement it is.")
    return Reference(
        kind="employee", external_id=user_id, code=text(payload, "user_email"), name=text(payload, "user_full_name")
    )


def _described(payload, merchant, line):
    """What the line was for: its own memo, the merchant, and the way of a mileage claim."""
    parts = [merchant, line["description"]]
    if text(payload, "type") == "MILEAGE":
        places = " - ".join(filter(None, (text(payload, "start_location"), text(payload, "end_location"))))
        distance = payload.get("distance")
        parts += [places, f"distance {distance}" if distance else ""]
    return ", ".join(dict.fromkeys(filter(None, parts)))


def _settlement(payload, amount):
    """The payment, once it was made."""
    paid = day(payload, "payment_processed_at")
    if paid is None or text(payload, "state") in UNPAID_STATES:
        return None
    reference = text(payload, "payment_id") or text(part(payload, "trace_id"), "trace_id")
    return Settlement(date=paid, amount=amount, source=REIMBURSED, reference=reference)
