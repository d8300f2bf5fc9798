"""How Visma writes: wrapped values, which the handlers read plainly; what it does not know is left out silently."""

import base64
from decimal import Decimal

from werkzeug.wrappers import Response

from ..server import to_json


def known_part(value, schema, schemas, path=""):
    """The part of a body that the contract knows, and the paths of what is left out.

    Visma reports neither an unknown field nor a value that should be wrapped and is not.
    """
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rsplit("/", 1)[1]]
    if isinstance(value, list) and "items" in schema:
        parts = [known_part(item, schema["items"], schemas, f"{path}[]") for item in value]
        return [part for part, _ignored in parts], [name for _part, ignored in parts for name in ignored]
    properties = schema.get("properties")
    if not isinstance(value, dict) or properties is None:
        return value, []
    known, ignored = {}, []
    for name, item in value.items():
        inner = properties.get(name)
        place = f"{path}.{name}".lstrip(".")
        if inner is None or (_is_object(inner, schemas) and not isinstance(item, dict)):
            ignored.append(place)
            continue
        known[name], more = known_part(item, inner, schemas, place)
        ignored += more
    return known, ignored


def _is_object(schema, schemas):
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rsplit("/", 1)[1]]
    return schema.get("type") == "object" and "properties" in schema


def plain(body):
    """The body without its wrappers: `{"name": {"value": "x"}}` is `{"name": "x"}`."""
    if isinstance(body, list):
        return [plain(item) for item in body]
    if not isinstance(body, dict):
        return body
    if set(body) == {"value"}:
        return plain(body["value"])
    return {key: plain(item) for key, item in body.items()}


def stamp(number):
    """A row version as Visma shows it: eight bytes in base64."""
    return base64.b64encode(number.to_bytes(8, "big")).decode()


def path_value(text):
    """An id in the path; one with reserved characters is written `b64(<base64url>)`."""
    if text.startswith("b64(") and text.endswith(")"):
        return base64.urlsafe_b64decode(text[4:-1]).decode()
    return text


def day(text):
    """The date of a moment without a zone."""
    return text[:10]


def moment(text):
    """A date as Visma shows it."""
    return f"{day(text)}T00:00:00"


def number(value):
    return value if isinstance(value, Decimal) else Decimal(str(value or 0))


def single(row):
    """One object with its version."""
    headers = {"ETag": f'"{row["timeStamp"]}"'}
    return Response(to_json(row), 200, headers=headers, mimetype="application/json")


def created(call, path, row):
    """201 without a body; the number is the last part of `Location`."""
    headers = {"Location": f"{call.sandbox.url}{path}", "ETag": f'"{row["timeStamp"]}"'}
    return Response(b"", 201, headers=headers, mimetype="application/json")


def changed(row=None):
    headers = {"ETag": f'"{row["timeStamp"]}"'} if row else {}
    return Response(b"", 204, headers=headers, mimetype="application/json")


def accepted():
    """202 without a body: the action has been queued."""
    return Response(b"", 202, mimetype="application/json")
