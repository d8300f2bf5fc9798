"""The Visma.net sandbox: the ERP API, service flavour, from its published contract and documentation."""

import json
import uuid
from dataclasses import dataclass
from decimal import Decimal

from werkzeug.wrappers import Response

from ..schema import Problem
from ..server import BASE_DATE, Refusal, Sandbox, Settings
from . import (  # noqa: F401 - they register their handlers
    invoice_actions,
    invoices,
    oauth,
    purchase_orders,
    purchase_receipts,
    quota,
    reference,
    suppliers,
)
from .contract import MULTIPART, TOKEN_OPERATION, load
from .control import VismaControl
from .dataset import DataSet
from .errors import refuse, refuse_plain
from .routes import handlers
from .state import State
from .wire import known_part, path_value

CLIENT_ID = "isv_EXAMPLE"
CLIENT_SECRET = "example-secret"
TENANT_ID = "3f1c2d9a-0f6e-4f6b-8a53-0c1f6a2b7e11"
CUSTOMER_TENANT_ID = "7b0e4c55-1d1f-4a55-9d0a-3f6f3c1f9a02"
TRACE = "Ipp-Request-Id"


@dataclass
class VismaSettings(Settings):
    """Settings of the Visma.net sandbox."""

    rate_limit: int = 0
    hourly_limit: int = 5000  # the real number is not published
    hour: float = 3600.0
    token_seconds: int = 3600
    max_page_size: int = 1000
    default_page_size: int = 100
    action_seconds: float = 0.2  # until an accepted action takes effect
    clock_offset: int = 0  # hours by which the stored times differ from UTC: the documentation does not say
    twins_swapped: bool = False  # which of `cost` and `costInCurrency` is in the document's currency
    drops_lines: int = 0  # lines that are dropped whatever was asked, from now on
    refuses_repeated_reference: bool = False  # depends on the company's settings
    reversal_copies_note: bool = False  # whether what reverses a document has the note of that
    receives_services: bool = True  # whether lines for services come on receipts; depends on the company's settings
    numbers_suppliers: bool = True  # automatic numbering
    numbers_orders: bool = True
    numbers_invoices: bool = True


class VismaSandbox(Sandbox):
    """Visma.net on the loopback interface: ``with VismaSandbox(size="small") as sandbox: ...``"""

    contract = load()
    handlers = handlers
    settings_class = VismaSettings
    arguments = {
        "size": {"default": "demo", "help": "small or demo"},
        "base_currency": {"default": "NOK", "help": "currency of the company's books"},
    }
    trace_header = TRACE
    client_id, client_secret = CLIENT_ID, CLIENT_SECRET
    tenant_id, customer_tenant_id = TENANT_ID, CUSTOMER_TENANT_ID

    def __init__(self, *, size="demo", base_currency="NOK", base_date=BASE_DATE, scopes=None, settings=None, **options):
        """:param size: ``small`` or ``demo``
        :param base_currency: currency of the company's books
        :param scopes: what the application was granted; everything by default
        """
        self.window = quota.FixedWindow()
        self.scopes = frozenset(oauth.SCOPES if scopes is None else scopes)
        self.data = {"size": size, "base_currency": base_currency, "base_date": base_date}
        super().__init__(settings=settings, **options)
        self.control = VismaControl(self)
        self.fill()

    def fill(self):
        self.state = State(self)
        self.window.clear()
        DataSet(self.state, **self.data).fill()

    # -- what the server asks of a provider --------------------------------------------------------------------------

    def respond(self, request):
        """The quota stands in the headers of every answer of the API."""
        response = super().respond(request)
        if request.path.startswith("/v"):
            response.headers.extend(self.window.headers(self.settings.hourly_limit, self.settings.hour))
        return response

    def authorize(self, operation, request):
        if operation.key == TOKEN_OPERATION:
            return None
        token = oauth.check_token(self.state, operation, request)
        settings = self.settings
        if not self.window.take(settings.hourly_limit, settings.hour):
            refusal = refuse_plain(429)
            refusal.headers["Retry-After"] = str(self.window.wait(settings.hour))
            raise refusal
        self.state.settle()
        return token

    def _read(self, operation, request, values, log):
        call = super()._read(operation, request, values, log)
        call.path = {name: path_value(value) for name, value in call.path.items()}
        return call

    def revoke(self, request):
        self.state.tokens.pop(oauth.bearer(request), None)

    def read_body(self, operation, request):
        if operation.key == TOKEN_OPERATION:
            return dict(request.form), dict(request.form)
        if operation.media_type == MULTIPART:
            file = next(iter(request.files.values()), None)
            return {"file": file.filename if file else None}, {"file": file}
        text = request.get_data(as_text=True)
        if not text:
            return None, None
        body, ignored = self._known(operation, json.loads(text, parse_float=Decimal))
        self.state.ignored += [f"{operation.key}: {name}" for name in ignored]
        return self._known(operation, json.loads(text))[0], body

    def _known(self, operation, body):
        content = operation.entry.get("requestBody", {}).get("content", {})
        if not content:
            return body, []
        return known_part(body, next(iter(content.values()))["schema"], self.contract.components["schemas"])

    def refuse_invalid(self, place, problems):
        return refuse("; ".join(str(problem) for problem in problems if isinstance(problem, Problem)), what="request")

    def refuse_broken(self, status):
        return refuse("Object reference not set to an instance of an object.", status)

    def refused(self, refusal):
        if not isinstance(refusal.body, str):
            return super().refused(refusal)
        return Response(refusal.body, refusal.status, mimetype="text/plain", headers=refusal.headers)

    def refuse_path(self, allowed):
        return self.refused(Refusal(405 if allowed else 404, ""))

    def new_guid(self):
        return str(uuid.uuid4())
