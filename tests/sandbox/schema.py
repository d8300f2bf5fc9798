"""OpenAPI 3.0 schemas as JSON Schema 2020-12, and readable problems out of its errors."""

from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import NamedTuple
from urllib.parse import urlsplit

import jsonschema_rs

NAMED = ("properties", "patternProperties", "schemas")  # their keys are names, not keywords
DROPPED = ("nullable", "readOnly", "writeOnly", "discriminator", "deprecated", "xml", "x-form", "x-since")


TEXT, OBJECT = {"type": "string"}, {"type": "object"}


def shape(optional=(), /, **required):
    """The schema of an object with these properties."""
    return {"type": "object", "required": list(required), "properties": {**required, **dict(optional)}}


class Problem(NamedTuple):
    """One violation: where it is, which rule it breaks, and the facts of that rule."""

    path: tuple
    rule: str
    value: object
    message: str

    def __str__(self):
        return f"{'.'.join(map(str, self.path)) or '(whole)'}: {self.message}"


def to_json_schema(node):
    """Translate an OpenAPI 3.0 schema.

    ``nullable`` becomes a type, and an object is closed: a key that the contract does not name is a violation, in a
    request because the providers refuse it, in a response because it would be an invention of the sandbox.
    """
    if isinstance(node, list):
        return [to_json_schema(item) for item in node]
    if not isinstance(node, dict):
        return node
    schema = {}
    for key, value in node.items():
        if key in DROPPED:
            continue
        if key in NAMED and isinstance(value, dict):
            schema[key] = {name: to_json_schema(part) for name, part in value.items()}
        else:
            schema[key] = value if key in ("enum", "default", "required") else to_json_schema(value)
    if "properties" in schema:
        schema.setdefault("additionalProperties", False)
    if not node.get("nullable"):
        return schema
    if "type" in schema:
        schema["type"] = [schema["type"], "null"]
        if "enum" in schema and None not in schema["enum"]:
            schema["enum"] = [*schema["enum"], None]
        return schema
    return {"anyOf": [schema, {"type": "null"}]}


def _is_date(text):
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return len(text) == len("2026-01-31")


def _is_datetime(text):
    if "T" not in text:
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _is_decimal(text):
    try:
        return Decimal(text).is_finite()
    except InvalidOperation:
        return False


def _is_url(text):
    parts = urlsplit(text)
    return parts.scheme in ("http", "https") and bool(parts.netloc)


FORMATS = {"date": _is_date, "date-time": _is_datetime, "decimal": _is_decimal, "url": _is_url}


class Validator:
    """A compiled schema of one contract."""

    def __init__(self, schema, components):
        document = {**to_json_schema(schema), "components": components}
        self._compiled = jsonschema_rs.Draft202012Validator(document, validate_formats=True, formats=FORMATS)

    def problems(self, value):
        if self._compiled.is_valid(value):
            return []
        return [problem for error in self._compiled.iter_errors(value) for problem in _problems(error)]


def _problems(error):
    """Flatten one error; of the alternatives of an ``anyOf`` or ``oneOf`` the one that came furthest is told."""
    branches = getattr(error.kind, "context", None)
    if branches:
        nearest = max(branches, key=lambda branch: _depth(branch, error))
        if nearest and _depth(nearest, error):
            for inner in nearest:
                yield from _problems(inner)
            return
    facts = error.kind.as_dict()
    path = tuple(error.instance_path)
    if error.kind.name == "required":
        yield Problem((*path, facts["property"]), "required", None, "is missing")
    elif error.kind.name == "additionalProperties":
        for name in facts["unexpected"]:
            yield Problem((*path, name), "unknown", None, "is not in the contract")
    else:
        yield Problem(path, error.kind.name, error.kind.value, error.message)


def _depth(branch, error):
    """0 for a branch that fails on its type at once, else 1."""
    return int(not any(inner.kind.name == "type" and inner.instance_path == error.instance_path for inner in branch))
