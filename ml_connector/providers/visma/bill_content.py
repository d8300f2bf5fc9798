"""Documents of the supplier ledger (`/v1/supplierInvoice`): writing them and reading them back."""

from decimal import Decimal

from ...core.messages import Amount, _
from .differences import difference, lines_missing, of_line
from .wire import amount, day, moment_of, part, rows, text, wrapped

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


def adjusted_tax(row, difference):
    """The body that adds a rounding difference to the largest VAT of a document; None when there is no VAT."""
    taxed = [line for line in rows(row, "taxDetailLines") if amount(line, "vatRate")]
    if not taxed:
        return None
    line = max(taxed, key=lambda item: abs(amount(item, "taxableAmount")))
    value = amount(line, "vatAmount") + difference
    return {"taxDetailLines": [wrapped({"taxId": text(line, "taxId"), "vatAmount": float(value)})]}


def changes(payload, row, period, lines):
    """The body that changes an unreleased document; empty if it matches. All lines are replaced together."""
    values = changeable(payload, period)
    wanted = {"header": {**values, "currencyId": payload["currency"]}, "lines": lines}
    if not differences(wanted, row):
        return {}
    return {
        **wrapped({**values, "hold": True, "currencyId": payload["currency"], "validateLineDetails": True}),
        "invoiceLines": [*deletions(row), *_renumbered(lines, row)],
    }


def _renumbered(lines, row):
    """Lines with numbers after those of the lines that they replace."""
    last = max((line.get("lineNumber") or 0 for line in rows(row, "invoiceLines")), default=0)
    return [{**line, "lineNumber": {"value": last + number}} for number, line in enumerate(lines, start=1)]
