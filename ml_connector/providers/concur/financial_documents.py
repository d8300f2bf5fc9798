"""The Financial Integration Service (financial-integration/v4.financial-integration), and what its flows share.

An acknowledged document leaves its queue for good.
"""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

from ...core import items as listed
from ...core.errors import InvalidDataError, NotRelevantError, PermanentError, RemoteError
from ...core.flow import PullFlow
from ...core.http import content_key, read_json
from ...core.messages import _
from ...core.remote import RemotePage, RemoteRecord
from ...core.wire import needed, part, text
from .client import FIS_PATH, objects_of
from .scopes import FIS
from .wire import day, found_text, yes

ACKNOWLEDGED_BEFORE = 101
RECALLED = (102, 103, 104)
PARALLEL_READS = 4
REPORTS_PAGE = 100
PAGE = 25
"""The documented page size of the service; its largest is not published."""
TAKEN = "ACKNOWLEDGED"
"""Status of a document that left the queue and has no result yet."""
BOOKED = ("POSTING_CONFIRMED_SUCCESS", "PAYMENT_CONFIRMED_SUCCESS", "PAYMENT_CONFIRMED_REVERSED", "PAID")
REASONS = {
    102: _("The document was recalled in SAP Concur before Odoo booked it."),
    103: _("The document is no longer ready in SAP Concur."),
    104: _("The document no longer exists in SAP Concur."),
}


def ready_documents(client, doc_type, page=0, limit=PAGE):
    """A page of the ready documents."""
    return _documents(client, doc_type, page=page, limit=limit)


def document(client, doc_type, source_id, only_ready=False):
    """The document of a report, invoice or cash advance; None without one."""
    found = _documents(client, doc_type, docId=source_id, ignoreDocumentStatus="no" if only_ready else "yes")
    return found[-1] if found else None


def _documents(client, doc_type, **params):
    data = client.call("GET", f"{FIS_PATH}/{doc_type}/transactions", params=params).data
    data = data if isinstance(data, dict) else {}
    # the second key is that of the published samples
    return [_unfolded(row) for row in objects_of(data.get("content") or data.get("fIDocuments"))]


def _unfolded(row):
    """A document whose content may have come as text. Text that is no JSON stays as it is."""
    with suppress(ValueError, TypeError):
        return {**row, "document": read_json(row.get("document"))}
    return row


def acknowledge(client, doc_type, ids):
    """{id: row of the answer}. Repeating it does no harm (code 101)."""
    return confirm(client, doc_type, "acknowledgements", {"ids": list(ids), "systemId": ""})


def confirm(client, doc_type, name, body, repeatable=True):
    """{id: row of the answer} of an acknowledgement or a confirmation."""
    answer = client.call("POST", f"{FIS_PATH}/{doc_type}/transactions/{name}", body=body, repeatable=repeatable)
    return {row.get("docId"): row for row in objects_of(answer.data)}


