from odoo import models
from odoo.tools import SQL, format_date

from ..core.documents import Reference
from ..core.errors import (
    ConnectorError,
    DuplicateError,
    InvalidDataError,
    LockedPeriodError,
    MappingError,
    NotReadyError,
    NotRelevantError,
)
from ..core.own_ids import may_be
from ..core.provider import Finding
from ..models.client_actions import shown_as_text
from .bill_analytics import BillAnalytics
from .bill_taxes import BILL, BillPlan, BillTaxes, LinePlan
from .bill_writer import SYNC_METHODS, BillWriter
from .importer_tools import (
    Currencies,
    OpenDates,
    account_problem,
    bound_elsewhere,
    check_tax_countries,
    creditor_of,
    exact,
    fits,
    is_of_company,
    named,
    odoo_refusals,
    tolerance,
    unusable,
)
from .official_numbers import OfficialNumbers, plain
from .posted_bill_diff import PostedBillDiff, normalized

BILL_TYPES = ("in_invoice", "in_refund", "in_receipt")


class BillBatch:
    """What the bills of one batch share: options of the flow, and look-ups that are made once."""

    def __init__(self, writer, flow, documents, resolver):
        self.env = writer.env
        self.flow = flow
        self.company = flow.company_id.with_env(self.env)
        self.connection = flow.connection_id
        self.resolver = resolver
        self.tolerance = tolerance(flow)
        self.dates = OpenDates(self.env, flow)
        self.amounts = BillTaxes(self.env, self.company, self.tolerance)
        self.currencies = Currencies(self.env, (document.currency for document in documents))
        self._mapped = self._read_mapped(writer, documents)
        self.analytics = BillAnalytics(self)
        self.existing = {}
        self.bound = {}
        self.origins = {}
        self.seen = {}
        self.order_lines = {}
        self.rates = {}
        self.positions = {}
        self.deliveries = {}
        self.entered = {}
        self.official = OfficialNumbers(self.env)
        self.options = {}

    def _read_mapped(self, writer, documents):
        """{(kind, external id): record} in one recordset a model, so that what is read of one is read of all."""
        found = {}
        for document in documents:
            for reference in writer._references(document):
                try:
                    found[reference.kind, reference.external_id] = self.resolver.mapping(reference)
                except MappingError:
                    continue  # said where the bill is planned
        together = {}
        for record in found.values():
            if record:
                together.setdefault(record._name, {})[record.id] = None
        together = {
            model: {record.id: record for record in self.env[model].browse(ids)} for model, ids in together.items()
        }
        return {key: record and together[record._name][record.id] for key, record in found.items()}

    def mapping(self, reference):
        """The Odoo record of a reference; None when the accountant chose to ignore the code."""
        key = (reference.kind, reference.external_id)
        return self._mapped[key] if key in self._mapped else self.resolver.mapping(reference)

    def once(self, cache, key, compute):
        """The value of a key, computed at its first use."""
        if key not in cache:
            cache[key] = compute()
        return cache[key]


