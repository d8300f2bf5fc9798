# ruff: noqa: F821 - `env`, `CHARTS` and `WHOLE` come from odoo shell
"""What the addon books on the charts of accounts of countries, against the same documents made by hand.

This runs in `odoo shell`, with `CHARTS` (codes of countries) and `WHOLE` (every tax and way, or one of each sort), and
prints JSON: {country: {"counts": {part: number}, "problems": [text]}}. Nothing is kept.
"""

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal

from odoo.exceptions import UserError
from odoo.fields import Command

from odoo.addons.ml_connector.core.documents import (
    Bill,
    BillLine,
    CardStatement,
    Expense,
    ExpenseLine,
    JournalEntry,
    JournalLine,
    PaidBill,
    Party,
    Payment,
    Reference,
    Reimbursement,
)
from odoo.addons.ml_connector.importers import bill_writer as bill_items
from odoo.addons.ml_connector.importers.ml_importer import ImportEntry, MappingLookup

DAY = date(2026, 9, 15)
OWN_MOVE = {
    *("id", "name", "sequence_number", "sequence_prefix", "create_date", "write_date", "line_ids", "invoice_line_ids"),
    *("access_token", "journal_line_ids", "made_sequence_gap", "audit_trail_message_ids", "partner_id"),
    *(
        "commercial_partner_id",
        "partner_shipping_id",
        "invoice_partner_display_name",
        "partner_bank_id",
        "edi_document_ids",
    ),
    *("message_ids", "message_follower_ids", "website_message_ids", "activity_ids", "is_manually_modified"),
}
OWN_LINE = {
    *("id", "move_id", "move_name", "create_date", "write_date", "analytic_line_ids", "parent_id", "partner_id"),
    *("matching_number", "full_reconcile_id"),
}
NUMBERS = {"ar": "00001-{:08d}", "cl": "{:06d}"}


