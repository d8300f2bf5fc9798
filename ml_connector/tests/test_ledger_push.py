"""Posted bills that go to a provider that is a ledger itself, with its codes."""

import dataclasses
from decimal import Decimal
from unittest.mock import patch

from odoo import Command
from odoo.tests import tagged

from odoo.addons.ml_connector.core.documents import BillStatus
from odoo.addons.ml_connector.core.errors import NetworkError, PermanentError, UnconfirmedError
from odoo.addons.ml_connector.exporters.ml_exporter_bill import _divided
from odoo.addons.ml_connector.providers import PROVIDERS

from . import fake_provider
from .fake_flows import declared, sent
from .push_provider import PushProvider
from .test_push_kinds import PushCase


class LedgerProvider(PushProvider):
    flows = (
        *PushProvider.flows,
        sent("ledger", "bill", "account.move", sequence=300),
        sent("ledger_orders", "purchase_order", "purchase.order", sequence=290, coded=True),
        sent("ledger_files", "outgoing_files", "", sequence=310, follows="ledger"),
        sent("ledger_release", "release", "", sequence=320, follows="ledger"),
        declared(key="ledger_status", label="Status", direction="pull", kind="bill_status", sequence=330),
    )

    def _ledger_status(self, payload):
        return BillStatus(external_id=payload["id"], number=payload["id"], state=payload["state"])

    def render(self, flow, document):
        if flow == "ledger_files":
            return {"parent": document.parent_external_id, "names": [file.name for file in document.files]}
        return super().render(flow, document)

    def _keep(self, flow, payload, external_id):
        sent = super()._keep(flow, payload, external_id)
        fake_provider.REMOTE.calls.append(f"kept {flow}")
        message = "Cancel it over there." if payload.get("state") == "cancelled" else ""
        return dataclasses.replace(sent, takes_files=flow == "ledger", message=message)


