from decimal import Decimal

from odoo import models
from odoo.tools import SQL

from ..core.documents import Reference
from ..core.errors import (
    ConnectorError,
    DuplicateError,
    InvalidDataError,
    MappingError,
    NotReadyError,
    NotRelevantError,
)
from ..core.messages import Amount, _, paragraph
from ..core.own_ids import may_be
from ..core.provider import Finding
from ..models.client_actions import shown_as_text
from ..models.ml_sentence import money
from .bill_analytics import BillAnalytics
from .bill_taxes import BILL, BillPlan, BillTaxes, LinePlan
from .bill_writer import SYNC_METHODS, BillWriter
from .importer_tools import (
    Currencies,
    OpenDates,
    account_problem,
    bound_elsewhere,
    change_note,
    check_date,
    check_tax_countries,
    creditor_of,
    exact,
    fits,
    is_of_company,
    named,
    no_rate,
    odoo_refusals,
    tolerance,
    unusable,
)
from .official_numbers import OfficialNumbers, plain
from .posted_bill_diff import PostedBillDiff, normalized

BILL_TYPES = ("in_invoice", "in_refund", "in_receipt")


class BillBatch:
    """The shared data of a batch of bills: options of the flow, and look-ups that are made once."""

    def __init__(self, writer, flow, documents, resolver):
        self.env = writer.env
        self.flow = flow
        self.company = flow.company_id.with_env(self.env)
        self.connection = flow.connection_id
        self.provider = flow.connection_id._provider_name()
        self.resolver = resolver
        self.tolerance = tolerance(flow)
        self.dates = OpenDates(self.env, flow)
        self.amounts = BillTaxes(self.env, self.company, self.tolerance)
        self.currencies = Currencies(self.env, (document.currency for document in documents), self.provider)
        self._mapped = self._read_mapped(writer, documents)
        self.analytics = BillAnalytics(self)
        self.existing = {}
        self.bound = {}
        self.origins = {}
        self.seen = {}
        self._creditors = {}
        self.order_lines = {}
        self.rates = {}
        self.positions = {}
        self.deliveries = {}
        self.entered = {}
        self.official = OfficialNumbers(self.env, self.provider)
        self.options = {}

    def _read_mapped(self, writer, documents):
        """{(kind, external id): record}, in one recordset for each model so that Odoo prefetches them together."""
        found = {}
        for document in documents:
            for reference in writer._references(document):
                try:
                    found[reference.kind, reference.external_id] = self.resolver.mapping(reference)
                except MappingError:
                    continue  # raised again when the bill is planned
        together = {}
        for record in found.values():
            if record:
                together.setdefault(record._name, {})[record.id] = None
        together = {
            model: {record.id: record for record in self.env[model].browse(ids)} for model, ids in together.items()
        }
        return {key: record and together[record._name][record.id] for key, record in found.items()}

    def mapping(self, reference):
        """The Odoo record of a reference; None if the accountant ignores the code."""
        key = (reference.kind, reference.external_id)
        return self._mapped[key] if key in self._mapped else self.resolver.mapping(reference)

    def creditor(self, partner):
        """The partner to whom the company owes the bills of a vendor."""
        return self.once(self._creditors, partner.id, lambda: partner._ml_creditor(self.company))

    def once(self, cache, key, compute):
        """The cached value of a key, computed on first use."""
        if key not in cache:
            cache[key] = compute()
        return cache[key]


