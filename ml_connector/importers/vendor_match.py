"""Finds the partners of a batch of vendors, with one query for each step."""

import re
import unicodedata
from difflib import SequenceMatcher

from odoo.tools import SQL, email_domain_extract

from odoo.addons.base.models.res_bank import sanitize_account_number

from ..core.documents import Reference
from ..core.errors import MappingError, NotReadyError
from ..core.messages import _
from ..core.own_ids import may_be
from ..core.tax_numbers import digits, is_filler, plain, same_number, tax_number, writings
from .importer_tools import bound_elsewhere

LEGAL_FORMS = frozenset(
    "ab ag aktiengesellschaft aps as asa bhd bv bvba co company corp corporation cv doo eirl ek ev gbr gmbh inc"
    " incorporated kft kg kgaa kk lda limited llc llp lp ltd ltda mbh nv oe ohg ou oy oyj plc pte pty pvt sa sab sarl"
    " sas sc sccl scrl sdn se sl slu snc spa spzoo srl sro ug zrt".split()
)
SIMILAR = 0.7
PUBLIC_DOMAINS = frozenset(
    "aol.com gmail.com gmx.de gmx.net googlemail.com hotmail.com icloud.com live.com mail.com me.com msn.com"
    " outlook.com proton.me protonmail.com web.de yahoo.com".split()
)
LOOK_ALIKES_READ = 500
MOST_OF_ONE_DOMAIN = 20


def plain_name(name):
    """A name in lower case, without superfluous spaces."""
    return " ".join((name or "").split()).lower()


def core_name(name):
    """A name in lower case, without accents, punctuation and legal form."""
    text = unicodedata.normalize("NFKD", (name or "").lower())
    text = "".join(char for char in text if not unicodedata.combining(char))
    # dots and slashes are removed because of legal forms such as `S.A.` and `A/S`; all else becomes a space
    words = re.sub(r"[^\w]+", " ", re.sub(r"[./']", "", text)).split()
    return " ".join(word for word in words if word not in LEGAL_FORMS) or " ".join(words)


def plain_registry(number):
    """A company registry number without punctuation; empty for a placeholder."""
    return "" if is_filler(number) else plain(number)


