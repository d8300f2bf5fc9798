from odoo.tests import tagged

from .common import ConnectorCase


@tagged("post_install", "-at_install")
class TestPartner(ConnectorCase):
    def setUp(self):
        super().setUp()
        self.vendors = self.env["res.partner"].create(
            [{"name": f"Example Supplies {rank}", "supplier_rank": rank} for rank in (0, 1, 5)]
        )

    def raise_ranks(self, vendors):
        for vendor in vendors:
            vendor._increase_rank("supplier_rank", 2)
        self.env.flush_all()
        with self.enter_registry_test_mode():
            self.env.cr.postcommit.run()
        self.env.invalidate_all()

    def test_bills_of_the_connector_are_counted_without_a_change_of_the_vendor(self):
        before = self.vendors.mapped("write_date")
        for _time in range(2):
            self.raise_ranks(self.vendors.with_context(ml_no_sync=True))
        self.assertEqual(self.vendors.mapped("supplier_rank"), [4, 5, 9])
        self.assertEqual(self.vendors.mapped("write_date"), before)

    def test_bills_of_users_are_counted_by_odoo(self):
        self.raise_ranks(self.vendors)
        self.assertEqual(self.vendors.mapped("supplier_rank"), [2, 3, 7])
