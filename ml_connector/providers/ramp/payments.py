"""Payments of bills by Ramp and their proofs, into Odoo."""

from decimal import Decimal

from ...core.documents import Attachment, PaidBill, Payment, Reference
from ...core.errors import InvalidDataError, NotFoundError, PermanentError
from ...core.messages import _
from ...core.wire import day, part, rows, text
from .bills import BillPull, bill_title, currency_taken, exchange_rate, is_lately, party
from .client import path_id
from .links import safe_name
from .money import currency_digits, read_money
from .spend import CARD
from .wire import as_list, item, money_key, picked, required_id

PAYMENT_SYNCED = ("BILL_AND_PAYMENT_SYNCED",)
CARD_METHODS = frozenset({"AUTOMATIC_CARD_PAYMENT", "CARD", "ONE_TIME_CARD", "ONE_TIME_CARD_DELIVERY"})
METHOD_NAMES = {
    "ACH": "ACH transfer",
    "CHECK": "Check",
    "CRYPTO_WALLET_TRANSFER": "Crypto wallet transfer",
    "DOMESTIC_WIRE": "Domestic wire",
    "FED_NOW": "FedNow transfer",
    "INTERNATIONAL": "International transfer",
    "LOCAL_BANK_TRANSFER": "Local bank transfer",
    "PAID_MANUALLY": "Paid outside Ramp",
    "RTP": "Real-time payment",
    "SWIFT": "SWIFT transfer",
    "UNSPECIFIED": "Payment without a method",
}
BANK_MARGIN = Decimal("0.01")
"""Maximum difference between a bank's rate and the one of Ramp."""
REMITTANCE = "remittance-receipt:"
"""Prefix of links to proofs of payment; the ID of the bill follows."""
# Without the trace ID, which lists lack.
_PAYMENT_KEYS = ("customer_friendly_payment_id", "effective_date", "id", "payment_date", "payment_method")


