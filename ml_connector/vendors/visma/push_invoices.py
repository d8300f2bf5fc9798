"""Posted vendor bills and credit notes as supplier invoices of Visma.net.

A document is made on hold, read back, and compared with what was sent: Visma leaves out what it does not know without a
word. Releasing it is a step of its own. Visma knows no idempotency key and refuses no repetition, so every document
carries a mark of ours in its note, and is looked up before it is made.
"""

from decimal import Decimal

from ...clients.visma import wait_until
from ...exceptions import (
    ConflictError,
    DuplicateError,
    InvalidDataError,
    LockedPeriodError,
    NotFoundError,
    RemoteError,
)
from ..base import Sent
from .coding import coding
from .invoices import (
    CREDIT_NOTE,
    GROSS,
    INVOICE,
    NET,
    PATH,
    UNRELEASED,
    VOIDED,
    adjusted_tax,
    balance_is_total,
    changeable,
    deletions,
    differences,
    has_total,
    header,
    key_of,
    key_of_row,
    path_of,
    total_of,
    wire_line,
)
from .push_base import Push
from .wire import amount, day, part, rows, text, wrapped

CENTS_OFF = 5
"""Units of a currency's last digit by which Visma's own total may differ and is corrected on the VAT."""
ACTION_SECONDS = 8
"""How long an accepted action is waited for; after that it is looked at in a later run."""


