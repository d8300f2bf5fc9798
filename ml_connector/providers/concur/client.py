"""SAP Concur's operations. Each section names its page below `developer.concur.com/api-reference`."""

from contextlib import suppress
from urllib.parse import quote

from ...core.errors import AuthError, NotFoundError, PermanentError
from ...core.files import plain_xml
from ...core.http.client import BearerAuth
from ...core.http.failures import read_json
from .session import FIS_PATH, ConcurSession, objects_of, rejection

VENDORS_PATH = "/api/v3.1/invoice/vendors"
VENDORS_PAGE = 1000
VENDOR_BANKS_PATH = "/api/v3.1/invoice/vendor/banks"
VENDOR_GROUPS_PATH = "/api/v3.1/invoice/vendor/groups"
REQUESTS_PATH = "/api/v3.0/invoice/paymentrequest"
REPORTS_PATH = "/api/v3.0/expense/reports"
REPORTS_PAGE = 100
DIGESTS_PAGE = 1000
FIS_PAGE = 25
"""The documented page size of the financial documents; their largest is not published."""
MOST_IMAGE_ELEMENTS = 100


class ConcurClient(ConcurSession):
    """One company of SAP Concur. Every method raises the errors of `HttpClient.call`."""

    # Vendors v3.1 (invoice/v3.1.vendor)

    def vendors(self, **filters):
        """`GET /invoice/vendors`: pages of vendor records, one for each address of a vendor.

        :param filters: such as `vendorCode`, `vendorName`, `taxID`; compared as a whole, without case
        """
        return self.offset_pages(VENDORS_PATH, "Vendor", limit=VENDORS_PAGE, **filters)

    def create_vendors(self, records):
        """`POST /invoice/vendors`: the answer's records; each says in its `StatusList` whether it was saved."""
        return self._written_vendors("POST", records, repeatable=False)

    def update_vendors(self, records):
        """`PUT /invoice/vendors`, with whole records: what is left out may be lost. Answers as `create_vendors`."""
        return self._written_vendors("PUT", records, repeatable=True)

    def update_vendor_banks(self, accounts):
        """`PUT /invoice/vendor/banks`: adds or changes accounts. Answers as `create_vendors`."""
        answer = self.call("PUT", VENDOR_BANKS_PATH, body={"VendorBank": accounts}, repeatable=True)
        return objects_of(answer.data.get("VendorBank")) if isinstance(answer.data, dict) else []

    def add_vendor_groups(self, vendor_code, address_code, names):
        """`PUT /invoice/vendor/groups`. The answer has no status: only the vendor shows in which groups it is."""
        params = {"vendorCode": vendor_code, "addressCode": address_code}
        body = {"VendorGroup": [{"Name": name} for name in names]}
        self.call("PUT", VENDOR_GROUPS_PATH, params=params, body=body, repeatable=True)

    def remove_vendor_group(self, vendor_code, address_code, name):
        """`DELETE /invoice/vendor/groups`: takes the address out of the group. Answers as `add_vendor_groups`."""
        params = {"vendorCode": vendor_code, "addressCode": address_code, "groupName": name}
        self.call("DELETE", VENDOR_GROUPS_PATH, params=params, repeatable=True)

    def _written_vendors(self, method, records, repeatable):
        answer = self.call(method, VENDORS_PATH, body={"Vendor": records}, repeatable=repeatable)
        return objects_of(answer.data.get("Vendor")) if isinstance(answer.data, dict) else []

    # Lists v4 (common/lists/v4.list, common/list-item/v4.list-item)

    def lists(self):
        """`GET /list/v4/lists`: pages of lists."""
        return self.numbered_pages("/list/v4/lists", first=1, isDeleted=False)

    def list_items(self, list_id):
        """`GET .../lists/{listId}/children`: pages of the items of the first level."""
        return self.numbered_pages(f"/list/v4/lists/{list_id}/children", first=1, isDeleted=False)

    def children_of_item(self, item_id):
        """`GET .../items/{itemId}/children`: pages of the items below an item."""
        return self.numbered_pages(f"/list/v4/items/{item_id}/children", first=1, isDeleted=False)

    def create_list_item(self, list_id, code, value):
        """`POST /list/v4/items`: the new item."""
        return self.call("POST", "/list/v4/items", body={"listId": list_id, "shortCode": code, "value": value}).data

    def update_list_item(self, item_id, code, value):
        """`PUT /list/v4/items/{itemId}`."""
        body = {"shortCode": code, "value": value}
        return self.call("PUT", f"/list/v4/items/{item_id}", body=body, repeatable=True).data

    def delete_list_item(self, list_id, item_id):
        """`DELETE .../lists/{listId}/items/{itemId}`: out of this list only."""
        self.call("DELETE", f"/list/v4/lists/{list_id}/items/{item_id}", repeatable=True)

    # Expense reports v3.0 (expense/v3.reports)

    def expense_reports(self, **filters):
        """`GET /expense/reports`: pages of the list of the reports of all users.

        :param filters: days such as `modifiedDateAfter` as `YYYY-MM-DD`
        """
        return self.offset_pages(REPORTS_PATH, limit=REPORTS_PAGE, user="ALL", **filters)

    # Payment requests v3.0 (invoice/v3.payment-request-digest, invoice/v3.payment-request)

    def payment_request_digests(self, **filters):
        """`GET /invoice/paymentrequestdigests`: pages of the list of invoices.

        :param filters: such as `approvalStatus`; days such as `lastModifiedDateAfter` as `YYYY-MM-DD`
        """
        return self.offset_pages(f"{REQUESTS_PATH}digests", "PaymentRequestDigest", limit=DIGESTS_PAGE, **filters)

    def payment_request(self, request_id):
        """`GET /invoice/paymentrequest/{id}`: an invoice."""
        return self.call("GET", f"{REQUESTS_PATH}/{quote(request_id, safe='')}").data

    # Event Subscription Service v4 (ess/v4.event-subscription)

    def event_topics(self):
        """`GET /events/v4/topics`: names of the topics that the app may subscribe to."""
        data = self._events("GET", "/topics")
        return [name for name in data if isinstance(name, str)] if isinstance(data, list) else []

    def event_subscriptions(self):
        """`GET /events/v4/subscriptions`: all subscriptions of the app."""
        return objects_of(self._events("GET", "/subscriptions"))

    def subscribe_to_events(self, subscription_id, topic, endpoint_url):
        """`PUT /events/v4/subscriptions/webhook`: all events of a topic."""
        endpoint = {"endpoint": endpoint_url}
        body = {"id": subscription_id, "topic": topic, "filter": ".*", "webHookConfig": endpoint}
        self._events("PUT", "/subscriptions/webhook", body)

    def unsubscribe_from_events(self, subscription_id):
        """`DELETE /events/v4/subscriptions/{id}`."""
        self._events("DELETE", f"/subscriptions/{quote(subscription_id, safe='')}")

    def _events(self, method, path, body=None):
        """A call with a token of the app, in the company's data center: each center has subscriptions of its own."""
        center = self.address(self._bearer(self._tokens.get(self.fetch_token)))
        try:
            token = self._asked(center, {"grant_type": "client_credentials"})
        except (AuthError, PermanentError) as error:
            raise rejection(error) from None
        bearer = BearerAuth(self._bearer(token.value))
        deadline = self._clock() + self.budget
        return self._call(method, f"{center}/events/v4{path}", deadline, True, auth=bearer, json=body).data

    # Financial Integration Service v4 (financial-integration/v4.financial-integration)

    def ready_documents(self, doc_type, page=0, limit=FIS_PAGE):
        """`GET .../transactions`: a page of the ready documents; what is acknowledged leaves the queue."""
        return self._documents(doc_type, page=page, limit=limit)

    def document(self, doc_type, source_id, only_ready=False):
        """`GET .../transactions?docId=`: the document of a report, invoice or cash advance; None without one."""
        found = self._documents(doc_type, docId=source_id, ignoreDocumentStatus="no" if only_ready else "yes")
        return found[-1] if found else None

    def _documents(self, doc_type, **params):
        data = self.call("GET", f"{FIS_PATH}/{doc_type}/transactions", params=params).data
        data = data if isinstance(data, dict) else {}
        # the second key is that of the published samples
        return [_unfolded(row) for row in objects_of(data.get("content") or data.get("fIDocuments"))]

    def acknowledge(self, doc_type, ids):
        """`POST .../acknowledgements`: {id: row of the answer}. Repeating it does no harm (code 101)."""
        body = {"ids": list(ids), "systemId": ""}
        return self._confirmed(doc_type, "acknowledgements", body)

    def confirm_postings(self, doc_type, confirmations):
        """`POST .../postingconfirmations`: {id: row of the answer}. Repeating it does no harm (code 113)."""
        body = {"postingConfirmations": confirmations, "systemId": ""}
        return self._confirmed(doc_type, "postingconfirmations", body)

    def confirm_payments(self, doc_type, confirmations):
        """`POST .../paymentconfirmations`: {id: row of the answer}; the same `paymentRef` counts once (NOOP).

        It is not repeated all the same: if the payment is reversed before the next attempt, it matters whether the
        first one took effect.
        """
        body = {"processingConfirmation": confirmations, "systemId": ""}
        return self._confirmed(doc_type, "paymentconfirmations", body, repeatable=False)

    def confirm_invoice_payment(self, row):
        """`POST /invoice/payment-confirmation/v4/payments/bulkUpdate` with one payment (invoice/payment-confirmation).

        :raises PermanentError: it is refused: the invoice has to be in payment status Extracted
        """
        self.call("POST", "/invoice/payment-confirmation/v4/payments/bulkUpdate", body=[row])

    def image_url(self, kind, source_id):
        """`GET /api/image/v1.0/{kind}/{id}`: the link to a file, good for 15 minutes; empty when there is none.

        :param kind: `report` for all receipts of a report, `invoice`
        """
        path = f"/api/image/v1.0/{kind}/{quote(source_id, safe='')}"
        deadline = self._clock() + self.budget
        try:
            answer = self._authorized(
                lambda address, bearer: self._call("GET", address + path, deadline, True, auth=bearer, as_file=True)
            )
        except NotFoundError:
            return ""
        return _image_url(answer.content)

    def _confirmed(self, doc_type, name, body, repeatable=True):
        path = f"{FIS_PATH}/{doc_type}/transactions/{name}"
        answer = self.call("POST", path, body=body, repeatable=repeatable)
        return {row.get("docId"): row for row in objects_of(answer.data)}


def _image_url(content):
    """The link in the XML of the Image API, which is small."""
    try:
        waiting = [plain_xml.parse(content, MOST_IMAGE_ELEMENTS)]
    except plain_xml.XmlError:
        return ""
    while waiting:
        node = waiting.pop(0)
        if node.name == "Url":
            return "".join(node.text).strip()
        waiting += node.children
    return ""


def _unfolded(row):
    """A financial document whose content may have come as text. Text that is no JSON stays as it is."""
    with suppress(ValueError, TypeError):
        return {**row, "document": read_json(row.get("document"))}
    return row
