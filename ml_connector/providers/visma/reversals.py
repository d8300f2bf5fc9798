"""Taking back what is released: Visma's own action makes a document of the opposite type.

That one counts only once it is released itself. So it is made and looked at while the ledger is still as it was, and
whatever may be refused is refused then.
"""

from ...core.errors import ConflictError, LockedPeriodError, NotFoundError, RemoteError
from .client import wait_until
from .invoices import (
    CREDIT_NOTE,
    INVOICE,
    balance_is_total,
    documents_of,
    is_closed,
    is_released,
    key_of_row,
    mark_of,
    path_of,
    predecessor_of,
)
from .push_release import release
from .wire import amount, part, text, wrapped

OPPOSITE = {INVOICE: CREDIT_NOTE, CREDIT_NOTE: "CreditAdj"}
ACTION_SECONDS = 8
"""How long an accepted action is waited for; after that it is looked at in a later run."""
REVERSES = "[reverses:"


class Reversals:
    """
    :param provider: the `VismaProvider` of the connection
    """

    def __init__(self, provider):
        self.provider = provider
        self.client = provider.client

    def find(self, row):
        """The document that reverses another; None when there is none.

        Visma does not say of which document it is the reversal, so ours say it in their note. One that says nothing was
        made by a person, or just now: it has the number and total, and came later.
        """
        supplier, kind = text(part(row, "supplier"), "number"), OPPOSITE[text(row, "documentType")]
        found = documents_of(self.client, supplier, kind)
        mark = _reverses(row)
        ours = next((other for other in found if mark in text(other, "note")), None)
        alike = [other for other in found if not self.is_ours(other) and self._is_alike(row, other)]
        return ours or next(iter(sorted(alike, key=lambda other: not is_released(other))), None)

    def _is_alike(self, row, other):
        # whether a reversal takes over the note is not documented
        own = self.provider.mark
        return (
            mark_of(other, own) in ("", mark_of(row, own))
            and text(other, "supplierReference").casefold() == text(row, "supplierReference").casefold()
            and all(amount(row, name) == amount(other, name) for name in ("detailTotal", "vatTotal"))
            and text(other, "createdDateTime") >= text(row, "createdDateTime")
        )

    def prepare(self, row):
        """The document that reverses a released one, made where it is missing, and nothing in its way.

        :raises ConflictError: the document is paid or applied
        :raises LockedPeriodError: the reversal could not be released
        :raises RemoteError: Visma has accepted it and is not done: it is looked at again later
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
            raise RemoteError(f"Visma.net has accepted that {key} is reversed, and is not done yet.")
        path = path_of(key_of_row(reversal))
        if self._is_closed(text(reversal, "financialPeriod")):
            # a credit that nobody can use must not wait for somebody to release it later
            advice = ""
            if is_new or self.is_ours(reversal):
                self.client.delete(path)
            else:
                advice = f" Delete {key_of_row(reversal)} there, which was to reverse it."
            raise LockedPeriodError(
                f"The financial period {text(reversal, 'financialPeriod')} is closed in Visma.net, so {key} cannot be "
                f"reversed.{advice}"
            )
        if _reverses(row) not in text(reversal, "note"):
            self.client.update(path, wrapped({"note": f"Reverses {key} {_reverses(row)}"}))
        return reversal

    def _is_closed(self, period):
        """Looked up anew: it is not too late yet."""
        return any(
            is_closed(row)
            for row in self.client.rows("/v1/financialPeriod")
            if f"{text(row, 'year')}{text(row, 'period').zfill(2)}" == period
        )

    def complete(self, row, reversal):
        """Release a reversal; a sentence that says what was done."""
        release(self.client, key_of_row(reversal))
        return f"{key_of_row(row)} was reversed by {key_of_row(reversal)}: apply the two to each other in Visma.net."

    def is_ours(self, reversal):
        return REVERSES in text(reversal, "note")

    def standing(self, key):
        """The released document and those that it was to take the place of, as far as they still count, newest first.

        :param key: of the newest one; empty gives none
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
            key = predecessor_of(row, self.provider.mark)

    def standing_before(self, row):
        """What a document of ours takes the place of and what still counts in the ledger, newest first."""
        return self.standing(predecessor_of(row, self.provider.mark))


def require_open(row):
    """
    :raises ConflictError: it is paid or applied
    """
    if not balance_is_total(row):
        raise ConflictError(
            f"{key_of_row(row)} is released and paid or applied in Visma.net, so it cannot be taken back from here. "
            "Correct it with a credit note in Odoo, or in Visma.net."
        )


def _reverses(row):
    return f"{REVERSES}{key_of_row(row)}]"
