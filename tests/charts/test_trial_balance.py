"""The trial balances of each provider in a company with the Dutch chart, books in euros, and a clock two hours ahead.

Its provider's own currency may be another one: Ramp's entity keeps its books in US dollars, of which Odoo gets 1.08
for a euro. What Ramp's data come to is worked out from them alone; the other figures are derived by hand.
"""

import contextlib
from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace

import countries
import pytest
from sandbox.concur import ConcurSandbox, ConcurSettings
from sandbox.concur.documents import CBCP, cash_advance, entry, identity, invoice, invoice_tax, payroll, report, tax
from sandbox.ramp import RampSandbox, RampSettings
from sandbox.stampli import StampliSandbox
from sandbox.visma import VismaSandbox, VismaSettings
from support.books import Books
from support.ledger import BALANCES, Ledger, assert_trial_balance
from support.workers import Workers

from lib import odoo

RATES = {"EUR": Decimal(1), "USD": Decimal("1.08"), "GBP": Decimal("0.86"), "JPY": Decimal(160)}
DAY = date(2026, 9, 10)
COMPANY = """
company = env["res.company"].search([("name", "=", "Company NL")])
env = env(context={"allowed_company_ids": company.ids})
company = company.with_env(env)
"""
BOOKS = """
env.ref("base.user_admin").company_ids |= company
company.partner_id.tz = "Europe/Oslo"
company.tax_calculation_rounding_method = "round_globally"
env["res.config.settings"].create({"group_analytic_accounting": True}).execute()
currencies = env["res.currency"].with_context(active_test=False)
for name, rate in RATES.items():
    currency = currencies.search([("name", "=", name)])
    currency.active = True
    if currency != company.currency_id:
        env["res.currency.rate"].create(
            {"currency_id": currency.id, "company_id": company.id, "name": "2020-01-01", "rate": rate}
        )
for name, amount in (("15%", 15), ("0% Exempt", 0)):
    company.account_purchase_tax_id.copy({"name": name, "amount": amount})
for name, code, kind in (("Cards", "RCARD", "credit"), ("Paid Outside", "RMAN", "bank")):
    env["account.journal"].create({"name": name, "code": code, "type": kind, "company_id": company.id})
env["account.account"].create(
    [
        {"code": code, "name": name, "account_type": "liability_current" if code > "14" else "asset_current"}
        for code, name in (("125900", "Cash Advances"), ("145900", "Company Cards"), ("145910", "Payroll Clearing"))
    ]
)
env["hr.employee"].create(
    [
        {"name": email, "work_email": email, "company_id": company.id}
        for email in ("ada@example.com", *(f"user{number}@example.com" for number in range(1, 8)))
    ]
)
env["res.partner"].create(
    [{"name": name, "is_company": True, "supplier_rank": 1} for name in ("Card Issuer", "Supplies Ltd")]
)
"""
CONNECT = """
# those of the providers before: their sandboxes are gone
for old in env["ml.connection"].search([]):
    old.flow_ids.active = False
    old.write({"state": "paused"})
    old.active = False
connection = env["ml.connection"].create(
    {"name": PROVIDER, "provider": PROVIDER, "company_id": company.id, "owner_id": env.ref("base.user_admin").id}
)
if URL:
    connection.write({"environment": "custom", "custom_url": URL})
credentials = {credential.name: credential for credential in connection.credential_ids}
for name, value in CREDENTIALS.items():
    credentials[name]["new_secret" if credentials[name].is_secret else "value"] = value
connection.write(VALUES)
flows = connection.with_context(active_test=False).flow_ids
for flow in flows.filtered(lambda flow: flow.key in FLOWS):
    flow.active = True
connection.feed_template_ids.company_code = "ACME-US"
connection.action_test()
"""
MAP = """
# what has no account goes to that of the journal
usual = env["account.journal"].search([("company_id", "=", company.id), ("type", "=", "purchase")]).default_account_id
cost = usual | env["account.account"].search([("company_ids", "in", company.ids), ("account_type", "=", "expense")])
income = env["account.account"].search([("company_ids", "in", company.ids), ("account_type", "=", "income")], limit=1)
costs = dict(zip(("600000", "500000", "611000", "612000", "620000", "630000", "961000", "962000"), cost))
by_code = {account.code: account for account in env["account.account"].search([("company_ids", "in", company.ids)])}
accounts = {
    **costs,
    **{"450000": income, "cashback": income, "CADV": by_code["125900"], "payroll": by_code["145910"]},
    **{"party:CBCP": by_code["145900"], "party:CBCP:1000": by_code["145900"]},
}
journals = {journal.code: journal for journal in env["account.journal"].search([("company_id", "=", company.id)])}
bank = next(journal for journal in journals.values() if journal.type == "bank" and journal.code != "RMAN")
taxes = {tax.amount: tax for tax in env["account.tax"].search(
    [("company_id", "=", company.id), ("name", "in", ("21%", "15%", "0% Exempt"))] )}


def account(mapping):
    wage = mapping.external_id.startswith("wage:")
    key = mapping.external_code if mapping.external_code in accounts else mapping.external_id
    return costs["630000"] if wage else accounts.get(key, costs["600000"])


def tax(mapping):
    return taxes[next((rate for rate in (21, 15) if str(rate) in mapping.external_id), 0)]


def journal(mapping):
    code = {"card": "RCARD", "method:PAID_MANUALLY": "RMAN"}.get(mapping.external_id)
    return journals[code] if code else bank


def vendor(mapping):
    names = {"ramp": "Card Issuer", "concur": "Supplies Ltd", "stampli": "Supplies Ltd"}
    return env["res.partner"].browse(mapping.proposed_id or env["res.partner"].search(
        [("name", "=", names[mapping.connection_id.provider])]).id)


choices = {"account": account, "tax": tax, "journal": journal, "vendor": vendor}
for mapping in env["ml.mapping"].search([("connection_id.provider", "=", PROVIDER)]):
    if PROVIDER == "visma" and mapping.kind != "journal":
        continue
    if mapping.kind in ("account", "tax"):
        mapping.res_id = choices[mapping.kind](mapping).id
    elif mapping.state == "unmapped" and mapping.kind in choices:
        mapping.res_id = choices[mapping.kind](mapping).id
    elif mapping.state == "unmapped":
        mapping.is_ignored = True
payment = env["account.payment"].new({"company_id": company.id})
result = {
    **{code: record.id for code, record in accounts.items()},
    "clearing": journals["RCARD"].default_account_id.id,
    "payable": company.partner_id.property_account_payable_id.id,
    "outstanding": payment._get_outstanding_account("outbound").id,
    "incoming": payment._get_outstanding_account("inbound").id,
    "tax": taxes[21].invoice_repartition_line_ids.account_id.id,
}
"""
CHANGED = """
    SELECT l.account_id AS account, sum(l.balance) AS balance FROM account_move_line l
     WHERE l.parent_state = 'posted' AND l.company_id = %s GROUP BY 1
"""


