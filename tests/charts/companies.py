# ruff: noqa: F821 - `env` and `CHARTS` come from odoo shell
"""One company on the chart of accounts of each country. This runs in `odoo shell`, with `CHARTS`: {country: chart}."""

# without it, a company of a country installs all that Odoo has for the country
quiet = env(context={**env.context, "install_mode": True})
for code, chart in CHARTS.items():
    country = quiet["res.country"].search([("code", "=", code.upper())])
    company = quiet["res.company"].create({"name": f"Company {code.upper()}", "country_id": country.id})
    quiet.user.company_ids |= company
    quiet["account.chart.template"].try_loading(chart, company, install_demo=False)
    assert company.chart_template == chart, company.name
spain = quiet["res.company"].search([("name", "=", "Company ES")])
spain.l10n_es_sii_tax_agency = "aeat"
currencies = quiet["res.currency"].with_context(active_test=False)
currencies.search([("name", "in", ("EUR", "USD"))]).active = True
quiet.cr.commit()
