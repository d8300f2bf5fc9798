"""Three companies at work: one, its branch, and one that has nothing to do with them. Each has a Ramp of its own, and
the files of all lie on one server.

All three have the same vendors, bills and invoices at their providers. What only one company may know has a word of its
own in its name, so that one look at any text tells whether it got to others.
"""

import contextlib
from dataclasses import dataclass

from sandbox.ramp import RampSandbox, RampSettings
from sandbox.stampli import StampliSandbox
from support.books import Books
from support.people import open_offices

ROLES = ("user", "accountant", "administrator")
RUN = "for connection in env['ml.connection'].search([], order='id'): connection._cron_run()"
PULLS = ("coding", "vendors", "bills", "bill_files", "results", "payments")
PUSHES = (
    *(
        "vendors_push",
        "accounts_push",
        "dimensions_push",
        "dimension_values_push",
        "taxes_push",
        "purchase_orders_push",
    ),
    *("order_files_push", "bills_push", "own_bill_files_push", "users_push", "accounting_vendors_push"),
)
SET_UP = """
company = env["res.company"].browse(company)
env = env(context={"allowed_company_ids": [company.id]})
root = company.root_id
shared = group if company == root else word  # what a branch may read as well, as Odoo's own rules have it
accounts = env["account.account"].search([("company_ids", "in", root.ids)])
expense = accounts.filtered(lambda account: account.account_type == "expense")[:1]
if company == root:
    secret_account = expense.copy({"name": shared + " Expenses", "code": "6999" + str(company.id)})
    env["account.tax"].search(
        [("company_id", "=", company.id), ("type_tax_use", "=", "purchase"), ("amount", "=", 15)], limit=1
    ).copy({"name": shared + " Tax", "amount": 7})
plans = env["account.analytic.plan"]
plan = plans.search([("name", "=", "Sites")]) or plans.create({"name": "Sites"})
analytic = env["account.analytic.account"].create(
    {"name": shared + " Site", "code": shared[:4] + "1", "plan_id": plan.id, "company_id": company.id}
)
product = env["product.product"].create(
    {"name": shared + " Paper", "type": "service", "company_id": company.id, "purchase_method": "purchase"}
)
supplier = env["res.partner"].create(
    {
        "name": shared + " Supplies Ltd", "email": "ap@" + shared + ".example", "is_company": True, "supplier_rank": 1,
        "company_id": company.id, "street": "1 First Street", "city": "London", "zip": "EC1A 1BB",
        "country_id": env.ref("base.uk").id,
    }
)
if not env["stock.warehouse"].search_count([("company_id", "=", company.id)]):
    env["stock.warehouse"].create({"name": word, "code": word[:4], "company_id": company.id})
order = env["purchase.order"].create(
    {
        "partner_id": supplier.id, "company_id": company.id, "partner_ref": word,
        "order_line": [(0, 0, {"product_id": product.id, "name": word, "price_unit": 9.5, "tax_ids": []})],
    }
)
order.button_confirm()
bill = env["account.move"].create(
    {
        "move_type": "in_invoice", "partner_id": supplier.id, "ref": word + "-1", "invoice_date": "2026-09-01",
        "invoice_line_ids": [
            (0, 0, {"name": word, "price_unit": 10.0, "account_id": expense.id, "tax_ids": [],
                    "analytic_distribution": {str(analytic.id): 100}})
        ],
    }
)
bill.action_post()
for record in (order, bill):
    env["ir.attachment"].create(
        {"name": word + ".pdf", "raw": b"%PDF-1.4 " + word.encode(), "res_model": record._name, "res_id": record.id}
    )
employee = env["hr.employee"].create(
    {"name": shared + " Worker", "work_email": "worker@" + shared + ".example", "company_id": company.id}
)
journal = env["account.journal"].search(
    [*env["account.journal"]._check_company_domain(company), ("type", "=", "purchase")], limit=1
)
bank = env["account.journal"].search(
    [*env["account.journal"]._check_company_domain(company), ("type", "=", "bank")], limit=1
)
ramp = env["ml.connection"].create(
    {
        "name": word + " Ramp", "provider": "ramp", "company_id": company.id, "environment": "custom",
        "custom_url": url, "owner_id": owner,
    }
)
files = env["ml.connection"].create(
    {"name": word + " Files", "provider": "stampli", "company_id": company.id, "owner_id": owner}
)
credentials = {credential.name: credential for credential in ramp.credential_ids}
credentials["client_id"].value = "ramp_id_EXAMPLE"
credentials["client_secret"].new_secret = "example-secret"
credentials = {credential.name: credential for credential in files.credential_ids}
for name in ("host", "port", "username"):
    credentials[name].value = server[name]
credentials["private_key"].new_secret = server["private_key"]
files.feed_template_ids.company_code = word
files.stored_settings = {"host_keys": [server["host_key"]]}
for flow in ramp.flow_ids.with_context(active_test=False):
    flow.active = flow.key in flows
    if flow.key in ("bills", "invoices"):
        flow.journal_id = journal
for connection in ramp + files:
    connection.action_test()
result = {
    "ramp": ramp.id, "files": files.id, "supplier": supplier.id, "employee": employee.id, "analytic": analytic.id,
    "product": product.id, "journal": journal.id, "expense": expense.id, "owner": owner,
    "account": secret_account.id if company == root else expense.id,
}
"""
START = (
    "env['ml.connection'].search([('check_state', 'in', ('ok', 'warning')), ('state', '=', 'draft')]).action_start()"
)
MAP = """
for mapping in env["ml.mapping"].search([("state", "=", "unmapped")]):
    company = mapping.company_id
    if mapping.kind in ("account", "tax", "journal"):
        model = env[{"account": "account.account", "tax": "account.tax", "journal": "account.journal"}[mapping.kind]]
        wanted = {
            "account": [("account_type", "=", "expense")], "tax": [("type_tax_use", "=", "purchase")],
            "journal": [("type", "=", "bank")],
        }[mapping.kind]
        record = model.with_company(company).search([*model._check_company_domain(company), *wanted], limit=1)
        if record:
            mapping.res_id = record.id
            continue
    mapping.is_ignored = True
"""