class DutchBooks(Books):
    """Connections of one company to one sandbox after the other."""

    def __init__(self, database, workers):
        super().__init__(database, SimpleNamespace(control=None), workers)
        self.code(BOOKS, RATES={name: float(rate) for name, rate in RATES.items() if name != "EUR"})
        self.company = self.value("SELECT id FROM res_company WHERE name = 'Company NL'")

    def code(self, source, **values):
        named = "".join(f"{name} = {value!r}\n" for name, value in values.items())
        return self.workers.code(named + COMPANY + source)

    def connect(self, provider, url="", flows=(), **credentials):
        """As an administrator does: test, start, first the codes alone, which are mapped before anything is booked."""
        values = credentials.pop("values", {})
        given = {"PROVIDER": provider, "URL": url, "FLOWS": flows, "CREDENTIALS": credentials, "VALUES": values}
        self.code(CONNECT, **given)
        self.workers.run()
        self.code("env['ml.connection'].search([('provider', '=', PROVIDER)]).action_start()", PROVIDER=provider)
        self.due("coding", "accounts", "vendors")
        self.workers.run()
        return self.map(provider)

    def map(self, provider):
        """Say what is not mapped yet; {name: account id}."""
        return self.code(MAP, PROVIDER=provider)

    def sync(self, provider):
        """Read everything, files at the second look; map what comes up; read on until nothing is open."""
        for _round in range(3):
            self.due(*(row["key"] for row in self.rows("SELECT key FROM ml_flow WHERE active")))
            self.workers.run()
            self.rows("UPDATE ml_feed_file SET observed_at = observed_at - interval '1 minute'")
            self.map(provider)
        self.settle()

    def balances(self):
        return {row["account"]: row["balance"] for row in self.rows(CHANGED, self.company)}

    @contextlib.contextmanager
    def changing(self, accounts, **expected):
        """What is done in it changes the trial balance by just that; accounts by their names."""
        before = self.balances()
        yield
        after = self.balances()
        names = {account_id: name for name, account_id in reversed(accounts.items())}
        changed = {
            names.get(key, key): balance - before.get(key, 0)
            for key, balance in after.items()
            if balance != before.get(key, 0)
        }
        assert changed == {name.removeprefix("cost"): Decimal(amount) for name, amount in expected.items()}


