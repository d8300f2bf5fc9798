"""Accounting dates and lock dates."""

from datetime import timedelta

from ..core.errors import LockedPeriodError
from ..core.messages import _


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

    def of(self, date, journal, has_tax=False):
        """(`date` and `ml_original_date` of a record, note if it is not booked on its own date).

        :raises LockedPeriodError: as `resolve`
        """
        booked = self.resolve(date, journal, has_tax)
        if booked == date:
            return {"date": date, "ml_original_date": False}, ""
        note = _(
            "Booked on %(booked)s because the period is locked. Date in %(provider)s: %(original)s.",
            original=date,
            booked=booked,
            provider=self._provider,
        )
        return {"date": booked, "ml_original_date": date}, note


def journal_locks(journal, date):
    """[(date, label)] of the journal's own lock dates that cover the date. Other addons add these fields."""
    names = [name for name, field in journal._fields.items() if name.endswith("lock_date") and field.type == "date"]
    values = journal.sudo()  # sudo: the fields of other addons may be restricted
    return [
        (values[name], journal._fields[name]._description_string(journal.env))
        for name in names
        if values[name] and values[name] >= date
    ]


def check_date(moves, planned):
    """
    :raises LockedPeriodError: Odoo moved the date of an entry while it was posted
    """
    if move := moves.filtered(lambda move: move.date != planned)[:1]:
        raise LockedPeriodError(
            _(
                "Odoo would book on %(odoo_value)s instead of %(planned)s because the period was locked in the"
                " meantime.",
                odoo_value=move.date,
                planned=planned,
            ),
            awaits=move.company_id,
        )