class VendorMatch:
    """The partners that the vendors of one batch may be.

    Steps, of which the first match counts: Odoo ID that was sent to the provider, the same record in another
    connection, VAT number, company registry number, bank account, exact name and country. The provider's data may be
    false: an Odoo ID counts only if the name or the VAT number matches too, no step counts if the VAT numbers differ,
    and an equal name is only a proposal. A user decides if a step finds several partners, a partner that is already
    linked, or one that no vendor may be.
    """

    def __init__(self, env, flow, documents, chosen=()):
        """
        :param chosen: partners that a user chose for vendors of the batch
        """
        self.env = env
        self.company = flow.company_id.with_env(env)
        # sudo: the user of a branch may not read its parents, but may read what they share with it
        self._reach = self.company.sudo().parent_ids.ids
        self._partners = env["res.partner"].with_context(active_test=False)
        self._documents = documents
        self._connection = flow.connection_id
        self._provider = flow.connection_id._provider_name()
        self._by_id = self._read_by_id()
        self._by_sister = self._read_by_sister()
        self._by_vat = self._read_by_vat()
        self._by_registry = self._read_by_registry()
        self._by_account = self._read_by_account()
        self._by_name = self._read_by_name()
        self._alike_by_name, self._alike_by_domain = {}, {}
        candidates = self._partners.browse(
            {
                partner.id
                for found in (
                    self._by_id,
                    self._by_sister,
                    self._by_vat,
                    self._by_registry,
                    self._by_account,
                    self._by_name,
                )
                for partners in found.values()
                for partner in partners
            }
            | {partner.id for partner in chosen}
        )
        self._taken = bound_elsewhere(flow.connection_id, "vendor", candidates)
        self._protected = candidates._ml_protected()
        self._vats = {}

    # ------------------------------------------------------------------ the steps

    def find(self, document):
        """The partner of a vendor, or None if Odoo has none.

        :raises MappingError: several partners match, or the partner belongs to another vendor
        """
        steps = (
            (_("Odoo ID"), self._by_id.get(document.external_id)),
            (_("%(provider)s ID", provider=self._provider), self._with_sister(document)),
            (_("VAT number"), self._with_vat(document)),
            (_("company registry number"), self._by_registry.get(plain_registry(document.corporate_id))),
            (_("bank account"), self._with_account(document)),
        )
        for what, partners in steps:
            if partner := self._single(document, what, partners or self._partners):
                self._check_agrees(document, what, partner)
                self.take(document, partner)
                return partner
        partners = self._with_name(document)
        partners = partners.filtered(lambda partner: partner.id not in self._taken)
        if partner := self._single(document, _("name"), partners):
            raise self.ask(
                document,
                _(
                    "%(vendor)s may be %(contact)s (ID %(id)s), which has the same name. Map it to this or another"
                    " contact.",
                    vendor=document.name,
                    contact=partner.display_name,
                    id=partner.id,
                ),
                partner,
            )
        return partner

    def check_allowed(self, document, partner):
        """
        :raises MappingError: no vendor may be this partner
        """
        if partner in self._protected:
            # without its name: the reader may not see the contact
            raise self.ask(
                document,
                _(
                    "%(vendor)s matches a contact of a user, an employee or one of your own companies. Map it to"
                    " another contact.",
                    vendor=document.name,
                ),
            )

    def check_chosen(self, document, partner):
        """
        :raises NotReadyError: the contact that a user chose became one that no vendor may be
        """
        if partner in self._protected:
            raise NotReadyError(
                _(
                    "%(vendor)s is mapped to a contact of a user, an employee or one of your own companies. Map it to"
                    " another contact, then retry.",
                    vendor=document.name,
                ),
                awaits=partner,
            )

    def _check_agrees(self, document, what, partner):
        """
        :raises MappingError: the other data belong to another vendor
        """
        is_named = core_name(partner.name) == core_name(document.name)
        is_known = is_named or self._has_vat(partner, document)
        country = document.address.country.upper()
        is_abroad = bool(country and partner.country_id) and partner.country_id.code != country
        is_weak = is_abroad or partner == self._by_id.get(document.external_id)
        if not self._has_other_vat(partner, document) and (is_known or not is_weak):
            return
        raise self.ask(
            document,
            _(
                "%(vendor)s has the same %(what)s as %(contact)s (ID %(id)s), but another name, country or VAT number."
                " Map it to a contact.",
                vendor=document.name,
                what=what,
                contact=partner.display_name,
                id=partner.id,
            ),
            partner,
        )

    def take(self, document, partner):
        """Reserve a partner for a vendor for the rest of the batch.

        :raises MappingError: it belongs to another vendor; only a user can link both to it
        """
        owner = self._taken.setdefault(partner.id, document.external_id)
        if owner != document.external_id:
            raise self.ask(
                document,
                _(
                    "%(vendor)s matches %(contact)s, which is already linked to record %(id)s in %(provider)s. Map it"
                    " to a contact, to the same one if both records are the same vendor.",
                    vendor=document.name,
                    contact=partner.display_name,
                    id=owner,
                    provider=self._provider,
                ),
                partner,
            )

    def take_chosen(self, document, partner):
        """Like `take`, for a partner that a user chose; return whether it belongs to another vendor too."""
        return self._taken.setdefault(partner.id, document.external_id) != document.external_id

    def claim_vat(self, document):
        """Reserve the VAT number of a vendor that Odoo will create.

        :raises MappingError: another vendor of the batch has it
        """
        number = tax_number(document.vat, document.address.country)
        first = self._vats.setdefault(number, document) if number else document
        if first is not document:
            raise self.ask(
                document,
                _(
                    "Vendors %(vendor)s and %(other)s have the same VAT number in %(provider)s. Merge them there, or"
                    " map both to the same contact.",
                    vendor=document.name,
                    other=first.name,
                    provider=self._provider,
                ),
            )

    def _single(self, document, what, partners):
        partners = partners.filtered("active") or partners
        if len(partners) > 1:
            raise self.ask(
                document,
                _(
                    "Several contacts have the same %(what)s as %(vendor)s: %(contacts)s. Map it to one of them.",
                    what=what,
                    vendor=document.name,
                    contacts=[f"{partner.display_name} (ID {partner.id})" for partner in partners[:5]],
                ),
            )
        if partners:
            self.check_allowed(document, partners)
        return partners

    def ask(self, document, message, proposal=None):
        """The error that lets a user choose the partner."""
        return MappingError(message, [vendor_reference(document)], proposal)

    # ------------------------------------------------------------------ look-alikes

    def read_look_alikes(self, documents):
        """Read partners that look like the new vendors.

        It finds equal names, and similar ones among companies with the same email domain. A domain of many companies is
        ignored, because it belongs to a mail service.
        """
        words = {_first_word(document.name) for document in documents} - {""}
        domains = {domain for document in documents for domain in mail_domains(document)}
        if not words:
            return
        rows = self.env.execute_query(
            SQL(
                """SELECT id, name, rtrim(lower(split_part(email, '@', 2)), '> ') FROM res_partner
                    WHERE is_company AND commercial_partner_id = id
                      AND (company_id IS NULL OR company_id IN %s)
                      AND (split_part(regexp_replace(lower(name), '[.,/'']', '', 'g'), ' ', 1) IN %s
                           OR rtrim(lower(split_part(email, '@', 2)), '> ') IN %s)
                    ORDER BY active DESC, id LIMIT %s""",
                tuple(self._reach),
                tuple(words),
                tuple(domains) or ("",),
                LOOK_ALIKES_READ,
            )
        )
        for partner_id, name, domain in rows:
            core = core_name(name)
            self._alike_by_name.setdefault(core, []).append(partner_id)
            if domain in domains:
                self._alike_by_domain.setdefault(domain, []).append((partner_id, core))

    def look_alikes(self, document):
        """Partners that look like the vendor: the same name apart from the legal form, or a similar one."""
        name = core_name(document.name)
        found = list(self._alike_by_name.get(name, ()))
        for domain in mail_domains(document):
            near = self._alike_by_domain.get(domain, ())
            if len(near) <= MOST_OF_ONE_DOMAIN:
                found += [partner_id for partner_id, other in near if is_similar(other, name)]
        return self._partners.browse(dict.fromkeys(found))

    # ------------------------------------------------------------------ reading

    def _of_company(self, partners):
        allowed = (False, *self._reach)
        return partners.filtered(lambda partner: partner.company_id.id in allowed)

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

    def _with_sister(self, document):
        """Those with the same name: two accounts at a provider may use one ID for two vendors."""
        partners = self._by_sister.get(document.external_id, self._partners)
        return partners.filtered(lambda partner: plain_name(partner.name) == plain_name(document.name))

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
        numbers = {plain_registry(document.corporate_id) for document in self._documents} - {""}
        return self._grouped(
            numbers,
            SQL("upper(regexp_replace(company_registry, '[^[:alnum:]]', '', 'g'))"),
            lambda partner: plain_registry(partner.company_registry),
        )

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
                tuple(self._reach),
            )
        )
        return self._partners.browse(partner_id for (partner_id,) in rows).grouped(key)

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

    # ------------------------------------------------------------------ choosing

    def _with_vat(self, document):
        partners = self._partners
        for key in {digits(text) for text in writings(document.vat, document.address.country)}:
            found = self._by_vat.get(key, partners)
            partners |= found.filtered(lambda partner: self._has_vat(partner, document))
        return partners

    def _has_vat(self, partner, document):
        return same_number(partner.vat, partner.country_id.code, document.vat, document.address.country)

    def _has_other_vat(self, partner, document):
        is_stated = not is_filler(partner.vat) and not is_filler(document.vat)
        return is_stated and not self._has_vat(partner, document)

    def _with_account(self, document):
        partners = self._partners
        for number in document.bank_accounts:
            partners |= self._by_account.get(sanitize_account_number(number), partners)
        return partners

    def _with_name(self, document):
        """Companies of the same name and country. If one side has no country, the name alone counts."""
        if not document.is_company:
            return self._partners
        named = self._by_name.get(plain_name(document.name), self._partners)
        named = named.filtered(lambda partner: not self._has_other_vat(partner, document))
        country = document.address.country.upper()
        same = named.filtered(lambda partner: (partner.country_id.code or "") == country)
        return same or named.filtered(lambda partner: not partner.country_id or not country)


def vendor_reference(document):
    """The reference by which a user maps a vendor."""
    return Reference(kind="vendor", external_id=document.external_id, name=document.name)


def mail_domains(document):
    """The email domains of a vendor's contacts, without public mail services."""
    found = {email_domain_extract(contact.email) for contact in document.contacts if contact.email}
    return {domain for domain in found if domain and domain not in PUBLIC_DOMAINS}


def _first_word(name):
    """The first word of a name, as in the query of `read_look_alikes`."""
    return re.sub(r"[.,/']", "", (name or "").lower()).partition(" ")[0]


def is_similar(name, other):
    return SequenceMatcher(None, name, other).ratio() >= SIMILAR
