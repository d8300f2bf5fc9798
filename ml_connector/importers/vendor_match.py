"""Finding the partner that a vendor is, for a whole batch with one query a step."""

import re
import unicodedata
from difflib import SequenceMatcher

from odoo.tools import SQL, email_domain_extract

from odoo.addons.base.models.res_bank import sanitize_account_number

from ..core.documents import Reference
from ..core.errors import MappingError, NotReadyError
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
    """A name without case and superfluous spaces."""
    return " ".join((name or "").split()).lower()


def core_name(name):
    """A name without case, accents, punctuation and legal form."""
    text = unicodedata.normalize("NFKD", (name or "").lower())
    text = "".join(char for char in text if not unicodedata.combining(char))
    # `S.A.` and `A/S` are legal forms as well: their dots and slashes go, all else becomes a space
    words = re.sub(r"[^\w]+", " ", re.sub(r"[./']", "", text)).split()
    return " ".join(word for word in words if word not in LEGAL_FORMS) or " ".join(words)


def plain_registry(number):
    """A number in a register of companies without punctuation; empty for a filler."""
    return "" if is_filler(number) else plain(number)


class VendorMatch:
    """The partners that the vendors of one batch may be.

    Steps, first hit wins: our own id that the vendor system was told, the same record on another connection, VAT
    number, number in the register of companies, bank account, exact name and country. What the vendor system says is
    a claim: an id of ours counts only where the name or the VAT number agrees too, none of the others where the VAT
    number is another one, and a name, which anybody may take, is proposed only. More than one partner at a step is for
    a person to decide, and so is a partner that is bound already or that no vendor may be.
    """

    def __init__(self, env, flow, documents, chosen=()):
        """
        :param chosen: partners that a person chose for vendors of the batch
        """
        self.env = env
        self.company = flow.company_id.with_env(env)
        # sudo: the user of a branch may not read its parents, but what they share with it
        self._reach = self.company.sudo().parent_ids.ids
        self._partners = env["res.partner"].with_context(active_test=False)
        self._documents = documents
        self._connection = flow.connection_id
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
        """The partner, or None when Odoo has none.

        :raises MappingError: when several could be it, or when it is another vendor's partner already
        """
        steps = (
            (self.env._("Odoo reference"), self._by_id.get(document.external_id)),
            (self.env._("record at the vendor"), self._with_sister(document)),
            (self.env._("VAT number"), self._with_vat(document)),
            (self.env._("company registry"), self._by_registry.get(plain_registry(document.corporate_id))),
            (self.env._("bank account"), self._with_account(document)),
        )
        for what, partners in steps:
            if partner := self._single(document, what, partners or self._partners):
                self._check_agrees(document, what, partner)
                self.take(document, partner)
                return partner
        partners = self._with_name(document)
        partners = partners.filtered(lambda partner: partner.id not in self._taken)
        if partner := self._single(document, self.env._("name"), partners):
            raise self.ask(
                document,
                self.env._(
                    "%(vendor)s may be %(partner)s (id %(id)s), which has the same name: say so under Mappings, or"
                    " choose another contact.",
                    vendor=document.name,
                    partner=partner.display_name,
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
            # without its name: whoever reads this need not see the contact
            raise self.ask(
                document,
                self.env._(
                    "%s would be a contact of a user, of an employee or of one of our own companies: choose another"
                    " contact under Mappings.",
                    document.name,
                ),
            )

    def check_chosen(self, document, partner):
        """
        :raises InvalidDataError: the contact that a person chose became one that no vendor may be
        """
        if partner in self._protected:
            raise NotReadyError(
                self.env._(
                    "%s is mapped to a contact of a user, of an employee or of one of our own companies: choose another"
                    " contact under Mappings, then press Retry.",
                    document.name,
                ),
                awaits=partner,
            )

    def _check_agrees(self, document, what, partner):
        """
        :raises MappingError: the other facts say that it is another vendor
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
            self.env._(
                "%(vendor)s has the same %(what)s as %(partner)s (id %(id)s), but its name, country or VAT number is"
                " another one: choose the contact under Mappings.",
                vendor=document.name,
                what=what,
                partner=partner.display_name,
                id=partner.id,
            ),
            partner,
        )

    def take(self, document, partner):
        """Bind a partner to a vendor for the rest of the batch.

        :raises MappingError: when it is another vendor's already: that both are one, only a person says
        """
        owner = self._taken.setdefault(partner.id, document.external_id)
        if owner != document.external_id:
            raise self.ask(
                document,
                self.env._(
                    "%(vendor)s is %(partner)s in Odoo, but that is record %(id)s at the vendor already: choose the"
                    " contact under Mappings, the same one if both are one.",
                    vendor=document.name,
                    partner=partner.display_name,
                    id=owner,
                ),
                partner,
            )

    def take_chosen(self, document, partner):
        """As `take`, of a partner that a person chose; whether it is that of another vendor too."""
        return self._taken.setdefault(partner.id, document.external_id) != document.external_id

    def claim_vat(self, document):
        """Note the VAT number of a vendor that is to be created: a second one in the batch is not."""
        number = tax_number(document.vat, document.address.country)
        first = self._vats.setdefault(number, document) if number else document
        if first is not document:
            raise self.ask(
                document,
                self.env._(
                    "%(vendor)s and %(other)s have the same VAT number at the vendor: choose the contact under"
                    " Mappings, the same one if both are one.",
                    vendor=document.name,
                    other=first.name,
                ),
            )

    def _single(self, document, what, partners):
        partners = partners.filtered("active") or partners
        if len(partners) > 1:
            raise self.ask(
                document,
                self.env._(
                    "%(vendor)s could be %(partners)s, all with the same %(what)s: choose one under Mappings.",
                    vendor=document.name,
                    partners=", ".join(f"{partner.display_name} (id {partner.id})" for partner in partners[:5]),
                    what=what,
                ),
            )
        if partners:
            self.check_allowed(document, partners)
        return partners

    def ask(self, document, message, proposal=None):
        """An error that lets a person pick the partner."""
        return MappingError(message, [vendor_reference(document)], proposal)

    # ------------------------------------------------------------------ look-alikes

    def read_look_alikes(self, documents):
        """Read partners that merely look like vendors that are to be created.

        Nobody is compared with everybody: a name is looked up, and only companies of one e-mail domain are compared. A
        domain that many companies have is that of a mail service, and says nothing.
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
        """Partners that merely look like the vendor: the same name but for the legal form, or near it."""
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
        """Partners of the vendor system's records of the same ids on other connections to it: of other companies."""
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
        """Of those the ones of the same name: two accounts of a vendor system may use one id for two vendors."""
        partners = self._by_sister.get(document.external_id, self._partners)
        return partners.filtered(lambda partner: plain_name(partner.name) == plain_name(document.name))

    def _read_by_vat(self):
        """Partners by the digits of their VAT number, which one number may have in common with others."""
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
        """Companies of the same name and country. Where one side does not say its country, the name has to do."""
        if not document.is_company:
            return self._partners
        named = self._by_name.get(plain_name(document.name), self._partners)
        named = named.filtered(lambda partner: not self._has_other_vat(partner, document))
        country = document.address.country.upper()
        same = named.filtered(lambda partner: (partner.country_id.code or "") == country)
        return same or named.filtered(lambda partner: not partner.country_id or not country)


def vendor_reference(document):
    """The reference by which a person maps a vendor."""
    return Reference(kind="vendor", external_id=document.external_id, name=document.name)


def mail_domains(document):
    """The e-mail domains of a vendor's contacts that are its own."""
    found = {email_domain_extract(contact.email) for contact in document.contacts if contact.email}
    return {domain for domain in found if domain and domain not in PUBLIC_DOMAINS}


def _first_word(name):
    """As the query of `read_look_alikes` takes it."""
    return re.sub(r"[.,/']", "", (name or "").lower()).partition(" ")[0]


def is_similar(name, other):
    return SequenceMatcher(None, name, other).ratio() >= SIMILAR
