"""A malformed row on any page of any pull flow costs itself only: everything else comes as it would without it.

What the sandboxes answer is recorded once and played back with the row put in, without a server.
"""

import copy
import random
import re
from datetime import date
from functools import cache

import pytest
from concur_support import CREDENTIALS as CONCUR
from sandbox import concur, ramp, visma
from support.tokens import MemoryTokens
from visma_support import invoice

from ml_connector.core.documents import Release
from ml_connector.core.errors import ConnectorError, NotFoundError
from ml_connector.core.http import Answer
from ml_connector.core.items import FAULT, UNREADABLE, document_of
from ml_connector.core.messages import Message
from ml_connector.core.provider import Settings
from ml_connector.providers import PROVIDERS
from ml_connector.providers.ramp.check import OUR_NAME
from ml_connector.providers.visma.ledger import PATH

JUNK = (None, "", "text", 7, -1.5, True, [], [None], ["text"], {}, {"id": None}, {"nested": [{}]}, "9" * 5000)
NO_RECORD = (None, "text", 7, True, ["text"])
IDS = (
    *("id", "ID", "PaymentRequestId", "VendorCode", "number", "code", "shortCode", "referenceNumber", "refNbr"),
    *("ramp_id", "accountCD", "termsId", "projectID", "vatCategoryId"),
)
KEYS = ("data", "content", "Items", "Vendor", "PaymentRequestDigest", "records")
SANDBOXES = {
    "ramp": lambda: ramp.RampSandbox(
        size="small", seat="api", provider=OUR_NAME, settings=ramp.RampSettings(rate_limit=0)
    ),
    "concur": lambda: concur.ConcurSandbox(size="small"),
    "visma": lambda: visma.VismaSandbox(size="small", settings=visma.VismaSettings()),
}
CREDENTIALS = {
    "ramp": {"client_id": ramp.CLIENT_ID, "client_secret": ramp.CLIENT_SECRET},
    "concur": {**CONCUR, "lists": "account = GL Accounts; custom1 = Cost Centers"},
    "visma": {
        "client_id": visma.CLIENT_ID,
        "client_secret": visma.CLIENT_SECRET,
        "tenant_id": visma.TENANT_ID,
    },
}
LATE = ("ramp", "receipts")
"""The one flow of files that reads a list, of what came since."""
FLOWS = [
    (key, flow.key)
    for key in SANDBOXES
    for flow in PROVIDERS[key].flows
    if flow.direction == "pull" and (flow.kind != "file" or (key, flow.key) == LATE)
]


class Recorder:
    """Stands before a client's `call`: asks the sandbox once, and then plays back what it said."""

    def __init__(self, client):
        self._call = client.call
        self.answers = {}
        self.asked = []
        self.is_playing = False

    def __call__(self, method, path, *, params=None, **sending):
        # moments differ from one reading to the next
        key = path, re.sub(r"\d{4}-\d\d-\d\dT[^',}]*", "T", str(sorted((params or {}).items())))
        if key not in self.answers:
            if self.is_playing:
                raise NotFoundError("There is no such record.")
            self.answers[key] = self._call(method, path, params=params, **sending)
            for row in rows_of(self.answers[key].data):
                complete(path, row)
        self.asked.append(key)
        answer = self.answers[key]
        return Answer(answer.status, answer.headers, copy.deepcopy(answer.data), answer.content)


@cache
def record(key):
    """The provider of a key, whose client plays back what it has once asked, and its recorder."""
    with SANDBOXES[key]() as sandbox:
        settings = {"base_url": sandbox.url, "credentials": CREDENTIALS[key], "instance": "db:7"}
        report = PROVIDERS[key](Settings(**settings), MemoryTokens(), None).check()
        known = {"stored": report.settings, "capabilities": frozenset(report.capabilities)}
        provider = PROVIDERS[key](Settings(**settings, **known), MemoryTokens(), None)
        if key == "visma":
            pay_invoices(provider, sandbox)
        provider.client.call = recorder = Recorder(provider.client)
        for name, flow in FLOWS:
            if name == key:
                read(provider, flow)
    recorder.is_playing = True
    return provider, recorder


def read(provider, flow):
    cursor = "2020-01-01T00:00:00+00:00" if (provider.key, flow) == LATE else ""
    return [item for page in provider.flow(flow).pull(cursor, date(2020, 1, 1)) for item in page.items]


def pay_invoices(provider, sandbox):
    for number in ("INV-1", "INV-2"):
        reference = provider.client.create(PATH, invoice(supplierReference=number, note="[odoo:db:7:1]"))
        release = provider.flow("bill_release_push").render(Release(parent_external_id=f"Invoice/{reference}"))
        provider.flow("bill_release_push").send(release, "", "key")
        sandbox.control.pay(reference, "100.00", date(2026, 9, 20))


def complete(path, row):
    """What the sandboxes' records lack to be of all flows."""
    if path.endswith("/vendors/credits"):
        row["applied_bills"] = [{"bill_id": "bill-1", "amount": row["total_amount"]}]


def lists_of(recorder, flow):
    """What was asked whose rows become items, and not parts of one."""
    found = dict.fromkeys(key for key in recorder.asked if rows_of(recorder.answers[key].data))
    parts = ("/contacts", *(("/invoice/vendors",) if flow == "payment_requests" else ()))
    own = [key for key in found if not key[0].endswith(parts) and "payment_id" not in key[1]]
    return [key for key in own if flow != "statements" or key[0].endswith("/statements")]


