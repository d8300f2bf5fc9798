"""Posted vendor bills and credit notes as supplier invoices of Visma.net.

A document is created on hold, read back and compared with what was sent: Visma ignores values that it does not know and
reports nothing. Releasing it is a step of its own. Visma supports no idempotency key and accepts repetitions, so every
document has a mark in its note, and is looked up by it before it is created.
"""

from contextlib import contextmanager
from decimal import Decimal

from ...core.errors import (
    ConflictError,
    DuplicateError,
    InvalidDataError,
    NotFoundError,
    NotRelevantError,
)
from ...core.messages import Amount, _, paragraph
from ...core.remote import SendResult
from ...core.wire import part, text
from .bill_content import BillContent, adjusted_tax, line_differences, lines_of
from .bill_release import ledger_named
from .ledger import (
    CREDIT_NOTE,
    GROSS,
    INSTEAD,
    INVOICE,
    NET,
    PATH,
    VOIDED,
    has_total,
    is_released,
    key_of,
    key_of_row,
    keys_of,
    path_of,
    split_key,
    successor_mark,
    total_of,
)
from .line_codes import coding
from .push import REFUSALS, VismaPush, numbered
from .reversals import require_open
from .scopes import CREATE, DELETE, READ, UPDATE
from .wire import day

CENTS_OFF = 5
"""Units of a currency's last digit by which Visma's total may differ; the difference is corrected on the VAT."""


