"""Companies on the charts of accounts of sixteen countries, made once and copied."""

from pathlib import Path

from lib import odoo

CHARTS = {
    **{"us": "generic_coa", "ca": "ca_2023", "gb": "uk", "de": "de_skr03", "fr": "fr", "nl": "nl", "no": "no"},
    **{"se": "se", "dk": "dk", "ch": "ch", "es": "es_pymes", "it": "it", "in": "in", "au": "au", "ar": "ar_ri"},
    "cl": "cl",
}
MODULES = [
    *("l10n_us_account", "l10n_ca", "l10n_uk", "l10n_de", "l10n_fr_account", "l10n_nl", "l10n_no", "l10n_se"),
    *("l10n_dk", "l10n_ch", "l10n_es", "l10n_es_edi_sii", "l10n_it", "l10n_in", "l10n_au", "l10n_ar", "l10n_cl"),
]


def template():
    """The template database with all of them, named `Company` and the code of the country."""
    companies = f"CHARTS = {CHARTS!r}\n{Path(__file__).with_name('companies.py').read_text()}"
    return odoo.extended_template("charts", MODULES, companies)
