"""Posted vendor bills and credit notes as supplier invoices of Visma.net.

A document is made on hold, read back, and compared with what was sent: Visma leaves out what it does not know without a
word. Releasing it is a step of its own. Visma knows no idempotency key and refuses no repetition, so every document
carries a mark of ours in its note, and is looked up before it is made.
"""

from contextlib import contextmanager
from decimal import Decimal

from ...core.errors import (
    ConflictError,
    DuplicateError,
    InvalidDataError,
    LockedPeriodError,
    NotFoundError,
    NotRelevantError,
    RemoteError,
    UnconfirmedError,
)
from ...core.provider import SendResult
from .coding import coding
from .invoices import (
    CREDIT_NOTE,
    GROSS,
    INSTEAD,
    INVOICE,
    NET,
    PATH,
    UNRELEASED,
    VOIDED,
    adjusted_tax,
    changeable,
    deletions,
    differences,
    documents_of,
    has_total,
    header,
    is_closed,
    is_released,
    key_of,
    key_of_row,
    mark_of,
    named,
    path_of,
    predecessor_of,
    split_key,
    standing_in_the_ledger,
    successor_mark,
    total_of,
    wire_line,
)
from .push_base import Push, numbered
from .push_release import told
from .reversals import require_open
from .wire import day, part, rows, text, wrapped

CENTS_OFF = 5
"""Units of a currency's last digit by which Visma's own total may differ and is corrected on the VAT."""


