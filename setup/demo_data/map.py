# ruff: noqa: F821 - `env` comes from odoo shell
"""Fill the mappings that no code or name filled, as an accountant would on the mapping list."""

company = env.ref("base.main_company")


def journal(mapping):
    """Cards go to the card journal, what the vendor did not pay to its own journal, the rest to the bank."""
    codes = {"card": "RCARD", "method:PAID_MANUALLY": "RMAN"}
    code = codes.get(mapping.external_id)
    domain = [("code", "=", code)] if code else [("type", "=", "bank")]
    return env["account.journal"].search([("company_id", "=", company.id), *domain], limit=1)


def account(mapping):
    code = "450000" if mapping.external_id == "cashback" else "600000"
    return env["account.account"].with_company(company).search([("code", "=", code)], limit=1)


def vendor(mapping):
    """Only the card issuer is left for a person: vendors are found or created by themselves."""
    return env["res.partner"].search([("name", "=", "Ramp (card issuer)")], limit=1)


def target_code(mapping):
    """The code of Visma.net that stands for a code of Ramp, where bills go straight on."""
    codes = {
        "account": "7790",
        "tax": {"vat-15": "11", "vat-21": "21"}.get(mapping.external_id, "0"),
        "analytic": "task:P1001:10" if mapping.external_code.startswith("P-") else "segment:1:200",
    }
    known = [("connection_id", "=", mapping.target_connection_id.id), ("kind", "=", mapping.kind)]
    return env["ml.mapping"].search([*known, ("external_id", "=", codes[mapping.kind])])


# of Visma.net's codes only those for its bank have to be mapped; the others are there to be chosen below
needed = ["|", ("connection_id.provider", "!=", "visma"), ("kind", "=", "journal")]
for mapping in env["ml.mapping"].search([("state", "=", "unmapped"), *needed]):
    if mapping.is_bridged:
        mapping.target_mapping_id = target_code(mapping)
        continue
    if "bridge" in (mapping.connection_id | mapping.connection_id.source_ids).mapped("target_mode"):
        continue
    choose = {"journal": journal, "account": account, "vendor": vendor}[mapping.kind]
    mapping.res_id = choose(mapping).id


# The codes under which records go to the ledger of Visma.net


def account_code(record):
    """Its chart is shorter: what is not a cost goes to one account."""
    return "7790" if record.account_type.startswith("expense") else "2990"


def tax_code(record):
    return {15: "11", 21: "21", 0: "0"}[record.amount]


def analytic_code(record):
    """Projects become tasks of a project, departments values of the first segment, and sites of the second."""
    codes = {"Projects": "task:P1001:10", "Departments": "segment:1:200", "Sites": "segment:2:3000"}
    return codes[record.root_plan_id.name]


for code in env["ml.outgoing.code"].search([("state", "=", "unmapped")]):
    choose = {"account": account_code, "tax": tax_code, "analytic": analytic_code}[code.kind]
    known = [("connection_id", "=", code.connection_id.id), ("kind", "=", code.kind)]
    wanted = choose(env[code.res_model].browse(code.res_id))
    code.mapping_id = env["ml.mapping"].search([*known, ("external_id", "=", wanted)])
