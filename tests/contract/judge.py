"""Judges exchanges against what the providers publish, with validators that are not ours: openapi-core and Prism."""

import fnmatch
import json
import os
import re
import subprocess
import tempfile
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from openapi_core import Config, OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.templating.responses.exceptions import ResponseNotFound
from sandbox.contract import CONTRACTS, METHODS
from sandbox.traffic import Exchange
from werkzeug.datastructures import Headers, ImmutableMultiDict

from lib import bootstrap

PUBLICATIONS = "ML_CONNECTOR_PUBLICATIONS"
"""Environment variable: a folder with the providers' whole publications, `<provider>/*.json`."""
CORE, PRISM, OURS = "openapi-core", "Prism", "names"
LONGEST = 200
HOST = "http://provider.example"
LINKS = ("/files/", "/images/")
"""Where the sandboxes' own links to files lead, which no contract describes."""
PLACES = {
    "event-subscription-service": "/events",
    "financial-integration": "/financialintegration",
    "image-v1.0": "/api",
    "invoice-pay-v4": "/invoice",
    "invoice-payment-request-v3.0": "/api/v3.0",
    "oauth2-token": "/oauth2/v0",
}
"""Publications of SAP Concur that leave out, or contradict, where their paths begin."""


class Violation(NamedTuple):
    """All of a kind are one.

    :param judge: who found it
    :param operation: e.g. `GET /bills/{bill_id}`; the path itself when there is no such operation
    :param side: `request` or `answer`
    :param place: what is wrong, with `*` for each position of a list: `body.data.*.amount`
    :param rule: keyword of the schema; `null` for a value that may not be null, `status` for one that is not declared
    """

    judge: str
    operation: str
    side: str
    place: str
    rule: str

    def __str__(self):
        return f"{self.judge}: {self.operation}, {self.side}, {self.place or '(whole)'}, {self.rule}"


@dataclass(frozen=True, kw_only=True)
class Contradiction:
    """A place where a publication contradicts itself or what the provider does; patterns as of `fnmatch`.

    :param value: regular expression of all values that are excused
    :param judge: the only validator that sees it
    :param published: whether it is one of the whole publications alone, which the contract files leave out
    """

    operation: str
    side: str = "answer"
    place: str = "*"
    rule: str = "*"
    value: str = ""
    judge: str = "*"
    reason: str
    published: bool = False

    def covers(self, violation, values):
        return (
            self.side == violation.side
            and _matches(violation.operation, self.operation)
            and _matches(violation.place, self.place)
            and _matches(violation.rule, self.rule)
            and _matches(violation.judge, self.judge)
            and (not self.value or all(re.fullmatch(self.value, value) for value in values))
        )


class Document:
    """One OpenAPI document, under the paths that are called."""

    def __init__(self, name, content, place=None):
        self.name = name
        place = content.get("basePath", "").rstrip("/") if place is None else place
        self.content = {key: value for key, value in content.items() if key not in ("host", "basePath", "security")}
        # the paths are in our hands, not those who may call them
        self.content["servers"] = [{"url": HOST}]
        self.content["paths"] = {f"{place}{path}": _open(entry) for path, entry in content["paths"].items()}
        self.is_swagger = "swagger" in content

    @cached_property
    def operations(self):
        """What each operation says, with the parameters of its path."""
        return {
            f"{method.upper()} {path}": {**entry[method], "parameters": _parameters(entry) + _parameters(entry[method])}
            for path, entry in self.content["paths"].items()
            for method in METHODS
            if method in entry
        }

    def only(self, paths):
        """What the paths need of the document, as a document."""
        return {**self.content, "paths": {path: self.content["paths"][path] for path in paths}}

    def parameter(self, parameter):
        while "$ref" in parameter:
            found = self.content
            for name in parameter["$ref"].removeprefix("#/").split("/"):
                found = found[name]
            parameter = found
        return parameter


def contracts(provider):
    """The contract files in the repository."""
    return [Document(path.stem, _loaded(path)) for path in sorted(CONTRACTS.glob(f"{provider}*.json"))]


def publications(provider):
    """The whole publications, where a folder of them is named."""
    folder = os.environ.get(PUBLICATIONS)
    found = []
    for path in sorted(Path(folder, provider).glob("*.json")) if folder else ():
        place = next((place for stem, place in PLACES.items() if path.name.startswith(stem)), None)
        found.append(Document(path.stem, _loaded(path), place))
    return found


class Case(NamedTuple):
    """
    :param number: of the document that has its operation
    :param is_spoilt: whether its answer was made wrong on purpose
    """

    exchange: Exchange
    operation: str
    number: int
    is_spoilt: bool = False

    @property
    def path(self):
        return self.operation.split(" ", 1)[1]


