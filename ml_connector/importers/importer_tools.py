"""What several writers share."""

import re
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal

from odoo.exceptions import AccessError, RedirectWarning, UserError
from odoo.tools import float_repr, format_date

from ..core.errors import InvalidDataError, LockedPeriodError, NotPostedError, NotReadyError
from ..models.ml_outgoing_code import title_of

QUIET = {"ml_no_sync": True, "mail_create_nosubscribe": True, "mail_create_nolog": True, "mail_notrack": True}
"""Context of what is made and posted at once: one line in the chatter says from where, and Odoo adds no others."""

WRITTEN_MODELS = (
    *("account.move", "account.move.line", "account.payment", "account.bank.statement.line", "hr.expense"),
    *("res.partner", "res.partner.bank", "purchase.order", "purchase.order.line", "ir.attachment"),
)
_ID = re.compile(r"\[?(?<![\w.,/:-])(\d{1,9})\b(?![\w%/:-])(?![.,]\d)\]?")


def exact(amount, currency):
    """A float of the ORM as the decimal number it stands for."""
    return Decimal(float_repr(currency.round(amount), currency.decimal_places))


def fits(amount, currency):
    """Whether a decimal number has no more decimals than the currency."""
    return amount == round(amount, currency.decimal_places)


def tolerance(flow):
    """The largest rounding difference that the flow accepts."""
    return Decimal(float_repr(flow.rounding_tolerance, 4))


def is_of_company(record, company):
    """Whether a record with a `company_id` may be used by the company: shared, its own, or of a parent."""
    owner = record.sudo().company_id  # sudo: a record that is out of reach is named as such
    return not owner or owner in company.sudo().parent_ids  # sudo: so is a parent


def creditor_of(move):
    """Who is owed by a bill, whoever entered it."""
    return move.partner_id._ml_creditor(move.company_id)


def unusable(record, company):
    """Why a record that a code is mapped to cannot be used for the company, or an empty string.

    The one answer for whatever is written: Odoo checks companies when it creates, and archived records never.
    """
    if _is_foreign(record, company):
        return record.env._("it belongs to another company")
    if "active" in record._fields and not record.active:
        return record.env._("it is archived")
    return ""


def _is_foreign(record, company):
    field = "company_ids" if "company_ids" in record._fields else "company_id"
    owners = record.sudo()[field]  # sudo: companies out of the flow's reach
    return bool(owners) and not owners & company.sudo().parent_ids  # sudo: as above


def named(record, company):
    """What a row of a company calls a record: by no more than its id where it belongs to another company."""
    return f"(id {record.id})" if _is_foreign(record, company) else title_of(record, company)


def check_tax_countries(taxes, company, position=None):
    """Odoo takes taxes of one country in a document: the company's, or that of a foreign registration.

    :param position: the fiscal position of the document, where it may have one
    :raises NotReadyError: a tax is of another one
    """
    env = taxes.env
    is_foreign = bool(position and position.foreign_vat)
    country = position.country_id if is_foreign else company.account_fiscal_country_id
    for tax in taxes.filtered(lambda tax: tax.country_id != country):
        where = {"tax": named(tax, company), "its": tax.country_id.name, "country": country.name}
        if is_foreign:
            text = env._(
                "Tax %(tax)s is one of %(its)s, but fiscal position %(position)s takes taxes of %(country)s: map its"
                " code to such a tax, or choose another fiscal position for the vendor.",
                position=position.display_name,
                **where,
            )
        else:
            text = env._(
                "Tax %(tax)s is one of %(its)s, but %(company)s books taxes of %(country)s: map its code to such a tax,"
                " or give the vendor a fiscal position of %(its)s.",
                company=company.display_name,
                **where,
            )
        raise NotReadyError(text, awaits=tax)


def account_problem(account, company, currency):
    """Why an account cannot take an item in the currency, or an empty string."""
    if problem := unusable(account, company):
        return problem
    if account.currency_id and account.currency_id not in (currency, company.currency_id):
        return account.env._("it takes %s only", account.currency_id.name)
    return ""


def bound_elsewhere(connection, kind, records):
    """{record id: external id} of those records that a remote record of the connection is bound to."""
    if not records:
        return {}
    bindings = connection.env["ml.binding"].search_fetch(
        [
            ("connection_id", "=", connection.id),
            ("kind", "=", kind),
            ("res_model", "=", records._name),
            ("res_id", "in", records.ids),
        ],
        ["res_id", "external_id"],
    )
    return {binding.res_id: binding.external_id for binding in bindings}