@pytest.fixture
def books():
    with contextlib.ExitStack() as stack:
        database = stack.enter_context(odoo.temporary_database("trial_balance", template=countries.template()))
        workers = stack.enter_context(contextlib.closing(Workers(database)))
        yield stack.enter_context(contextlib.closing(DutchBooks(database, workers)))


def test_visma(books):
    settings = VismaSettings(action_seconds=0.02, hourly_limit=0)
    with VismaSandbox(size="small", base_currency="EUR", settings=settings) as sandbox:
        pushed = ("suppliers_push", "bills_push", "bill_release_push", "payments")
        accounts = books.connect(
            "visma",
            sandbox.url,
            flows=pushed,
            client_id="isv_EXAMPLE",
            client_secret="example-secret",
            tenant_id="3f1c2d9a-0f6e-4f6b-8a53-0c1f6a2b7e11",
            vat_category="0",
        )
        books.code(VISMA)
        changes = {"cost600000": "100.00", "tax": "21.00", "outstanding": "-121.00"}
        with books.changing(accounts, **changes):
            books.code(BILL)
            books.settle()
            (row,) = (row for row in sandbox.control.invoices() if row["supplierReference"] == "NL-VISMA-1")
            sandbox.control.pay(row["referenceNumber"], "121.00", "2026-09-20")
            books.sync("visma")
            assert books.open_rows() == []
        assert sandbox.control.violations() == [] and sandbox.control.ignored() == []


def test_ramp(books):
    settings = RampSettings(rate_limit=0)
    with RampSandbox(size="small", settings=settings) as sandbox:
        # the first of October, half past midnight in Oslo
        repaid = next(row for row in sandbox.state.repayments if row.status == "REPAID")
        repaid.repaid_at = datetime(2026, 9, 30, 22, 30, tzinfo=UTC)
        accounts = books.connect(
            "ramp",
            sandbox.url,
            client_id="ramp_id_EXAMPLE",
            client_secret="example-secret",
            entity="Example Industries Inc.",
        )
        books.sync("ramp")
        assert books.open_rows() == []
        ledger = Ledger(sandbox.state, sandbox.state.entities[0]["id"], RATES, "EUR").fill()
        assert_trial_balance(books.rows(BALANCES, books.company), ledger, accounts, "EUR")
        booked = books.value(
            "SELECT m.date FROM account_move m JOIN ml_binding b ON b.res_model = 'account.move' AND b.res_id = m.id"
            " WHERE b.kind = 'repayment'"
        )
        assert booked == date(2026, 10, 1)
        assert sandbox.control.violations() == []


