"""Ramp Developer API, version v1.

The fields follow Ramp's published OpenAPI document (`docs.ramp.com/openapi/developer-api.json`); each method names its
operation there. Comments that contradict that document describe the behavior that integrators have observed.
"""

import base64
import json
import re
from contextlib import contextmanager
from urllib.parse import urlsplit

from ...core.errors import ConnectorError, NotFoundError, PermanentError, RemoteError
from ...core.http.client import HttpClient
from ...core.http.oauth import client_credentials
from ...core.http.rate import shared_window
from ...core.http.rows import content_key, objects
from ...core.messages import _

ROOT = "/developer/v1"
PAGE_SIZE = 100
"""The maximum that Ramp allows."""
REQUESTS, WINDOW = 160, 10.0
"""80 % of Ramp's 200 requests in rolling 10 seconds for one source address."""
STALE_PAGES = 3
"""Consecutive pages without a new row after which a listing counts as endless."""
DOUBTFUL = (400, 422)
"""Statuses of a refusal that may also mean an unknown ID: the document declares 400 for some operations, 404 for some,
and nothing for the rest."""


class RampClient(HttpClient):
    """One Ramp business. All IDs are Ramp's own unless stated otherwise.

    All methods raise the errors of `HttpClient.call`.

    :param scope: scopes to request, separated by spaces; without any, Ramp returns a token without permissions
    :param options: as for `HttpClient`
    """

    label = "Ramp"
    trace_header = "x-trace-id"
    file_hosts = ("ramp.com",)
    """Domain of receipts and statements (see the examples of `receipt_url` and `statement_url` in the document)."""

    def __init__(self, base_url, *, client_id, client_secret, scope, tokens, **options):
        options.setdefault("limiter", shared_window(f"ramp {urlsplit(base_url).netloc}", REQUESTS, WINDOW))
        basic = base64.b64encode(f"{client_id}:{client_secret}".encode()).decode()
        super().__init__(base_url, tokens=tokens, secrets=(client_secret, basic), **options)
        self._client_id = client_id
        self._client_secret = client_secret
        self.scope = scope

    def fetch_token(self, scope=None):
        """`POST /token`: a new `AccessToken` for the scope, by default the client's own; valid for ten days."""
        wanted = self.scope if scope is None else scope
        return client_credentials(self, f"{ROOT}/token", self._client_id, self._client_secret, wanted)

    def explain(self, data):
        """`error_v2` first, then `message`, `error.message`, and the OAuth form of an error."""
        if not isinstance(data, dict):
            return "", ""
        modern, legacy = data.get("error_v2"), data.get("error")
        if isinstance(modern, dict):
            message = _joined(modern.get("message"), modern.get("additional_info"))
            return _text(modern.get("error_code")), message or _text(data.get("message"))
        if isinstance(legacy, str):
            return legacy, _text(data.get("error_description")) or _text(data.get("message")) or legacy
        if isinstance(legacy, dict):
            fields = {key: value for key, value in legacy.items() if key != "message"}
            return _text(data.get("error_code")), _joined(data.get("message") or legacy.get("message"), fields)
        return _text(data.get("error_code")), _text(data.get("message"))

    # Business

    def business(self):
        """`GET /business`: the company of the credentials."""
        return self._object("GET", "/business")

    def entities(self):
        """`GET /entities`: pages of the legal entities with their bank accounts."""
        return self._pages("/entities", hide_inactive=True)

    # Accounting connection: one for each business

    def connections(self):
        """`GET /accounting/all-connections`: all accounting connections, including ended ones."""
        rows = self._object("GET", "/accounting/all-connections").get("connections")
        return _rows(rows)

    def create_connection(self, name):
        """`POST /accounting/connection`. If another system is connected, Ramp returns its connection."""
        return self._object("POST", "/accounting/connection", body={"remote_provider_name": name})

    def reactivate_connection(self, connection_id):
        """`POST /accounting/connection/{id}/reactivate`: reactivate an ended connection with its fields."""
        return self._object("POST", f"/accounting/connection/{_id(connection_id)}/reactivate")

    def delete_connection(self):
        """`DELETE /accounting/connection`: end the active API connection."""
        self._call_api("DELETE", "/accounting/connection")

    # Coding

    def accounts(self, **filters):
        """`GET /accounting/accounts`: pages of GL accounts; `id` is the accounting system's ID."""
        return self._pages("/accounting/accounts", **filters)

    def fields(self, **filters):
        """`GET /accounting/fields`: pages of custom accounting fields; `id` is the accounting system's ID."""
        return self._pages("/accounting/fields", **filters)

    def field_options(self, field_id=None, **filters):
        """`GET /accounting/field-options`: pages of the options of a field.

        `ramp_id` identifies it or, if the interface supports that, `field_remote_id`, its Odoo ID.
        """
        return self._pages_of_record("/accounting/field-options", field_id=field_id, **filters)

    def tax_code_options(self, **filters):
        """`GET /accounting/tax/code/options`: pages of tax codes; `id` is the accounting system's ID."""
        return self._pages_of_record("/accounting/tax/code/options", **filters)

    def accounting_vendors(self, **filters):
        """`GET /accounting/vendors`: pages of the accounting system's vendors, which are not those of bill pay."""
        return self._pages("/accounting/vendors", **filters)

    def upload_accounting_vendors(self, vendors):
        """`POST /accounting/vendors`: 1 to 500 of `{id, name, code?}`, all or none; existing ones are refused."""
        return self._object("POST", "/accounting/vendors", body={"vendors": vendors})

    def update_accounting_vendor(self, ramp_id, body):
        """`PATCH /accounting/vendors/{vendor_id}`."""
        return self._object("PATCH", f"/accounting/vendors/{_id(ramp_id)}", body=body)

    # Vendors of bill pay

    def vendors(self, **filters):
        """`GET /vendors`: pages of vendors."""
        return self._pages("/vendors", **filters)

    def vendor(self, vendor_id):
        """`GET /vendors/{vendor_id}`."""
        return self._record(f"/vendors/{_id(vendor_id)}")

    def vendor_contacts(self, vendor_id):
        """`GET /vendors/{vendor_id}/contacts`: pages of the contacts of a vendor."""
        return self._pages_of_record(f"/vendors/{_id(vendor_id)}/contacts")

    def create_vendor(self, body):
        """`POST /vendors`: the new vendor. Ramp has no idempotency key here: look up before repeating."""
        return self._object("POST", "/vendors", body=body)

    def update_vendor(self, vendor_id, body):
        """`PATCH /vendors/{vendor_id}`: the changed vendor. Older interfaces lack `name`."""
        path = f"/vendors/{_id(vendor_id)}"
        return self._changed(path, "PATCH", path, body=body)

    def create_vendor_contact(self, vendor_id, body):
        """`POST /vendors/{vendor_id}/contacts`: another contact, which may need approval in Ramp."""
        return self._object("POST", f"/vendors/{_id(vendor_id)}/contacts", body=body)

    def update_vendor_contact(self, vendor_id, contact_id, body):
        """`PATCH /vendors/{vendor_id}/contacts/{vendor_contact_id}`."""
        return self._object("PATCH", f"/vendors/{_id(vendor_id)}/contacts/{_id(contact_id)}", body=body)

    # Bills

    def bills(self, **filters):
        """`GET /bills`: pages of bills. Ramp ignores unknown filters: check the rows again."""
        return self._pages("/bills", **filters)

    def bill(self, bill_id):
        """`GET /bills/{bill_id}`: with the trace ID of its payment, which the list lacks."""
        return self._record(f"/bills/{_id(bill_id)}")

    def remittance_receipt(self, bill_id):
        """`GET /bills/{bill_id}/remittance-receipt`: MIME type and content of the proof of its payment."""
        answer = self._call_api("GET", f"/bills/{_id(bill_id)}/remittance-receipt", as_file=True)
        mime = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        return mime or "application/pdf", answer.content

    def create_sync(self, body):
        """`POST /accounting/syncs`: report results. The same `idempotency_key` counts once."""
        return self._object("POST", "/accounting/syncs", body=body)

    # Webhooks

    def webhooks(self):
        """`GET /webhooks`: all subscriptions, without their secrets."""
        return _rows(self._call_api("GET", "/webhooks").data)

    def create_webhook(self, endpoint_url, event_types, headers):
        """`POST /webhooks`: the subscription with its `secret`, which Ramp shows only now."""
        body = {"endpoint_url": endpoint_url, "event_types": list(event_types), "additional_headers": headers}
        return self._object("POST", "/webhooks", body=body)

    def delete_webhook(self, webhook_id):
        """`DELETE /webhooks/{webhook_id}`."""
        path = f"/webhooks/{_id(webhook_id)}"
        self._changed(path, "DELETE", path)

    def verify_webhook(self, webhook_id, challenge):
        """`POST /webhooks/{webhook_id}/verify`: whether Ramp accepts the challenge."""
        answer = self._object("POST", f"/webhooks/{_id(webhook_id)}/verify", body={"challenge": challenge})
        return answer.get("success") is True

    # Spend: card transactions, reimbursements and their receipts

    def transactions(self, **filters):
        """`GET /transactions`: pages of card transactions. Their `amount` is in major units, unlike all others."""
        return self._pages("/transactions", **filters)

    def transaction(self, transaction_id):
        """`GET /transactions/{transaction_id}`."""
        return self._record(f"/transactions/{_id(transaction_id)}")

    def reimbursements(self, **filters):
        """`GET /reimbursements`: pages of one direction, by default debts of the company to users."""
        return self._pages("/reimbursements", **filters)

    def reimbursement(self, reimbursement_id):
        """`GET /reimbursements/{reimbursement_id}`."""
        return self._record(f"/reimbursements/{_id(reimbursement_id)}")

    def receipts(self, **filters):
        """`GET /receipts`: pages of receipts with links that expire after an hour."""
        return self._pages("/receipts", **filters)

    def repayments(self, **filters):
        """`GET /repayments`: pages of repayments by employees."""
        return self._pages("/repayments", **filters)

    # The card account: statements, their payment, cashback

    def statements(self, **filters):
        """`GET /statements`: pages of card statements; the filters apply to their last day."""
        return self._pages("/statements", **filters)

    def statement(self, statement_id):
        """`GET /statements/{statement_id}`."""
        return self._record(f"/statements/{_id(statement_id)}")

    def transfers(self, **filters):
        """`GET /transfers`: pages of payments of the card balance."""
        return self._pages("/transfers", **filters)

    def transfer(self, transfer_id):
        """`GET /transfers/{transfer_id}`."""
        return self._record(f"/transfers/{_id(transfer_id)}")

    def cashbacks(self, **filters):
        """`GET /cashbacks`: pages of cashback payments."""
        return self._pages("/cashbacks", **filters)

    def cashback(self, cashback_id):
        """`GET /cashbacks/{cashback_id}`."""
        return self._record(f"/cashbacks/{_id(cashback_id)}")

    # Vendor credits

    def vendor_credits(self, **filters):
        """`GET /vendors/credits`: pages of vendor credits; without used up ones unless a filter includes them.

        The schema nests lists in the list, its example does not: both are read.
        """
        return self._pages("/vendors/credits", flattened, **filters)

    def vendor_credit(self, credit_id):
        """`GET /vendors/credits/{vendor_credit_id}`."""
        return self._record(f"/vendors/credits/{_id(credit_id)}")

    # Codes of the accounting system

    def upload_accounts(self, accounts):
        """`POST /accounting/accounts`: 1 to 500 of `{id, name, classification, code?}`, all or none."""
        return _rows(self._object("POST", "/accounting/accounts", body={"gl_accounts": accounts}).get("gl_accounts"))

    def update_account(self, ramp_id, body):
        """`PATCH /accounting/accounts/{gl_account_id}`: name, code, visibility; never the classification."""
        return self._object("PATCH", f"/accounting/accounts/{_id(ramp_id)}", body=body)

    def create_field(self, body):
        """`POST /accounting/fields`: the new field, or the existing one with that `id`."""
        return self._object("POST", "/accounting/fields", body=body)

    def update_field(self, ramp_id, body):
        """`PATCH /accounting/fields/{field_id}`."""
        return self._object("PATCH", f"/accounting/fields/{_id(ramp_id)}", body=body)

    def upload_field_options(self, field_id, options):
        """`POST /accounting/field-options`: 1 to 500 of `{id, value, code?}`, all or none."""
        body = {"field_id": field_id, "options": options}
        return _rows(self._object("POST", "/accounting/field-options", body=body).get("options"))

    def update_field_option(self, ramp_id, body):
        """`PATCH /accounting/field-options/{field_option_id}`."""
        return self._object("PATCH", f"/accounting/field-options/{_id(ramp_id)}", body=body)

    def upload_entities(self, entities):
        """`POST /accounting/entities`: 1 to 500 of `{id, name, currency?, country?}`: neither list nor change."""
        return _rows(self._object("POST", "/accounting/entities", body={"entities": entities}).get("entities"))

    def update_connection(self, connection_id, settings):
        """`PATCH /accounting/connection/{id}`: settings of Odoo's own accounting connection."""
        return self._object("PATCH", f"/accounting/connection/{_id(connection_id)}", body={"settings": settings})

    def tax_rates(self, **filters):
        """`GET /accounting/tax/rates`: pages of tax rates."""
        return self._pages("/accounting/tax/rates", **filters)

    def upload_tax_rates(self, rates):
        """`POST /accounting/tax/rates`: `{id, name, rate, accounting_gl_account_id}`, the account by its Ramp ID."""
        return _rows(self._object("POST", "/accounting/tax/rates", body={"tax_rates": rates}).get("tax_rates"))

    def update_tax_rate(self, ramp_id, body):
        """`PATCH /accounting/tax/rates/{id}`."""
        return self._object("PATCH", f"/accounting/tax/rates/{_id(ramp_id)}", body=body)

    def tax_code(self):
        """`GET /accounting/tax/code`: the one tax field of the accounting connection."""
        return self._record("/accounting/tax/code")

    def create_tax_code(self, name):
        """`POST /accounting/tax/code`: create it; there can be only one."""
        return self._object("POST", "/accounting/tax/code", body={"name": name})

    def upload_tax_code_options(self, options):
        """`POST /accounting/tax/code/options`: `{id, name, tax_rate_ids}`, the rates by their Odoo IDs."""
        return _rows(self._object("POST", "/accounting/tax/code/options", body={"options": options}).get("options"))

    def update_tax_code_option(self, ramp_id, body):
        """`PATCH /accounting/tax/code/options/{option_id}`."""
        return self._object("PATCH", f"/accounting/tax/code/options/{_id(ramp_id)}", body=body)

    def delete_tax_code_option(self, ramp_id):
        """`DELETE /accounting/tax/code/options/{option_id}`: it remains, but users can no longer choose it."""
        self._call_api("DELETE", f"/accounting/tax/code/options/{_id(ramp_id)}", body={})

    # Purchase orders and receipts (Ramp Plus)

    def purchase_orders(self, **filters):
        """`GET /purchase-orders`: pages. Without `three_way_match_enabled`, Ramp may list only orders without it."""
        return self._pages("/purchase-orders", **filters)

    def purchase_order(self, order_id):
        """`GET /purchase-orders/{purchase_order_id}`: archived ones are not found."""
        return self._record(f"/purchase-orders/{_id(order_id)}")

    def create_purchase_order(self, body):
        """`POST /purchase-orders`."""
        return self._object("POST", "/purchase-orders", body=body)

    def update_purchase_order(self, order_id, body):
        """`PATCH /purchase-orders/{purchase_order_id}`: neither vendor nor lines."""
        return self._object("PATCH", f"/purchase-orders/{_id(order_id)}", body=body)

    def archive_purchase_order(self, order_id):
        """`POST /purchase-orders/{purchase_order_id}/archive`: irreversible. Ramp requires a body."""
        path = f"/purchase-orders/{_id(order_id)}"
        self._changed(path, "POST", f"{path}/archive", body={})

    def add_purchase_order_lines(self, order_id, lines):
        """`POST /purchase-orders/{purchase_order_id}/line-items`."""
        return self._object("POST", f"/purchase-orders/{_id(order_id)}/line-items", body={"line_items": lines})

    def update_purchase_order_line(self, order_id, line_id, body):
        """`PATCH /purchase-orders/{purchase_order_id}/line-items/{line_item_id}`."""
        return self._object("PATCH", f"/purchase-orders/{_id(order_id)}/line-items/{_id(line_id)}", body=body)

    def delete_purchase_order_line(self, order_id, line_id):
        """`DELETE /purchase-orders/{purchase_order_id}/line-items/{line_item_id}`."""
        self._call_api("DELETE", f"/purchase-orders/{_id(order_id)}/line-items/{_id(line_id)}")

    def item_receipts(self, **filters):
        """`GET /item-receipts`: pages."""
        return self._pages("/item-receipts", **filters)

    def item_receipt(self, receipt_id):
        """`GET /item-receipts/{item_receipt_id}`."""
        return self._object("GET", f"/item-receipts/{_id(receipt_id)}")

    def create_item_receipt(self, body):
        """`POST /item-receipts`; there is no change: delete one and create another one."""
        return self._object("POST", "/item-receipts", body=body)

    def delete_item_receipt(self, receipt_id):
        """`DELETE /item-receipts/{item_receipt_id}`."""
        path = f"/item-receipts/{_id(receipt_id)}"
        self._changed(path, "DELETE", path)

    # Bills from Odoo

    def drafts(self, **filters):
        """`GET /bills/drafts`: pages of draft bills."""
        return self._pages("/bills/drafts", **filters)

    def draft(self, draft_id):
        """`GET /bills/drafts/{draft_bill_id}`."""
        return self._record(f"/bills/drafts/{_id(draft_id)}")

    def create_draft(self, body):
        """`POST /bills/drafts`; a `remote_id` of another draft is a conflict."""
        return self._object("POST", "/bills/drafts", body=body)

    def update_draft(self, draft_id, body):
        """`PATCH /bills/drafts/{draft_bill_id}`: replaces the whole list of lines."""
        path = f"/bills/drafts/{_id(draft_id)}"
        return self._changed(path, "PATCH", path, body=body)

    def create_bill(self, body):
        """`POST /bills`: a bill that is approved without approval steps; Ramp may pay it."""
        return self._object("POST", "/bills", body=body)

    def update_bill(self, bill_id, body):
        """`PATCH /bills/{bill_id}`: approved bills only."""
        path = f"/bills/{_id(bill_id)}"
        return self._changed(path, "PATCH", path, body=body)

    def archive_bill(self, bill_id):
        """`DELETE /bills/{bill_id}`: refused for a paid bill."""
        path = f"/bills/{_id(bill_id)}"
        self._changed(path, "DELETE", path)

    def attach(self, owner, owner_id, kind, name, content, mimetype):
        """`POST /bills/{bill_id}/attachments` or `/bills/drafts/{draft_bill_id}/attachments`: the ID of the file.

        :param owner: `bills` or `bills/drafts`
        :param kind: `INVOICE` (only one) or `FILE`
        """
        return self._object(
            "POST",
            f"/{owner}/{_id(owner_id)}/attachments",
            form={"attachment_type": kind},
            files={"file": (name, content, mimetype)},
        )

    # People

    def users(self, **filters):
        """`GET /users`: pages; suspended users only if `status` includes them."""
        return self._pages("/users", **filters)

    def user(self, user_id):
        """`GET /users/{id}`."""
        return self._record(f"/users/{_id(user_id)}")

    def create_user(self, body):
        """`POST /users/deferred`: the ID of a task; for an existing email address it returns that user."""
        return self._object("POST", "/users/deferred", body=body)

    def user_task(self, task_id):
        """`GET /users/deferred/status/{task_id}`."""
        return self._record(f"/users/deferred/status/{_id(task_id)}")

    def update_user(self, user_id, body):
        """`PATCH /users/{id}`: everything except the email address, which Ramp ignores."""
        return self._object("PATCH", f"/users/{_id(user_id)}", body=body)

    def deactivate_user(self, user_id):
        """`PATCH /users/{id}/deactivate`: freezes the user's cards."""
        self._call_api("PATCH", f"/users/{_id(user_id)}/deactivate")

    def reactivate_user(self, user_id):
        """`PATCH /users/{id}/reactivate`."""
        self._call_api("PATCH", f"/users/{_id(user_id)}/reactivate")

    def departments(self):
        """`GET /departments`: pages."""
        return self._pages("/departments")

    def create_department(self, name):
        """`POST /departments`."""
        return self._object("POST", "/departments", body={"name": name})

    def locations(self):
        """`GET /locations`: pages."""
        return self._pages("/locations")

    def create_location(self, name, entity_id):
        """`POST /locations`."""
        body = {"name": name, **({"entity_id": entity_id} if entity_id else {})}
        return self._object("POST", "/locations", body=body)

    # Calling

    def _call_api(self, method, path, **sending):
        return self.call(method, ROOT + path, **sending)

    def _object(self, method, path, **sending):
        """The object in the answer; an empty answer to a write is an empty object, because Ramp returns both."""
        data = self._call_api(method, path, **sending).data
        if data is None and method != "GET":
            return {}
        if not isinstance(data, dict):
            raise RemoteError(_("The answer of Ramp is not the requested record."))
        return data

    def _record(self, path):
        """The record at a path with no other parameter than an ID.

        :raises NotFoundError: Ramp does not have it, whatever status Ramp returns
        """
        with _by_id_alone():
            return self._object("GET", path)

    def _changed(self, path, *request, **sending):
        """The answer to a request that changes the record at `path`.

        Ramp may refuse an unknown record with the same status as an invalid change, so the record is read.

        :raises NotFoundError: Ramp does not have it, whatever status Ramp returns
        """
        try:
            return self._object(*request, **sending)
        except PermanentError as error:
            if error.status in DOUBTFUL and self._is_unknown(path):
                raise error.recast(NotFoundError, error.message) from error
            raise

    def _is_unknown(self, path):
        try:
            self._record(path)
        except NotFoundError:
            return True
        except ConnectorError:
            # the refusal itself is the relevant error
            return False
        return False

    def _pages_of_record(self, path, **filters):
        """Pages of a list of one record.

        :raises NotFoundError: Ramp does not have that record, whatever status Ramp returns
        """
        return _of_record(self._pages(path, **filters))

    def _pages(self, path, arranged=lambda rows: rows, **filters):
        """Rows of each page. `page.next` is a URL or a bare cursor.

        Pages may repeat: known rows are skipped, and a listing without new rows ends with an error.

        :param arranged: a function that makes a flat list of the rows
        :raises RemoteError: the listing does not end
        """
        path = ROOT + path
        first = {**filters, "page_size": PAGE_SIZE}
        target, params = path, first
        seen, stale = set(), 0
        while True:
            data = self.call("GET", target, params=params).data
            page = data.get("page") if isinstance(data, dict) else None
            rows = _rows(data.get("data") if isinstance(data, dict) else None, arranged)
            fresh = [row for row in rows if _is_new(row, seen)]
            yield fresh
            following = page.get("next") if isinstance(page, dict) else None
            if not following:
                return
            if not isinstance(following, str):
                raise RemoteError(_("The answer of Ramp lacks the next page of a list."))
            stale = 0 if fresh else stale + 1
            if stale >= STALE_PAGES:
                raise RemoteError(_("Ramp repeats the same page of a list, so Odoo did not reach its end."))
            is_address = following.startswith("/") or "://" in following
            target = following if is_address else path
            params = None if is_address else {**first, "start": following}