FED = """
files = env["ml.feed.file"].search([("company_id", "=", {company}), ("direction", "=", "push")])
result = " ".join(file.attachment_id.raw.decode() for file in files)
"""


@dataclass
class Company:
    """
    :ivar word: what stands in the texts that only this company may know
    :ivar group: the same for those that its branches may know: accounts and taxes; the same for all of a group
    :ivar people: three persons who have only this company
    :ivar records: ids of what was made for it
    """

    id: int
    word: str
    group: str
    people: dict
    ramp: RampSandbox
    records: dict

    def hidden(self, books):
        """The words that nobody of this company may see."""
        others = [other for other in books.companies if other is not self]
        return [other.word for other in others] + [other.group for other in others if other.group != self.group]


class CompanyBooks(Books):
    """
    :ivar companies: A, its branch, and B
    """

    def __init__(self, offices, workers, companies):
        super().__init__(offices.database, companies[0].ramp, workers)
        self.offices = offices
        self.companies = companies

    def fed(self, company):
        """What is in the files that went to the server of the company."""
        return self.workers.code(FED.format(company=company.id))

    def run(self):
        self.pass_time(61)
        self.workers.run()


@contextlib.contextmanager
def open_company_books(prefix):
    with contextlib.ExitStack() as stack:
        offices = stack.enter_context(open_offices(prefix))
        workers = offices.workers
        server = stack.enter_context(StampliSandbox(plays=False))
        companies = []
        for name, company, word, group in (
            ("in_a", offices.a.company, "Aurelia", "Goldcoast"),
            ("in_west", offices.branch, "Cirrusia", "Goldcoast"),
            ("in_b", offices.b.company, "Borealis", "Northlight"),
        ):
            settings = RampSettings(rate_limit=0)
            ramp = stack.enter_context(RampSandbox(size="small", settings=settings))
            people = offices.hire(name, [company], ROLES)
            values = {
                "company": company,
                "word": word,
                "group": group,
                "url": ramp.url,
                "flows": (*PULLS, *PUSHES),
                "server": server.account(),
                "owner": people["administrator"].id,
            }
            records = workers.code("".join(f"{key} = {value!r}\n" for key, value in values.items()) + SET_UP)
            companies.append(Company(company, word, group, people, ramp, records))
        books = stack.enter_context(contextlib.closing(CompanyBooks(offices, workers, companies)))
        books.run()
        workers.code(START)
        books.run()
        workers.code(MAP)
        books.run()
        books.run()
        yield books
