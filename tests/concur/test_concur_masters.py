"""Vendors, lists and invoices by list in a real Odoo: nothing twice, whatever happens on the way."""

import pytest
from concur_books import DAY, connected_books
from sandbox.concur.documents import identity, invoice, invoice_tax
from sandbox.concur.vendors import VENDOR_GROUPS
from support.invariants import chain_problem
from support.kills import FAULTS, Case, kill_at_each, kill_at_every_moment, meet_fault, passed_points

VENDORS = "/api/v3.1/invoice/vendors"
SENT_AND_LOST = [title for title in FAULTS if not title.endswith(", once")]
CALLS = {"look-up": "GET", "create": "POST"}
STEPS = {f"{method}:api/invoice/vendors" for method in CALLS.values()} | {"claim", "commit"}


@pytest.fixture(scope="module")
def books():
    with connected_books("concur_masters", size="1") as books:
        for flow in ("vendors_push", "accounts_push", "analytic_push"):
            books.switch(flow, True)
        books.due("lists", "accounts_push", "analytic_push", "vendors_push")
        books.settle()
        yield books
        assert not books.control.violations()
        assert not chain_problem(books)


class PartnerCase(Case):
    """A new vendor in Odoo, which Concur gets once."""

    def start(self):
        self.number = next(self.books._numbers)
        self.name = f"Graphic Design {self.number} Ltd"
        self.books.workers.code(
            f"env['res.partner'].create({{'name': {self.name!r}, 'is_company': True, 'supplier_rank': 1, "
            "'city': 'Lyon', 'country_id': env.ref('base.fr').id})"
        )

    def problems(self):
        made = [row for row in self.books.control.vendors() if row["VendorName"] == self.name]
        if len(made) != 1:
            return [f"{self.name} is {len(made)} vendors at Concur"]
        key = f"{made[0]['VendorCode']}/{made[0]['AddressCode']}"
        created = self.books.control.effects("vendor.create", key).get("vendor.create", {}).get(key)
        bound = self.books.value(
            """SELECT count(*) FROM ml_binding b JOIN res_partner p ON p.id = b.res_id AND b.res_model = 'res.partner'
                WHERE p.name = %s AND b.external_id = %s""",
            self.name,
            made[0]["VendorCode"],
        )
        return [] if (created, bound) == (1, 1) else [f"{self.name} was made {created} times and bound {bound} times"]


def test_killed_at_every_point_of_a_push(books, subtests):
    PartnerCase(books)
    books.settle()
    kill_at_every_moment(books, subtests, PartnerCase, "vendors_push", STEPS)


@pytest.mark.parametrize("call", CALLS)
def test_fault_while_a_vendor_is_sent(call, books, subtests):
    for title in SENT_AND_LOST:
        with subtests.test(title):
            meet_fault(FAULTS[title], books, PartnerCase, CALLS[call], VENDORS)


def test_what_was_sent_does_not_come_back_as_a_change(books):
    case = PartnerCase(books)
    books.settle()
    writes = books.control.effects("vendor.update")
    books.due("vendors", "vendors_push")
    books.settle()
    assert not case.problems()
    assert books.control.effects("vendor.update") == writes
    assert books.value("SELECT count(*) FROM res_partner WHERE name = %s", case.name) == 1


def test_groups_follow_the_tags_of_the_contact(books):
    case = PartnerCase(books)
    books.settle()
    tag = VENDOR_GROUPS[0]
    partner = f"env['res.partner'].search([('name', '=', {case.name!r})])"
    books.workers.code(f"{partner}.category_id = env['res.partner.category'].create({{'name': {tag!r}}})")
    books.workers.code(
        "env['ml.flow'].search([('key', '=', 'vendors_push')]).group_tag_ids = "
        f"env['res.partner.category'].search([('name', '=', {tag!r})])"
    )
    books.settle()
    assert [row["groups"] for row in books.control.vendors() if row["VendorName"] == case.name] == [[tag]]
    books.workers.code(f"{partner}.category_id = False")
    books.settle()
    assert [row["groups"] for row in books.control.vendors() if row["VendorName"] == case.name] == [[]]
    books.workers.code("env['ml.flow'].search([('key', '=', 'vendors_push')]).group_tag_ids = False")
    assert not case.all_problems()


