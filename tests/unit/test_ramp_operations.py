"""Which operations of Ramp's contract the flows request: their paths are read from the source and looked up."""

import ast
import itertools
from pathlib import Path

import pytest
from sandbox.ramp import RampSandbox

from ml_connector.providers.ramp.client import ROOT

FOLDER = Path(__file__).parents[2] / "ml_connector/providers/ramp"
SOME_ID = "00000000-0000-4000-8000-000000000001"
VERBS = {
    **dict.fromkeys(("get", "one", "found", "pages", "rows", "pages_of_record"), "GET"),
    **dict.fromkeys(("create", "upload"), "POST"),
    "update": "PATCH",
}
"""Methods of the client with their HTTP method; `change` and `request` name it. `found` adds the ID."""
OTHERS = ("download", "fetch_token")
BASES = {"SpendPull": ("SpendPull", "SyncedPull")}
BESIDES = {f"POST {ROOT}/token", f"GET {ROOT}/webhooks/{{webhook_id}}"}
"""The token, by the tests of the client; and what is read after a refusal, to know whether Ramp has the record."""


class Source:
    """The requests in the source of the flows. Their paths have `{}` for each ID, which `path_id` has to check."""

    def __init__(self):
        self.modules = [ast.parse(path.read_text()) for path in FOLDER.glob("*.py") if path.name != "client.py"]
        self.constants, self.functions, self.paths = {}, {}, {}
        for module in self.modules:
            for node in module.body:
                self._note(module, node)

    def _note(self, module, node):
        if isinstance(node, ast.Assign):
            for name, value in _assigned(node):
                self.constants[module, ast.unparse(name)] = value
        if isinstance(node, ast.FunctionDef):
            self.functions[module, node.name] = node
        if isinstance(node, ast.ClassDef):
            for part in node.body:
                if isinstance(part, ast.FunctionDef):
                    self.functions[module, part.name] = part
                if isinstance(part, ast.Assign) and ast.unparse(part.targets[0]) == "path" and part.value.value:
                    for name in (node.name, *BASES.get(node.bases[0].id, (node.bases[0].id,))):
                        self.paths.setdefault(name, set()).add(part.value.value)

    def requests(self):
        """(HTTP method, path) of each request."""
        for module in self.modules:
            for owner in (node for node in module.body if isinstance(node, (ast.ClassDef, ast.FunctionDef))):
                for function in (node for node in ast.walk(owner) if isinstance(node, ast.FunctionDef)):
                    for call in (node for node in ast.walk(function) if isinstance(node, ast.Call)):
                        yield from self._requests(call, (module, owner.name, function))

    def _requests(self, call, scope):
        verb, args = call.func, call.args
        if ast.unparse(verb) == "partial":
            verb, *args = args
        if not isinstance(verb, ast.Attribute) or not ast.unparse(verb.value).endswith("client") or verb.attr in OTHERS:
            return
        method, path = (VERBS[verb.attr], args[0]) if verb.attr in VERBS else (args[0].value, args[1])
        for value in self._values(path, scope):
            yield method, f"{value}/{{}}" if verb.attr == "found" else value

    def _values(self, node, scope):
        """The possible values of an expression."""
        match node:
            case ast.Constant(value=str()):
                return {node.value}
            case ast.FormattedValue(value=ast.Call(func=ast.Name(id="path_id"))):
                return {"{}"}
            case ast.FormattedValue():
                return self._values(node.value, scope)
            case ast.JoinedStr():
                return {
                    "".join(parts) for parts in itertools.product(*(self._values(part, scope) for part in node.values))
                }
            case ast.IfExp():
                return self._of_each((node.body, node.orelse), scope)
            case ast.Attribute(attr="path"):
                owner = ast.unparse(node.value)
                return self.paths[scope[1] if owner == "self" else owner]
            case ast.Attribute(attr=name) | ast.Call(func=ast.Name(id=name)):
                module, function = self._defined(self.functions, name, scope[0])
                found = [part.value for part in ast.walk(function) if isinstance(part, ast.Return)]
                return self._of_each(found, (module, scope[1], function))
            case ast.Name():
                return self._of_each(*self._meanings(node.id, scope))
        raise AssertionError(f"{scope[2].name}: {ast.unparse(node)} is no path with checked IDs.")

    def _of_each(self, nodes, scope):
        return set().union(*(self._values(node, scope) for node in nodes))

    def _defined(self, definitions, name, module):
        """Module and definition of a name: of this module, else of the only one that has it."""
        places = [place for place in definitions if place[1] == name]
        (place,) = [place for place in places if place[0] is module] or places
        return place[0], definitions[place]

    def _meanings(self, name, scope):
        """The expressions for a name, which is a variable, a parameter or a constant; and where they stand."""
        module, _owner, function = scope
        found = []
        for part in ast.walk(function):
            if isinstance(part, ast.Assign):
                found += [value for target, value in _assigned(part) if ast.unparse(target) == name]
        names = [argument.arg for argument in function.args.args if argument.arg != "self"]
        if name in names:
            calls = [node for node in ast.walk(module) if isinstance(node, ast.Call)]
            found += [
                node.args[names.index(name)] for node in calls if ast.unparse(node.func) == f"self.{function.name}"
            ]
        if found:
            return found, scope
        module, value = self._defined(self.constants, name, module)
        return [value], (module, *scope[1:])


def _assigned(assignment):
    """(target, value) of each part of an assignment."""
    sides = (assignment.targets[0], assignment.value)
    return zip(*(side.elts if isinstance(side, ast.Tuple) else [side] for side in sides), strict=False)


@pytest.fixture(scope="module")
def contract():
    return RampSandbox.contract


@pytest.fixture(scope="module")
def requested():
    found = set(Source().requests())
    assert found
    return found


def test_each_request_is_an_operation_of_the_contract(contract, requested):
    for method, path in requested:
        operation, _values = contract.find(method, ROOT + path.format(*[SOME_ID] * 3))
        assert operation, f"{method} {path} is not in the contract"


def test_the_contract_has_what_the_flows_request_and_nothing_else(contract, requested):
    """So a request of anything else fails: records are hidden and never deleted, and people in Ramp decide about bank
    details, payments, memos and coding."""
    covered = {contract.find(method, ROOT + path.format(*[SOME_ID] * 3))[0].key for method, path in requested}
    assert covered | BESIDES == set(contract.operations)
