"""Card spend as Ramp writes it, to documents: the parts always add up to the source, or the row says why not."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.core.errors import InvalidDataError
from ml_connector.core.provider import Settings, localized
from ml_connector.core.wire import day
from ml_connector.providers.ramp import RampProvider
from ml_connector.providers.ramp.money import currency_digits
from ml_connector.providers.ramp.wire import MOMENTS

CURRENCIES = st.sampled_from(["USD", "JPY", "KWD", "EUR"])
UNITS = st.integers(-(10**8), 10**8)
RAMP = RampProvider(Settings(base_url="https://api.ramp.com", credentials={}), None, None)
transaction_document = RAMP.flow("transactions").translate
reimbursement_document = RAMP.flow("reimbursements").translate
statement_document = RAMP.flow("statements").translate
purchase_order = RAMP.flow("orders").translate
repayment = RAMP.flow("repayments").translate


def minor(units, currency):
    return {"amount": units, "currency_code": currency, "minor_unit_conversion_rate": 10 ** currency_digits(currency)}


def major(units, currency):
    return Decimal(units).scaleb(-currency_digits(currency))


def transaction(units, currency, lines, **values):
    return {
        "id": "3aa9eed1-c793-4b52-a502-e7f2a7e4c1b2",
        "amount": str(major(units, currency)),
        "currency_code": currency,
        "card_holder": {"user_id": "u1", "first_name": "Ada", "last_name": "Example"},
        "user_transaction_time": "2026-07-28T15:02:11+00:00",
        "accounting_date": "2026-07-30T00:00:00+00:00",
        "line_items": lines,
        **values,
    }


def line(units, currency, converted=None, **values):
    return {"amount": minor(units, currency), "converted_amount": converted, "memo": "", **values}


@given(UNITS, CURRENCIES, CURRENCIES, st.lists(UNITS, min_size=1, max_size=8))
def test_lines_in_the_currency_of_the_merchant(units, settled, charged, amounts):
    payload = transaction(units, settled, [line(amount, charged) for amount in amounts])
    fits = settled != charged or abs(sum(amounts) - units) <= len(amounts)
    scales = len(amounts) == 1 or sum(amounts) or (settled == charged and units == 0)
    if not units or not fits or not scales:
        with pytest.raises(InvalidDataError):
            transaction_document(payload)
        return
    document = transaction_document(payload)
    assert sum(part.amount for part in document.lines) == document.amount == major(units, settled)
    assert len(document.lines) == len(amounts)
    assert all(part.amount == round(part.amount, currency_digits(settled)) for part in document.lines)


@given(CURRENCIES, st.lists(UNITS, min_size=1, max_size=8), st.integers(-20, 20))
def test_settled_amounts_of_lines_count(currency, amounts, difference):
    units = sum(amounts) + difference
    lines = [line(1, "EUR", converted=minor(amount, currency)) for amount in amounts]
    payload = transaction(units, currency, lines)
    scales = len(amounts) == 1 or not difference or sum(amounts)
    if not units or abs(difference) > len(amounts) or not scales:
        with pytest.raises(InvalidDataError):
            transaction_document(payload)
        return
    document = transaction_document(payload)
    assert sum(part.amount for part in document.lines) == major(units, currency)
    if not difference:
        assert [part.amount for part in document.lines] == [major(amount, currency) for amount in amounts]


def test_amount_is_in_major_units():
    document = transaction_document(transaction(12550, "USD", [line(12550, "USD")]))
    assert (document.amount, document.currency) == (Decimal("125.50"), "USD")
    assert (document.document_date, document.accounting_date) == (date(2026, 7, 28), date(2026, 7, 30))


def test_newer_amount_of_the_entity_wins():
    payload = transaction(12550, "USD", [line(9900, "EUR")], entity_amount={"currency": "EUR", "value": 9900})
    document = transaction_document(payload)
    assert (document.amount, document.currency) == (Decimal("99.00"), "EUR")


def test_header_coding_without_lines():
    selection = {"external_id": "gl-1", "category_info": {"type": "GL_ACCOUNT"}}
    document = transaction_document(transaction(100, "USD", [], accounting_field_selections=[selection]))
    assert [(part.amount, part.account.external_id) for part in document.lines] == [(Decimal("1.00"), "gl-1")]


def test_refund_names_what_it_takes_back():
    payload = transaction(-500, "USD", [line(-500, "USD")], original_transaction_id="t0")
    document = transaction_document(payload)
    assert (document.amount, document.refunds) == (Decimal("-5.00"), "t0")


@pytest.mark.parametrize(
    "change",
    [{"card_holder": {}}, {"user_transaction_time": None, "accounting_date": None}, {"amount": 0}, {"receipts": "x"}],
)
def test_unusable_transactions(change):
    with pytest.raises(InvalidDataError):
        transaction_document({**transaction(100, "USD", [line(100, "USD")]), **change})


def reimbursement(units=4200, **values):
    return {
        "id": "8bc2e447-f894-4d23-9c15-2e8f7b6a3c1d",
        "type": "OUT_OF_POCKET",
        "direction": "BUSINESS_TO_USER",
        "state": "REIMBURSED",
        "user_id": "u1",
        "user_email": "ada@example.com",
        "user_full_name": "Ada Example",
        "entity_amount": {"currency": "USD", "value": units},
        "transaction_date": "2026-07-20",
        "payment_processed_at": "2026-07-24T08:00:00+00:00",
        "payment_id": "PB-1001",
        "merchant": "Train Co",
        "line_items": [{"amount": minor(3870, "EUR"), "memo": "Ticket"}],
        **values,
    }


def test_reimbursement():
    document = reimbursement_document(reimbursement())
    assert (document.employee.kind, document.employee.code) == ("employee", "ada@example.com")
    assert (document.bill.total, document.bill.is_credit) == (Decimal("42.00"), False)
    assert [part.amount for part in document.bill.lines] == [Decimal("42.00")]
    assert (document.settlement.amount, document.settlement.reference) == (Decimal("42.00"), "PB-1001")


@pytest.mark.parametrize(
    ("change", "is_credit"),
    [
        ({"direction": "USER_TO_BUSINESS", "type": "PAYBACK_FULL"}, True),
        ({"direction": None, "type": "PAYBACK_PARTIAL"}, True),
        ({"entity_amount": {"currency": "USD", "value": -4200}}, True),
        ({"direction": "USER_TO_BUSINESS", "entity_amount": {"currency": "USD", "value": -4200}}, False),
    ],
)
def test_who_owes_whom(change, is_credit):
    document = reimbursement_document(reimbursement(**change))
    assert (document.bill.is_credit, document.bill.total) == (is_credit, Decimal("42.00"))
    assert sum(part.amount for part in document.bill.lines) == document.bill.total


def test_older_keys_of_a_reimbursement():
    payload = reimbursement(entity_amount=None, amount="42.5", currency="USD")
    assert reimbursement_document(payload).bill.total == Decimal("42.50")


def test_mileage_says_its_way():
    payload = reimbursement(type="MILEAGE", distance=12.5, start_location="Office", end_location="Client")
    (part,) = reimbursement_document(payload).bill.lines
    assert part.description == "Train Co, Ticket, Office - Client, distance 12.5"


def test_what_is_not_paid_yet_has_no_settlement():
    payload = reimbursement(state="AWAITING_PAYMENT", payment_processed_at=None)
    assert reimbursement_document(payload).settlement is None


def statement(charges, credits, transactions, cashbacks=()):
    section = {"entity_id": "e1", "charges": minor(charges, "USD"), "credits": minor(credits, "USD")}
    return {
        "statement": {
            "id": "s1",
            "start_date": "2026-07-01T00:00:00Z",
            "end_date": "2026-07-31T23:59:59Z",
            "balance_sections": [section],
        },
        "entity_id": "e1",
        "transactions": [
            {"id": str(n), "amount": str(major(units, "USD")), "currency_code": "USD"}
            for n, units in enumerate(transactions)
        ],
        "cashbacks": [{"id": f"c{n}", "amount": minor(units, "USD")} for n, units in enumerate(cashbacks)],
    }


@given(st.lists(UNITS, max_size=10), st.lists(st.integers(0, 10**5), max_size=3))
def test_a_statement_bills_its_transactions(amounts, cashbacks):
    charges = sum(units for units in amounts if units > 0)
    credits = sum(cashbacks) - sum(units for units in amounts if units < 0)
    document = statement_document(statement(charges, credits, amounts, cashbacks))
    assert document.total == major(sum(amounts), "USD")
    with pytest.raises(InvalidDataError):
        statement_document(statement(charges + 1, credits, amounts, cashbacks))


@given(st.integers(1, 10**7), st.lists(st.integers(1, 10**6), min_size=1, max_size=6))
def test_a_repayment_is_spread_over_the_cost(units, amounts):
    coded = {"accounting_field_selections": [{"external_id": "gl-1", "category_info": {"type": "GL_ACCOUNT"}}]}
    spent = transaction(sum(amounts), "USD", [line(amount, "USD", **coded) for amount in amounts])
    row = {"id": "r1", "status": "REPAID", "repaid_at": "2026-08-05T10:00:00Z", "repayment_amount": minor(units, "USD")}
    document = repayment({"repayment": row, "transaction": spent})
    assert sum(part.amount for part in document.lines) == 0
    assert document.lines[0].amount == major(units, "USD")


def test_orders_of_the_books_are_not_taken_back():
    with pytest.raises(InvalidDataError):
        purchase_order({"id": "p1", "creation_source": "DEVELOPER_API"})


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 10**6)), min_size=1, max_size=6), CURRENCIES)
def test_order_lines_add_up(lines, currency):
    rows = [
        {"id": f"l{n}", "quantity": q, "unit_price": minor(p, currency), "amount": minor(q * p, currency)}
        for n, (q, p) in enumerate(lines)
    ]
    payload = {
        "id": "p1",
        "creation_source": "RAMP",
        "created_at": "2026-07-01",
        "vendor_id": "v1",
        "amount": minor(sum(q * p for q, p in lines), currency),
        "line_items": rows,
    }
    document = purchase_order(payload)
    assert sum(part.quantity * part.unit_price for part in document.lines) == major(
        sum(q * p for q, p in lines), currency
    )


WHENS = st.datetimes(datetime(2015, 1, 1), datetime(2035, 1, 1)).filter(
    lambda moment: moment.time() != moment.min.time()
)
OFFSETS = st.integers(-12 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(WHENS, OFFSETS, st.sampled_from(sorted(available_timezones())))
def test_the_day_of_a_moment_is_that_of_the_company(moment, offset, zone):
    moment = moment.replace(tzinfo=UTC)
    written = moment.astimezone(offset)
    if written.time() == datetime.min.time():
        written += timedelta(seconds=1)
        moment = written.astimezone(UTC)
    payload = {"created_at": written.isoformat(), "rows": [{"user_transaction_time": written.isoformat()}]}
    local = localized(payload, ZoneInfo(zone), MOMENTS)
    wanted = moment.astimezone(ZoneInfo(zone)).date()
    assert day(local, "created_at") == day(local["rows"][0], "user_transaction_time") == wanted


@given(st.dates(date(2015, 1, 1), date(2035, 1, 1)), st.sampled_from(sorted(available_timezones())))
def test_a_date_stays_what_it_is_in_every_zone(wanted, zone):
    for text in (f"{wanted}", f"{wanted}T00:00:00Z", f"{wanted}T00:00:00+00:00", f"{wanted}T12:30:00"):
        assert day(localized({"created_at": text}, ZoneInfo(zone), MOMENTS), "created_at") == wanted
    chosen = {"accounting_date": f"{wanted}T23:59:59Z", "issued_at": f"{wanted}T22:00:00Z"}
    assert localized(chosen, ZoneInfo(zone), MOMENTS) == chosen


def test_spend_in_the_evening():
    """30 September, 20:00 in Los Angeles, decides the period where nothing else is said."""
    payload = transaction(100, "USD", [line(100, "USD")], accounting_date=None)
    payload["user_transaction_time"] = "2026-10-01T03:00:00+00:00"
    local = localized(payload, ZoneInfo("America/Los_Angeles"), MOMENTS)
    assert transaction_document(local).document_date == date(2026, 9, 30)
