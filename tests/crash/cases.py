"""What people do in one case of a test, and what must be true of it in the end."""

from support.invariants import bill_problems, partner_problems, vendor_problems
from support.kills import Case


class BookCase(Case):
    """Two bills, one of them paid, from approval to the last report."""

    due = ("bills", "payments")

    def start(self):
        self.bills = [self.books.add_bill(), self.books.add_bill(paid=True)]

    def problems(self):
        return [problem for bill in self.bills for problem in bill_problems(self.books, bill)]


class EventCase(Case):
    """A bill of which only a webhook event tells."""

    def start(self):
        self.bill = self.books.add_bill()
        self.books.workers.code(
            "from odoo.addons.ml_connector.core.capabilities import Event\n"
            f"event = Event(event_id={self.bill!r}, event_type='bills.ready_to_sync', external_id={self.bill!r})\n"
            "env['ml.webhook.event']._receive(env['ml.connection'].search([]), event)"
        )

    def problems(self):
        return bill_problems(self.books, self.bill)


class VendorCase(Case):
    """A new vendor at Ramp."""

    due = ("vendors",)

    def start(self):
        self.vendor = self.books.add_vendor()

    def problems(self):
        return vendor_problems(self.books, self.vendor)


class NewPartnerCase(Case):
    """A new vendor in Odoo, which Ramp gets."""

    def start(self):
        self.partner = self.books.add_partner()

    def problems(self):
        return partner_problems(self.books, self.partner)


class ChangedPartnerCase(Case):
    """A changed vendor in Odoo, which Ramp has already; the nightly sweep is due, too."""

    due = ("vendors_push",)

    def start(self):
        self.partner = self.books.add_partner()
        self.books.due()
        self.books.workers.run()
        self.books.write_partner(self.partner, street="2 Second Street")

    def problems(self):
        # A change may be sent again when it is not known whether it arrived: that changes nothing at Ramp.
        once, twice = (partner_problems(self.books, self.partner, updates=updates) for updates in (1, 2))
        return once and twice
