"""One entity of Ramp is one company: rows of others are left out, although Ramp was asked for that entity only."""

import pytest
from support.tokens import MemoryTokens

from ml_connector.core.provider import Settings
from ml_connector.providers.ramp import RampProvider

ROW = {
    "sync_status": "SYNC_READY",
    "accounting_date": "2026-07-01",
    "created_at": "2026-07-01T10:00:00Z",
    "repaid_at": "2026-07-01T10:00:00Z",
    "status": "REPAID",
    "amount": {"amount": 100, "currency_code": "USD", "minor_unit_conversion_rate": 100},
    "total_amount": {"amount": 100, "currency_code": "USD", "minor_unit_conversion_rate": 100},
    "creation_source": "RAMP",
}
FLOWS = ("bills", "transactions", "reimbursements", "transfers", "cashbacks", "repayments", "orders", "credits")


class Ramp:
    """Lists all that it has, whatever entity is asked for, as Ramp does with a filter that it does not know."""

    def __init__(self, rows):
        self.known = {row["id"]: row for row in rows}

    def pages(self, path, *_arranged, **filters):
        yield list(self.known.values())

    def rows(self, path, **filters):
        return self.known.values()

    pages_of_record = pages

    def one(self, path):
        return self.known.get(path.rpartition("/")[2], {})

    get = one

    def found(self, path, record_id):
        return self.known.get(record_id)


def provider(rows, is_primary):
    settings = Settings(
        base_url="https://api.ramp.com",
        credentials={"client_id": "ramp_id_1", "client_secret": "example", "entity": "Example US"},
        stored={"entity": "Example US", "entity_id": "e1", "is_primary_entity": is_primary},
        capabilities=frozenset(),
        instance="db:7",
    )
    made = RampProvider(settings, MemoryTokens(), None)
    made.__dict__["client"] = Ramp(rows)
    return made


@pytest.mark.parametrize("is_primary", [True, False])
@pytest.mark.parametrize("flow", FLOWS)
def test_only_the_rows_of_the_entity(flow, is_primary):
    rows = [
        {**ROW, "id": name, "entity_id": entity} for name, entity in (("ours", "e1"), ("theirs", "e2"), ("none", None))
    ]
    made = provider(rows, is_primary)
    # what has no entity is the primary entity's, except bills, which always have one
    expected = {"ours", "none"} if is_primary and flow != "bills" else {"ours"}
    found = {item.external_id for page in made.flow(flow).pull("", None) for item in page.items}
    assert found == expected
    fetched = {row["id"] for row in rows if made.flow(flow).fetch(row["id"]) is not None}
    assert fetched == expected
