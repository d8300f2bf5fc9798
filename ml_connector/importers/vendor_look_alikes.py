"""Partners that look like new vendors."""

from odoo.tools import SQL

from .vendor_names import core_name, first_word, is_similar, mail_domains

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
