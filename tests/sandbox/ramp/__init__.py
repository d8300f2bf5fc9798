"""The Ramp sandbox: Ramp's Developer API v1, from its published contract and guides (https://docs.ramp.com)."""

import json
import time
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from hmac import compare_digest

from werkzeug.wrappers import Response

from ..contract import Contract
from ..server import BASE_DATE, Sandbox, Settings, to_json
from . import (  # noqa: F401 - they register their handlers
    bill_writes,
    bills,
    coding,
    connections,
    drafts,
    item_receipts,
    oauth,
    organisation,
    purchase_orders,
    spend,
    statements,
    syncs,
    taxes,
    users,
    vendors,
    webhooks,
)
from .control import RampControl
from .dataset import DataSet
from .errors import BAD_DATA, ENVELOPE, NO_BODY, Unknown, bad_data, declared_status, refuse
from .routes import handlers
from .state import State
from .uploads import read_form

CLIENT_ID = "ramp_id_EXAMPLE"
CLIENT_SECRET = "example-secret"
PUBLISHED = "2026-08-01"
TENANTS, CONTACT_FORMS = ("newer", "older"), ("operation", "field")
LENIENT = ("PATCH /developer/v1/users/{user_id}",)  # ignores what it does not know
MULTIPART = "multipart/form-data"
FORMS = ("POST /developer/v1/token",)
# The published schema has an array of arrays here, its example a list like every other.
FLAT_PAGE_OF_CREDITS = {
    "type": "object",
    "required": ["data", "page"],
    "properties": {
        "data": {"type": "array", "items": {"$ref": "#/components/schemas/VendorCreditResource"}},
        "page": {"$ref": "#/components/schemas/DeveloperAPINestedPage"},
    },
}


@dataclass
class RampSettings(Settings):
    """Settings of the Ramp sandbox."""

    token_seconds: int = 864_000
    retry_after: bool = False  # Ramp does not document the header
    signature_encoding: str = "hex"  # or base64: the guide does not say
    signature_header: str = "X-Ramp-Signature"
    challenge_in: str = "event"  # or object: the guide does not say
    challenge_head_start: float = 0.2  # how long a webhook's create answer waits for its challenge to be delivered
    replica_lag: float = 0.0  # seconds until a list shows a row that was made by the API
    task_polls: int = 1  # how often a deferred task is still in progress
    po_list_obeys_default: bool = True  # a list without three_way_match_enabled leaves out three-way orders
    vendor_approval: bool = False  # vendors made by API wait for approval
    unknown_status: int = 0  # of the answer to an unknown id; 0: as the contract declares for the operation
    tenant: str = "newer"  # or older: the interface as it was published on PUBLISHED
    contact_form: str = "operation"  # or field: how contacts of a vendor are added, which is not published
    contact_approval: bool = False  # contacts added by API wait for approval


@cache
def load_contract(until="", form=""):
    return Contract.load(
        "ramp",
        until=until,
        form=form,
        parameters={"page_size": {"minimum": 2, "maximum": 100}},
        error_schema=ENVELOPE,
        corrections={"PaginatedResponseVendorCreditResourceSchema": FLAT_PAGE_OF_CREDITS},
    )


