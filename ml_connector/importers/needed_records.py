"""The Odoo records that a document needs, of references that cannot be ignored."""

from ..core.errors import InvalidDataError, NotReadyError
from ..core.messages import _
from .importer_tools import is_of_company
from .ml_importer import title


def needed(resolver, reference):
    """The Odoo record of a reference that cannot be ignored."""
    record = resolver.mapping(reference)
    if not record:
        raise InvalidDataError(
            _("%(code)s is ignored in the mappings, but this record needs it. Map it.", code=title(reference))
        )
    return record


def contact(env, resolver, reference):
    """The partner of a `vendor` or `employee` reference."""
    record = needed(resolver, reference)
    if record._name != "hr.employee":
        return record
    # sudo: only the contact is read; whoever books need not see private data of employees
    partner = record.sudo().work_contact_id.with_env(env)
    if not partner:
        raise NotReadyError(
            _("Employee %(employee)s has no contact in Odoo. Enter one.", employee=record.display_name), awaits=record
        )
    return partner


def own_contact(env, resolver, reference, company):
    """The partner of a `vendor` or `employee` reference, for an item of the company.

    :raises NotReadyError: it belongs to another company
    """
    partner = contact(env, resolver, reference)
    if not is_of_company(partner, company):
        raise NotReadyError(
            _(
                "The contact of %(name)s belongs to another company and cannot be used in %(company)s.",
                name=title(reference),
                company=company.display_name,
            ),
            awaits=partner,
        )
    return partner


def payable_account(partner, company):
    return partner._ml_creditor(company).with_company(company).property_account_payable_id
