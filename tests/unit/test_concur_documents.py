"""SAP's posting rule: the reference results of its use cases, the invariants, and properties of any report."""

import json
from collections import defaultdict
from datetime import date
from decimal import Decimal

import pytest
from concur_support import cash_advance, expense_report, invoice, payroll
from hypothesis import given
from hypothesis import strategies as st
from sandbox.concur import documents
from sandbox.concur.cases import composed_report, reference_reports
from sandbox.server import to_json

from ml_connector.core.errors import InvalidDataError, NotRelevantError
from ml_connector.core.provider import Settings
from ml_connector.providers.concur.provider import ConcurProvider

DAY = date(2026, 9, 10)
EMPLOYEE = ("employee", "E1042")


def received(content):
    """A document as it comes over the wire."""
    return json.loads(to_json(content))


def balances(document):
    """{(kind, id): amount} of a journal entry."""
    found = defaultdict(Decimal)
    for line in document.lines:
        found[line.account.kind, line.account.external_id] += line.amount
    return {key: amount for key, amount in found.items() if amount}


def account(code):
    return ("account", code)


def tax(code):
    return ("tax", code)


EXPECTED = {
    "1.2": {account("600000"): "-50", EMPLOYEE: "50"},
    "1.4": {account("600000"): "26.88", EMPLOYEE: "-26.88"},
    "2.1": {account("600000"): "8.40", tax("R16"): "1.60", EMPLOYEE: "-10"},
    "2.2": {account("600000"): "100", EMPLOYEE: "-100"},
    "2.3": {account("600000"): "96.46", tax("QST"): "3.54", EMPLOYEE: "-100"},
    "2.4": {account("600000"): "51.83", tax("GST"): "1.22", tax("QST"): "1.95", EMPLOYEE: "-55"},
    "2.5": {account("600000"): "60.24", EMPLOYEE: "-60.24"},
    "4.1": {account("600000"): "25", EMPLOYEE: "-25"},
    "5.2.1": {account("600000"): "315", account("CADV"): "-300", EMPLOYEE: "-15"},
    "5.2.2": {account("600000"): "315", account("CADV"): "-400", EMPLOYEE: "85"},
    "6.1.6": {account("600000"): "305", account("party:IBCP"): "-284", EMPLOYEE: "-21"},
    "6.2.2": {account("600000"): "305", account("party:CBCP"): "-284", EMPLOYEE: "-21"},
    "6.2.3": {account("600000"): "700", account("party:CBCP"): "-1000", EMPLOYEE: "300"},
}


@pytest.mark.parametrize("case", EXPECTED)
def test_reference_results(case):
    entry = expense_report(received(reference_reports(DAY)[case]))
    assert balances(entry) == {key: Decimal(value) for key, value in EXPECTED[case].items()}
    assert sum(line.amount for line in entry.lines) == 0


def test_every_reference_case_is_tested():
    assert reference_reports(DAY).keys() == EXPECTED.keys()


def test_composed_report():
    entry = expense_report(received(composed_report(DAY)))
    assert balances(entry) == {
        account("612000"): Decimal(184),
        account("611000"): Decimal(50),
        tax("R19"): Decimal("9.5"),
        account("620000"): Decimal(84),
        EMPLOYEE: Decimal("-129.5"),
        account("party:CBCP:1000"): Decimal(-98),
        account("CADV"): Decimal(-100),
    }
    assert entry.currency == "EUR"
    assert not [line for line in entry.lines if line.account.external_id == "199999"]
    parts = {
        line.analytics[0].reference.code: line.amount for line in entry.lines if line.account.external_id == "612000"
    }
    assert parts == {"CC100": Decimal("110.4"), "CC200": Decimal("73.6")}


def test_the_published_sample_of_a_report():
    """Two journal rows of one allocation, and an advance that is set off against one of their accounts."""
    night = documents.entry("125ABC", 200, day=DAY, name="Hotel")
    (allocation,) = night["allocation"]
    allocation["journal"] = [
        documents.journal("COMP", "EMPL", "125ABC", 150),
        documents.journal("COMP", "EMPL", "12345", 50),
    ]
    sample = documents.report("D0719B539ED64FE612AB", [night], day=DAY, advances=[documents.advance(-50, "12345")])
    entry = expense_report(received(sample))
    assert balances(entry) == {account("125ABC"): Decimal(150), EMPLOYEE: Decimal(-150)}
    assert [line.amount for line in entry.lines if line.account.external_id == "12345"] == [50, -50]


@pytest.mark.parametrize(("form", "is_partial"), [("whole", False), ("difference", True)])
def test_a_reopened_report_says_what_it_is(form, is_partial):
    first = reference_reports(DAY)["2.3"]
    again = documents.reopened(first, [documents.entry("612000", 120, day=DAY)], form)
    entries = [expense_report(received(content)) for content in (first, again)]
    assert [(entry.revision, entry.is_partial) for entry in entries] == [("", False), ("2", is_partial)]
    whole = balances(entries[1])
    if is_partial:
        for key, amount in balances(entries[0]).items():
            whole[key] = whole.get(key, 0) + amount
    assert {key: amount for key, amount in whole.items() if amount} == {account("612000"): 120, EMPLOYEE: -120}


