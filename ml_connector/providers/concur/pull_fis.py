"""Reads the queue of financial documents. A document leaves it when it is acknowledged, and never comes back."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from ...core import items as rows
from ...core.errors import InvalidDataError, PermanentError, RemoteError
from ...core.http import content_key
from ...core.provider import RemotePage, RemoteRecord
from .fis_invoices import invoice
from .translate_cash_advance import cash_advance
from .translate_expense import expense_report, revision, title
from .translate_payroll import payroll
from .wire import day, found_text, part, text

ACKNOWLEDGED_BEFORE = 101
RECALLED = (102, 103, 104)
PARALLEL_READS = 4
TAKEN = "ACKNOWLEDGED"
"""Status of a document that left the queue and of which no result came."""
BOOKED = ("POSTING_CONFIRMED_SUCCESS", "PAYMENT_CONFIRMED_SUCCESS", "PAYMENT_CONFIRMED_REVERSED", "PAID")
REASONS = {
    102: "It was taken back in SAP Concur before it was booked.",
    103: "It is not ready in SAP Concur any more.",
    104: "SAP Concur does not know it any more.",
}


class DocumentPuller:
    """Documents of one type. The source's id is the record's, and each document of it is a version."""

    doc_type = ""
    head = ""
    """The part that is about all of it."""
    id_name = ""
    """The key in it of the source's id."""

    def __init__(self, provider):
        self._provider = provider

    @property
    def client(self):
        return self._provider.client

    def pull(self, cursor, since):
        """Pages of ready documents; what was acknowledged in between has left the queue."""
        seen, number = set(), 0
        while found := self.client.ready_documents(self.doc_type, number):
            fresh = [row for row in found if _key(row) not in seen]
            if not fresh:
                # what stays in front: documents before the start date, and those that cannot be read
                number += 1
                continue
            seen.update(map(_key, fresh))
            items = self._items(fresh, number + 1)
            yield RemotePage(items=tuple(item for item in items if self._is_wanted(item, since)))

    def booked(self, since):
        """What left the queue. Its documents are only found by their sources, which have lists of their own."""
        with ThreadPoolExecutor(PARALLEL_READS) as pool:
            for source_ids in self.sources(since):
                read = pool.map(lambda source_id: self.client.document(self.doc_type, source_id), source_ids)
                found = [row for row in read if row]
                for statuses, is_told in ((BOOKED, True), ((TAKEN,), False)):
                    yield RemotePage(
                        items=self._items([row for row in found if row.get("docStatus") in statuses]), is_told=is_told
                    )

    def sources(self, since):
        """Pages of ids of what changed in Concur since a day."""
        raise NotImplementedError

    def fetch(self, external_id):
        """A document that is ready; one that somebody else took is not ours to book."""
        found = self.client.document(self.doc_type, external_id, only_ready=True)
        return self._item(found) if found else None

    def acknowledge(self, versions):
        """Take documents out of the queue; {version: reason} of those that were taken back meanwhile.

        :raises RemoteError: Concur could not do it for some, for now
        """
        answers = self.client.acknowledge(self.doc_type, versions)
        refused = {}
        for version in versions:
            answer = answers.get(version) or {}
            code = answer.get("code")
            if answer.get("acknowledgeResult") == "SUCCESS" or code == ACKNOWLEDGED_BEFORE:
                continue
            if code in RECALLED:
                refused[version] = REASONS[code]
                continue
            message = text(answer, "errorMessage") or "no result came for it"
            problem = RemoteError if code in (None, 199) else PermanentError
            raise problem(
                f"SAP Concur did not take the acknowledgement of document {version}: {message}.", code=str(code)
            )
        return refused

    def document(self, payload):
        return self.translate(payload["document"])

    def _items(self, found, page=1):
        return rows.items(found, self._item, self._provider.label, page=page, identify=rows.own_id)

    def _item(self, row):
        content = row.get("document")
        fi_id = row.get("id")
        if not (isinstance(fi_id, str) and fi_id):
            raise InvalidDataError("It has no id.")
        if not isinstance(content, dict):
            raise InvalidDataError("It has no content that can be read.")
        source_id = self.source_id(content)
        if not source_id:
            raise InvalidDataError("It does not say of which record it is.")
        kept = {key: row.get(key) for key in ("id", "docType", "companyId", "entityId")}
        number = revision(part(content, self.head))
        title = ", ".join(filter(None, (self.title(content), number and f"revision {number}")))
        return RemoteRecord(
            external_id=source_id,
            version=fi_id,
            title=title,
            payload={**kept, "document": content},
        )

    def source_id(self, content):
        return text(part(content, self.head), self.id_name)

    def _is_wanted(self, item, since):
        if since is None or rows.FAULT in item.payload:
            return True
        try:
            booked = self.booking_date(self._provider.localized(item.payload["document"]))
        except InvalidDataError:
            return True
        return booked is None or booked >= since


class ReportPuller(DocumentPuller):
    doc_type = "expense"
    head, id_name = "report", "reportId"
    translate = staticmethod(expense_report)

    def sources(self, since):
        """Of the reports of all users; payroll has the same reports."""
        for page in self.client.expense_reports(modifiedDateAfter=_day_before(since)):
            yield [source_id for row in page if (source_id := found_text(row, "ID"))]

    def title(self, content):
        return title(part(content, self.head))

    def booking_date(self, content):
        return day(part(content, self.head), "reportPaymentProcessingDate", "reportUserDefinedDate")


class PayrollPuller(ReportPuller):
    doc_type = "payroll"
    translate = staticmethod(payroll)


class CashAdvancePuller(DocumentPuller):
    doc_type = "cashadvance"
    head, id_name = "cashAdvanceData", "cashAdvanceId"
    translate = staticmethod(cash_advance)

    def title(self, content):
        return text(part(content, self.head), "name", "cashAdvanceId")

    def booking_date(self, content):
        return day(part(content, self.head), "issuedDate", "requestDate")


class InvoicePuller(DocumentPuller):
    doc_type = "invoice"
    head, id_name = "requestHeader", "requestId"
    translate = staticmethod(invoice)

    def sources(self, since):
        for page in self.client.payment_request_digests(lastModifiedDateAfter=_day_before(since)):
            yield [source_id for row in page if (source_id := found_text(row, "PaymentRequestId"))]

    def title(self, content):
        number = text(part(content, self.head), "vendorInvoiceNumber")
        return " - ".join(value for value in (number, text(part(content, "vendor"), "vendorName")) if value)

    def booking_date(self, content):
        return day(part(content, self.head), "postingDate", "invoiceDate")


def _key(row):
    return rows.id_of(row) or content_key(row)


def _day_before(since):
    """The lists' filters know days only, and days differ by time zone."""
    return (since - timedelta(days=1)).isoformat()
