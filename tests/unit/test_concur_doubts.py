"""What SAP's pages leave open, or say in two ways: under any pair of answers the books are the same."""

from collections import defaultdict
from datetime import date
from decimal import Decimal

import pytest
from concur_support import connect
from pairs import in_pairs, lacking
from sandbox.concur import ConcurSandbox, ConcurSettings
from sandbox.concur.documents import entry, identity, invoice, invoice_tax, report, tax
from support.tokens import MemoryTokens

from ml_connector.core import documents as doc

DAY = date(2026, 9, 10)
FLOWS = ("expense_reports", "invoices", "cash_advances", "payroll")
DOUBTS = {
    "documents_as_text": (False, True),
    "older_envelope": (False, True),
    "sparse_documents": (False, True),
    "eight_decimals": (False, True),
    "pads_codes": (False, True),
    "one_tax_is_no_list": (False, True),
    "names_no_company": (False, True),
    "odd_ids": (False, True),
    "most_documents": (100, 3),
    "reopens_with": ("whole", "difference"),
    "post_changes_vendors": (False, True),
    "put_makes_vendors": (False, True),
    "put_keeps_the_rest": (False, True),
    "says_success": (False, True),
    "refuses_unknown_groups": (False, True),
    "ended_status": (401, 403),
    "rotate_refresh_tokens": (True, False),
    "numbers_as_text": (False, True),
    "image": ("jpeg", "pdf"),
    "image_size": (0, 8_000_000),
}


PAIRS = in_pairs(DOUBTS)


def test_any_two_doubts_have_each_pair_of_answers():
    assert not lacking(DOUBTS)


INSTANCE = "0c8f-example:7"


def read(made, flow):
    """The documents of a flow, each acknowledged like the engine does it."""
    found = []
    for page in made.flow(flow).pull("", None):
        assert made.flow(flow).acknowledge([item.version for item in page.items]) == {}
        found += [made.flow(flow).document(item.payload) for item in page.items]
    return found


def booked(entries):
    """{account: amount} of journal entries, of a whole or of the whole and what is added to it."""
    sums = defaultdict(Decimal)
    for line in (line for made in entries for line in made.lines):
        sums[line.account.kind, line.account.external_id] += line.amount
    return {key: amount for key, amount in sums.items() if amount}


def vendor_of(odoo_id, name, **values):
    address = doc.Address(street="5 Mill Lane", city="Leeds", postal_code="LS1 4AP", country="GB")
    return doc.Vendor(external_id="", odoo_id=odoo_id, name=name, address=address, currency="GBP", **values)


def lived(answers):
    """All that a company does with Concur, under these answers; what is in the books and in Concur after it."""
    with ConcurSandbox(size="small", settings=ConcurSettings(rate_limit=0, **answers)) as sandbox:
        control = sandbox.control
        many_taxes = [("Paper", "6815", 100, 5, [invoice_tax("V19", "19"), invoice_tax("V7", "7")])]
        content = invoice(identity("taxes", length=20), many_taxes, day=DAY, number="INV-1")
        control.add_document("invoice", content["requestHeader"]["requestId"], content)
        report_id = identity("reopened", length=20)
        first = [entry("600000", "46.00", day=DAY, taxes=[tax("VAT15", "6.00", "6.00")])]
        control.add_document("expense", report_id, report(report_id, first, day=DAY), image=["Receipts"])
        tokens = MemoryTokens()
        made = connect(sandbox, tokens, instance=INSTANCE)
        books = {flow: {document.external_id: document for document in read(made, flow)} for flow in FLOWS}
        # an hour later, in another run
        control.end_access_tokens()
        made = connect(sandbox, tokens, instance=INSTANCE)
        control.reopen(report_id, [entry("612000", "56.00", day=DAY)])
        (revision,) = read(made, "expense_reports")
        assert revision.revision == "2"
        assert revision.is_partial == (answers["reopens_with"] == "difference")
        whole = [books["expense_reports"][report_id]] * revision.is_partial + [revision]
        vendors = [
            (vendor_of(77, "Tailspin Toys Ltd", memberships={"Marketing": True, "Unknown": True}), ""),
            (vendor_of(78, "Blue Harbor Logistics Ltd"), "V-0044"),
        ]
        (receipt,) = made.flow("receipts").document(made.flow("receipts").fetch(report_id).payload)
        mimetype, content = made.download(receipt.url)
        assert mimetype == ("image/jpeg" if answers["image"] == "jpeg" else "application/pdf")
        assert len(content) > 0.9 * answers["image_size"] * (answers["image"] == "jpeg")
        notes = [
            made.flow("vendors_push").send(made.flow("vendors_push").render(row), key, "key").note
            for row, key in vendors
        ]
        assert control.violations() == []
        vendors = [{name: value for name, value in row.items() if value} for row in control.vendors()]
        return books, booked(whole), notes[1], vendors


@pytest.fixture(scope="module")
def plain():
    return lived(PAIRS[0])


@pytest.mark.parametrize("answers", PAIRS[1:], ids=range(1, len(PAIRS)))
def test_the_books_are_the_same_whatever_the_answers_are(plain, answers):
    books, revised, note, vendors = lived(answers)
    assert books == plain[0]
    assert revised == plain[1] == {("account", "612000"): 56, ("employee", "E1042"): -56}
    assert (note, vendors) == (plain[2], plain[3])
