"""Bills of countries whose documents have an official type and number (Argentina, Chile ...).

Odoo keeps both in fields of `l10n_latam_invoice_document`, for journals that use documents.
"""

import re

from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

from ..core.errors import InvalidDataError, NotReadyError
from ..core.messages import _

LEADING_ZEROS = re.compile(r"(?<![0-9])0+(?=[0-9])")


class OfficialNumbers:
    """The official document types and numbers of one company."""

    def __init__(self, env, provider):
        self.env = env
        self._provider = provider
        self.is_known = "l10n_latam_document_type_id" in env["account.move"]._fields

    def applies(self, journal):
        """Whether the bills of a journal need them."""
        return self.is_known and journal.l10n_latam_use_documents

    def values(self, header, number):
        """Values of the move for an official number.

        :raises InvalidDataError: the document lacks what Odoo needs
        """
        move = self.env["account.move"].new(
            {key: header[key] for key in ("move_type", "company_id", "journal_id", "partner_id", "invoice_date")}
        )
        kind = move.l10n_latam_document_type_id._origin
        if not kind:
            raise self._lacks(
                move,
                "l10n_latam_document_type_id",
                _("No document type fits. Complete the tax data of %(vendor)s.", vendor=move.partner_id.display_name),
                awaits=move.partner_id._origin,
            )
        if not number:
            reason = _("This bill has no number in %(provider)s.", provider=self._provider)
            raise self._lacks(move, "l10n_latam_document_number", reason)
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
            _(
                "Bills in journal %(journal)s need the field %(field)s. %(reason)s",
                journal=move.journal_id.display_name,
                field=move._fields[name]._description_string(self.env),
                reason=reason,
            ),
            awaits=awaits,
        )

    def key(self, move):
        """The official number of a move in plain form, empty if it has none."""
        if not self.is_known or not move.l10n_latam_document_type_id:
            return ""
        return plain(move.l10n_latam_document_number)

    def condition(self, numbers):
        """SQL: whether `move` has one of the numbers."""
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
    """A number in lower case, without spaces and leading zeros."""
    return LEADING_ZEROS.sub("", "".join((number or "").split()).lower())
