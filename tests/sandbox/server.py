"""The HTTP side that all provider sandboxes share.

A sandbox listens on the loopback interface, speaks HTTP/1.1 with kept-alive connections, finds the operation of each
request in the provider's contract, checks the request against it, runs the provider's handler under one lock, and
checks the answer against the contract too. An answer that violates it is never sent: the client gets a 599 and tests
read the violation through ``/_control/violations``.
"""

import json
import logging
import socket
import struct
import threading
import uuid
from dataclasses import asdict, dataclass, field
from datetime import date
from decimal import Decimal

from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from .contract import Operation
from .deliveries import Deliveries
from .faults import Faults
from .injection import Aborted, inject_after, inject_before
from .journal import Journal, masked
from .limiter import RollingLimit
from .schema import Problem

_logger = logging.getLogger(__name__)

CONTRACT_VIOLATED = 599
BASE_DATE = date(2026, 9, 30)
"""What the data sets are dated from."""
NO_LINGER = struct.pack("ii", 1, 0)


class Refusal(Exception):
    """An answer of the provider that is not a success."""

    def __init__(self, status, body, headers=None):
        super().__init__(status, body)
        self.status, self.body, self.headers = status, body, headers or {}


@dataclass
class Settings:
    """What a test can change while the sandbox runs; providers add their own."""

    rate_limit: int = 200
    rate_window: float = 10.0
    webhook_attempts: int = 10
    webhook_first_delay: float = 0.1
    webhook_longest_delay: float = 2.0
    webhook_timeout: float = 10.0


@dataclass
class Call:
    """One request, read and checked."""

    sandbox: "Sandbox"
    request: Request
    operation: Operation
    path: dict
    query: dict
    body: dict
    client: object = None
    log: dict = field(default_factory=dict)

    @property
    def state(self):
        return self.sandbox.state


class Handlers(dict):
    """The handlers of a provider by operation; ``@handlers("GET /bills")`` adds one."""

    def __init__(self, prefix=""):
        super().__init__()
        self.prefix = prefix

    def __call__(self, *operations):
        def register(function):
            for operation in operations:
                method, path = operation.split()
                self[f"{method} {self.prefix}{path}"] = function
            return function

        return register


