"""Supplier ledger documents (`/v1/supplierInvoice`): how they are written, and how they are read back."""

import re
from decimal import Decimal

from .client import path_id
from .wire import amount, day, moment_of, part, rows, text, wrapped

PATH = "/v1/supplierInvoice"
INVOICE, CREDIT_NOTE = "Invoice", "DebitAdj"
UNRELEASED = ("Hold", "Balanced")
RELEASED = ("Open", "Closed", "Scheduled", "Printed")
VOIDED = "Voided"
INSTEAD = ">"
NET, GROSS = "Net", "Gross"
"""Whether the amounts of lines are without their VAT, or with it."""


def key_of(kind, number):
    """How we name a document: numbers are unique for each type only."""
    return f"{kind}/{number}"


def split_key(key):
    kind, _slash, number = key.partition("/")
    return kind, number


def path_of(key):
    kind, number = split_key(key)
    return f"{PATH}/{path_id(kind)}/{path_id(number)}"


def attachment_path(key):
    """The path for files has one more part, which those for the document lack."""
    kind, number = split_key(key)
    return f"{PATH}/documentType/{path_id(kind)}/{path_id(number)}/attachment"


def key_of_row(row):
    return key_of(text(row, "documentType"), text(row, "referenceNumber"))


def named(rows_):
    return " and ".join(map(key_of_row, rows_))


def standing_in_the_ledger(rows_):
    return f"{named(rows_)} {'stand' if len(rows_) > 1 else 'stands'} in the ledger"


def is_released(row):
    return text(row, "status") in RELEASED


def is_closed(period):
    """Whether a financial period takes no document of the supplier ledger."""
    return bool(period.get("closedInSupplierLedger") or period.get("active") is False)


def documents_of(client, supplier, kind, since=""):
    """A supplier's documents of a type from a day on, without void ones. Visma may ignore a filter: so look again."""
    days = {"docDate": since, "docDateCondition": ">="} if since else {}
    pages = client.pages(PATH, supplier=supplier, documentType=kind, expandNote=True, **days)
    return [
        row
        for page in pages
        for row in page
        if text(part(row, "supplier"), "number") == supplier
        and text(row, "documentType") == kind
        and text(row, "status") != VOIDED
    ]


# Whose document it is stands in its note


def mark_of(row, prefix):
    """Our mark of a document; empty when we did not make it.

    :param prefix: how our marks begin
    """
    found = re.search(rf"\[({re.escape(prefix)}[^\]]*)\]", text(row, "note"))
    return found[1] if found else ""


def successor_mark(mark, key):
    """The mark of what takes the place of a released document."""
    return f"{mark.partition(INSTEAD)[0]}{INSTEAD}{key}"


def predecessor_of(row, prefix):
    """The released document whose place one of ours takes; empty when it is the first."""
    return mark_of(row, prefix).partition(INSTEAD)[2]


# Writing


def header(payload, period, mark):
    """The header of a document that is made; always on hold, so that it can be checked before it counts.

    :param period: financial period, year and number
    :param mark: by which the document is found again
    """
    return wrapped(
        {
            "documentType": payload["type"],
            "hold": True,
            "supplierNumber": payload["supplier"],
            "currencyId": payload["currency"],
            "taxCalculationMode": payload["tax_mode"],
            "note": f"{payload['memo']} [{mark}]",
            # without it Visma leaves out lines that it does not like, and says nothing
            "validateLineDetails": True,
            **changeable(payload, period),
        }
    )


def changeable(payload, period):
    """What may be changed as long as the document is not released, as plain values."""
    return {
        "date": moment_of(payload["date"]),
        "dueDate": moment_of(payload["due"]),
        "financialPeriod": period,
        "supplierReference": payload["reference"],
        "paymentRefNo": payload["payment_reference"] or None,
        "creditTermsId": payload["terms"] or None,
        "description": payload["memo"],
    }


def wire_line(number, line, subaccount, defaults):
    """One line to be inserted.

    :param defaults: codes for what the line leaves open: `vat`, `project`
    """
    value = float(Decimal(line["amount"]))
    return {
        "operation": "Insert",
        "subaccount": subaccount,
        **wrapped(
            {
                "lineNumber": number,
                "transactionDescription": line["description"],
                "quantity": 1,
                "unitCostInCurrency": value,
                "costInCurrency": value,
                "accountNumber": line["account"],
                "vatCodeId": line.get("vat") or defaults.get("vat"),
                "projectId": line.get("project") or defaults.get("project"),
                "projectTaskId": line.get("task"),
                "branchNumber": line.get("branch"),
            }
        ),
    }