def test_concur(books):
    with ConcurSandbox(size="none", settings=ConcurSettings(rate_limit=0)) as sandbox:
        sandbox.control.add_vendor("V-0042", "Example Supplies Ltd")
        add, kinds = sandbox.control.add_document, ("trip", "abroad", "advance", "wages", "paper")
        trip, abroad, advance, wages, paper = (identity("dutch", kind, length=20) for kind in kinds)
        own = [
            entry("600000", "121.00", day=DAY, taxes=[tax("VAT21", "21.00", "21.00")]),
            entry("612000", "50.00", day=DAY, paid=CBCP),
        ]
        add("expense", trip, report(trip, own, day=DAY, currency="EUR"))
        add("expense", abroad, report(abroad, [entry("600000", "108.00", day=DAY)], day=DAY, currency="USD"))
        add("cashadvance", advance, cash_advance(advance, 200, day=DAY, currency="EUR"))
        add("payroll", wages, payroll(wages, [("M001", 28, "Y"), ("T900", 40, "N")], day=DAY, currency="EUR"))
        lines = [("Paper", "600000", 100, 0, [invoice_tax("VAT21", 21)])]
        add("invoice", paper, invoice(paper, lines, day=DAY, number="NL-1", currency="EUR"))
        accounts = books.connect(
            "concur",
            sandbox.url,
            flows=("payroll",),
            client_id="concur_id_EXAMPLE",
            client_secret="example-secret",
            company_id="070fde04-0000-4000-8000-000000000001",
            request_token="example-request-token",
        )
        changes = {
            "cost600000": "300.00",
            "cost612000": "50.00",
            "tax": "42.00",
            "CADV": "200.00",
            "party:CBCP": "-50.00",
            "payable": "-542.00",
            "cost630000": "28.00",
            "payroll": "-28.00",
        }
        with books.changing(accounts, **changes):
            books.sync("concur")
            assert books.open_rows() == []
        assert {row["status"] for row in sandbox.control.documents()} == {"POSTING_CONFIRMED_SUCCESS"}
        assert sandbox.control.violations() == []


def test_stampli(books):
    with StampliSandbox(plays=False) as sandbox:
        account, actor = sandbox.account(), sandbox.actor
        names = ("host", "port", "username", "private_key")
        accounts = books.connect(
            "stampli",
            values={"stored_settings": {"host_keys": [account["host_key"]]}},
            **{name: account[name] for name in names},
        )
        vendor = {"VendorId": "V-NL", "VendorName": "Supplies Ltd"}
        line = {"GLAccount": "600000", "LineDescription": "Paper"}
        taxed = {**line, "LineAmount": "100.00", "TaxCode": "VAT21", "LineTaxAmount": "21.00"}
        bill = actor.invoice(vendor, [taxed], currency="EUR")
        bill |= {"TaxAmount": "21.00", "TotalAmount": "121.00"}
        credit = actor.invoice(vendor, [{**line, "LineAmount": "-20.00"}], kind="CREDIT_MEMO", currency="EUR")
        foreign = actor.invoice(vendor, [{**line, "LineAmount": "108.00"}], currency="USD")
        actor.drop_invoices([bill, credit, foreign])
        actor.drop_payments([[{**row, "Currency": "EUR"} for row in actor.payment(vendor, [bill, credit])]])
        changes = {"cost600000": "180.00", "tax": "21.00", "outstanding": "-101.00", "payable": "-100.00"}
        with books.changing(accounts, **changes):
            books.sync("stampli")
            assert books.open_rows() == []


VISMA = """
cost = env["account.journal"].search([("company_id", "=", company.id), ("type", "=", "purchase")]).default_account_id
codes = env["ml.mapping"].search([("connection_id.provider", "=", "visma"), ("kind", "=", "account")])
codes.filtered(lambda code: code.external_id == "7790").res_id = cost.id
taxes = env["ml.mapping"].search([("connection_id.provider", "=", "visma"), ("kind", "=", "tax")])
taxes.filtered(lambda code: code.external_id == "21").res_id = company.account_purchase_tax_id.id
"""
BILL = """
cost = env["account.journal"].search([("company_id", "=", company.id), ("type", "=", "purchase")]).default_account_id
vendor = env["res.partner"].create({"name": "Visma Vendor", "is_company": True, "supplier_rank": 1})
line = {"name": "Paper", "price_unit": 100, "account_id": cost.id, "tax_ids": company.account_purchase_tax_id.ids}
env["account.move"].create(
    {
        "move_type": "in_invoice",
        "partner_id": vendor.id,
        "ref": "NL-VISMA-1",
        "invoice_date": "2026-09-14",
        "date": "2026-09-14",
        "invoice_line_ids": [(0, 0, line)],
    }
).action_post()
"""
