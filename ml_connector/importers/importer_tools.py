"""Functions and classes that several importers share."""

import re
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal

from odoo.exceptions import AccessError, RedirectWarning, UserError
from odoo.tools import float_repr

from ..core.errors import InvalidDataError, LockedPeriodError, NotPostedError, NotReadyError
from ..core.messages import Message, _
from ..models.ml_outgoing_code import title_of

QUIET = {"ml_no_sync": True, "mail_create_nosubscribe": True, "mail_create_nolog": True, "mail_notrack": True}
"""Context for records that are created and posted in one step: Odoo adds no lines of its own to the chatter."""

WRITTEN_MODELS = (
    *("account.move", "account.move.line", "account.payment", "account.bank.statement.line", "hr.expense"),
    *("res.partner", "res.partner.bank", "purchase.order", "purchase.order.line", "ir.attachment"),
)
_ID = re.compile(r"\[?(?<![\w.,/:-])(\d{1,9})\b(?![\w%/:-])(?![.,]\d)\]?")


def exact(amount, currency):
    """A float of the ORM as an exact decimal number."""
    return Decimal(float_repr(currency.round(amount), currency.decimal_places))


def once(cache, key, compute):
    """The cached value of a key, computed on first use."""
    if key not in cache:
        cache[key] = compute()
    return cache[key]


def change_note(provider, differences, is_posted=True):
    """A sentence on the differences between a record and the newest version of its document; empty without any.

    :param differences: [(name, value in Odoo, value at the provider)]
    """
    if not differences:
        return ""
    phrases = [
        _(
            "%(what)s %(odoo_value)s in Odoo, %(provider_value)s in %(provider)s",
            what=what,
            odoo_value=odoo_value,
            provider_value=provider_value,
            provider=provider,
        )
        for what, odoo_value, provider_value in differences
    ]
    names = {"provider": provider, "differences": with_semicolons(phrases)}
    if is_posted:
        return _("Changed in %(provider)s after posting: %(differences)s.", **names)
    return _("Changed in %(provider)s: %(differences)s.", **names)


def with_semicolons(phrases):
    """Phrases that contain commas as one text."""
    parts = {f"part{number}": phrase for number, phrase in enumerate(phrases)}
    return Message("; ".join(f"%({name})s" for name in parts), **parts)


def fits(amount, currency):
    """Whether a decimal number has at most as many decimals as the currency."""
    return amount == round(amount, currency.decimal_places)


def tolerance(flow):
    """The largest rounding difference that a flow accepts."""
    return Decimal(float_repr(flow.rounding_tolerance, 4))


def is_of_company(record, company):
    """Whether the company may use a record with a `company_id`: it is shared, its own or of a parent."""
    owner = record.sudo().company_id  # sudo: the user may not read records of other companies
    return not owner or owner in company.sudo().parent_ids  # sudo: nor parents


def creditor_of(move):
    """The contact that a bill is owed to."""
    return move.partner_id._ml_creditor(move.company_id)


def payable_terms(move):
    """The items of a bill that are paid, in the order in which they are due."""
    return move.line_ids.filtered(lambda line: line.display_type == "payment_term").sorted("date_maturity")


def unusable(record, company):
    """Why a mapped record cannot be used for the company, as a sentence, or an empty string.

    Odoo checks companies only when it creates a record, and never whether a record is archived.
    """
    if _is_foreign(record, company):
        return _("It belongs to another company.")
    if "active" in record._fields and not record.active:
        return _("It is archived.")
    return ""


def _is_foreign(record, company):
    field = "company_ids" if "company_ids" in record._fields else "company_id"
    owners = record.sudo()[field]  # sudo: the user may not read other companies
    return bool(owners) and not owners & company.sudo().parent_ids  # sudo: as above


def named(record, company):
    """The name of a record in the texts of a company; only its ID if it belongs to another company."""
    return f"(ID {record.id})" if _is_foreign(record, company) else title_of(record, company)


def check_tax_countries(taxes, company, position=None):
    """Check that all taxes are of the country that Odoo accepts: the company's, or that of a foreign registration.

    :param position: fiscal position of the document, if its type can have one
    :raises NotReadyError: a tax is of another country
    """
    is_foreign = bool(position and position.foreign_vat)
    country = position.country_id if is_foreign else company.account_fiscal_country_id
    for tax in taxes.filtered(lambda tax: tax.country_id != country):
        names = {"tax": named(tax, company), "tax_country": tax.country_id.name, "country": country.name}
        if is_foreign:
            text = _(
                "Tax %(tax)s is a tax of %(tax_country)s, but fiscal position %(position)s needs taxes of %(country)s."
                " Map its code to such a tax, or choose another fiscal position for the vendor.",
                position=position.display_name,
                **names,
            )
        else:
            text = _(
                "Tax %(tax)s is a tax of %(tax_country)s, but %(company)s books taxes of %(country)s. Map its code to"
                " such a tax, or give the vendor a fiscal position of %(tax_country)s.",
                company=company.display_name,
                **names,
            )
        raise NotReadyError(text, awaits=tax)


def account_problem(account, company, currency):
    """Why an account cannot be used for an item in the currency, as a sentence, or an empty string."""
    if reason := unusable(account, company):
        return reason
    if account.currency_id and account.currency_id not in (currency, company.currency_id):
        return _("It accepts only %(currency)s.", currency=account.currency_id.name)
    return ""


