from unittest.mock import patch

from odoo.tests import tagged

from odoo.addons.ml_connector.core.documents import Address, Contact, Vendor
from odoo.addons.ml_connector.core.errors import InvalidDataError, MappingError
from odoo.addons.ml_connector.importers.vendor_names import core_name

from .common_writers import WriterCase


@tagged("post_install", "-at_install")
class TestWriterVendor(WriterCase):
    def document(self, external_id="r1", name="Example Supplies Ltd", country=None, **values):
        if country is not None:
            values["address"] = Address(country=country)
        return Vendor(external_id=external_id, name=name, **values)

    def make_partner(self, name="Example Supplies Ltd", country=None, **values):
        country = country and self.env.ref(f"base.{country}")
        return self.make("res.partner", **{"name": name, "is_company": True, "country_id": country, **values})

    def other_company(self):
        return self.make("res.company", name=f"Other {self.env['res.company'].search_count([])}")

    # ------------------------------------------------------------------ created

    def further(self, contacts=(), key="002", **address):
        values = {"street": "77 Dock Street", "street2": "Floor 2", "city": "Lyon", "country": "FR", **address}
        contact = Contact(external_id=key, name="Address 002", address=Address(**values))
        return self.document(contacts=(*contacts, contact))

    def test_further_addresses_are_contacts_of_the_vendor(self):
        mailbox = Contact(email="ap@example.com", is_default=True)
        albany = {"city": "Albany", "postal_code": "12207", "state": "NY", "country": "US"}
        partner = self.written("vendor", self.further([mailbox], "", **albany))
        self.assertEqual(partner.email, "ap@example.com")
        kept = {"type": "other", "name": "Address 002", "state_id": self.env.ref("base.state_us_27").id}
        self.assertRecordValues(partner.child_ids, [{**kept, "street": "77 Dock Street"}])
        self.written("vendor", self.further([mailbox], "", **albany, street="1 Quay"), "updated")
        self.assertRecordValues(partner.child_ids, [{**kept, "street": "1 Quay"}])

    def test_a_further_address_may_be_renamed_in_odoo_and_changes_as_a_whole(self):
        """Without its reference it is known by its name."""
        partner = self.written("vendor", self.further())
        partner.child_ids.ref = False
        self.written("vendor", self.further(), "updated")
        self.assertRecordValues(partner.child_ids, [{"ref": "002", "name": "Address 002"}])
        partner.child_ids.write({"name": "Warehouse", "type": "delivery"})
        self.written("vendor", self.further(), "unchanged")
        self.written("vendor", self.further(street="1 Quay", street2=""), "updated")
        changed = {"ref": "002", "name": "Warehouse", "type": "delivery", "street": "1 Quay", "street2": ""}
        self.assertRecordValues(partner.child_ids, [changed])

    def test_vendor_is_created_whole(self):
        place = {"street": "Main Street 1", "street2": "Floor 2", "city": "Berlin"}
        jane = {"name": "Jane Doe", "email": "jane@example.com", "phone": "+49 30 1"}
        contacts = (
            Contact(**jane, is_default=True),
            Contact(email="pay@example.com"),
            Contact(phone="+49 30 2"),
        )
        address = Address(**place, postal_code="10115", state="BE", country="DE")
        partner = self.written("vendor", self.document(vat="DE136695976", address=address, contacts=contacts))
        expected = {
            **place,
            **{"name": "Example Supplies Ltd", "is_company": True, "supplier_rank": 1, "vat": "DE136695976"},
            **{"zip": "10115", "email": "jane@example.com", "phone": "+49 30 1", "company_id": False, "active": True},
            **{"country_id": self.env.ref("base.de").id, "state_id": self.env.ref("base.state_de_be").id},
        }
        self.assertRecordValues(partner, [expected])
        persons = [(child.type, child.name, child.email) for child in partner.child_ids.sorted("id")]
        self.assertEqual(persons[0], ("contact", "Jane Doe", "jane@example.com"))
        self.assertEqual(persons[1:], [("contact", "pay@example.com", "pay@example.com")])

    def test_what_odoo_does_not_know_is_left_out_with_a_note(self):
        document = self.document(address=Address(state="Nowhere", country="US"))
        self.assertFalse(self.noted("vendor", document, "created", "Nowhere").state_id)
        document = self.document("r2", "Other", "ZZ")
        self.assertFalse(self.noted("vendor", document, "created", "ZZ").country_id)

    def test_invalid_vat_does_not_stop_the_vendor(self):
        def checks(model, country, vat, partner_name="", validation="error"):
            return "" if validation == "setnull" else vat, False

        with patch.object(type(self.env["res.partner"]), "_run_vat_checks", checks):
            document = self.document(vat="DE1", country="DE")
            self.assertFalse(self.noted("vendor", document, "created", "DE1").vat)
            self.written("vendor", document, "unchanged")

    def test_vendor_without_a_name(self):
        self.refused("vendor", self.document(name=" "), InvalidDataError, "r1")

    def test_unknown_vendor_waits_where_none_are_created(self):
        error = self.refused("vendor", self.document(), MappingError, "Example Supplies", create_vendors=False)
        (reference,) = error.references
        self.assertEqual((reference.kind, reference.external_id), ("vendor", "r1"))

    def test_person_is_created_as_such(self):
        self.assertFalse(self.written("vendor", self.document(is_company=False)).is_company)

    # ------------------------------------------------------------------ found

    def test_mapping_wins(self):
        chosen = self.make_partner("Chosen")
        self.make_partner(vat="DE136695976")
        self.mapped["vendor", "r1"] = chosen
        self.assertEqual(self.written("vendor", self.document(vat="DE136695976"), "linked"), chosen)

    def test_vendor_of_another_company_is_left_alone(self):
        """Whether it is mapped or bound."""
        self.mapped["vendor", "r2"] = self.make_partner("Chosen", company_id=self.other_company())
        self.refused("vendor", self.document("r2"), InvalidDataError, "another company")
        partner = self.written("vendor", self.document())
        partner.company_id = self.other_company()
        self.refused("vendor", self.document(name="Renamed There"), InvalidDataError, "another company")
        self.assertEqual(partner.name, "Example Supplies Ltd")

    def test_our_own_id(self):
        partner = self.make_partner("Renamed there")
        self.make_partner(vat="DE136695976")
        self.refused("vendor", self.document(odoo_id=partner.id, vat="DE136695976"), MappingError, "Renamed there")
        partner.name = "Example Supplies GmbH"
        self.assertEqual(self.written("vendor", self.document(odoo_id=partner.id), "linked"), partner)
        gone = self.make_partner("Gone")
        gone.unlink()
        self.written("vendor", self.document("r2", "Unheard of", odoo_id=gone.id))

    def test_same_record_on_another_connection(self):
        """Two companies with a connection each share the vendor, a person too, but not one of another name."""
        partner = self.written("vendor", self.document(is_company=False))
        sister = self.make("ml.connection", name="Sister", provider=self.connection.provider, environment="sandbox")
        self.env["ml.binding"].search([("res_id", "=", partner.id)]).connection_id = sister
        self.bound.clear()
        other = self.document(name="Somebody Else", is_company=False)
        self.assertNotEqual(self.written("vendor", other, "created"), partner)
        self.env["ml.binding"].search([("connection_id", "=", self.connection.id)]).unlink()
        self.bound.clear()
        self.assertEqual(self.written("vendor", self.document(is_company=False), "linked"), partner)

    def test_writings_of_one_vat_number(self):
        """The number as Odoo has it, as the source writes it, the vendor's country in Odoo, and at the source."""
        for number, (stored, vat, country, theirs) in enumerate(
            [
                ("BE0477472701", "BE 0477.472.701", "be", "BE"),
                ("0403170701", "BE0403170701", "be", ""),
                ("EL094014201", "GR094014201", "gr", "GR"),
                ("12-3456789", "123456789", "us", "US"),
                ("998877665", "NO998877665MVA", "no", "no"),
                ("NO998877665", "NO998877665MVA", "no", "no"),
                ("NO998877665MVA", "998877665", "no", "no"),
                ("NO 998 877 665 MVA", "NO998877665", "no", "no"),
                ("CHE-123.456.788 TVA", "CHE123456788MWST", "ch", "ch"),
                ("CHE-123.456.788 TVA", "CHE-123.456.788", "ch", "ch"),
                ("CHE123456788IVA", "123.456.788", "ch", "ch"),
                ("556012-5790", "SE556012579001", "se", "se"),
                ("ATU13585627", "13585627", "at", "at"),
                ("303265045", "FR40303265045", "fr", "fr"),
                ("BE403170701", "0403.170.701", "be", "be"),
            ]
        ):
            with self.subTest(f"{stored} {vat}"):
                partner = self.make_partner(f"Partner {number}", country, vat=stored)
                document = self.document(f"r{number}", f"Vendor {number}", theirs, vat=vat)
                self.assertEqual(self.written("vendor", document, "linked"), partner)
                partner.vat = False

    def test_a_filler_joins_no_strangers(self):
        """Neither one of Odoo nor two of a batch."""
        fillers = ("N/A", "n.a.", "000000000", "US00-0000000", "-", "none", "111111111", "XAXX010101000")
        for number, filler in enumerate(fillers):
            with self.subTest(filler):
                stranger = self.make_partner(f"Old{number} Firm", "us", vat=filler, company_registry=filler)
                values = {"country": "US", "vat": filler, "corporate_id": filler}
                names = (f"Zeta{number} Gardening", f"Yota{number} Plumbing")
                entries = self.book("vendor", *(self.document(name, name, **values) for name in names))
                for entry in entries:
                    self.assertEqual((entry.outcome, entry.note), ("created", ""))
                    self.assertFalse(entry.record.vat or entry.record.company_registry)
                self.assertEqual(len({stranger, *(entry.record for entry in entries)}), 3)

    def test_twice_in_one_batch(self):
        """One number, however it is written, of a partner in Odoo and of none."""
        partner = self.make_partner(vat="BE0477472701")
        for name, country, numbers, outcome in (
            ("known", None, ("BE0477472701", "BE0477472701"), "linked"),
            ("new", None, ("BE0403170701", "BE0403170701"), "created"),
            ("writings", "NO", ("NO998877665MVA", "998 877 665"), "created"),
        ):
            with self.subTest(name):
                documents = (self.document(f"{name} {n}", f"{name} {n}", country, vat=numbers[n]) for n in (0, 1))
                first, second = self.book("vendor", *documents)
                self.assertEqual((first.outcome, first.record == partner), (outcome, name == "known"))
                self.assertIsInstance(second.error, MappingError)

    def test_another_writing_of_its_number_changes_nothing(self):
        partner = self.written("vendor", self.document(vat="NO072274687MVA", country="NO"))
        for vat in ("072274687", "NO072274687", "NO 072 274 687"):
            self.written("vendor", self.document(vat=vat, country="NO"), "unchanged")
            self.assertEqual(partner.vat, "NO072274687MVA")

    def test_who_is_not_found(self):
        number = {"vat": "BE0477472701"}
        for key, theirs, ours in (
            ("a person of that name", {"name": "Ada", "is_company": False}, {"name": "Ada"}),
            ("another company's", {**number, "company_id": self.other_company()}, number),
            ("a number of another country", {"country": "fr", "vat": "0477472701"}, number),
            ("a slash", {"vat": "/"}, {"vat": "/"}),
        ):
            with self.subTest(key):
                stranger = self.make_partner(**{"name": "Stranger", **theirs})
                document = self.document(key, **{"name": key, **ours})
                partner = self.written("vendor", document)
                self.assertNotEqual(partner, stranger)
                (stranger | partner).vat = False
        stranger = self.make_partner("Somebody", company_id=self.other_company())
        self.assertNotEqual(self.written("vendor", self.document(odoo_id=stranger.id)), stranger)

    def test_contact_of_a_company_is_no_vendor(self):
        parent = self.make_partner(vat="BE0477472701")
        self.make("res.partner", name="Contact", parent_id=parent)
        self.assertEqual(self.written("vendor", self.document(name="Other", vat="BE0477472701"), "linked"), parent)

    def test_bank_account(self):
        partner = self.make_partner("Bank customer")
        self.make("res.partner.bank", acc_number="DE89 3704 0044 0532 0130 00", partner_id=partner)
        document = self.document(bank_accounts=("DE89370400440532013000",))
        self.assertEqual(self.written("vendor", document, "linked"), partner)

    def test_name_and_country(self):
        """A name alone is asked about where the countries agree or one side says none."""
        abroad, partner = self.make_partner(country="fr"), self.make_partner(country="de")
        nowhere = self.make_partner("Placeless Ltd")
        for name, proposal in ((" EXAMPLE  supplies ltd", partner), ("Placeless Ltd", nowhere)):
            error = self.refused("vendor", self.document(name=name, country="DE"), MappingError, "same name")
            self.assertEqual(error.proposal, proposal)
        self.noted("vendor", self.document("r2", country="US"), "created", f"ID {abroad.id}")

    def test_name_with_another_vat_number_is_another_vendor(self):
        partner = self.make_partner(vat="BE0477472701", country="be")
        self.noted("vendor", self.document(vat="BE0403170701", country="BE"), "created", f"ID {partner.id}")

    def test_archived_partner_is_linked_with_a_note(self):
        partner = self.make_partner(active=False, vat="BE0477472701")
        self.assertEqual(self.noted("vendor", self.document(vat="BE0477472701"), "linked", "archived"), partner)
        active = self.make_partner(name="Twice")
        self.make_partner(name="Twice", active=False)
        self.assertEqual(self.refused("vendor", self.document("r2", "Twice"), MappingError).proposal, active)

    # ------------------------------------------------------------------ doubts

    def test_several_partners_are_for_a_person_to_decide(self):
        first, second = self.make_partner(), self.make_partner()
        error = self.refused("vendor", self.document(), MappingError, f"ID {first.id}", f"ID {second.id}", "name")
        self.assertEqual(error.references[0].external_id, "r1")
        for name in ("A", "B"):
            self.make_partner(name, vat="BE0477472701")
        self.refused("vendor", self.document("r2", "C", vat="BE0477472701"), MappingError, "VAT number")

    def test_look_alikes_are_named_only(self):
        legal_form = self.make_partner("Example Supplies GmbH")
        mail = self.make_partner("Example Supplies Berlin", email="info@example-supplies.test")
        self.make_partner("Something else", email="info@example-supplies.test")
        document = self.document(contacts=(Contact(email="jane@example-supplies.test"),))
        (entry,) = self.book("vendor", document)
        self.assertEqual(entry.outcome, "created")
        self.assertHas(entry.note, f"ID {legal_form.id}", f"ID {mail.id}")
        self.assertNotIn("Something else", entry.note)

    def test_partner_of_another_vendor_record(self):
        self.written("vendor", self.document(vat="BE0477472701"))
        self.refused("vendor", self.document("r2", "Other", vat="BE0477472701"), MappingError, "r1")
        # two vendors may have one name
        self.noted("vendor", self.document("r3"), "created", "similar contacts")

    def test_mapped_partner_of_another_vendor_record(self):
        """A person says that both are one: its values stay those of the first."""
        partner = self.written("vendor", self.document())
        self.mapped["vendor", "r2"] = partner
        self.assertEqual(self.written("vendor", self.document("r2", "Other"), "linked"), partner)
        self.assertEqual(partner.name, "Example Supplies Ltd")

    # ------------------------------------------------------------------ changes at the source

    def full(self, **values):
        address = Address(street="Street 1", city="Brussels", country="BE")
        jane = Contact(name="Jane", email="jane@example.com", phone="1", is_default=True)
        return self.document(**{"vat": "BE0477472701", "address": address, "contacts": (jane,), **values})

    def test_unchanged_vendor_is_not_touched(self):
        partner = self.written("vendor", self.full())
        stamp = partner.write_date
        self.assertEqual(self.written("vendor", self.full(vat="be 0477 472 701"), "unchanged"), partner)
        self.assertEqual(partner.write_date, stamp)

    def test_changed_fields_are_written(self):
        partner = self.written("vendor", self.full())
        partner.write({"ref": "ours", "city": "Changed in Odoo"})
        jane = Contact(name="Jane Roe", email="JANE@example.com", phone="1", is_default=True)
        john = Contact(name="John", email="john@example.com")
        changed = self.full(name="Example Supplies NV", contacts=(jane, john))
        texts = ("Name Example Supplies Ltd → Example Supplies NV", "City", "Jane: Name", "New Contact")
        self.noted("vendor", changed, "updated", *texts)
        self.assertEqual((partner.name, partner.city, partner.ref), ("Example Supplies NV", "Brussels", "ours"))
        # a further address to write to is for an accountant to agree to
        persons = [(child.name, child.email) for child in partner.child_ids]
        self.assertEqual(persons, [("Jane Roe", "jane@example.com")])
        self.assertEqual(self.written("vendor", changed, "unchanged"), partner)

    def test_what_the_source_lacks_is_never_blanked(self):
        partner = self.written("vendor", self.full())
        self.assertEqual(self.written("vendor", self.document(), "unchanged"), partner)
        self.assertEqual((partner.street, partner.vat, partner.email), ("Street 1", "BE0477472701", "jane@example.com"))

    def test_archived_contact_is_not_made_again(self):
        partner = self.written("vendor", self.full())
        partner.child_ids.active = False
        self.written("vendor", self.full(), "unchanged")

    def test_vendor_that_ended_is_noted(self):
        self.written("vendor", self.full())
        (entry,) = self.book("vendor", self.full(active=False))
        self.assertTrue(entry.record.active)
        self.assertIn("inactive", entry.note)

    def test_writes_do_not_echo(self):
        contexts = []
        Partner = type(self.env["res.partner"])

        def watched(method):
            def call(records, values):
                contexts.append(records.env.context.get("ml_no_sync"))
                return method(records, values)

            return call

        with (
            patch.object(Partner, "create", watched(Partner.create)),
            patch.object(Partner, "write", watched(Partner.write)),
        ):
            self.written("vendor", self.full())
            self.written("vendor", self.full(name="Other"), "updated")
        self.assertEqual(set(contexts), {True})

    # ------------------------------------------------------------------ words

    def test_core_name(self):
        self.assertEqual(core_name("The Müller & Söhne GmbH & Co. KG"), "the muller sohne")
        self.assertEqual(core_name("Example S.A."), core_name("EXAMPLE"))
        self.assertEqual(core_name("AB"), "ab")
