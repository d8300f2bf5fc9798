"""The SAP Concur sandbox: one company, two data centres and the global base, on the loopback interface."""

import threading
from dataclasses import dataclass, field

from werkzeug.serving import make_server

from ..contract import Contract
from ..server import BASE_DATE, Handler, Sandbox, Settings

# they register their handlers
from . import events, fis, images, invoices, lists, oauth, payments, reports, vendors  # noqa: F401
from .control import ConcurControl
from .dataset import DataSet
from .errors import SHAPES, refuse
from .routes import handlers
from .state import COMPANY_UUID, State

CLIENT_ID = "concur_id_EXAMPLE"
CLIENT_SECRET = "example-secret"
CENTRES = ("us2", "eu2")
CONTRACTS = (
    "concur",
    "concur_events",
    "concur_invoices",
    "concur_lists",
    "concur_payments",
    "concur_reports",
    "concur_vendors",
)
"""Contract files; each subject brings its own."""


@dataclass
class ConcurSettings(Settings):
    """Settings of the Concur sandbox. The rate limit counts by data centre."""

    rate_limit: int = 0
    token_seconds: int = 3600
    refresh_seconds: int = oauth.SIX_MONTHS
    rotate_refresh_tokens: bool = True  # Concur says that the token may change, not when
    numbers_as_text: bool = False  # expires_in is seen as number and as text
    ended_status: int = 401  # or 403, which the status page has too for an ended token
    geolocation: str = ""  # what token answers say instead of the company's data centre
    says_success: bool = False  # whether a vendor that was saved has a status of the type SUCCESS, or none
    refuses_unknown_groups: bool = False  # or takes the call and puts the vendor into none; not documented
    signature_scheme: str = "pss"  # or pkcs1; not documented
    most_documents: int = 100  # in a page of the queue: the page says 25, the description 100
    documents_as_text: bool = False  # also where JSON is asked for, as in SAP's own samples
    older_envelope: bool = False  # that of the published sample documents
    sparse_documents: bool = False  # without the fields that are null, as in the older samples
    eight_decimals: bool = False  # amounts as 50.00000000
    pads_codes: bool = False  # codes with blanks at their end
    one_tax_is_no_list: bool = False  # the tax of an invoice; no sample has one
    names_no_company: bool = False  # entity and company of a document are null
    odd_ids: bool = False  # ids of documents that are no hex digits, which nothing promises
    reopens_with: str = "whole"  # or "difference": what a revision of a report holds; not documented
    post_changes_vendors: bool = False  # POST of a vendor that is there; not documented
    put_makes_vendors: bool = False  # PUT of a vendor that is not there; not documented
    put_keeps_the_rest: bool = False  # what a PUT leaves out; not documented
    longest_address: int = 255  # or 50, which is what checks take: whether the rest is cut is not documented
    image: str = "jpeg"  # or png, pdf: what receipts are
    image_size: int = 0  # bytes of a photo, about; a phone makes 8,000,000
    deprecated: dict = field(default_factory=dict)  # {beginning of a path: headers that announce its end}
    retry_after: str = ""  # no header is documented, but for list items, where it is 0


class ConcurSandbox(Sandbox):
    """Concur on the loopback interface; `url` is the global base, `centres` has the data centres."""

    contract = Contract.load(*CONTRACTS, error_schema=SHAPES)
    handlers = handlers
    settings_class = ConcurSettings
    arguments = {
        "size": {"default": "demo", "help": "none, small, demo or a number of expense reports"},
        "company": {"default": COMPANY_UUID, "help": "id of the company"},
    }
    trace_header = "concur-correlationid"

    def __init__(
        self, *, size="demo", base_date=BASE_DATE, scopes=None, settings=None, company=COMPANY_UUID, **options
    ):
        """:param size: ``none``, ``small``, ``demo`` or a number of expense reports
        :param company: the id of the company, which nobody else has
        :param scopes: what the app is allowed; everything by default
        """
        super().__init__(settings=settings, **options)
        everything = {scope for operation in self.contract.operations.values() for scope in operation.scopes}
        allowed = frozenset(everything if scopes is None else scopes)
        self.apps = {CLIENT_ID: oauth.App(CLIENT_ID, CLIENT_SECRET, allowed)}
        self.client_id = CLIENT_ID
        self._serving = threading.local()  # the shape of an error goes by the path
        self.base_date, self.size, self.company = base_date, size, company
        self._servers = {name: self._centre_server() for name in CENTRES}
        self.centres = {name: f"http://127.0.0.1:{server.server_port}" for name, server in self._servers.items()}
        self._places = {f"127.0.0.1:{server.server_port}": name for name, server in self._servers.items()}
        self.publisher = events.Publisher(self)
        self.control = ConcurControl(self)
        self.fill()

    def _centre_server(self):
        return make_server("127.0.0.1", 0, self, threaded=True, request_handler=Handler)

    def fill(self):
        self.state = State(CENTRES[0], CLIENT_ID, self.company, self.settings.odd_ids)
        DataSet(self.state, self.base_date, self.size).fill()

    def centre_of(self, request):
        """Name of the data centre that a request came to; empty for the global base."""
        return self._places.get(request.host, "")

    def home_of(self, token):
        """Where a token is good: an application's anywhere, a company's where the company lives."""
        return self.state.tenant.centre if token.is_company else token.centre

    # -- what the server asks of a provider --------------------------------------------------------------------------

    def authorize(self, operation, request):
        return None if operation.is_public else oauth.find_token(self, operation, request)

    def revoke(self, request):
        self.state.tokens.pop(oauth.bearer(request), None)

    def rate_source(self, request):
        return request.host

    def read_body(self, operation, request):
        if operation.path.startswith("/oauth2/"):
            if request.mimetype_params or request.args:
                raise refuse(request.path, 400, "invalid", "parameters belong in the body, without a charset")
            form = request.form.to_dict()
            return form, form
        if request.headers.get("Transfer-Encoding"):
            raise refuse(request.path, 400, "invalid", "chunked requests are refused")
        return super().read_body(operation, request)

    def respond(self, request):
        self._serving.path = request.path
        response = super().respond(request)
        for path, headers in self.settings.deprecated.items():
            if request.path.startswith(path):
                response.headers.update(headers)
        return response

    def refuse_invalid(self, place, problems):
        message = "; ".join(map(str, problems))
        return refuse(self._serving.path, 400, "invalid", message, problems)

    def refuse_rate(self, wait):
        refusal = refuse(self._serving.path, 429, "security.rate.limit.reached", "Too many requests")
        if self.settings.retry_after:
            refusal.headers["Retry-After"] = self.settings.retry_after
        return refusal

    def refuse_broken(self, status):
        return refuse(self._serving.path, status, "internal", "Something went wrong.")

    def serve_other(self, request):
        return images.serve(self, request) if request.path.startswith("/images/") else None

    # -- life --------------------------------------------------------------------------------------------------------

    def start(self):
        self._start_centres()
        return super().start()

    def serve_forever(self):
        self._start_centres()
        super().serve_forever()

    def stop(self):
        super().stop()
        for server in self._servers.values():
            server.shutdown()
            server.server_close()

    def _start_centres(self):
        for server in self._servers.values():
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