def changed(case, change):
    content = received(reference_reports(DAY)[case])
    change(content)
    return content


def first_journal(content):
    return content["expenseEntry"][0]["allocation"][0]["journal"][0]


@pytest.mark.parametrize(
    ("change", "numbers"),
    [
        (lambda content: content["expenseEntry"][0].update(entryApprovedAmount=11), ("10", "11")),
        (lambda content: first_journal(content).update(amountNetOfReclaim=8.41), ("10.01", "10")),
        (
            lambda content: content["expenseEntry"][0]["allocation"][0]["tax"][0].update(amountReclaim=1.5),
            ("9.9", "10"),
        ),
    ],
)
def test_a_broken_sum_names_both_numbers(change, numbers):
    with pytest.raises(InvalidDataError) as caught:
        expense_report(changed("2.1", change))
    assert set(numbers) <= set(caught.value.message.removesuffix(".").replace(",", "").split())


@pytest.mark.parametrize(
    "change",
    [
        lambda content: first_journal(content).update(journalPayer="EMPL", journalPayee="COMP"),
        lambda content: first_journal(content).update(journalPayer="EMPL", journalPayee="CBCP"),
        lambda content: first_journal(content).update(journalPayer="COMP", journalPayee="COMP"),
        lambda content: first_journal(content).update(journalAccountCode=""),
        lambda content: first_journal(content).update(amountGross="ten"),
        lambda content: content["employee"].update(employeeId=None),
    ],
)
def test_what_cannot_be_booked_is_refused(change):
    with pytest.raises(InvalidDataError):
        expense_report(changed("2.1", change))


def test_a_test_users_report_is_not_booked():
    with pytest.raises(NotRelevantError):
        expense_report(changed("2.1", lambda content: content["report"].update(isTest="Y")))


def test_older_documents_do_not_link_their_taxes():
    entry = expense_report(changed("2.1", lambda content: first_journal(content).pop("taxGuid")))
    assert balances(entry)[tax("R16")] == Decimal("1.6")


def test_null_containers_and_padded_codes():
    content = received(reference_reports(DAY)["1.2"])
    content["cashAdvanceApplication"] = None
    content["expenseEntry"][0]["allocation"][0]["tax"] = None
    first_journal(content).update(journalAccountCode="600000   ", taxGuid=None)
    assert balances(expense_report(content)) == {account("600000"): Decimal(-50), EMPLOYEE: Decimal(50)}


def test_the_employee_is_paid_through_payroll():
    change = {"payrollPayIndicator": "Y", "payrollPaymentClearingAccountCode": "2300"}
    entry = expense_report(changed("2.1", lambda content: content["report"].update(change)))
    assert balances(entry)[account("2300")] == -10
    assert entry.lines[-1].partner.external_id == "E1042"


@pytest.mark.parametrize(
    ("zone", "booked"),
    [("America/Los_Angeles", date(2026, 9, 30)), ("UTC", date(2026, 10, 1)), ("Europe/Oslo", date(2026, 10, 1))],
)
def test_moments_are_days_of_the_company_and_dates_stay(zone, booked):
    """Approved on 30 September, 18:00 in Los Angeles; the day of a cash advance likewise."""
    provider = ConcurProvider(
        Settings(base_url="https://example.com", credentials={}, stored={}, time_zone=zone), None, None
    )
    change = {
        "reportPaymentProcessingDate": "2026-10-01T01:00:00.000Z",
        "reportUserDefinedDate": "2026-08-31T00:00:00.000Z",
    }
    report = changed("2.1", lambda content: content["report"].update(change))
    entry = provider.flow("expense_reports").document({"document": report})
    assert (entry.accounting_date, entry.document_date) == (booked, date(2026, 8, 31))
    advance = received(documents.cash_advance("A1", 100, day=DAY))
    advance["cashAdvanceData"]["issuedDate"] = "2026-10-01T01:00:00.000Z"
    assert provider.flow("cash_advances").document({"document": advance}).document_date == booked


amounts = st.decimals(min_value="-900", max_value="900", places=2).filter(bool)


@given(
    st.lists(
        st.tuples(amounts, st.sampled_from(["CASH", "CBCP", "IBCP", "COPD"]), st.integers(0, 100), st.booleans()),
        min_size=1,
        max_size=8,
    ),
    st.lists(st.decimals(min_value="-500", max_value="-1", places=2), max_size=2),
)
def test_any_report_balances_and_its_parties_are_owed_what_was_spent(rows, advances):
    entries, owed = [], defaultdict(Decimal)
    for place, (gross, paid, share, is_personal) in enumerate(rows):
        if is_personal and gross > 0 and paid != "CASH":
            entries.append(documents.personal_entry(gross, paid=paid, day=DAY))
            owed["EMPL"] -= gross
        else:
            shares = {("CC100", "Sales"): share, ("CC200", "Service"): 100 - share} if share % 100 else None
            taxes = [documents.tax("V", "0.01", "0.01")] if not shares and gross > 1 else []
            entries.append(
                documents.entry(f"6000{place}", gross, paid=paid, day=DAY, shares=shares, taxes=taxes, name=f"E{place}")
            )
        owed["EMPL" if paid == "CASH" else paid] += gross
    for value in advances:
        owed["EMPL"] += value
    content = documents.report("R1", entries, day=DAY, advances=[documents.advance(value) for value in advances])
    try:
        entry = expense_report(received(content))
    except NotRelevantError:
        assert not any(owed.values())
        return
    assert sum(line.amount for line in entry.lines) == 0
    found = balances(entry)
    parties = {key: -value for (kind, key), value in found.items() if kind == "employee" or key.startswith("party:")}
    assert parties == {
        "E1042" if party == "EMPL" else f"party:{party}": value for party, value in owed.items() if value
    }


