"""Ramp's JSON to documents. Pure functions; all raise `InvalidDataError` for invalid records."""

import re
from dataclasses import replace
from decimal import Decimal

from ...core.documents import (
    Address,
    Attachment,
    Bill,
    BillLine,
    Contact,
    PaidBill,
    Party,
    Payment,
    Reference,
    Vendor,
)
from ...core.errors import InvalidDataError
from ...core.messages import Amount, _
from .card import CARD
from .file_names import file_name, safe_name, unused
from .flows import BILL, CARD_METHODS, DRAFT, HELD, METHOD_NAMES, VENDOR_NOT_APPROVED, payment_key
from .handles import Handles
from .money import currency_digits, read_money, read_number, read_price
from .selections import coding, option_reference, selections
from .wire import day, part, required_id, rows, text

BANK_MARGIN = Decimal("0.01")
"""Maximum difference between a bank's rate and the one of Ramp."""
RETAINAGE = Reference(kind="account", external_id="retainage", name="Retainage payable")
"""The account of amounts retained from bills until they are released to the vendor."""
REMITTANCE = "remittance-receipt:"
"""Prefix of links to proofs of payment; the ID of the bill follows."""


# Bills


def bill(payload, handles, currencies, accounts=None):
    """A `Bill`, or a credit note if the total is negative.

    Amounts of Ramp's lines include their tax: a bill's total is the sum of its lines, without a tax amount.

    :param currencies: payment currencies of Ramp's entities, by ID
    :param accounts: currencies of Ramp's bank accounts, by ID
    """
    external_id = required_id(payload, _("the bill"))
    number = text(payload, "invoice_number")
    total, currency = read_money(payload.get("amount"), _("the amount of the bill"))
    lines = _lines(payload, currency)
    if not lines:
        raise InvalidDataError(_("The bill has no lines in Ramp. Add them there."))
    summed = sum(line.amount for line in lines)
    if summed != total:
        raise InvalidDataError(
            _(
                "The lines of the bill add up to %(sum)s, but its total is %(total)s in Ramp.",
                sum=Amount(summed, currency),
                total=Amount(total, currency),
            )
        )
    issued = day(payload, "issued_at", "accounting_date", "posting_date")
    if issued is None:
        raise InvalidDataError(_("The bill has no date in Ramp."))
    rate = _exchange_rate(payload)
    is_credit = total < 0
    if is_credit:
        lines = [replace(line, amount=-line.amount) for line in lines]
    return Bill(
        external_id=external_id,
        number=number,
        vendor=_party(payload, handles),
        document_date=issued,
        accounting_date=booking_date(payload),
        due_date=day(payload, "due_at"),
        currency=currency,
        total=abs(total),
        lines=tuple(lines),
        exchange_rate=rate,
        rate_currency=None if rate is None else _payer_currency(payload, currency, currencies, accounts or {}),
        is_credit=is_credit,
        memo=text(payload, "memo"),
        payment_reference=text(payload, "vendor_memo"),
        # Only the ID is known here; the number is on the purchase order itself.
        purchase_order=text(payload, "purchase_order_id"),
        attachments=files(payload),
        odoo_id=handles.record_id("move", text(payload, "remote_id")),
        sent_as=_sent_as(payload),
        remark=_remark(payload),
        is_void=bool(payload.get("archived_at")),
    )


def _sent_as(payload):
    """IDs of a bill that Odoo sent: of its draft, and of itself."""
    draft = text(payload, "draft_bill_id")
    return (*((f"{DRAFT}{draft}",) if draft else ()), f"{BILL}{payload['id']}")


def _remark(payload):
    """A sentence on why Ramp does not pay an approved bill; empty if it does."""
    state = text(payload, "status_summary")
    if state == HELD:
        return _("The bill is on hold. Ramp does not pay it until you release it in Ramp.")
    if state == VENDOR_NOT_APPROVED:
        name = text(part(payload, "vendor"), "name")
        return _(
            "Vendor %(vendor)s is not approved in Ramp. Ramp does not pay the bill until you approve the vendor in"
            " Ramp.",
            vendor=name,
        )
    return ""


def booking_date(payload):
    """The accounting date of a bill, or None."""
    return day(payload, "accounting_date", "posting_date", "issued_at")


