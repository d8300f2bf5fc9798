"""Finds records by the words of their names."""

import re
import unicodedata
from collections import Counter

from odoo import api, fields, models

from .client_actions import notification
from .ml_mapped import MAPPED_MODELS
from .ml_sealed import needs

NOT_PROPOSED = ("vendor", "employee", "currency")
"""Kinds for which equal words are no reason for a proposal: recipients of money, and currencies."""


class MlMappingProposals(models.AbstractModel):
    """Maps codes to records with an equal code or name, and proposes those with a similar name."""

    _name = "ml.mapping.proposals"
    _inherit = "ml.sealed"
    _description = "Mapping Proposals"

    rule_id = fields.Many2one("ml.mapping.rule", readonly=True, ondelete="set null")
    proposed_id = fields.Many2oneReference(
        "Proposal",
        model_field="res_model",
        readonly=True,
        help="Odoo record with the same name, or the same words in its name. Check it before you accept it.",
    )
    proposed_by = fields.Selection([("name", "Same Name"), ("words", "Same Words")], "Proposal Reason", readonly=True)

    def _propose(self):
        """Map unmapped codes by rules, then by equal codes and names, then to codes of the target."""
        self._apply_rules()
        self._propose_records()
        self._propose_target_codes()

    def _apply_rules(self):
        """Map unmapped codes by the first rule that matches."""
        unmapped = self.filtered(lambda mapping: mapping.direction == "in" and mapping.state == "unmapped")
        rules = self.env["ml.mapping.rule"].search([("connection_id", "in", unmapped.connection_id.ids)])
        by_kind = rules.grouped(lambda rule: (rule.connection_id, rule.kind))
        for mapping in unmapped:
            for rule in by_kind.get((mapping.connection_id, mapping.kind), ()):
                if rule._fits(mapping) and rule._record().exists():
                    mapping.write({"res_id": rule.res_id, "origin": "rule", "rule_id": rule.id})
                    break

    def _propose_records(self):
        """Map unmapped codes to the only Odoo record with the same code or name."""
        unmapped = self.filtered(
            lambda mapping: mapping.direction == "in" and mapping.state == "unmapped" and mapping.kind != "vendor"
        )
        for (connection, kind), mappings in unmapped.grouped(lambda m: (m.connection_id, m.kind)).items():
            records = self._candidates(connection, kind)
            by_code, by_name = self._by_code_and_name(kind, records)
            alike = Alike(self._coded(records)) if kind not in NOT_PROPOSED else None
            for mapping in mappings:
                if record := by_code.get(folded(mapping.external_code)):
                    mapping.write({"res_id": record.id, "origin": "code"})
                elif record := by_name.get(folded(mapping.external_name)):
                    mapping.write({"res_id": record.id, "origin": "name"})
                elif alike and mapping.proposed_by != "name":
                    mapping._note_alike(alike.find(mapping.external_name))

    def _note_alike(self, record_id):
        """Propose the record whose name has the same words; it was another one, or none, before."""
        if (self.proposed_id or False) != (record_id or False):
            self.write({"proposed_id": record_id, "proposed_by": record_id and "words"})

    def _note_proposal(self, reference, record):
        """Store the proposed record of a code, for a user to accept."""
        for mapping in self:
            if (mapping.kind, mapping.external_id) == (reference.kind, reference.external_id):
                mapping.write({"proposed_id": record.id, "proposed_by": "name"})

    @api.model
    def _candidates(self, connection, kind):
        """Odoo records of a kind, as the integration user sees them."""
        company = connection.company_id
        model = connection._books()[MAPPED_MODELS[kind]].with_company(company)
        if not self._is_readable(connection, kind):
            return model
        records = model.search(self._record_domain(company, kind))
        # a provider that takes accounts from Odoo has the whole chart, and Odoo has to recognize each of them
        takes_accounts = any(
            spec.direction == "push" and spec.kind == "account" for spec in connection._provider_class().flows
        )
        return records if takes_accounts else self._coded(records)

    @api.model
    def _by_code_and_name(self, kind, records):
        """Records of a kind by unique code and unique name."""
        if kind == "employee":
            # by email only: names are not unique, and amounts must not be owed to the wrong person
            return unambiguous(records, lambda employee: folded(employee.work_email)), {}
        if kind == "currency":
            return unambiguous(records, lambda currency: folded(currency.name)), {}
        by_code = unambiguous(records, lambda record: folded(record.code) if "code" in record._fields else "")
        by_name = unambiguous(records, lambda record: folded(record.name)) if kind != "account" else {}
        return by_code, by_name

    def _reason(self):
        """The code and how it was mapped."""
        self.ensure_one()
        code = self.external_code or self.external_name or self.external_id
        if self.origin == "rule" and self.rule_id:
            return self.env._("%(code)s, by the mapping rule %(rule)s", code=code, rule=self.rule_id.display_name)
        origins = dict(self._fields["origin"]._description_selection(self.env))
        return f"{code} ({origins.get(self.origin, '')})" if self.origin else code

    def _unread_text(self):
        """A sentence if the integration user may not read the records to propose; otherwise empty."""
        incoming = self.filtered(lambda mapping: mapping.direction == "in")
        for connection, mappings in incoming.grouped("connection_id").items():
            kinds = {kind for kind in mappings.mapped("kind") if not self._is_readable(connection, kind)}
            if kinds:
                labels = dict(self._fields["kind"]._description_selection(self.env))
                return self.env._(
                    "The integration user %(user)s cannot read records of type %(kinds)s. Activate a flow that needs"
                    " them, or grant the right.",
                    user=connection.sudo().user_id.name,  # sudo: whoever sees the connection need not see users
                    kinds=", ".join(sorted(labels[kind] for kind in kinds)),
                )
        return ""

    @needs("map")
    def action_propose(self):
        """Map the selected unmapped codes to records, or to codes of the target, with equal codes or names."""
        unmapped = self.filtered(lambda mapping: mapping.state == "unmapped")
        unmapped.sudo()._propose()  # sudo: how a row was mapped is an engine field
        filled = unmapped.filtered(lambda mapping: mapping.state != "unmapped")
        filled._decided_filled("propose")
        count = len(filled)
        if unread := (unmapped - filled)._unread_text():
            return notification(unread, "warning")
        if not count:
            return notification(self.env._("Nothing mapped: no code or name matches exactly one record."), "warning")
        if count == 1:
            return notification(self.env._("1 code mapped."))
        return notification(self.env._("%(count)s codes mapped.", count=count))

    @needs("map")
    def action_accept_proposals(self):
        """Map the selected unmapped codes to their proposed records."""
        proposed = self.filtered(lambda mapping: mapping.state == "unmapped" and mapping.proposed_id)
        for mapping in proposed:
            mapping.res_id = mapping.proposed_id
        if not proposed:
            return notification(self.env._("These codes have no proposals."), "warning")
        return notification(self.env._("Proposals accepted: %(count)s.", count=len(proposed)))


