"""On the charts of accounts of sixteen countries the addon books what a person books by hand, field by field.

By default one tax of each sort is tried; with `-m whole` every purchase tax, net, gross, credited and in a foreign
currency.
"""

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import countries
import pytest
from countries import CHARTS

from lib import odoo

HERE = Path(__file__).parent
SHELLS = 2
MARK = "RESULTS "
LEAST = {"bill", "credit", "payment", "expense", "repayment", "reimbursement", "expense_report", "statement"}


def compared(template, whole):
    """{country: counts and problems}, worked out by a shell with a database for each core."""
    script = (HERE / "compare.py").read_text()

    def part(database, codes):
        output = odoo.shell(database, f"CHARTS = {codes!r}\nWHOLE = {whole}\n{script}")
        line = next(line for line in output.splitlines() if line.startswith(MARK))
        return json.loads(line.removeprefix(MARK))

    with ExitStack() as stack:
        # two shells in one database would wait for each other
        databases = [
            stack.enter_context(odoo.temporary_database(f"charts_{n}", template=template)) for n in range(SHELLS)
        ]
        pool = stack.enter_context(ThreadPoolExecutor(SHELLS))
        parts = pool.map(part, databases, (list(CHARTS)[number::SHELLS] for number in range(SHELLS)))
        return {code: result for found in parts for code, result in found.items()}


@pytest.fixture(scope="module")
def template():
    return countries.template()


@pytest.fixture(scope="module")
def results(template):
    return compared(template, whole=False)


@pytest.fixture(scope="module")
def whole_results(template):
    return compared(template, whole=True)


def check(result):
    assert result["problems"] == []
    assert set(result["counts"]) >= LEAST


@pytest.mark.parametrize("code", CHARTS)
def test_books_of_a_country(results, code):
    check(results[code])


@pytest.mark.whole
@pytest.mark.parametrize("code", CHARTS)
def test_every_tax_of_a_country(whole_results, code):
    check(whole_results[code])


@pytest.mark.whole
def test_that_many_bills_are_compared(whole_results):
    counts = [result["counts"] for result in whole_results.values()]
    assert sum(count["bill"] + count["credit"] for count in counts) > 1_000