class LedgerCase(PushCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(patch.dict(PROVIDERS, {"fake": LedgerProvider}))
        cls.connection._sync_flows()
        cls.expense = cls.make_account("699990")
        cls.tax = cls.make("account.tax", name="15 %", amount=15, type_tax_use="purchase")

    def setUp(self):
        super().setUp()
        self.switch_on("vendors_push", "ledger")

    def coded(self):
        """Account and tax have a code."""
        self.code("account", "6340", self.expense)
        self.code("tax", "vat-15", self.tax)

    def code(self, kind, external_id, record=None, group=""):
        values = {"external_id": external_id, "external_name": external_id, "external_group": group, "res_id": record}
        return self.make("ml.mapping", connection_id=self.connection, kind=kind, **values)

    def bill(self, move_type="in_invoice", taxes=None, post=True, **line):
        line = {"account_id": self.expense.id, "tax_ids": [Command.set(taxes.ids if taxes else [])], **line}
        values = {"ref": "F-1", "invoice_date": "2026-09-14", "date": "2026-09-20"}
        return self.hand_made(self.vendor(), move_type=move_type, post=post, line=line, **values)

    def outgoing(self):
        return self.ours("ml.mapping", direction="out")


@tagged("post_install", "-at_install")
class TestLedgerBills(LedgerCase):
    def sent_lines(self):
        return [line for sent in self.sent("ledger") for line in sent["lines"]]

    def codes_sent(self):
        return [line["account"]["external_id"] for line in self.sent_lines()]

    def test_a_posted_bill_goes_after_its_vendor_with_the_codes_of_the_vendor_system(self):
        self.coded()
        self.bill(taxes=self.tax)
        self.run_worker()
        (sent,) = self.sent("ledger")
        self.assertEqual((sent["number"], sent["total"], sent["tax_total"]), ("F-1", "115.00", "15.00"))
        (line,) = sent["lines"]
        self.assertEqual((line["amount"], line["account"]["external_id"]), ("100.00", "6340"))
        self.assertEqual([tax["external_id"] for tax in line["taxes"]], ["vat-15"])
        self.assertLess(self.remote.calls.index("kept vendors_push"), self.remote.calls.index("kept ledger"))

    def test_a_credit_note_goes_as_one_with_positive_amounts(self):
        self.coded()
        self.bill("in_refund")
        self.run_worker()
        (sent,) = self.sent("ledger")
        self.assertEqual((sent["is_credit"], sent["total"], sent["lines"][0]["amount"]), (True, "100.00", "100.00"))

    def test_drafts_and_customer_invoices_stay(self):
        self.code("account", "6340", self.expense)
        self.bill(post=False)
        self.run_worker()
        self.assertFalse(self.logs("ledger"))

    def test_what_has_no_code_waits_until_one_is_chosen(self):
        self.bill(taxes=self.tax)
        self.run_worker()
        log = self.logs("ledger")
        self.assertEqual((log.state, log.error_class), ("waiting", "mapping"))
        self.assertIn(self.expense.display_name, log.error_message)
        self.assertIn("Map ", log.advice)
        codes = self.outgoing().grouped("kind")
        self.assertEqual((set(codes), codes["account"].waiting_count), ({"account", "tax"}, 1))
        codes["account"].code_id = self.code("account", "6340")
        codes["tax"].code_id = self.code("tax", "vat-15")
        self.run_worker()
        self.assertEqual((log.state, self.codes_sent()), ("done", ["6340"]))

    def test_several_records_go_under_one_code(self):
        other = self.expense.copy({"code": "699991"})
        values = {"direction": "out", "kind": "account", "code_id": self.code("account", "6340", self.expense)}
        self.make("ml.mapping", connection_id=self.connection, res_id=other, **values)
        self.bill()
        self.bill(account_id=other.id)
        self.run_worker()
        self.assertEqual(self.codes_sent(), ["6340", "6340"])

    def test_of_several_codes_for_one_record_nobody_chooses_by_chance(self):
        for code in ("6340", "6341"):
            self.code("account", code, self.expense)
        self.bill()
        self.run_worker()
        self.assertEqual(self.logs("ledger").state, "waiting")
        self.outgoing().code_id = self.code("account", "6342")
        self.run_worker()
        self.assertEqual(self.codes_sent(), ["6342"])

    def test_mapping_the_code_in_the_other_list_lets_it_go_as_well(self):
        mapping = self.code("account", "6340")
        self.bill()
        self.run_worker()
        mapping.res_id = self.expense.id
        self.run_worker()
        self.assertEqual(self.logs("ledger").state, "done")

    def test_what_is_left_out_is_not_sent_along(self):
        self.coded()
        self.bill(analytic_distribution={str(self.make_analytic("Oslo").id): 100})
        self.run_worker()
        self.assertEqual(self.logs("ledger").state, "waiting")
        self.outgoing().is_ignored = True
        self.run_worker()
        self.assertEqual([line["analytics"] for line in self.sent_lines()], [[]])

    def test_a_line_is_divided_as_its_analytic_distribution_says(self):
        oslo, paper = self.make_analytic("Oslo"), self.make_analytic("Paper")
        bergen = self.make_analytic("Bergen", oslo.plan_id)
        for account in (oslo, bergen, paper):
            self.code("analytic", account.name, account)
        self.coded()
        self.bill(analytic_distribution={str(oslo.id): 33.33, str(bergen.id): 33.33, str(paper.id): 100})
        self.run_worker()
        lines = [
            (line["amount"], sorted(share["reference"]["external_id"] for share in line["analytics"]))
            for line in self.sent_lines()
        ]
        self.assertEqual(lines, [("33.33", ["Oslo", "Paper"]), ("33.33", ["Bergen", "Paper"]), ("33.34", ["Paper"])])

    def test_a_divided_amount_is_whole_again(self):
        shares = [(None, Decimal(share)) for share in ("33.3", "33.4", "33.3")]
        for amount in map(Decimal, ("0.01", "100.00", "-99.99", "33.33")):
            self.assertEqual(sum(part for _accounts, part in _divided(amount, shares, 2)), amount)

    def test_a_cancelled_bill_goes_only_where_it_is_known(self):
        self.code("account", "6340", self.expense)
        known, unknown = self.bill(), self.bill(post=False)
        self.run_worker()
        (known | unknown).button_cancel()
        self.run_worker()
        self.assertEqual([sent["is_void"] for sent in self.sent("ledger")], [True])
        self.assertEqual(self.logs("ledger").mapped("res_id"), [known.id, known.id])

    def test_what_one_vendor_brings_goes_to_the_other_at_once_and_does_not_echo(self):
        ledger = self._connect(self.company, name="Ledger")
        ledger._sync_flows()
        flow = ledger.flow_ids.filtered(lambda flow: flow.key == "ledger")
        flow.write({"active": True, "cursor": "2999-01-01 00:00:00"})
        self.switch_on("own_bills")
        self.map("account", "600000", self.expense)
        self.sync_bill()
        self.env.cr.flush()
        logs = self.env["ml.sync.log"].search([("res_model", "=", "account.move"), ("direction", "=", "push")])
        sent = [(log.flow_id, log.res_id) for log in logs if log.kind != "result"]
        self.assertEqual(sent, [(flow, self.imported().id)])

    def test_it_is_not_looked_up_while_it_may_still_be_at_work(self):
        self.patch(LedgerProvider, "lookup_delay", 3600)
        self.coded()
        self.remote.fail("send ledger", UnconfirmedError("No answer came."))
        self.bill()
        self.run_worker()
        log = self.logs("ledger")
        self.assertGreater((log.next_try_at - log.create_date).total_seconds(), 3000)


@tagged("post_install", "-at_install")
class TestLedgerOrders(LedgerCase):
    def setUp(self):
        super().setUp()
        self.switch_on("ledger_orders")

    def order(self, **line):
        values = {"name": "Desk", "type": "consu", "property_account_expense_id": self.expense}
        product = self.make("product.product", **values)
        line = {"product_id": product.id, "product_qty": 2, "price_unit": 50, "tax_ids": self.tax.ids, **line}
        order = self.make("purchase.order", partner_id=self.vendor(), order_line=[Command.create(line)])
        order.button_confirm()
        return order

    def test_an_order_waits_for_its_codes_and_goes_with_them(self):
        order = self.order()
        self.run_worker()
        self.assertEqual(self.logs("ledger_orders").state, "waiting")
        self.coded()
        self.run_worker()
        (line,) = self.sent("ledger_orders")[0]["lines"]
        codes = (line["account"]["external_id"], [tax["external_id"] for tax in line["taxes"]])
        self.assertEqual(codes, ("6340", ["vat-15"]))
        self.assertTrue(self.bound("purchase_order", order))

    def test_a_divided_line_is_refused_with_advice(self):
        self.coded()
        site = self.make_analytic("Oslo")
        self.code("analytic", "segment:1:100", site)
        self.order(analytic_distribution={str(site.id): 60})
        self.run_worker()
        log = self.logs("ledger_orders")
        self.assertEqual((log.state, log.error_class), ("failed", "validation"))

    def test_what_the_vendor_cannot_do_is_said_on_the_record(self):
        self.coded()
        order = self.order()
        self.run_worker()
        order.button_cancel()
        self.run_worker()
        self.assertIn("Cancel it over there.", order.message_ids[0].body)


@tagged("post_install", "-at_install")
class TestLedgerStatus(LedgerCase):
    def report(self, state):
        self.remote.put("ledger_status", "ledger-1", {"state": state})
        self.flow("ledger_status").next_run_at = False
        self.run_worker()

    def test_what_became_of_a_bill_is_shown_on_it(self):
        self.code("account", "6340", self.expense)
        move = self.bill()
        self.run_worker()
        self.report("open")
        self.assertEqual(move.ml_ledger_state, "open")
        self.report("paid")
        self.assertEqual((move.ml_ledger_state, move.payment_state), ("paid", "not_paid"))
        self.assertIn(f"Status in {self.connection._provider_name()}: Paid.", move.message_ids[0].body)
        self.assertEqual(self.logs("ledger_status").mapped("outcome"), ["updated", "updated"])
        self.assertEqual(len(self.logs("ledger")), 1, "what is shown is not sent back")


@tagged("post_install", "-at_install")
class TestLedgerFollowers(LedgerCase):
    def setUp(self):
        super().setUp()
        self.switch_on("ledger_files", "ledger_release")
        self.coded()

    def attach(self, move, name="a.pdf"):
        values = {"res_model": move._name, "res_id": move.id, "raw": b"x", "mimetype": "application/pdf"}
        self.make("ir.attachment", name=name, **values)

    def bill_with(self, *names):
        """A posted bill with files."""
        move = self.bill(post=False)
        for name in names:
            self.attach(move, name)
        move.action_post()
        return move

    def test_files_go_before_the_release(self):
        move = self.bill_with("a.pdf", "b.pdf")
        self.run_worker()
        self.assertEqual(self.sent("ledger_files")[0]["names"], ["a.pdf", "b.pdf"])
        self.assertEqual(self.sent("ledger_release")[0]["parent_external_id"], self.bound("bill", move))

    def fail_files(self, *errors):
        """A bill whose files meet the errors."""
        self.bill_with("a.pdf")
        self.remote.fail("send ledger_files", *errors)
        self.run_worker()

    def states_of_followers(self):
        return self.states("ledger_files"), self.states("ledger_release")

    def test_a_release_waits_for_files_that_do_not_arrive(self):
        self.fail_files(UnconfirmedError("No answer came."))
        self.assertEqual((self.states("ledger_release"), self.sent("ledger_release")), (["waiting"], []))
        self.run_worker_later()
        self.assertEqual(self.states("ledger_release"), ["done"])

    def test_files_that_cannot_be_sent_hold_up_no_release(self):
        self.fail_files(PermanentError("It is too large."))
        self.assertEqual(self.states_of_followers(), (["failed"], ["done"]))

    def test_files_that_were_given_up_hold_up_no_release(self):
        refused = [PermanentError("It is too large.")] * 3
        self.fail_files(UnconfirmedError("No answer came."), *refused)
        self.assertEqual(self.states("ledger_release"), ["waiting"])
        self.logs("ledger_files")._ignore("Attached by hand.")
        self.run_worker()
        files, release = self.states_of_followers()
        self.assertNotIn("done", files)
        self.assertEqual(release, ["done"])

    def sent_bill(self):
        """A bill without files: it is released alone."""
        move = self.bill()
        self.run_worker()
        self.assertEqual((len(self.sent("ledger_release")), self.sent("ledger_files")), (1, []))
        return move

    def test_a_file_that_comes_after_its_bill_follows_by_itself(self):
        move = self.sent_bill()
        self.attach(move, "late.pdf")
        self.run_worker()
        self.assertEqual([sent["names"] for sent in self.sent("ledger_files")], [["late.pdf"]])
        self.attach(move, "later.pdf")
        self.run_worker()
        self.assertEqual(self.sent("ledger_files")[0]["names"], ["late.pdf", "later.pdf"])
        self.assertEqual(len(self.sent("ledger_release")), 1)

    def test_a_file_that_is_given_to_a_sent_bill_later_follows(self):
        move = self.sent_bill()
        file = self.make("ir.attachment", name="message.pdf", raw=b"x")
        self.run_worker()
        self.assertFalse(self.logs("ledger_files"))
        file.write({"res_model": move._name, "res_id": move.id})
        self.run_worker()
        self.assertEqual(self.sent("ledger_files")[0]["names"], ["message.pdf"])

    def test_a_late_file_that_fails_is_tried_again(self):
        move = self.sent_bill()
        self.remote.fail("send ledger_files", NetworkError("Nobody answers."))
        self.attach(move)
        self.run_worker()
        self.assertEqual(self.states("ledger_files"), ["pending"])
        self.run_worker_later()
        self.assertEqual((self.states("ledger_files"), len(self.sent("ledger_files"))), (["done"], 1))

    def test_files_of_what_the_vendor_does_not_have_stay(self):
        self.sent_bill()
        self.attach(self.bill(post=False))
        self.attach(self.vendor())
        self.run_worker()
        self.assertFalse(self.logs("ledger_files"))

    def test_a_file_that_comes_while_its_bill_is_sent_is_not_lost(self):
        self.flow("ledger_release").active = False
        move = self.bill()
        self.remote.fail("send ledger", (UnconfirmedError("No answer."), True))
        self.run_worker()
        self.attach(move)
        self.run_worker()
        self.assertEqual(self.logs("ledger_files").state, "waiting")
        self.run_worker_later()
        self.assertEqual(self.logs("ledger_files").state, "done")


@tagged("post_install", "-at_install")
class TestFilesThatLeave(LedgerCase):
    """Files of internal notes and of people from outside stay here."""

    def setUp(self):
        super().setUp()
        self.switch_on("ledger_files")
        self.coded()
        self.move = self.bill()
        self.run_worker()
        self.made_days_ago(1)

    def made_days_ago(self, days):
        """A test is one transaction; people come later than the bill."""
        moment = "now() AT TIME ZONE 'utc' - make_interval(days => %s)"
        statement = f"UPDATE account_move SET create_date = {moment} WHERE id = %s"
        self.env.cr.execute(statement, [days, self.move.id])
        self.move.invalidate_recordset(["create_date"])

    def note(self, name, subtype="mail.mt_note", **values):
        file = self.make("ir.attachment", name=name, res_model="account.move", res_id=self.move.id, raw=name.encode())
        values = {"message_type": "comment", "subtype_xmlid": subtype, "body": name, **values}
        self.move.message_post(attachment_ids=file.ids, **values)
        return file

    def names(self):
        self.run_worker()
        return self.sent("ledger_files")[0]["names"] if self.sent("ledger_files") else []

    def test_the_file_of_an_internal_note_stays(self):
        file = self.note("dispute.pdf")
        self.assertEqual(self.names(), [])
        self.assertEqual(self.move.message_main_attachment_id, file, "not even as the main attachment")
        self.note("answer.pdf", "mail.mt_comment")
        self.note("hidden.pdf", "mail.mt_comment", is_internal=True)
        self.assertEqual(self.names(), ["answer.pdf"])

    def test_what_a_portal_person_attached_stays(self):
        portal = self.new_user("portal.files", self.company, "base.group_portal")
        theirs = {"name": "theirs.pdf", "res_model": "account.move", "res_id": self.move.id, "raw": b"x"}
        self.env["ir.attachment"].with_user(portal).sudo().create(theirs)
        mailed = {"subtype": "mail.mt_comment", "message_type": "email"}
        self.note("mailed.pdf", author_id=portal.partner_id.id, **mailed)
        self.note("stranger.pdf", author_id=self.vendor().id, **mailed)
        self.note("ours.pdf", "mail.mt_comment")
        self.assertEqual(self.names(), ["ours.pdf"])

    def test_the_document_that_a_bill_was_made_from_goes(self):
        self.made_days_ago(0)
        self.note("invoice.pdf", message_type="notification")
        self.assertEqual(self.names(), ["invoice.pdf"])

    def test_the_flow_may_send_the_main_attachment_alone(self):
        self.flow("ledger_files").attachment_mode = "main"
        main = self.note("main.pdf", "mail.mt_comment")
        self.note("other.pdf", "mail.mt_comment")
        self.assertEqual(self.move.message_main_attachment_id, main)
        self.assertEqual(self.names(), ["main.pdf"])
