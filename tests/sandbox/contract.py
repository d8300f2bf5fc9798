"""A provider's published contract: finds the operation of a request and checks both directions."""

import json
import re
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import cached_property
from pathlib import Path

from .schema import Problem, Validator, to_json_schema

CONTRACTS = Path(__file__).parent / "contracts"
METHODS = ("get", "post", "put", "patch", "delete")
TRUE, FALSE = ("true", "True", "1"), ("false", "False", "0")


class Contract:
    """The operations of one contract file, in OpenAPI 3.0."""

    def __init__(self, document, parameters=None, error_schema=None, corrections=None):
        """:param parameters: bounds that the provider documents outside of the contract, by parameter name
        :param corrections: whole schemas, by name, where the published ones contradict their own examples
        :param error_schema: the form of the provider's error bodies, where the contract does not say
        """
        self.bounds = parameters or {}
        schemas = {**document.get("components", {}).get("schemas", {}), **(corrections or {})}
        self.components = to_json_schema({"schemas": schemas})
        self.shared_parameters = document.get("components", {}).get("parameters", {})
        self.error_schema = error_schema
        self.operations = {}
        for path, entry in document["paths"].items():
            for method in METHODS:
                if method in entry:
                    operation = Operation(self, method.upper(), path, entry[method], entry.get("parameters", []))
                    self.operations[operation.key] = operation
        self._searched = sorted(self.operations.values(), key=lambda operation: operation.path.count("{"))

    @classmethod
    def load(cls, *names, until="", form="", **options):
        """The contract of one file, or of several as one.

        :param until: the day after which nothing was added: what is marked with a later ``x-since`` is left out
        :param form: of what is published without its form, in one of several that are marked with ``x-form``
        """
        documents = [json.loads((CONTRACTS / f"{name}.json").read_text(encoding="utf-8")) for name in names]
        documents = [_as_of(document, until, form) for document in documents]
        paths, schemas = {}, {}
        for document in documents:
            paths.update(document["paths"])
            schemas.update(document.get("components", {}).get("schemas", {}))
        return cls({"paths": paths, "components": {"schemas": schemas}}, **options)

    def find(self, method, path):
        """Return the operation and its path values; without one, ``None`` and the methods the path does have."""
        allowed = set()
        for operation in self._searched:
            match = operation.pattern.fullmatch(path)
            if match and operation.method == method:
                return operation, match.groupdict()
            if match:
                allowed.add(operation.method)
        return None, allowed

    def validator(self, schema):
        return Validator(schema, self.components)

    @cached_property
    def error_validator(self):
        return self.validator(self.error_schema) if self.error_schema else None


