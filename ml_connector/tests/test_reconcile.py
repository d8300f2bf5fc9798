"""Vendors that change in Odoo and at the provider: merged field by field, with a policy for what both changed."""

from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.ml_connector.core.documents import Address, Contact, Vendor
from odoo.addons.ml_connector.core.errors import InvalidDataError
from odoo.addons.ml_connector.core.remote import SendResult
from odoo.addons.ml_connector.engine.booking import Outcomes
from odoo.addons.ml_connector.engine.merge import OwnChanges
from odoo.addons.ml_connector.importers.ml_importer import ImportEntry
from odoo.addons.ml_connector.providers import PROVIDERS

from . import fake_provider
from .common import ConnectorCase
from .fake_flows import changed


class TwoWayProvider(fake_provider.FakeProvider):
    """What is sent is what is read afterwards, but for the name, which this provider keeps unless it accepts names."""

    takes_names = False
    flows = tuple(
        changed(flow, options=("create_vendors", "conflict_policy", "vendor_change_policy"))
        if flow.key == "vendors"
        else flow
        for flow in fake_provider.FakeProvider.flows
    )

    def _vendors(self, payload):
        people = tuple(Contact(email=email, **values) for email, values in payload.get("people", {}).items())
        return Vendor(
            external_id=payload["id"],
            name=payload["name"],
            address=Address(street=payload.get("street", ""), city=payload.get("city", "")),
            contacts=(Contact(name=payload["name"], email=payload.get("email", ""), is_default=True), *people),
        )

    def render(self, flow, document):
        values = document.shared()
        known = {name: values[name] for name in ("name", "email", "street", "city")}
        people = {
            person.email: {"name": person.name, "phone": person.phone}
            for person in document.contacts
            if not person.is_default and not person.is_known
        }
        return {"our_id": str(document.odoo_id), "kept": sorted(self.not_accepted(flow)), "people": people, **known}

    def send(self, flow, payload, external_id, key):
        sent = super().send(flow, payload, external_id, key)
        known = fake_provider.REMOTE.items.get("vendors", {}).get(sent.external_id)
        name = known.payload["name"] if known and not self.takes_names else payload["name"]
        people = {**(known.payload.get("people", {}) if known else {}), **payload["people"]}
        fake_provider.REMOTE.put("vendors", sent.external_id, {**payload, "name": name, "people": people})
        # of contact persons only those that were sent, as nobody has looked at the others
        now = self._vendors({**payload, "id": sent.external_id, "name": name})
        self.learned["names"] = self.takes_names
        return SendResult(external_id=sent.external_id, shared=now.shared(), not_accepted=self.not_accepted(flow))

    def changed_after(self, flow, external_id, moment):
        return fake_provider.REMOTE.called("changed_after") is None and fake_provider.REMOTE.is_newer