class Judgement:
    """What two validators say of exchanges.

    :ivar requests: how many were judged
    :ivar operations: {operation: how often}
    :ivar violations: {violation: (value, what was said of it) of each case}
    :ivar blind: {validator: operations of which it takes any answer, because it cannot read their schema}
    """

    def __init__(self, documents, exchanges):
        self.documents = documents
        self.requests = 0
        self.operations = Counter()
        self.violations = defaultdict(list)
        self._searched = [
            (method, _pattern(path), f"{method} {path}", number)
            for number, document in enumerate(documents)
            for method, path in (key.split(" ", 1) for key in document.operations)
        ]
        # a later document describes the same operation anew, and a path without placeholders comes first
        self._searched.sort(key=lambda entry: (entry[2].count("{"), -entry[3]))
        cases = list(self._cases([exchange for exchange in exchanges if not exchange.path.startswith(LINKS)]))
        spoilt = {case.operation: case for case in map(_spoilt, cases) if case}
        self.blind = {CORE: set(), PRISM: set(spoilt)}
        self.blind[CORE] = {key for key, case in spoilt.items() if not documents[case.number].is_swagger}
        cases += spoilt.values()
        self._names(cases)
        self._openapi_core(cases)
        self._prism(cases)

    def _cases(self, exchanges):
        """One of each content: what was said before is not judged again."""
        seen = set()
        for exchange in exchanges:
            self.requests += 1
            operation, number = self._operation(exchange)
            if operation is None:
                unknown = Case(exchange, f"{exchange.method} {exchange.path}", 0)
                self._add(OURS, unknown, "request", (), "operation", "is not published")
                continue
            self.operations[operation] += 1
            content = json.dumps(vars(exchange), sort_keys=True)
            if content not in seen:
                seen.add(content)
                yield Case(exchange, operation, number)

    def _operation(self, exchange):
        for method, pattern, key, number in self._searched:
            if method == exchange.method and pattern.fullmatch(exchange.path):
                return key, number
        return None, None

    def _add(self, judge, case, side, place, rule, message, value=""):
        if case.is_spoilt:
            self.blind.get(judge, set()).discard(case.operation)
            return
        place = ".".join("*" if str(part).isdigit() else str(part) for part in place)
        self.violations[Violation(judge, case.operation, side, place, rule)].append((str(value), message))

    def _names(self, cases):
        """Parameters that are not published, which neither validator looks for."""
        for case in cases:
            document = self.documents[case.number]
            parameters = map(document.parameter, document.operations[case.operation]["parameters"])
            known = {parameter["name"] for parameter in parameters if parameter["in"] == "query"}
            for name in sorted({name for name, _value in case.exchange.query} - known):
                self._add(OURS, case, "request", ("query", name), "unknown", "is not published")

    # -- openapi-core ------------------------------------------------------------------------------------------------

    def _openapi_core(self, cases):
        for number, document in enumerate(self.documents):
            ours = [case for case in cases if case.number == number]
            if document.is_swagger or not ours:
                continue
            null = {"type": "string", "nullable": True, "enum": [None]}
            content = _with_null(document.only({case.path for case in ours}), null, in_enums=True)
            closed = OpenAPI.from_dict(
                content, config=Config(spec_validator_cls=None, additional_properties_default_policy="forbid")
            )
            as_published = OpenAPI.from_dict(content, config=Config(spec_validator_cls=None))
            for case in ours:
                request = _Request(case.exchange)
                if not case.is_spoilt:
                    for error in closed.iter_request_errors(request):
                        self._add_error(case, "request", error)
                for error in as_published.iter_response_errors(request, _Response(case.exchange)):
                    self._add_error(case, "answer", error)

    def _add_error(self, case, side, error):
        start = ("query", error.name) if hasattr(error, "location") else ("body",)
        cause = error.__cause__
        problems = getattr(cause, "schema_errors", None)
        if not problems:
            shown = cause or error
            rule = "status" if isinstance(shown, ResponseNotFound) else type(shown).__name__
            self._add(CORE, case, side, start, rule, str(shown)[:LONGEST])
        for problem in problems or ():
            for inner in _innermost(problem):
                place = (*start, *inner.absolute_path)
                rule = "null" if inner.instance is None else inner.validator
                self._add(CORE, case, side, place, rule, inner.message[:LONGEST], inner.instance)

    # -- Prism -------------------------------------------------------------------------------------------------------

    def _prism(self, cases):
        paths = {}
        for case in cases:
            paths.setdefault(case.number, set()).add(case.path)
        places = {number: place for place, number in enumerate(paths)}
        given = {
            # to what is listed it adds null by itself
            "documents": [
                _with_null(self.documents[number].only(wanted), {"type": "null"}, in_enums=False)
                for number, wanted in paths.items()
            ],
            "exchanges": [{**vars(case.exchange), "document": places[case.number]} for case in cases],
        }
        for found in prism(given):
            case = cases[found["exchange"]]
            for problem in found["problems"]:
                if not case.is_spoilt or problem["side"] == "answer":
                    said = (problem[name] for name in ("side", "place", "rule", "message", "value"))
                    self._add(PRISM, case, *said)


