"""Vendor bills of Ramp Bill Pay and their files, into Odoo."""

from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from urllib.parse import urlsplit

from ...core.documents import Attachment, Bill, Party
from ...core.errors import InvalidDataError
from ...core.items import id_of
from ...core.messages import _
from ...core.wire import day, part, text
from .bill_lines import bill_lines
from .client import path_id
from .drafts import BILL, DRAFT
from .links import Links, file_name, safe_name, unused
from .money import read_money, read_number
from .pull_base import LOOK_BACK, RampPull, since_moment
from .wire import as_list, coding_key, item, line_key, money_key, picked, required_id

HELD, VENDOR_NOT_APPROVED = "ON_HOLD", "PENDING_VENDOR_APPROVAL"
"""Values of `status_summary` of approved bills that Ramp does not pay."""
BILL_SYNCED = ("BILL_SYNCED", "BILL_AND_PAYMENT_SYNCED")
# Without payment and status, which belong to the payment, and without links to files, which differ at each reading.
_BILL_KEYS = (
    "accounting_date",
    "due_at",
    "fx_conversion_rate",
    "invoice_number",
    "issued_at",
    "memo",
    "posting_date",
    "purchase_order_id",
)


class BillPull(RampPull):
    """Reads rows of bills, which also show the payment of a bill and its files."""

    def listed(self, **filters):
        """Pages of rows. None while another system is the accounting system, because that system books them."""
        if not self.is_foreign:
            own = {"is_accounting_sync_enabled": True, "entity_id": self.entity_id or None}
            yield from self.client.pages("/bills", **own, **filters)

    def row(self, bill_id):
        """A bill, with the trace ID of its payment, which lists lack."""
        return self.client.one(f"/bills/{path_id(bill_id)}")

    def concerns_us(self, row):
        """Whether a bill belongs to this connection. Ramp ignores unknown filters, so it is checked again."""
        if row.get("enable_accounting_sync") is False:
            return False
        return not self.entity_id or text(row, "entity_id") == self.entity_id

    def selected(self, is_wanted, **filters):
        """Pages of the records of the wanted bills."""
        links = self.provider.flow(BillFiles.key).links

        def read(row):
            if not (self.concerns_us(row) and is_wanted(row)):
                return None
            record = self.item(row)
            links.note(row)
            return record

        return self.pages(self.listed(**filters), read)

    def paid_lately(self):
        """Pages of the records of bills that were paid recently and whose payment Ramp has marked as synced."""
        begin = (datetime.now(UTC) - LOOK_BACK).isoformat()
        return self.with_status("BILL_AND_PAYMENT_SYNCED", from_paid_at=begin)

    def with_status(self, status, **filters):
        return self.selected(
            lambda row: is_bill_booked(row) and row["sync_status"] == status, sync_status=status, **filters
        )

    def booking_date(self, row):
        return day(row, "accounting_date", "posting_date", "issued_at")

    def item(self, row):
        raise NotImplementedError


class Bills(BillPull):
    key = "bills"
    label = _("Vendor Bills")
    kind = "bill"
    sequence = 30
    scopes = ("bills:read",)
    reports = True
    relists = True
    events = ("bills.ready_to_sync", "bills.approved", "bills.updated", "bills.archived")
    files = "bill_files"
    options = ("post_bills", "lock_date_policy", "start_date", "create_vendors", "rate_tolerance")
    help = _("Reads bills that are ready to sync in Ramp.")
    sync_type = "BILL_SYNC"

    def pull(self, cursor, since):
        yield from self.selected(lambda row: is_bill_due(row) and self.is_since(row, since), sync_ready=True)
        yield from self.selected(lambda row: is_taken_back(row) and self.is_since(row, since), is_archived=True)

    def booked(self, since):
        """Ramp does not tell when a bill was booked, so all of its dates count."""
        yield from self.selected(lambda row: is_bill_booked(row) and is_lately(row, since))

    def reread(self):
        """The open bills, and those paid recently.

        Ramp has no filter for changed bills, and an edited bill does not become ready again.
        """
        yield from self.paid_lately()
        yield from self.with_status("BILL_SYNCED")

    def read(self, external_id):
        """A bill if Ramp lists it as ready to sync; no field of the bill tells that."""
        row = self.row(external_id)
        is_offered = self.concerns_us(row) and (self._is_ready(row) if is_bill_due(row) else True)
        return self.item(row) if is_offered else None

    def _is_ready(self, bill):
        vendor = bill.get("vendor")
        filters = {
            "vendor_id": vendor.get("id") if isinstance(vendor, dict) else None,
            "invoice_number": bill.get("invoice_number"),
        }
        pages = self.listed(sync_ready=True, **filters)
        return any(row.get("id") == bill.get("id") for page in pages for row in page)

    def item(self, row):
        content = {
            **picked(row, _BILL_KEYS),
            "amount": money_key(row.get("amount")),
            "vendor": picked(row.get("vendor"), ("id",)),
            "coding": coding_key(row),
            "lines": [
                line_key(line) for key in ("line_items", "inventory_line_items") for line in as_list(row.get(key))
            ],
            **({"archived": True} if row.get("archived_at") else {}),
            **({"unpaid": row["status_summary"]} if row.get("status_summary") in (HELD, VENDOR_NOT_APPROVED) else {}),
        }
        return item(row, content, bill_title(row))

    def is_synced(self, external_id):
        return self.row(external_id).get("sync_status") in BILL_SYNCED

    def translate(self, payload):
        """A `Bill`, or a credit note if the total is negative.

        Amounts of Ramp's lines include their tax: a bill's total is the sum of its lines, without a tax amount.
        """
        external_id = required_id(payload, _("the bill"))
        number = text(payload, "invoice_number")
        total, currency = read_money(payload.get("amount"), _("the amount of the bill"))
        lines = bill_lines(payload, total, currency)
        issued = day(payload, "issued_at", "accounting_date", "posting_date")
        if issued is None:
            raise InvalidDataError(_("The bill has no date in Ramp."))
        rate = self._rate(payload, currency)
        if total < 0:
            lines = [replace(line, amount=-line.amount) for line in lines]
        return Bill(
            external_id=external_id,
            number=number,
            vendor=party(payload, self.provider.handles),
            document_date=issued,
            accounting_date=self.booking_date(payload),
            due_date=day(payload, "due_at"),
            currency=currency,
            total=abs(total),
            lines=tuple(lines),
            **rate,
            is_credit=total < 0,
            memo=text(payload, "memo"),
            payment_reference=text(payload, "vendor_memo"),
            # Only the ID is known here; the number is on the purchase order itself.
            purchase_order=text(payload, "purchase_order_id"),
            attachments=files(payload),
            odoo_id=self.provider.handles.record_id("move", text(payload, "remote_id")),
            sent_as=_sent_as(payload),
            remark=_remark(payload),
            is_void=bool(payload.get("archived_at")),
        )

    def _rate(self, payload, currency):
        """The exchange rate with the currency in which the bill is paid, which is empty if it is unknown."""
        rate = exchange_rate(payload)
        if rate is None:
            return {}
        stored = self.provider.settings.stored
        account = text(part(part(payload, "payment"), "details"), "source_bank_account_id")
        taken = currency_taken(payload)
        paid_in = (
            (stored.get("account_currencies") or {}).get(account)
            or (taken if taken != currency else "")
            or (stored.get("entity_currencies") or {}).get(text(payload, "entity_id"), "")
        )
        return {"exchange_rate": rate, "rate_currency": paid_in}