class Currencies:
    """The currencies that a batch names, archived ones too, read with one query."""

    def __init__(self, env, names):
        self._env = env
        found = env["res.currency"].with_context(active_test=False).search([("name", "in", list(set(names)))])
        self._by_name = {currency.name: currency for currency in found}

    def known(self, name):
        """The currency of that name, which may be archived.

        :raises InvalidDataError: there is none
        """
        currency = self._by_name.get(name)
        if not currency:
            raise InvalidDataError(self._env._("Odoo has no currency %s: correct it at the vendor.", name or "?"))
        return currency

    def usable(self, name):
        """The currency of that name, in use.

        :raises InvalidDataError: it cannot be
        """
        currency = self.known(name)
        if not currency.active:
            raise NotReadyError(
                self._env._(
                    "Currency %s is not active in Odoo: activate it under Accounting, Configuration, Currencies.", name
                ),
                awaits=currency,
            )
        return currency


def posted(move, name):
    """The document, which is to be posted.

    :param name: what the document that builds on it calls it
    :raises NotReadyError: it is not
    """
    env = move.env
    if move.state == "draft":
        raise NotPostedError(env._("%s is still a draft in Odoo: post it first.", name), awaits=move)
    if move.state == "cancel":
        raise NotReadyError(env._("%s is cancelled in Odoo.", name), awaits=move)
    return move


def journal_locks(journal, date):
    """Lock dates of the journal itself that cover the date, as (date, label). Fields of other addons, found by name."""
    names = [name for name, field in journal._fields.items() if name.endswith("lock_date") and field.type == "date"]
    values = journal.sudo()  # sudo: whether a date is open is no secret of the addon's
    return [
        (values[name], journal._fields[name]._description_string(journal.env))
        for name in names
        if values[name] and values[name] >= date
    ]


class OpenDates:
    """Accounting dates under the lock dates of the company and the policy of the flow."""

    def __init__(self, env, flow):
        self._env = env
        self._company = flow.company_id.with_env(env)
        self._flow = flow
        self._locks = {}

    def locks(self, date, journal, has_tax):
        """(lock dates of the company, of the journal) that cover the date. Odoo's own answer, with its exceptions."""
        key = (date, journal.id, has_tax)
        if key not in self._locks:
            of_company = self._company._get_violated_lock_dates(date, has_tax, journal)
            self._locks[key] = of_company, journal_locks(journal, date)
        return self._locks[key]

    def resolve(self, date, journal, has_tax=False):
        """The date to book on.

        :raises LockedPeriodError: when the date is locked and the policy is to park, or its fiscal year is closed
        """
        of_company, of_journal = self.locks(date, journal, has_tax)
        if not of_company and not of_journal:
            return date
        env, day = self._env, self._open_day(date, journal, has_tax)
        if env.context.get("ml_next_open_day"):
            return day
        if self._flow.lock_date_policy == "next_open_day":
            year_end = self._company.compute_fiscalyear_dates(date)["date_to"]
            if day <= year_end:
                return day
            raise LockedPeriodError(
                env._(
                    "The accounting date %(date)s is in the fiscal year that ended on %(end)s and is closed: open it,"
                    " or say that it is booked on %(day)s, in another year.",
                    date=format_date(env, date),
                    end=format_date(env, year_end),
                    day=format_date(env, day),
                ),
                awaits=self._company if of_company else journal,
            )
        named_locks = [f"{label} ({format_date(env, lock)})" for lock, label in of_journal]
        if of_company:
            named_locks.insert(0, env["res.company"]._format_lock_dates(of_company))
        raise LockedPeriodError(
            env._(
                "The accounting date %(date)s is locked by %(locks)s: open the period, change the date at the vendor,"
                " or let the flow book on the next open day.",
                date=format_date(env, date),
                locks=", ".join(named_locks),
            ),
            awaits=self._company if of_company else journal,
        )

    def _open_day(self, date, journal, has_tax):
        """The first day after the date that nothing locks."""
        while any(locks := self.locks(date, journal, has_tax)):
            date = max(lock for of_one in locks for lock, _name in of_one) + timedelta(days=1)
        return date

    def shift_note(self, original, booked):
        """What is written on a record whose date had to move."""
        env = self._env
        return env._(
            "Dated %(original)s at the vendor, booked on %(booked)s, the next open day, because the period is locked.",
            original=format_date(env, original),
            booked=format_date(env, booked),
        )


@contextmanager
def odoo_refusals(env, entries=()):
    """Odoo's own refusals are about the data, and their text is for the user: they become ours.

    What they refuse to the user as whom the connection works is put into words by the worker: Odoo's name records.

    :param entries: what is written
    """
    try:
        yield
    except AccessError:
        raise
    except (UserError, RedirectWarning) as error:
        text = " ".join(str(error.args[0]).split())
        raise InvalidDataError(_without_new_ids(env, text, entries)) from error


def _without_new_ids(env, text, entries):
    """A text without ids of records that are new: rolled back, they mean nothing to anybody."""
    ids = {int(number) for number in _ID.findall(text)}
    if not ids:
        return text
    new = set()
    for name in WRITTEN_MODELS:
        records = env[name].sudo().with_context(active_test=False)  # sudo: only whether they are new
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