class FinancialDocuments(PullFlow):
    """Documents of one type. The ID of its source identifies a record; each document of a source is a version."""

    scopes = (FIS,)
    acknowledges = True
    reports = True
    options = ("lock_date_policy", "start_date", "tell_failures")
    defaults = {"tell_failures": False}

    doc_type = ""
    """Its type in the service."""
    head = ""
    """Name of the part with the header fields."""
    id_name = ""
    """Key of the ID of the source in that part."""

    def pull(self, cursor, since):
        """Pages of ready documents; what was acknowledged in between has left the queue."""
        seen, number = set(), 0
        while found := ready_documents(self.client, self.doc_type, number):
            fresh = [row for row in found if _key(row) not in seen]
            if not fresh:
                # documents before the start date and unreadable ones stay at the front of the queue
                number += 1
                continue
            seen.update(map(_key, fresh))
            items = self._items(fresh, number + 1)
            yield RemotePage(items=tuple(item for item in items if self._is_wanted(item, since)))

    def booked(self, since):
        """Pages of documents that left the queue. They are found by their sources only, which have their own lists."""
        with ThreadPoolExecutor(PARALLEL_READS) as pool:
            for source_ids in self.sources(since):
                read = pool.map(lambda source_id: document(self.client, self.doc_type, source_id), source_ids)
                found = [row for row in read if row]
                for statuses, is_told in ((BOOKED, True), ((TAKEN,), False)):
                    yield RemotePage(
                        items=self._items([row for row in found if row.get("docStatus") in statuses]), is_told=is_told
                    )

    def sources(self, since):
        """Pages of IDs of the sources that changed in Concur since a day."""
        raise NotImplementedError

    def read(self, external_id):
        """A document that is ready; one that another system has acknowledged is not booked in Odoo."""
        found = document(self.client, self.doc_type, external_id, only_ready=True)
        return self._item(found) if found else None

    def acknowledge(self, versions):
        """Remove documents from the queue; {version: reason} of those that were recalled meanwhile.

        :raises RemoteError: Concur failed temporarily for some
        """
        answers = acknowledge(self.client, self.doc_type, versions)
        refused = {}
        for version in versions:
            answer = answers.get(version) or {}
            code = answer.get("code")
            if answer.get("acknowledgeResult") == "SUCCESS" or code == ACKNOWLEDGED_BEFORE:
                continue
            if code in RECALLED:
                refused[version] = REASONS[code]
                continue
            error = RemoteError if code in (None, 199) else PermanentError
            raise error(_not_acknowledged(version, text(answer, "errorMessage")), code=str(code))
        return refused

    def _items(self, found, page=1):
        return listed.items(found, self._item, self.provider.label, page=page, identify=listed.own_id)

    def _item(self, row):
        content = row.get("document")
        fi_id = needed(listed.id_of(row), _("The document has no ID."))
        if not isinstance(content, dict):
            raise InvalidDataError(_("The document has no readable content."))
        head = part(content, self.head)
        source_id = needed(text(head, self.id_name), _("The document does not name its record."))
        kept = {key: row.get(key) for key in ("id", "docType", "companyId", "entityId")}
        number = revision(head)
        title = ", ".join(filter(None, (self.title(content), number and f"revision {number}")))
        return RemoteRecord(external_id=source_id, version=fi_id, title=title, payload={**kept, "document": content})

    def title(self, content):
        raise NotImplementedError

    def _is_wanted(self, item, since):
        return listed.FAULT in item.payload or self.is_since(item.payload["document"], since)


class ReportDocuments(FinancialDocuments):
    """Documents of expense reports: what the company pays of a report, and what payroll pays."""

    head, id_name = "report", "reportId"

    def sources(self, since):
        """Reports of all users; payroll documents come from the same reports."""
        filters = {"user": "ALL", "modifiedDateAfter": day_before(since)}
        for page in self.client.offset_pages("/api/v3.0/expense/reports", limit=REPORTS_PAGE, **filters):
            yield [source_id for row in page if (source_id := found_text(row, "ID"))]

    def title(self, content):
        return report_title(part(content, self.head))

    def booking_date(self, content):
        return day(part(content, self.head), "reportPaymentProcessingDate", "reportUserDefinedDate")


def _not_acknowledged(version, reason):
    if reason:
        return _(
            "SAP Concur did not accept the acknowledgement of document %(document)s: %(reason)s.",
            document=version,
            reason=reason.rstrip("."),
        )
    return _("SAP Concur did not answer the acknowledgement of document %(document)s.", document=version)


def _key(row):
    return listed.id_of(row) or content_key(row)


def day_before(since):
    """The filters of the lists take days only, and days differ by time zone."""
    return (since - timedelta(days=1)).isoformat()


def refuse_test(head):
    """:raises NotRelevantError: it belongs to a test user of Concur"""
    if yes(head, "isTest"):
        raise NotRelevantError(_("The record belongs to a test user in SAP Concur."))


def revision(head):
    """The number of the version of a report that was posted before; empty for the first version."""
    number = text(head, "revisionNumber")
    return "" if number in ("0", "1") else number


def report_title(head):
    return " ".join(value for value in (text(head, "reportNumber"), text(head, "reportName")) if value)