class Operation:
    """One method of one path."""

    def __init__(self, contract, method, path, entry, shared):
        self.contract = contract
        self.method, self.path, self.key = method, path, f"{method} {path}"
        self.entry = entry
        self.parameters = [
            contract.shared_parameters[item["$ref"].rsplit("/", 1)[1]] if "$ref" in item else item
            for item in (*shared, *entry.get("parameters", []))
        ]
        self.pattern = re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path)))
        self.success = min(int(code) for code in entry["responses"] if code.startswith("2"))

    @property
    def scopes(self):
        """The scopes that ``security`` asks for; none for a public operation."""
        return {scope for rule in self.entry.get("security", []) for scopes in rule.values() for scope in scopes}

    @property
    def is_public(self):
        return not self.entry.get("security")

    def path_problems(self, values):
        return self._check("path", values)[1]

    def query(self, arguments):
        """Query arguments with their Python types and defaults, and the problems; unknown ones are ignored."""
        return self._check("query", arguments)

    def body_problems(self, data):
        validator = self._body_validator
        return validator.problems(data) if validator else []

    @property
    def media_type(self):
        """The media type of the body."""
        return next(iter(self.entry.get("requestBody", {}).get("content", {})), None)

    @cached_property
    def body_names(self):
        """The names of the fields of the body."""
        schema = next(iter(self.entry["requestBody"]["content"].values()))["schema"]
        if "$ref" in schema:
            schema = self.contract.components["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        return set(schema.get("properties", ()))

    @property
    def wants_body(self):
        return self.entry.get("requestBody", {}).get("required", False)

    def response_problems(self, status, content_type, text):
        """Check what is about to be sent, as it goes over the wire."""
        if status >= 400:
            validator = self.contract.error_validator
            return validator.problems(json.loads(text)) if validator and text else []
        if str(status) not in self.entry["responses"]:
            return [Problem((), "status", status, f"status {status} is not in the contract")]
        if status == 204 and not text:
            return []
        expected, validator = self._responses.get(status, (None, None))
        if validator is None:
            return [Problem((), "body", None, "the contract has no body here")] if text else []
        if content_type != expected:
            return [Problem((), "content", content_type, f"is not {expected}")]
        return validator.problems(json.loads(text)) if expected == "application/json" else []

    # -- compiled on first use ---------------------------------------------------------------------------------------

    @cached_property
    def _body_validator(self):
        content = self.entry.get("requestBody", {}).get("content", {})
        return self.contract.validator(next(iter(content.values()))["schema"]) if content else None

    @cached_property
    def _responses(self):
        return {
            int(code): (media_type, self.contract.validator(content["schema"]))
            for code, response in self.entry["responses"].items()
            for media_type, content in response.get("content", {}).items()
            if "schema" in content
        }

    @cached_property
    def _places(self):
        places = {}
        for place in ("path", "query"):
            named = {parameter["name"]: parameter for parameter in self.parameters if parameter["in"] == place}
            schema = {
                "type": "object",
                "properties": {
                    name: {**item["schema"], **self.contract.bounds.get(name, {})} for name, item in named.items()
                },
                "required": [name for name, item in named.items() if item.get("required")],
            }
            places[place] = (named, self.contract.validator(schema))
        return places

    def _check(self, place, arguments):
        named, validator = self._places[place]
        values = {}
        for name, parameter in named.items():
            if name in arguments:
                values[name] = _json_value(_raw(arguments, parameter), parameter["schema"])
        problems = validator.problems(values)
        for name, parameter in named.items():
            default = parameter["schema"].get("default")
            if default is not None:
                values.setdefault(name, default)
        if problems:
            return values, problems
        return {name: _python_value(value, named[name]["schema"]) for name, value in values.items()}, []


def _as_of(node, until, form):
    """The part of a contract that an interface of that day has, in that form."""
    if isinstance(node, list):
        return [_as_of(item, until, form) for item in node if _is_there(item, until, form)]
    if not isinstance(node, dict):
        return node
    kept = {key: _as_of(value, until, form) for key, value in node.items() if _is_there(value, until, form)}
    if until and node.get("x-required-until", "") > until:
        kept["required"] = True
    return kept


def _is_there(node, until, form):
    if not isinstance(node, dict):
        return True
    is_later = until and node.get("x-since", "") > until
    return not is_later and (not form or node.get("x-form", form) == form)


def _raw(arguments, parameter):
    name = parameter["name"]
    if parameter["schema"].get("type") != "array":
        return arguments[name]
    if parameter.get("explode", True):
        return arguments.getlist(name)
    return arguments[name].split(",")


def _json_value(text, schema):
    """Turn the text of an argument into what its schema describes, or leave it for the validator to refuse."""
    kind = schema.get("type")
    if isinstance(text, list):
        return [_json_value(item, schema.get("items", {})) for item in text]
    if kind == "boolean":
        return True if text in TRUE else False if text in FALSE else text
    if kind == "integer" or all(isinstance(value, int) for value in schema.get("enum", [""])):
        return int(text) if re.fullmatch(r"-?\d+", text) else text
    return text


def _python_value(value, schema):
    """Dates, moments and decimals as such; a moment without an offset is UTC."""
    if not isinstance(value, str):
        return value
    formats = {schema.get("format"), *(part.get("format") for part in schema.get("oneOf", []))}
    if "date" in formats:
        return date.fromisoformat(value)
    if "date-time" in formats:
        moment = datetime.fromisoformat(value)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if "decimal" in formats:
        try:
            return Decimal(value)
        except InvalidOperation:
            return value
    return value
