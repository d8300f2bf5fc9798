"""What tests can make happen to drafts, card spend and reimbursements."""

import base64
from datetime import date, datetime

from ..pdf import make_pdf
from .dataset_spend import Spend
from .drafts import completed
from .money import minor_units
from .people import USERS
from .routes import Resource
from .spend_model import Receipt, Reimbursement, SpendLine, Transaction
from .state import make_id, midnight, now


class SpendControl:
    """Mixed into the control interface of the Ramp sandbox."""

    def objects(self, kind):
        """All objects of a kind as the API shows them; ``kind`` is the name of their list, e.g. ``purchase_orders``."""
        show = Resource.by_table[kind].detail
        with self._sandbox.lock:
            return [show(self._state, row) for row in getattr(self._state, kind)]

    def approve_draft(self, draft_id):
        """A person completes a draft and approves it; returns the id of the bill."""
        with self._sandbox.lock:
            state = self._state
            draft = self._get(state.drafts, draft_id)
            draft.entity_id = draft.entity_id or state.entities[0]["id"]
            draft.issued_at = draft.issued_at or self._sandbox.base_date
            draft.due_at = draft.due_at or draft.issued_at
            draft.invoice_number = draft.invoice_number or f"DRAFT-{draft.id[:8]}"
            bill = completed(draft, state.new_id("bill"))
            state.drafts.remove(draft.id)
            state.add_bill(bill)
            state.emit("bills.created", bill.id)
            self.approve_bill(bill.id)
            return bill.id

    def add_transaction(
        self, amount, merchant="Paper & Ink", currency="USD", coding=(), time=None, ready=True, entity=0
    ):
        """A cleared card transaction with one line; ``amount`` is in major units. Returns its id.

        :param entity: number of the entity that spends
        """
        with self._sandbox.lock:
            minor = minor_units(amount, currency)
            row = Transaction(
                *(
                    self._state.new_id("transaction"),
                    self._state.entities[entity]["id"],
                    make_id("user", len(USERS) - 1),
                ),
                *(self._state.new_id("merchant"), merchant, minor, currency, minor, currency),
                datetime.fromisoformat(time) if time else midnight(self._sandbox.base_date),
                [SpendLine(minor, merchant, [self._option(*item) for item in coding], minor)],
                memo=merchant,
                card_id=make_id("card", 0),
                sync_status="SYNC_READY" if ready else "NOT_SYNC_READY",
                updated_at=now(),
            )
            self._state.transactions.add(row)
            self._state.emit("transactions.cleared", row.id)
            if ready:
                self._state.emit("transactions.ready_to_sync", row.id)
            return row.id

    def mark_ready(self, transaction_id):
        """The user and the reviewer are done with a transaction."""
        with self._sandbox.lock:
            row = self._get(self._state.transactions, transaction_id)
            row.sync_status = "SYNC_READY"
            self._state.emit("transactions.ready_to_sync", row.id)

    def close_statement(self, start, end):
        """Bill what was spent from `start` to before `end` (ISO dates); returns the id of the statement."""
        with self._sandbox.lock:
            state = self._state
            span = [midnight(date.fromisoformat(day)) for day in (start, end)]
            before = next(iter(sorted(state.statements, key=lambda row: row.end, reverse=True)), None)
            spend = Spend(state, self._sandbox.base_date, None)
            number = len(state.statements) + len(state.transfers)
            statement = spend.statement(number, *span, 0, before.id if before else None)
            return state.statements.add(statement).id

    def add_transfer(self, amount, day):
        """A payment of the card balance; `amount` in major units. Returns its id."""
        with self._sandbox.lock:
            number = len(self._state.statements) + len(self._state.transfers) + 100
            spend = Spend(self._state, self._sandbox.base_date, None)
            moment = midnight(date.fromisoformat(day))
            return spend.transfer(number, minor_units(amount, "USD"), moment, None)[1]

    def change_memo(self, transaction_id, memo):
        """The card holder writes another memo, synced or not."""
        with self._sandbox.lock:
            row = self._get(self._state.transactions, transaction_id)
            row.memo, row.updated_at = memo, now()

    def add_receipt(self, transaction_id, photo=None):
        """A receipt that comes late; returns its id.

        :param photo: a JPEG file in base64; without it the receipt is a PDF
        """
        with self._sandbox.lock:
            state = self._state
            transaction = self._get(state.transactions, transaction_id)
            if photo:
                file = state.add_file("receipt.jpg", content=base64.b64decode(photo), mimetype="image/jpeg")
            else:
                file = state.add_file("late-receipt.pdf", content=make_pdf(["Late receipt", transaction.merchant_name]))
            receipt = Receipt(
                state.new_id("receipt"), transaction.user_id, now(), file.id, transaction_id=transaction.id
            )
            state.receipts.add(receipt)
            transaction.receipts.append(receipt.id)
            state.emit("transactions.receipt_added", transaction.id)
            return receipt.id

    def add_reimbursement(
        self, amount, merchant="Train Co", currency="USD", coding=(), user_id=None, day=None, entity=0
    ):
        """A reimbursement that was paid; ``amount`` is in major units. Returns its id."""
        with self._sandbox.lock:
            minor, moment = minor_units(amount, currency), now()
            row = Reimbursement(
                *(self._state.new_id("reimbursement"), self._state.entities[entity]["id"]),
                *(user_id or make_id("user", len(USERS) - 1), minor, currency, merchant, minor, currency),
                *(date.fromisoformat(day) if day else self._sandbox.base_date, moment, moment),
                [SpendLine(minor, merchant, [self._option(*item) for item in coding])],
                memo=merchant,
                paid_at=moment,
                payment_id=f"PB-{len(self._state.reimbursements) + 5000}",
            )
            self._state.reimbursements.add(row)
            self._state.emit("reimbursements.ready_to_sync", row.id)
            return row.id