def _lines(payload, currency):
    """The lines of both lists, in Ramp's order."""
    header = selections(payload)
    is_release = payload.get("is_withholding_release") is True
    lines = []
    retained = Decimal(0)
    for row in rows(payload, "line_items") + rows(payload, "inventory_line_items"):
        amount, line_currency = read_money(row.get("amount"), _("the amount of a line"))
        if line_currency != currency:
            raise InvalidDataError(
                _(
                    "A line of the bill is in %(line_currency)s, but the bill is in %(currency)s.",
                    line_currency=line_currency,
                    currency=currency,
                )
            )
        if is_release:
            # the cost was booked with the bill from which it was retained
            lines.append(BillLine(amount=amount, description=text(row, "memo"), account=RETAINAGE))
            continue
        owed, held = _retained(row, amount, currency)
        retained += held
        account, taxes, analytics = coding(header, row)
        lines.append(
            BillLine(
                amount=owed,
                description=text(row, "memo"),
                account=account,
                taxes=taxes,
                analytics=analytics,
                order_line_key=text(row, "purchase_order_line_item_id"),
                quantity=_quantity(row),
                unit_price=read_price(row.get("unit_price"), _("the unit price of a line"), currency),
            )
        )
    if retained:
        lines.append(BillLine(amount=-retained, description="Retainage", account=RETAINAGE))
    return lines


def _quantity(row):
    value = row.get("quantity")
    return None if value in (None, "") else read_number(value, _("the quantity of a line"))


def _retained(row, amount, currency):
    """(owed amount of a line, retained part of it).

    Ramp does not document whether the amount of a line includes its retainage: its gross amount tells.

    :raises InvalidDataError: the amount fits neither
    """
    withholding = part(row, "withholding_line_item")
    if not withholding:
        return amount, Decimal(0)
    held, held_currency = read_money(withholding.get("withholding_amount"), _("the retainage of a line"))
    if not held:
        return amount, held
    gross, gross_currency = read_money(withholding.get("gross_amount"), _("the gross amount of a line with retainage"))
    if (held_currency, gross_currency) != (currency, currency) or amount not in (gross, gross - held):
        raise InvalidDataError(
            _(
                "A retainage of %(held)s from %(gross)s does not fit its line of %(amount)s. Enter the bill in Odoo"
                " manually, then ignore this transfer.",
                held=Amount(held, held_currency),
                gross=Amount(gross, gross_currency),
                amount=Amount(amount, currency),
            )
        )
    return gross, held


def _party(payload, handles):
    vendor = part(payload, "vendor")
    return Party(
        external_id=required_id(vendor, _("the vendor of the bill")),
        name=text(vendor, "name"),
        odoo_id=handles.partner_id(text(vendor, "remote_id")),
    )


def _payer_currency(payload, currency, currencies, accounts):
    """The currency in which a bill is paid; empty if it is unknown."""
    taken = _currency_taken(payload)
    return (
        accounts.get(text(part(part(payload, "payment"), "details"), "source_bank_account_id"))
        or (taken if taken != currency else "")
        or currencies.get(text(payload, "entity_id"), "")
    )


def _exchange_rate(payload):
    """Units of the bill's currency for one of its payer's; Ramp sends the inverse. None if both are the same."""
    stated = payload.get("fx_conversion_rate")
    if stated in (None, ""):
        return None
    rate = read_number(stated, _("the exchange rate of the bill"))
    if not 0 < rate:
        raise InvalidDataError(_("Ramp sent %(rate)s as the exchange rate of the bill.", rate=rate))
    return None if rate == 1 else 1 / rate


def files(payload):
    """The `Attachment`s of a bill. Their links expire soon; their names come from the links."""
    urls = payload.get("invoice_urls") or []
    if not (isinstance(urls, list) and all(isinstance(url, str) for url in urls)):
        raise InvalidDataError(_("Ramp sent invalid links to the files of the bill."))
    standard = safe_name(f"{text(payload, 'invoice_number') or 'bill'}.pdf")
    names, attachments = set(), []
    for url in urls:
        name = unused(file_name(url) or standard, names)
        names.add(name)
        attachments.append(Attachment(name=name, url=url))
    return tuple(attachments)


# Payments


