"""Error bodies differ by generation of the API (page "HTTP status codes" and the pages of each API)."""

from datetime import UTC, datetime

from ..server import Refusal

TEXT = {"type": "string"}
SHAPES = {
    "anyOf": [
        {
            "type": "object",
            "required": ["code", "error", "error_description"],
            "properties": {
                "code": {"type": "integer"},
                "error": TEXT,
                "error_description": TEXT,
                "geolocation": TEXT,
            },
        },
        {"type": "object", "required": ["message"], "properties": {"message": TEXT}},
        {"type": "object", "required": ["Message"], "properties": {"Message": TEXT}},
        {
            "type": "object",
            "required": ["Error"],
            "properties": {
                "Error": {
                    "type": "object",
                    "required": ["Message", "Server-Time", "Id"],
                    "properties": {"Message": TEXT, "Server-Time": TEXT, "Id": TEXT},
                }
            },
        },
        {
            "type": "object",
            "required": ["timestamp", "httpStatus", "error", "path"],
            "properties": {
                "timestamp": TEXT,
                "httpStatus": TEXT,
                "error": {
                    "type": "object",
                    "required": ["id", "message"],
                    "properties": {"id": TEXT, "message": TEXT},
                },
                "validationErrors": {"type": "array", "items": {"type": "object"}},
                "path": TEXT,
            },
        },
        {
            "type": "object",
            "required": ["errorId", "errorMessage", "httpStatus", "path", "timestamp"],
            "properties": {
                "errorId": TEXT,
                "errorMessage": TEXT,
                "httpStatus": TEXT,
                "path": TEXT,
                "timestamp": TEXT,
                "validationErrors": {"type": "array", "items": {"type": "object"}},
            },
        },
        {"type": "object", "required": ["failedPayments"]},
        {
            "type": "object",
            "required": ["errors"],
            "properties": {"errors": {"type": "array", "minItems": 1, "items": {"type": "object"}}},
        },
    ]
}


def refuse_token(status, code, error, description, geolocation=""):
    """An error of the token endpoint (authentication page, response codes)."""
    body = {"code": code, "error": error, "error_description": description}
    if geolocation:
        body["geolocation"] = geolocation
    return Refusal(status, body)


def refuse(path, status, code, message, problems=()):
    """The error of the generation that a path belongs to."""
    if path.startswith("/oauth2/"):
        return refuse_token(status, 65, "invalid_request", message)
    if path.startswith("/financialintegration/"):
        return Refusal(status, {"message": message})
    if path.startswith("/api/v3"):
        return Refusal(status, {"Message": message})
    if path.startswith("/api/"):
        now = datetime.now(UTC).isoformat()
        return Refusal(status, {"Error": {"Message": message, "Server-Time": now, "Id": code}})
    if path.startswith("/expensereports/"):
        return Refusal(status, _expense(path, status, code, message, problems))
    if path.startswith(("/purchaserequest/", "/invoice/")):
        return Refusal(status, {"errors": [{"errorCode": code, "errorMessage": message}]})
    return Refusal(status, _common(path, status, code, message, problems))


def _common(path, status, code, message, problems):
    body = {"timestamp": _now(), "httpStatus": str(status), "error": {"id": code, "message": message}, "path": path}
    if problems:
        body["validationErrors"] = [{"source": _source(problem), "message": problem.message} for problem in problems]
    return body


def _expense(path, status, code, message, problems):
    return {
        "errorId": code,
        "errorMessage": message,
        "httpStatus": str(status),
        "path": path,
        "timestamp": _now(),
        "validationErrors": [
            {"id": code, "source": _source(problem), "message": problem.message} for problem in problems
        ],
    }


def _source(problem):
    return ".".join(map(str, problem.path))


def _now():
    return datetime.now(UTC).isoformat()