class BillFiles(BillPull):
    """The files of bills. Importing a bill creates their transfers."""

    key = "bill_files"
    label = _("Invoice Files")
    kind = "file"
    sequence = 40
    scopes = ("bills:read",)
    help = _("Attaches the invoices to the vendor bills.")

    @cached_property
    def links(self):
        """Records of files by bill, from the lists of this run."""

        def listed(since):
            return self.listed(from_created_at=since_moment(since))

        def read(row):
            key = id_of(row)
            return (key, self.item(row)) if key and row.get("invoice_urls") else ("", None)

        return Links(listed, read)

    def read(self, external_id):
        return self.item(self.row(external_id))

    def read_files(self, external_id, known):
        found = self.links.find([external_id], known.get("day", ""))
        return found[0] if found else self.read(external_id)

    def item(self, row):
        """The files of a bill; their links expire, so the version depends on their paths."""
        urls = as_list(row.get("invoice_urls"))
        payload = {key: row.get(key) for key in ("id", "invoice_number", "invoice_urls")}
        return item(row, sorted(_path(url) for url in urls), bill_title(row), payload)

    def translate(self, payload):
        return files(payload)


def is_bill_due(row):
    """Whether a bill that is ready to sync still has to be booked."""
    return row.get("sync_status") not in BILL_SYNCED and not row.get("archived_at")


def is_bill_booked(row):
    """Whether Ramp has marked a bill as synced."""
    return row.get("sync_status") in BILL_SYNCED and not row.get("archived_at")


def is_taken_back(row):
    """Whether a bill was archived after its sync."""
    return bool(row.get("archived_at")) and row.get("sync_status") in BILL_SYNCED


def is_lately(row, since):
    """Whether any date of a bill is that day or later."""
    payment = row.get("payment")
    dates = [row.get(name) for name in ("created_at", "issued_at", "accounting_date", "posting_date", "paid_at")]
    dates += [payment.get("payment_date")] if isinstance(payment, dict) else []
    return max((str(value)[:10] for value in dates if value), default=since.isoformat()) >= since.isoformat()


def bill_title(row):
    vendor = row.get("vendor")
    name = vendor.get("name") if isinstance(vendor, dict) else ""
    return " - ".join(str(part) for part in (row.get("invoice_number"), name) if part)


def _path(url):
    try:
        return urlsplit(url).path if isinstance(url, str) else str(url)
    except ValueError:
        return str(url)


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


def party(payload, handles):
    vendor = part(payload, "vendor")
    return Party(
        external_id=required_id(vendor, _("the vendor of the bill")),
        name=text(vendor, "name"),
        odoo_id=handles.partner_id(text(vendor, "remote_id")),
    )


def exchange_rate(payload):
    """Units of the bill's currency for one of its payer's; Ramp sends the inverse. None if both are the same."""
    stated = payload.get("fx_conversion_rate")
    if stated in (None, ""):
        return None
    rate = read_number(stated, _("the exchange rate of the bill"))
    if not 0 < rate:
        raise InvalidDataError(_("Ramp sent %(rate)s as the exchange rate of the bill.", rate=rate))
    return None if rate == 1 else 1 / rate


def currency_taken(payload):
    taken = part(payload, "payment").get("amount")
    return text(taken, "currency_code").upper() if isinstance(taken, dict) else ""


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