def prism(given):
    """What Prism says of {"documents": [...], "exchanges": [...]}."""
    modules = bootstrap.node_modules()
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(given, file)
        file.flush()
        done = subprocess.run(
            ["node", Path(__file__).with_name("prism.js"), file.name],
            env={**os.environ, "PRISM": str(modules)},
            check=True,
            capture_output=True,
            text=True,
        )
    return json.loads(done.stdout)


def faults(judgement, listed, published=False, whole=True):
    """What is wrong: violations that are not listed, and entries of the list that say nothing.

    :param published: whether the documents are the whole publications
    :param whole: whether all flows were at work, so that each entry has to be of use
    """
    listed = [entry for entry in listed if published or not entry.published]
    known = {operation for document in judgement.documents for operation in document.operations}
    used = set()
    found = []
    for violation, cases in judgement.violations.items():
        covering = [entry for entry in listed if entry.covers(violation, [value for value, _message in cases])]
        used.update(covering)
        if not covering:
            found.append(f"{len(cases)} × {violation}: {cases[0][1]}")
    for entry in listed if whole else ():
        if entry.published == published and entry not in used:
            is_known = any(_matches(operation, entry.operation) for operation in known)
            found.append(f"{'Unused' if is_known else 'Unknown operation'}: {entry.operation}, {entry.place}")
    return found


def assert_published(provider, exchanges, listed, floor):
    """What a test recorded differs from the contract files by what is listed only, and is no less than it was.

    :param floor: operations exercised and requests judged
    """
    judgement = Judgement(contracts(provider), exchanges)
    found = faults(judgement, listed, whole=False)
    assert not found, "\n".join(found)
    reached = len(judgement.operations), judgement.requests
    assert all(count >= least for count, least in zip(reached, floor, strict=True)), reached


class _Request:
    """An exchange as openapi-core reads a request."""

    host_url = HOST

    def __init__(self, exchange):
        self.path = exchange.path
        self.method = exchange.method.lower()
        self.content_type = exchange.headers.get("content-type", "")
        self.body = exchange.body.encode() or None
        query = ImmutableMultiDict(exchange.query)
        self.parameters = RequestParameters(query=query, header=Headers(exchange.headers))


class _Response:
    """An exchange as openapi-core reads an answer."""

    def __init__(self, exchange):
        self.status_code = exchange.status
        self.headers = Headers(exchange.answer_headers)
        self.content_type = exchange.answer_headers.get("content-type", "")
        self.data = exchange.answer.encode() or None


def _loaded(path):
    return json.loads(path.read_text(encoding="utf-8"))


def _with_null(node, null, in_enums):
    """A document in which null is taken where the publication means it.

    `nullable` beside `allOf`, or beside an `enum` without null, says nothing by the letter of OpenAPI 3.0: openapi-core
    refuses null there, and Prism cannot read the schema, and lets everything pass.

    :param null: a schema that only null fits
    """
    if isinstance(node, list):
        return [_with_null(item, null, in_enums) for item in node]
    if not isinstance(node, dict):
        return node
    node = {key: _with_null(value, null, in_enums) for key, value in node.items()}
    if node.get("nullable") is not True:
        return node
    if in_enums and "enum" in node and None not in node["enum"]:
        node["enum"] = [*node["enum"], None]
    if "type" in node:
        return node
    del node["nullable"]
    return {"anyOf": [node, null]}


def _open(entry):
    """The entry of a path without who may call it."""
    return {
        key: {name: part for name, part in value.items() if name != "security"} if key in METHODS else value
        for key, value in entry.items()
    }


def _parameters(entry):
    return tuple(entry.get("parameters", ()))


def _pattern(path):
    return re.compile(re.sub(r"\\{[^}]+\\}", "[^/]+", re.escape(path.partition("?")[0])))


def _spoilt(case):
    """The case with an answer that no schema takes; None where there is no JSON to spoil."""
    exchange = case.exchange
    if exchange.status >= 300 or not exchange.answer or "json" not in exchange.answer_headers.get("content-type", ""):
        return None
    return case._replace(exchange=replace(exchange, answer='"nothing of the kind"'), is_spoilt=True)


def _innermost(error):
    """The errors below one of alternatives, else itself."""
    if not error.context:
        return [error]
    branches = {}
    for inner in error.context:
        branches.setdefault(inner.schema_path[0] if inner.schema_path else 0, []).append(inner)
    # of the alternatives the one that came furthest
    nearest = max(branches.values(), key=lambda inner: max(len(item.absolute_path) for item in inner))
    return [part for inner in nearest for part in _innermost(inner)]


def _matches(text, pattern):
    # places and paths may hold brackets
    return fnmatch.fnmatchcase(text, pattern.replace("[", "[[]"))