def test_changes_of_both_sides_are_merged(books):
    case = PartnerCase(books)
    books.settle()
    (row,) = [row for row in books.control.vendors() if row["VendorName"] == case.name]
    books.control.edit_vendor(row["VendorCode"], "MAIN", Address1="1 Rue Neuve", PostalCode="69002")
    books.workers.code(f"env['res.partner'].search([('name', '=', {case.name!r})]).city = 'Villeurbanne'")
    books.due("vendors")
    books.settle()
    (partner,) = books.rows("SELECT street, zip, city FROM res_partner WHERE name = %s", case.name)
    assert partner == {"street": "1 Rue Neuve", "zip": "69002", "city": "Villeurbanne"}
    (row,) = books.control.vendors(row["VendorCode"])
    assert (row["Address1"], row["PostalCode"], row["City"]) == ("1 Rue Neuve", "69002", "Villeurbanne")


def test_accounts_and_analytic_accounts_are_in_the_lists(books):
    accounts = books.control.list_items("GL Accounts")
    assert accounts["600000"] == "Expenses"
    assert "699900" in accounts
    assert len(accounts) > 50
    books.workers.code(
        "env['account.analytic.account'].create({'name': 'Night shift', 'code': 'CC-300', "
        "'plan_id': env['account.analytic.plan'].search([('name', '=', 'Cost Centers')]).id})"
    )
    books.settle()
    assert books.control.list_items("Cost Centers")["CC_300"] == "Night shift"
    mapping = books.rows("SELECT state, origin FROM ml_mapping WHERE external_id = 'custom1:CC_300'")
    assert mapping == [{"state": "mapped", "origin": "ours"}]


class AnalyticCase(Case):
    """A new analytic account, which becomes one item of its list."""

    def start(self):
        self.code = f"NEW{next(self.books._numbers)}"
        self.books.workers.code(
            f"env['account.analytic.account'].create({{'name': 'New', 'code': {self.code!r}, "
            "'plan_id': env['account.analytic.plan'].search([('name', '=', 'Cost Centers')]).id})"
        )

    def problems(self):
        made = self.books.control.effects("listItem.create", self.code)
        bound = self.books.value(
            """SELECT count(*) FROM ml_binding b JOIN account_analytic_account a
                ON a.id = b.res_id AND b.res_model = 'account.analytic.account' WHERE a.code = %s""",
            self.code,
        )
        expected = {"listItem.create": {self.code: 1}}
        return [] if (made, bound) == (expected, 1) else [f"{self.code}: {made}, bound {bound} times"]


ITEMS = "/list/v4/items"


def test_killed_while_a_list_item_is_sent(books, subtests):
    points = [point for point in passed_points(books, AnalyticCase) if point.startswith("analytic_push ")]
    assert {point.split()[1] for point in points} >= {"GET:list/lists/children", "POST:list/items", "commit"}
    ended = [point for point in points if point.split()[2] == "after"]
    ended = [point for point in ended if point.split()[1].startswith(("GET", "POST", "commit"))]
    kill_at_each(ended, books, subtests, AnalyticCase)


@pytest.mark.parametrize("title", SENT_AND_LOST)
def test_fault_while_a_list_item_is_sent(title, books):
    meet_fault(FAULTS[title], books, AnalyticCase, "POST", ITEMS)


def release(books, number):
    """An invoice that is finally approved: in the queue, and in the list."""
    request_id = identity("once", number, length=20)
    line = ("Paper", "600000", 100, 0, [invoice_tax("VAT15", 15)])
    books.control.add_document("invoice", request_id, invoice(request_id, [line], day=DAY, number=f"ONCE-{number}"))
    books.control.list_invoice(request_id, DAY.isoformat())


def read_by(books, flow, other):
    books.switch(other, False)
    books.switch(flow, True)
    books.rows("UPDATE ml_flow SET cursor = NULL WHERE key = %s", flow)
    books.due(flow)
    books.settle()


def test_an_invoice_is_booked_once_whichever_flow_brings_it(books):
    fis, by_list = "invoices", "payment_requests"
    release(books, 1)
    read_by(books, fis, by_list)
    release(books, 2)
    with pytest.raises(Exception, match="sync the same records"):
        books.switch(by_list, True)
    read_by(books, by_list, fis)
    read_by(books, fis, by_list)
    bills = books.rows(
        """SELECT m.ref, m.state, count(*) AS count, count(DISTINCT b.id) AS bindings
             FROM account_move m JOIN ml_binding b ON b.res_id = m.id AND b.kind = 'bill'
            WHERE m.move_type = 'in_invoice' AND m.ref LIKE 'ONCE-%%' GROUP BY 1, 2 ORDER BY 1"""
    )
    assert bills == [{"ref": f"ONCE-{number}", "state": "posted", "count": 1, "bindings": 1} for number in (1, 2)]
    assert books.value("SELECT count(*) FROM account_move WHERE ref LIKE 'ONCE-%%'") == 2
