# ruff: noqa: F821 - `env` comes from odoo shell
"""Map the codes that no equal code or name mapped, as an accountant would."""

company = env.ref("base.main_company")


def journal(mapping):
    """Map cards to the card journal, payments outside Ramp to their own journal, all others to the bank."""
    codes = {"card": "RCARD", "method:PAID_MANUALLY": "RMAN"}
    code = codes.get(mapping.external_id)
    domain = [("code", "=", code)] if code else [("type", "=", "bank")]
    return env["account.journal"].search([("company_id", "=", mapping.company_id.id), *domain], limit=1)


ACCOUNTS = {
    "cashback": "450000",
    "retainage": "201000",
    "CADV": "141100",
    "party:CBCP": "201110",
    "party:CBCP:1000": "201110",
    "party:IBCP": "201110",
    "party:COPD": "201120",
    "payroll": "230000",
}


def account(mapping):
    code = ACCOUNTS.get(mapping.external_id, "630000" if mapping.external_id.startswith("wage:") else "600000")
    accounts = env["account.account"].with_company(mapping.company_id)
    return accounts.search([("code", "=", code), ("company_ids", "in", mapping.company_id.ids)], limit=1)


def vendor(mapping):
    """Map the card issuer, and accept proposed vendors of the same name."""
    if mapping.proposed_id:
        return env["res.partner"].browse(mapping.proposed_id)
    name = {"ramp": "Ramp (card issuer)", "concur": "Example Card Bank"}[mapping.connection_id.provider]
    return env["res.partner"].search([("name", "=", name)], limit=1)


def tax(mapping):
    domain = [("company_id", "=", mapping.company_id.id), ("type_tax_use", "=", "purchase"), ("amount", "=", 15)]
    return env["account.tax"].search(domain, limit=1)


def target_code(mapping):
    """The Visma.net code of a Ramp code, for bills that are forwarded without an entry."""
    codes = {
        "account": "7790",
        "tax": {"vat-15": "11", "vat-21": "21"}.get(mapping.external_id, "0"),
        "analytic": "task:P1001:10" if mapping.external_code.startswith("P-") else "segment:1:200",
    }
    return provider_code(mapping, codes[mapping.kind])


def provider_code(mapping, external_id):
    known = [("connection_id", "=", mapping.code_connection_id.id), ("direction", "=", "in")]
    return env["ml.mapping"].search([*known, ("kind", "=", mapping.kind), ("external_id", "=", external_id)])


def create_in_visma():
    """One account of Odoo, one cost centre and one account of Ramp that Visma.net has nothing for are created there."""
    flow = env["ml.flow"].search([("key", "=", "analytics_push"), ("company_id", "=", company.id)])
    books = flow.connection_id
    if not books or env["ml.binding"].search_count([("connection_id", "=", books.id), ("kind", "=", "account")]):
        return
    books.action_align()
    unmapped = env["ml.mapping"].search([("state", "=", "unmapped")])
    outgoing = unmapped.filtered(lambda row: row.connection_id == books and row.direction == "out")
    field = env["ml.mapping"].search([("connection_id", "=", books.id), ("external_id", "=", "segment:1")])
    field.res_id = env["account.analytic.plan"].search([("name", "=", "Sites")]).id
    for wanted in ("611000", "Albany"):
        outgoing.filtered(lambda row, wanted=wanted: wanted in row.name)[:1].action_create_in_provider()
    forwarded = unmapped.filtered(lambda row: row.direction == "forward" and row.external_code == "68500-SAAS")
    forwarded.action_create_in_provider()


CHOICES = {"journal": journal, "account": account, "vendor": vendor, "tax": tax}

create_in_visma()

# of Visma.net's codes only those for its bank have to be mapped; the others are there to be chosen below
needed = ["|", ("connection_id.provider", "!=", "visma"), ("kind", "=", "journal")]
for mapping in env["ml.mapping"].search([("state", "=", "unmapped"), ("direction", "!=", "out"), *needed]):
    if mapping.creation:
        continue
    if mapping.direction == "forward":
        mapping.code_id = target_code(mapping)
    elif "bridge" in (mapping.connection_id | mapping.connection_id.source_ids).mapped("target_mode"):
        continue
    elif mapping.kind == "vendor" and mapping.external_id == "party:COPD":
        # what the company paid itself is owed to nobody
        mapping.is_ignored = True
    elif mapping.kind in ("analytic", "employee"):
        # a company without analytic accounts, and who works in another one
        mapping.is_ignored = True
    else:
        mapping.res_id = CHOICES[mapping.kind](mapping).id


def owed(kind):
    """What the company owes for two of the records that came from SAP Concur."""
    ours = [("connection_id.provider", "=", "concur"), ("company_id", "=", company.id)]
    bindings = env["ml.binding"].search([("kind", "=", kind), *ours], order="id", limit=12)
    lines = env["account.move"].browse(bindings.mapped("res_id")).line_ids
    return lines.filtered(
        lambda line: line.account_type == "liability_payable" and line.balance < 0 and not line.reconciled
    )[:2]


# some employees and invoices are paid
bank = env["account.journal"].search([("type", "=", "bank"), ("company_id", "=", company.id)], limit=1)
for line in owed("expense_report") | owed("bill"):
    payment = env["account.move"].create(
        {
            "journal_id": bank.id,
            "ref": f"Reimbursement {line.move_id.name}",
            "line_ids": [
                (0, 0, {"account_id": line.account_id.id, "partner_id": line.partner_id.id, "balance": -line.balance}),
                (0, 0, {"account_id": bank.default_account_id.id, "balance": line.balance}),
            ],
        }
    )
    payment.action_post()
    (line | payment.line_ids.filtered(lambda other, line=line: other.account_id == line.account_id)).reconcile()


# The codes under which records go to the ledger of Visma.net


def account_code(record):
    """Its chart is shorter: what is not a cost goes to one account."""
    return "7790" if record.account_type.startswith("expense") else "2990"


def tax_code(record):
    return {15: "11", 21: "21", 0: "0"}[record.amount]


def analytic_code(record):
    """Projects become tasks of a project, departments values of the first segment, and sites of the second."""
    codes = {
        **dict.fromkeys(("Projects", "Client Projects"), "task:P1001:10"),
        **dict.fromkeys(("Departments", "Cost Centers"), "segment:1:200"),
        "Sites": "segment:2:3000",
    }
    return codes[record.root_plan_id.name]


# of what Visma.net has no code for, only what a record waits for has to be chosen
awaited = [("direction", "=", "out"), ("state", "=", "unmapped"), ("wait_ids.log_id.state", "=", "waiting")]
for mapping in env["ml.mapping"].search(awaited):
    if mapping.creation:
        continue
    choose = {"account": account_code, "tax": tax_code, "analytic": analytic_code}[mapping.kind]
    mapping.code_id = provider_code(mapping, choose(env[mapping.res_model].browse(mapping.res_id)))