@contextmanager
def _by_id_alone():
    try:
        yield
    except PermanentError as error:
        if error.status in DOUBTFUL:
            raise error.recast(NotFoundError, error.message) from error
        raise


def _of_record(pages):
    with _by_id_alone():
        yield from pages


def _is_new(row, seen):
    """Whether the row is new; remembers it."""
    key = row.get("ramp_id") or row.get("id")
    if not isinstance(key, str):
        key = content_key(row)
    if key in seen:
        return False
    seen.add(key)
    return True


def flattened(rows):
    return [row for part in rows for row in (part if isinstance(part, list) else [part])]


def _rows(rows, arranged=lambda rows: rows):
    if isinstance(rows, list):
        return objects(arranged(rows))
    raise RemoteError(_("The answer of Ramp is not a list of records."))


def _id(value):
    """The ID as a part of a path; other texts must not lead to another path."""
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9_-]{1,100}", value):
        return value
    raise NotFoundError(_("Ramp does not have this record: its ID is not a Ramp ID."))


def _text(value):
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, default=str)


def _joined(message, fields):
    """Message and field errors in one sentence: `Missing data (contact.email: Required.)`."""
    errors = "; ".join(_field_errors(fields))
    message = _text(message).strip()
    if errors and message:
        return f"{message.rstrip('.')} ({errors})"
    return message or errors


def _field_errors(value, path="", depth=0):
    """`name: message` for each message; dots join the names of nested bodies."""
    if depth > 5:
        return
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _field_errors(item, f"{path}.{key}" if path else str(key), depth + 1)
    elif isinstance(value, list):
        for item in value:
            yield from _field_errors(item, path, depth + 1)
    elif value not in (None, ""):
        text = str(value).rstrip(".")
        yield f"{path}: {text}" if path else text