class Invoices(Push):
    """`/v1/supplierInvoice`, types Invoice and DebitAdj (a credit note, with positive amounts)."""

    flow = "bills_push"

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
            **self.own_number(document.memo),
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
        row = self._read(external_id) or self._lookup(payload)
        return self._found(payload, row) if row else self._make(payload, payload["mark"])

    def find(self, payload, key):
        row = self._lookup(payload)
        return self._found(payload, row) if row else None

    def _read(self, key):
        try:
            return self.client.one(path_of(key)).data if key else None
        except NotFoundError:
            return None

    # Making

    def _make(self, payload, mark):
        with self._kept(mark.partition(INSTEAD)[2]) as before:
            period, lines = self._period(payload), self._lines(payload)
            body = {**header(payload, period, mark), **_own_number(payload, mark), "invoiceLines": lines}
            number = self.created(PATH, body, lambda: text(self._marked(payload, mark) or {}, "referenceNumber"))
            row = self.client.one(path_of(key_of(payload["type"], number))).data
            self._check(payload, row, period, lines)
            return self._waiting(row, before)

    @contextmanager
    def _kept(self, key):
        """Say what stands in the ledger when what is to take its place is refused; gives what that is.

        :param key: of the released document that was replaced last; empty when there is none
        """
        before = list(self.reversals.standing(key))
        if not before:
            yield before
            return
        way = "mend this and press Retry, or change the bill back in Odoo"
        with told(f"{standing_in_the_ledger(before)} as before: {way}."):
            yield before

    def _waiting(self, row, before):
        """A document that waits for its release, with what reverses those whose place it takes made ready."""
        key = key_of_row(row)
        prepared = [self.reversals.prepare(old) for old in before]
        note = (
            f"{key} takes the place of {named(before)}, which stays in the ledger until both {key} and "
            f"{named(prepared)}, by which it is reversed, are released."
        )
        return SendResult(external_id=key, takes_files=True, note=note if before else "")

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
                if is_closed(row):
                    raise LockedPeriodError(f"The financial period of {date} is closed in Visma.net.")
                return f"{text(row, 'year')}{text(row, 'period').zfill(2)}"
        raise LockedPeriodError(f"Visma.net has no financial period for {date}.")

    # Finding

    def _lookup(self, payload):
        """The document that we made, or one that a person entered for the same bill; None when there is none.

        :raises DuplicateError: one with the same number of the supplier but another amount is there
        """
        found = self._of_supplier(payload)
        if newest := self._newest(payload, found):
            return newest
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

    def _newest(self, payload, found):
        """The one of our documents of a bill whose place no other one takes; None when there is none."""
        ours = [row for row in found if self._own_mark(row).partition(INSTEAD)[0] == payload["mark"]]
        replaced = {predecessor_of(row, self.provider.mark) for row in ours}
        return next((row for row in ours if key_of_row(row) not in replaced), None)

    def _marked(self, payload, mark):
        return next((row for row in self._of_supplier(payload) if self._own_mark(row) == mark), None)

    def _own_mark(self, row):
        return mark_of(row, self.provider.mark)

    def _is_ours(self, row):
        """Whether we made it, for another record or for what has been reversed since."""
        return bool(self._own_mark(row))

    def _of_supplier(self, payload):
        return documents_of(self.client, payload["supplier"], payload["type"], payload["date"])

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
        return SendResult(external_id=key_of_row(row), linked=True, note=note)

    # Changing

    def _bring_in_line(self, payload, row):
        """Make a document that is there like the bill."""
        status = text(row, "status")
        if status == VOIDED:
            raise ConflictError(f"{key_of_row(row)} was voided in Visma.net: cancel the bill in Odoo as well.")
        if is_released(row):
            return self._after_release(payload, row)
        if not _is_for(payload, row):
            mark = self._own_mark(row)
            return self._only_one(payload, mark, self._unreleased(lambda own: own == mark))
        with self._kept(predecessor_of(row, self.provider.mark)) as before:
            if before and self._books_the_same(payload, before[0]):
                return self._after_release(payload, before[0])
            period, lines = self._period(payload), self._lines(payload)
            path = path_of(key_of_row(row))
            self.changed(path, lambda now: _change(payload, now, period, lines))
            row = self.client.one(path).data
            self._check(payload, row, period, lines)
            return self._waiting(row, before)

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

    def _only_one(self, payload, mark, known):
        """The one document of a mark that waits for its release, made like the bill. Others of it go when it is there.

        :param known: documents of the mark that are there
        """
        fitting = next((row for row in known if _is_for(payload, row)), None)
        sent = self._bring_in_line(payload, fitting) if fitting else self._make_once(payload, mark)
        for row in known:
            if key_of_row(row) != sent.external_id:
                self.client.delete(path_of(key_of_row(row)))
        return sent

    def _make_once(self, payload, mark):
        known = self._marked(payload, mark)
        return self._bring_in_line(payload, known) if known else self._make(payload, mark)

    # What is released cannot be changed any more

    def _after_release(self, payload, row):
        """Leave it when it books the same; else make what takes its place, on hold, and what reverses it, unreleased.

        Both count only once `Releases` or a person releases them. So whatever is refused, the ledger has one of them.
        """
        key, mark = key_of_row(row), successor_mark(payload["mark"], key_of_row(row))
        reversal, waiting = self.reversals.find(row), self._unreleased(lambda own: own == mark)
        is_standing = not (reversal and is_released(reversal))
        if is_standing and self._books_the_same(payload, row):
            notes = [self._leave(row, reversal, waiting)]
            if text(row, "supplierReference") != payload["reference"] or day(row, "dueDate") != payload["due"]:
                notes.append("It is released in Visma.net, so its number and due date stay as they are there.")
            return SendResult(external_id=key, note=" ".join(filter(None, notes)), takes_files=True)
        if is_standing:
            require_open(row)
        return self._only_one(payload, mark, waiting)

    def _leave(self, row, reversal, waiting):
        """Delete what was to take the place of a released document and to reverse it; what a person has to know.

        A reversal is marked after Visma has made it. One without a mark is ours where a document of ours waited for it.

        :param reversal: not released; None when there is none
        :param waiting: what was to take its place
        """
        key = key_of_row(row)
        is_ours = reversal and (self.reversals.is_ours(reversal) or _is_since(reversal, waiting))
        # the reversal goes first, because what waits tells that it is ours
        for leftover in (*([reversal] if is_ours else []), *waiting):
            self.client.delete(path_of(key_of_row(leftover)))
        if reversal and not is_ours:
            name = key_of_row(reversal)
            return f"{name} reverses {key} when it is released in Visma.net. Delete it there if {key} is to stay."
        if waiting and not reversal:
            return f"Odoo may have asked Visma.net to reverse {key}. If a reversal appears there, delete it."
        return ""

    def _books_the_same(self, payload, row):
        wanted = {"header": {}, "lines": self._lines(payload)}
        return _is_for(payload, row) and not differences(wanted, row) and has_total(row, Decimal(payload["total"]))

    def _unreleased(self, is_meant):
        """All documents of ours that were never released, whatever supplier, type and date they have.

        :param is_meant: whether a mark is one of those that are looked for
        """
        pages = [page for status in UNRELEASED for page in self.client.pages(PATH, status=status, expandNote=True)]
        found = {key_of_row(row): row for page in pages for row in page}
        return [row for row in found.values() if is_meant(self._own_mark(row)) and text(row, "status") in UNRELEASED]

    @property
    def reversals(self):
        return self.provider.reversals

    def _cancel(self, payload, external_id):
        row = self._read(external_id) or self._newest(payload, self._of_supplier(payload))
        if not row and not external_id:
            raise NotRelevantError("The bill was cancelled in Odoo before it was sent.")
        if not row:
            return SendResult(external_id=external_id, note="It is not in Visma.net any more.")
        key = key_of_row(row)
        if text(row, "status") == VOIDED:
            return SendResult(external_id=key, note="It is void in Visma.net.")
        if not self._is_ours(row):
            return SendResult(external_id=key, note="A person has entered it in Visma.net: cancel it there as well.")
        notes = self._take_back([*([row] if is_released(row) else []), *self.reversals.standing_before(row)])
        for leftover in self._unreleased(lambda mark: mark.partition(INSTEAD)[0] == payload["mark"]):
            if key_of_row(leftover) != key:
                self.client.delete(path_of(key_of_row(leftover)))
        if not is_released(row):
            # last, because it leads to what it takes the place of
            self.client.delete(path_of(key))
            notes.append("Deleted in Visma.net.")
        return SendResult(external_id=key, note=" ".join(notes))

    def _take_back(self, standing):
        """Reverse documents of the ledger; what a person has to know of it."""
        if not standing:
            return []
        stands = standing_in_the_ledger(standing)
        with told(f"{stands} until this is mended.", RemoteError, UnconfirmedError):
            prepared = [(row, self.reversals.prepare(row)) for row in standing]
            return [self.reversals.complete(*pair) for pair in prepared]


def _own_number(payload, mark):
    """What takes the place of another document has its number with a count behind it."""
    fields = numbered(payload, "referenceNumber")
    if fields and (before := split_key(mark.partition(INSTEAD)[2])[1]):
        count = before.removeprefix(f"{payload['own_number']}-")
        number = int(count) + 1 if count != before and count.isdecimal() else 2
        fields["referenceNumber"] = {"value": f"{payload['own_number']}-{number}"}
    return fields


def _is_since(reversal, waiting):
    """Whether a reversal was made after one of the documents that wait for it."""
    return any(text(reversal, "createdDateTime") >= text(row, "createdDateTime") for row in waiting)


def _is_alike(row, payload):
    return text(row, "supplierReference").casefold() == payload["reference"].casefold()


def _is_for(payload, row):
    """Whether a document is of the supplier and type of the bill, which are never changed."""
    return text(part(row, "supplier"), "number") == payload["supplier"] and text(row, "documentType") == payload["type"]


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
