"""Corrections of what is released: whatever is refused, lost or killed, Visma's ledger holds a version of the bill."""

import dataclasses
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from test_visma_invoices import bill, bill_line, documents, release, send
from visma_support import obeyed_sandbox, provider_of, raised

from ml_connector.core import errors as errors
from ml_connector.core.documents import Party

COUNTED = ("Open", "Closed")


@pytest.fixture
def sandbox():
    with obeyed_sandbox() as running:
        running.control.settings(action_seconds=0)
        yield running


def standing(sandbox):
    """Numbers of the documents that count, without those that are reversed."""
    sandbox.control.settle()
    rows = [row for row in sandbox.state.invoices.values() if row["status"] in COUNTED]
    undone = {row["_reverses"] for row in rows if "_reverses" in row}
    return [row for row in rows if "_reverses" not in row and row["referenceNumber"] not in undone]


def waiting(sandbox):
    return [key for key, row in documents(sandbox).items() if row["status"] not in COUNTED]


def amounts(rows):
    return [row["balanceInCurrency"] for row in rows]


def changed(amount="900.00", **values):
    return bill(bill_line(amount), **{"total": Decimal(amount) * Decimal("1.25"), **values})


@pytest.fixture
def key(sandbox, visma):
    """A bill of 1,250.00 that is released."""
    key = send(visma, bill()).external_id
    release(visma, key)
    return key


# One refusal each


def refuse_number(sandbox):
    sandbox.control.settings(refuses_repeated_reference=True)


def close_account(sandbox):
    sandbox.control.edit_account("6340", active=False)


def close_period(sandbox):
    sandbox.control.close_period("202609")


def hold_supplier(sandbox):
    sandbox.control.edit_supplier("50001", status="Inactive")


REFUSALS = {refuse_number: "already", close_account: "6340", close_period: "closed", hold_supplier: "Inactive"}


@pytest.mark.parametrize("refuse", REFUSALS)
def test_what_is_refused_leaves_the_ledger_as_it_was(sandbox, visma, key, refuse):
    refuse(sandbox)
    error = raised(send, provider_of(sandbox), changed(), key)
    assert REFUSALS[refuse] in error.message and f"Still in the ledger of Visma.net: {key}." in error.message
    assert amounts(standing(sandbox)) == [1250] and waiting(sandbox) == []
    # the way back is to change the bill back
    assert send(provider_of(sandbox), bill(), key).external_id == key


def test_a_reversal_in_a_closed_period_is_refused_before_anything_counts(sandbox, visma, key):
    """The bill moves to a month that is open, and what has to be reversed lies in one that is not."""
    sandbox.control.close_period("202609")
    moved = changed(accounting_date=date(2026, 10, 2))
    error = raised(send, provider_of(sandbox), moved, key)
    assert isinstance(error, errors.LockedPeriodError) and f"Still in the ledger of Visma.net: {key}." in error.message
    assert amounts(standing(sandbox)) == [1250]
    assert not [name for name in waiting(sandbox) if name.startswith("DebitAdj/")]
    sandbox.control.open_period("202609")
    sent = send(provider_of(sandbox), moved, key)
    release(provider_of(sandbox), sent.external_id)
    assert amounts(standing(sandbox)) == [1125] and waiting(sandbox) == []


def test_the_row_says_what_stands_until_both_are_released(sandbox, visma, key):
    sent = send(visma, changed(), key)
    (reversal,) = (name for name in documents(sandbox) if name.startswith("DebitAdj/"))
    assert key in sent.note and reversal in sent.note and "The ledger changes when" in sent.note
    assert (amounts(standing(sandbox)), documents(sandbox)[sent.external_id]["status"]) == ([1250], "Hold")
    again = send(visma, changed("800.00"), sent.external_id)
    assert again == dataclasses.replace(sent, external_id=again.external_id) and again.external_id == sent.external_id
    done = release(visma, sent.external_id)
    assert f"{key} was reversed by {reversal}" in done.note
    assert amounts(standing(sandbox)) == [1000]


