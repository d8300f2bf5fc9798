"""One number has many writings, and a filler is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.ch import uid
from stdnum.no import orgnr
from stdnum.se import orgnr as swedish

from ml_connector.core.tax_numbers import is_filler, same_number, tax_number, writings

NINE = st.integers(10**7, 10**9 - 1).map(lambda number: f"{number:09}")


def norwegian(body):
    return next((body[:8] + check for check in "0123456789" if orgnr.is_valid(body[:8] + check)), None)


NUMBERS = {
    "NO": (NINE.map(norwegian), ("{}", "NO{}", "NO{}MVA", "{}MVA", "NO {} MVA", "no{}mva")),
    "CH": (
        NINE.map(lambda body: body[:8] + uid.calc_check_digit(body[:8])).filter(lambda number: len(number) == 9),
        ("{}", "CHE{}", "CHE{} MWST", "CHE-{} TVA", "che{}iva", "CH{}"),
    ),
    "SE": (
        NINE.map(lambda body: next(body + check for check in "0123456789" if swedish.is_valid(body + check))),
        ("{}", "SE{}01", "{}01", "SE {}"),
    ),
    "BE": (
        st.integers(2 * 10**6, 10**7 - 1).map(lambda body: f"{body:08}{97 - body % 97:02}"),
        ("{}", "BE{}", "BE {}"),
    ),
    "GR": (NINE, ("{}", "EL{}", "GR{}")),
    "AT": (NINE.map(lambda body: body[:8]), ("ATU{}", "U{}", "{}", "AT U{}")),
    "DE": (NINE, ("{}", "DE{}", "DE {}")),
    "US": (NINE, ("{}", "US{}")),
}


@st.composite
def spaced(draw, text):
    """The text with blanks and punctuation between its characters."""
    return "".join(char + draw(st.sampled_from(["", "", "", " ", "-", ".", "\u00a0"])) for char in text)


@st.composite
def same_twice(draw):
    country = draw(st.sampled_from(sorted(NUMBERS)))
    numbers, forms = NUMBERS[country]
    number = draw(numbers.filter(lambda number: number and not is_filler(number)))
    first, second = (draw(spaced(draw(st.sampled_from(forms)).format(number))) for _side in range(2))
    return country, number, first, second


@given(same_twice())
def test_all_writings_of_a_number_are_the_same(case):
    country, _number, first, second = case
    assert same_number(first, country, second, country)
    assert tax_number(first, country) == tax_number(second, country)
    assert all(same_number(first, country, text, country) for text in writings(second, country))


@given(same_twice(), same_twice())
def test_different_numbers_stay_different(one, other):
    if (one[0], one[1]) != (other[0], other[1]):
        assert not same_number(one[2], one[0], other[2], other[0])


@given(st.text(), st.sampled_from(["", "NO", "CH", "MX", "FR", "XX"]))
def test_any_text_is_read(text, country):
    found = tax_number(text, country)
    assert (found is None) == is_filler(text)
    assert not found or same_number(text, country, text, country)


@pytest.mark.parametrize(
    "text",
    ["", "/", "-", "N/A", "NA", "none", "unknown", "0", "000000000", "00-0000000", "NO000000000MVA", "DE999999999"]
    + ["1", "XAXX010101000", "MXXEXX010101000", "999999990", "US 11-1111111", "tbd", "\uff10\uff10\uff10"],
)
def test_fillers(text):
    assert is_filler(text) and tax_number(text, "NO") is None and not writings(text, "NO")
    assert not same_number(text, "NO", text, "NO")


@pytest.mark.parametrize(
    ("one", "country", "other", "other_country", "is_same"),
    [
        ("BE0477472701", "", "0477472701", "BE", True),
        ("0477472701", "", "BE0477472701", "BE", True),
        ("0477472701", "FR", "BE0477472701", "BE", False),
        ("12-3456789", "US", "123456789", "", True),
        ("CHE-123.456.788", "LI", "CHE123456788MWST", "CH", True),
        ("MXI020304AB1", "MX", "MXMXI020304AB1", "", True),
        ("XI980780684", "", "980780684", "GB", True),
        ("B58378431", "ES", "ESB58378431", "", True),
        ("A58378431", "ES", "ESB58378431", "", False),
        ("123026635RT0001", "CA", "123026635", "CA", True),
        ("FR40303265045", "", "303 265 045", "FR", True),
        ("T5010401067252", "JP", "5010401067252", "JP", True),
    ],
)
def test_pairs(one, country, other, other_country, is_same):
    assert same_number(one, country, other, other_country) == is_same
    assert same_number(other, other_country, one, country) == is_same