class Sandbox:
    """A provider on the loopback interface; a context manager.

    Providers set ``contract`` and ``handlers`` and override the methods below "of the provider".
    """

    contract = None
    handlers = None
    trace_header = "x-trace-id"
    settings_class = Settings
    arguments = {}
    """{parameter: options of its argument of the command line}, beside those that all have."""

    def __init__(self, *, port=0, host="127.0.0.1", settings=None, log_limit=10_000):
        undone = self.contract.operations.keys() ^ self.handlers.keys()
        if undone:
            raise RuntimeError(f"contract and handlers differ: {', '.join(sorted(undone))}")
        self.lock = threading.RLock()
        self.stopping = threading.Event()
        self.settings = settings or self.settings_class()
        self.limiter = RollingLimit()
        self.journal = Journal(log_limit)
        self.faults = Faults()
        self.deliveries = Deliveries()
        self.pages = {}
        self.apply_settings()
        self._server = make_server(host, port, self, threaded=True, request_handler=Handler)
        self.url = f"http://{host}:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    @classmethod
    def add_arguments(cls, parser):
        for name, options in cls.arguments.items():
            parser.add_argument(f"--{name.replace('_', '-')}", **options)
        parser.add_argument("--today", action="store_true", help="date the data set from today")
        limit = cls.settings_class().rate_limit
        parser.add_argument("--rate-limit", type=int, default=limit, help="requests in 10 seconds, 0 for no limit")

    @classmethod
    def from_arguments(cls, given):
        return cls(
            port=given.port,
            base_date=date.today() if given.today else BASE_DATE,
            settings=cls.settings_class(rate_limit=given.rate_limit),
            **{name: getattr(given, name) for name in cls.arguments},
        )

    # -- of the provider ---------------------------------------------------------------------------------------------

    def fill(self):
        """Make the data of the start."""

    def change_settings(self, changes):
        """Apply changed settings and return all of them."""
        for name, value in changes.items():
            if not hasattr(self.settings, name):
                raise ValueError(f"no setting {name!r}; there are {', '.join(sorted(asdict(self.settings)))}")
            setattr(self.settings, name, value)
        self.apply_settings()
        return asdict(self.settings)

    def apply_settings(self):
        settings = self.settings
        self.limiter.limit, self.limiter.window = settings.rate_limit, settings.rate_window
        self.deliveries.attempts, self.deliveries.timeout = settings.webhook_attempts, settings.webhook_timeout
        self.deliveries.first_delay, self.deliveries.longest_delay = (
            settings.webhook_first_delay,
            settings.webhook_longest_delay,
        )

    def authorize(self, operation, request):
        """Return the client of the request or raise :class:`Refusal`."""

    def read_body(self, operation, request):
        """Return the body as the contract's schema describes it, and as handlers want it."""
        text = request.get_data(as_text=True)
        if not text:
            return None, None
        return json.loads(text), json.loads(text, parse_float=Decimal)

    def refuse_invalid(self, place, problems):
        """The :class:`Refusal` for a request that violates the contract in ``place`` (path, query or body)."""
        return Refusal(422, {"message": "; ".join(map(str, problems))})

    def refuse_path(self, allowed):
        """The response for a path that the provider does not have, or not with this method."""
        return Response("<html><body><h1>Not Found</h1></body></html>", 405 if allowed else 404, mimetype="text/html")

    def as_declared(self, operation, refusal):
        """The refusal of a handler with the status that the contract declares for the operation."""
        return refusal

    def rate_source(self, request):
        """What the rate limit counts by."""
        return request.remote_addr

    def refuse_rate(self, wait):
        return Refusal(429, {"message": "Too many requests"})

    def refuse_broken(self, status):
        """The error answer of an injected fault."""
        return Refusal(status, {"message": "Injected error"})

    def serve_other(self, request):
        """A response for a path outside of the API, such as a file download, or ``None``."""

    def revoke(self, request):
        """Revoke the token of a request."""

    def repeat_page(self, request, before):
        """The response that gives the page ``before`` once more and then goes on with the page of this request."""
        return Response(before, 200, mimetype="application/json")

    # -- life --------------------------------------------------------------------------------------------------------

    def start(self):
        self.deliveries.start()
        self._thread.start()
        return self

    def stop(self):
        self.stopping.set()
        self.deliveries.stop()
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self):
        return self.start()

    def __exit__(self, *exc_info):
        self.stop()

    def serve_forever(self):
        """Serve in this thread until interrupted."""
        self.deliveries.start()
        try:
            self._server.serve_forever()
        finally:
            self.stopping.set()
            self.deliveries.stop()

    # -- the way of a request ----------------------------------------------------------------------------------------

    def respond(self, request):
        if request.path.startswith("/_control/"):
            return self.control.dispatch(request)
        trace_id = str(uuid.uuid4())
        log = self.journal.open(request, trace_id)
        request.get_data()
        try:
            response = self._respond(request, log)
        except Aborted:
            log["status"] = "aborted"
            raise
        except Exception as error:
            _logger.exception("%s %s", request.method, request.path)
            response = self._broken(request.path, 500, [f"the sandbox failed: {error!r}"], log)
        log["status"] = response.status_code
        response.headers[self.trace_header] = trace_id
        return response

    def _respond(self, request, log):
        faults = self.faults.take(request.method, request.path)
        log["faults"] = [fault.kind for fault in faults]
        response = inject_before(self, request, faults)
        if response is None:
            response = self.serve_other(request)
        source = self.rate_source(request)
        if response is None and not self.limiter.allows(source):
            response = self.refused(self.refuse_rate(self.limiter.wait_seconds(source)))
        if response is None:
            response = self._answer(request, log)
        return inject_after(self, request, faults, response)

    def _answer(self, request, log):
        operation, values = self.contract.find(request.method, request.path)
        if operation is None:
            return self.refuse_path(values)
        try:
            with self.lock:
                call = self._read(operation, request, values, log)
                result = self.handlers[operation.key](call)
                response = self._success(operation, result)
        except Refusal as refusal:
            response = self.refused(self.as_declared(operation, refusal))
        return self._checked(operation, response, log)

    def _read(self, operation, request, values, log):
        client = self.authorize(operation, request)
        problems = operation.path_problems(values)
        if problems:
            raise self.refuse_invalid("path", problems)
        query, problems = operation.query(request.args)
        if problems:
            raise self.refuse_invalid("query", problems)
        try:
            plain, body = self.read_body(operation, request)
        except ValueError as error:
            raise self.refuse_invalid("body", [Problem((), "json", None, "is not JSON")]) from error
        log["body"] = masked(plain)
        problems = operation.body_problems(plain) if plain is not None or operation.wants_body else []
        if problems:
            raise self.refuse_invalid("body", problems)
        return Call(self, request, operation, values, query, body or {}, client, log)

    def _success(self, operation, result):
        if isinstance(result, Response):
            return result
        if result is None:
            return Response(b"", operation.success, mimetype="application/json")
        return Response(to_json(result), operation.success, mimetype="application/json")

    def refused(self, refusal):
        return Response(to_json(refusal.body), refusal.status, mimetype="application/json", headers=refusal.headers)

    def _checked(self, operation, response, log):
        text = response.get_data(as_text=True) if response.mimetype == "application/json" else response.mimetype
        problems = operation.response_problems(response.status_code, response.mimetype, text)
        if not problems:
            return response
        _logger.error("%s: the answer violates the contract: %s", operation.key, "; ".join(map(str, problems)))
        return self._broken(operation.key, response.status_code, problems, log)

    def _broken(self, operation, status, problems, log):
        """What is sent in place of an answer that must not be."""
        self.journal.violation(operation, status, problems, log["trace_id"])
        shown = {"violations": [str(problem) for problem in problems]}
        return Response(to_json(shown), CONTRACT_VIOLATED, mimetype="application/json")


def to_json(value):
    """JSON text; a ``Decimal`` becomes the number with the same digits."""
    return json.dumps(value, ensure_ascii=False, default=_number)


def _number(value):
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


class Handler(WSGIRequestHandler):
    """Writes each answer in one piece and keeps the connection; Werkzeug's own server closes it each time."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def run_wsgi(self):
        try:
            response = self.server.app.respond(Request(self.make_environ()))
        except Aborted as aborted:
            self._abort(aborted.sent)
            return
        except Exception:
            _logger.exception("%s %s", self.command, self.path)
            response = Response("The sandbox failed.", 500)
        body = response.get_data()
        self.send_response(response.status_code)
        for name, value in response.headers:
            if name.lower() not in ("content-length", "connection"):
                self.send_header(name, value)
        if response.status_code != 204:
            self.send_header("Content-Length", str(len(body)))
        self._headers_buffer.append(b"\r\n" + (b"" if self.command == "HEAD" else body))
        self.flush_headers()

    def _abort(self, sent):
        """Send a part, or nothing and reset."""
        self.close_connection = True
        if sent:
            self.wfile.write(sent)
            return
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)

    def log_request(self, code="-", size="-"):
        """The journal is the log."""
