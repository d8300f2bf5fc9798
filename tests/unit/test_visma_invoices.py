"""Supplier invoices against Visma's sandbox: made once, read back, released, corrected."""

import dataclasses
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from visma_support import obeyed_sandbox, provider_of, raised

from ml_connector.core import errors as errors
from ml_connector.core.documents import (
    AnalyticShare,
    Bill,
    BillLine,
    DownloadedFile,
    OutgoingFiles,
    Party,
    Reference,
    Release,
)

INVOICES = "/v1/supplierInvoice"


@pytest.fixture
def sandbox():
    with obeyed_sandbox() as running:
        yield running


def analytic(external_id, group=""):
    return AnalyticShare(reference=Reference(kind="analytic", external_id=external_id, group=group))


def bill_line(amount="1000.00", account="6340", vat="1", analytics=(), description="Strøm"):
    return BillLine(
        amount=Decimal(amount),
        description=description,
        account=Reference(kind="account", external_id=account),
        taxes=(Reference(kind="tax", external_id=vat),) if vat else (),
        analytics=tuple(map(analytic, analytics)),
    )


def bill(*lines, **values):
    lines = lines or (bill_line(),)
    given = {
        "external_id": "",
        "odoo_id": 7,
        "number": "F-100",
        "vendor": Party(external_id="50001", name="Nordlys"),
        "document_date": date(2026, 9, 14),
        "accounting_date": date(2026, 9, 20),
        "due_date": date(2026, 10, 14),
        "currency": "NOK",
        "total": Decimal("1250.00"),
        "lines": lines,
        "memo": "BILL/2026/09/0001",
        "amounts_include_tax": False,
    }
    return Bill(**{**given, **values})


def send(made, document, external_id=""):
    return made.flow("bills_push").send(made.flow("bills_push").render(document), external_id, "key")


def find(made, document):
    return made.flow("bills_push").find(made.flow("bills_push").render(document), "key")


def release(made, key):
    return made.flow("bill_release_push").send(
        made.flow("bill_release_push").render(Release(parent_external_id=key)), "", "key"
    )


def documents(sandbox):
    return {f"{row['documentType']}/{row['referenceNumber']}": row for row in sandbox.control.invoices()}


# Making


def test_a_bill_becomes_a_document_on_hold_as_it_was_sent(sandbox, visma):
    lines = (
        bill_line("800.00", analytics=("segment:1:100", "task:P1001:10", "branch:2")),
        bill_line("200.00", account="6300", vat="11"),
    )
    sent = send(visma, bill(*lines, total=Decimal("1230.00")))
    row = documents(sandbox)[sent.external_id]
    assert (row["status"], row["supplierReference"], row["financialPeriod"]) == ("Hold", "F-100", "202609")
    assert row["date"].startswith("2026-09-14") and row["dueDate"].startswith("2026-10-14")
    first, second = row["invoiceLines"]
    assert (
        first["subaccount"]["subaccountNumber"] == "1000000" and second["subaccount"]["subaccountNumber"] == "0000000"
    )
    assert (first["project"]["id"], first["projectTask"]["id"]) == ("P1001", "10")
    assert (first["branchNumber"]["number"], second["branchNumber"]["number"]) == ("2", "1")
    assert second["project"]["id"] == "X" and second["vatCode"]["id"] == "11"
    assert row["balance"] == 1230 and sent.takes_files


def test_a_credit_note_keeps_positive_amounts(sandbox, visma):
    sent = send(visma, bill(is_credit=True))
    row = documents(sandbox)[sent.external_id]
    assert sent.external_id.startswith("DebitAdj/") and row["balance"] == 1250


def test_a_line_without_tax_goes_to_the_category_of_the_connection(sandbox, visma):
    sent = send(visma, bill(bill_line(vat=""), total=Decimal("1000.00")))
    assert documents(sandbox)[sent.external_id]["vatTotal"] == 0


@pytest.mark.parametrize("currency", ["EUR", "SEK", "JPY"])
@pytest.mark.parametrize("swapped", [False, True])
def test_a_foreign_bill_is_checked_whichever_twin_is_in_its_currency(sandbox, visma, currency, swapped):
    sandbox.control.settings(twins_swapped=swapped)
    amount, total = ("1000", "1250") if currency == "JPY" else ("1000.40", "1250.50")
    document = bill(bill_line(amount), currency=currency, total=Decimal(total))
    sent = send(visma, document)
    assert send(visma, document, sent.external_id).external_id == sent.external_id
    assert find(visma, document).external_id == sent.external_id
    assert documents(sandbox)[sent.external_id]["balanceInCurrency"] == float(total)
    assert len(documents(sandbox)) == 1


