import random
from datetime import UTC, date, datetime, time, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo, available_timezones

from odoo.tests import tagged

from .common_writers import WriterCase

RECEIVED = datetime(2026, 10, 1, 1, 0)
"""30 September, 18:00 in Los Angeles."""
SEPTEMBER, OCTOBER = date(2026, 9, 30), date(2026, 10, 1)


@tagged("post_install", "-at_install")
class TestDays(WriterCase):
    """The day of a stored moment is the company's, not that of UTC."""

    def zone(self, name):
        self.company.partner_id.tz = name

    def order(self):
        product = self.make("product.product", name="Paper", is_storable=True)
        line = {"product_id": product.id, "product_qty": 3, "price_unit": 10.0}
        order = self.make_order(self.vendor, line, company_id=self.company)
        order.picking_ids.move_ids.write({"quantity": 3, "picked": True})
        order.picking_ids.button_validate()
        order.picking_ids.date_done = RECEIVED
        order.write({"date_approve": RECEIVED, "date_order": RECEIVED, "date_planned": RECEIVED})
        return order

    def test_receipt_and_order(self):
        order = self.order()
        flow = self.flow("bill")
        flow.start_date = OCTOBER
        self.patch(type(flow), "_spec", lambda flow: SimpleNamespace(coded=False))
        receipts, orders = self.env["ml.exporter.goods_receipt"], self.env["ml.exporter.purchase_order"]
        self.patch(type(self.env["ml.exporter"]), "_remote_id", lambda *args: "remote")
        october = dict.fromkeys(("UTC", "Europe/Oslo", "Pacific/Kiritimati"), OCTOBER)
        for name, day in {"America/Los_Angeles": SEPTEMBER, **october}.items():
            self.zone(name)
            self.assertEqual(receipts._document(flow, order.picking_ids).received_on, day)
            document = orders._document(flow, order)
            self.assertEqual((document.order_date, document.promise_date), (day, day))
            # the start date is a day of the company's, too
            for reader, record in ((receipts, order.picking_ids), (orders, order)):
                self.assertEqual(bool(record.filtered_domain(reader._domain(flow))), day >= OCTOBER)

    def test_where_the_zone_comes_from(self):
        branch = self.make("res.company", name="Branch", parent_id=self.company)
        user, calendar, contact = self.env.user, branch.resource_calendar_id, self.company.partner_id
        branch.partner_id.tz = user.tz = False
        for record, zone, day in (
            (contact, "America/Los_Angeles", SEPTEMBER),
            (contact, False, OCTOBER),
            (calendar, "America/Los_Angeles", SEPTEMBER),
            (user, "UTC", OCTOBER),
            (user, "America/Los_Angeles", SEPTEMBER),
        ):
            record.tz = zone
            self.assertEqual(branch._ml_day(RECEIVED), day, (record, zone))

    def test_any_zone_and_moment(self):
        chance = random.Random(20260930)
        for name in chance.sample(sorted(available_timezones() & set(self.zones())), 60):
            self.zone(name)
            for _try in range(10):
                moment = datetime(2020, 1, 1) + timedelta(seconds=chance.randrange(12 * 366 * 86400))
                day = self.company._ml_day(moment)
                local = moment.replace(tzinfo=UTC).astimezone(ZoneInfo(name))
                self.assertEqual(day, local.date())
                # there and back: the moment is of the day that begins before it and of no later one
                self.assertLessEqual(self.company._ml_begin(day), moment)
                self.assertGreater(self.company._ml_begin(day + timedelta(days=1)), moment)
                begin = datetime.combine(day, time(12), ZoneInfo(name)).astimezone(UTC).replace(tzinfo=None)
                self.assertEqual(self.company._ml_day(begin), day)

    def zones(self):
        return dict(self.env["res.partner"]._fields["tz"]._description_selection(self.env))
