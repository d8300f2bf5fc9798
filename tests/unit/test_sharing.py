"""Splitting a total never loses or invents a unit."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.core.errors import InvalidDataError
from ml_connector.core.split_amount import share

units = st.integers(-(10**9), 10**9)


@given(units, st.lists(units, min_size=1, max_size=12), st.sampled_from([0, 2, 3]))
def test_parts_add_up_to_the_total(total, weights, digits):
    amount = Decimal(total).scaleb(-digits)
    if not sum(weights):
        with pytest.raises(InvalidDataError):
            share(amount, weights, digits)
        return
    parts = share(amount, [Decimal(weight) for weight in weights], digits)
    assert sum(parts) == amount
    assert all(part == round(part, digits) for part in parts)


@given(st.integers(1, 10**9), st.lists(st.integers(1, 10**6), min_size=1, max_size=12))
def test_each_part_is_its_proportion_but_for_one_unit(total, weights):
    parts = share(Decimal(total), [Decimal(weight) for weight in weights], 0)
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - Decimal(total) * weight / sum(weights)) < 1
