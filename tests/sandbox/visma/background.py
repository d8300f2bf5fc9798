"""Background mode: any call with the header `erp-api-background` is accepted at once and done later."""

import threading
from datetime import UTC, datetime

from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request, Response

from ..server import Refusal, to_json
from .routes import found, handlers

BODILY = ("Content-Type", "Authorization", "If-Match", "Accept")


def accept(sandbox, request, log):
    """202 with the id of the operation; who asks is checked at once."""
    operation, allowed = sandbox.contract.find(request.method, request.path)
    if operation is None:
        return sandbox.refuse_path(allowed)
    try:
        with sandbox.lock:
            sandbox.authorize(operation, request)
    except Refusal as refusal:
        return sandbox.refused(refusal)
    request_id = sandbox.new_guid()
    state = {
        "id": request_id,
        "status": "Started",
        "statusCode": 0,
        "receivedUtc": _now(),
        "originalUri": request.url,
        "hasResponseContent": False,
        "hasRequestContent": bool(request.get_data()),
    }
    sandbox.state.background[request_id] = {"state": state, "content": ""}
    repeated = Request(
        EnvironBuilder(
            method=request.method,
            path=request.path,
            query_string=request.query_string.decode(),
            data=request.get_data(),
            headers=[(name, request.headers[name]) for name in BODILY if name in request.headers],
        ).get_environ()
    )
    timer = threading.Timer(
        sandbox.settings.background_seconds, _finish, (sandbox, repeated, log, sandbox.state.background[request_id])
    )
    timer.daemon = True
    timer.start()
    location = f"{sandbox.url}/v1/background/{request_id}"
    return Response(to_json({"id": request_id, "stateLocation": location}), 202, mimetype="application/json")


def _finish(sandbox, request, log, entry):
    response = sandbox.answer_now(request, log)
    text = response.get_data(as_text=True)
    entry["content"] = text
    entry["state"].update(
        status="Finished",
        statusCode=response.status_code,
        finishedUtc=_now(),
        hasResponseContent=bool(text),
        responseHeaders={name: response.headers[name] for name in ("Location", "ETag") if name in response.headers},
    )


@handlers("GET /v1/background/{requestId}")
def background_state(call):
    return found(call.state.background, call.path["requestId"])["state"]


@handlers("GET /v1/background/{requestId}/content")
def background_content(call):
    entry = found(call.state.background, call.path["requestId"])
    return Response(entry["content"] or "null", 200, mimetype="application/json")


def _now():
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