class Country:
    """A company on the chart of a country, with two vendors alike: one for each hand."""

    def __init__(self, code):
        self.code = code
        self.company = env["res.company"].search([("name", "=", f"Company {code.upper()}")])
        self.env = env(context={**env.context, "allowed_company_ids": self.company.ids})
        self.company = self.company.with_env(self.env)
        self.counts, self.problems = {}, []
        self.currency = self.company.currency_id
        journals = self.env["account.journal"].search([("company_id", "=", self.company.id)])
        self.bank = journals.filtered(lambda journal: journal.type == "bank")[:1]
        self.card = self.env["account.journal"].create(
            {"name": "Cards", "code": "MLCRD", "type": "credit", "company_id": self.company.id}
        )
        self.account = self.company.expense_account_id or self.env["account.account"].search(
            [("company_ids", "in", self.company.ids), ("account_type", "=", "expense")], limit=1
        )
        if code in NUMBERS:
            self.env["account.journal"].create(
                {"name": "Other", "code": "MLPLN", "type": "purchase", "l10n_latam_use_documents": False}
            )
        if code == "es":
            self.company.vat = "ESA58818501"  # the tax agency is told of its bills
        self.by_hand, self.ours = self._vendor("Hand"), self._vendor("Ours")
        self.employee = self.env["hr.employee"].create({"name": "Ada", "company_id": self.company.id})
        self.person, self.issuer = self.employee.work_contact_id, self._vendor("Issuer")
        if not self.person:
            self.person = self.env["res.partner"].create({"name": "Ada"})
            self.employee.work_contact_id = self.person
        self.connection = self.env["ml.connection"].create(
            {"name": f"Charts {code}", "provider": "ramp", "company_id": self.company.id}
        )
        self.mapped, self.bound = {}, {("vendor", "v"): self.ours}
        for kind, key, record in (
            ("account", "cost", self.account),
            ("journal", "card", self.card),
            ("journal", "bank", self.bank),
            ("employee", "ada", self.employee),
            ("vendor", "issuer", self.issuer),
        ):
            self.mapped[kind, key] = record
        self.foreign = self.env["res.currency"].search([("name", "=", "EUR" if self.currency.name != "EUR" else "USD")])
        self.env["res.currency.rate"].create(
            {"currency_id": self.foreign.id, "company_id": self.company.id, "name": "2020-01-01", "rate": 1.3579}
        )
        taxes = self.env["account.tax"].search(
            [("company_id", "=", self.company.id), ("type_tax_use", "=", "purchase")]
        )
        for tax in taxes:
            self.mapped["tax", str(tax.id)] = tax
        self.taxes = taxes if WHOLE else _one_of_each(taxes)

    def _vendor(self, name):
        values = {"name": name, "is_company": True, "supplier_rank": 1, "country_id": self.company.country_id.id}
        if self.code == "ar":
            values |= {
                "vat": "30714295698",
                "l10n_latam_identification_type_id": self.env.ref("l10n_ar.it_cuit").id,
                "l10n_ar_afip_responsibility_type_id": self.env.ref("l10n_ar.res_IVARI").id,
            }
        if self.code == "cl":
            values |= {
                "vat": "76201224-3",
                "l10n_latam_identification_type_id": self.env.ref("l10n_cl.it_RUT").id,
                "l10n_cl_sii_taxpayer_type": "1",
            }
        return self.env["res.partner"].create(values)

    # ------------------------------------------------------------------ both hands

    def flow(self, kind):
        flows = self.connection.with_context(active_test=False).flow_ids
        return flows.filtered(lambda flow: flow.kind == kind and flow.direction == "pull")[:1] or self.env[
            "ml.flow"
        ].create({"name": kind, "key": kind, "kind": kind, "direction": "pull", "connection_id": self.connection.id})

    def book(self, kind, documents, **options):
        """{external id: record, or the error} of documents as the engine books them."""
        flow = self.flow(kind)
        flow.write(options)
        writer = self.env[f"ml.importer.{kind}"]
        resolver = MappingLookup(self.connection, dict(self.mapped), dict(self.bound))
        entries = [ImportEntry(None, document) for document in documents]
        writer._plan_batch(flow, entries, resolver)
        ready = [entry for entry in entries if not entry.error]
        writer._apply_batch(flow, ready, resolver)
        self.env.flush_all()
        for entry in ready:
            self.bound[kind, entry.document.external_id] = entry.record
        return {entry.document.external_id: entry.error or entry.record for entry in entries}

    def booked(self, kind, document, **options):
        try:
            with self.env.cr.savepoint():
                found = self.book(kind, [document], **options)[document.external_id]
        except UserError as error:
            found = error
        if isinstance(found, Exception):
            self.problems.append(f"{kind} {document.external_id}: {getattr(found, 'message', found)}")
            return None
        self.counts[kind] = self.counts.get(kind, 0) + 1
        return found

    def posted(self, values_list):
        """Moves made by hand; where Odoo refuses one, None. In one go as long as none is refused."""
        moves = self.env["account.move"]
        try:
            with self.env.cr.savepoint():
                made = moves.create([dict(values) for values in values_list])
                made.action_post()
                return list(made)
        except UserError:
            self.env.invalidate_all()
            return [None] if len(values_list) == 1 else [self.posted([values])[0] for values in values_list]

    def compare(self, what, hand, ours):
        """Every stored field of two moves and of their items."""
        for name, field in hand._fields.items():
            if field.store and name not in OWN_MOVE and not name.startswith("ml_"):
                self._differ(f"{what}: {name}", _value(hand[name]), _value(ours[name]))
        if "edi_document_ids" in hand._fields:
            self._differ(f"{what}: EDI", _documents(hand), _documents(ours))
        self._differ(f"{what}: items", _items(hand), _items(ours))

    def _differ(self, what, hand, ours):
        if hand != ours:
            self.problems.append(f"{what}: {hand} by hand, {ours} by us")

    # ------------------------------------------------------------------ bills

    def bills(self):
        """Every tax: net, gross, credited, and in a foreign currency."""
        ways = [("net", False, False), ("credit", False, True)]
        if WHOLE:
            ways += [("gross", False, False), ("foreign", True, False)]
        cases = [(tax, *way) for tax in self.taxes for way in ways]
        moves = self.posted([self._bill_values(number, *case) for number, case in enumerate(cases, start=1)])
        # without statistics PostgreSQL joins hundreds of items as if they were few
        self.env.flush_all()
        self.env.cr.execute("ANALYZE account_move, account_move_line, account_partial_reconcile, account_payment")
        documents, hands = {"bill": [], "credit": []}, {}
        for number, ((tax, way, _foreign, is_credit), move) in enumerate(zip(cases, moves, strict=True), start=1):
            if move:
                document = self._bill(f"{number} {tax.name} {way}", number, move, way == "gross", str(tax.id))
                documents["credit" if is_credit else "bill"].append(document)
                hands[document.external_id] = move
        self.counts["refused by hand"] = len(cases) - len(hands)
        for kind, found in documents.items():
            for external_id, ours in self._book_fast(kind, found).items():
                if isinstance(ours, Exception):
                    self.problems.append(f"{external_id}: {ours.message}")
                    continue
                self.counts[kind] = self.counts.get(kind, 0) + 1
                self.compare(external_id, hands[external_id], ours)

    def _book_fast(self, kind, documents):
        """As in a database that has no other country's addons: these are all in ours."""
        own = {name for name in self.env.registry._init_modules if f"_{self.code}" in name or "latam" in name}
        known = bill_items.KNOWN_ADDONS
        bill_items.KNOWN_ADDONS = known | (set(self.env.registry._init_modules) - own)
        try:
            return self.book(kind, documents)
        finally:
            bill_items.KNOWN_ADDONS = known

    def _bill_values(self, number, tax, _way, foreign, is_credit):
        reference = self.number(number)
        values = {
            "move_type": "in_refund" if is_credit else "in_invoice",
            "company_id": self.company.id,
            "partner_id": self.by_hand.id,
            "invoice_date": DAY,
            "date": DAY,
            "invoice_date_due": DAY,
            "invoice_payment_term_id": False,
            "ref": reference,
            "currency_id": (self.foreign if foreign else self.currency).id,
            "invoice_line_ids": [self._line_values(tax)],
        }
        if self.code in NUMBERS:
            values["l10n_latam_document_number"] = reference
        return values

    def number(self, number):
        return NUMBERS.get(self.code, "NR-{}").format(number)

    def _line_values(self, tax, price=100.0):
        return Command.create(
            {"name": "Something", "account_id": self.account.id, "price_unit": price, "tax_ids": [Command.set(tax.ids)]}
        )

    def _bill(self, external_id, number, move, gross, *taxes):
        digits = move.currency_id.decimal_places
        line = move.invoice_line_ids
        return Bill(
            external_id=external_id,
            number=self.number(number),
            vendor=Party(external_id="v", name="Ours"),
            document_date=DAY,
            due_date=DAY,
            currency=move.currency_id.name,
            total=round(Decimal(str(move.amount_total)), digits),
            lines=(
                BillLine(
                    amount=round(Decimal(str(line.price_total if gross else line.price_subtotal)), digits),
                    description="Something",
                    account=Reference(kind="account", external_id="cost"),
                    taxes=tuple(Reference(kind="tax", external_id=tax) for tax in taxes),
                ),
            ),
            amounts_include_tax=gross,
            is_credit=move.move_type == "in_refund",
        )

    # ------------------------------------------------------------------ what follows a bill, and what is no bill

    def payment(self):
        """A bill without tax, paid from the bank: as the wizard on the bill pays it."""
        number = 900
        tax = self.env["account.tax"] if self.code != "ar" else self.taxes[:1]
        (hand,) = self.posted([self._bill_values(number, tax, "", False, False)])
        ours = self.booked("bill", self._bill("paid", number, hand, False, *map(str, tax.ids)))
        if not ours:
            return
        wizard = self.env["account.payment.register"].with_context(active_model="account.move", active_ids=hand.ids)
        paid = wizard.create({"journal_id": self.bank.id, "payment_date": DAY})._create_payments()
        total = round(Decimal(str(hand.amount_total)), self.currency.decimal_places)
        document = Payment(
            external_id="paid",
            vendor=Party(external_id="v"),
            date=DAY,
            currency=self.currency.name,
            amount=total,
            source=Reference(kind="journal", external_id="bank", name="Bank"),
            bills=(PaidBill(external_id="paid", amount=total, number=self.number(number)),),
        )
        payment = self.booked("payment", document)
        if payment:
            self._differ("payment", _items(paid.move_id, False), _items(payment.move_id, False))
            states = [(move.payment_state, move.amount_residual) for move in (hand, ours)]
            self._differ("paid bill", *states)

    def simple_taxes(self):
        """Taxes of one line that is deducted in whole, one that is due at once and one that is due on payment."""
        found = {}
        for tax in self.taxes:
            parts = tax.invoice_repartition_line_ids.filtered(lambda part: part.repartition_type == "tax")
            if tax.amount_type == "percent" and tax.amount > 0 and len(parts) == 1 and parts.account_id:
                found.setdefault(tax.tax_exigibility, tax)
        return list(found.values()) or [self.env["account.tax"]]

    def spend(self):
        """Card spend, its refund and its repayment, in every mode, with the taxes of an entry by hand."""
        for tax in self.simple_taxes():
            for mode in ("expense", "journal_entry"):
                key = f"{tax.id}-{mode}"
                spent = self.booked("expense", self._expense(key, "121.00", tax), expense_mode=mode)
                refund = self.booked("expense", self._expense(f"{key}-back", "-121.00", tax), expense_mode=mode)
                if not spent or not refund:
                    continue
                move = spent.account_move_id if spent._name == "hr.expense" else spent
                self._as_entry(f"card spend {key}", move, tax, "121.00")
                self._as_entry(f"card refund {key}", refund, tax, "-121.00")
                repaid = self.booked("repayment", self._repayment(key))
                if repaid:
                    self._as_entry(f"repayment {key}", repaid, tax, "-121.00")
                    moves = move | repaid
                    lines = moves.line_ids.filtered(lambda line: line.account_id == self.account)
                    self._differ(f"cost of {key} repaid", 0.0, round(sum(lines.mapped("balance")), 2))

    def _as_entry(self, what, ours, tax, amount):
        """Cost and tax as an entry by hand, where Odoo computes the tax of a line whose price is net."""
        signed = float(amount)
        is_refund = signed < 0
        details = (
            tax.compute_all(
                abs(signed),
                currency=self.currency,
                is_refund=is_refund,
                handle_price_include=True,
                include_caba_tags=True,
            )
            if tax.price_include
            else tax.with_context(force_price_include=True).compute_all(
                abs(signed), currency=self.currency, is_refund=is_refund, include_caba_tags=True
            )
        )
        sign = -1 if is_refund else 1
        hand = [(self.account.id, round(sign * details["total_excluded"], 2), tuple(sorted(details["base_tags"])))]
        hand += [
            (part["account_id"] or self.account.id, round(sign * part["amount"], 2), tuple(sorted(part["tag_ids"])))
            for part in details["taxes"]
        ]
        lines = ours.line_ids.filtered(lambda line: line.account_id == self.account or line.tax_line_id)
        found = [(line.account_id.id, round(line.balance, 2), tuple(sorted(line.tax_tag_ids.ids))) for line in lines]
        self._differ(what, sorted(hand), sorted(found))

    def _expense(self, key, amount, tax):
        return Expense(
            external_id=key,
            employee=Reference(kind="employee", external_id="ada", name="Ada"),
            document_date=DAY,
            currency=self.currency.name,
            amount=Decimal(amount),
            lines=(
                ExpenseLine(
                    amount=Decimal(amount),
                    account=Reference(kind="account", external_id="cost"),
                    taxes=tuple(Reference(kind="tax", external_id=str(one.id)) for one in tax),
                ),
            ),
            card=Reference(kind="journal", external_id="card", name="Card"),
            merchant="Shop",
        )

    def _repayment(self, key):
        bank = Reference(kind="journal", external_id="bank", name="Bank")
        return JournalEntry(
            external_id=f"{key}-repaid",
            number="RPY",
            document_date=DAY,
            currency=self.currency.name,
            journal=bank,
            lines=(
                JournalLine(amount=Decimal("121.00"), account=bank),
                JournalLine(amount=Decimal("-121.00"), account=Reference(kind="account", external_id="uncoded")),
            ),
            follows=key,
        )

    def debts(self):
        """Debts to employees are receipts: nothing of them is for a tax office."""
        for tax in self.simple_taxes():
            values = {
                **self._bill_values(0, tax, "", False, False),
                "move_type": "in_receipt",
                "partner_id": self.person.id,
                "ref": f"RMB-{tax.id}",
            }
            values.pop("l10n_latam_document_number", None)
            (hand,) = self.posted([values])
            bill = self._bill(f"rmb-{tax.id}", 0, hand, False, *map(str, tax.ids))
            key = Reference(kind="employee", external_id="ada", name="Ada")
            for is_credit in (False, True):
                suffix = "-back" if is_credit else ""
                document = Reimbursement(
                    external_id=bill.external_id + suffix,
                    employee=key,
                    bill=replace(
                        bill,
                        external_id=bill.external_id + suffix,
                        number=f"RMB-{tax.id}{suffix}",
                        vendor=Party(external_id="employee:ada", name="Ada"),
                        is_credit=is_credit,
                    ),
                )
                ours = self.booked("reimbursement", document)
                if not ours:
                    continue
                if is_credit:
                    self._differ("payback", ("entry", ()), (ours.move_type, _documents(ours)))
                else:
                    hand.ref = ours.ref
                    self.compare(f"reimbursement {tax.name}", hand, ours)
            self._report(tax)

    def _report(self, tax):
        amounts = tax.compute_all(100.0, currency=self.currency, handle_price_include=False)
        parts = {
            Reference(kind="tax", external_id=str(tax.id), name=tax.name): round(
                Decimal(str(one["amount"])), self.currency.decimal_places
            )
            for one in amounts["taxes"]
        }
        document = JournalEntry(
            external_id=f"report-{tax.id}",
            number="Trip",
            document_date=DAY,
            currency=self.currency.name,
            lines=(
                JournalLine(
                    amount=Decimal(100),
                    account=Reference(kind="account", external_id="cost"),
                    description="Something",
                    taxes=tuple(parts.items()),
                ),
                *(JournalLine(amount=part, account=reference) for reference, part in parts.items()),
                JournalLine(amount=-100 - sum(parts.values()), account=Reference(kind="employee", external_id="ada")),
            ),
        )
        values = self._bill_values(0, tax, "", False, False)
        values |= {"move_type": "in_receipt", "partner_id": self.person.id, "ref": "Trip"}
        values["invoice_line_ids"] = [self._line_values(tax, amounts["total_included"] if tax.price_include else 100.0)]
        values.pop("l10n_latam_document_number", None)
        (hand,) = self.posted([values])
        for mode in ("vendor_bill", "journal_entry"):
            ours = self.booked("expense_report", replace(document, external_id=f"{mode}-{tax.id}"), report_mode=mode)
            if ours:
                # the lines of an entry bear tags alone
                self._differ(f"report {mode} {tax.name}", _balances(hand), _balances(ours))
                self._differ(f"report {mode} {tax.name}: EDI", (), _documents(ours))

    def statement(self):
        document = CardStatement(
            external_id="s1",
            number="Statement",
            issuer=Reference(kind="vendor", external_id="issuer", name="Issuer"),
            card=Reference(kind="journal", external_id="card", name="Card"),
            start_date=DAY,
            end_date=DAY,
            currency=self.currency.name,
            total=Decimal("121.00"),
        )
        ours = self.booked("statement", document)
        if ours:
            self._differ(
                "statement",
                [(self.card.default_account_id.id, 121.0), (ours.line_ids[-1].account_id.id, -121.0)],
                [(line.account_id.id, line.balance) for line in ours.line_ids.sorted("balance", reverse=True)],
            )

    def special(self):
        """What only this country asks for."""
        if self.code in NUMBERS:
            self._numbered()
        if self.code == "se":
            self.ours.write({"l10n_se_check_vendor_ocr": True, "l10n_se_default_vendor_payment_ref": "1234566"})
            ours = self.booked("bill", self._plain_bill("ocr", "OCR-1"))
            self._differ("payment reference", "1234566", ours and ours.payment_reference)
            ours = self.booked("bill", self._plain_bill("ocr2", "OCR-2", payment_reference="1234574"))
            self._differ("stated payment reference", "1234574", ours and ours.payment_reference)

    def _plain_bill(self, external_id, number, **values):
        tax = self.taxes[:1] if self.code == "ar" else self.env["account.tax"]
        rate = 1 + Decimal(str(tax.amount or 0)) / 100
        return Bill(
            **{
                "external_id": external_id,
                "number": number,
                "vendor": Party(external_id="v", name="Ours"),
                "document_date": DAY,
                "due_date": DAY,
                "currency": self.currency.name,
                "total": round(100 * rate, self.currency.decimal_places),
                "lines": (
                    BillLine(
                        amount=Decimal(100),
                        description="Something",
                        account=Reference(kind="account", external_id="cost"),
                        taxes=tuple(Reference(kind="tax", external_id=str(one.id)) for one in tax),
                    ),
                ),
                "amounts_include_tax": False,
                **values,
            }
        )

    def _numbered(self):
        """Documents with a kind and a number: the number is kept, is asked for, and is looked for."""
        short, stored = {"ar": ("1-777", "00001-00000777"), "cl": ("777", "000777")}[self.code]
        ours = self.booked("bill", self._plain_bill("short", short))
        self._differ("number", stored, ours and ours.l10n_latam_document_number)
        for number in ("INV-2026-7", ""):
            found = self.book("bill", [self._plain_bill(f"odd{number}", number)])[f"odd{number}"]
            self._differ(f"refused {number}", True, "Document Number" in getattr(found, "message", ""))
        draft = self.booked("bill", self._plain_bill("draft", "INV-2026-8"), draft_when_refused=True)
        self._differ("left as a draft", "draft", draft and draft.state)
        self.flow("bill").draft_when_refused = False
        number = self.number(801)
        tax = self.taxes[:1] if self.code == "ar" else self.env["account.tax"]
        values = {**self._bill_values(801, tax, "", False, False), "partner_id": self.ours.id, "ref": False}
        (hand,) = self.posted([values])
        plain = self.env["account.journal"].search([("code", "=", "MLPLN"), ("company_id", "=", self.company.id)])
        found = self.booked("bill", self._plain_bill("again", number), journal_id=plain.id)
        self._differ("entered by hand before", hand, found)
        official = self.booked("bill", self._plain_bill("plain", "INV-2026-9"))
        self._differ(
            "in a journal without documents", (plain, "INV-2026-9"), official and (official.journal_id, official.ref)
        )


