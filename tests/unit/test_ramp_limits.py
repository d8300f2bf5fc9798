"""What we say that Ramp cannot, held against its contract: a sentence of that form is true, or it is not there."""

import re
from pathlib import Path

import pytest
from sandbox.ramp import PUBLISHED, load_contract

ROOT = Path(__file__).parents[2]
API = "/developer/v1"
PLACES = [
    *sorted((ROOT / "ml_connector/providers/ramp").glob("*.py")),
    ROOT / "docs/ramp.rst",
]
FORM = re.compile(
    r"(?:API|interface|Ramp)[^.;\n]{0,45}\bcannot\b|\bwhole quantit|\bneither list|[Tt]hey cannot be hidden"
    r"|there is no change|never the classification|does not filter|: neither "
)


class Interface:
    def __init__(self, contract):
        self.operations = contract.operations
        self.schemas = contract.components["schemas"]

    def has(self, operation):
        return operation.replace(" ", f" {API}", 1) in self.operations

    def takes(self, operation, name):
        return name in self.operations[operation.replace(" ", f" {API}", 1)].body_names

    def filters(self, operation, name):
        found = self.operations[operation.replace(" ", f" {API}", 1)]
        return name in {parameter["name"] for parameter in found.parameters}

    def type_of(self, schema, name):
        return self.schemas[schema]["properties"][name]["type"]


def whole_quantities(ramp):
    bodies = ("ApiPurchaseOrderLineItemCreateParamsRequestBody", "ApiItemReceiptLineItemCreateParamsRequestBody")
    return all("integer" in ramp.type_of(body, "unit_quantity") for body in bodies)


LIMITS = {
    r"classification": lambda ramp: not ramp.takes("PATCH /accounting/accounts/{gl_account_id}", "classification"),
    r"neither list|list or change|values of the company|change a company": lambda ramp: (
        not any(ramp.has(f"{verb} /accounting/entities{path}") for verb in ("GET", "PATCH") for path in ("", "/{id}"))
    ),
    r"hidden": lambda ramp: not ramp.takes("PATCH /accounting/vendors/{vendor_id}", "visibility"),
    r"change one|there is no change": lambda ramp: not ramp.has("PATCH /item-receipts/{item_receipt_id}"),
    r"delete|deleted": lambda ramp: not ramp.has("DELETE /bills/drafts/{draft_bill_id}"),
    r"email address|e-mail": lambda ramp: not ramp.takes("PATCH /users/{user_id}", "email"),
    r"whole": whole_quantities,
    r"archived tax|tax again": lambda ramp: (
        not ramp.takes("PATCH /accounting/tax/code/options/{option_id}", "reactivate")
    ),
    r"neither vendor nor lines|vendor of an order": lambda ramp: (
        not any(ramp.takes("PATCH /purchase-orders/{purchase_order_id}", name) for name in ("vendor_id", "line_items"))
    ),
}
"""By a part of the sentence: whether the interface is so today."""
FORMER_LIMITS = {
    r"rename": lambda ramp: not ramp.takes("PATCH /vendors/{vendor_id}", "name"),
    r"contact": lambda ramp: not ramp.has("POST /vendors/{vendor_id}/contacts"),
}
"""The same, of sentences about interfaces that are older."""


def sentences():
    for path in PLACES:
        for line in path.read_text(encoding="utf-8").splitlines():
            if FORM.search(line):
                yield path.name, line.strip()


@pytest.fixture(scope="module")
def newer():
    return Interface(load_contract("", "operation"))


@pytest.fixture(scope="module")
def older():
    return Interface(load_contract(PUBLISHED, "operation"))


def test_each_sentence_about_what_ramp_cannot_is_true(newer, older):
    found = list(sentences())
    used = set()
    for place, line in found:
        limits = [part for part in {**LIMITS, **FORMER_LIMITS} if re.search(part, line)]
        assert limits, f"{place}: nothing holds this against the contract: {line}"
        used.update(limits)
    assert used == {*LIMITS, *FORMER_LIMITS}
    for part, holds in LIMITS.items():
        assert holds(newer), f"Ramp can by now: {part}"
    for part, holds in FORMER_LIMITS.items():
        assert holds(older) and not holds(newer), part


def test_the_older_interface_is_the_newer_one_without_what_was_added(newer, older):
    assert set(newer.operations) - set(older.operations) == {
        f"POST {API}/vendors/{{vendor_id}}/contacts",
        f"PATCH {API}/vendors/{{vendor_id}}/contacts/{{vendor_contact_id}}",
    }
    options = f"GET {API}/accounting/field-options"
    for ramp, required in ((newer, False), (older, True)):
        (field_id,) = [row for row in ramp.operations[options].parameters if row["name"] == "field_id"]
        assert field_id["required"] is required
        assert ramp.filters("GET /accounting/field-options", "field_remote_id") is not required
