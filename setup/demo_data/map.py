# ruff: noqa: F821 - `env` comes from odoo shell
"""Fill the mappings that no code or name filled, as an accountant would on the mapping list."""


def journal(mapping):
    """Cards go to the card journal, what the vendor did not pay to its own journal, the rest to the bank."""
    codes = {"card": "RCARD", "method:PAID_MANUALLY": "RMAN"}
    code = codes.get(mapping.external_id)
    domain = [("code", "=", code)] if code else [("type", "=", "bank")]
    return env["account.journal"].search([("company_id", "=", mapping.company_id.id), *domain], limit=1)


def account(mapping):
    code = "450000" if mapping.external_id == "cashback" else "600000"
    accounts = env["account.account"].with_company(mapping.company_id)
    return accounts.search([("code", "=", code), ("company_ids", "in", mapping.company_id.ids)], limit=1)


def vendor(mapping):
    """Only the card issuer is left for a person: vendors are found or created by themselves."""
    return env["res.partner"].search([("name", "=", "Ramp (card issuer)")], limit=1)


def employee(mapping):
    """Who works in another company spends nothing here."""
    mapping.is_ignored = True
    return env["hr.employee"]


for mapping in env["ml.mapping"].search([("state", "=", "unmapped")]):
    choose = {"journal": journal, "account": account, "vendor": vendor, "employee": employee}[mapping.kind]
    if record := choose(mapping):
        mapping.res_id = record.id