LIKE = 0.6
"""Lowest share of equal words in two names for a proposal."""


class Alike:
    """Finds the one record whose name has the same words."""

    def __init__(self, records):
        self._words = {record.id: _words(record.name) for record in records}
        self._by_word = {}
        for record_id, words in self._words.items():
            for word in words:
                self._by_word.setdefault(word, []).append(record_id)

    def find(self, name):
        """Id of the record that is more alike than any other; False where there is none. Numbers have to agree."""
        words = _words(name)
        common = Counter(record_id for word in words for record_id in self._by_word.get(word, ()))
        shares = {
            record_id: 2 * count / (len(words) + len(self._words[record_id]))
            for record_id, count in common.items()
            if _numbers(words) == _numbers(self._words[record_id])
        }
        best = max(shares.values(), default=0)
        found = [record_id for record_id, share in shares.items() if share == best]
        return found[0] if best >= LIKE and len(found) == 1 else False


def _words(name):
    """The words of a name, whatever their case, accents and number."""
    plain = unicodedata.normalize("NFKD", (name or "").casefold())
    letters = "".join(sign for sign in plain if not unicodedata.combining(sign))
    return {_singular(word) for word in re.findall(r"[^\W_]+", letters) if len(word) > 1 or word.isdigit()}


def _singular(word):
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _numbers(words):
    return {word for word in words if word.isdigit()}


def folded(text):
    """A code or name as it is compared."""
    return (text or "").strip().casefold()


def unambiguous(records, key):
    """{key: record} of the keys that exactly one record has."""
    groups = records.grouped(key)
    return {value: group for value, group in groups.items() if value and len(group) == 1}
