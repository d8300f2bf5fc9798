import re
import unicodedata
from collections import Counter

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain

from .client_actions import notification
from .ml_sealed import needs

MAPPED_MODELS = {
    "account": "account.account",
    "tax": "account.tax",
    "analytic": "account.analytic.account",
    "journal": "account.journal",
    "vendor": "res.partner",
    "employee": "hr.employee",
    "payment_term": "account.payment.term",
    "fiscal_position": "account.fiscal.position",
    "partner_category": "res.partner.category",
    "currency": "res.currency",
    "plan": "account.analytic.plan",
}
NOT_CODED = ("asset_receivable", "liability_payable", "asset_cash", "equity_unaffected", "off_balance")
"""Types of accounts that lines of bills and orders do not use."""
LIKE = 0.6
"""Lowest share of equal words in two names for a proposal."""
NOT_PROPOSED = ("vendor", "employee", "currency")
"""Kinds for which equal words are no reason for a proposal: recipients of money, and currencies."""
MONEY_JOURNALS = ("bank", "cash", "credit")
"""Types of journals of payments."""


def referred_models(rows, vals):
    """The models of the Odoo records of existing or new rows."""
    kinds = [vals["kind"]] if vals.get("kind") else rows.mapped("kind")
    return {MAPPED_MODELS[kind] for kind in kinds if kind in MAPPED_MODELS}


