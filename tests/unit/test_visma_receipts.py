"""Receipts of goods against Visma's sandbox: made once, with our quantities, released, and completed where left off."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from visma_support import obeyed_sandbox, order, order_line, raised

from ml_connector.core import errors as errors
from ml_connector.core.documents import GoodsReceipt, ReceivedLine
from ml_connector.providers.visma.goods_receipts import _corrections, _lines_to_add

RECEIPTS = "/v1/PurchaseReceipt"
FLOW = "receipts_push"


@pytest.fixture
def sandbox():
    with obeyed_sandbox() as running:
        yield running


@pytest.fixture
def ordered(visma):
    """The number of an order with two lines, of 2 and of 3."""
    lines = (order_line(1), order_line(2, "3", "10.00"))
    payload = visma.flow("purchase_orders_push").render(order(*lines))
    return visma.flow("purchase_orders_push").send(payload, "", "key").external_id


def receipt(number, *quantities, odoo_id=11, **values):
    lines = tuple(
        ReceivedLine(
            purchase_order_line_odoo_id=line,
            purchase_order_external_id=number,
            quantity=Decimal(quantity),
            ordered=Decimal("3"),
            name="Desk",
        )
        for line, quantity in enumerate(quantities, start=1)
    )
    return GoodsReceipt(
        odoo_id=odoo_id,
        number=f"WH/IN/{odoo_id:05}",
        purchase_order_odoo_id=9,
        received_on=date(2026, 9, 12),
        lines=lines,
        **values,
    )


def send(made, document, external_id=""):
    return made.flow(FLOW).send(made.flow(FLOW).render(document), external_id, "key")


def received(sandbox):
    """What each line of the only order has received."""
    (row,) = sandbox.control.orders()
    return [line["qtyOnReceipts"] for line in row["lines"]]


def test_what_was_received_arrives_and_counts(sandbox, visma, ordered):
    number = send(visma, receipt(ordered, "1.5", "3")).external_id
    (row,) = sandbox.control.receipts()
    assert (row["receiptNbr"], row["status"], row["createBill"]) == (number, "Released", False)
    assert row["supplier"]["number"] == "50001" and row["date"].startswith("2026-09-12")
    assert received(sandbox) == [1.5, 3]


def test_what_was_not_received_is_not_on_the_receipt(sandbox, visma, ordered):
    send(visma, receipt(ordered, "0", "1"))
    (row,) = sandbox.control.receipts()
    assert [(line["poOrderLineNbr"], line["receiptQty"]) for line in row["lines"]] == [(2, 1)]
    send(visma, receipt(ordered, "2", "2", odoo_id=12))
    assert received(sandbox) == [2, 3]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", RECEIPTS),
        ("POST", f"{RECEIPTS}/*/action/addpurchaseorderlines"),
        ("PUT", f"{RECEIPTS}/*"),
        ("POST", f"{RECEIPTS}/*/action/release"),
    ],
)
def test_a_lost_answer_at_any_step_makes_nothing_twice(method, path, when, sandbox, visma, ordered):
    sandbox.control.add_fault("reset", method=method, path=path, when=when)
    document = receipt(ordered, "1", "2")
    assert isinstance(raised(send, visma, document), errors.UnconfirmedError)
    sent = visma.flow(FLOW).find(visma.flow(FLOW).render(document), "key") or send(visma, document)
    assert [row["receiptNbr"] for row in sandbox.control.receipts()] == [sent.external_id]
    assert received(sandbox) == [1, 2]


@pytest.mark.parametrize("overtaken", ["update", "act"])
def test_a_release_that_ends_before_the_next_step_is_no_error(overtaken, sandbox, visma, ordered, release_ends_before):
    document = receipt(ordered, "1", "2")
    release_ends_before(document, overtaken)
    sent = visma.flow(FLOW).find(visma.flow(FLOW).render(document), "key")
    assert [row["receiptNbr"] for row in sandbox.control.receipts()] == [sent.external_id]
    assert received(sandbox) == [1, 2]


def test_a_release_that_ends_before_a_correction_is_left_to_a_person(sandbox, visma, ordered, release_ends_before):
    release_ends_before(receipt(ordered, "1", "2"), "update")
    error = raised(send, visma, receipt(ordered, "1", "1"))
    assert isinstance(error, errors.ConflictError) and "manually" in error.message
    assert received(sandbox) == [1, 2]


def test_a_refusal_of_what_is_not_released_stays_the_error(sandbox, visma, ordered):
    sandbox.control.add_fault("error", method="PUT", path=f"{RECEIPTS}/*", when="before", status=422)
    error = raised(send, visma, receipt(ordered, "1", "2"))
    assert isinstance(error, errors.PermanentError) and error.status == 422


@pytest.fixture
def release_ends_before(sandbox, visma, monkeypatch):
    """Loses the answer to the release of a receipt, which ends just before a later call of the client."""

    def lose(document, overtaken):
        sandbox.control.settings(action_seconds=600)
        sandbox.control.add_fault("reset", method="POST", path=f"{RECEIPTS}/*/action/release", when="after")
        assert isinstance(raised(send, visma, document), errors.UnconfirmedError)
        call = getattr(visma.client, overtaken)

        def overtaking(*given):
            sandbox.control.finish()
            return call(*given)

        monkeypatch.setattr(visma.client, overtaken, overtaking)

    return lose


def test_sending_again_changes_nothing(sandbox, visma, ordered):
    number = send(visma, receipt(ordered, "1", "2")).external_id
    assert send(visma, receipt(ordered, "1", "2"), number).external_id == number
    assert received(sandbox) == [1, 2]


def test_what_changes_after_the_release_is_left_to_a_person(sandbox, visma, ordered):
    number = send(visma, receipt(ordered, "1", "2")).external_id
    error = raised(send, visma, receipt(ordered, "1", "1"), number)
    assert isinstance(error, errors.ConflictError) and "manually" in error.message
    sent = send(visma, receipt(ordered, "0", "0", cancelled=True), number)
    assert "Enter the return" in sent.message and sent.external_id == number
    assert received(sandbox) == [1, 2]


def test_a_receipt_that_came_back_whole_before_it_was_sent_is_not_made(sandbox, visma, ordered):
    sent = send(visma, receipt(ordered, "0", cancelled=True))
    assert "All goods of the receipt were returned" in sent.note
    assert not sandbox.control.receipts()


def test_lines_that_visma_leaves_out_silently_are_told_and_nothing_is_released(sandbox, visma, ordered):
    sandbox.settings.receives_services = False
    error = raised(send, visma, receipt(ordered, "1", "2"))
    assert isinstance(error, errors.InvalidDataError) and "Missing lines: 2 of 2" in error.message
    assert not sandbox.control.effects("receipt.release")
    sandbox.settings.receives_services = True
    send(visma, receipt(ordered, "1", "2"))
    assert len(sandbox.control.receipts()) == 1 and received(sandbox) == [1, 2]


def test_a_line_that_the_order_lacks_is_told(visma, ordered):
    assert "not on the purchase order" in raised(send, visma, receipt(ordered, "1", "1", "1")).message
    assert "PO999999 no longer exists" in raised(send, visma, receipt("PO999999", "1")).message


KEYS = st.tuples(st.sampled_from(("PO1", "PO2")), st.integers(1, 9).map(str))
QUANTITIES = st.dictionaries(KEYS, st.integers(1, 400).map(lambda quarters: Decimal(quarters) / 4))


@given(there=QUANTITIES, wanted=QUANTITIES)
def test_lines_that_are_added_and_corrected_are_those_that_are_wanted(there, wanted):
    added = [
        (order["orderNbr"], line["lineNbr"])
        for order in _lines_to_add(wanted.keys() - there.keys())["purchaseOrderLines"]
        for line in order["lines"]
    ]
    quantities = {**there, **dict.fromkeys(added, Decimal("100.5"))}
    lines = {
        number: {"lineNbr": number, "poOrderNbr": key[0], "poOrderLineNbr": int(key[1]), "receiptQty": float(quantity)}
        for number, (key, quantity) in enumerate(quantities.items(), start=1)
    }
    for change in _corrections({"lines": list(lines.values())}, wanted).get("lines", ()):
        line = lines[change["lineNbr"]["value"]]
        if change["operation"] == "Delete":
            del lines[line["lineNbr"]]
        else:
            line["receiptQty"] = change["receiptQty"]["value"]
    shown = {
        (line["poOrderNbr"], str(line["poOrderLineNbr"])): Decimal(str(line["receiptQty"])) for line in lines.values()
    }
    assert shown == wanted
