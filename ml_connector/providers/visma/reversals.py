"""Reversal of released documents: an action of Visma creates a document of the opposite type.

The reversal is in the ledger only once it is released itself. So it is created and checked while the ledger is still
unchanged, and any refusal comes then.
"""

from ...core.errors import ConflictError, LockedPeriodError, NotFoundError, RemoteError, UnconfirmedError
from ...core.messages import _
from ...core.wire import amount, part, text
from . import periods
from .bill_release import ledger_named, release
from .client import wait_until
from .ledger import CREDIT_NOTE, INVOICE, balance_is_total, is_released, key_of_row, keys_of, path_of
from .wire import wrapped

OPPOSITE = {INVOICE: CREDIT_NOTE, CREDIT_NOTE: "CreditAdj"}
ACTION_SECONDS = 8
"""How long a run waits for an accepted action; after that a later run checks it."""
REVERSES = "[reverses:"


class Reversals:
    """Finds, creates, releases and withdraws reversals.

    :param ledger: `Ledger`
    """

    def __init__(self, client, ledger):
        self.client = client
        self.ledger = ledger

    def find(self, row):
        """The document that reverses another; None when there is none.

        Visma does not name the reversed document, so Odoo names it in the note of the reversal. A reversal without this
        note was created manually or just now: it has the same number and total, and is younger.
        """
        supplier, kind = text(part(row, "supplier"), "number"), OPPOSITE[text(row, "documentType")]
        found = self.ledger.of_supplier(supplier, kind)
        mark = _reverses(row)
        marked = next((other for other in found if mark in text(other, "note")), None)
        alike = [other for other in found if not self.is_ours(other) and self._is_alike(row, other)]
        return marked or next(iter(sorted(alike, key=lambda other: not is_released(other))), None)

    def _is_alike(self, row, other):
        # it is not documented whether a reversal copies the note
        return (
            self.ledger.mark_of(other) in ("", self.ledger.mark_of(row))
            and text(other, "supplierReference").casefold() == text(row, "supplierReference").casefold()
            and all(amount(row, name) == amount(other, name) for name in ("detailTotal", "vatTotal"))
            and text(other, "createdDateTime") >= text(row, "createdDateTime")
        )

    def prepare(self, row):
        """The document that reverses a released one. It is created if it is missing, and can be released.

        :raises ConflictError: the document is paid or applied
        :raises LockedPeriodError: the reversal could not be released
        :raises RemoteError: Visma has accepted the reversal and not finished it
        """
        key = key_of_row(row)
        reversal = self.find(row)
        if reversal and is_released(reversal):
            return reversal
        require_open(row)
        is_new = not reversal
        if is_new:
            self.client.act(f"{path_of(key)}/action/reverse")
            reversal = wait_until(lambda: self.find(row), ACTION_SECONDS)
        if not reversal:
            raise RemoteError(
                _("Visma.net has accepted the reversal of %(document)s, but has not finished it.", document=key)
            )
        self._require_open_period(key, reversal, is_new or self.is_ours(reversal))
        if _reverses(row) not in text(reversal, "note"):
            note = f"Reverses {key} {_reverses(row)}"
            self.client.update(path_of(key_of_row(reversal)), wrapped({"note": note}))
        return reversal

    def _require_open_period(self, key, reversal, is_ours):
        """:raises LockedPeriodError: the period of a reversal is closed now; one of Odoo is deleted"""
        period = text(reversal, "financialPeriod")
        now = (row for row in self.client.rows(periods.PATH) if periods.code_of(row) == period)
        if not any(map(periods.is_closed, now)):
            return
        if is_ours:
            # no reversal that cannot be released may stay there and be released later
            self.client.delete(path_of(key_of_row(reversal)))
            raise LockedPeriodError(
                _(
                    "The financial period %(period)s is closed in Visma.net, so Odoo cannot reverse %(document)s.",
                    period=period,
                    document=key,
                )
            )
        raise LockedPeriodError(
            _(
                "The financial period %(period)s is closed in Visma.net, so Odoo cannot reverse %(document)s. "
                "Delete its reversal %(reversal)s there.",
                period=period,
                document=key,
                reversal=key_of_row(reversal),
            )
        )

    def complete(self, row, reversal):
        """Release a reversal; a note on it."""
        release(self.client, key_of_row(reversal))
        return _(
            "%(document)s was reversed by %(reversal)s. Apply the two to each other in Visma.net.",
            document=key_of_row(row),
            reversal=key_of_row(reversal),
        )

    def reverse(self, standing):
        """Reverse documents in the ledger; notes for the accountant."""
        if not standing:
            return []
        sentence = _(
            "Still in the ledger of Visma.net until this is fixed: %(documents)s.", documents=keys_of(standing)
        )
        with ledger_named(sentence, RemoteError, UnconfirmedError):
            prepared = [(row, self.prepare(row)) for row in standing]
            return [self.complete(*pair) for pair in prepared]

    def withdraw(self, row, reversal, waiting):
        """Delete the unreleased replacement and reversal of a released document; a note for the accountant.

        Odoo marks a reversal after Visma has created it. One without a mark is Odoo's if a replacement waited for it.

        :param reversal: not released; None when there is none
        :param waiting: the unreleased replacements
        """
        key = key_of_row(row)
        is_ours = reversal and (self.is_ours(reversal) or _is_since(reversal, waiting))
        # the reversal first, because the replacements tell that it is Odoo's
        for leftover in (*([reversal] if is_ours else []), *waiting):
            self.client.delete(path_of(key_of_row(leftover)))
        if reversal and not is_ours:
            return _(
                "%(reversal)s reverses %(document)s when it is released in Visma.net. Delete it there to keep "
                "%(document)s.",
                reversal=key_of_row(reversal),
                document=key,
            )
        if waiting and not reversal:
            return _(
                "Odoo may have asked Visma.net to reverse %(document)s. If a reversal appears there, delete it.",
                document=key,
            )
        return ""

    def is_ours(self, reversal):
        return REVERSES in text(reversal, "note")

    def standing(self, key):
        """The released document and those that it replaces, as far as they are still in the ledger, newest first.

        :param key: of the newest one; empty for none
        """
        while key:
            try:
                row = self.client.one(path_of(key)).data
            except NotFoundError:
                return
            reversal = self.find(row)
            if not is_released(row) or (reversal and is_released(reversal)):
                return
            yield row
            key = self.ledger.predecessor_of(row)

    def standing_before(self, row):
        """The documents that a document of Odoo replaces and that are still in the ledger, newest first."""
        return self.standing(self.ledger.predecessor_of(row))


def require_open(row):
    """:raises ConflictError: the document is paid or applied"""
    if not balance_is_total(row):
        raise ConflictError(
            _(
                "%(document)s is released and paid or applied in Visma.net, so Odoo cannot reverse it. Correct it "
                "with a credit note in Odoo, or in Visma.net.",
                document=key_of_row(row),
            )
        )


def _reverses(row):
    return f"{REVERSES}{key_of_row(row)}]"


def _is_since(reversal, waiting):
    """Whether a reversal was made after one of the documents that wait for it."""
    return any(text(reversal, "createdDateTime") >= text(row, "createdDateTime") for row in waiting)