def test_cash_advance():
    entry = cash_advance(received(documents.cash_advance("A1", 100, day=DAY)))
    assert balances(entry) == {account("CADV"): Decimal(100), EMPLOYEE: Decimal(-100)}
    assert entry.lines[0].partner.external_id == "E1042"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"employeeCurrencyAlphaCode": "EUR"}, "USD, and the employee is paid in EUR"),
        ({"requestAmount": 99}, "add up to 100 USD, but the employee requested 99 USD"),
        ({"issuedDate": None, "requestDate": None}, "no date"),
    ],
)
def test_cash_advance_that_is_not_booked(change, said):
    content = received(documents.cash_advance("A1", 100, day=DAY))
    content["cashAdvanceData"].update(change)
    with pytest.raises(InvalidDataError, match=said):
        cash_advance(content)


def test_a_document_without_rows_is_not_wanted_only_when_it_is_over_nothing():
    content = received(documents.cash_advance("A1", 100, day=DAY)) | {"journalData": None}
    with pytest.raises(InvalidDataError, match="add up to 0 USD, but the employee requested 100 USD"):
        cash_advance(content)
    content["cashAdvanceData"]["requestAmount"] = 0
    with pytest.raises(NotRelevantError):
        cash_advance(content)
    content = received(documents.report("R1", [documents.entry("600000", 50, day=DAY)], day=DAY)) | {"expenseEntry": []}
    with pytest.raises(InvalidDataError, match="no rows to book, but the approved amount is 50 USD"):
        expense_report(content)
    content["report"]["totalApprovedAmount"] = 0
    with pytest.raises(NotRelevantError):
        expense_report(content)


@pytest.mark.parametrize("credit", [30, -30])
def test_a_credit_of_a_cash_advance_is_one_with_a_minus_and_without(credit):
    content = received(documents.cash_advance("C1", 100, day=DAY))
    content["cashAdvanceData"]["requestAmount"] = 70
    row = content["journalData"][0]
    content["journalData"].append({**row, "amount": credit, "debitOrCredit": "CR"})
    assert balances(cash_advance(content)) == {account("CADV"): 70, EMPLOYEE: -70}
    row["amount"] = -100
    with pytest.raises(InvalidDataError, match="debit of -100 USD"):
        cash_advance(content)


def test_payroll_books_what_it_pays():
    entry = payroll(
        received(documents.payroll("P1", [("M001", 28, "Y"), ("M001", "2.50", "Y"), ("T9", 40, "N")], day=DAY))
    )
    assert balances(entry) == {account("wage:M001"): Decimal("30.5"), account("payroll"): Decimal("-30.5")}


def test_payroll_for_the_record_alone_is_not_booked():
    with pytest.raises(NotRelevantError):
        payroll(received(documents.payroll("P1", [("T9", 40, "N")], day=DAY)))


def composed_invoice(**values):
    line = ("Paper", "6815", 200, 10, [documents.invoice_tax("V19", 38)])
    return received(documents.invoice("I1", [line], day=DAY, number="INV-2026-118", currency="EUR", **values))


def test_invoice():
    bill = invoice(composed_invoice())
    assert (bill.total, bill.tax_total, bill.currency, bill.is_credit) == (248, 38, "EUR", False)
    assert [line.amount for line in bill.lines] == [200, 10]
    assert bill.vendor.external_id == "V-0042"
    assert [reference.code for reference in bill.lines[0].taxes] == ["V19"]


@pytest.mark.parametrize("text", ["2026-09-10", "09/10/2026", "2026-09-10T00:00:00.000Z"])
def test_invoice_dates_in_three_forms(text):
    content = composed_invoice(invoiceDate=text)
    assert invoice(content).document_date == DAY


def test_invoice_that_does_not_add_up_names_both_numbers():
    with pytest.raises(InvalidDataError, match="248 EUR, but its total is 249 EUR"):
        invoice(composed_invoice(requestTotal=249))


def test_negative_invoice_is_a_credit_note():
    line = ("Return", "6815", -200, 0, [documents.invoice_tax("V19", -38)])
    bill = invoice(received(documents.invoice("I2", [line], day=DAY, number="CR-1")))
    assert (bill.is_credit, bill.total, bill.tax_total, bill.lines[0].amount) == (True, 238, 38, 200)