def test_the_usual_subaccount_fills_what_a_line_leaves_open(sandbox):
    made = provider_of(sandbox, subaccount="110-3100")
    sent = send(made, bill(bill_line(analytics=("segment:1:200",))))
    (line,) = documents(sandbox)[sent.external_id]["invoiceLines"]
    assert line["subaccount"]["subaccountNumber"] == "2003100"


def test_a_difference_of_rounding_goes_on_the_vat(sandbox, visma):
    """Odoo rounds the tax of each line, Visma that of the sum."""
    lines = [bill_line("10.02", description=f"Line {number}") for number in range(2)]
    sent = send(visma, bill(*lines, total=Decimal("25.06")))
    assert documents(sandbox)[sent.external_id]["balance"] == 25.06


def test_a_difference_that_is_not_rounding_is_refused_with_both_totals(sandbox, visma):
    error = raised(send, visma, bill(total=Decimal("1150.00")))
    assert isinstance(error, errors.InvalidDataError)
    assert "1,150.00 NOK in Odoo" in error.message and "1,250" in error.message
    (row,) = documents(sandbox).values()
    assert row["status"] == "Hold"


def test_a_line_that_visma_drops_is_noticed_and_retry_brings_it(sandbox, visma):
    sandbox.control.settings(drops_lines=1)
    document = bill(bill_line("800.00"), bill_line("200.00"))
    error = raised(send, visma, document)
    assert isinstance(error, errors.InvalidDataError) and "Number of lines: 1 instead of 2" in error.message
    sent = send(visma, document)
    row = documents(sandbox)[sent.external_id]
    assert len(documents(sandbox)) == 1 and [line["cost"] for line in row["invoiceLines"]] == [800, 200]


def test_a_code_that_visma_does_not_know_is_told_in_its_words(sandbox, visma):
    error = raised(send, visma, bill(bill_line(account="9999")))
    assert isinstance(error, errors.PermanentError) and "account '9999'" in error.message
    assert documents(sandbox) == {}


def test_a_closed_period_is_told_before_anything_is_sent(sandbox, visma):
    error = raised(send, visma, bill(accounting_date=date(2025, 12, 31)))
    assert isinstance(error, errors.LockedPeriodError) and documents(sandbox) == {}


@pytest.mark.parametrize(
    "analytics",
    [("segment:1:100", "segment:1:110"), ("project:P1001", "project:P1002"), ("project:P1002", "task:P1001:10")],
)
def test_codes_that_do_not_go_together_are_refused(visma, analytics):
    error = raised(visma.flow("bills_push").render, bill(bill_line(analytics=analytics)))
    assert isinstance(error, errors.InvalidDataError)


# Once only