def test_what_was_paid_meanwhile_is_not_replaced(sandbox, visma, key):
    sent = send(visma, changed(), key)
    sandbox.control.pay(key.partition("/")[2], "100", "2026-10-01")
    error = raised(release, visma, sent.external_id)
    assert isinstance(error, errors.ConflictError) and f"Still in the ledger of Visma.net: {key}." in error.message
    assert documents(sandbox)[sent.external_id]["status"] == "Hold"


def test_a_release_that_is_refused_leaves_the_old_one(sandbox, visma, key):
    sent = send(visma, changed(accounting_date=date(2026, 10, 2)), key)
    sandbox.control.close_period("202610")
    error = raised(release, visma, sent.external_id)
    assert f"Still in the ledger of Visma.net: {key}." in error.message and amounts(standing(sandbox)) == [1250]
    assert send(provider_of(sandbox), bill(), sent.external_id).external_id == key
    assert waiting(sandbox) == []


def test_a_reversal_that_is_refused_at_last_says_that_both_stand(sandbox, visma, key, monkeypatch):
    sent = send(visma, changed(accounting_date=date(2026, 10, 2)), key)
    prepare = type(visma.reversals).prepare

    def preparing(self, row):
        reversal = prepare(self, row)
        sandbox.control.close_period("202609")
        return reversal

    monkeypatch.setattr(type(visma.reversals), "prepare", preparing)
    error = raised(release, visma, sent.external_id)
    assert f"Both {sent.external_id} and {key} are in the ledger" in error.message
    assert sorted(amounts(standing(sandbox))) == [1125, 1250]
    monkeypatch.undo()
    sandbox.control.open_period("202609")
    assert visma.flow("bill_release_push").find({"document": sent.external_id}, "key") is None
    release(visma, sent.external_id)
    assert amounts(standing(sandbox)) == [1125]


def test_a_bill_that_was_cancelled_and_comes_back_counts_again(sandbox, visma, key):
    send(visma, bill(is_void=True), key)
    assert standing(sandbox) == []
    sent = send(visma, bill(), key)
    release(visma, sent.external_id)
    assert sent.external_id != key and sent.note == "" and amounts(standing(sandbox)) == [1250]


def test_a_correction_that_is_cancelled_takes_back_what_it_was_to_replace(sandbox, visma, key):
    sent = send(visma, changed(), key)
    gone = send(visma, bill(is_void=True), sent.external_id)
    assert "Deleted" in gone.note and f"{key} was reversed by" in gone.note
    assert standing(sandbox) == [] and waiting(sandbox) == []


def test_a_held_correction_that_a_person_deleted_is_made_again(sandbox, visma, key):
    sent = send(visma, changed(), key)
    visma.client.delete(f"/v1/supplierInvoice/{sent.external_id}")
    again = send(visma, changed(), sent.external_id)
    release(visma, again.external_id)
    assert amounts(standing(sandbox)) == [1125] and waiting(sandbox) == []


def test_what_was_never_sent_ends_quietly(sandbox, visma):
    assert isinstance(raised(send, visma, bill(is_void=True)), errors.NotRelevantError)
    assert documents(sandbox) == {}


def test_the_same_amount_twice_is_reversed_twice(sandbox, visma, key):
    """The reversal of the first is not taken for that of the third."""
    for amount in ("900.00", "1000.00", "900.00"):
        key = send(visma, changed(amount), key).external_id
        release(visma, key)
    assert amounts(standing(sandbox)) == [1125] and len(documents(sandbox)) == 7