class BillsPush(VismaPush):
    """`/v1/supplierInvoice`, types Invoice and DebitAdj (a credit note, with positive amounts)."""

    key = "bills_push"
    label = _("Vendor Bills to Visma.net")
    kind = "bill"
    sequence = 120
    scopes = (READ, CREATE, UPDATE, DELETE)
    watches = "account.move"
    coded = True
    options = ("start_date", "number_source")
    carries = ("bill", "credit")
    help = _(
        "Creates posted vendor bills and credit notes as supplier invoices on hold. Odoo sends their vendor first."
    )

    def render(self, document):
        number = document.number or document.memo
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
                    **coding(line, document.memo or number),
                }
                for line in document.lines
            ],
        }

    def _mark(self, document):
        """Identifies a document in Visma: by the Odoo record, or for a forwarded document, by its ID."""
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
            content = BillContent(payload, self.provider)
            body = {**content.new(mark), **_own_number(payload, mark)}
            number = self.created(PATH, body, lambda: text(self._marked(payload, mark) or {}, "referenceNumber"))
            row = self.client.one(path_of(key_of(payload["type"], number))).data
            self._check(payload, row, content)
            return self._waiting(row, before)

    @contextmanager
    def _kept(self, key):
        """Name the documents in the ledger if their replacement is refused; yields them.

        :param key: of the released document that was replaced last; empty when there is none
        """
        before = list(self.provider.reversals.standing(key))
        if not before:
            yield before
            return
        sentence = _(
            "Still in the ledger of Visma.net: %(documents)s. Fix this and retry, or undo the change of the bill in "
            "Odoo.",
            documents=keys_of(before),
        )
        with ledger_named(sentence):
            yield before

    def _waiting(self, row, before):
        """The result for a document on hold, after the reversals of the documents that it replaces are prepared."""
        key = key_of_row(row)
        prepared = [self.provider.reversals.prepare(old) for old in before]
        note = _(
            "%(document)s replaces %(replaced)s. The ledger changes when %(document)s and the reversal %(reversals)s "
            "are released.",
            document=key,
            replaced=keys_of(before),
            reversals=keys_of(prepared),
        )
        return SendResult(external_id=key, takes_files=True, note=note if before else "")

    # Finding

    def _lookup(self, payload):
        """The document that Odoo created, or one that was entered manually for the same bill; None when there is none.

        :raises DuplicateError: Visma has one with the same number of the supplier, but another total
        """
        found = self._of_supplier(payload)
        if newest := self._newest(payload, found):
            return newest
        alike = [row for row in found if _is_alike(row, payload) and not self.provider.ledger.is_ours(row)]
        for row in alike:
            if has_total(row, Decimal(payload["total"])):
                return row
        if alike:
            raise DuplicateError(
                _(
                    "Visma.net already has %(number)s of this supplier as %(document)s with another total.",
                    number=payload["reference"],
                    document=key_of_row(alike[0]),
                )
            )
        return None

    def _newest(self, payload, found):
        """The document of a bill that no other document replaces; None when there is none."""
        known = [row for row in found if self.provider.ledger.mark_of(row).partition(INSTEAD)[0] == payload["mark"]]
        replaced = {self.provider.ledger.predecessor_of(row) for row in known}
        return next((row for row in known if key_of_row(row) not in replaced), None)

    def _marked(self, payload, mark):
        return next((row for row in self._of_supplier(payload) if self.provider.ledger.mark_of(row) == mark), None)

    def _of_supplier(self, payload):
        return self.provider.ledger.of_supplier(payload["supplier"], payload["type"], payload["date"])

    def _found(self, payload, row):
        """Update a document that Odoo created; link one that was entered manually, without a change.

        :raises ConflictError: one that was entered manually has another total
        """
        if self.provider.ledger.is_ours(row):
            return self._update(payload, row)
        if not has_total(row, Decimal(payload["total"])):
            raise ConflictError(
                _(
                    "%(document)s was entered manually in Visma.net with another total than %(bill)s. Correct one of "
                    "them, then retry.",
                    document=key_of_row(row),
                    bill=payload["memo"],
                )
            )
        note = _(
            "Linked to %(document)s, which was entered manually in Visma.net. Odoo does not change it.",
            document=key_of_row(row),
        )
        return SendResult(external_id=key_of_row(row), linked=True, note=note)

    # Changing

    def _update(self, payload, row):
        """Update a document to match the bill."""
        status = text(row, "status")
        if status == VOIDED:
            raise ConflictError(
                _("%(document)s was voided in Visma.net. Cancel the bill in Odoo as well.", document=key_of_row(row))
            )
        if is_released(row):
            return self._after_release(payload, row)
        if not _is_for(payload, row):
            mark = self.provider.ledger.mark_of(row)
            return self._only_one(payload, mark, self.provider.ledger.unreleased(lambda own: own == mark))
        try:
            return self._rewrite(payload, row)
        except REFUSALS:
            # an accepted release may have ended since, after which Visma refuses changes
            released = self._read(key_of_row(row))
            if not released or not is_released(released):
                raise
        return self._after_release(payload, released)

    def _rewrite(self, payload, row):
        """Update an unreleased document, unless the one that it replaces books the bill."""
        with self._kept(self.provider.ledger.predecessor_of(row)) as before:
            if before and self._books_the_same(payload, before[0]):
                return self._after_release(payload, before[0])
            content = BillContent(payload, self.provider)
            path = path_of(key_of_row(row))
            self.changed(path, content.changes)
            row = self.client.one(path).data
            self._check(payload, row, content)
            return self._waiting(row, before)

    def _check(self, payload, row, content):
        """Compare the document in Visma with what was sent, and its total with that of the bill.

        :raises InvalidDataError: they differ; the document stays on hold
        """
        if problems := content.differences(row):
            raise InvalidDataError(
                paragraph(
                    _("Visma.net did not store %(bill)s as Odoo sent it.", bill=payload["memo"]),
                    *problems,
                    _("%(document)s stays on hold there. Retry to send its lines again.", document=key_of_row(row)),
                )
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
                _(
                    "The total of %(bill)s is %(odoo_value)s in Odoo, but %(provider_value)s in Visma.net. Check the "
                    "VAT categories that the taxes are mapped to. %(document)s stays on hold in Visma.net.",
                    bill=payload["memo"],
                    odoo_value=Amount(total, payload["currency"]),
                    provider_value=Amount(total_of(row, net), payload["currency"]),
                    document=key_of_row(row),
                )
            )

    def _only_one(self, payload, mark, known):
        """Create or update the unreleased document of a mark, then delete other documents with this mark.

        :param known: documents with the mark
        """
        fitting = next((row for row in known if _is_for(payload, row)), None)
        sent = self._update(payload, fitting) if fitting else self._make_once(payload, mark)
        for row in known:
            if key_of_row(row) != sent.external_id:
                self.client.delete(path_of(key_of_row(row)))
        return sent

    def _make_once(self, payload, mark):
        known = self._marked(payload, mark)
        return self._update(payload, known) if known else self._make(payload, mark)

    # Released documents cannot be changed

    def _after_release(self, payload, row):
        """Leave the document if it books the same; else create its replacement on hold and its reversal, unreleased.

        `BillReleasePush` or a user of Visma releases both, so that it always has one of the documents.
        """
        key, mark = key_of_row(row), successor_mark(payload["mark"], key_of_row(row))
        reversal, waiting = self.provider.reversals.find(row), self.provider.ledger.unreleased(lambda own: own == mark)
        is_standing = not (reversal and is_released(reversal))
        if is_standing and self._books_the_same(payload, row):
            notes = [self.provider.reversals.withdraw(row, reversal, waiting)]
            if text(row, "supplierReference") != payload["reference"] or day(row, "dueDate") != payload["due"]:
                notes.append(
                    _("The document is released in Visma.net, so Odoo did not change its number and due date.")
                )
            return SendResult(external_id=key, note=paragraph(*notes), takes_files=True)
        if is_standing:
            require_open(row)
        return self._only_one(payload, mark, waiting)

    def _books_the_same(self, payload, row):
        return (
            _is_for(payload, row)
            and not line_differences(lines_of(payload, self.provider), row)
            and has_total(row, Decimal(payload["total"]))
        )

    def _cancel(self, payload, external_id):
        row = self._read(external_id) or self._newest(payload, self._of_supplier(payload))
        if not row and not external_id:
            raise NotRelevantError(_("The bill was cancelled in Odoo before it was sent."))
        if not row:
            return SendResult(external_id=external_id, note=_("The document no longer exists in Visma.net."))
        key = key_of_row(row)
        if text(row, "status") == VOIDED:
            return SendResult(external_id=key, note=_("The document is already voided in Visma.net."))
        if not self.provider.ledger.is_ours(row):
            note = _("The document was entered manually in Visma.net. Cancel it there as well.")
            return SendResult(external_id=key, note=note)
        notes = self.provider.reversals.reverse(
            [*([row] if is_released(row) else []), *self.provider.reversals.standing_before(row)]
        )
        for leftover in self.provider.ledger.unreleased(lambda mark: mark.partition(INSTEAD)[0] == payload["mark"]):
            if key_of_row(leftover) != key:
                self.client.delete(path_of(key_of_row(leftover)))
        if not is_released(row):
            # last, because its mark leads to the documents that it replaces
            self.client.delete(path_of(key))
            notes.append(_("Deleted in Visma.net."))
        return SendResult(external_id=key, note=paragraph(*notes))


def _own_number(payload, mark):
    """The number of a new document: that of the bill, with a count if the document replaces another one."""
    fields = numbered(payload, "referenceNumber")
    if fields and (before := split_key(mark.partition(INSTEAD)[2])[1]):
        count = before.removeprefix(f"{payload['own_number']}-")
        number = int(count) + 1 if count != before and count.isdecimal() else 2
        fields["referenceNumber"] = {"value": f"{payload['own_number']}-{number}"}
    return fields


def _is_alike(row, payload):
    return text(row, "supplierReference").casefold() == payload["reference"].casefold()


def _is_for(payload, row):
    """Whether a document has the supplier and type of the bill, which cannot be changed."""
    return text(part(row, "supplier"), "number") == payload["supplier"] and text(row, "documentType") == payload["type"]