class RampSandbox(Sandbox):
    """Ramp on the loopback interface: ``with RampSandbox(size="small") as sandbox: ...``"""

    contract = load_contract()
    handlers = handlers
    settings_class = RampSettings
    arguments = {
        "size": {"default": "demo", "help": "small, demo or a number of bills"},
        "seat": {
            "default": "csv",
            "choices": ("csv", "api", "direct", "none"),
            "help": "who holds the accounting seat",
        },
        "provider": {"default": "Odoo", "help": "name of the API connection with --seat api"},
    }

    def __init__(
        self,
        *,
        size="demo",
        seat="csv",
        provider="Odoo",
        base_date=BASE_DATE,
        scopes=None,
        settings=None,
        card_payments_in_feed=False,
        **options,
    ):
        """:param size: ``small``, ``demo`` or a number of bills
        :param seat: who holds the accounting seat: ``csv``, ``api`` (named ``provider``), ``direct`` or ``none``
        :param card_payments_in_feed: whether card transactions that paid a bill are ready to sync themselves
        :param scopes: what the app is allowed; everything by default
        """
        super().__init__(settings=settings, **options)
        everything = {scope for operation in self.contract.operations.values() for scope in operation.scopes}
        self.apps = {
            CLIENT_ID: oauth.App(CLIENT_ID, CLIENT_SECRET, frozenset(everything if scopes is None else scopes))
        }
        self.base_date = base_date
        self.data = {"size": size, "seat": seat, "provider": provider, "card_payments_in_feed": card_payments_in_feed}
        self.publisher = webhooks.Publisher(self)
        self.control = RampControl(self)
        self.fill()

    def fill(self):
        self.state = State(self.url, self.publisher.emit)
        DataSet(self.state, base_date=self.base_date, **self.data).fill()

    def apply_settings(self):
        super().apply_settings()
        settings = self.settings
        if settings.tenant not in TENANTS or settings.contact_form not in CONTACT_FORMS:
            raise ValueError(f"no tenant {settings.tenant!r} with contacts by {settings.contact_form!r}")
        self.contract = load_contract(PUBLISHED if settings.tenant == "older" else "", settings.contact_form)

    # -- what the server asks of a provider --------------------------------------------------------------------------

    def authorize(self, operation, request):
        if operation.is_public:
            return None
        token = oauth.find_token(self.state, request)
        oauth.require_scopes(token, operation.scopes)
        return token

    def revoke(self, request):
        self.state.tokens.pop(oauth.bearer(request), None)

    def read_body(self, operation, request):
        """The token endpoints take forms, whatever the contract says (guide "Authorization")."""
        if operation.key in FORMS:
            form = {name: value for name, value in request.form.items() if name not in ("client_id", "client_secret")}
            return form, form
        if operation.media_type == MULTIPART:
            form, file = read_form(request)
            shown = {**form, "file": file.filename} if file else form
            return shown, {**form, "file": file}
        text = request.get_data(as_text=True)
        if not text and not operation.wants_body:
            return None, None
        if "requestBody" not in operation.entry:
            raise refuse(400, BAD_DATA, "The operation takes no body.")
        try:
            plain, body = json.loads(text), json.loads(text, parse_float=Decimal)
        except ValueError as error:
            raise refuse(400, NO_BODY, "The request has no JSON body.") from error
        if operation.key in LENIENT:
            plain = {name: value for name, value in plain.items() if name in operation.body_names}
        return plain, body

    def refuse_invalid(self, place, problems):
        return bad_data(problems)

    def as_declared(self, operation, refusal):
        if isinstance(refusal, Unknown):
            refusal.status = self.settings.unknown_status or declared_status(operation)
        return refusal

    def refuse_rate(self, wait):
        refusal = refuse(429, "RATE_LIMITED", "Too many requests.")
        if self.settings.retry_after:
            refusal.headers["Retry-After"] = str(wait)
        return refusal

    def refuse_broken(self, status):
        return refuse(status, "INTERNAL_ERROR", "Something went wrong.")

    def serve_other(self, request):
        """Pre-signed links need no token and end by themselves."""
        if not request.path.startswith("/files/"):
            return None
        file_id = request.path.removeprefix("/files/")
        expires, signature = request.args.get("expires", ""), request.args.get("signature", "")
        if (
            not compare_digest(signature, State.link_signature(file_id, expires))
            or not expires.isdigit()
            or int(expires) < time.time()
        ):
            return Response("<Error><Code>AccessDenied</Code></Error>", 403, mimetype="application/xml")
        file = self.state.files.get(file_id)
        if file is None:
            return Response("<Error><Code>NoSuchKey</Code></Error>", 404, mimetype="application/xml")
        return Response(self.state.content(file), 200, mimetype=file.mimetype)

    def repeat_page(self, request, before):
        page = json.loads(before)
        page["page"]["next"] = request.url
        return Response(to_json(page), 200, mimetype="application/json")