@pytest.mark.parametrize("copies_note", [False, True])
@pytest.mark.parametrize(("base_currency", "currency"), [("NOK", "EUR"), ("USD", "NOK"), ("EUR", "EUR")])
@pytest.mark.parametrize("swapped", [False, True])
def test_a_foreign_bill_is_corrected_with_its_own_amounts(copies_note, base_currency, currency, swapped):
    from sandbox.visma import VismaSandbox, VismaSettings

    options = {"action_seconds": 0, "reversal_copies_note": copies_note, "twins_swapped": swapped}
    with VismaSandbox(size="small", base_currency=base_currency, settings=VismaSettings(**options)) as running:
        visma = provider_of(running)
        key = send(visma, bill(currency=currency)).external_id
        release(visma, key)
        release(visma, send(visma, changed(currency=currency), key).external_id)
        assert amounts(standing(running)) == [1125]
        (reversal,) = (row for row in running.state.invoices.values() if "_reverses" in row)
        rate = running.state.rates[currency]
        assert reversal["balanceInCurrency"] == 1250 and reversal["balance"] == round(1250 * rate, 2)
        # what reverses a document is nobody's bill
        assert sum(len(page.items) for page in visma.flow("payment_status").pull("", None)) == 2


def lose_marking(sandbox, visma, document, key):
    """A correction of which the last call, the marking of the reversal, is lost."""
    client, update = visma.client, visma.client.update

    def updating(path, body, etag=""):
        if "[reverses:" in str(body):
            raise errors.RemoteError("Lost.")
        return update(path, body, etag)

    client.update = updating
    raised(send, visma, document, key)


def test_a_reversal_without_its_mark_is_deleted_when_the_bill_is_changed_back(sandbox, visma, key):
    lose_marking(sandbox, visma, changed(), key)
    assert len(waiting(sandbox)) == 2
    sent = send(provider_of(sandbox), bill(), key)
    assert (sent.external_id, sent.note, waiting(sandbox)) == (key, "", [])
    assert amounts(standing(sandbox)) == [1250]


def test_a_reversal_without_its_mark_is_deleted_by_whichever_run_follows(sandbox, visma, key):
    """The run that cleans up is killed after each of its deletions."""
    lose_marking(sandbox, visma, changed(), key)
    killed = provider_of(sandbox)
    delete = killed.client.delete

    def deleting(path):
        delete(path)
        raise errors.RemoteError("Lost.")

    killed.client.delete = deleting
    raised(send, killed, bill(), key)
    assert len(waiting(sandbox)) == 1
    send(provider_of(sandbox), bill(), key)
    assert waiting(sandbox) == []


def test_a_reversal_that_a_person_may_have_made_is_named(sandbox, visma, key):
    """The bill was to be cancelled, or a person has prepared it: Visma tells neither."""
    lose_marking(sandbox, visma, bill(is_void=True), key)
    (reversal,) = waiting(sandbox)
    for _again in range(2):
        sent = send(provider_of(sandbox), bill(), key)
        assert reversal in sent.note and "Delete it there" in sent.note and waiting(sandbox) == [reversal]


def test_a_reversal_that_a_person_prepared_earlier_stays(sandbox, visma, key):
    visma.client.act(f"/v1/supplierInvoice/{key}/action/reverse")
    sandbox.control.settle()
    (reversal,) = waiting(sandbox)
    sandbox.state.invoices[tuple(reversal.split("/"))]["createdDateTime"] = "2026-09-20T00:00:00"
    sandbox.state.invoices[tuple(key.split("/"))]["createdDateTime"] = "2026-09-19T00:00:00"
    lose_marking(sandbox, visma, changed(), key)
    sent = send(provider_of(sandbox), bill(), key)
    assert reversal in sent.note and waiting(sandbox) == [reversal]


def test_a_reversal_that_is_late_is_named(sandbox, visma, key, monkeypatch):
    """Visma has accepted the reversal, and has not made it when the bill is changed back."""
    monkeypatch.setattr("ml_connector.providers.visma.reversals.ACTION_SECONDS", 0.1)
    sandbox.control.settings(action_seconds=60)
    raised(send, visma, changed(), key)
    sent = send(provider_of(sandbox), bill(), key)
    assert f"reverse {key}" in sent.note and "delete it" in sent.note


