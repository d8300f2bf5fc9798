"""What Visma's pages leave open, and what a company sets there: under any pair of answers the books are the same."""

import pytest
from pairs import in_pairs, lacking
from sandbox.visma import VismaSandbox
from test_visma_invoices import bill, release
from test_visma_invoices import send as send_bill
from test_visma_provider import example_vendor, pulled
from test_visma_provider import send as send_supplier
from test_visma_receipts import receipt, received
from test_visma_receipts import send as send_receipt
from visma_support import order, provider_of, quick

from ml_connector.core.documents import Party

DOUBTS = {
    "clock_offset": (0, 9),
    "twins_swapped": (False, True),
    "reversal_copies_note": (False, True),
    "refuses_repeated_reference": (False, True),
    "numbers_suppliers": (True, False),
    "numbers_orders": (True, False),
    "numbers_invoices": (True, False),
}
PAIRS = in_pairs(DOUBTS)
OWN_NUMBERS = {
    "suppliers_push": "numbers_suppliers",
    "purchase_orders_push": "numbers_orders",
    "bills_push": "numbers_invoices",
}


def test_any_two_doubts_have_each_pair_of_answers():
    assert not lacking(DOUBTS)


def lived(answers):
    """All that a company does with Visma.net, under these answers; what is in the books and in Visma.net after it."""
    with VismaSandbox(size="small", settings=quick(action_seconds=0, **answers)) as sandbox:
        options = {flow: {"number_source": "odoo"} for flow, name in OWN_NUMBERS.items() if not answers[name]}
        made = provider_of(sandbox, options=options)
        books = {item.external_id: made.flow("suppliers").document(item.payload) for item in pulled(made, "suppliers")}
        number = send_supplier(made, example_vendor(reference="V-5")).external_id
        supplier = Party(external_id=number)
        payload = made.flow("purchase_orders_push").render(order(vendor=supplier))
        bought = made.flow("purchase_orders_push").send(payload, "", "key").external_id
        send_receipt(made, receipt(bought, "1", "0.25"))
        key = send_bill(made, bill(vendor=supplier, currency="EUR")).external_id
        release(made, key)
        # an hour later, in another run; a number that is repeated may be refused
        made = provider_of(sandbox, options=options)
        corrected = send_bill(made, bill(vendor=supplier, currency="EUR", number="F-100-2"), key)
        assert corrected.external_id == key, "a number alone changes nothing"
        key = send_bill(made, bill(vendor=Party(external_id="50001"), currency="EUR", number="F-101"), key).external_id
        release(made, key)
        standing = [row for row in sandbox.control.invoices() if row["status"] == "Open" and row["balance"]]
        found = [made.flow("suppliers").document(item.payload) for item in pulled(made, "suppliers")]
        (there,) = (document for document in found if document.external_id == number)
        assert sandbox.control.violations() == [] and sandbox.control.ignored() == []
        amounts = sorted((row["documentType"], row["supplier"]["name"], row["balanceInCurrency"]) for row in standing)
        return books, there.shared(), received(sandbox), amounts


@pytest.fixture(scope="module")
def plain():
    return lived(PAIRS[0])


@pytest.mark.parametrize("answers", PAIRS[1:], ids=range(1, len(PAIRS)))
def test_the_books_are_the_same_whatever_the_answers_are(plain, answers):
    assert lived(answers) == plain
    assert [amount for _kind, _name, amount in plain[3]] == [1250, 1250, 1250]
