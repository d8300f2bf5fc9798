"""Whether Odoo already has a bill."""

from odoo.tools import SQL

from ..core.errors import DuplicateError
from ..core.messages import Amount, _
from ..core.own_ids import may_be
from ..models.ml_sentence import money
from .importer_tools import creditor_of, exact
from .official_numbers import plain
from .posted_bill_diff import normalized

BILL_TYPES = ("in_invoice", "in_refund", "in_receipt")


class BillMatcher:
    """The bills in Odoo that the bills of a batch may be."""

    def __init__(self, batch, move_type):
        """
        :param move_type: function that returns the type of move that a document becomes
        """
        self.batch = batch
        self.env = batch.env
        self._move_type = move_type
        self._numbered = {}
        self._origins = {}
        self._bound = {}
        self._seen = {}

    # ------------------------------------------------------------------ reading

    def look_up(self, documents, partners):
        """Read the bills that the documents may be, with few queries.

        :param documents: documents that are not linked
        :param partners: vendors of the batch
        """
        batch, together = self.batch, self.env["res.partner"].union(*partners)
        creditors = {batch.creditor(partner).id for partner in together}
        # prefetch what is read for each vendor
        self.env["res.partner"].browse(creditors).bank_ids.mapped("currency_id")
        numbers = {normalized(document.number) for document in documents if normalized(document.number)}
        moves = self._read_numbered(together.commercial_partner_id.ids, numbers)
        for move in moves:
            for key in {("ref", normalized(move.ref)), ("official", batch.official.key(move))}:
                self._numbered.setdefault((creditor_of(move).id, *key), []).append(move)
        self._origins = self._read_origins(documents)
        origins = self.env["account.move"].union(*self._origins.values())
        self._bound = batch.connection.env["ml.binding"]._external_ids(batch.connection, "bill", moves | origins)

    def _read_origins(self, documents):
        """{external id: move} of the bills that come from Odoo, found by their Odoo ID or by what was sent."""
        # an ID from outside may be of another company's bill
        ids = {document.odoo_id for document in documents if document.odoo_id}
        domain = [("company_id", "=", self.batch.company.id), ("move_type", "in", BILL_TYPES)]
        own = self.env["account.move"].search([("id", "in", list(ids)), *domain]) if ids else ()
        by_id = {move.id: move for move in own}
        keys = {("own_bill", key) for document in documents for key in document.sent_as}
        sent = self.batch.connection.env["ml.binding"]._records(self.batch.connection, keys)
        found = {}
        for document in documents:
            moves = [sent[key] for name in document.sent_as if (key := ("own_bill", name)) in sent]
            named = by_id.get(document.odoo_id)
            own = named if named and may_be(named, document.odoo_id) else None
            if move := own or next(iter(moves), None):
                found[document.external_id] = move
        return found

    def _read_numbered(self, commercial_ids, numbers):
        """Bills of these vendors with these numbers, regardless of case and spaces."""
        moves = self.env["account.move"]
        if not commercial_ids or not numbers:
            return moves
        moves.flush_model(["ref", "name", "state", "move_type", "company_id", "partner_id"])
        rows = self.env.execute_query(
            SQL(
                """SELECT move.id
                     FROM account_move move
                     JOIN res_partner partner ON partner.id = move.partner_id
                    WHERE partner.commercial_partner_id IN %s
                      AND move.company_id = %s
                      AND move.move_type IN %s
                      AND move.state != 'cancel'
                      AND (lower(regexp_replace(move.ref, '\\s', '', 'g')) IN %s OR %s)
                    ORDER BY move.id""",
                tuple(commercial_ids),
                self.batch.company.id,
                BILL_TYPES,
                tuple(numbers),
                self.batch.official.condition(numbers),
            )
        )
        return moves.browse(move_id for (move_id,) in rows)

    # ------------------------------------------------------------------ the same bill?

    def find(self, document, partner):
        """The same bill that a user entered manually, or None.

        :raises DuplicateError: a bill may be the same, but it is not certain
        """
        if move := self._existing(document, partner):
            self._bound[move.id] = document.external_id
            return move
        self._check_twice(document, partner)
        return None

    def _existing(self, document, partner):
        move = self._origins.get(document.external_id)
        if move and move.company_id == self.batch.company and move.state != "cancel":
            self._check_origin(document, partner, move)
            return move
        creditor_id = self.batch.creditor(partner).id
        numbered = [
            *self._numbered.get((creditor_id, "ref", normalized(document.number)), ()),
            *self._numbered.get((creditor_id, "official", plain(document.number)), ()),
        ]
        rivals = [move for move in dict.fromkeys(numbered) if self._is_rival(document, move)]
        if not rivals:
            return None
        same = [move for move in rivals if self.is_same_total(document, move) and move.id not in self._bound]
        if len(rivals) == 1 and len(same) == 1:
            return same[0]
        raise DuplicateError(
            _(
                "Bill %(number)s of %(vendor)s for %(amount)s may already be in Odoo: %(bills)s.",
                number=document.number,
                vendor=partner.display_name,
                amount=Amount(document.total, document.currency),
                bills=[self._described(move) for move in rivals],
            )
        )

    def _check_origin(self, document, partner, move):
        """Check the bill that an Odoo ID refers to: vendor, type, currency and total must match.

        :raises DuplicateError: they do not
        """
        if move.id in self._bound:
            names = {"bill": move.display_name, "provider": self.batch.provider}
            raise DuplicateError(_("%(bill)s is already linked to another bill in %(provider)s.", **names))
        if (
            creditor_of(move) == self.batch.creditor(partner)
            and move.move_type == self._move_type(document)
            and move.currency_id.name == document.currency
            and abs(exact(move.amount_total, move.currency_id) - document.total) <= self.batch.tolerance
        ):
            return
        names = {
            "number": document.number or document.external_id,
            "vendor": partner.display_name,
            "amount": Amount(document.total, document.currency),
            "bill": self._described(move),
            "other": move.commercial_partner_id.display_name or "-",
            "provider": self.batch.provider,
        }
        raise DuplicateError(
            _(
                "Credit note %(number)s of %(vendor)s for %(amount)s refers to %(bill)s of %(other)s in Odoo, which"
                " does not match. Correct the reference in %(provider)s, or make both match.",
                **names,
            )
            if document.is_credit
            else _(
                "Bill %(number)s of %(vendor)s for %(amount)s refers to %(bill)s of %(other)s in Odoo, which does not"
                " match. Correct the reference in %(provider)s, or make both match.",
                **names,
            )
        )

    def _is_rival(self, document, move):
        """Whether a bill of the same vendor and number may be the same bill.

        Some vendors reuse a number (an account number each month): with another date and another total it is another
        bill. A bill of this connection is another bill too, unless it has the same date.
        """
        if move.payment_state == "reversed":
            return False
        same_day = not move.invoice_date or move.invoice_date == document.document_date
        if move.id in self._bound:
            return same_day
        return same_day or self.is_same_total(document, move)

    def is_same_total(self, document, move):
        return (
            move.currency_id.name == document.currency
            and exact(move.amount_total, move.currency_id) == document.total
            and move.move_type == self._move_type(document)
        )

    def _described(self, move):
        bill = _(
            "%(bill)s (%(date)s, %(amount)s)",
            bill=move.name or _("draft"),
            date=move.invoice_date or "-",
            amount=money(move.amount_total, move.currency_id),
        )
        if external_id := self._bound.get(move.id):
            return _(
                "%(bill)s, linked to record %(id)s in %(provider)s",
                bill=bill,
                id=external_id,
                provider=self.batch.provider,
            )
        return bill

    def _check_twice(self, document, partner):
        """Reject the second of two records with the same number, vendor and date in a batch."""
        if not normalized(document.number):
            return
        key = (self.batch.creditor(partner).id, normalized(document.number), document.document_date)
        first = self._seen.setdefault(key, document)
        if first is not document:
            raise DuplicateError(
                _(
                    "%(provider)s has bill %(number)s of %(vendor)s twice: %(first)s and %(second)s.",
                    provider=self.batch.provider,
                    number=document.number,
                    vendor=partner.display_name,
                    first=first.external_id,
                    second=document.external_id,
                )
            )
