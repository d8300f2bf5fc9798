"""Documents of the supplier ledger (`/v1/supplierInvoice`): writing them and reading them back."""

import re
from decimal import Decimal

from ...core.messages import Amount, _
from .client import path_id
from .wire import amount, day, difference, moment_of, part, rows, text, wrapped

PATH = "/v1/supplierInvoice"
INVOICE, CREDIT_NOTE = "Invoice", "DebitAdj"
UNRELEASED = ("Hold", "Balanced")
RELEASED = ("Open", "Closed", "Scheduled", "Printed")
VOIDED = "Voided"
INSTEAD = ">"
NET, GROSS = "Net", "Gross"
"""Whether the amounts of lines exclude or include their VAT."""


def key_of(kind, number):
    """The ID of a document: its type and number, because numbers are unique for each type only."""
    return f"{kind}/{number}"


def split_key(key):
    kind, _slash, number = key.partition("/")
    return kind, number


def path_of(key):
    kind, number = split_key(key)
    return f"{PATH}/{path_id(kind)}/{path_id(number)}"


def attachment_path(key):
    """The path for the files of a document, with a part that the path of the document does not have."""
    kind, number = split_key(key)
    return f"{PATH}/documentType/{path_id(kind)}/{path_id(number)}/attachment"


def key_of_row(row):
    return key_of(text(row, "documentType"), text(row, "referenceNumber"))


def keys_of(rows_):
    return tuple(map(key_of_row, rows_))


def is_released(row):
    return text(row, "status") in RELEASED


def is_closed(period):
    """Whether a financial period accepts no documents of the supplier ledger."""
    return bool(period.get("closedInSupplierLedger") or period.get("active") is False)


def documents_of(client, supplier, kind, since=""):
    """A supplier's documents of a type from a day on, without voided ones. Visma may ignore filters."""
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


# The note of a document holds Odoo's mark


def mark_of(row, prefix):
    """Odoo's mark of a document; empty when Odoo did not create it.

    :param prefix: beginning of Odoo's marks
    """
    found = re.search(rf"\[({re.escape(prefix)}[^\]]*)\]", text(row, "note"))
    return found[1] if found else ""


def successor_mark(mark, key):
    """The mark of the document that replaces a released one."""
    return f"{mark.partition(INSTEAD)[0]}{INSTEAD}{key}"


def predecessor_of(row, prefix):
    """The key of the released document that a document of Odoo replaces; empty when it replaces none."""
    return mark_of(row, prefix).partition(INSTEAD)[2]


# Writing


def header(payload, period, mark):
    """The header of a new document. It is on hold, so that it can be checked before it is in the ledger.

    :param period: financial period, year and number
    :param mark: identifies the document later
    """
    return wrapped(
        {
            "documentType": payload["type"],
            "hold": True,
            "supplierNumber": payload["supplier"],
            "currencyId": payload["currency"],
            "taxCalculationMode": payload["tax_mode"],
            "note": f"{payload['memo']} [{mark}]",
            # without it Visma leaves out invalid lines and reports nothing
            "validateLineDetails": True,
            **changeable(payload, period),
        }
    )


def changeable(payload, period):
    """The fields that may change until the document is released, as plain values."""
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
    """One line to insert.

    :param defaults: codes for lines that have none: `vat`, `project`
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
    """The deletion of all lines of a document."""
    return [
        {"operation": "Delete", "lineNumber": {"value": line.get("lineNumber")}} for line in rows(row, "invoiceLines")
    ]


# Reading back


def differences(wanted, row):
    """Sentences on what Visma stored differently than it was sent. Lines are compared one by one, in their order.

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
            found.append(difference(name, value, wanted["header"][name]))
    lines = sorted(rows(row, "invoiceLines"), key=lambda line: line.get("lineNumber") or 0)
    if len(lines) != len(wanted["lines"]):
        return [*found, lines_missing(len(lines), len(wanted["lines"]))]
    for number, (sent, line) in enumerate(zip(wanted["lines"], lines, strict=True), start=1):
        found += [of_line(number, problem) for problem in _line_differences(sent, line, shown["currencyId"])]
    return found


def lines_missing(found, sent):
    return _("Number of lines: %(found)s instead of %(sent)s.", found=found, sent=sent)


def of_line(number, sentence):
    return _("Line %(line)s: %(difference)s", line=number, difference=sentence)


def _line_differences(sent, line, currency):
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
            yield difference(name, shown, wanted)
    values = {item.get("segmentId"): text(item, "segmentValue") for item in rows(part(line, "subaccount"), "segments")}
    for segment in sent["subaccount"]:
        if values.get(segment["segmentId"]) != segment["segmentValue"]:
            yield _("The subaccount is %(subaccount)s.", subaccount="-".join(values.values()))
            break
    # it is not documented which of the two is in the currency of the document
    wanted = Decimal(str(sent["costInCurrency"]["value"]))
    if wanted not in (amount(line, "cost"), amount(line, "costInCurrency")):
        found = amount(line, "costInCurrency")
        yield difference(_("amount"), Amount(found, currency), Amount(wanted, currency))


def total_of(row, net):
    """The total of a document, tax included, in its own currency.

    :param net: the sum of its lines, which tells the right one of each pair of amounts
    """
    suffix = "" if amount(row, "detailTotal") == net else "InCurrency"
    return _sum(row, suffix)


def has_total(row, total):
    """Whether a document has a total, in its own currency or in that of the company."""
    return total in {_sum(row, suffix) for suffix in ("", "InCurrency")}


def balance_is_total(row):
    """Whether nothing of a document has been paid or applied."""
    return any(amount(row, f"balance{suffix}") == _sum(row, suffix) for suffix in ("", "InCurrency"))


def _sum(row, suffix):
    """The total, tax included.

    `detailTotal` is the total of the lines as they were entered, which include VAT if `taxCalculationMode` is gross
    (schema `SupplierInvoiceDto`).
    """
    names = ("detailTotal", "roundingDiff")
    if text(row, "taxCalculationMode") != GROSS:
        names += ("vatTotal",)
    return sum(amount(row, f"{name}{suffix}") for name in names)


def adjusted_tax(row, difference):
    """The body that adds a rounding difference to the largest VAT of a document; None when there is no VAT."""
    taxed = [line for line in rows(row, "taxDetailLines") if amount(line, "vatRate")]
    if not taxed:
        return None
    line = max(taxed, key=lambda item: abs(amount(item, "taxableAmount")))
    value = amount(line, "vatAmount") + difference
    return {"taxDetailLines": [wrapped({"taxId": text(line, "taxId"), "vatAmount": float(value)})]}