class MlImporterBill(models.AbstractModel):
    """Vendor bills and credit notes become `account.move` records."""

    _name = "ml.importer.bill"
    _inherit = "ml.importer"
    _description = "Writer of Vendor Bills"
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
                self._plan_void(entry)
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
                entry.note = " ".join(filter(None, (entry.note, entry.document.remark)))

    def _partners(self, batch, entries):
        """{vendor's id: partner} of the batch; bills of an unknown vendor get their error."""
        partners = {}
        for entry in entries:
            party = entry.document.vendor
            partner = batch.resolver.binding("vendor", party.external_id)
            if partner:
                partners[party.external_id] = partner
            else:
                entry.error = MappingError(
                    self.env._("Vendor %s is not in Odoo yet.", party.name or party.external_id),
                    [Reference(kind="vendor", external_id=party.external_id, name=party.name)],
                )
        # one recordset, so that what is read of one partner is read of all
        together = self.env["res.partner"].browse(dict.fromkeys(partner.id for partner in partners.values()))
        by_id = {partner.id: partner for partner in together}
        return {external_id: by_id[partner.id] for external_id, partner in partners.items()}

    def _look_up(self, batch, entries, partners):
        """Read at once what the bills of the batch may meet in Odoo."""
        documents = [entry.document for entry in entries if not entry.error]
        unbound = [entry.document for entry in entries if not entry.error and not entry.bound]
        together = self.env["res.partner"].union(*partners.values())
        creditors = {partner._ml_creditor(batch.company).id for partner in together}
        # read at once what is looked at vendor by vendor
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
        """{vendor's id: move} of the bills that were born in Odoo: by our own id, or as what they were sent."""
        # an id from outside may be of another company's bill, which is none of this connection's business
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
        """The order lines that the vendor names by ids of its own, as far as the orders are in Odoo."""
        keys = {line.order_line_key for document in documents for line in document.lines} - {""}
        names = {("purchase_order_line", key) for key in keys}
        found = batch.connection.env["ml.binding"]._records(batch.connection, names)
        batch.order_lines |= {key: line for (_kind, key), line in found.items()}

    def _moves_numbered(self, batch, commercial_ids, numbers):
        """Bills of these vendors with these numbers, whatever their case and spaces."""
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
            self._plan_link(entry, existing)
            return
        self._check_batch(batch, document, partner)
        plan = self._prepare(batch, document, partner)
        entry.plan("created", values=plan, note=" ".join(plan.notes))

    # ------------------------------------------------------------------ the same bill?

    def _existing(self, batch, document, partner):
        """The bill that somebody entered by hand, or None.

        :raises DuplicateError: when it is not surely the same
        """
        move = batch.origins.get(document.external_id)
        if move and move.company_id == batch.company and move.state != "cancel":
            self._check_origin(batch, document, partner, move)
            return move
        creditor_id = partner._ml_creditor(batch.company).id
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
            self.env._(
                "Bill %(number)s of %(vendor)s over %(total)s %(currency)s may be in Odoo already: %(moves)s.",
                number=document.number,
                vendor=partner.display_name,
                total=document.total,
                currency=document.currency,
                moves=", ".join(self._described(batch, move) for move in rivals),
            )
        )

    def _check_origin(self, batch, document, partner, move):
        """An id only proposes: the bill that it names is the same one when vendor, kind, currency and total agree.

        :raises DuplicateError: when they do not
        """
        if move.id in batch.bound:
            raise DuplicateError(self.env._("%s belongs to another bill at the vendor already.", move.display_name))
        if (
            creditor_of(move) == partner._ml_creditor(batch.company)
            and move.move_type == self._move_type(document)
            and move.currency_id.name == document.currency
            and abs(exact(move.amount_total, move.currency_id) - document.total) <= batch.tolerance
        ):
            return
        raise DuplicateError(
            self.env._(
                "%(type)s %(number)s of %(vendor)s over %(total)s %(currency)s refers to %(bill)s of %(other)s in Odoo,"
                " which does not agree: correct the reference at the vendor, or make both agree.",
                type=self.env._("Credit note") if document.is_credit else self.env._("Bill"),
                number=document.number or document.external_id,
                vendor=partner.display_name,
                total=document.total,
                currency=document.currency,
                bill=self._described(batch, move),
                other=move.commercial_partner_id.display_name or "-",
            )
        )

    def _is_rival(self, batch, document, move):
        """Whether a bill of the same vendor and number may be the same bill.

        Some vendors use one number over and over (an account number each month): another date and another total is
        another bill. What came from this connection is another bill as well, unless it is of the same day.
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
        name = move.name or self.env._("draft")
        total = exact(move.amount_total, move.currency_id)
        text = f"{name} ({format_date(self.env, move.invoice_date)}, {total} {move.currency_id.name})"
        if external_id := batch.bound.get(move.id):
            return self.env._("%(bill)s, which is record %(id)s at the vendor", bill=text, id=external_id)
        return text

    def _check_batch(self, batch, document, partner):
        """Two records of one number, vendor and day in the same batch: the second is for a person to decide."""
        if not normalized(document.number):
            return
        key = (partner._ml_creditor(batch.company).id, normalized(document.number), document.document_date)
        first = batch.seen.setdefault(key, document)
        if first is not document:
            raise DuplicateError(
                self.env._(
                    "Bill %(number)s of %(vendor)s is there twice at the vendor, as record %(first)s and %(second)s.",
                    number=document.number,
                    vendor=partner.display_name,
                    first=first.external_id,
                    second=document.external_id,
                )
            )

    def _plan_link(self, entry, move):
        document = entry.document
        note = ""
        if move.invoice_date and move.invoice_date != document.document_date:
            note = self.env._(
                "Dated %(odoo)s in Odoo and %(vendor)s at the vendor.",
                odoo=format_date(self.env, move.invoice_date),
                vendor=format_date(self.env, document.document_date),
            )
        if not self._same_total(document, move):
            total = exact(move.amount_total, move.currency_id)
            note = self.env._(
                "Over %(odoo)s %(currency)s in Odoo and %(vendor)s %(other)s at the vendor: correct what is wrong.",
                odoo=total,
                currency=move.currency_id.name,
                vendor=document.total,
                other=document.currency,
            )
        entry.plan("linked", move, note=note)

    def _plan_void(self, entry):
        """A bill that the vendor took back: a draft is cancelled, what is posted is for a person to reverse."""
        move = entry.bound
        if not move:
            entry.error = NotRelevantError(self.env._("The bill was voided before it came to Odoo."))
        elif move.state == "cancel" or move.payment_state == "reversed":
            entry.plan("unchanged", move)
        elif move.state == "draft":
            entry.plan("updated", move, note=self.env._("Voided at the vendor, and therefore cancelled."))
        else:
            entry.plan(
                "drift", move, note=self.env._("Voided at the vendor, but %s is posted: reverse it.", move.display_name)
            )

    # ------------------------------------------------------------------ a bill that is bound already

    def _plan_bound(self, batch, entry, partner):
        move = entry.bound
        if move.state == "cancel":
            entry.plan("drift", move, note=self.env._("%s is cancelled in Odoo.", move.display_name))
            return
        if move.state == "posted" and move.payment_state == "reversed":
            entry.plan("drift", move, note=self.env._("%s is reversed in Odoo.", move.display_name))
            return
        is_draft = move.state == "draft"
        if is_draft:
            batch.currencies.usable(entry.document.currency)
        move_type = self._move_type(entry.document, move)
        plan = self._prepare(batch, entry.document, partner, None if is_draft else move, move_type)
        changes = PostedBillDiff(self.env, plan, move)
        if not is_draft or move.move_type != move_type:
            texts = changes.texts()
            note = self.env._("Changed at the vendor: %s.", "; ".join(texts)) if texts else ""
            entry.plan("drift" if texts else "unchanged", move, note=note)
            return
        values = changes.draft_values()
        entry.plan("updated" if values else "unchanged", move, (plan, values), " ".join(plan.notes))

    # ------------------------------------------------------------------ prepare

    def _move_type(self, document, move=None):
        """What the document becomes, or has to be where it is `move` already."""
        return "in_refund" if document.is_credit else "in_invoice"

    def _prepare(self, batch, document, partner, booked=None, move_type=None, form=None):
        """The bill as it is to be booked.

        :param booked: the posted bill that it is only compared with: what stands against booking it does not matter
        :param move_type: what it becomes, where the document alone does not say
        :param form: what kind of document it becomes, where the writer alone does not say
        """
        if not document.lines:
            raise InvalidDataError(self.env._("The bill has no lines: complete it at the vendor."))
        currency = batch.currencies.known(document.currency)
        self._check_amounts(document, currency)
        journal = booked.journal_id if booked else self._journal(batch, document)
        position = self._fiscal_position(batch, partner)
        notes = []
        lines = [
            self._prepare_line(batch, document, number, line, partner, journal, currency, position, notes)
            for number, line in enumerate(document.lines, start=1)
        ]
        plan = BillPlan(
            document=document,
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

    def _check_amounts(self, document, currency):
        amounts = [document.total, *(line.amount for line in document.lines)]
        if document.tax_total is not None:
            amounts.append(document.tax_total)
        for amount in amounts:
            if not fits(amount, currency):
                raise InvalidDataError(
                    self.env._(
                        "The amount %(amount)s has more than the %(digits)s decimals of %(currency)s: correct it at"
                        " the vendor.",
                        amount=amount,
                        digits=currency.decimal_places,
                        currency=currency.name,
                    )
                )
        if document.total < 0:
            raise InvalidDataError(
                self.env._(
                    "The total of the bill is negative (%(total)s %(currency)s): it has to be a credit note.",
                    total=document.total,
                    currency=currency.name,
                )
            )

    def _check_partner(self, batch, document, partner):
        if not is_of_company(partner, batch.company):
            raise NotReadyError(
                self.env._(
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
                self.env._("The flow's journal was deleted: choose another one in the flow."), awaits=batch.flow
            )
        journal = batch.flow.journal_id.with_env(self.env) or journals.search(
            [*journals._check_company_domain(batch.company), ("type", "=", "purchase")], limit=1
        )
        return self._checked_journal(batch, journal)

    def _plain_journal(self, batch):
        """A purchase journal for what no vendor numbered: one that needs no official document."""
        journal = self._purchase_journal(batch)
        if not batch.official.applies(journal):
            return journal
        journals = self.env["account.journal"]
        domain = [("type", "=", "purchase"), ("l10n_latam_use_documents", "=", False)]
        journal = journals.search([*journals._check_company_domain(batch.company), *domain], limit=1)
        if not journal:
            raise NotReadyError(
                self.env._(
                    "This is no official document of a vendor, and %s has no purchase journal without documents: create"
                    " one.",
                    batch.company.name,
                ),
                awaits=journals,
            )
        return self._checked_journal(batch, journal)

    def _checked_journal(self, batch, journal):
        if not journal:
            raise NotReadyError(
                self.env._("%s has no purchase journal: create one or choose one in the flow.", batch.company.name),
                awaits=journal,
            )
        if unusable(journal, batch.company) or journal.type != "purchase":
            raise NotReadyError(
                self.env._(
                    "Journal %s cannot take vendor bills: choose another one in the flow.",
                    named(journal, batch.company),
                ),
                awaits=journal,
            )
        return journal

    def _rate(self, batch, document, currency, booked):
        """Units of the bill's currency for one of the company's."""
        company_currency = batch.company.currency_id
        if currency == company_currency:
            return 1.0
        if not booked and not batch.once(batch.rates, currency, lambda: self._has_rates(batch, currency)):
            raise NotReadyError(
                self.env._(
                    "Odoo has no exchange rate for %s: enter one under Accounting, Configuration, Currencies.",
                    currency.name,
                ),
                awaits=currency,
            )
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
        """The rate that the source states, where it leads to the company's currency; else None."""
        company_currency = batch.company.currency_id
        target = company_currency.name if document.rate_currency is None else document.rate_currency
        if document.exchange_rate is None or target != company_currency.name or currency == company_currency:
            return None
        if document.exchange_rate <= 0:
            raise InvalidDataError(self.env._("The exchange rate %s is not positive.", document.exchange_rate))
        return float(document.exchange_rate)

    def _check_rate(self, batch, document, stated, own):
        """A rate from outside has to be near Odoo's own.

        :raises InvalidDataError: it is not
        """
        if max(stated / own, own / stated) <= 1 + batch.flow.rate_tolerance / 100:
            return
        raise NotReadyError(
            self.env._(
                "The rate at the vendor is %(stated)s %(currency)s for 1 %(company)s, but Odoo's of %(date)s is"
                " %(own)s: correct it there or in Odoo, or allow a larger difference in the flow.",
                stated=f"{stated:.6g}",
                own=f"{own:.6g}",
                currency=document.currency,
                company=batch.company.currency_id.name,
                date=format_date(self.env, document.document_date),
            ),
            awaits=batch.currencies.known(document.currency),
        )

    def _has_rates(self, batch, currency):
        """Odoo takes 1.0 for a currency without any rate: that is never meant."""
        domain = [("currency_id", "=", currency.id), ("company_id", "in", (False, batch.company.root_id.id))]
        return bool(self.env["res.currency.rate"].search(domain, limit=1))

    def _prepare_header(self, batch, plan, booked, move_type, position):
        """Values of the move but for its lines. Nothing that the source gives is left to Odoo's defaults."""
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
        return self.env._("It is left as a draft, because it cannot be posted: %s", reason)

    def _entered(self, batch, plan, move_type):
        """What Odoo fills in from the vendor when a person enters the bill: how it is to be paid."""
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
        """The vendor's fiscal position as Odoo finds it. It decides on the payable account; mapped taxes stay."""
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
        """Where the vendor delivers from, as Odoo finds it; looked up once for all bills of a vendor."""
        address_id = batch.once(batch.deliveries, partner, lambda: partner.address_get(["delivery"])["delivery"])
        # the vendor itself is in one recordset with the others: what is read of it is read of all
        return partner if address_id == partner.id else partner.browse(address_id)

    # ------------------------------------------------------------------ lines

    def _prepare_line(self, batch, document, number, line, partner, journal, currency, position, notes):
        order_line, problem = self._order_line(batch, line, partner)
        if problem:
            notes.append(self.env._("Line %(number)s is not linked: %(problem)s.", number=number, problem=problem))
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
        """Where Odoo's own bill of an order books what is kept in stock, whatever the vendor's coding says."""
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
                self.env._(
                    "Line %(number)s has no account, and journal %(journal)s has no default account.",
                    number=number,
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
        """The purchase order line that a line bills, when it can be billed; else why it cannot."""
        order_line = batch.order_lines.get(line.purchase_order_line or line.order_line_key)
        order = order_line and order_line.order_id
        if not order or order.company_id != batch.company or order.state != "purchase":
            problem = self.env._("its purchase order is not open in Odoo") if line.purchase_order_line else ""
            return None, problem
        if order.partner_id._ml_creditor(batch.company) != partner._ml_creditor(batch.company):
            return None, self.env._("purchase order %s is of another vendor", order.name)
        if line.purchase_order and normalized(line.purchase_order) != normalized(order.name):
            return None, self.env._(
                "it names purchase order %(named)s, but its order line is of %(found)s",
                named=line.purchase_order,
                found=order.name,
            )
        return order_line, ""

    def _stated_quantity(self, line):
        """The units that a line states, as exact as Odoo keeps them; None where it states none."""
        quantity = line.quantity
        if quantity is None and line.unit_price:
            quantity = line.amount / line.unit_price
            if round(quantity, 2) * line.unit_price != line.amount:
                return None
        digits = self.env["decimal.precision"].precision_get("Product Unit")
        return float(round(quantity, digits)) or None if quantity and line.amount else None

    def _order_price(self, order_line, currency):
        """Price of one unit on the order, by which the billed quantity is found."""
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
        problem = account_problem(account, batch.company, plan.currency)
        if not problem and account.account_type in ("asset_receivable", "liability_payable", "off_balance"):
            problem = self.env._("it is a receivable, payable or off-balance account")
        if not problem:
            return
        raise NotReadyError(
            self.env._(
                "Account %(account)s of line %(number)s cannot be used, because %(problem)s: map another one.",
                account=named(account, batch.company),
                number=number,
                problem=problem,
            ),
            awaits=account,
        )

    def _check_taxes(self, batch, number, taxes):
        for tax in taxes:
            if unusable(tax, batch.company) or tax.type_tax_use == "sale":
                raise NotReadyError(
                    self.env._(
                        "Tax %(tax)s of line %(number)s cannot be used on a vendor bill of %(company)s: map another"
                        " one.",
                        tax=named(tax, batch.company),
                        number=number,
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
        text = self.env._(
            "Bills are booked the slower way, because %s changes how Odoo makes them.", ", ".join(sorted(names))
        )
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
                entry.note = " ".join(filter(None, (entry.note, self._draft_note(error.message))))

    def _check_written(self, entries, moves):
        """Odoo moves dates by itself and recomputes amounts: nothing but what was planned is let through."""
        self._check_dates(entries, moves)
        for entry, move in zip(entries, moves, strict=True):
            self._check_total(entry.values, move)

    def _check_dates(self, entries, moves):
        for entry, move in zip(entries, moves, strict=True):
            plan = entry.values
            if move.date != plan.header["date"]:
                raise LockedPeriodError(
                    self.env._(
                        "Odoo would book on %(odoo)s instead of %(planned)s: the period was locked meanwhile.",
                        odoo=format_date(self.env, move.date),
                        planned=format_date(self.env, plan.header["date"]),
                    ),
                    awaits=plan.company,
                )

    def _check_total(self, plan, move):
        total = exact(move.amount_total, plan.currency)
        if total != plan.document.total:
            raise InvalidDataError(
                self.env._(
                    "The total is %(total)s %(currency)s at the vendor, but %(computed)s %(currency)s in Odoo.",
                    total=plan.document.total,
                    computed=total,
                    currency=plan.currency.name,
                )
            )

    def _update_draft(self, entry):
        plan, values = entry.values
        move = entry.bound.with_env(self.env).with_context(skip_is_manually_modified=True)
        move.write(values)
        if move.name and not move._sequence_matches_date():
            entry.note = " ".join(filter(None, (entry.note, self._number_note(move))))
            move.name = False
        if "invoice_line_ids" in values:
            BillWriter(self.env, plan.company).correct(plan, move)
            self._check_total(plan, move)
        entry.record = entry.bound

    def _number_note(self, move):
        return self.env._("Number %s does not fit the new date: posting gives another one.", move.name)

    def _result_reference(self, record):
        return record.name or record.ref or record.display_name