def _one_of_each(taxes):
    """One tax of each sort that is booked in another way."""
    found = {}
    for tax in taxes:
        parts = tax.invoice_repartition_line_ids.filtered(lambda part: part.repartition_type == "tax")
        sort = (
            tax.amount_type,
            tax.price_include,
            tax.tax_exigibility,
            tax.amount > 0,
            tax.include_base_amount,
            tuple(sorted(part.factor for part in parts)),
            bool(parts.account_id),
        )
        found.setdefault(sort, tax)
    return taxes.browse(tax.id for tax in found.values())


def _value(value):
    return tuple(sorted(value.ids)) if hasattr(value, "ids") else value


def _items(move, whole=True):
    names = [
        name
        for name, field in move.line_ids._fields.items()
        if field.store and field.type != "one2many" and name not in OWN_LINE and not name.startswith("ml_")
    ]
    if not whole:
        names = ["account_id", "balance", "amount_currency", "currency_id", "reconciled"]
    rows = [[(name, str(_value(line[name]))) for name in names] for line in move.line_ids]
    return sorted(rows)


def _balances(move):
    return sorted(
        (line.account_id.id, round(line.balance, 2), tuple(sorted(line.tax_tag_ids.ids))) for line in move.line_ids
    )


def _documents(move):
    if "edi_document_ids" not in move._fields:
        return ()
    return tuple((document.edi_format_id.code, document.state) for document in move.edi_document_ids)


results = {}
for code in CHARTS:
    country = Country(code)
    for part in (country.bills, country.payment, country.spend, country.debts, country.statement, country.special):
        part()
    results[code] = {"counts": country.counts, "problems": country.problems}
    env.cr.rollback()
    env.invalidate_all()
print("RESULTS " + json.dumps(results))
