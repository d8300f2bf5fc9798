"""The state of the Visma.net sandbox: one company. Rows are kept as the API shows them."""

import time
from collections import Counter
from datetime import UTC, datetime, timedelta

from .wire import stamp


class State:
    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.base_currency, self.non_project = "", "X"
        self.tokens, self.files = {}, {}
        self.accounts, self.projects, self.branches, self.currencies = {}, {}, {}, {}
        self.vats, self.vat_categories, self.vat_zones = {}, {}, {}
        self.credit_terms, self.classes, self.periods = {}, {}, {}
        self.segments = []
        self.suppliers, self.invoices, self.payments, self.orders = {}, {}, {}, {}
        self.receipts = {}
        self.rates = {}
        self.ignored = []
        self._numbers = Counter()
        self._due = []

    # -- numbers and versions ----------------------------------------------------------------------------------------

    def next_number(self, kind):
        self._numbers[kind] += 1
        return self._numbers[kind]

    def touch(self, row):
        """Give a row a new version and time of change."""
        row["timeStamp"] = stamp(self.next_number("version"))
        row["lastModifiedDateTime"] = self.now_text()
        return row

    def now_text(self):
        moment = datetime.now(UTC) + timedelta(hours=self.sandbox.settings.clock_offset)
        return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]

    # -- what happens later ------------------------------------------------------------------------------------------

    def later(self, seconds, action):
        """Do something when the time has come: nobody sees the state before it has been settled."""
        self._due.append((time.monotonic() + seconds, action))

    def settle(self, now=None):
        now = time.monotonic() if now is None else now
        due = [action for moment, action in self._due if moment <= now]
        self._due = [(moment, action) for moment, action in self._due if moment > now]
        for action in due:
            action()

    # -- looking up --------------------------------------------------------------------------------------------------

    def period_of(self, date_text):
        """The financial period of a date, or ``None``."""
        return next(
            (row for row in self.periods.values() if row["startDate"][:10] <= date_text[:10] <= row["endDate"][:10]),
            None,
        )

    def effect(self, kind, key):
        self.sandbox.journal.effect(kind, key)