def payment(payload, handles, bank_accounts):
    """The `Payment` of one bill.

    Each bill of a payment for several bills has its whole amount, so the amount is the bill's own, less the applied
    vendor credits. Only a debit in another currency is taken from the payment.

    :param payload: the bill's JSON
    :param bank_accounts: names of Ramp's bank accounts by ID
    """
    if text(payload, "status") != "PAID" or not part(payload, "payment"):
        raise InvalidDataError(_("The bill is not paid in Ramp."))
    bill_id = required_id(payload, _("the bill"))
    paid = part(payload, "payment")
    amount, currency = _amount_paid(payload)
    debited, debited_currency = _debited(payload, currency)
    when = day(paid, "effective_date", "payment_date") or day(payload, "paid_at")
    if when is None:
        raise InvalidDataError(_("The payment of the bill has no date in Ramp."))
    reference = text(paid, "customer_friendly_payment_id") or text(part(paid, "trace_id"), "trace_id")
    return Payment(
        external_id=payment_key(text(paid, "id"), bill_id),
        vendor=_party(payload, handles),
        date=when,
        currency=currency,
        amount=amount,
        source=_source(paid, bank_accounts),
        bills=(PaidBill(external_id=bill_id, amount=amount, number=text(payload, "invoice_number")),),
        reference=reference,
        debited=debited,
        debited_currency=debited_currency,
        charges=_charges(paid),
        attachments=_remittance(paid, bill_id, reference),
    )


def remittance(payload):
    """The proof of a payment: of `items.remittance_item`, or of the paid bill."""
    if "url" not in payload:
        return payment(payload, Handles(""), {}).attachments
    return (Attachment(name=text(payload, "name"), url=payload["url"]),) if payload["url"] else ()


def _remittance(paid, bill_id, reference):
    """The proof of a payment by Ramp. Its link is internal: it means an operation of Ramp's API."""
    method = text(paid, "payment_method")
    if not method or method in CARD_METHODS or method == "PAID_MANUALLY":
        return ()
    name = safe_name(f"Remittance {reference or bill_id}.pdf")
    return (Attachment(name=name, url=f"{REMITTANCE}{bill_id}"),)


def is_debited_otherwise(payload):
    """Whether the bank debited another currency than that of the bill."""
    taken = _currency_taken(payload)
    return bool(taken) and taken != text(part(payload, "amount"), "currency_code").upper()


def may_pay_others(payload):
    """Whether a debit in another currency may include other bills."""
    if not is_debited_otherwise(payload):
        return False
    whole, _currency = read_money(part(payload, "payment")["amount"], _("the amount of the payment"))
    rate = _exchange_rate(payload)
    own = _amount_paid(payload)[0] / rate if rate else 0
    return not own * (1 - BANK_MARGIN) <= whole <= own * (1 + BANK_MARGIN)


def _currency_taken(payload):
    taken = part(payload, "payment").get("amount")
    return text(taken, "currency_code").upper() if isinstance(taken, dict) else ""


def _debited(payload, currency):
    """The debit for the bill in another currency: its part of the debit for all bills of the payment."""
    if not is_debited_otherwise(payload):
        return None, ""
    whole, debited_currency = read_money(part(payload, "payment")["amount"], _("the amount of the payment"))
    together = {required_id(row, _("the bill")): _amount_paid(row)[0] for row in rows(payload, "paid_together")}
    own = together.setdefault(payload["id"], _amount_paid(payload)[0])
    before, total = sum(paid for key, paid in together.items() if key < payload["id"]), sum(together.values())
    digits = currency_digits(debited_currency)
    # so that the parts of all bills add up to the whole
    part_before, part_after = (round(whole * paid / total, digits) for paid in (before, before + own))
    return part_after - part_before, debited_currency


def _charges(paid):
    """IDs of the card transactions of the payment, which are also among the card transactions."""
    ids = part(paid, "details").get("transaction_ids") or []
    if not (isinstance(ids, list) and all(isinstance(charge, str) for charge in ids)):
        raise InvalidDataError(_("Ramp sent an invalid list of the card transactions that paid the bill."))
    return tuple(ids)


def _amount_paid(payload):
    amount, currency = read_money(payload.get("amount"), _("the amount of the bill"))
    for credit in rows(payload, "applied_vendor_credits"):
        applied, credit_currency = read_money(credit.get("amount"), _("the amount of a vendor credit"))
        if credit_currency != currency:
            raise InvalidDataError(
                _(
                    "A vendor credit in %(credit_currency)s was applied to a bill in %(currency)s.",
                    credit_currency=credit_currency,
                    currency=currency,
                )
            )
        amount -= applied
    if amount <= 0:
        raise InvalidDataError(_("The bill was paid with vendor credits in Ramp, so there is no payment."))
    return amount, currency


