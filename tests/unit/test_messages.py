"""Sentences keep how they were made, whatever they are passed through."""

import pickle
from datetime import UTC, date, datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from ml_connector.core.messages import Amount, Message, _, paragraph


def nested(value):
    return _("Inside: %(value)s.", value=value)


AMOUNTS = st.decimals(allow_nan=False, allow_infinity=False, places=2)
PLAIN = st.one_of(
    st.text(max_size=20),
    st.integers(),
    st.dates(),
    st.datetimes(timezones=st.just(UTC)),
    st.builds(Amount, AMOUNTS, st.sampled_from(["USD", "NOK", ""])),
)
VALUES = st.recursive(PLAIN, lambda parts: st.lists(parts, max_size=3).map(tuple) | parts.map(nested), max_leaves=4)


@given(value=VALUES)
def test_a_sentence_survives_storage_and_processes(value):
    message = _("100 %% of %(value)s.", value=value)
    for copy in (Message.from_json(message.to_json()), pickle.loads(pickle.dumps(message))):
        assert (copy, copy.template, copy.parameters) == (message, message.template, message.parameters)


def test_a_sentence_is_english_text():
    message = _(
        "%(bill)s: %(amount)s on %(day)s at %(time)s, %(lines)s.",
        bill="INV-1",
        amount=Amount(Decimal("1234.50"), "USD"),
        day=date(2026, 9, 3),
        time=datetime(2026, 9, 3, 8, 5),
        lines=[1, 2],
    )
    assert message == "INV-1: 1,234.50 USD on Sep 3, 2026 at Sep 3, 2026 08:05 UTC, 1, 2."
    assert _("100 % without parameters") == "100 % without parameters"


def test_a_paragraph_leaves_out_what_is_empty():
    assert paragraph("", None) == ""
    text = paragraph("", _("One %(thing)s.", thing="bill"), None, "Two.")
    assert (text, text.parameters["first"].template) == ("One bill. Two.", "One %(thing)s.")
