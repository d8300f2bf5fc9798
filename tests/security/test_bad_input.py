"""Bad data from Ramp, all of it in one sync: each record costs itself only, and says what is wrong and what to do."""

import pytest
from support.books import LONG_SECONDS, connected_books
from support.invariants import bill_problems, chain_problem

ARCHIVED, UNMAPPED = "gl-611000", "gl-66200-TRAVEL"
PREPARE = """
mappings = env['ml.mapping'].search([('kind', '=', 'account')])
mappings.filtered(lambda mapping: mapping.external_id == ARCHIVED)._record().active = False
mappings.filtered(lambda mapping: mapping.external_id == UNMAPPED).res_id = False
currencies = env['res.currency'].with_context(active_test=False)
currencies.search([('name', '=', 'SEK')]).write({'active': True, 'rounding': 1.0})
env['res.currency.rate'].create({'currency_id': env.ref('base.SEK').id, 'name': '2020-01-01', 'rate': 10})
currencies.search([('name', '=', 'CHF')]).active = False
company = env.ref('base.main_company')
company.fiscalyear_lock_date = '2025-12-31'
partner = env['res.partner'].browse(PARTNER)
for number, total in (('HAND-SAME', 200.0), ('HAND-OTHER', 55.0)):
    move = env['account.move'].create({
        'move_type': 'in_invoice', 'partner_id': partner.id, 'ref': number, 'invoice_date': '2026-09-30',
        'invoice_line_ids': [(0, 0, {'name': 'By hand', 'quantity': 1, 'price_unit': total, 'tax_ids': []})],
    })
    move.action_post()
"""


def one_line(amount="10.00", account="gl-600000"):
    return [{"amount": amount, "memo": "Bad", "coding": [["gl", account]]}]


BILLS = {
    "good before": ({}, "done", None, ""),
    "no lines": ({"lines": []}, "failed", "validation", "no lines"),
    "too many decimals": ({"currency": "SEK", "lines": one_line("10.55")}, "failed", "validation", "decimals"),
    "inactive currency": ({"currency": "CHF", "lines": one_line()}, "waiting", "not_ready", "CHF"),
    "unknown currency": ({"currency": "XTS", "lines": one_line()}, "failed", "validation", "XTS"),
    "archived account": ({"lines": one_line(account=ARCHIVED)}, "waiting", "not_ready", "archived"),
    "account that nobody mapped": ({"lines": one_line(account=UNMAPPED)}, "waiting", "mapping", "Missing mapping"),
    "locked period": ({"issued_at": "2025-12-15"}, "waiting", "locked_period", "locked"),
    "the same by hand": ({"invoice_number": "HAND-SAME"}, "done", None, ""),
    "another by hand": ({"invoice_number": "HAND-OTHER"}, "failed", "duplicate", "HAND-OTHER"),
    "vendor without a name": ({"vendor": ""}, "waiting", "mapping", "Waiting for"),
    "markup": ({"invoice_number": "<script>alert(1)</script>", "memo": "{{7*7}} ${7*7} %s"}, "done", None, ""),
    "good after": ({}, "done", None, ""),
}
"""By title: what is special about a bill, and what becomes of its row: state, class, words of its sentence."""


@pytest.fixture(scope="module")
def books():
    with connected_books("security_input") as books:
        partner = books.value("SELECT res_id FROM ml_binding WHERE external_id = %s", books.first_vendor)
        books.workers.code(f"ARCHIVED, UNMAPPED, PARTNER = {ARCHIVED!r}, {UNMAPPED!r}, {partner}\n{PREPARE}")
        yield books


@pytest.fixture(scope="module")
def bills(books):
    """Everything at once: the bad bills, a page that repeats, and a vendor that cannot be taken."""
    bills = {}
    for title, (values, *_expected) in BILLS.items():
        values = dict(values)
        if "vendor" in values:
            values["vendor"] = books.control.add_vendor(values.pop("vendor"), country="GB", currency="USD")
        bills[title] = books.add_bill(**values)
    books.due("vendors", "bills")
    books.control.add_fault("duplicate_page", method="GET", path="*/bills")
    books.workers.run(patches={"page_size": 2})
    (fault,) = books.control.faults()
    books.control.clear_faults()
    assert fault["hits"]
    return bills


