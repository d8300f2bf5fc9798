from datetime import date
from decimal import Decimal

from odoo.tests import tagged

from odoo.addons.ml_connector.core.messages import Amount, _
from odoo.addons.ml_connector.core.provider import Finding
from odoo.addons.ml_connector.models.ml_connection_check import stored_finding
from odoo.addons.ml_connector.models.ml_sentence import money

from .common import ConnectorCase


@tagged("post_install", "-at_install")
class TestSentences(ConnectorCase):
    def setUp(self):
        super().setUp()
        self.connection.attention_reason = _(
            "%(bill)s: %(amount)s on %(day)s.",
            bill="INV-1",
            amount=Amount(Decimal("1234.50"), "EUR"),
            day=date(2026, 9, 3),
        )

    def test_the_reader_sees_amounts_and_dates_as_he_writes_them(self):
        self.env.ref("base.EUR").active = True
        self.env["res.lang"]._activate_lang("de_DE")
        german = self.connection.with_context(lang="de_DE").read(["attention_reason"])[0]["attention_reason"]
        self.assertEqual(german, "INV-1: 1.234,50\N{NO-BREAK SPACE}€ on 03.09.2026.")

    def test_english_is_stored_for_searches(self):
        found = self.env["ml.connection"].search([("attention_reason", "=", "INV-1: 1,234.50 EUR on Sep 3, 2026.")])
        self.assertEqual(found, self.connection)

    def test_a_plain_text_replaces_the_template(self):
        self.connection.attention_reason = "Plain."
        self.assertFalse(self.connection.attention_reason_source)
        self.assertEqual(self.connection.read(["attention_reason"])[0]["attention_reason"], "Plain.")

    def test_a_sentence_goes_from_record_to_record(self):
        sentence = self.connection._sentence("attention_reason")
        self.assertEqual(sentence.template, "%(bill)s: %(amount)s on %(day)s.")

    def test_money_keeps_the_digits_of_its_currency(self):
        self.assertEqual(str(money(10.1, self.env.ref("base.JPY"))), "10 JPY")
        self.assertEqual(str(money(1234.5, self.env.ref("base.USD"))), "1,234.50 USD")

    def test_a_finding_is_stored_in_english_and_shown_to_its_reader(self):
        self.env["res.lang"]._activate_lang("de_DE")
        finding = Finding(level="ok", title=_("Checked on %(day)s.", day=date(2026, 9, 3)))
        self.connection.findings = [stored_finding(finding)]
        self.assertEqual(self.connection.findings[0]["title"], "Checked on Sep 3, 2026.")
        self.assertIn("Checked on 03.09.2026.", self.connection.with_context(lang="de_DE").findings_html)

    def test_flows_are_named_and_found_by_the_label_of_their_class(self):
        flow = self.flow("bills")
        self.assertEqual((flow.name, flow.description), (flow._spec().label, flow._spec().help))
        self.assertIn(flow, self.env["ml.flow"].search([("name", "ilike", flow.name)]))

    def test_advice_needs_no_right_on_the_responsible(self):
        """Whose companies the reader may not see."""
        other = self.env["res.company"].create({"name": "Elsewhere"})
        self.connection.owner_id.company_ids += other
        values = {"name": "Bill", "connection_id": self.connection.id, "company_id": self.company.id, "kind": "bill"}
        flow = {"flow_id": self.flow("bills").id, "direction": "pull"}
        log = self.env["ml.sync.log"].create({**values, **flow, "state": "failed", "error_class": "validation"})
        reader = self.new_user("reader", self.company, "ml_connector.group_ml_connector_user")
        log.invalidate_recordset()
        self.assertIn(self.connection._provider_name(), log.with_user(reader).advice)
