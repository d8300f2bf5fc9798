"""Data of a provider is a claim: contacts that it may not change, and vendors that Odoo knows."""

import itertools
from dataclasses import replace

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from odoo.addons.ml_connector.core.documents import Address, Contact, Vendor
from odoo.addons.ml_connector.core.errors import InvalidDataError, MappingError

from .common_writers import WriterCase

VAT = "BE0477472701"


@tagged("post_install", "-at_install")
class TestProtectedContacts(WriterCase):
    def document(self, name="Example Supplies Ltd", external_id="r1", **values):
        return Vendor(external_id=external_id, name=name, **values)

    def user_of(self, partner, **values):
        return self.make("res.users", login=f"user of {partner.id}", partner_id=partner, **values)

    def portal_user_of(self, partner):
        return self.user_of(partner, group_ids=[(6, 0, self.env.ref("base.group_portal").ids)])

    def protected(self):
        """One contact of each kind that a vendor may not be."""
        internal, portal, archived, firm = (self.make_vendor(f"Firm {number}") for number in range(4))
        self.user_of(internal)
        self.portal_user_of(portal)
        self.user_of(archived).active = False
        self.user_of(self.make("res.partner", name="Person", parent_id=firm))
        employee = self.make("hr.employee", name="Employee", work_email="employee@example.com")
        gone = self.make("hr.employee", name="Former", work_email="former@example.com", active=False)
        branch = self.make("res.company", name="Branch", parent_id=self.company)
        below = self.make("res.partner", name="Below us", parent_id=self.company.partner_id)
        return {
            "internal user": internal,
            "portal user": portal,
            "archived user": archived,
            "employee": employee.work_contact_id,
            "former employee": gone.work_contact_id,
            "our company": self.company.partner_id,
            "our branch": branch.partner_id,
            "contact of our company": below,
            "company of a user": firm,
        }

    def test_who_is_protected(self):
        known = self.protected()
        portal_firm = self.make_vendor("Vendor with a portal")
        person = self.make("res.partner", name="Portal", parent_id=portal_firm)
        self.portal_user_of(person)
        everybody = self.env["res.partner"].union(*known.values(), self.vendor, portal_firm, person)
        self.assertEqual(everybody._ml_protected(), everybody - self.vendor - portal_firm)

    def test_they_are_asked_for_once_a_batch(self):
        partners = self.env["res.partner"].create([{"name": f"Vendor {number}"} for number in range(50)])
        self.env.flush_all()
        with self.assertQueryCount(8):
            self.assertFalse(partners._ml_protected())

    def test_no_step_links_them(self):
        for kind, partner in self.protected().items():
            # digits around the id, since a number of one digit alone is a filler
            partner.write({"company_registry": f"R7301{partner.id}94", "is_company": True})
            self.make("res.partner.bank", acc_number=f"ACC7301{partner.id}94", partner_id=partner)
            steps = {
                "reference": self.document(partner.name, odoo_id=partner.id),
                "name": self.document(partner.name),
                "registry": self.document("Other", corporate_id=f"R7301{partner.id}94"),
                "bank": self.document("Other", bank_accounts=(f"ACC7301{partner.id}94",)),
            }
            for step, document in steps.items():
                with self.subTest(kind=kind, step=step):
                    error = self.refused("vendor", document, MappingError, "our own companies")
                    self.assertFalse(error.proposal)
            self.mapped["vendor", "r1"] = partner
            with self.subTest(kind=kind, step="mapping"):
                self.refused("vendor", self.document(), InvalidDataError, "our own companies")
            del self.mapped["vendor", "r1"]

    def test_they_cannot_be_mapped(self):
        of_vendors = {"connection_id": self.connection, "kind": "vendor"}
        mapping = self.make("ml.mapping", external_id="r1", **of_vendors)
        for kind, partner in self.protected().items():
            for write in (
                lambda partner: mapping.write({"res_id": partner.id}),
                lambda partner: self.make("ml.mapping.rule", pattern="*", res_id=partner, **of_vendors),
            ):
                with self.subTest(kind), self.assertRaises(ValidationError) as caught, self.env.cr.savepoint():
                    write(partner)
                self.assertNotIn(partner.name, str(caught.exception))
        mapping.res_id = self.vendor.id

    def test_who_becomes_a_user_is_protected_from_then_on(self):
        document = self.document(contacts=(Contact(email="a@example.com", is_default=True),))
        partner = self.written("vendor", document)
        self.user_of(partner)
        self.written("vendor", document, "unchanged")
        for values in (
            {"name": "Renamed"},
            {"address": Address(street="Evil Street 1")},
            {"contacts": (Contact(email="evil@example.com", is_default=True),)},
            {"contacts": (Contact(name="Evil", email="evil@example.com"),)},
        ):
            refusal = (InvalidDataError, "never change such contacts")
            self.refused("vendor", self.document(**values), *refusal, vendor_change_policy="apply")
        self.assertFalse(self.env["ml.vendor.change"].search([("partner_id", "=", partner.id)]))

    def test_a_contact_of_a_vendor_that_is_a_user_is_left_alone(self):
        contact = Contact(name="Jane", email="jane@example.com", phone="1")
        partner = self.written("vendor", self.document(contacts=(contact,)))
        self.portal_user_of(partner.child_ids)
        changed = Contact(name="Evil", email="jane@example.com", phone="2")
        (entry,) = self.book("vendor", self.document(contacts=(changed,)), vendor_change_policy="apply")
        self.assertEqual((entry.outcome, partner.child_ids.name, partner.child_ids.phone), ("unchanged", "Jane", "1"))
        self.assertIn("was not changed", entry.note)

    def test_a_vendor_that_is_left_out_is_not_asked_about_again(self):
        self.mapped["vendor", "r1"] = None
        (entry,) = self.plan("vendor", self.document())
        self.assertEqual(entry.error.error_class, "not_wanted")