def row_of(books, bill, flow="bills"):
    return books.workers.code(
        f"log = env['ml.sync.log'].search([('external_id', '=', {bill!r}), ('flow_id.key', '=', {flow!r})])\n"
        "result = [log.state, log.error_class, log.error_message, log.advice, log.outcome]"
    )


@pytest.mark.parametrize("title", BILLS)
def test_bill(title, books, bills):
    _values, state, error_class, words = BILLS[title]
    row = row_of(books, bills[title])
    assert row[:2] == [state, error_class or False], row
    if error_class:
        sentence, advice = row[2:4]
        assert words in sentence
        assert sentence.endswith(".") and "\n" not in sentence and "Traceback" not in sentence
        assert advice.endswith(".")


def test_ramp_is_told_of_successes_and_failures_only(books, bills):
    for title, bill in bills.items():
        state = BILLS[title][1]
        expected = {"done": {"BILL_SYNC": {bill: 1}}, "failed": {"BILL_SYNC.failed": {bill: 1}}, "waiting": {}}[state]
        assert books.control.effects(object_id=bill) == expected, title
        stored = books.sandbox.state.bills.get(bill).sync_error
        assert bool(stored) == (state == "failed"), title


def test_nothing_is_made_of_what_is_bad(books, bills):
    for title, (_values, state, _class, _words) in BILLS.items():
        number = books.sandbox.state.bills.get(bills[title]).invoice_number
        count = books.value("SELECT count(*) FROM account_move WHERE ref = %s", number)
        assert count == (1 if state == "done" or title == "another by hand" else 0), title


def test_vendor_without_a_name(books, bills):
    vendor = books.sandbox.state.bills.get(bills["vendor without a name"]).vendor
    state, error_class, sentence, advice, _outcome = row_of(books, vendor.id, "vendors")
    assert (state, error_class) == ("failed", "validation")
    assert "name" in sentence
    assert advice


def test_linked_and_markup(books, bills):
    assert row_of(books, bills["the same by hand"])[4] == "linked"
    shown = books.workers.code(
        f"log = env['ml.sync.log'].search([('external_id', '=', {bills['markup']!r}), ('flow_id.key', '=', 'bills')])\n"
        "result = env['account.move'].browse(log.res_id).message_ids.mapped('body')"
    )
    assert not [body for body in shown if "<script" in body or "49" in body]


def test_correcting_it_is_enough(books, bills):
    """What the advice says, done: the period opened, the currency switched on, the account mapped and so on."""
    books.workers.code(
        "env.ref('base.main_company').fiscalyear_lock_date = False\n"
        "env['res.currency'].with_context(active_test=False).search([('name', '=', 'CHF')]).active = True\n"
        "env['res.currency.rate'].create({'currency_id': env.ref('base.CHF').id, 'name': '2020-01-01', 'rate': 0.9})\n"
        "env.ref('base.SEK').rounding = 0.01\n"
        "accounts = env['account.account'].with_context(active_test=False)\n"
        "accounts.search([('active', '=', False)]).active = True\n"
        "account = accounts.search([('code', '=', '600000')], limit=1)\n"
        f"env['ml.mapping'].search([('external_id', '=', {UNMAPPED!r})]).res_id = account.id\n"
        "env['ml.sync.log'].search([('state', '=', 'failed')]).action_retry()"
    )
    vendor = books.sandbox.state.bills.get(bills["vendor without a name"]).vendor
    books.control.edit_vendor(vendor.id, name="Has A Name Now Ltd.")
    books.due("vendors")
    books.workers.run()
    books.pass_time(LONG_SECONDS)
    books.workers.run()
    still_bad = {"no lines", "unknown currency", "another by hand"}
    for title, bill in bills.items():
        if title in still_bad:
            assert row_of(books, bill)[0] == "failed", title
        else:
            assert row_of(books, bill)[0] == "done", title
    for title in ("good before", "locked period", "inactive currency", "too many decimals", "vendor without a name"):
        problems = bill_problems(books, bills[title])
        assert not [problem for problem in problems if "rows" not in problem and "told" not in problem], title


def test_chain_is_whole(books, bills):
    assert not chain_problem(books)
