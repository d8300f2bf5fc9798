"""Two companies and their people, for all tests of one file."""

import pytest
from support.people import open_offices


@pytest.fixture(scope="module")
def offices(request):
    with open_offices(request.module.__name__.rpartition(".")[2]) as offices:
        yield offices