def bound_elsewhere(connection, kind, records):
    """{record id: external id} of the records that are linked to a record of the connection."""
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
    """The currencies of a batch, archived ones too, read with one query."""

    def __init__(self, env, names, provider):
        self._provider = provider
        found = env["res.currency"].with_context(active_test=False).search([("name", "in", list(set(names)))])
        self._by_name = {currency.name: currency for currency in found}

    def known(self, name):
        """The currency of that name, which may be archived.

        :raises InvalidDataError: there is none
        """
        currency = self._by_name.get(name)
        if not currency:
            raise InvalidDataError(
                _(
                    "Currency %(currency)s does not exist in Odoo. Correct it in %(provider)s.",
                    currency=name or "?",
                    provider=self._provider,
                )
            )
        return currency

    def usable(self, name):
        """The active currency of that name.

        :raises InvalidDataError: there is none
        :raises NotReadyError: it is archived
        """
        currency = self.known(name)
        if not currency.active:
            raise NotReadyError(
                _("Currency %(currency)s is not active in Odoo. Activate it.", currency=name), awaits=currency
            )
        return currency


def no_rate(currency):
    """The error of a currency for which Odoo has no exchange rate."""
    return NotReadyError(
        _("Currency %(currency)s has no exchange rate in Odoo. Enter one.", currency=currency.name), awaits=currency
    )


def check_posted(move, number):
    """
    :param number: number of the bill or credit note at the provider
    :raises NotReadyError: it is not posted
    """
    if move.state == "draft":
        is_credit = move.move_type == "in_refund"
        waits = (
            _("Waiting until credit note %(number)s is posted.", number=number)
            if is_credit
            else _("Waiting until bill %(number)s is posted.", number=number)
        )
        raise NotPostedError(waits, awaits=move)
    if move.state == "cancel":
        raise NotReadyError(_("%(record)s is cancelled in Odoo.", record=number), awaits=move)


def check_date(move, planned):
    """
    :raises LockedPeriodError: Odoo moved the date of an entry while it was posted
    """
    if move.date != planned:
        raise LockedPeriodError(
            _(
                "Odoo would book on %(odoo_value)s instead of %(planned)s because the period was locked in the"
                " meantime.",
                odoo_value=move.date,
                planned=planned,
            ),
            awaits=move.company_id,
        )


def journal_locks(journal, date):
    """[(date, label)] of the journal's own lock dates that cover the date. Other addons add these fields."""
    names = [name for name, field in journal._fields.items() if name.endswith("lock_date") and field.type == "date"]
    values = journal.sudo()  # sudo: the fields of other addons may be restricted
    return [
        (values[name], journal._fields[name]._description_string(journal.env))
        for name in names
        if values[name] and values[name] >= date
    ]


class OpenDates:
    """Accounting dates by the lock dates of the company and the policy of the flow."""

    def __init__(self, env, flow):
        self._env = env
        self._provider = flow.connection_id._provider_name()
        self._company = flow.company_id.with_env(env)
        self._flow = flow
        self._locks = {}

    def locks(self, date, journal, has_tax):
        """(lock dates of the company, of the journal) that cover the date, with Odoo's lock date exceptions."""
        key = (date, journal.id, has_tax)
        if key not in self._locks:
            of_company = self._company._get_violated_lock_dates(date, has_tax, journal)
            self._locks[key] = of_company, journal_locks(journal, date)
        return self._locks[key]

    def resolve(self, date, journal, has_tax=False):
        """The date to book on.

        :raises LockedPeriodError: the date is locked and the policy is to hold, or its fiscal year is locked
        """
        of_company, of_journal = self.locks(date, journal, has_tax)
        if not of_company and not of_journal:
            return date
        day = self._open_day(date, journal, has_tax)
        if self._env.context.get("ml_next_open_day"):
            return day
        if self._flow.lock_date_policy == "next_open_day":
            year_end = self._company.compute_fiscalyear_dates(date)["date_to"]
            if day <= year_end:
                return day
            raise LockedPeriodError(
                _(
                    "%(date)s is in the fiscal year that ended on %(end)s, which is locked. Unlock it, or post on"
                    " %(day)s, in another fiscal year.",
                    date=date,
                    end=year_end,
                    day=day,
                ),
                awaits=self._company if of_company else journal,
            )
        labels = {name: self._company._fields[name]._description_string(self._env) for _lock, name in of_company}
        named_locks = [(lock, labels[name]) for lock, name in sorted(of_company)] + of_journal
        raise LockedPeriodError(
            _(
                "%(date)s is in a locked period (%(locks)s).",
                date=date,
                locks=[_("%(lock)s: %(date)s", lock=label, date=lock) for lock, label in named_locks],
            ),
            awaits=self._company if of_company else journal,
        )

    def _open_day(self, date, journal, has_tax):
        """The first day after the date that is not locked."""
        while any(locks := self.locks(date, journal, has_tax)):
            date = max(lock for of_one in locks for lock, _name in of_one) + timedelta(days=1)
        return date

    def shift_note(self, original, booked):
        """The note of a record that is not booked on its own date."""
        return _(
            "Booked on %(booked)s because the period is locked. Date in %(provider)s: %(original)s.",
            original=original,
            booked=booked,
            provider=self._provider,
        )


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
