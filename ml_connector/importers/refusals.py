"""Odoo's own refusals of records."""

import re
from contextlib import contextmanager

from odoo.exceptions import AccessError, RedirectWarning, UserError

from ..core.errors import InvalidDataError

WRITTEN_MODELS = (
    *("account.move", "account.move.line", "account.payment", "account.bank.statement.line", "hr.expense"),
    *("res.partner", "res.partner.bank", "purchase.order", "purchase.order.line", "ir.attachment"),
)
_ID = re.compile(r"\[?(?<![\w.,/:-])(\d{1,9})\b(?![\w%/:-])(?![.,]\d)\]?")


@contextmanager
def odoo_refusals(env, entries=()):
    """Raise Odoo's own refusals, which are about the data, as InvalidDataError with Odoo's text.

    Access errors pass, because the engine words them itself: Odoo's text names records.

    :param entries: the entries that are written
    """
    try:
        yield
    except AccessError:
        raise
    except (UserError, RedirectWarning) as error:
        text = " ".join(str(error.args[0]).split())
        raise InvalidDataError(_without_new_ids(env, text, entries)) from error


def _without_new_ids(env, text, entries):
    """A text without the IDs of new records, which no longer exist after the rollback."""
    ids = {int(number) for number in _ID.findall(text)}
    if not ids:
        return text
    new = set()
    for name in WRITTEN_MODELS:
        records = env[name].sudo().with_context(active_test=False)  # sudo: only tells whether they are new
        new.update(records.search([("id", "in", list(ids)), ("create_date", ">=", env.cr.now())])._ids)
    names = {entry.record.id: _name(entry) for entry in entries if entry.record}
    if len(entries) == 1:
        names = dict.fromkeys(new, _name(entries[0]))

    def named(match):
        number = int(match[1])
        return names.get(number) or "-" if number in new else match[0]

    return _ID.sub(named, text)


def _name(entry):
    return getattr(entry.document, "number", "") or getattr(entry.document, "name", "")