def rows_of(data):
    if isinstance(data, dict):
        return next((data[name] for name in KEYS if isinstance(data.get(name), list)), [])
    return data if isinstance(data, list) else []


def damaged(rng, rows):
    """A row of another form, and whether it is no record at all."""
    kind = rng.randrange(3)
    if kind == 0:
        return rng.choice(NO_RECORD), True
    row = copy.deepcopy(rng.choice(rows))
    if kind == 1:
        for name in IDS:
            if name in row:
                row[name] = rng.choice((None, {"id": 1}, []))
        return row, False
    for name in IDS:
        if isinstance(row.get(name), str):
            row[name] = f"new-{rng.randrange(10**9)}"
    where = row
    while True:
        name = rng.choice(sorted(where) if isinstance(where, dict) else range(len(where)))
        if not (isinstance(where[name], (dict, list)) and where[name]) or rng.random() < 0.4:
            break
        where = where[name]
    where[name] = copy.deepcopy(rng.choice(JUNK))
    return row, False


@pytest.mark.parametrize(("key", "flow"), FLOWS)
def test_a_malformed_row_costs_itself_only(key, flow):
    provider, recorder = record(key)
    recorder.asked.clear()
    whole = read(provider, flow)
    assert whole, "the sandbox has something for every flow"
    answers = dict(recorder.answers)
    rng = random.Random(f"{key} {flow}")
    lists = lists_of(recorder, flow)
    for _example in range(60):
        place = rng.choice(lists)
        row, is_none = damaged(rng, rows_of(answers[place].data))
        answer = copy.deepcopy(answers[place])
        rows_of(answer.data).insert(rng.randrange(len(rows_of(answer.data)) + 1), row)
        recorder.answers[place] = answer
        try:
            found = read(provider, flow)
            again = read(provider, flow)
        finally:
            recorder.answers[place] = answers[place]
        about = (place, row)
        assert [(item.external_id, item.version) for item in found] == [
            (item.external_id, item.version) for item in again
        ], about
        expected = {(item.external_id, item.version): item for item in whole}
        extra = [item for item in found if (item.external_id, item.version) not in expected]
        assert expected.keys() <= {(item.external_id, item.version) for item in found}, about
        if is_none:
            assert [item.external_id.startswith(UNREADABLE) and FAULT in item.payload for item in extra] == [True], (
                about
            )
        for item in extra:
            assert isinstance(item.external_id, str) and item.external_id, about
            try:
                document_of(provider.flow(flow), item.payload)
            except ConnectorError as error:
                assert error.error_class in ("validation", "not_wanted"), about
            except KeyError:
                assert item.payload == {}, about


QUEUES = {
    "expense_reports": ("expense", "report"),
    "invoices": ("invoice", "requestHeader"),
    "cash_advances": ("cashadvance", "cashAdvanceData"),
    "payroll": ("payroll", "report"),
}


@pytest.mark.parametrize("flow", QUEUES)
def test_a_financial_document_that_cannot_be_read_is_a_row_of_its_own(flow):
    doc_type, head = QUEUES[flow]
    provider, recorder = record("concur")
    (place,) = [key for key in recorder.answers if f"/{doc_type}/transactions" in key[0] and "('page', 0)" in key[1]]
    good = recorder.answers[place]
    first = rows_of(good.data)[0]
    odd = ("Any id, not only 32 hex digits", "../a?b=c#d", "ÄÖ 東京", "x" * 400)
    answer = copy.deepcopy(good)
    answer.data["content"] = [
        {**first, "id": "no-head", "document": {**first["document"], head: {}}},
        {**first, "id": "no-content", "document": None},
        {**first, "id": "no-json", "document": "<report/>"},
        {**first, "id": "x" * 501},
        {**first, "id": 7},
        *({**first, "id": name} for name in odd),
    ]
    recorder.answers[place] = answer
    try:
        found = read(provider, flow)
    finally:
        recorder.answers[place] = good
    assert [item.external_id for item in found[:3]] == [
        f"{UNREADABLE}{name}" for name in ("no-head", "no-content", "no-json")
    ]
    assert [str(Message.from_json(item.payload[FAULT])) for item in found[:2]] == [
        "Odoo cannot read row 1 of page 1 (no-head) of a list of SAP Concur. The document does not name its record. "
        "Ask SAP Concur to correct it, then ignore this transfer.",
        "Odoo cannot read row 2 of page 1 (no-content) of a list of SAP Concur. The document has no readable content. "
        "Ask SAP Concur to correct it, then ignore this transfer.",
    ]
    assert all(FAULT in item.payload and item.external_id.startswith(UNREADABLE) for item in found[3:5])
    assert [item.version for item in found[5:]] == list(odd)
    for item in found[5:]:
        assert document_of(provider.flow(flow), item.payload).external_id == item.external_id


def test_vendor_credits_come_as_a_list_or_as_lists_in_it():
    provider, recorder = record("ramp")
    whole = {flow: read(provider, flow) for flow in ("credits", "credit_applications")}
    places = [key for key in recorder.answers if key[0].endswith("/vendors/credits")]
    flat = {place: recorder.answers[place] for place in places}
    for place in places:
        nested = copy.deepcopy(flat[place])
        rows = nested.data["data"]
        nested.data["data"] = [rows[:1], rows[1:]]
        recorder.answers[place] = nested
    try:
        assert {flow: read(provider, flow) for flow in whole} == whole
    finally:
        recorder.answers.update(flat)