class MlImporterBill(models.AbstractModel):
    """Vendor bills and credit notes become `account.move` records."""

    _name = "ml.importer.bill"
    _inherit = "ml.importer"
    _description = "Vendor Bill Importer"
    _groups = ("account.group_account_invoice",)

    _form = BILL

    def _references(self, document):
        if document.is_void:
            return ()
        references = {}
        for line in document.lines:
            for reference in (line.account, *line.taxes, *(share.reference for share in line.analytics)):
                if reference:
                    references.setdefault((reference.kind, reference.external_id), reference)
        return tuple(references.values())

    def _dependencies(self, document):
        if document.is_void:
            return ()
        return (("vendor", document.vendor.external_id, document.vendor.name),)

    # ------------------------------------------------------------------ plan

    def _plan_batch(self, flow, entries, resolver):
        for entry in entries:
            if entry.document.is_void:
                self._plan_void(entry, flow.connection_id._provider_name())
        entries = [entry for entry in entries if not entry.document.is_void]
        batch = BillBatch(self, flow, [entry.document for entry in entries], resolver)
        partners = self._partners(batch, entries)
        self._look_up(batch, entries, partners)
        for entry in entries:
            if entry.error:
                continue
            try:
                self._plan_entry(batch, entry, partners[entry.document.vendor.external_id])
            except ConnectorError as error:
                entry.error = error
            else:
                entry.note = paragraph(entry.note, entry.document.remark)

    def _partners(self, batch, entries):
        """{vendor id: partner} of the batch; bills of an unknown vendor get their error."""
        partners = {}
        for entry in entries:
            party = entry.document.vendor
            partner = batch.resolver.binding("vendor", party.external_id)
            if partner:
                partners[party.external_id] = partner
            else:
                entry.error = MappingError(
                    _("Vendor %(vendor)s is not in Odoo yet.", vendor=party.name or party.external_id),
                    [Reference(kind="vendor", external_id=party.external_id, name=party.name)],
                )
        # one recordset, so that Odoo prefetches the partners together
        together = self.env["res.partner"].browse(dict.fromkeys(partner.id for partner in partners.values()))
        by_id = {partner.id: partner for partner in together}
        return {external_id: by_id[partner.id] for external_id, partner in partners.items()}

    def _look_up(self, batch, entries, partners):
        """Read the existing records that the bills of the batch may match, with few queries."""
        documents = [entry.document for entry in entries if not entry.error]
        unbound = [entry.document for entry in entries if not entry.error and not entry.bound]
        together = self.env["res.partner"].union(*partners.values())
        creditors = {batch.creditor(partner).id for partner in together}
        # prefetch what is read for each vendor
        self.env["res.partner"].browse(creditors).bank_ids.mapped("currency_id")
        numbers = {normalized(document.number) for document in unbound if normalized(document.number)}
        moves = self._moves_numbered(batch, together.commercial_partner_id.ids, numbers)
        for move in moves:
            for key in {("ref", normalized(move.ref)), ("official", batch.official.key(move))}:
                batch.existing.setdefault((creditor_of(move).id, *key), []).append(move)
        batch.origins = self._origins(batch, unbound)
        origins = self.env["account.move"].union(*batch.origins.values())
        batch.bound = bound_elsewhere(batch.connection, "bill", moves | origins)
        if "purchase_line_id" in self.env["account.move.line"]._fields:
            ids = {line.purchase_order_line for document in documents for line in document.lines} - {None}
            domain = [("id", "in", list(ids)), ("company_id", "=", batch.company.id)]
            lines = self.env["purchase.order.line"].search(domain) if ids else ()
            by_id = {line.id: line for line in lines}
            batch.order_lines = {told: by_id[told] for told in ids if told in by_id and may_be(by_id[told], told)}
            self._look_up_order_keys(batch, documents)

    def _origins(self, batch, documents):
        """{external id: move} of the bills that come from Odoo, found by their Odoo ID or by what was sent."""
        # an ID from outside may be of another company's bill
        ids = {document.odoo_id for document in documents if document.odoo_id}
        domain = [("company_id", "=", batch.company.id), ("move_type", "in", BILL_TYPES)]
        own = self.env["account.move"].search([("id", "in", list(ids)), *domain]) if ids else ()
        by_id = {move.id: move for move in own}
        keys = {("own_bill", key) for document in documents for key in document.sent_as}
        sent = batch.connection.env["ml.binding"]._records(batch.connection, keys)
        found = {}
        for document in documents:
            moves = [sent[key] for name in document.sent_as if (key := ("own_bill", name)) in sent]
            named = by_id.get(document.odoo_id)
            own = named if named and may_be(named, document.odoo_id) else None
            if move := own or next(iter(moves), None):
                found[document.external_id] = move
        return found

    def _look_up_order_keys(self, batch, documents):
        """The order lines that the provider refers to by its own IDs, if Odoo has their orders."""
        keys = {line.order_line_key for document in documents for line in document.lines} - {""}
        names = {("purchase_order_line", key) for key in keys}
        found = batch.connection.env["ml.binding"]._records(batch.connection, names)
        batch.order_lines |= {key: line for (_kind, key), line in found.items()}

    def _moves_numbered(self, batch, commercial_ids, numbers):
        """Bills of these vendors with these numbers, regardless of case and spaces."""
        moves = self.env["account.move"]
        if not commercial_ids or not numbers:
            return moves
        moves.flush_model(["ref", "name", "state", "move_type", "company_id", "partner_id"])
        rows = self.env.execute_query(
            SQL(
                """SELECT move.id
                     FROM account_move move
                     JOIN res_partner partner ON partner.id = move.partner_id
                    WHERE partner.commercial_partner_id IN %s
                      AND move.company_id = %s
                      AND move.move_type IN %s
                      AND move.state != 'cancel'
                      AND (lower(regexp_replace(move.ref, '\\s', '', 'g')) IN %s OR %s)
                    ORDER BY move.id""",
                tuple(commercial_ids),
                batch.company.id,
                BILL_TYPES,
                tuple(numbers),
                batch.official.condition(numbers),
            )
        )
        return moves.browse(move_id for (move_id,) in rows)

    def _plan_entry(self, batch, entry, partner):
        if entry.bound:
            self._plan_bound(batch, entry, partner)
            return
        document = entry.document
        batch.currencies.usable(document.currency)
        if existing := self._existing(batch, document, partner):
            batch.bound[existing.id] = document.external_id
            self._plan_link(batch, entry, existing)
            return
        self._check_batch(batch, document, partner)
        plan = self._prepare(batch, document, partner)
        entry.plan("created", values=plan, note=paragraph(*plan.notes))

    # ------------------------------------------------------------------ the same bill?

    def _existing(self, batch, document, partner):
        """The same bill that a user entered manually, or None.

        :raises DuplicateError: a bill may be the same, but it is not certain
        """
        move = batch.origins.get(document.external_id)
        if move and move.company_id == batch.company and move.state != "cancel":
            self._check_origin(batch, document, partner, move)
            return move
        creditor_id = batch.creditor(partner).id
        numbered = [
            *batch.existing.get((creditor_id, "ref", normalized(document.number)), ()),
            *batch.existing.get((creditor_id, "official", plain(document.number)), ()),
        ]
        rivals = [move for move in dict.fromkeys(numbered) if self._is_rival(batch, document, move)]
        if not rivals:
            return None
        same = [move for move in rivals if self._same_total(document, move) and move.id not in batch.bound]
        if len(rivals) == 1 and len(same) == 1:
            return same[0]
        raise DuplicateError(
            _(
                "Bill %(number)s of %(vendor)s for %(amount)s may already be in Odoo: %(bills)s.",
                number=document.number,
                vendor=partner.display_name,
                amount=Amount(document.total, document.currency),
                bills=[self._described(batch, move) for move in rivals],
            )
        )

    def _check_origin(self, batch, document, partner, move):
        """Check the bill that an Odoo ID refers to: vendor, type, currency and total must match.

        :raises DuplicateError: they do not
        """
        if move.id in batch.bound:
            raise DuplicateError(
                _(
                    "%(bill)s is already linked to another bill in %(provider)s.",
                    bill=move.display_name,
                    provider=batch.provider,
                )
            )
        if (
            creditor_of(move) == batch.creditor(partner)
            and move.move_type == self._move_type(document)
            and move.currency_id.name == document.currency
            and abs(exact(move.amount_total, move.currency_id) - document.total) <= batch.tolerance
        ):
            return
        names = {
            "number": document.number or document.external_id,
            "vendor": partner.display_name,
            "amount": Amount(document.total, document.currency),
            "bill": self._described(batch, move),
            "other": move.commercial_partner_id.display_name or "-",
            "provider": batch.provider,
        }
        raise DuplicateError(
            _(
                "Credit note %(number)s of %(vendor)s for %(amount)s refers to %(bill)s of %(other)s in Odoo, which"
                " does not match. Correct the reference in %(provider)s, or make both match.",
                **names,
            )
            if document.is_credit
            else _(
                "Bill %(number)s of %(vendor)s for %(amount)s refers to %(bill)s of %(other)s in Odoo, which does not"
                " match. Correct the reference in %(provider)s, or make both match.",
                **names,
            )
        )

    def _is_rival(self, batch, document, move):
        """Whether a bill of the same vendor and number may be the same bill.

        Some vendors reuse a number (an account number each month): with another date and another total it is another
        bill. A bill of this connection is another bill too, unless it has the same date.
        """
        if move.payment_state == "reversed":
            return False
        same_day = not move.invoice_date or move.invoice_date == document.document_date
        if move.id in batch.bound:
            return same_day
        return same_day or self._same_total(document, move)

    def _same_total(self, document, move):
        return (
            move.currency_id.name == document.currency
            and exact(move.amount_total, move.currency_id) == document.total
            and move.move_type == self._move_type(document)
        )

    def _described(self, batch, move):
        bill = _(
            "%(bill)s (%(date)s, %(amount)s)",
            bill=move.name or _("draft"),
            date=move.invoice_date or "-",
            amount=money(move.amount_total, move.currency_id),
        )
        if external_id := batch.bound.get(move.id):
            return _(
                "%(bill)s, linked to record %(id)s in %(provider)s", bill=bill, id=external_id, provider=batch.provider
            )
        return bill

    def _check_batch(self, batch, document, partner):
        """Reject the second of two records with the same number, vendor and date in a batch."""
        if not normalized(document.number):
            return
        key = (batch.creditor(partner).id, normalized(document.number), document.document_date)
        first = batch.seen.setdefault(key, document)
        if first is not document:
            raise DuplicateError(
                _(
                    "%(provider)s has bill %(number)s of %(vendor)s twice: %(first)s and %(second)s.",
                    provider=batch.provider,
                    number=document.number,
                    vendor=partner.display_name,
                    first=first.external_id,
                    second=document.external_id,
                )
            )

    def _plan_link(self, batch, entry, move):
        document = entry.document
        note = ""
        if move.invoice_date and move.invoice_date != document.document_date:
            note = _(
                "Dated %(odoo_value)s in Odoo and %(provider_value)s in %(provider)s.",
                odoo_value=move.invoice_date,
                provider_value=document.document_date,
                provider=batch.provider,
            )
        if not self._same_total(document, move):
            note = _(
                "The total is %(odoo_value)s in Odoo, but %(provider_value)s in %(provider)s. Correct one of them.",
                odoo_value=money(move.amount_total, move.currency_id),
                provider_value=Amount(document.total, document.currency),
                provider=batch.provider,
            )
        entry.plan("linked", move, note=note)

    def _plan_void(self, entry, provider):
        """A bill that was voided at the provider: a draft is cancelled, a posted bill needs a decision."""
        move = entry.bound
        if not move:
            entry.error = NotRelevantError(_("Archived in %(provider)s before Odoo imported it.", provider=provider))
        elif move.state == "cancel" or move.payment_state == "reversed":
            entry.plan("unchanged", move)
        elif move.state == "draft":
            note = _("Cancelled because it was voided in %(provider)s.", provider=provider)
            entry.plan("updated", move, note=note)
        else:
            note = _(
                "Archived in %(provider)s, but %(bill)s is posted in Odoo. Reverse it or keep it.",
                provider=provider,
                bill=move.display_name,
            )
            entry.plan("drift", move, note=note)

    # ------------------------------------------------------------------ a bill that is already linked

    def _plan_bound(self, batch, entry, partner):
        move = entry.bound
        if move.state == "cancel":
            entry.plan("drift", move, note=_("%(record)s is cancelled in Odoo.", record=move.display_name))
            return
        if move.state == "posted" and move.payment_state == "reversed":
            entry.plan("drift", move, note=_("%(record)s is reversed in Odoo.", record=move.display_name))
            return
        is_draft = move.state == "draft"
        if is_draft:
            batch.currencies.usable(entry.document.currency)
        move_type = self._move_type(entry.document, move)
        plan = self._prepare(batch, entry.document, partner, None if is_draft else move, move_type)
        changes = PostedBillDiff(self.env, plan, move)
        if not is_draft or move.move_type != move_type:
            note = change_note(batch.provider, changes.differences(), not is_draft)
            entry.plan("drift" if note else "unchanged", move, note=note)
            return
        values = changes.draft_values()
        entry.plan("updated" if values else "unchanged", move, (plan, values), paragraph(*plan.notes))

    # ------------------------------------------------------------------ prepare

    def _move_type(self, document, move=None):
        """The type of move that the document becomes, or must be if it already is `move`."""
        return "in_refund" if document.is_credit else "in_invoice"

    def _prepare(self, batch, document, partner, booked=None, move_type=None, form=None):
        """Plan the bill.

        :param booked: the posted bill to compare it with; then nothing is checked that would only prevent booking
        :param move_type: type of move, if it does not follow from the document
        :param form: type of document, if it does not follow from the importer
        """
        if not document.lines:
            raise InvalidDataError(_("The bill has no lines. Complete it in %(provider)s.", provider=batch.provider))
        currency = batch.currencies.known(document.currency)
        self._check_amounts(batch, document, currency)
        journal = booked.journal_id if booked else self._journal(batch, document)
        position = self._fiscal_position(batch, partner)
        notes = []
        lines = [
            self._prepare_line(batch, document, number, line, partner, journal, currency, position, notes)
            for number, line in enumerate(document.lines, start=1)
        ]
        plan = BillPlan(
            document=document,
            provider=batch.provider,
            company=batch.company,
            partner=partner,
            journal=journal,
            currency=currency,
            rate=self._rate(batch, document, currency, booked),
            is_rate_stated=self._stated_rate(batch, document, currency) is not None,
            is_credit=document.is_credit,
            header={},
            lines=lines,
            form=form or self._form,
            notes=notes,
        )
        move_type = move_type or self._move_type(document)
        if not document.due_date and move_type != "entry":
            terms = booked.invoice_payment_term_id if booked else None
            plan.term = terms or partner.with_company(batch.company).property_supplier_payment_term_id
        batch.amounts.settle(plan)
        plan.header = self._prepare_header(batch, plan, booked, move_type, position)
        if not booked:
            self._check_partner(batch, document, partner)
            self._check_lines(batch, plan)
        return plan

    def _check_amounts(self, batch, document, currency):
        amounts = [document.total, *(line.amount for line in document.lines)]
        if document.tax_total is not None:
            amounts.append(document.tax_total)
        for amount in amounts:
            if not fits(amount, currency):
                raise InvalidDataError(
                    _(
                        "Amount %(amount)s has more than the %(digits)s decimals of %(currency)s. Correct it in"
                        " %(provider)s.",
                        amount=amount,
                        digits=currency.decimal_places,
                        currency=currency.name,
                        provider=batch.provider,
                    )
                )
        if document.total < 0:
            raise InvalidDataError(
                _(
                    "The total of the bill is negative (%(amount)s). Enter it as a credit note in %(provider)s.",
                    amount=Amount(document.total, currency.name),
                    provider=batch.provider,
                )
            )

    def _check_partner(self, batch, document, partner):
        if not is_of_company(partner, batch.company):
            raise NotReadyError(
                _(
                    "The contact of vendor %(vendor)s belongs to another company and cannot be used in %(company)s.",
                    vendor=document.vendor.name or document.vendor.external_id,
                    company=batch.company.display_name,
                ),
                awaits=partner,
            )

    def _journal(self, batch, document=None):
        return batch.once(batch.options, "journal", lambda: self._purchase_journal(batch))

    def _purchase_journal(self, batch):
        journals = self.env["account.journal"]
        if batch.flow.is_journal_gone:
            raise NotReadyError(
                _("The journal of the flow was deleted. Choose another journal in the flow."), awaits=batch.flow
            )
        journal = batch.flow.journal_id.with_env(self.env) or journals.search(
            [*journals._check_company_domain(batch.company), ("type", "=", "purchase")], limit=1
        )
        return self._checked_journal(batch, journal)

    def _plain_journal(self, batch):
        """A purchase journal without official documents, for bills that have no vendor's number."""
        journal = self._purchase_journal(batch)
        if not batch.official.applies(journal):
            return journal
        journals = self.env["account.journal"]
        domain = [("type", "=", "purchase"), ("l10n_latam_use_documents", "=", False)]
        journal = journals.search([*journals._check_company_domain(batch.company), *domain], limit=1)
        if not journal:
            raise NotReadyError(
                _(
                    "This is not an official document of a vendor, and %(company)s has no purchase journal without"
                    " official documents. Create one.",
                    company=batch.company.name,
                ),
                awaits=journals,
            )
        return self._checked_journal(batch, journal)

    def _checked_journal(self, batch, journal):
        if not journal:
            raise NotReadyError(
                _(
                    "%(company)s has no purchase journal. Create one, or choose one in the flow.",
                    company=batch.company.name,
                ),
                awaits=journal,
            )
        if unusable(journal, batch.company) or journal.type != "purchase":
            raise NotReadyError(
                _(
                    "Journal %(journal)s cannot be used for vendor bills. Choose another journal in the flow.",
                    journal=named(journal, batch.company),
                ),
                awaits=journal,
            )
        return journal

    def _rate(self, batch, document, currency, booked):
        """Units of the bill's currency for one unit of the company's currency."""
        company_currency = batch.company.currency_id
        if currency == company_currency:
            return 1.0
        if not booked and not batch.once(batch.rates, currency, lambda: self._has_rates(batch, currency)):
            raise no_rate(currency)
        own = batch.once(
            batch.rates,
            (currency, document.document_date),
            lambda: self.env["res.currency"]._get_conversion_rate(
                company_currency, currency, batch.company, document.document_date
            ),
        )
        stated = self._stated_rate(batch, document, currency)
        if stated is None:
            return own
        if not booked:
            self._check_rate(batch, document, stated, own)
        return stated

    def _stated_rate(self, batch, document, currency):
        """The rate that the document states to the company's currency, or None."""
        company_currency = batch.company.currency_id
        target = company_currency.name if document.rate_currency is None else document.rate_currency
        if document.exchange_rate is None or target != company_currency.name or currency == company_currency:
            return None
        if document.exchange_rate <= 0:
            raise InvalidDataError(_("Exchange rate %(rate)s is not positive.", rate=document.exchange_rate))
        return float(document.exchange_rate)

    def _check_rate(self, batch, document, stated, own):
        """
        :raises NotReadyError: the stated rate differs from Odoo's rate by more than the flow allows
        """
        if max(stated / own, own / stated) <= 1 + batch.flow.rate_tolerance / 100:
            return
        raise NotReadyError(
            _(
                "The rate is %(provider_value)s %(currency)s for 1 %(company_currency)s in %(provider)s, but"
                " %(odoo_value)s in Odoo on %(date)s. Correct one of them, or allow a larger difference in the flow.",
                provider_value=Decimal(f"{stated:.6g}"),
                odoo_value=Decimal(f"{own:.6g}"),
                currency=document.currency,
                company_currency=batch.company.currency_id.name,
                provider=batch.provider,
                date=document.document_date,
            ),
            awaits=batch.currencies.known(document.currency),
        )

    def _has_rates(self, batch, currency):
        """Whether the currency has any rate; Odoo uses 1.0 for one without, which is never meant."""
        domain = [("currency_id", "=", currency.id), ("company_id", "in", (False, batch.company.root_id.id))]
        return bool(self.env["res.currency.rate"].search(domain, limit=1))

    def _prepare_header(self, batch, plan, booked, move_type, position):
        """Values of the move without its lines. Odoo's defaults apply only to what the document does not state."""
        document = plan.document
        if booked:
            return {"move_type": move_type}
        accounting_date = document.accounting_date or document.document_date
        booked_on = batch.dates.resolve(accounting_date, plan.journal, plan.has_tax)
        if booked_on != accounting_date:
            plan.notes.append(batch.dates.shift_note(accounting_date, booked_on))
        header = {
            "move_type": move_type,
            "company_id": batch.company.id,
            "journal_id": plan.journal.id,
            "partner_id": plan.partner.id,
            "ml_owed_to_person": plan.is_owed_to_person,
            **self._entered(batch, plan, move_type),
            "currency_id": plan.currency.id,
            "invoice_currency_rate": plan.rate,
            "ref": document.number or False,
            "invoice_origin": document.purchase_order or False,
            "invoice_date": document.document_date,
            "date": booked_on,
            "ml_original_date": accounting_date if booked_on != accounting_date else False,
            "invoice_payment_term_id": plan.term.id if plan.term else False,
            "partner_shipping_id": self._delivery(batch, plan.partner).id,
            "fiscal_position_id": position.id,
            "narration": shown_as_text(document.memo) if document.memo else False,
        }
        if not plan.term:
            header["invoice_date_due"] = document.due_date or document.document_date
        if move_type in ("in_invoice", "in_refund") and batch.official.applies(plan.journal):
            header |= self._official(batch, plan, header)
        return header

    def _official(self, batch, plan, header):
        try:
            return batch.official.values(header, plan.document.number)
        except InvalidDataError as error:
            if not batch.flow.draft_when_refused:
                raise
            plan.leave_draft(self._draft_note(error.message))
            return {}

    def _draft_note(self, reason):
        return paragraph(_("Left as a draft because Odoo cannot post it."), reason)

    def _entered(self, batch, plan, move_type):
        """The payment details that Odoo fills in from the vendor when a user enters a bill."""
        if move_type == "entry":
            return {}
        values = batch.once(
            batch.entered,
            (plan.partner.id, plan.currency, move_type),
            lambda: self._as_entered(
                {
                    "move_type": move_type,
                    "company_id": batch.company.id,
                    "journal_id": plan.journal.id,
                    "partner_id": plan.partner.id,
                    "ml_owed_to_person": plan.is_owed_to_person,
                    "currency_id": plan.currency.id,
                }
            ),
        )
        stated = plan.document.payment_reference
        return {**values, "payment_reference": stated} if stated else values

    def _as_entered(self, values):
        move = self.env["account.move"].new(values)
        move._onchange_partner_id()
        return {
            "partner_bank_id": move.partner_bank_id._origin.id,
            "payment_reference": move.payment_reference or False,
        }

    def _fiscal_position(self, batch, partner):
        """The fiscal position of the vendor as Odoo finds it. It maps the payable account; mapped taxes stay."""
        positions = self.env["account.fiscal.position"].with_company(batch.company)
        domain = positions._check_company_domain(batch.company)
        if not batch.once(batch.positions, "any", lambda: bool(positions.search(domain, limit=1))):
            return positions
        return batch.once(
            batch.positions,
            partner,
            lambda: positions._get_fiscal_position(partner, delivery=self._delivery(batch, partner)),
        )

    def _delivery(self, batch, partner):
        """The delivery address of the vendor as Odoo finds it, looked up once for all bills of a vendor."""
        address_id = batch.once(batch.deliveries, partner, lambda: partner.address_get(["delivery"])["delivery"])
        # the partner itself is in one recordset with the others, which Odoo prefetches together
        return partner if address_id == partner.id else partner.browse(address_id)

    # ------------------------------------------------------------------ lines

    def _prepare_line(self, batch, document, number, line, partner, journal, currency, position, notes):
        order_line, reason = self._order_line(batch, line, partner)
        if reason:
            notes.append(
                _("Line %(line)s is not linked to a purchase order line. %(reason)s", line=number, reason=reason)
            )
        product = order_line.product_id if order_line else self.env["product.product"]
        account = self._stock_account(batch, order_line, position, document) or self._account(
            batch, number, line, journal, product, position
        )
        planned = LinePlan(
            amount=line.amount,
            name=line.description or document.memo or False,
            account=account,
            taxes=self._taxes(batch, line),
            product=product,
        )
        if order_line:
            planned.extra = {"purchase_line_id": order_line.id}
            if product:
                planned.extra |= {"product_id": product.id, "product_uom_id": order_line.product_uom_id.id}
            planned.stated_quantity = self._stated_quantity(line)
            planned.order_price = self._order_price(order_line, currency)
        shares = batch.analytics.distribution(number, line)
        planned.analytic = shares or batch.analytics.default(planned, partner, order_line) or False
        return planned

    def _stock_account(self, batch, order_line, position, document):
        """The account that Odoo's own bill of an order uses for a storable product, regardless of the coding."""
        if not order_line or not order_line.product_id.is_storable:
            return None
        line = self.env["account.move.line"].new(
            {
                "display_type": "product",
                "product_id": order_line.product_id.id,
                "purchase_line_id": order_line.id,
                "move_id": self.env["account.move"].new(
                    {
                        "move_type": self._move_type(document),
                        "company_id": batch.company.id,
                        "fiscal_position_id": position.id,
                    }
                ),
            }
        )
        return line.account_id._origin if line._eligible_for_stock_account() else None

    def _account(self, batch, number, line, journal, product, position):
        account = batch.mapping(line.account) if line.account else None
        if not account and product:
            template = product.product_tmpl_id.with_company(batch.company)
            account = template.get_product_accounts(fiscal_pos=position)["expense"]
        account = account or journal.default_account_id
        if not account:
            raise NotReadyError(
                _(
                    "Line %(line)s has no account, and journal %(journal)s has no default account. Enter one in the"
                    " journal.",
                    line=number,
                    journal=journal.display_name,
                ),
                awaits=journal,
            )
        return account

    def _taxes(self, batch, line):
        taxes = self.env["account.tax"]
        for reference in line.taxes:
            taxes |= batch.mapping(reference) or taxes
        return taxes

    def _order_line(self, batch, line, partner):
        """(purchase order line that a line bills, or None; reason why it cannot be billed)."""
        order_line = batch.order_lines.get(line.purchase_order_line or line.order_line_key)
        order = order_line and order_line.order_id
        if not order or order.company_id != batch.company or order.state != "purchase":
            return None, _("Its purchase order is not open in Odoo.") if line.purchase_order_line else ""
        if order.partner_id._ml_creditor(batch.company) != partner._ml_creditor(batch.company):
            return None, _("Purchase order %(order)s belongs to another vendor.", order=order.name)
        if line.purchase_order and normalized(line.purchase_order) != normalized(order.name):
            return None, _(
                "It refers to purchase order %(order)s, but its order line belongs to %(other)s.",
                order=line.purchase_order,
                other=order.name,
            )
        return order_line, ""

    def _stated_quantity(self, line):
        """The quantity that a line states, rounded as Odoo stores it; None if it states none."""
        quantity = line.quantity
        if quantity is None and line.unit_price:
            quantity = line.amount / line.unit_price
            if round(quantity, 2) * line.unit_price != line.amount:
                return None
        digits = self.env["decimal.precision"].precision_get("Product Unit")
        return float(round(quantity, digits)) or None if quantity and line.amount else None

    def _order_price(self, order_line, currency):
        """The unit price on the order, from which the billed quantity is found."""
        if order_line.currency_id != currency:
            return 0.0
        return order_line.price_unit * (1 - order_line.discount / 100.0)

    def _check_lines(self, batch, plan):
        taxes = self.env["account.tax"].union(*(line.taxes for line in plan.lines))
        position = self.env["account.fiscal.position"].browse(plan.header.get("fiscal_position_id"))
        check_tax_countries(taxes, batch.company, position)
        for number, line in enumerate(plan.lines, start=1):
            self._check_account(batch, plan, number, line.account)
            self._check_taxes(batch, number, line.taxes)
            if batch.flow.post_bills:
                batch.analytics.check(number, line, plan.form, batch.options.get("category"))

    def _check_account(self, batch, plan, number, account):
        reason = account_problem(account, batch.company, plan.currency)
        if not reason and account.account_type in ("asset_receivable", "liability_payable", "off_balance"):
            reason = _("It is a receivable, payable or off-balance account.")
        if not reason:
            return
        raise NotReadyError(
            _(
                "Account %(account)s in line %(line)s cannot be used. %(reason)s Map another account.",
                account=named(account, batch.company),
                line=number,
                reason=reason,
            ),
            awaits=account,
        )

    def _check_taxes(self, batch, number, taxes):
        for tax in taxes:
            if unusable(tax, batch.company) or tax.type_tax_use == "sale":
                raise NotReadyError(
                    _(
                        "Tax %(tax)s in line %(line)s cannot be used on vendor bills of %(company)s. Map another tax.",
                        tax=named(tax, batch.company),
                        line=number,
                        company=batch.company.display_name,
                    ),
                    awaits=tax,
                )

    # ------------------------------------------------------------------ apply

    def _remarks(self, flow):
        addons = BillWriter(self.env, flow.company_id.with_env(self.env)).others(SYNC_METHODS)
        if not addons:
            return []
        # sudo: names of addons only
        names = self.env["ir.module.module"].sudo().search([("name", "in", list(addons))]).mapped("shortdesc")
        text = _("Odoo books bills more slowly because of these apps: %(apps)s.", apps=sorted(names))
        return [Finding(level="ok", title=flow.name, message=text)]

    def _apply_batch(self, flow, entries, resolver):
        writer = self.with_context(ml_no_sync=True)
        created = [entry for entry in entries if entry.outcome == "created"]
        with odoo_refusals(self.env, created):
            writer._create_bills(flow, created)
            for entry in entries:
                if entry.outcome == "updated" and entry.document.is_void:
                    entry.bound.with_env(writer.env).button_cancel()
                elif entry.outcome == "updated":
                    writer._update_draft(entry)

    def _create_bills(self, flow, entries):
        items = BillWriter(self.env, flow.company_id.with_env(self.env))
        groups = {True: [], False: []}
        for entry in entries:
            groups[items.covers(entry.values)].append(entry)
        for as_items, group in groups.items():
            if not group:
                continue
            plans = [entry.values for entry in group]
            moves = items.create_whole(plans) if as_items else items.create_ordinary(plans)
            for entry, move in zip(group, moves, strict=True):
                entry.record = move
            if flow.post_bills:
                self._post(flow, items, group, as_items)
            self._check_written(group, moves)

    def _post(self, flow, items, entries, as_items):
        ready = [entry for entry in entries if not entry.values.is_draft]
        if not flow.draft_when_refused:
            items.post(self.env["account.move"].union(*(entry.record for entry in ready)), as_items)
            return
        for entry in ready:
            try:
                with self.env.cr.savepoint(), odoo_refusals(self.env, [entry]):
                    items.post(entry.record, as_items)
            except InvalidDataError as error:
                self.env.invalidate_all()
                entry.values.is_draft = True
                entry.note = paragraph(entry.note, self._draft_note(error.message))

    def _check_written(self, entries, moves):
        """Check that Odoo neither moved the date nor recomputed the amounts."""
        self._check_dates(entries, moves)
        for entry, move in zip(entries, moves, strict=True):
            self._check_total(entry.values, move)

    def _check_dates(self, entries, moves):
        for entry, move in zip(entries, moves, strict=True):
            check_date(move, entry.values.header["date"])

    def _check_total(self, plan, move):
        total = exact(move.amount_total, plan.currency)
        if total != plan.document.total:
            raise InvalidDataError(
                _(
                    "The total is %(provider_value)s in %(provider)s, but %(odoo_value)s in Odoo.",
                    provider_value=Amount(plan.document.total, plan.currency.name),
                    provider=plan.provider,
                    odoo_value=Amount(total, plan.currency.name),
                )
            )

    def _update_draft(self, entry):
        plan, values = entry.values
        move = entry.bound.with_env(self.env).with_context(skip_is_manually_modified=True)
        move.write(values)
        if move.name and not move._sequence_matches_date():
            entry.note = paragraph(entry.note, self._number_note(move))
            move.name = False
        if "invoice_line_ids" in values:
            BillWriter(self.env, plan.company).correct(plan, move)
            self._check_total(plan, move)
        entry.record = entry.bound

    def _number_note(self, move):
        return _(
            "Number %(number)s does not fit the new date. Odoo assigns another number when the bill is posted.",
            number=move.name,
        )

    def _result_reference(self, record):
        return record.name or record.ref or record.display_name
