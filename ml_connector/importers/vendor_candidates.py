"""The partners that vendors may be by their data, read with one query for each kind of data."""

from odoo.tools import SQL

from odoo.addons.base.models.res_bank import sanitize_account_number

from ..core.own_ids import may_be
from ..core.tax_numbers import digits, is_filler, plain, same_number, writings
from .vendor_names import plain_name


class VendorCandidates:
    """The partners that have the data of the vendors of one batch."""

    def __init__(self, env, flow, documents):
        self.env = env
        self.company = flow.company_id.with_env(env)
        # sudo: the user of a branch may not read its parents, but may read what they share with it
        self.reach = self.company.sudo().parent_ids.ids
        self._partners = env["res.partner"].with_context(active_test=False)
        self._documents = documents
        self._connection = flow.connection_id
        self._by_id = self._read_by_id()
        self._by_sister = self._read_by_sister()
        self._by_vat = self._read_by_vat()
        self._by_registry = self._read_by_registry()
        self._by_account = self._read_by_account()
        self._by_name = self._read_by_name()

    def together(self, others):
        """All candidates and the others in one recordset."""
        lookups = self._by_id, self._by_sister, self._by_vat, self._by_registry, self._by_account, self._by_name
        found = (partner for lookup in lookups for partners in lookup.values() for partner in partners)
        return self._partners.browse({partner.id for partner in (*found, *others)})

    # ------------------------------------------------------------------ of one vendor

    def with_id(self, document):
        return self._by_id.get(document.external_id, self._partners)

    def with_registry(self, document):
        return self._by_registry.get(_plain_registry(document.corporate_id), self._partners)

    def with_sister(self, document):
        """Those with the same name: two accounts at a provider may use one ID for two vendors."""
        partners = self._by_sister.get(document.external_id, self._partners)
        return partners.filtered(lambda partner: plain_name(partner.name) == plain_name(document.name))

    def with_vat(self, document):
        partners = self._partners
        for key in {digits(text) for text in writings(document.vat, document.address.country)}:
            found = self._by_vat.get(key, partners)
            partners |= found.filtered(lambda partner: self.has_vat(partner, document))
        return partners

    def with_account(self, document):
        partners = self._partners
        for number in document.bank_accounts:
            partners |= self._by_account.get(sanitize_account_number(number), partners)
        return partners

    def with_name(self, document):
        """Companies of the same name and country. If one side has no country, the name alone counts."""
        if not document.is_company:
            return self._partners
        named = self._by_name.get(plain_name(document.name), self._partners)
        named = named.filtered(lambda partner: not self.has_other_vat(partner, document))
        country = document.address.country.upper()
        same = named.filtered(lambda partner: (partner.country_id.code or "") == country)
        return same or named.filtered(lambda partner: not partner.country_id or not country)

    def has_vat(self, partner, document):
        return same_number(partner.vat, partner.country_id.code, document.vat, document.address.country)

    def has_other_vat(self, partner, document):
        is_stated = not is_filler(partner.vat) and not is_filler(document.vat)
        return is_stated and not self.has_vat(partner, document)

    # ------------------------------------------------------------------ reading

    def _read_by_id(self):
        told = {document.external_id: document.odoo_id for document in self._documents if document.odoo_id}
        known = self._of_company(self._partners.browse({int(own_id) for own_id in told.values()}).exists())
        by_id = {partner.id: partner for partner in known}
        return {
            external_id: by_id[own_id]._ml_creditor(self.company)
            for external_id, own_id in told.items()
            if own_id in by_id and may_be(by_id[own_id], own_id)
        }

    def _read_by_sister(self):
        """Partners of the records with the same IDs in other connections to the provider."""
        bindings = self._connection.env["ml.binding"].search(
            [
                ("kind", "=", "vendor"),
                ("external_id", "in", [document.external_id for document in self._documents]),
                ("connection_id.provider", "=", self._connection.provider),
                ("connection_id", "!=", self._connection.id),
            ]
        )
        partners = {partner.id: partner for partner in self._partners.browse(bindings.mapped("res_id")).exists()}
        found = {}
        for binding in bindings.filtered(lambda binding: binding.res_id in partners):
            partner = self._of_company(partners[binding.res_id]._ml_creditor(self.company))
            found[binding.external_id] = found.get(binding.external_id, self._partners) | partner
        return found

    def _read_by_vat(self):
        """Partners by the digits of their VAT number, which several numbers may share."""
        wanted = {
            digits(text) for document in self._documents for text in writings(document.vat, document.address.country)
        }
        return self._grouped(
            wanted,
            SQL("ltrim(regexp_replace(vat, '[^0-9]', '', 'g'), '0')"),
            lambda partner: digits(partner.vat),
        )

    def _read_by_registry(self):
        numbers = {_plain_registry(document.corporate_id) for document in self._documents} - {""}
        return self._grouped(
            numbers,
            SQL("upper(regexp_replace(company_registry, '[^[:alnum:]]', '', 'g'))"),
            lambda partner: _plain_registry(partner.company_registry),
        )

    def _read_by_account(self):
        numbers = {
            sanitize_account_number(number)
            for document in self._documents
            for number in document.bank_accounts
            if not is_filler(number)
        }
        if not numbers:
            return {}
        banks = self.env["res.partner.bank"].with_context(active_test=False)
        found = {}
        for bank in banks.search([("sanitized_acc_number", "in", list(numbers))]):
            partner = self._of_company(bank.partner_id._ml_creditor(self.company).with_env(self._partners.env))
            found[bank.sanitized_acc_number] = found.get(bank.sanitized_acc_number, self._partners) | partner
        return found

    def _read_by_name(self):
        names = {plain_name(document.name) for document in self._documents if document.is_company} - {""}
        return self._grouped(
            names,
            SQL(r"lower(regexp_replace(btrim(name), '\s+', ' ', 'g'))"),
            lambda partner: plain_name(partner.name),
            SQL("is_company"),
        )

    def _grouped(self, values, expression, key, condition=SQL("TRUE")):  # noqa: B008 - SQL objects are immutable
        if not values:
            return {}
        self._partners.flush_model(
            ["vat", "company_registry", "name", "is_company", "company_id", "commercial_partner_id", "active"]
        )
        rows = self.env.execute_query(
            SQL(
                """SELECT id FROM res_partner
                    WHERE %s IN %s AND commercial_partner_id = id AND %s
                      AND (company_id IS NULL OR company_id IN %s)
                    ORDER BY id""",
                expression,
                tuple(values),
                condition,
                tuple(self.reach),
            )
        )
        return self._partners.browse(partner_id for (partner_id,) in rows).grouped(key)

    def _of_company(self, partners):
        allowed = (False, *self.reach)
        return partners.filtered(lambda partner: partner.company_id.id in allowed)


def _plain_registry(number):
    """A company registry number without punctuation; empty for a placeholder."""
    return "" if is_filler(number) else plain(number)
