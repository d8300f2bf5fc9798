"""Whatever of a provider's row is booked is part of the record's version: otherwise its change would never arrive."""

import copy
import re

import pytest
from test_bad_rows import FLOWS, QUEUES, read, record, rows_of

from ml_connector.core.errors import ConnectorError
from ml_connector.core.items import document_of

ROWS = 4
"""Rows of each page that are changed."""
NAMES = {
    "accounting_field_selections.name",
    "accounting_field_selections.display_name",
    "accounting_field_selections.external_code",
    "card_holder.first_name",
    "card_holder.last_name",
    "first_name",
    "last_name",
    "supplierReference",
    "user_full_name",
    "vendor.name",
}
"""What a code or record is called in questions and lists; Odoo knows it by its ID."""
ELSEWHERE = {
    ("credit_applications", "reference_number"): "the number of the credit",
    ("payment_requests", "VendorCode"): "the vendor's own flow",
    ("payments", "invoice_number"): "the bill's own flow",
    ("payments", "vendor.id"): "the bill's own flow",
    ("reimbursements", "receipts"): "the flow of the files",
    ("reimbursements", "user_email"): "the employee is known by the ID",
    ("statements", "statement_url"): "a link that expires",
    ("transactions", "receipts"): "the flow of the files",
    ("transactions", "statement_id"): "the statement's own flow",
    ("bills", "invoice_urls"): "the flow of the files",
    ("orders", "ramp_url"): "a link",
    ("transactions", "merchant_id"): "tells merchants of one name apart",
}
FIXED = {
    ("bills", "draft_bill_id"),
    ("orders", "created_at"),
    ("repayments", "funding_method"),
    ("transactions", "user_transaction_time"),
    ("transfers", "payment_id"),
}
"""What stays as it was when the record was made."""
VERSIONED = [(key, flow) for key, flow in FLOWS if (key, flow) not in {("concur", flow) for flow in QUEUES}]
"""Each financial document of SAP Concur stays as it is: a change is a new document."""


@pytest.mark.parametrize(("key", "flow"), VERSIONED)
def test_a_change_that_is_booked_is_another_version(key, flow):
    provider, recorder = record(key)
    recorder.asked.clear()
    before = documents(provider, flow)
    answers, missed = dict(recorder.answers), set()
    for place, number, path, value in changes(recorder, answers):
        recorder.answers[place] = changed(answers[place], number, path, value)
        try:
            after = documents(provider, flow)
        finally:
            recorder.answers[place] = answers[place]
        names = name_of(path).removeprefix("line_items.")
        if names in NAMES or (flow, names) in ELSEWHERE or (flow, names) in FIXED:
            continue
        for external_id, (version, document) in before.items():
            if external_id in after and after[external_id] == (version, after[external_id][1]) != (version, document):
                missed.add(names)
    assert not missed


def documents(provider, flow):
    """{external ID: (version, document)} of the rows that can be translated."""
    found = {}
    for item in read(provider, flow):
        try:
            found[item.external_id] = item.version, document_of(provider.flow(flow), item.payload)
        except (ConnectorError, KeyError):
            continue
    return found


def changes(recorder, answers):
    """(place, number of the row, path, other value) of each field, once for each page that a flow asks for."""
    seen = set()
    for place in dict.fromkeys(recorder.asked):
        for number, row in enumerate(rows_of(answers[place].data)[:ROWS]):
            for path, value in leaves(row):
                field = place[0], name_of(path), value is None
                if field not in seen:
                    seen.add(field)
                    yield place, number, path, other(value)


def leaves(value, path=()):
    if isinstance(value, (dict, list)) and value:
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(part, (*path, key))
    elif not isinstance(value, (dict, list)):
        yield path, value


def name_of(path):
    return ".".join(key for key in path if isinstance(key, str))


def other(value):
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return value + 1
    if not value:
        return "x"
    if re.match(r"\d{4}-\d\d-\d\d", value):
        return value[:8] + ("13" if value[8:10] == "12" else "12") + value[10:]
    if re.fullmatch(r"-?\d+(\.\d+)?", value):
        return value[:-1] + str((int(value[-1]) + 1) % 10)
    return f"{value}x"


def changed(answer, number, path, value):
    answer = copy.deepcopy(answer)
    where = rows_of(answer.data)[number]
    for key in path[:-1]:
        where = where[key]
    where[path[-1]] = value
    return answer