@tagged("post_install", "-at_install")
class TestVendorChanges(WriterCase):
    def setUp(self):
        super().setUp()
        values = {"email": "ap@trusty.example", "phone": "1", "street": "Street 1"}
        country = self.env.ref("base.be").id
        values |= {"vat": VAT, "company_registry": "0477", "country_id": country}
        self.partner = self.make_vendor("Trusty Supplies Ltd", **values)

    def document(self, external_id="r1", email="ap@trusty.example", phone="1", **values):
        contact = Contact(email=email, phone=phone, is_default=True)
        contacts = (contact, *values.pop("others", ()))
        address = Address(street=values.pop("street", "Street 1"), country="BE")
        return Vendor(
            external_id=external_id,
            contacts=contacts,
            address=address,
            **{"name": "Trusty Supplies Ltd", "vat": VAT, "corporate_id": "0477", **values},
        )

    def link(self):
        self.bind("vendor", "r1", self.partner)

    def changes(self, state=None):
        changes = self.env["ml.vendor.change"].search([("partner_id", "=", self.partner.id)], order="id")
        return changes.filtered(lambda change: not state or change.state == state)

    def as_person(self, changes, *more):
        """As an accountant with these further rights."""
        groups = ("ml_connector.group_ml_connector_accountant", "account.group_account_invoice", *more)
        return changes.with_user(self.new_user(f"accountant {len(more)}", self.company, *groups)).sudo(False)

    def ask(self, **values):
        """A linked vendor whose e-mail address is to become another one."""
        self.link()
        return self.book("vendor", self.document(**{"email": "a@x.example", **values}))

    SENSITIVE = {"email": "evil@evil.example", "phone": "666", "vat": "BE0403170701", "corporate_id": "666"}

    def test_nothing_sensitive_changes_without_a_person_whatever_linked_the_vendor(self):
        """All ways to be linked x all sets of values: the books stay as they are until somebody agrees."""
        fields = ("email", "phone", "vat", "company_registry", "child_ids")
        before = self.partner.read(fields)
        self.make("res.partner.bank", acc_number="BE68539007547034", partner_id=self.partner)
        ways = {
            "vat": {"corporate_id": ""},
            "registry": {"vat": ""},
            "reference": {"vat": "", "corporate_id": "", "odoo_id": self.partner.id},
            "bank": {"vat": "", "corporate_id": "", "name": "Trusty", "bank_accounts": ("BE68539007547034",)},
            "person": {"vat": "", "corporate_id": "", "name": "Anything"},
        }
        for way, values in ways.items():
            self.env["ml.binding"].search([("res_id", "=", self.partner.id)]).unlink()
            self.bound.pop(("vendor", "r1"), None)
            if way == "person":
                self.mapped["vendor", "r1"] = self.partner
            # the first word already comes with the values of the attacker
            stated = {**values, "email": "first@evil.example"}
            with self.subTest(way):
                self.assertEqual(self.written("vendor", self.document(**stated), "linked"), self.partner)
                for size in range(1, len(self.SENSITIVE) + 1):
                    for names in itertools.combinations(self.SENSITIVE, size):
                        evil = {name: self.SENSITIVE[name] for name in names}
                        others = (Contact(name="Evil", email="evil@evil.example"),)
                        self.book("vendor", self.document(**{**values, **evil}, others=others))
                        self.assertEqual(self.partner.read(fields), before, (way, names))
        self.assertFalse(self.partner.bank_ids.filtered("allow_out_payment"))

    def test_the_rest_is_applied_and_noted(self):
        self.link()
        (entry,) = self.book("vendor", self.document(email="new@trusty.example", street="Quay 2"))
        told = (entry.outcome, self.partner.street, self.partner.email)
        self.assertEqual(told, ("updated", "Quay 2", "ap@trusty.example"))
        self.assertHas(entry.note, "Street 1 → Quay 2", "Waiting for approval: Email")
        self.assertNotIn("new@trusty.example", entry.note)

    def test_one_row_for_each_value_and_the_newest_counts(self):
        self.ask(phone="2")
        self.book("vendor", self.document(email="a@x.example", phone="2"))
        self.assertEqual(
            self.changes().mapped(lambda row: (row.field_name, row.old_value, row.new_value, row.state)),
            [("email", "ap@trusty.example", "a@x.example", "waiting"), ("phone", "1", "2", "waiting")],
        )
        self.book("vendor", self.document(email="b@x.example"))
        self.assertEqual(
            self.changes().mapped(lambda row: (row.new_value, row.state)),
            [("a@x.example", "superseded"), ("2", "superseded"), ("b@x.example", "waiting")],
        )

    def test_an_accountant_approves_many_at_once_with_his_own_rights(self):
        asked = {"phone": "2", "others": (Contact(name="Jo", email="jo@x.example"),)}
        self.ask(**asked)
        changes = self.changes("waiting")
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            self.as_person(changes).action_approve()
        self.env.invalidate_all()
        person = self.as_person(changes, "base.group_partner_manager")
        person.action_approve()
        self.assertEqual((self.partner.email, self.partner.phone), ("a@x.example", "2"))
        self.assertEqual(self.partner.child_ids.email, "jo@x.example")
        self.assertEqual(set(changes.mapped("state")), {"approved"})
        self.assertEqual(changes.decided_by_id, person.env.user)
        self.assertEqual(self.partner.write_uid, person.env.user)
        self.written("vendor", self.document(email="a@x.example", **asked), "unchanged")
        with self.assertRaises(UserError):
            person.action_approve()

    def test_what_another_company_owns_by_now_is_not_changed(self):
        self.ask()
        before = self.partner.email
        self.partner.company_id = self.setup_other_company(name="Other")["company"]
        with self.assertRaisesRegex(UserError, "another company"), self.env.cr.savepoint():
            self.changes("waiting").action_approve()
        self.assertEqual(self.partner.email, before)

    def test_only_accountants_decide(self):
        self.ask()
        user = self.new_user("user", self.company, "ml_connector.group_ml_connector_user")
        for method in ("action_approve", "action_reject"):
            with self.assertRaises(UserError):
                getattr(self.changes().with_user(user).sudo(False), method)()
        self.assertEqual(self.partner.email, "ap@trusty.example")

    def test_what_was_rejected_does_not_come_up_again(self):
        self.ask()
        self.as_person(self.changes()).action_reject()
        (entry,) = self.book("vendor", self.document(email="a@x.example"))
        self.assertEqual((entry.outcome, entry.note, self.changes("waiting").ids), ("unchanged", "", []))
        self.book("vendor", self.document(email="b@x.example"))
        self.assertEqual(self.changes("waiting").new_value, "b@x.example")

    def test_what_changed_in_odoo_meanwhile_is_not_overwritten(self):
        self.ask()
        self.partner.email = "mine@trusty.example"
        person = self.as_person(self.changes(), "base.group_partner_manager")
        answer = person.action_approve()
        self.assertIn("since the request", answer["params"]["message"])
        self.assertEqual(self.partner.email, "mine@trusty.example")
        self.assertEqual((self.changes().state, self.changes().old_value), ("waiting", "mine@trusty.example"))
        person.action_approve()
        self.assertEqual(self.partner.email, "a@x.example")

    def test_a_contact_that_became_a_user_is_not_changed_by_approval(self):
        self.ask()
        self.make("res.users", login="trusty", partner_id=self.partner)
        with self.assertRaises(UserError):
            self.as_person(self.changes(), "base.group_partner_manager").action_approve()
        self.assertEqual(self.partner.email, "ap@trusty.example")

    def test_the_policy_of_the_flow(self):
        self.link()
        self.book("vendor", self.document(street="Quay 2"), vendor_change_policy="ask_all")
        self.assertEqual((self.partner.street, self.changes("waiting").field_name), ("Street 1", "street"))
        self.book("vendor", self.document(email="a@x.example"), vendor_change_policy="apply")
        self.assertEqual(self.partner.email, "a@x.example")
        self.assertFalse(self.changes("waiting"), "the street is as it was again")

    def two_connections(self):
        values = {"provider": "fake", "company_id": self.company}
        return [self.make("ml.connection", name=name, **values) for name in ("First", "Second")]

    def at(self, connection, policy, **values):
        """What this connection's flow does with the vendor, which has been linked there."""
        self.connection = connection
        self.link()
        (entry,) = self.book("vendor", self.document(**values), vendor_change_policy=policy)
        return entry

    def test_each_connection_of_a_company_has_a_policy_of_its_own(self):
        """The same change of the same contact by two connections, in each pair of policies."""
        first, second = self.two_connections()
        # what each lets through at once
        applied = {"ask_all": set(), "ask": {"street"}, "apply": {"street", "email"}}
        before = {"street": "Street 1", "email": "ap@trusty.example"}
        for one, other in itertools.permutations(applied, 2):
            with self.subTest(first=one, second=other):
                for connection, policy in ((first, one), (second, other)):
                    self.partner.write(before)
                    self.changes().unlink()
                    self.at(connection, policy, street="Quay 2", email="new@trusty.example")
                    now = {name for name, value in before.items() if self.partner[name] != value}
                    waits = self.changes("waiting")
                    self.assertEqual(now, applied[policy])
                    self.assertEqual(set(waits.mapped("field_name")), {"street", "email"} - applied[policy])
                    self.assertLessEqual(set(waits.connection_id.ids), {connection.id})
                    self.env.invalidate_all()
                    counts = {first.vendor_change_count, second.vendor_change_count}
                    self.assertEqual(counts, {0, len(waits)})

    def test_what_was_agreed_to_for_one_connection_is_asked_for_no_other(self):
        first, second = self.two_connections()
        for connection in (first, second):
            self.at(connection, "ask", email="new@trusty.example", phone="2" if connection == second else "1")
        waiting = self.changes("waiting")
        self.assertEqual(
            waiting.mapped(lambda row: (row.connection_id.name, row.field_name)),
            [("First", "email"), ("Second", "email"), ("Second", "phone")],
        )
        by_person = self.as_person(waiting, "base.group_partner_manager")
        by_person[0].action_approve()
        self.assertEqual(waiting.mapped("state"), ["approved", "superseded", "waiting"])
        self.assertEqual((self.partner.email, self.partner.phone), ("new@trusty.example", "1"))
        by_person[2].action_reject()
        kind = ["ml_connector.mail_activity_vendor_change"]
        self.assertFalse(first.activity_search(kind) | second.activity_search(kind))

    def test_country_waits_by_its_name(self):
        self.link()
        document = Vendor(external_id="r1", name=self.partner.name, address=Address(country="FR"))
        self.book("vendor", document, vendor_change_policy="ask_all")
        row = self.changes("waiting")
        self.assertEqual((row.field_name, row.old_value, row.new_value), ("country_id", "Belgium", "France"))
        self.as_person(row, "base.group_partner_manager").action_approve()
        self.assertEqual(self.partner.country_id.code, "FR")

    def test_a_further_addresss_phone_waits(self):
        address = Address(street="Dock 7", country="BE")
        remit = Contact(external_id="002", name="Remit to", address=address)
        self.link()
        self.book("vendor", self.document(others=(remit,)))
        self.assertEqual(self.partner.child_ids.street, "Dock 7")
        remit = replace(remit, address=replace(address, street="Dock 8"), phone="666")
        self.book("vendor", self.document(others=(remit,)))
        self.assertEqual((self.partner.child_ids.street, self.partner.child_ids.phone), ("Dock 8", False))
        row = self.changes("waiting")
        self.assertEqual((row.contact_id, row.field_name, row.new_value), (self.partner.child_ids, "phone", "666"))

    def test_the_owner_is_told_once_and_the_question_ends(self):
        self.ask()
        self.book("vendor", self.document(email="b@x.example"))
        kind = ["ml_connector.mail_activity_vendor_change"]
        self.assertEqual(len(self.connection.activity_search(kind)), 1)
        self.assertEqual(self.connection.vendor_change_count, 1)
        self.as_person(self.changes("waiting")).action_reject()
        self.assertFalse(self.connection.activity_search(kind))