def test_a_reversal_in_a_closed_period_that_is_not_ours_is_named(sandbox, visma, key):
    lose_marking(sandbox, visma, changed(accounting_date=date(2026, 10, 2)), key)
    (reversal,) = (name for name in waiting(sandbox) if name.startswith("DebitAdj/"))
    sandbox.control.close_period("202609")
    error = raised(send, provider_of(sandbox), changed(accounting_date=date(2026, 10, 2)), key)
    assert f"Delete its reversal {reversal} there" in error.message


def test_another_supplier_of_a_held_document_is_made_before_the_old_one_goes(sandbox, visma):
    key = send(visma, bill()).external_id
    sandbox.control.edit_supplier("50002", status="Inactive")
    moved = bill(vendor=Party(external_id="50002"))
    raised(send, visma, moved, key)
    assert list(documents(sandbox)) == [key]
    sandbox.control.edit_supplier("50002", status="Active")
    send(visma, moved, key)
    (row,) = documents(sandbox).values()
    assert row["supplier"]["number"] == "50002"


# Killed anywhere


class Killed(BaseException):
    """The worker is gone."""


class Worker:
    """What the engine does with one bill: send what it is now, then release it. It may be killed at any call.

    :param look: called after each call to Visma
    """

    def __init__(self, sandbox, look=lambda: None):
        self.sandbox, self.look = sandbox, look
        self.document, self.bound, self.doubtful, self.note = bill(), "", None, ""
        self.calls = 0

    def provider(self, kill_at, when):
        """As after a restart: nothing is remembered."""
        made = provider_of(self.sandbox)
        original, self.calls = made.client.call, 0

        def call(*args, **options):
            self.calls += 1
            number = self.calls
            if (number, "before") == (kill_at, when):
                raise Killed
            try:
                return original(*args, **options)
            finally:
                self.look()
                if (number, "after") == (kill_at, when):
                    raise Killed

        made.client.call = call
        return made

    def run(self, kill_at=0, when="before"):
        """The error that it ends with; None when all is done."""
        made = self.provider(kill_at, when)
        payload = made.flow("bills_push").render(self.document)
        try:
            if self.doubtful and not self.bound:
                found = made.flow("bills_push").find(self.doubtful, "key")
                self.bound = found.external_id if found else ""
            self.doubtful = payload
            sent = made.flow("bills_push").send(payload, self.bound, "key")
            self.bound, self.doubtful, self.note = sent.external_id, None, sent.note
            if sent.takes_files:
                release(made, self.bound)
        except Killed:
            return "killed"
        except errors.NotRelevantError:
            self.doubtful = None
            return None
        except errors.ConnectorError as error:
            if not isinstance(error, errors.UnconfirmedError):
                self.doubtful = None
            return error
        return None

    def settle(self):
        for _run in range(4):
            if self.run() is None:
                return
        raise AssertionError(self.run())


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_every_call_of_a_correction(sandbox, when):
    number = 0
    while True:
        number += 1
        worker = Worker(sandbox)
        sandbox.control.reset()
        worker.settle()
        counts = []
        worker.look = lambda counts=counts: counts.append(len(standing(sandbox)))
        worker.document = changed()
        worker.run(number, when)
        calls = worker.calls
        worker.settle()
        assert set(counts) <= {1, 2} and amounts(standing(sandbox)) == [1125], f"killed {when} call {number}"
        assert waiting(sandbox) == []
        if calls < number:
            return


# Whatever happens


CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "amount": st.sampled_from(["1000.00", "900.00", "0.40"]),
        "account": st.sampled_from(["6340", "6300"]),
        "supplier": st.sampled_from(["50001", "50002"]),
        "number": st.sampled_from(["F-100", "F-101"]),
        "day": st.sampled_from([date(2026, 9, 14), date(2026, 10, 2), date(2026, 8, 31)]),
        "is_void": st.booleans(),
    },
)
REFUSED = st.sampled_from([None, None, refuse_number, close_account, close_period, hold_supplier])
LOST = st.none() | st.tuples(
    st.sampled_from(["POST", "PUT", "GET", "DELETE"]),
    st.sampled_from([("reset", "before"), ("reset", "after"), ("error", "before"), ("error", "after")]),
    st.integers(0, 4),
)
KILLED = st.just((0, "before")) | st.tuples(st.integers(1, 40), st.sampled_from(["before", "after"]))


def written(values):
    amount = Decimal(values["amount"])
    return bill(
        bill_line(values["amount"], account=values["account"]),
        total=amount * Decimal("1.25"),
        vendor=Party(external_id=values["supplier"]),
        number=values["number"],
        document_date=values["day"],
        accounting_date=values["day"],
        is_void=values["is_void"],
    )


def allow_all(sandbox):
    sandbox.control.settings(refuses_repeated_reference=False)
    sandbox.control.edit_account("6340", active=True)
    sandbox.control.open_period("202609")
    sandbox.control.edit_supplier("50001", status="Active")
    sandbox.control.clear_faults()


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(st.tuples(CHANGES, REFUSED, LOST, KILLED), min_size=1, max_size=4), st.booleans())
def test_the_ledger_never_loses_the_bill(sandbox, steps, copies_note):
    sandbox.control.reset()
    sandbox.control.settings(reversal_copies_note=copies_note)
    allow_all(sandbox)
    worker = Worker(sandbox)
    worker.settle()
    values = {
        "amount": "1000.00", "account": "6340", "supplier": "50001", "number": "F-100",
        "day": date(2026, 9, 14), "is_void": False,
    }  # fmt: skip
    for change, refuse, lost, killed in steps:
        was_void = values["is_void"]
        values |= change
        worker.document = written(values)
        least = 0 if was_void or values["is_void"] else 1
        counts = [len(standing(sandbox))]
        worker.look = lambda counts=counts: counts.append(len(standing(sandbox)))
        if refuse:
            refuse(sandbox)
        if lost:
            method, (kind, when), skip = lost
            status = 503 if kind == "error" else None
            sandbox.control.add_fault(kind, method=method, when=when, skip=skip, status=status)
        error = worker.run(*killed)
        assert not counts[0] or least <= min(counts)
        # what is in doubt is taken up again by itself
        is_in_doubt = error == "killed" or isinstance(error, (errors.RemoteError, errors.UnconfirmedError))
        assert len(standing(sandbox)) < 2 or is_in_doubt or "are in the ledger" in error.message
        allow_all(sandbox)
    worker.look = lambda: None
    worker.settle()
    left = standing(sandbox)
    # what may be a person's is named
    assert not [key for key in waiting(sandbox) if key not in worker.note]
    if values["is_void"]:
        assert left == []
        return
    (row,) = left
    assert row["balanceInCurrency"] == worker.document.total
    assert row["supplier"]["number"] == values["supplier"]
    assert [line["account"]["number"] for line in row["invoiceLines"]] == [values["account"]]


# Numbers that are entered by hand


@pytest.mark.parametrize("automatic", [False, True])
def test_what_takes_the_place_of_another_has_a_number_of_its_own(sandbox, visma, automatic):
    sandbox.control.settings(numbers_invoices=automatic)
    if not automatic:
        assert "Numbers of New Records" in raised(send, visma, bill()).message
    visma = provider_of(sandbox, options={"bills_push": {"number_source": "odoo"}})
    key, keys = "", []
    for amount in ("1000.00", "900.00", "800.00"):
        key = send(visma, changed(amount), key).external_id
        release(visma, key)
        keys.append(key)
    number = "Invoice/BILL/2026/09/0001"
    assert keys == [number, f"{number}-2", f"{number}-3"]
    assert amounts(standing(sandbox)) == [1000]