@tagged("post_install", "-at_install")
class TestReconcile(ConnectorCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(patch.dict(PROVIDERS, {"fake": TwoWayProvider}))

    def setUp(self):
        super().setUp()
        self.flow("vendors_push").write({"active": True, "cursor": "2999-01-01 00:00:00"})
        self.remote_values = {"name": "Example Supplies", "email": "ap@example.com", "street": "Old 1", "city": "Bonn"}
        self.put()
        self.sync()
        self.partner = self.env["res.partner"].search([("name", "=", "Example Supplies"), ("parent_id", "=", False)])

    def put(self, **values):
        self.remote_values |= values
        self.remote.put("vendors", "v1", self.remote_values)

    def payload(self):
        return self.remote.items["vendors"]["v1"].payload

    def there(self):
        return {name: self.payload()[name] for name in ("street", "city", "email")}

    def streets(self):
        """The street in Odoo and at the provider."""
        return self.partner.street, self.there()["street"]

    def emails(self):
        return self.partner.email, self.there()["email"]

    def send_alone(self):
        """A push with no read before it."""
        self.flow("vendors").next_run_at = "2999-01-01"
        self.run_worker()

    def assertAllDone(self):
        self.assertFalse((self.logs("vendors") + self.logs("vendors_push")).filtered(lambda log: log.state != "done"))

    def here(self):
        return {name: self.partner[name] for name in ("street", "city", "email")}

    def sends(self):
        return self.remote.calls.count("send")

    def pulled(self):
        return self.logs("vendors").filtered("is_current")

    def conflict(self):
        """Both sides change the street."""
        self.put(street="Theirs 2")
        self.partner.street = "Ours 2"

    # ------------------------------------------------------------------ no conflict

    def test_what_was_read_is_not_sent_back(self):
        """Also what was emptied."""
        for street in ("New 2", ""):
            with self.subTest(street):
                self.put(street=street)
                self.sync(2)
                self.assertEqual((self.partner.street or "", self.partner.city, self.sends()), (street, "Bonn", 0))
                self.assertFalse(self.logs("vendors_push"))

    def test_what_was_sent_does_not_come_back(self):
        self.partner.street = "New 2"
        self.sync()
        self.assertEqual(self.there()["street"], "New 2")
        before = self.partner.write_date
        self.sync()
        self.assertEqual(self.pulled().outcome, "unchanged")
        self.assertEqual((self.sends(), self.partner.write_date), (1, before))
        # the provider undoes Odoo's change: its values were read before, and count again
        self.put(street="Old 1")
        self.sync()
        self.assertEqual((self.partner.street, self.sends()), ("Old 1", 1))

    MERGED = {"street": "Ours 2", "city": "Berlin", "email": "ap@example.com"}

    def test_different_fields_are_merged(self):
        self.put(city="Berlin")
        self.partner.street = "Ours 2"
        self.sync()
        self.assertEqual((self.here(), self.there()), (self.MERGED, self.MERGED))
        self.sync()
        self.assertEqual((self.here(), self.there(), self.sends()), (self.MERGED, self.MERGED, 1))
        self.assertAllDone()

    def test_a_push_reads_first(self):
        """A change at the provider that no page contained yet is not overwritten."""
        self.put(city="Berlin")
        self.partner.street = "Ours 2"
        self.send_alone()
        held = self.logs("vendors_push")
        self.assertEqual((held.state, held.error_class, self.sends()), ("waiting", "unseen_change", 0))
        self.run_worker()
        self.assertEqual((self.here(), self.there(), held.state), (self.MERGED, self.MERGED, "done"))

    def test_same_value_on_both_sides(self):
        self.put(street="Same 2")
        self.partner.street = "Same 2"
        self.sync()
        self.assertEqual(set(self.logs("vendors").mapped("state")), {"done"})
        self.assertEqual(self.streets(), ("Same 2", "Same 2"))
        self.partner.street = "Ours 3"
        self.sync()
        self.assertEqual(self.there()["street"], "Ours 3")

    def test_differences_from_before_are_left_alone(self):
        """Two records that were linked as they are: only later changes count."""
        values = {"name": "Linked", "email": "x@example.com"}
        partner = self.make("res.partner", street="Here", supplier_rank=1, **values)
        self.remote.put("vendors", "v2", {**values, "street": "There"})
        self.map("vendor", "v2", partner)
        self.logs("vendors_push").unlink()
        self.sync()
        self.assertEqual(partner.street, "Here")
        partner.city = "Bonn"
        self.sync()
        payload = self.remote.items["vendors"]["v2"].payload
        self.assertEqual((partner.street, payload["street"], payload["city"]), ("Here", "There", "Bonn"))

    def test_name_that_the_vendor_keeps(self):
        self.partner.name = "Renamed here"
        self.sync(2)
        self.assertEqual(self.partner.name, "Renamed here")
        self.put(name="Renamed there")
        self.sync()
        self.assertEqual(self.partner.name, "Renamed there")

    def test_a_name_that_is_not_taken_yet_stays_to_be_sent(self):
        """What the provider's interface cannot take today it can take later; meanwhile nothing goes round."""
        with patch.object(TwoWayProvider, "not_accepted", lambda provider, flow: frozenset({"name"})):
            self.partner.name = "Renamed here"
            for _time in range(4):
                self.sync()
            self.assertEqual((self.partner.name, self.sends()), ("Renamed here", 1))
            self.assertIs(self.connection.stored_settings["names"], False)
            self.put(city="Berlin")
            self.sync()
            self.assertEqual((self.partner.name, self.partner.city), ("Renamed here", "Berlin"))
        with patch.object(TwoWayProvider, "takes_names", True):
            self.partner.street = "Ours 2"
            self.sync()
        payload = self.payload()
        self.assertEqual((payload["name"], payload["street"]), ("Renamed here", "Ours 2"))

    def test_a_name_that_was_not_taken_may_be_changed_on_both_sides(self):
        with patch.object(TwoWayProvider, "not_accepted", lambda provider, flow: frozenset({"name"})):
            self.partner.name = "Renamed here"
            self.sync()
            self.put(name="Renamed there")
            self.sync()
        self.assertEqual((self.partner.name, self.pulled().error_class), ("Renamed here", "conflict"))

    def person(self, **values):
        """A contact person that the vendor has in Odoo."""
        ada = {"name": "Ada", "email": "ada@example.com", "phone": "1"}
        return self.make("res.partner", parent_id=self.partner, **{**ada, **values})

    def people_there(self):
        return self.payload().get("people", {})

    def put_person(self, email="ada@example.com", **values):
        self.put(people={**self.people_there(), email: values})

    def test_a_contact_person_is_a_change_of_the_vendor(self):
        person = self.person()
        self.sync()
        self.assertEqual(self.people_there(), {"ada@example.com": {"name": "Ada", "phone": "1"}})
        self.payload()["people"].clear()
        self.partner.street = "New 2"
        self.sync()
        self.assertEqual(self.people_there(), {}, "what was removed there stays away as long as nobody changes it")
        sends = self.sends()
        person.function = "Buyer"
        self.sync()
        self.assertEqual(self.sends(), sends, "nobody is sent that")
        person.email = "ada.example@example.com"
        self.sync()
        self.assertEqual(list(self.people_there()), ["ada.example@example.com"])

    def test_a_new_person_is_sent_although_the_vendor_was_read_since(self):
        self.person()
        for city, sends in (("Berlin", False), ("Hamburg", True)):
            self.put(city=city)
            self.flow("vendors_push").active = sends
            self.sync()
        self.assertEqual(self.people_there(), {"ada@example.com": {"name": "Ada", "phone": "1"}})

    def with_person(self):
        """A contact person that both sides have."""
        self.flow("vendors").vendor_change_policy = "apply"
        person = self.person()
        self.sync(2)
        self.remote_values = dict(self.payload())
        return person

    def test_a_person_is_merged_value_by_value(self):
        person = self.with_person()
        self.put_person(name="Ada Lovelace", phone="1")
        person.phone = "2"
        self.sync()
        self.assertEqual((person.name, person.phone), ("Ada Lovelace", "2"))
        self.assertEqual(self.people_there()["ada@example.com"], {"name": "Ada Lovelace", "phone": "2"})
        self.put_person(name="Ada Lovelace", phone="")
        self.sync()
        self.assertFalse(person.phone, "what was emptied there is emptied here")
        sends = self.sends()
        self.sync()
        self.assertEqual(self.sends(), sends)

    def test_a_person_changed_on_both_sides_is_a_conflict(self):
        for winner, phone in (("odoo", "2"), ("vendor", "3")):
            person = self.with_person()
            self.put_person(name="Ada", phone="3")
            person.phone = "2"
            self.sync()
            held = self.pulled()
            self.assertEqual((held.error_class, person.phone), ("conflict", "2"))
            self.assertEqual(self.people_there()["ada@example.com"]["phone"], "3", "nothing is overwritten")
            self.assertIn("ada@example.com: Phone", held.conflict_table)
            (held.action_keep_odoo if winner == "odoo" else held.action_keep_provider)()
            self.sync(2)
            self.assertEqual((person.phone, self.people_there()["ada@example.com"]["phone"]), (phone, phone))
            person.unlink()
            self.put(people={})
            self.sync()

    def test_a_person_new_on_both_sides_is_a_conflict(self):
        self.flow("vendors").vendor_change_policy = "apply"
        self.put_person(name="Ada", phone="3")
        person = self.person()
        self.send_alone()
        self.assertEqual(self.people_there()["ada@example.com"]["phone"], "3", "a push reads first")
        self.flow("vendors").next_run_at = False
        self.sync()
        self.assertEqual((self.pulled().error_class, person.phone), ("conflict", "1"))

    def test_an_approved_change_of_a_person_is_no_change_of_ours(self):
        person = self.with_person()
        self.flow("vendors").vendor_change_policy = "ask"
        self.put_person(name="Ada", phone="5")
        self.put_person("bob@example.com", name="Bob", phone="6")
        self.sync()
        self.assertEqual(person.phone, "1")
        self.env["ml.vendor.change"].search([("state", "=", "waiting")]).action_approve()
        bob = self.partner.child_ids.filtered(lambda child: child.name == "Bob")
        self.assertEqual((person.phone, bob.email, bob.phone), ("5", "bob@example.com", "6"))
        binding = self.env["ml.binding"].search([("kind", "=", "vendor"), ("res_id", "=", self.partner.id)])
        agreed = {name: binding.agreed_odoo.get(name) for name in ("phone:ada@example.com", "phone:bob@example.com")}
        self.assertEqual(agreed, {"phone:ada@example.com": "5", "phone:bob@example.com": "6"})

    def test_a_document_asks_for_no_binding(self):
        """The worker has those of the batch."""
        flow = self.flow("vendors_push")
        self.person()
        with patch.object(self.registry["ml.binding"], "search", side_effect=AssertionError):
            flow._exporter("res.partner")._document(flow, self.partner)

    def test_a_name_links_in_neither_direction_before_a_person_says_so(self):
        partner = self.make("res.partner", name="Trusty", is_company=True, supplier_rank=1)
        self.remote.put("vendors", "v2", {"name": "Trusty", "street": "", "city": "", "email": "ap@evil.example"})
        self.sync()
        rows = self.logs("vendors").filtered(lambda log: log.external_id == "v2") + self.logs("vendors_push")
        self.assertEqual(rows.mapped("state"), ["waiting", "waiting"])
        self.assertFalse(self.ours("ml.binding", res_id=partner.id, kind="vendor"))
        mapping = rows.waiting_mapping_ids
        self.assertEqual((mapping.external_id, mapping.proposed_id), ("v2", partner.id))
        mapping.action_accept_proposals()
        self.sync()
        self.assertEqual(rows.mapped("state"), ["done", "done"])
        self.assertEqual(self.imported("v2", "vendor"), partner)
        self.assertFalse(partner.email)

    # ------------------------------------------------------------------ what waits for an accountant

    def waiting(self):
        changes = self.env["ml.vendor.change"].search([("partner_id", "=", self.partner.id)])
        return changes.filtered(lambda change: change.state == "waiting")

    def test_what_waits_is_neither_taken_nor_sent_back(self):
        self.put(email="evil@example.com")
        self.sync(2)
        self.assertEqual(self.emails(), ("ap@example.com", "evil@example.com"))
        self.assertEqual((self.sends(), self.waiting().new_value), (0, "evil@example.com"))
        # what is sent for another reason leaves the value over there as it is
        self.partner.street = "Ours 2"
        self.sync()
        self.assertEqual(self.there(), {"street": "Ours 2", "city": "Bonn", "email": "evil@example.com"})
        self.assertEqual(self.partner.email, "ap@example.com")
        self.waiting().action_approve()
        self.sync(2)
        self.assertEqual(self.emails(), ("evil@example.com", "evil@example.com"))
        self.assertAllDone()
        self.put(email="third@example.com")
        self.sync()
        self.assertEqual((self.partner.email, self.waiting().new_value), ("evil@example.com", "third@example.com"))

    def test_what_was_rejected_stays_different(self):
        self.put(email="evil@example.com")
        self.sync()
        self.waiting().action_reject()
        self.put(city="Berlin")
        self.sync()
        self.assertEqual(self.here(), {"street": "Old 1", "city": "Berlin", "email": "ap@example.com"})
        self.assertEqual((self.there()["email"], self.sends(), len(self.waiting())), ("evil@example.com", 0, 0))

    def test_what_is_taken_back_at_the_vendor_is_asked_no_more(self):
        self.put(email="evil@example.com")
        self.sync()
        self.put(email="ap@example.com")
        self.sync()
        self.assertFalse(self.waiting())
        self.put(email="")
        self.sync()
        self.assertEqual((self.partner.email, self.waiting().new_value), ("ap@example.com", ""))
        self.put(city="Berlin")
        self.sync()
        self.assertEqual(len(self.waiting()), 1)

    def test_an_edit_in_odoo_wins_over_what_waits(self):
        self.put(email="evil@example.com")
        self.sync()
        self.partner.email = "mine@example.com"
        self.sync(2)
        self.assertEqual(self.emails(), ("mine@example.com", "mine@example.com"))
        self.assertFalse(self.waiting())

    # ------------------------------------------------------------------ policies

    def test_odoo_wins(self):
        self.flow("vendors").conflict_policy = "odoo"
        self.conflict()
        self.sync()
        self.assertEqual(self.streets(), ("Ours 2", "Ours 2"))
        self.sync()
        self.assertEqual(self.sends(), 1)

    def test_vendor_or_newest_wins(self):
        for policy, is_newer, street in (
            ("vendor", False, "Theirs 2"),
            ("newest", True, "Theirs 2"),
            ("newest", False, "Ours 2"),
        ):
            with self.subTest(policy=policy, is_newer=is_newer):
                self.flow("vendors").conflict_policy = policy
                self.remote.is_newer = is_newer
                self.conflict()
                self.sync(2)
                self.assertEqual(self.streets(), (street, street))
                self.put(street="Old 1")
                self.sync()

    def test_vendor_wins_where_nothing_is_sent(self):
        self.flow("vendors_push").active = False
        self.conflict()
        self.partner.city = "Ours"
        self.sync()
        self.assertEqual(self.here(), {"street": "Theirs 2", "city": "Ours", "email": "ap@example.com"})

    # ------------------------------------------------------------------ ask

    def asked(self):
        self.conflict()
        self.sync()
        log = self.pulled()
        self.assertEqual((log.state, log.error_class), ("failed", "conflict"))
        return log

    def test_a_conflict_asks_and_shows_both(self):
        log = self.asked()
        self.assertIn("Street", log.error_message)
        self.assertHas(log.conflict_table, "Ours 2", "Theirs 2", "Street")
        self.assertEqual((self.streets(), self.sends()), (("Ours 2", "Theirs 2"), 0))
        self.assertEqual((self.logs("vendors_push").state, log.res_id), ("waiting", self.partner.id))

    def test_shown_values_are_escaped(self):
        self.put(street="<script>alert(1)</script>")
        self.partner.street = "Ours 2"
        self.sync()
        self.assertNotIn("<script>", self.pulled().conflict_table)

    def test_keep_odoos(self):
        """Who decided is in the audit trail."""
        log = self.asked()
        log.action_keep_odoo()
        attempt = log.attempt_ids.sorted("sequence")[-1]
        self.assertEqual(attempt.action, "decide")
        self.assertIn(self.env.user.name, attempt.message)
        self.run_worker()
        self.assertEqual(self.streets(), ("Ours 2", "Ours 2"))
        self.assertEqual((log.state, log.conflict, log.decision), ("done", False, False))
        self.assertEqual(self.logs("vendors_push").mapped("state"), ["done"])
        self.sync()
        self.assertEqual(self.sends(), 1)

    def test_take_the_vendors(self):
        log = self.asked()
        log.action_keep_provider()
        self.run_worker()
        self.assertEqual((self.streets(), log.state), (("Theirs 2", "Theirs 2"), "done"))
        self.assertEqual(self.logs("vendors_push").mapped("state"), ["done"])

    def test_what_changed_since_it_was_shown_is_asked_again(self):
        log = self.asked()
        self.partner.street = "Ours 3"
        log.action_keep_provider()
        self.run_worker()
        self.assertEqual((log.state, log.decision), ("failed", False))
        self.assertIn("Ours 3", log.conflict_table)
        self.assertEqual(self.partner.street, "Ours 3")

    def test_made_equal_by_hand(self):
        log = self.asked()
        self.partner.street = "Theirs 2"
        log.action_retry()
        self.run_worker()
        self.assertEqual((log.state, self.partner.street), ("done", "Theirs 2"))

    def test_only_an_open_conflict_is_decided(self):
        with self.assertRaises(UserError):
            self.pulled().action_keep_odoo()

    # ------------------------------------------------------------------ several connections of one business

    def flows_of(self, second):
        """Its pull and its push."""
        return (second.flow_ids.filtered(lambda flow, key=key: flow.key == key) for key in ("vendors", "vendors_push"))

    def second(self):
        """Another connection of the same business that reads the same vendors."""
        second = self._connect(self.company, "Second")
        second.flow_ids.next_run_at = "2999-01-01"
        pull, push = self.flows_of(second)
        push.write({"active": False, "cursor": "2999-01-01 00:00:00"})
        pull.conflict_policy = "vendor"
        self.run_second(second)
        return second

    def run_second(self, second):
        for flow in self.flows_of(second):
            flow.next_run_at = False
        self.env.cr.flush()
        self._keep()
        second._cron_run()
        self.env.invalidate_all()

    def test_a_conflict_that_asks_is_not_decided_by_another_connection(self):
        """Whichever of them reads first, and whether the other one sends as well."""
        self.flow("vendors").conflict_policy = "ask"
        second = self.second()
        pull, push = self.flows_of(second)
        cases = ((True, False, "vendor"), (False, False, "vendor"))
        cases += ((False, True, "odoo"), (True, True, "newest"), (False, True, "ask"))
        for number, (first, active, policy) in enumerate(cases):
            push.active, pull.conflict_policy = active, policy
            with self.subTest(first=first, active=active, policy=policy):
                self.put(street=f"Theirs {number}", city=f"City {number}")
                self.partner.street = f"Ours {number}"
                if first:
                    self.sync()
                self.run_second(second)
                self.sync()
                self.run_second(second)
                asked = self.pulled()
                self.assertEqual(self.streets(), (f"Ours {number}", f"Theirs {number}"))
                self.assertEqual((asked.state, list(asked.conflict)), ("failed", ["street"]))
                pulls = [("connection_id", "=", second.id), ("direction", "=", "pull"), ("state", "!=", "done")]
                open_rows = self.env["ml.sync.log"].search(pulls)
                self.assertEqual(set(open_rows.mapped("state")) - {"superseded"}, set(), "it is asked once")
                side = ("odoo", "vendor")[number % 2]
                (asked.action_keep_odoo if side == "odoo" else asked.action_keep_provider)()
                for _run in range(2):
                    self.sync()
                    self.run_second(second)
                value = {"odoo": f"Ours {number}", "vendor": f"Theirs {number}"}[side]
                self.assertEqual(self.streets(), (value, value))

    def test_the_connection_that_asked_and_was_paused_still_decides(self):
        self.flow("vendors").conflict_policy = "ask"
        second = self.second()
        self.conflict()
        self.sync()
        self.connection.state = "paused"
        self.put(email="new@example.com")
        self.run_second(second)
        self.assertEqual(self.partner.street, "Ours 2")

    def test_what_is_out_of_date_is_replaced(self):
        """What failed or waits is not left open when the record was sent meanwhile, or another version came."""
        for state in ("failed", "waiting", "pending"):
            with self.subTest(state):
                log = self.pulled()
                log.write({"state": state, "error_class": "conflict", "conflict": {"street": ["a", "b"]}})
                OwnChanges(None, self.flow("vendors_push")).outdate("v1")
                self.assertEqual((log.state, log.is_current, log.conflict), ("superseded", False, False))
                self.put(city=f"After {state}")
                self.sync()

    def test_what_fails_after_another_version_came_is_replaced(self):
        log = self.pulled()
        log.write({"state": "running", "is_current": False})
        entry = ImportEntry(log, None)
        entry.error = InvalidDataError("Broken.")
        Outcomes(None, log.flow_id)._store_result(entry, fields.Datetime.now(), 0)
        self.assertEqual(log.state, "superseded")