class Payments(BillPull):
    key = "payments"
    label = _("Bill Payments")
    kind = "payment"
    sequence = 50
    scopes = ("bills:read",)
    reports = True
    relists = True
    files = "payment_files"
    events = ("bills.paid",)
    options = ("lock_date_policy", "start_date", "rate_tolerance")
    help = _("Reads the payments of fully paid bills.")
    sync_type = "BILL_PAYMENT_SYNC"

    def pull(self, cursor, since):
        """A payment is skipped if its bill is, so the date of the bill decides."""
        yield from self.selected(
            lambda row: is_payment_due(row) and self.is_since(row, since),
            sync_ready=True,
            payment_status="PAID",
        )

    def booked(self, since):
        yield from self.selected(lambda row: is_payment_booked(row) and is_lately(row, since), payment_status="PAID")

    def reread(self):
        return self.paid_lately()

    def read(self, external_id):
        bill_id = bill_of(external_id)
        row = self.row(bill_id)
        if not (self.concerns_us(row) and is_payment_due(row)):
            return None
        item = self.item(row)
        return item if external_id in (bill_id, item.external_id) else None

    def item(self, row):
        """Add the other bills of the payment, because a debit for several bills has to be split."""
        if not may_pay_others(row):
            return payment_item(row)
        payment_id = text(part(row, "payment"), "id")
        together = [
            {key: bill.get(key) for key in ("id", "amount", "applied_vendor_credits")}
            for bill in self.client.rows("/bills", payment_id=payment_id)
            if payment_id and text(part(bill, "payment"), "id") == payment_id
        ]
        return payment_item({**row, "paid_together": together})

    def is_synced(self, external_id):
        return self.row(bill_of(external_id)).get("sync_status") in PAYMENT_SYNCED

    def translate(self, payload):
        """The `Payment` of one bill.

        Each bill of a payment for several bills has its whole amount, so the amount is the bill's own, less the applied
        vendor credits. Only a debit in another currency is taken from the payment.

        :param payload: the bill's JSON
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
            vendor=party(payload, self.provider.handles),
            date=when,
            currency=currency,
            amount=amount,
            source=_source(paid, self.provider.bank_accounts),
            bills=(PaidBill(external_id=bill_id, amount=amount, number=text(payload, "invoice_number")),),
            reference=reference,
            debited=debited,
            debited_currency=debited_currency,
            charges=_charges(paid),
            attachments=_remittance(paid, bill_id, reference),
        )


class PaymentFiles(BillPull):
    """The proofs of payments. Importing a payment creates their transfers."""

    key = "payment_files"
    label = _("Proofs of Payment")
    kind = "file"
    sequence = 51
    scopes = ("bills:read",)
    help = _("Attaches the remittance receipts (PDF) to the payments that Ramp made.")

    def __init__(self, provider):
        super().__init__(provider)
        self._downloaded = {}

    def read(self, external_id):
        return self.read_files(external_id, {})

    def read_files(self, external_id, known):
        """The proof of a payment; without a file if Ramp has none, for example for payments outside Ramp."""
        bill_id = bill_of(external_id)
        url = f"{REMITTANCE}{bill_id}"
        try:
            self._downloaded[url] = self._receipt(bill_id)
        except (NotFoundError, PermanentError):
            url = ""
        name = next(iter(known.get("names") or ()), "Remittance.pdf")
        payload = {"id": external_id, "name": name, "url": url}
        return item({}, payload, name, payload, external_id)

    def download(self, url):
        return self._downloaded.pop(url, None) or self._receipt(url.removeprefix(REMITTANCE))

    def _receipt(self, bill_id):
        """MIME type and content of the proof of the payment of a bill."""
        answer = self.client.request("GET", f"/bills/{path_id(bill_id)}/remittance-receipt", as_file=True)
        mime = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        return mime or "application/pdf", answer.content

    def translate(self, payload):
        """The proof of a payment: of `read_files`, or of the paid bill."""
        if "url" not in payload:
            return self.provider.flow(Payments.key).translate(payload).attachments
        return (Attachment(name=text(payload, "name"), url=payload["url"]),) if payload["url"] else ()


def is_payment_due(row):
    """Whether the payment of a bill that is ready to sync still has to be booked.

    A bill paid by vendor credits has no payment. A bill marked as paid in the accounting system already has its payment
    there.
    """
    return row.get("sync_status") not in PAYMENT_SYNCED and _is_paid_there(row)


def is_payment_booked(row):
    """Whether Ramp has marked the payment of a bill as synced."""
    return row.get("sync_status") in PAYMENT_SYNCED and _is_paid_there(row)


def _is_paid_there(row):
    if text(row, "status") != "PAID" or row.get("archived_at"):
        return False
    payment = part(row, "payment")
    if not payment or payment.get("payment_method") == "VENDOR_CREDIT":
        return False
    return part(payment, "details").get("manual_payment_method") != "PAID_IN_ERP"


def payment_key(payment_id, bill_id):
    """The ID of a payment: Ramp shows it in each paid bill, so only the pair of both is unique."""
    return f"{payment_id or 'unnumbered'}:{bill_id}"


def bill_of(key):
    """The bill of a payment's key; any other ID as it is, such as the bare bill ID of a webhook."""
    return key.rpartition(":")[2]


def payment_item(row):
    paid = row.get("payment")
    content = {
        **picked(paid, _PAYMENT_KEYS),
        "paid_at": row.get("paid_at"),
        "amount": money_key(row.get("amount")),
        "credits": [picked(credit, ("id", "amount")) for credit in as_list(row.get("applied_vendor_credits"))],
        "details": picked(
            paid.get("details") if isinstance(paid, dict) else None,
            ("source_bank_account_id", "manual_payment_method"),
        ),
    }
    number = text(paid, "id") if isinstance(paid, dict) else None
    return item(row, content, bill_title(row), external_id=payment_key(number, required_id(row)))


def _remittance(paid, bill_id, reference):
    """The proof of a payment by Ramp. Its link is internal: it means an operation of Ramp's API."""
    method = text(paid, "payment_method")
    if not method or method in CARD_METHODS or method == "PAID_MANUALLY":
        return ()
    name = safe_name(f"Remittance {reference or bill_id}.pdf")
    return (Attachment(name=name, url=f"{REMITTANCE}{bill_id}"),)


def is_debited_otherwise(payload):
    """Whether the bank debited another currency than that of the bill."""
    taken = currency_taken(payload)
    return bool(taken) and taken != text(part(payload, "amount"), "currency_code").upper()


def may_pay_others(payload):
    """Whether a debit in another currency may include other bills."""
    if not is_debited_otherwise(payload):
        return False
    whole, _currency = read_money(part(payload, "payment")["amount"], _("the amount of the payment"))
    rate = exchange_rate(payload)
    own = _amount_paid(payload)[0] / rate if rate else 0
    return not own * (1 - BANK_MARGIN) <= whole <= own * (1 + BANK_MARGIN)


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
