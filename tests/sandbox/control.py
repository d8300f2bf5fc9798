"""The control interface: what tests do to a sandbox and read from it, in process or at ``/_control/<name>``.

Every public method of :class:`Control` is reachable over HTTP: its arguments are the JSON body of a POST, or the query
of a GET, and its result is the JSON answer. :class:`RemoteControl` offers the same methods to another process.
"""

import json

import requests
from werkzeug.wrappers import Response

PREFIX = "/_control/"


class Control:
    """Faults, journal and webhook deliveries of a sandbox; providers add methods that change their data."""

    def __init__(self, sandbox):
        self._sandbox = sandbox

    # -- faults ------------------------------------------------------------------------------------------------------

    def add_fault(self, kind, **options):
        """Inject a fault; the kinds and options are listed in :mod:`sandbox.faults`."""
        return self._sandbox.faults.add(kind=kind, **options)

    def faults(self):
        return self._sandbox.faults.list()

    def clear_faults(self):
        self._sandbox.faults.clear()

    # -- what happened -----------------------------------------------------------------------------------------------

    def requests(self, method=None, path=None, since=0):
        """The request log, without secrets."""
        return self._sandbox.journal.requests(method, path, int(since))

    def effects(self, kind=None, object_id=None):
        """How often each object was changed, by kind of change."""
        return self._sandbox.journal.effects(kind, object_id)

    def violations(self):
        """Answers of the sandbox that broke the contract, and were therefore not sent."""
        return self._sandbox.journal.violations()

    # -- webhooks ----------------------------------------------------------------------------------------------------

    def deliveries(self):
        return [delivery.report() for delivery in self._sandbox.deliveries.history]

    def wait_for_deliveries(self, timeout=10):
        return self._sandbox.deliveries.wait(float(timeout))

    def hold_deliveries(self):
        self._sandbox.deliveries.hold()

    def release_deliveries(self, order="as_sent", repeat=1):
        return self._sandbox.deliveries.release(order, repeat)

    # -- the sandbox -------------------------------------------------------------------------------------------------

    def reset(self):
        """Back to the start: data, tokens, faults, journal and deliveries."""
        sandbox = self._sandbox
        with sandbox.lock:
            sandbox.faults.clear()
            sandbox.deliveries.clear()
            sandbox.journal.clear()
            sandbox.pages.clear()
            sandbox.limiter.clear()
            sandbox.fill()

    def settings(self, **changes):
        """Read the settings, or change some of them."""
        return self._sandbox.change_settings(changes)

    # -- over HTTP ---------------------------------------------------------------------------------------------------

    def dispatch(self, request):
        name = request.path.removeprefix(PREFIX)
        method = None if name.startswith("_") or name == "dispatch" else getattr(self, name, None)
        if not callable(method):
            return _json_response({"error": f"no control {name!r}"}, 404)
        try:
            arguments = request.args.to_dict() if request.method == "GET" else request.get_json(silent=True) or {}
            return _json_response(method(**arguments))
        except (TypeError, ValueError, LookupError) as error:
            return _json_response({"error": f"{type(error).__name__}: {error}"}, 400)


class RemoteControl:
    """The control interface of a sandbox that runs in another process."""

    def __init__(self, url):
        self._url = url.rstrip("/")
        self._session = requests.Session()
        self._session.trust_env = False

    def __getattr__(self, name):
        def call(**arguments):
            response = self._session.post(f"{self._url}{PREFIX}{name}", json=arguments, timeout=60)
            answer = response.json()
            if response.status_code >= 400:
                raise ValueError(answer["error"])
            return answer

        return call


def _json_response(value, status=200):
    return Response(json.dumps(value, ensure_ascii=False, default=str), status, mimetype="application/json")