@pytest.mark.parametrize("kind", ["reset", "truncate", "html"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_whatever_becomes_of_the_answer_there_is_one_document(sandbox, visma, kind, when):
    if (kind, when) == ("truncate", "before"):
        return
    visma.client.rows("/v1/branch")
    sandbox.control.add_fault(kind, method="POST", path=INVOICES, when=when, status=502 if kind == "html" else None)
    document = bill()
    sent = None
    try:
        sent = send(visma, document)
    except errors.UnconfirmedError:
        sent = find(visma, document) or send(visma, document)
    assert len(documents(sandbox)) == 1 and sent.external_id in documents(sandbox)


def test_a_second_sending_without_a_binding_finds_the_first(sandbox, visma):
    first = send(visma, bill())
    assert send(provider_of(sandbox), bill()).external_id == first.external_id
    assert len(documents(sandbox)) == 1


def test_two_bills_with_the_same_number_are_two_documents(sandbox, visma):
    """Some suppliers put the same number on every invoice."""
    assert send(visma, bill()).external_id != send(visma, bill(odoo_id=8)).external_id
    assert len(documents(sandbox)) == 2


ENTERED_LINE = {
    "operation": "Insert",
    "accountNumber": "6340",
    "vatCodeId": "1",
    "transactionDescription": "Strøm",
    "unitCostInCurrency": 1000,
}


def entered(sandbox, **values):
    body = {
        "documentType": "Invoice",
        "supplierNumber": "50001",
        "supplierReference": "f-100",
        "currencyId": "NOK",
        "date": "2026-09-14T00:00:00",
        "hold": False,
        "invoiceLines": [ENTERED_LINE],
    }
    return sandbox.control.add_invoice(**{**body, **values})


def test_what_a_person_entered_for_the_same_bill_is_linked(sandbox, visma):
    number = entered(sandbox, invoiceLines=[{**ENTERED_LINE, "accountNumber": "6300"}])
    before = documents(sandbox)
    sent = send(visma, bill())
    assert (sent.external_id, sent.linked, sent.takes_files) == (f"Invoice/{number}", True, False)
    assert find(visma, bill()).external_id == sent.external_id
    changed = bill(bill_line("900.00"), total=Decimal("1125.00"))
    assert isinstance(raised(send, visma, changed, sent.external_id), errors.ConflictError)
    assert "Cancel it there" in send(visma, bill(is_void=True), sent.external_id).note
    assert documents(sandbox) == before


def test_the_same_number_with_another_amount_is_for_a_person(sandbox, visma):
    number = entered(sandbox)
    error = raised(send, visma, bill(bill_line("900.00"), total=Decimal("1125.00")))
    assert isinstance(error, errors.DuplicateError) and number in error.message


# Release


def test_release_is_confirmed_by_reading_back(sandbox, visma):
    key = send(visma, bill()).external_id
    assert release(visma, key).external_id == key
    assert documents(sandbox)[key]["status"] == "Open"
    release(visma, key)
    assert sum(sandbox.control.effects("supplierInvoice.release")["supplierInvoice.release"].values()) == 1


def test_a_release_that_lasts_is_looked_at_again_later(sandbox, visma, monkeypatch):
    monkeypatch.setattr("ml_connector.providers.visma.bill_release.RELEASE_SECONDS", 0)
    sandbox.control.settings(action_seconds=0.3)
    key = send(visma, bill()).external_id
    monkeypatch.setattr("ml_connector.providers.visma.bill_release.release.__defaults__", (0,))
    assert isinstance(raised(release, visma, key), errors.RemoteError)
    monkeypatch.setattr("ml_connector.providers.visma.bill_release.release.__defaults__", (3,))
    release(visma, key)
    assert documents(sandbox)[key]["status"] == "Open"


def test_a_release_that_ends_before_it_is_repeated_is_no_error(sandbox, visma, monkeypatch):
    key = send(visma, bill()).external_id
    sandbox.control.settings(action_seconds=600)
    sandbox.control.add_fault("reset", method="POST", path="*/action/release", when="after")
    assert isinstance(raised(release, visma, key), errors.UnconfirmedError)
    act = visma.client.act

    def overtaken(path):
        sandbox.control.finish()
        return act(path)

    monkeypatch.setattr(visma.client, "act", overtaken)
    assert release(visma, key).external_id == key
    assert documents(sandbox)[key]["status"] == "Open"


def test_a_release_that_ends_before_a_change_leads_to_a_replacement(sandbox, visma, monkeypatch):
    key = send(visma, bill()).external_id
    sandbox.control.settings(action_seconds=600)
    sandbox.control.add_fault("reset", method="POST", path="*/action/release", when="after")
    assert isinstance(raised(release, visma, key), errors.UnconfirmedError)
    update = visma.client.update

    def overtaken(*given):
        sandbox.control.finish()
        sandbox.control.settings(action_seconds=0.05)
        return update(*given)

    monkeypatch.setattr(visma.client, "update", overtaken)
    sent = send(visma, bill(bill_line("800.00"), total=Decimal("1000.00")), key)
    states = {found: row["status"] for found, row in documents(sandbox).items()}
    assert states[key] == "Open" and states[sent.external_id] == "Hold" and len(states) == 3


def test_a_period_that_was_closed_meanwhile_is_told(sandbox, visma):
    key = send(visma, bill()).external_id
    sandbox.control.close_period("202609")
    error = raised(release, visma, key)
    assert "closed in the supplier ledger" in error.message
    sandbox.control.open_period("202609")
    release(visma, key)
    assert documents(sandbox)[key]["status"] == "Open"


# Changes


def test_a_document_on_hold_is_changed_in_place(sandbox, visma):
    key = send(visma, bill()).external_id
    changed = bill(bill_line("400.00", account="6300"), bill_line("100.00"), number="F-101", total=Decimal("625.00"))
    assert send(visma, changed, key).external_id == key
    row = documents(sandbox)[key]
    assert [line["account"]["number"] for line in row["invoiceLines"]] == ["6300", "6340"]
    assert (row["balance"], row["supplierReference"], row["status"]) == (625, "F-101", "Hold")


@pytest.mark.parametrize(
    ("change", "shown"),
    (
        ({"payment_reference": "1234567897"}, {"paymentRefNo": "1234567897"}),
        ({"memo": "BILL/2026/09/0099"}, {"description": "BILL/2026/09/0099"}),
        ({"due_date": date(2026, 10, 20)}, {"dueDate": "2026-10-20T00:00:00"}),
    ),
)
def test_each_field_of_the_header_is_changed(sandbox, visma, change, shown):
    key = send(visma, bill()).external_id
    send(visma, bill(**change), key)
    row = documents(sandbox)[key]
    assert {name: row.get(name) for name in shown} == shown


def test_a_change_without_effect_sends_nothing(sandbox, visma):
    key = send(visma, bill()).external_id
    send(visma, bill(), key)
    assert not sandbox.control.requests("PUT")


def test_what_is_released_is_reversed_and_made_anew(sandbox, visma):
    key = send(visma, bill()).external_id
    release(visma, key)
    changed = bill(bill_line("1000.00", account="6300"))
    sent = send(visma, changed, key)
    rows = documents(sandbox)
    assert sent.external_id != key and f"replaces {key}" in sent.note
    reversal = next(row for name, row in rows.items() if name.startswith("DebitAdj/"))
    states = reversal["status"], rows[key]["status"], rows[sent.external_id]["status"]
    assert states == ("Balanced", "Open", "Hold")
    # once more, as after a crash before the answer was stored
    assert send(visma, changed, key).external_id == sent.external_id
    assert len(documents(sandbox)) == 3


def test_a_released_document_keeps_its_number(sandbox, visma):
    key = send(visma, bill()).external_id
    release(visma, key)
    sent = send(visma, bill(number="F-999"), key)
    assert sent.external_id == key and "did not change its number" in sent.note and len(documents(sandbox)) == 1


def test_what_is_paid_is_not_taken_back(sandbox, visma):
    key = send(visma, bill()).external_id
    release(visma, key)
    sandbox.control.pay(key.split("/")[1], "100", "2026-10-01")
    error = raised(send, visma, bill(bill_line("900.00"), total=Decimal("1125.00")), key)
    assert isinstance(error, errors.ConflictError) and len(documents(sandbox)) == 1


def test_a_payment_alone_changes_nothing(sandbox, visma):
    key = send(visma, bill()).external_id
    release(visma, key)
    sandbox.control.pay(key.split("/")[1], "1250", "2026-10-01")
    assert send(visma, bill(), key).external_id == key and len(documents(sandbox)) == 1


def test_a_cancelled_bill_is_deleted_or_reversed(sandbox, visma):
    key = send(visma, bill()).external_id
    assert "Deleted" in send(visma, bill(is_void=True), key).note
    assert documents(sandbox) == {}
    assert "no longer exists in Visma.net" in send(visma, bill(is_void=True), key).note
    key = send(visma, bill(), key).external_id
    release(visma, key)
    assert "reversed by" in send(visma, bill(is_void=True), key).note
    send(visma, bill(is_void=True), key)
    assert len(documents(sandbox)) == 2


# What became of it


def pulled(made, flow, cursor=""):
    return [item for page in made.flow(flow).pull(cursor, None) for item in page.items]


def statuses(made):
    return {
        item.external_id: made.flow("payment_status").document(item.payload).state
        for item in pulled(made, "payment_status")
    }


@pytest.mark.parametrize("swapped", [False, True])
def test_only_our_released_documents_are_reported(sandbox, visma, swapped):
    sandbox.control.settings(twins_swapped=swapped)
    entered(sandbox, supplierReference="other", hold=False)
    key = send(visma, bill(currency="EUR")).external_id
    assert statuses(visma) == {}
    release(visma, key)
    assert statuses(visma) == {key: "open"}
    sandbox.control.pay(key.split("/")[1], "250", "2026-10-01")
    assert statuses(visma) == {key: "partial"}
    sandbox.control.pay(key.split("/")[1], "1000", "2026-10-02")
    assert statuses(visma) == {key: "paid"}
    assert visma.flow("payment_status").document(visma.flow("payment_status").fetch(key).payload).number == "F-100"


def test_payments_of_our_documents_are_read_and_others_left_alone(sandbox, visma):
    other = entered(sandbox, supplierReference="other", hold=True)
    visma.client.update(f"{INVOICES}/Invoice/{other}", {"hold": {"value": False}})
    release(visma, f"Invoice/{other}")
    sandbox.control.pay(other, "1250", "2026-10-01")
    key = send(visma, bill()).external_id
    release(visma, key)
    sandbox.control.pay(key.split("/")[1], "250.50", "2026-10-03")
    (item,) = pulled(visma, "payments")
    payment = visma.flow("payments").document(item.payload)
    assert (payment.amount, payment.currency, payment.date) == (Decimal("250.5"), "NOK", date(2026, 10, 3))
    assert [(paid.external_id, paid.amount) for paid in payment.bills] == [(key, Decimal("250.5"))]
    assert payment.source.external_id == "cash:1920" and not payment.is_void
    assert visma.flow("payments").fetch(item.external_id).version == item.version
    assert [page.items for page in visma.flow("payments").pull("", date(2026, 11, 1)) if page.items] == []


# Files


def files_of(key, *pairs):
    files = tuple(DownloadedFile(name=name, mimetype="application/pdf", content=content) for name, content in pairs)
    return OutgoingFiles(parent_external_id=key, files=files)


def attach(made, key, *pairs):
    flow = made.flow("bill_files_push")
    return flow.send(flow.render(files_of(key, *pairs)), "", "key")


def test_a_changed_file_becomes_a_revision(sandbox, visma):
    key = send(visma, bill(is_credit=True)).external_id
    for content in (b"one", b"two"):
        attach(visma, key, ("a.pdf", content))
    (row,) = documents(sandbox)[key]["attachments"]
    assert row["revision"] == 2


@pytest.mark.parametrize(
    ("files", "shown"),
    [
        ([("a.pdf", b"one"), ("ø.pdf", b"two")], {"a.pdf": 1, "ø.pdf": 1}),
        ([("scan.pdf", b"one"), ("scan.pdf", b"two")], {"scan.pdf": 1, "scan (2).pdf": 1}),
        ([("scan.pdf", b"one"), ("scan.pdf", b"one")], {"scan.pdf": 1}),
        ([("scan.pdf", b"one"), ("copy.pdf", b"one")], {"scan.pdf": 1}),
        ([("a.pdf", b"1"), ("A.PDF", b"2"), ("a (2).pdf", b"3")], {"a.pdf": 1, "A (2).PDF": 1, "a (2) (2).pdf": 1}),
        ([("scan", b"one"), ("", b"two"), ("a/b\x00.pdf", b"3")], {"scan.pdf": 1, "file.pdf": 1, "a-b-.pdf": 1}),
        ([("x" * 300 + ".pdf", b"one")], {"x" * 120 + ".pdf": 1}),
    ],
)
def test_files_are_attached_once_whatever_their_names_are(sandbox, visma, files, shown):
    key = send(visma, bill()).external_id
    flow = visma.flow("bill_files_push")
    payload = flow.render(files_of(key, *files))
    assert flow.find(payload, "key") is None
    for _time in range(2):
        assert flow.send(payload, "", "key").note == ""
        assert flow.find(payload, "key").external_id == key
    assert {row["name"]: row["revision"] for row in documents(sandbox)[key]["attachments"]} == shown


@pytest.mark.parametrize("status", [400, 413, 415, 422])
def test_a_file_that_visma_does_not_take_holds_up_no_other(sandbox, visma, monkeypatch, status):
    key = send(visma, bill()).external_id
    attach_one = visma.client.attach

    def refusing(path, name, content, mimetype):
        if name == "bad.pdf":
            known = {"status": status, "details": '{"message": "This type is not allowed."}'}
            raise errors.PermanentError("Visma.net refused the request: This type is not allowed.", **known)
        attach_one(path, name, content, mimetype)

    monkeypatch.setattr(visma.client, "attach", refusing)
    sent = attach(visma, key, ("bad.pdf", b"bad"), ("empty.pdf", b""), ("good.pdf", b"good"))
    assert [row["name"] for row in documents(sandbox)[key]["attachments"]] == ["good.pdf"]
    assert "bad.pdf: " in sent.note and "This type is not allowed." in sent.note
    assert "empty.pdf: The file is empty." in sent.note and "good.pdf" not in sent.note


def test_a_file_that_comes_after_the_release_is_attached(sandbox, visma):
    key = send(visma, bill()).external_id
    release(visma, key)
    attach(visma, key, ("late.pdf", b"late"))
    row = documents(sandbox)[key]
    assert ([file["name"] for file in row["attachments"]], row["status"]) == (["late.pdf"], "Open")


def test_what_a_person_entered_gets_no_files_from_here(sandbox, visma):
    key = f"Invoice/{entered(sandbox)}"
    assert "entered manually" in attach(visma, key, ("a.pdf", b"one")).note
    assert not documents(sandbox)[key].get("attachments")


def test_a_file_over_which_visma_fails_is_tried_again_and_holds_up_no_other(sandbox, visma, monkeypatch):
    key = send(visma, bill()).external_id
    attach_one = visma.client.attach

    def failing(path, name, content, mimetype):
        if name == "bad.pdf":
            raise errors.UnconfirmedError("Visma.net failed with status 500 after the request was sent.", status=500)
        attach_one(path, name, content, mimetype)

    monkeypatch.setattr(visma.client, "attach", failing)
    error = raised(attach, visma, key, ("bad.pdf", b"bad"), ("good.pdf", b"good"))
    assert (type(error), error.message) == (errors.RemoteError, "bad.pdf: Visma.net failed.")
    assert [row["name"] for row in documents(sandbox)[key]["attachments"]] == ["good.pdf"]


# Whatever the amounts


amounts = st.decimals(min_value="0.01", max_value="99999.99", places=2)
shares = st.lists(st.tuples(amounts, st.sampled_from(["1", "11", "13", "0"])), min_size=1, max_size=6)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(shares)
def test_the_total_in_visma_is_that_of_odoo_to_the_oere(sandbox, visma, lines):
    """Odoo may round tax by line, so the totals differ by a few units of the last digit at most."""
    sandbox.control.reset()
    provider = provider_of(sandbox)
    rates = {"1": "0.25", "11": "0.15", "13": "0.12", "0": "0"}
    net = sum(amount for amount, _vat in lines)
    tax = sum((amount * Decimal(rates[vat])).quantize(Decimal("0.01")) for amount, vat in lines)
    document = bill(*(bill_line(str(amount), vat=vat) for amount, vat in lines), total=net + tax)
    sent = send(provider, document)
    row = documents(sandbox)[sent.external_id]
    assert Decimal(str(row["balance"])) == net + tax
    assert find(provider, dataclasses.replace(document)).external_id == sent.external_id


# Bills from another provider, with amounts that include their VAT


def passed_on(*lines, **values):
    total = sum((line.amount for line in lines), Decimal(0))
    return bill(
        *lines, **{"external_id": "bridged:5", "odoo_id": None, "amounts_include_tax": True, "total": total, **values}
    )


def test_gross_amounts_are_not_taxed_again(sandbox, visma):
    sent = send(visma, passed_on(bill_line("1250.00"), bill_line("99.99", vat="0")))
    row = sandbox.state.invoices["Invoice", sent.external_id.partition("/")[2]]
    assert (row["balanceInCurrency"], row["vatTotalInCurrency"]) == (Decimal("1349.99"), Decimal("250.00"))
    assert row["taxCalculationMode"] == "Gross"


@given(st.lists(st.tuples(st.integers(1, 10**7), st.sampled_from(("1", "11", "13", "0"))), min_size=1, max_size=5))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_gross_totals_agree_to_the_cent(sandbox, visma, lines):
    document = passed_on(
        *(bill_line(str(Decimal(cents) / 100), vat=vat) for cents, vat in lines),
        external_id=f"bridged:{len(sandbox.state.invoices)}",
        number=f"F-{len(sandbox.state.invoices)}",
    )
    sent = send(visma, document)
    row = sandbox.state.invoices["Invoice", sent.external_id.partition("/")[2]]
    assert row["balanceInCurrency"] == document.total


def test_what_is_passed_on_is_found_by_its_own_mark(sandbox, visma):
    document = passed_on(bill_line("1250.00"))
    sent = send(visma, document)
    assert find(visma, document).external_id == sent.external_id
    assert send(visma, document).external_id == sent.external_id
    assert len(sandbox.state.invoices) == 1


def test_gross_documents_are_released_and_reversed_with_their_total(sandbox, visma):
    sent = send(visma, passed_on(bill_line("1250.00")))
    release(visma, sent.external_id)
    release(visma, send(visma, passed_on(bill_line("1300.00")), sent.external_id).external_id)
    balances = [(kind, row["balanceInCurrency"]) for (kind, _number), row in sandbox.state.invoices.items()]
    assert sorted(balances) == [
        ("DebitAdj", Decimal("1250.00")),
        ("Invoice", Decimal("1250.00")),
        ("Invoice", Decimal("1300.00")),
    ]