def _source(paid, bank_accounts):
    """The source of a payment. Cards are a liability, never the bank, so they have their own source."""
    method = text(paid, "payment_method") or "UNSPECIFIED"
    if method in CARD_METHODS:
        return CARD
    details = part(paid, "details")
    account = text(details, "source_bank_account_id")
    if account:
        name = bank_accounts.get(account) or f"Ramp bank account {account[:8]}"
        return Reference(kind="journal", external_id=account, name=name)
    name = METHOD_NAMES.get(method, method.replace("_", " ").capitalize())
    manual = text(details, "manual_payment_method")
    if not manual:
        return Reference(kind="journal", external_id=f"method:{method}", name=name)
    how = manual.replace("_", " ").lower()
    return Reference(kind="journal", external_id=f"method:{method}:{manual}", name=f"{name} ({how})")


# Vendors


def vendor(payload, handles):
    """A `Vendor`.

    :param payload: `{"vendor": ..., "contacts": [...]}`, Ramp's vendor and its contacts
    """
    row = part(payload, "vendor")
    external_id = required_id(row, _("the vendor"))
    name = text(row, "name")
    if not name:
        raise InvalidDataError(_("The vendor has no name in Ramp. Enter it there."))
    return Vendor(
        external_id=external_id,
        name=name,
        odoo_id=handles.partner_id(text(row, "external_vendor_id")),
        address=_address(row),
        contacts=tuple(_contact(contact) for contact in rows(payload, "contacts")),
        is_company=text(row, "vendor_type") != "INDIVIDUAL",
        active=row.get("is_active") is not False,
        approval=approval(row),
    )


def approval(row):
    """The approval status of a vendor; empty if it is approved or unknown, as in lists."""
    state = text(row, "approval_status")
    return "" if state == "APPROVED" else state.lower()


def vendor_values(row, contacts, handles):
    """The `shared` values in Ramp's row of a vendor and in some of its contacts. Empty if it is unreadable."""
    try:
        values = vendor({"vendor": row, "contacts": contacts}, handles).shared()
    except InvalidDataError:
        return {}
    unknown = () if any(contact.get("is_default") is True for contact in contacts) else ("email", "phone")
    return {name: value for name, value in values.items() if name not in unknown}


def _address(row):
    addresses = rows(row, "addresses")
    standard = [address for address in addresses if address.get("is_default") is True]
    chosen = (standard or addresses or [part(row, "address")])[0]
    return Address(
        street=text(chosen, "address_line_1"),
        street2=text(chosen, "address_line_2"),
        city=text(chosen, "city"),
        postal_code=text(chosen, "postal_code"),
        state=text(chosen, "state") or text(row, "state"),
        country=_country(chosen) or _country(row),
    )


def _country(source):
    country = text(source, "country").upper()
    return country if re.fullmatch("[A-Z]{2}", country) else ""


def _contact(row):
    return Contact(
        external_id=text(row, "id"),
        name=" ".join(filter(None, (text(row, "first_name"), text(row, "last_name")))),
        email=text(row, "email"),
        phone=text(row, "phone"),
        is_default=row.get("is_default") is True,
    )


# Coding


def reference(payload):
    """The `Reference` for a row of a list of accounts, options, tax codes or bank accounts.

    :param payload: `{"kind": ..., "row": ..., "field": ...}`; `field` for options only
    """
    kind, row = text(payload, "kind"), part(payload, "row")
    external_id = required_id(row, _("the entry"))
    if kind == "analytic":
        field = part(payload, "field")
        name = text(row, "display_name") or text(row, "value")
        return option_reference(
            required_id(field, _("the accounting field")), external_id, code=text(row, "code"), name=name
        )
    if kind == "journal":
        return Reference(kind=kind, external_id=external_id, name=text(row, "name"))
    if kind == "employee":
        names = (text(row, "first_name"), text(row, "last_name"))
        return Reference(
            kind=kind, external_id=external_id, code=text(row, "email"), name=" ".join(filter(None, names))
        )
    if kind not in ("account", "tax", "vendor"):
        raise InvalidDataError(_("The list of Ramp has entries of an unknown type."))
    return Reference(kind=kind, external_id=external_id, code=text(row, "code"), name=text(row, "name"))
