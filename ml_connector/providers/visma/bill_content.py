"""What a supplier invoice holds: its header and lines as Odoo sends them, and what Visma.net stored of them."""

from decimal import Decimal

from ...core.messages import Amount, _
from ...core.wire import amount, part, rows, text
from . import periods
from .wire import day, difference, lines_missing, moment_of, of_line, wrapped


class BillContent:
    """Header and lines of a document that books a bill.

    :param payload: as `BillsPush` renders it
    :raises LockedPeriodError: no financial period is open on its date
    """

    def __init__(self, payload, provider):
        self._payload = payload
        self._header = {
            "date": moment_of(payload["date"]),
            "dueDate": moment_of(payload["due"]),
            "financialPeriod": periods.open_on(provider.periods, payload["accounting_date"]),
            "supplierReference": payload["reference"],
            "paymentRefNo": payload["payment_reference"] or None,
            "creditTermsId": payload["terms"] or None,
            "description": payload["memo"],
            "currencyId": payload["currency"],
        }
        self._lines = lines_of(payload, provider)

    def new(self, mark):
        """The body of a new document. It is on hold, so that it can be checked before it is in the ledger.

        :param mark: identifies the document later
        """
        payload = self._payload
        values = {
            "documentType": payload["type"],
            "hold": True,
            "supplierNumber": payload["supplier"],
            "taxCalculationMode": payload["tax_mode"],
            "note": f"{payload['memo']} [{mark}]",
            # without it Visma leaves out invalid lines and reports nothing
            "validateLineDetails": True,
        }
        return {**wrapped({**values, **self._header}), "invoiceLines": self._lines}

    def changes(self, row):
        """The body that changes an unreleased document; empty if it matches. All lines are replaced together."""
        if not self.differences(row) and self._has_texts(row):
            return {}
        return {
            **wrapped({**self._header, "hold": True, "validateLineDetails": True}),
            "invoiceLines": [*_deletions(row), *_renumbered(self._lines, row)],
        }

    def _has_texts(self, row):
        """Whether a document shows the texts and terms of its header. Visma may shorten texts, which is no error."""
        shown = {
            "paymentRefNo": text(row, "paymentRefNo"),
            "creditTermsId": text(part(row, "creditTerms"), "id"),
            "description": text(row, "description"),
        }
        return all(self._header[name] in (None, value) for name, value in shown.items())

    def differences(self, row):
        """Sentences on what Visma stored differently than it was sent."""
        shown = {
            "supplierReference": text(row, "supplierReference"),
            "date": moment_of(day(row, "date")),
            "dueDate": moment_of(day(row, "dueDate")),
            "financialPeriod": text(row, "financialPeriod"),
            "currencyId": text(row, "currencyId"),
        }
        found = [
            difference(name, value, self._header[name]) for name, value in shown.items() if self._header[name] != value
        ]
        return [*found, *line_differences(self._lines, row)]


def lines_of(payload, provider):
    """The lines of a bill as they are sent."""
    return [_wire_line(number, line, provider) for number, line in enumerate(payload["lines"], start=1)]


def _wire_line(number, line, provider):
    """One line to insert."""
    value = float(Decimal(line["amount"]))
    return {
        "operation": "Insert",
        "subaccount": provider.subaccounts.complete(line["segments"]),
        **wrapped(
            {
                "lineNumber": number,
                "transactionDescription": line["description"],
                "quantity": 1,
                "unitCostInCurrency": value,
                "costInCurrency": value,
                "accountNumber": line["account"],
                "vatCodeId": line.get("vat") or provider.vat_category,
                "projectId": line.get("project") or provider.non_project,
                "projectTaskId": line.get("task"),
                "branchNumber": line.get("branch"),
            }
        ),
    }


def _deletions(row):
    """The deletion of all lines of a document."""
    return [
        {"operation": "Delete", "lineNumber": {"value": line.get("lineNumber")}} for line in rows(row, "invoiceLines")
    ]


def _renumbered(lines, row):
    """Lines with numbers after those of the lines that they replace."""
    last = max((line.get("lineNumber") or 0 for line in rows(row, "invoiceLines")), default=0)
    return [{**line, "lineNumber": {"value": last + number}} for number, line in enumerate(lines, start=1)]


def line_differences(lines, row):
    """Sentences on lines that Visma stored differently. They are compared one by one, in their order.

    :param lines: as they were sent
    """
    stored = sorted(rows(row, "invoiceLines"), key=lambda line: line.get("lineNumber") or 0)
    if len(stored) != len(lines):
        return [lines_missing(len(stored), len(lines))]
    return [
        of_line(number, problem)
        for number, (sent, line) in enumerate(zip(lines, stored, strict=True), start=1)
        for problem in _differences_of(sent, line, text(row, "currencyId"))
    ]


def _differences_of(sent, line, currency):
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
