"""Functions that several importers share."""

from decimal import Decimal

from odoo.tools import float_repr

from ..core.errors import ConflictError, NotPostedError, NotReadyError
from ..core.messages import Message, _
from ..models.ml_mapped import title_of

QUIET = {"mail_create_nolog": True, "mail_notrack": True}
"""Context for records that are created and posted in one step: Odoo adds no lines of its own to the chatter."""


def exact(amount, currency):
    """A float of the ORM as an exact decimal number."""
    return Decimal(float_repr(currency.round(amount), currency.decimal_places))


def once(cache, key, compute):
    """The cached value of a key, computed on first use."""
    if key not in cache:
        cache[key] = compute()
    return cache[key]


def change_note(provider, differences, is_posted=True):
    """A sentence on the differences between a record and the newest version of its document; empty without any.

    :param differences: [(name, value in Odoo, value at the provider)]
    """
    if not differences:
        return ""
    phrases = [
        _(
            "%(what)s %(odoo_value)s in Odoo, %(provider_value)s in %(provider)s",
            what=what,
            odoo_value=odoo_value,
            provider_value=provider_value,
            provider=provider,
        )
        for what, odoo_value, provider_value in differences
    ]
    names = {"provider": provider, "differences": with_semicolons(phrases)}
    if is_posted:
        return _("Changed in %(provider)s after posting: %(differences)s.", **names)
    return _("Changed in %(provider)s: %(differences)s.", **names)


def with_semicolons(phrases):
    """Phrases that contain commas as one text."""
    parts = {f"part{number}": phrase for number, phrase in enumerate(phrases)}
    return Message("; ".join(f"%({name})s" for name in parts), **parts)


def fits(amount, currency):
    """Whether a decimal number has at most as many decimals as the currency."""
    return amount == round(amount, currency.decimal_places)


def tolerance(flow):
    """The largest rounding difference that a flow accepts."""
    return Decimal(float_repr(flow.rounding_tolerance, 4))


def is_of_company(record, company):
    """Whether the company may use a record with a `company_id`: it is shared, its own or of a parent."""
    owner = record.sudo().company_id  # sudo: the user may not read records of other companies
    return not owner or owner in company.sudo().parent_ids  # sudo: nor parents


def creditor_of(move):
    """The contact that a bill is owed to."""
    return move.partner_id._ml_creditor(move.company_id)


def payable_account(creditor, company):
    return creditor.with_company(company).property_account_payable_id


def payable_terms(move):
    """The items of a bill that are paid, in the order in which they are due."""
    return move.line_ids.filtered(lambda line: line.display_type == "payment_term").sorted("date_maturity")


def unusable(record, company):
    """Why a mapped record cannot be used for the company, as a sentence, or an empty string.

    Odoo checks companies only when it creates a record, and never whether a record is archived.
    """
    if _is_foreign(record, company):
        return _("It belongs to another company.")
    if "active" in record._fields and not record.active:
        return _("It is archived.")
    return ""


def _is_foreign(record, company):
    field = "company_ids" if "company_ids" in record._fields else "company_id"
    owners = record.sudo()[field]  # sudo: the user may not read other companies
    return bool(owners) and not owners & company.sudo().parent_ids  # sudo: as above


def named(record, company):
    """The name of a record in the texts of a company; only its ID if it belongs to another company."""
    return f"(ID {record.id})" if _is_foreign(record, company) else title_of(record, company)


def check_tax_countries(taxes, company, position=None):
    """Check that all taxes are of the country that Odoo accepts: the company's, or that of a foreign registration.

    :param position: fiscal position of the document, if its type can have one
    :raises NotReadyError: a tax is of another country
    """
    is_foreign = bool(position and position.foreign_vat)
    country = position.country_id if is_foreign else company.account_fiscal_country_id
    for tax in taxes.filtered(lambda tax: tax.country_id != country):
        names = {"tax": named(tax, company), "tax_country": tax.country_id.name, "country": country.name}
        if is_foreign:
            text = _(
                "Tax %(tax)s is a tax of %(tax_country)s, but fiscal position %(position)s needs taxes of %(country)s."
                " Map its code to such a tax, or choose another fiscal position for the vendor.",
                position=position.display_name,
                **names,
            )
        else:
            text = _(
                "Tax %(tax)s is a tax of %(tax_country)s, but %(company)s books taxes of %(country)s. Map its code to"
                " such a tax, or give the vendor a fiscal position of %(tax_country)s.",
                company=company.display_name,
                **names,
            )
        raise NotReadyError(text, awaits=tax)


def account_problem(account, company, currency):
    """Why an account cannot be used for an item in the currency, as a sentence, or an empty string."""
    if reason := unusable(account, company):
        return reason
    if account.currency_id and account.currency_id not in (currency, company.currency_id):
        return _("It accepts only %(currency)s.", currency=account.currency_id.name)
    return ""


def check_posted(move, number):
    """
    :param number: number of the bill or credit note at the provider
    :raises NotReadyError: it is not posted
    """
    if move.state == "draft":
        is_credit = move.move_type == "in_refund"
        waits = (
            _("Waiting until credit note %(number)s is posted.", number=number)
            if is_credit
            else _("Waiting until bill %(number)s is posted.", number=number)
        )
        raise NotPostedError(waits, awaits=move)
    if move.state == "cancel":
        raise NotReadyError(_("%(record)s is cancelled in Odoo.", record=number), awaits=move)


def check_not_synced(entry, provider):
    """
    :raises ConflictError: the provider already marks the record as synced, but Odoo did not book it
    """
    if entry.document.is_exported and not entry.bound and not (entry.log and entry.log.is_told):
        raise ConflictError(
            _(
                "%(provider)s already marks this record as synced, but Odoo did not book it. Enter it manually or"
                " ignore it.",
                provider=provider,
            )
        )
