"""Error bodies differ by generation of the API (page "HTTP status codes" and the pages of each API)."""

from datetime import UTC, datetime

from ..schema import OBJECT, TEXT, shape
from ..server import Refusal

SERVER_ERROR = {"Message": TEXT, "Server-Time": TEXT, "Id": TEXT}
VALIDATION = {"validationErrors": {"type": "array", "items": OBJECT}}
SHAPES = {
    "anyOf": [
        shape({"geolocation": TEXT}, code={"type": "integer"}, error=TEXT, error_description=TEXT),
        shape(message=TEXT),
        shape(Message=TEXT),
        shape(Error=shape(**SERVER_ERROR)),
        shape(VALIDATION, timestamp=TEXT, httpStatus=TEXT, error=shape(id=TEXT, message=TEXT), path=TEXT),
        shape(VALIDATION, errorId=TEXT, errorMessage=TEXT, httpStatus=TEXT, path=TEXT, timestamp=TEXT),
        {"type": "object", "required": ["failedPayments"]},
        shape(errors={"type": "array", "minItems": 1, "items": OBJECT}),
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
        return Refusal(status, {"Error": {"Message": message, "Server-Time": _now(), "Id": code}})
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