class MlMapping(models.Model):
    """A code of the provider and its Odoo record."""

    _name = "ml.mapping"
    _description = "Mapping"
    _order = "state desc, kind, external_code, external_name, id"
    _rec_names_search = ["external_name", "external_code"]
    _inherit = "ml.sealed"
    _maker_right = "map"
    _birth_fields = ("connection_id", "kind", "external_id", "external_code", "external_name", "external_group")
    _open_fields = {"map": ("res_id", "is_ignored")}

    connection_id = fields.Many2one("ml.connection", required=True, readonly=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    provider = fields.Selection(related="connection_id.provider")
    kind = fields.Selection(
        [
            ("account", "Account"),
            ("tax", "Tax"),
            ("analytic", "Analytic Account"),
            ("journal", "Journal"),
            ("vendor", "Vendor"),
            ("employee", "Employee"),
            ("payment_term", "Payment Terms"),
            ("fiscal_position", "Fiscal Position"),
            ("partner_category", "Vendor Tag"),
            ("currency", "Currency"),
            ("plan", "Analytic Plan"),
        ],
        "Type",
        required=True,
        readonly=True,
    )
    external_id = fields.Char("Provider ID", required=True, readonly=True)
    external_code = fields.Char("Provider Code", readonly=True)
    external_name = fields.Char("Provider Name", readonly=True)
    external_group = fields.Char("Provider Field", readonly=True)
    res_model = fields.Char(compute="_compute_res_model", store=True)
    res_id = fields.Many2oneReference("Odoo Record", model_field="res_model")
    res_domain = fields.Binary(compute="_compute_res_domain", help="The Odoo records to choose from.")
    proposed_id = fields.Many2oneReference(
        "Proposal",
        model_field="res_model",
        readonly=True,
        help="Odoo record with the same name, or the same words in its name. Check it before you accept it.",
    )
    proposed_by = fields.Selection([("name", "Same Name"), ("words", "Same Words")], "Proposal Reason", readonly=True)
    is_ignored = fields.Boolean("Ignore", help="Lines with this code are booked without it.")
    origin = fields.Selection(
        [("manual", "Manual"), ("code", "Same Code"), ("name", "Same Name"), ("ours", "Sent from Odoo")],
        readonly=True,
    )
    state = fields.Selection(
        [("mapped", "Mapped"), ("ignored", "Ignored"), ("unmapped", "Unmapped")],
        "Status",
        compute="_compute_state",
        store=True,
        index=True,
    )
    waiting_log_ids = fields.Many2many(
        "ml.sync.log", "ml_sync_log_waiting_mapping_rel", "mapping_id", "log_id", readonly=True
    )
    waiting_count = fields.Integer("Waiting Records", compute="_compute_waiting_count")

    _external_unique = models.UniqueIndex("(connection_id, kind, external_id)", "This code is already in the list.")

    @api.depends("external_name", "external_code")
    def _compute_display_name(self):
        for mapping in self:
            parts = [mapping.external_code, mapping.external_name or mapping.external_id]
            mapping.display_name = " ".join(part for part in parts if part)

    @api.depends("kind")
    def _compute_res_model(self):
        for mapping in self:
            mapping.res_model = MAPPED_MODELS.get(mapping.kind)

    @api.depends("kind", "company_id")
    def _compute_res_domain(self):
        for mapping in self:
            known = mapping.kind in MAPPED_MODELS
            mapping.res_domain = list(self._record_domain(mapping.company_id, mapping.kind)) if known else []

    @api.depends("res_id", "is_ignored")
    def _compute_state(self):
        for mapping in self:
            mapping.state = "mapped" if mapping.res_id else "ignored" if mapping.is_ignored else "unmapped"

    @api.depends("waiting_log_ids.state")
    def _compute_waiting_count(self):
        waiting = [("state", "=", "waiting"), ("waiting_mapping_ids", "in", self.ids)]
        counts = dict(self.env["ml.sync.log"]._read_group(waiting, ["waiting_mapping_ids"], ["__count"]))
        for mapping in self:
            mapping.waiting_count = counts.get(mapping._origin, 0)

    @api.model
    def _check_may_be_vendor(self, partner_ids):
        """Refuse contacts that cannot be vendors, without their names, which the user may not see."""
        if self.env["res.partner"].browse(partner_ids).exists()._ml_protected():
            raise ValidationError(
                self.env._(
                    "A vendor cannot be mapped to a contact of a user, an employee or a company of this database."
                    " Choose another contact."
                )
            )

    @api.constrains("res_id", "res_model")
    def _check_record(self):
        for mapping in self.filtered("res_id"):
            company = mapping.company_id
            if not self._is_choice(mapping._record(), self._company_domain(company, mapping.kind)):
                raise ValidationError(
                    self.env._(
                        "Choose a record of %(company)s for %(code)s.",
                        company=company.display_name,
                        code=mapping.display_name,
                    )
                )
        vendors = self.filtered(lambda mapping: mapping.kind == "vendor" and mapping.res_id)
        self._check_may_be_vendor(vendors.mapped("res_id"))

    @api.model
    def _is_choice(self, record, domain):
        """Whether a record exists and is in the domain. The check of links tests access."""
        return bool(record.exists().filtered_domain(domain))

    def _referred_models(self, vals):
        return referred_models(self, vals)

    def _record(self):
        self.ensure_one()
        return self.env[self.res_model].browse(self.res_id)

    @api.model
    def _resolved(self, connection, keys):
        """{(kind, external id): Odoo record, or None if the code is ignored} of the mapped keys.

        The records have the environment of the integration user.
        """
        books = connection._books()
        return {
            (mapping.kind, mapping.external_id): mapping._record().with_env(books) if mapping.res_id else None
            for mapping in self._filled(connection, keys, "res_id")._without_gone()
        }

    @api.model
    def _filled(self, connection, keys, field):
        """The rows of the keys (kind, external id) that have a value in `field` or are ignored."""
        if not keys:
            return self.browse()
        return self.search(
            [
                ("connection_id", "=", connection.id),
                *("|", (field, "!=", False), ("is_ignored", "=", True)),
                ("kind", "in", list({kind for kind, _id in keys})),
                ("external_id", "in", list({external_id for _kind, external_id in keys})),
            ]
        )

    @api.model
    def _upsert(self, connection, references):
        """Find or create the rows of the references, and propose Odoo records."""
        wanted = {(reference.kind, reference.external_id): reference for reference in references}
        if not wanted:
            return self
        known = self.search(
            [
                ("connection_id", "=", connection.id),
                ("kind", "in", list({kind for kind, _id in wanted})),
                ("external_id", "in", list({external_id for _kind, external_id in wanted})),
            ]
        ).filtered(lambda mapping: (mapping.kind, mapping.external_id) in wanted)
        for mapping in known:
            mapping._refresh_names(wanted.pop((mapping.kind, mapping.external_id)))
        new = self.create(
            [
                {
                    "connection_id": connection.id,
                    "kind": reference.kind,
                    "external_id": reference.external_id,
                    "external_code": reference.code,
                    "external_name": reference.name,
                    "external_group": reference.group,
                }
                for reference in wanted.values()
            ]
        )
        (known | new)._propose()
        return known | new

    @api.model
    def _record_odoo_code(self, connection, reference, record):
        """Map the provider's code of a sent record to that record, unless a user or a code mapped it to another one.

        :return: the row of the code
        """
        mapping = self._upsert(connection, [reference])
        if mapping.state == "unmapped" or (mapping.res_id == record.id and mapping.origin in ("code", "name")):
            mapping.write({"res_id": record.id, "origin": "ours"})
        return mapping

    @api.model
    def _references_of(self, connection, kind, res_ids):
        """{record id: `Reference`} of records with an equal or sent code of the provider.

        Manual mappings do not count, because several codes may be mapped to the same record.
        """
        mappings = self.search(
            [
                ("connection_id", "=", connection.id),
                ("kind", "=", kind),
                ("res_id", "in", list(res_ids)),
                ("origin", "in", ("ours", "code", "name")),
            ],
            order="id desc",
        )
        return {
            mapping.res_id: mapping._as_reference()
            for mapping in mappings.sorted(lambda mapping: mapping.origin == "ours")
        }

    def _note_proposal(self, reference, record):
        """Store the proposed record of a code, for a user to accept."""
        for mapping in self:
            if (mapping.kind, mapping.external_id) == (reference.kind, reference.external_id):
                mapping.write({"proposed_id": record.id, "proposed_by": "name"})

    @needs("map")
    def action_accept_proposals(self):
        """Map the selected unmapped codes to their proposed records."""
        proposed = self.filtered(lambda mapping: mapping.state == "unmapped" and mapping.proposed_id)
        for mapping in proposed:
            mapping.res_id = mapping.proposed_id
        if not proposed:
            return notification(self.env._("These codes have no proposals."), "warning")
        return notification(self.env._("Proposals accepted: %(count)s.", count=len(proposed)))

    def _refresh_names(self, reference):
        names = {
            "external_code": reference.code or self.external_code,
            "external_name": reference.name or self.external_name,
            "external_group": reference.group or self.external_group,
        }
        changed = {name: value for name, value in names.items() if value != (self[name] or "") and value}
        if changed:
            self.write(changed)

    def _propose(self):
        """Map unmapped codes to the only Odoo record with the same code or name."""
        unmapped = self.filtered(
            lambda mapping: mapping.state == "unmapped" and not mapping.res_id and mapping.kind != "vendor"
        )
        for (connection, kind), mappings in unmapped.grouped(lambda m: (m.connection_id, m.kind)).items():
            records = self._candidates(connection, kind)
            by_code, by_name = self._by_code_and_name(kind, records)
            alike = _Alike(self._coded(records)) if kind not in NOT_PROPOSED else None
            for mapping in mappings:
                if record := by_code.get((mapping.external_code or "").strip().casefold()):
                    mapping.write({"res_id": record.id, "origin": "code"})
                elif record := by_name.get((mapping.external_name or "").strip().casefold()):
                    mapping.write({"res_id": record.id, "origin": "name"})
                elif alike and mapping.proposed_by != "name":
                    mapping._note_alike(alike.find(mapping.external_name))

    def _note_alike(self, record_id):
        """Propose the record whose name has the same words; it was another one, or none, before."""
        if (self.proposed_id or False) != (record_id or False):
            self.write({"proposed_id": record_id, "proposed_by": record_id and "words"})

    @api.model
    def _company_domain(self, company, kind):
        """Records of a company or of all companies; of plans only the roots."""
        if kind == "plan":
            return Domain("parent_id", "=", False)
        model = self.env[MAPPED_MODELS[kind]]
        has_company = {"company_id", "company_ids"} & model._fields.keys()
        return Domain(model._check_company_domain(company)) if has_company else Domain.TRUE

    @api.model
    def _record_domain(self, company, kind):
        """The Odoo records that a mapping of this kind may have."""
        domain = self._company_domain(company, kind)
        if kind == "tax":
            domain &= Domain("type_tax_use", "=", "purchase")
        if kind == "journal":
            domain &= Domain("type", "in", MONEY_JOURNALS)
        return domain

    @api.model
    def _is_readable(self, connection, kind):
        """Whether the integration user may read records of a kind. All users may read public data of employees."""
        return kind == "employee" or connection._books()[MAPPED_MODELS[kind]].has_access("read")

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
    def _coded(self, records):
        """The records without accounts that lines do not use."""
        if records._name != "account.account":
            return records
        return records.filtered(lambda account: account.account_type not in NOT_CODED)

    @api.model
    def _by_code_and_name(self, kind, records):
        """Records of a kind by unique code and unique name."""
        if kind == "employee":
            # by email only: names are not unique, and amounts must not be owed to the wrong person
            return _unambiguous(records, lambda employee: employee.work_email), {}
        if kind == "currency":
            return _unambiguous(records, lambda currency: currency.name), {}
        by_code = _unambiguous(records, lambda record: record.code if "code" in record._fields else "")
        by_name = _unambiguous(records, lambda record: record.name) if kind != "account" else {}
        return by_code, by_name

    def write(self, vals):
        self._check_each_person(vals)
        before = self.grouped("res_model") if "res_id" in vals else {}
        named = {model: set(mappings.mapped("res_id")) for model, mappings in before.items() if model}
        result = super().write(vals)
        # sudo: whoever may map need not have a right on the queue; what could not use the record may use another one
        logs = self.sudo().env["ml.sync.log"]
        for model, ids in named.items():
            logs._release_awaiting(model, ids, ("connection_id", "in", self.connection_id.ids))
        if "res_id" in vals and "origin" not in vals:
            origin = "manual" if vals["res_id"] else False
            super(MlMapping, self.sudo()).write({"origin": origin})  # sudo: engine field
        if self._filling_fields() & set(vals):
            self.filtered(lambda mapping: mapping.state != "unmapped")._release()
        if vals.get("res_id"):
            self.filtered(lambda mapping: mapping.kind == "plan")._send_values()
        return result

    def _check_each_person(self, vals):
        """Refuse the same employee for several rows edited together."""
        people = self.filtered(lambda mapping: mapping.kind == "employee")
        if vals.get("res_id") and len(people) > 1 and not self.env.su:
            raise UserError(
                self.env._("Choose the employee of each code separately, because amounts are owed to each of them.")
            )

    def unlink(self):
        """Retry transfers that wait for deleted rows."""
        logs = self.sudo().waiting_log_ids.filtered(lambda log: log.state == "waiting")  # sudo: as in `_release`
        result = super().unlink()
        logs._make_pending()
        return result

    def _filling_fields(self):
        """Names of the fields that map a row."""
        return {"res_id", "is_ignored"}

    def _send_values(self):
        """Send the accounts of newly mapped plans, although they did not change."""
        # sudo: as in `_release`
        flows = self.sudo().connection_id.flow_ids.filtered(lambda flow: flow.active and flow.kind == "list_value")
        flows.next_run_at = fields.Datetime.now()
        for connection in flows.connection_id:
            connection._trigger()

    def _release(self):
        """Release the transfers that waited for these mappings only."""
        mappings = self.sudo()  # sudo: whoever may map need not have a right on the queue itself
        logs = mappings.waiting_log_ids.filtered(lambda log: log.state == "waiting")
        mappings.waiting_log_ids = [fields.Command.clear()]
        ready = logs.filtered(lambda log: not log.waiting_mapping_ids)
        ready._make_pending()

    def _decided_filled(self, action):
        """Record the decision of a user that mapped these rows."""
        names = sorted(self._filling_fields())
        self._tell_decisions([row._told_decision(action, new=row._told_summary(names)) for row in self])

    def _filling(self):
        """The mapped values of each row."""
        names = sorted(self._filling_fields())
        return {mapping: [mapping[name] for name in names] for mapping in self}

    @needs("map")
    def action_propose(self):
        """Map the selected unmapped codes to records with equal codes or names."""
        unmapped = self.filtered(lambda mapping: mapping.state == "unmapped")
        before = unmapped._filling()
        unmapped.sudo()._propose()  # sudo: how a row was filled is an engine field
        filled = unmapped.filtered(lambda mapping: mapping._filling()[mapping] != before[mapping])
        filled._decided_filled("propose")
        count = len(filled)
        if unread := (unmapped - filled)._unread_text():
            return notification(unread, "warning")
        if not count:
            return notification(
                self.env._("Nothing mapped: no code or name matches exactly one Odoo record."), "warning"
            )
        if count == 1:
            return notification(self.env._("1 code mapped."))
        return notification(self.env._("%(count)s codes mapped.", count=count))

    def _unread_text(self):
        """A sentence if the integration user may not read the records to propose; otherwise empty."""
        for connection, mappings in self.grouped("connection_id").items():
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

    def action_open_waiting(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Waiting for %(code)s", code=self.display_name),
            "res_model": "ml.sync.log",
            "view_mode": "list,form",
            "domain": [("waiting_mapping_ids", "in", self.ids)],
        }


def _unambiguous(records, key):
    found = {}
    for record in records:
        text = (key(record) or "").strip().casefold()
        if text:
            found.setdefault(text, []).append(record)
    return {text: matches[0] for text, matches in found.items() if len(matches) == 1}


class _Alike:
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
