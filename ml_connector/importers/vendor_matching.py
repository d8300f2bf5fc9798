"""Finds the partners of a batch of vendors."""

from odoo.tools import SQL

from ..core.documents import Reference
from ..core.errors import MappingError, NotReadyError
from ..core.messages import _
from ..core.tax_numbers import tax_number
from .vendor_candidates import VendorCandidates
from .vendor_names import core_name, first_word, is_similar, mail_domains


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
        self._candidates = VendorCandidates(env, flow, documents)
        self._provider = flow.connection_id._provider_name()
        candidates = self._candidates.together(chosen)
        self._taken = flow.connection_id.env["ml.binding"]._external_ids(flow.connection_id, "vendor", candidates)
        self._protected = candidates._ml_protected()
        self._vats = {}

    def look_alikes(self, documents):
        """Partners that look like the new vendors."""
        return LookAlikes(self._candidates.env, self._candidates.reach, documents)

    # ------------------------------------------------------------------ the steps

    def find(self, document):
        """The partner of a vendor, or None if Odoo has none.

        :raises MappingError: several partners match, or the partner belongs to another vendor
        """
        candidates = self._candidates
        steps = (
            (_("Odoo ID"), candidates.with_id(document)),
            (_("%(provider)s ID", provider=self._provider), candidates.with_sister(document)),
            (_("VAT number"), candidates.with_vat(document)),
            (_("company registry number"), candidates.with_registry(document)),
            (_("bank account"), candidates.with_account(document)),
        )
        for what, partners in steps:
            if partner := self._single(document, what, partners):
                self._check_agrees(document, what, partner)
                self.take(document, partner)
                return partner
        partners = candidates.with_name(document)
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
        is_known = is_named or self._candidates.has_vat(partner, document)
        country = document.address.country.upper()
        is_abroad = bool(country and partner.country_id) and partner.country_id.code != country
        is_weak = is_abroad or partner == self._candidates.with_id(document)
        if not self._candidates.has_other_vat(partner, document) and (is_known or not is_weak):
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


def vendor_reference(document):
    """The reference by which a user maps a vendor."""
    return Reference(kind="vendor", external_id=document.external_id, name=document.name)


LOOK_ALIKES_READ = 500
MOST_OF_ONE_DOMAIN = 20


class LookAlikes:
    """Partners that look like the new vendors of a batch, read with one query.

    It finds equal names, and similar ones among companies with the same email domain. A domain of many companies is
    ignored, because it belongs to a mail service.
    """

    def __init__(self, env, reach, documents):
        """
        :param reach: IDs of the companies whose partners count
        """
        self._partners = env["res.partner"].with_context(active_test=False)
        self._by_name, self._by_domain = {}, {}
        self._read(reach, documents)

    def _read(self, reach, documents):
        words = {first_word(document.name) for document in documents} - {""}
        domains = {domain for document in documents for domain in mail_domains(document)}
        if not words:
            return
        rows = self._partners.env.execute_query(
            SQL(
                """SELECT id, name, rtrim(lower(split_part(email, '@', 2)), '> ') FROM res_partner
                    WHERE is_company AND commercial_partner_id = id
                      AND (company_id IS NULL OR company_id IN %s)
                      AND (split_part(regexp_replace(lower(name), '[.,/'']', '', 'g'), ' ', 1) IN %s
                           OR rtrim(lower(split_part(email, '@', 2)), '> ') IN %s)
                    ORDER BY active DESC, id LIMIT %s""",
                tuple(reach),
                tuple(words),
                tuple(domains) or ("",),
                LOOK_ALIKES_READ,
            )
        )
        for partner_id, name, domain in rows:
            core = core_name(name)
            self._by_name.setdefault(core, []).append(partner_id)
            if domain in domains:
                self._by_domain.setdefault(domain, []).append((partner_id, core))

    def of(self, document):
        """Partners that look like the vendor: the same name apart from the legal form, or a similar one."""
        name = core_name(document.name)
        found = list(self._by_name.get(name, ()))
        for domain in mail_domains(document):
            near = self._by_domain.get(domain, ())
            if len(near) <= MOST_OF_ONE_DOMAIN:
                found += [partner_id for partner_id, other in near if is_similar(other, name)]
        return self._partners.browse(dict.fromkeys(found))