class Invoices(Push):
    """`/v1/supplierInvoice`, types Invoice and DebitAdj (a credit note, with positive amounts)."""

    def render(self, document):
        number = document.number or document.memo
        subject = f"A line of {document.memo or number}"
        return {
            "mark": self._mark(document),
            "type": CREDIT_NOTE if document.is_credit else INVOICE,
            "supplier": document.vendor.external_id,
            "reference": number,
            "payment_reference": document.payment_reference,
            "date": document.document_date.isoformat(),
            "due": (document.due_date or document.document_date).isoformat(),
            "accounting_date": (document.accounting_date or document.document_date).isoformat(),
            "terms": document.payment_term.external_id if document.payment_term else "",
            "currency": document.currency,
            "tax_mode": GROSS if document.amounts_include_tax else NET,
            "total": format(document.total, "f"),
            "memo": document.memo or number,
            "cancelled": document.is_void,
            "lines": [
                {
                    "amount": format(line.amount, "f"),
                    "description": " ".join(line.description.split()) or document.memo or number,
                    **coding(line, subject),
                }
                for line in document.lines
            ],
        }

    def _mark(self, document):
        """By which a document is found again: our record, or for what is only passed on, the source's id."""
        record = f"move:{document.odoo_id}" if document.odoo_id else document.external_id
        return f"{self.provider.mark}{record}"

    def send(self, payload, external_id, key):
        if payload["cancelled"]:
            return self._cancel(payload, external_id)
        if external_id:
            try:
                row = self.client.one(path_of(external_id)).data
            except NotFoundError:
                row = None
            if row:
                return self._found(payload, row)
        return self._make(payload, payload["mark"])

    def find(self, payload, key):
        row = self._lookup(payload, payload["mark"])
        return self._found(payload, row) if row else None

    # Making

    def _make(self, payload, mark, note=""):
        known = self._lookup(payload, mark)
        if known:
            return self._found(payload, known)
        period = self._period(payload)
        lines = self._lines(payload)
        body = {**header(payload, period, mark), "invoiceLines": lines}
        number = self.created(PATH, body, lambda: text(self._marked(payload, mark) or {}, "referenceNumber"))
        row = self.client.one(path_of(key_of(payload["type"], number))).data
        self._check(payload, row, period, lines)
        return Sent(external_id=key_of_row(row), takes_files=True, note=note)

    def _lines(self, payload):
        defaults = {"vat": self.provider.vat_category, "project": self.provider.non_project}
        return [
            wire_line(number, line, self.provider.subaccounts.complete(line["segments"]), defaults)
            for number, line in enumerate(payload["lines"], start=1)
        ]

    def _period(self, payload):
        """
        :raises LockedPeriodError: the period of the accounting date is closed
        """
        date = payload["accounting_date"]
        for row in self.provider.periods:
            if day(row, "startDate") <= date <= day(row, "endDate"):
                if row.get("closedInSupplierLedger") or row.get("active") is False:
                    raise LockedPeriodError(f"The financial period of {date} is closed in Visma.net.")
                return f"{text(row, 'year')}{text(row, 'period').zfill(2)}"
        raise LockedPeriodError(f"Visma.net has no financial period for {date}.")

    # Finding

    def _lookup(self, payload, mark):
        """The document that we made, or one that a person entered for the same bill; None when there is none.

        :raises DuplicateError: one with the same number of the supplier but another amount is there
        """
        found = self._of_supplier(payload)
        marked = next((row for row in found if f"[{mark}]" in text(row, "note")), None)
        if marked:
            return marked
        if mark != payload["mark"]:
            # what it takes the place of has the same number
            return None
        alike = [row for row in found if _is_alike(row, payload) and not self._is_ours(row)]
        for row in alike:
            if has_total(row, Decimal(payload["total"])):
                return row
        if alike:
            raise DuplicateError(
                f"Visma.net has {payload['reference']} of this supplier already as {key_of_row(alike[0])}, with "
                "another amount."
            )
        return None

    def _marked(self, payload, mark):
        return next((row for row in self._of_supplier(payload) if f"[{mark}]" in text(row, "note")), None)

    def _is_ours(self, row):
        """Whether we made it, for another record or for what has been reversed since."""
        return f"[{self.provider.mark}" in text(row, "note")

    def _of_supplier(self, payload):
        """The supplier's documents of that type and date or later. Visma may ignore a filter: so look again."""
        pages = self.client.pages(
            PATH,
            supplier=payload["supplier"],
            documentType=payload["type"],
            docDate=payload["date"],
            docDateCondition=">=",
            expandNote=True,
        )
        return [
            row
            for page in pages
            for row in page
            if text(part(row, "supplier"), "number") == payload["supplier"]
            and text(row, "documentType") == payload["type"]
            and text(row, "status") != VOIDED
        ]

    def _found(self, payload, row):
        """What is there is made like the bill when we made it; what a person entered is linked and left as it is.

        :raises ConflictError: what a person entered amounts to something else
        """
        if self._is_ours(row):
            return self._bring_in_line(payload, row)
        if not has_total(row, Decimal(payload["total"])):
            raise ConflictError(
                f"{key_of_row(row)} was entered in Visma.net by a person and has another total than {payload['memo']}: "
                "make the two agree, then press Retry."
            )
        note = f"A person has entered it in Visma.net as {key_of_row(row)}; it is left as it is."
        return Sent(external_id=key_of_row(row), linked=True, note=note)

    # Changing

    def _bring_in_line(self, payload, row):
        """Make a document that is there like the bill."""
        status = text(row, "status")
        if status == VOIDED:
            raise ConflictError(f"{key_of_row(row)} was voided in Visma.net: cancel the bill in Odoo as well.")
        if status not in UNRELEASED:
            return self._after_release(payload, row)
        if text(part(row, "supplier"), "number") != payload["supplier"] or text(row, "documentType") != payload["type"]:
            self.client.delete(path_of(key_of_row(row)))
            return self._make(payload, payload["mark"])
        period, lines = self._period(payload), self._lines(payload)
        path = path_of(key_of_row(row))
        self.changed(path, lambda now: _change(payload, now, period, lines))
        self._check(payload, self.client.one(path).data, period, lines)
        return Sent(external_id=key_of_row(row), takes_files=True)

    def _check(self, payload, row, period, lines):
        """Compare what Visma has with what was sent, and its total with the bill's.

        :raises InvalidDataError: they differ; the document stays on hold
        """
        wanted = {"header": {**changeable(payload, period), "currencyId": payload["currency"]}, "lines": lines}
        if problems := differences(wanted, row):
            raise InvalidDataError(
                f"Visma.net did not take {payload['memo']} as it was sent: {'; '.join(problems)}. {key_of_row(row)} "
                "stays on hold there; Retry sends its lines again."
            )
        total, net = Decimal(payload["total"]), sum(Decimal(line["amount"]) for line in payload["lines"])
        difference = total - total_of(row, net)
        if not difference:
            return
        unit = Decimal(1).scaleb(total.as_tuple().exponent)
        body = adjusted_tax(row, difference) if abs(difference) <= CENTS_OFF * unit else None
        path = path_of(key_of_row(row))
        if body:
            self.client.update(path, body)
            row = self.client.one(path).data
        if not body or total_of(row, net) != total:
            raise InvalidDataError(
                f"The total of {payload['memo']} is {total} in Odoo and {total_of(row, net)} in Visma.net: check which "
                f"VAT category each tax is mapped to. {key_of_row(row)} stays on hold there."
            )

    # What is released cannot be changed any more

    def _after_release(self, payload, row):
        """Leave it when it books the same; else take it back with Visma's own action and make it anew."""
        wanted = {"header": {}, "lines": self._lines(payload)}
        is_same = (
            text(part(row, "supplier"), "number") == payload["supplier"]
            and text(row, "documentType") == payload["type"]
            and not differences(wanted, row)
            and has_total(row, Decimal(payload["total"]))
        )
        if is_same:
            is_renamed = text(row, "supplierReference") != payload["reference"] or day(row, "dueDate") != payload["due"]
            note = "It is released in Visma.net, so its number and due date stay as they are there." * is_renamed
            return Sent(external_id=key_of_row(row), note=note, takes_files=True)
        successor = f"{payload['mark']}>{key_of_row(row)}"
        reversal = self._reverse(row)
        return self._make(payload, successor, note=_reversed_note(row, reversal))

    def _cancel(self, payload, external_id):
        try:
            row = self.client.one(path_of(external_id)).data
        except NotFoundError:
            return Sent(external_id=external_id, note="It is not in Visma.net any more.")
        if text(row, "status") == VOIDED:
            return Sent(external_id=external_id, note="It is void in Visma.net.")
        if not self._is_ours(row):
            return Sent(external_id=external_id, note="A person has entered it in Visma.net: cancel it there as well.")
        if text(row, "status") in UNRELEASED:
            self.client.delete(path_of(external_id))
            return Sent(external_id=external_id, note="Deleted in Visma.net.")
        return Sent(external_id=external_id, note=_reversed_note(row, self._reverse(row)))

    def _reverse(self, row):
        """Reverse a released document and release what reverses it; its key.

        :raises ConflictError: it is paid or applied
        :raises RemoteError: Visma has accepted it and is not done: it is looked at again later
        """
        if not balance_is_total(row):
            raise ConflictError(
                f"{key_of_row(row)} is released and paid or applied in Visma.net, so it cannot be taken back from "
                "here. Correct it with a credit note in Odoo, or in Visma.net."
            )
        reversal = self._reversal(row)
        if not reversal:
            self.client.act(f"{path_of(key_of_row(row))}/action/reverse")
            reversal = wait_until(lambda: self._reversal(row), ACTION_SECONDS)
        if not reversal:
            raise RemoteError(f"Visma.net has accepted that {key_of_row(row)} is reversed, and is not done yet.")
        self.provider.release(key_of_row(reversal))
        return key_of_row(reversal)

    def _reversal(self, row):
        """The document that reverses another: of the opposite type, with its number and total, and no mark of ours."""
        kind = {INVOICE: CREDIT_NOTE, CREDIT_NOTE: "CreditAdj"}[text(row, "documentType")]
        alike = {
            "supplier": text(part(row, "supplier"), "number"),
            "type": kind,
            "date": day(row, "date"),
            "reference": text(row, "supplierReference"),
        }
        for other in self._of_supplier(alike):
            if _is_alike(other, alike) and not self._is_ours(other) and _same_total(row, other):
                return other
        return None


def _is_alike(row, payload):
    return text(row, "supplierReference").casefold() == payload["reference"].casefold()


def _same_total(row, other):
    return all(amount(row, name) == amount(other, name) for name in ("detailTotal", "vatTotal"))


def _change(payload, row, period, lines):
    """What has to be changed in a document that is not released; empty when nothing. Lines go together."""
    values = changeable(payload, period)
    wanted = {"header": {**values, "currencyId": payload["currency"]}, "lines": lines}
    if not differences(wanted, row):
        return {}
    return {
        **wrapped({**values, "hold": True, "currencyId": payload["currency"], "validateLineDetails": True}),
        "invoiceLines": [*deletions(row), *_renumbered(lines, row)],
    }


def _renumbered(lines, row):
    """New lines get numbers behind those that they replace."""
    last = max((line.get("lineNumber") or 0 for line in rows(row, "invoiceLines")), default=0)
    return [{**line, "lineNumber": {"value": last + number}} for number, line in enumerate(lines, start=1)]


def _reversed_note(row, reversal):
    return f"{key_of_row(row)} was reversed by {reversal}: apply the two to each other in Visma.net."
