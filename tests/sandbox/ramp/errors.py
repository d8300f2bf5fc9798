"""Ramp's error answers (guide "Error handling")."""

from ..schema import OBJECT, TEXT, shape
from ..server import Refusal

BAD_DATA = "DEVELOPER_7001"
NO_TOKEN = "DEVELOPER_7002"
NOT_FOUND = "DEVELOPER_7002"
KEY_USED = "DEVELOPER_7005"
NO_BODY = "DEVELOPER_7011"
TOKEN_EXPIRED = "DEVELOPER_7028"
NOT_READY = "DEVELOPER_7062"
PO_NUMBER_EXISTS = "DEVELOPER_7063"
STATE_REQUIRED = "DEVELOPER_7080"
NO_API_CONNECTION = "DEVELOPER_7089"
NO_SCOPE = "DEVELOPER_7100"
DRAFT_EXISTS = "DEVELOPER_7153"

ERROR = shape(error_code=TEXT, message=TEXT, additional_info=OBJECT, notes=TEXT)
ENVELOPE = {"oneOf": [shape(error_v2=ERROR, error=OBJECT), shape({"error_description": TEXT}, error=TEXT)]}


def refuse(status, code, message, additional_info=None):
    """Ramp's envelope: ``error_v2`` and the legacy ``error``."""
    info = additional_info or {}
    return Refusal(
        status,
        {
            "error_v2": {"error_code": code, "message": message, "additional_info": info, "notes": ""},
            "error": info or {"message": message},
        },
    )


def refuse_oauth(status, error, description):
    """An OAuth error of the token endpoint (RFC 6749, 5.2)."""
    return Refusal(status, {"error": error, "error_description": description})


class Unknown(Refusal):
    """There is no such record: the status is the one that the contract declares for the operation."""


def not_found(kind):
    refusal = refuse(404, NOT_FOUND, f"{kind} not found.")
    return Unknown(refusal.status, refusal.body)


def declared_status(operation):
    """The status for an unknown id; 404 where the contract declares none."""
    declared = [status for status in ("404", "410", "400") if status in operation.entry["responses"]]
    return int(declared[0]) if declared else 404


def bad_data(problems):
    """422 with the messages by field, nested as the body is."""
    info = {}
    for problem in problems:
        _nest(info, [str(step) for step in problem.path] or ["_schema"], _wording(problem))
    return refuse(422, BAD_DATA, _first_message(info), info)


def invalid(message, *path):
    """422 for one field that the handler refuses."""
    info = {}
    _nest(info, path, message)
    return refuse(422, BAD_DATA, message, info)


def _nest(info, path, message):
    for step in path[:-1]:
        info = info.setdefault(step, {})
        if isinstance(info, list):
            return
    messages = info.setdefault(path[-1], [])
    if isinstance(messages, list):
        messages.append(message)


def _first_message(info):
    while isinstance(info, dict):
        info = next(iter(info.values()))
    return info[0]


TYPES = {
    "date": "Not a valid date.",
    "date-time": "Not a valid datetime.",
    "uuid": "Not a valid UUID.",
    "url": "Not a valid URL.",
    "email": "Not a valid email address.",
    "decimal": "Not a valid number.",
}


def _wording(problem):
    if problem.rule == "required":
        return "Missing data for required field."
    if problem.rule == "unknown":
        return "Unknown field."
    if problem.rule == "format":
        return TYPES.get(problem.value, "Invalid value.")
    if problem.rule == "minItems":
        return f"Shorter than minimum length {problem.value}."
    if problem.rule == "enum":
        return f"Must be one of: {', '.join(map(str, problem.value))}."
    return problem.message