def deletions(row):
    """All lines of a document, to be deleted."""
    return [
        {"operation": "Delete", "lineNumber": {"value": line.get("lineNumber")}} for line in rows(row, "invoiceLines")
    ]


# Reading back


def differences(wanted, row):
    """What of a document is not as it was sent, as sentences. Lines are compared one by one, in their order.

    :param wanted: `{header: plain values, lines: lines as they were sent}`
    """
    found = []
    shown = {
        "supplierReference": text(row, "supplierReference"),
        "date": moment_of(day(row, "date")),
        "dueDate": moment_of(day(row, "dueDate")),
        "financialPeriod": text(row, "financialPeriod"),
        "currencyId": text(row, "currencyId"),
    }
    for name, value in shown.items():
        if wanted["header"].get(name) not in (None, value):
            found.append(f"{name} is {value} instead of {wanted['header'][name]}")
    lines = sorted(rows(row, "invoiceLines"), key=lambda line: line.get("lineNumber") or 0)
    if len(lines) != len(wanted["lines"]):
        found.append(f"it has {len(lines)} lines instead of {len(wanted['lines'])}")
        return found
    for number, (sent, line) in enumerate(zip(wanted["lines"], lines, strict=True), start=1):
        found += [f"line {number}: {problem}" for problem in _line_differences(sent, line)]
    return found


def _line_differences(sent, line):
    pairs = {
        "accountNumber": text(part(line, "account"), "number"),
        "vatCodeId": text(part(line, "vatCode"), "id"),
        "projectId": text(part(line, "project"), "id"),
        "projectTaskId": text(part(line, "projectTask"), "id"),
        "branchNumber": text(part(line, "branchNumber"), "number"),
    }
    for name, shown in pairs.items():
        wanted = sent.get(name, {}).get("value")
        if wanted not in (None, shown):
            yield f"{name} is {shown or 'empty'} instead of {wanted}"
    values = {item.get("segmentId"): text(item, "segmentValue") for item in rows(part(line, "subaccount"), "segments")}
    for segment in sent["subaccount"]:
        if values.get(segment["segmentId"]) != segment["segmentValue"]:
            yield f"the subaccount is {'-'.join(values.values())}"
            break
    # the documentation does not say which of the two is in the document's currency
    wanted = Decimal(str(sent["costInCurrency"]["value"]))
    if wanted not in (amount(line, "cost"), amount(line, "costInCurrency")):
        yield f"the amount is {amount(line, 'costInCurrency')} instead of {wanted}"


def total_of(row, net):
    """The total of a document, tax included, in its own currency.

    :param net: the sum of its lines, by which the right one of each pair of amounts is told
    """
    suffix = "" if amount(row, "detailTotal") == net else "InCurrency"
    return _sum(row, suffix)


def has_total(row, total):
    """Whether a document amounts to that, in its own currency or, as it may be, the company's."""
    return total in {_sum(row, suffix) for suffix in ("", "InCurrency")}


def balance_is_total(row):
    """Whether nothing has been paid or applied."""
    return any(amount(row, f"balance{suffix}") == _sum(row, suffix) for suffix in ("", "InCurrency"))


def _sum(row, suffix):
    """The total, tax included.

    `detailTotal` is the total of the lines as they were entered, and by `taxCalculationMode` those of a document with
    gross amounts hold their VAT already (schema `SupplierInvoiceDto`).
    """
    names = ("detailTotal", "roundingDiff")
    if text(row, "taxCalculationMode") != GROSS:
        names += ("vatTotal",)
    return sum(amount(row, f"{name}{suffix}") for name in names)


def adjusted_tax(row, difference):
    """The body that puts a rounding difference on the largest VAT of a document; None when there is no VAT."""
    taxed = [line for line in rows(row, "taxDetailLines") if amount(line, "vatRate")]
    if not taxed:
        return None
    line = max(taxed, key=lambda item: abs(amount(item, "taxableAmount")))
    value = amount(line, "vatAmount") + difference
    return {"taxDetailLines": [wrapped({"taxId": text(line, "taxId"), "vatAmount": float(value)})]}
