"""Bills of countries whose documents bear a kind and a number of a register (Argentina, Chile ...), beside a reference.

Odoo keeps them in fields of `l10n_latam_invoice_document`, for the journals that use documents.
"""

import re

from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

from ..core.errors import InvalidDataError, NotReadyError

LEADING_ZEROS = re.compile(r"(?<![0-9])0+(?=[0-9])")


class OfficialNumbers:
    """Kinds and numbers of the documents of one company."""

    def __init__(self, env):
        self.env = env
        self.is_known = "l10n_latam_document_type_id" in env["account.move"]._fields

    def applies(self, journal):
        """Whether the bills of a journal need them."""
        return self.is_known and journal.l10n_latam_use_documents

    def values(self, header, number):
        """What the move has of the number that the vendor's document bears.

        :raises InvalidDataError: the document lacks what Odoo asks for
        """
        move = self.env["account.move"].new(
            {key: header[key] for key in ("move_type", "company_id", "journal_id", "partner_id", "invoice_date")}
        )
        kind = move.l10n_latam_document_type_id._origin
        if not kind:
            raise self._lacks(
                move,
                "l10n_latam_document_type_id",
                self.env._("no kind of document fits: complete the tax data of %s", move.partner_id.display_name),
                awaits=move.partner_id._origin,
            )
        if not number:
            raise self._lacks(move, "l10n_latam_document_number", self.env._("the vendor system states no number"))
        try:
            formatted = kind._format_document_number(number.strip())
            move.l10n_latam_document_number = formatted
            move._validate_fields(["l10n_latam_document_number"])
        except (UserError, ValidationError) as error:
            reason = " ".join(str(error.args[0]).split())
            raise self._lacks(move, "l10n_latam_document_number", reason) from error
        return {"l10n_latam_document_type_id": kind.id, "l10n_latam_document_number": formatted}

    def _lacks(self, move, name, reason, awaits=None):
        error = InvalidDataError if awaits is None else NotReadyError
        return error(
            self.env._(
                "Bills in journal %(journal)s need the field %(field)s, but %(reason)s.",
                journal=move.journal_id.display_name,
                field=move._fields[name]._description_string(self.env),
                reason=reason.rstrip("."),
            ),
            awaits=awaits,
        )

    def key(self, move):
        """What a move is found by, empty without a number of this sort."""
        if not self.is_known or not move.l10n_latam_document_type_id:
            return ""
        return plain(move.l10n_latam_document_number)

    def condition(self, numbers):
        """SQL: whether `move` bears one of the numbers."""
        if not self.is_known or not numbers:
            return SQL("FALSE")
        return SQL(
            """move.l10n_latam_document_type_id IS NOT NULL
               AND regexp_replace(
                       lower(regexp_replace(move.name, '^\\S+\\s+', '')), '(^|[^0-9])0+(?=[0-9])', '\\1', 'g'
                   ) IN %s""",
            tuple(plain(number) for number in numbers),
        )


def plain(number):
    """A number without the zeros that fill it up."""
    return LEADING_ZEROS.sub("", "".join((number or "").split()).lower())
