from unittest.mock import patch

from odoo.tests import tagged

from odoo.addons.ml_connector.core.documents import Address, Contact, Vendor
from odoo.addons.ml_connector.core.errors import InvalidDataError, MappingError
from odoo.addons.ml_connector.importers.vendor_names import core_name

from .common_writers import WriterCase


@tagged("post_install", "-at_install")
class TestWriterVendor(WriterCase):
    def document(self, external_id="r1", name="Example Supplies Ltd", **values):
        return Vendor(external_id=external_id, name=name, **values)

    def make_partner(self, name="Example Supplies Ltd", **values):
        if country := values.pop("country", None):
            values["country_id"] = self.env.ref(f"base.{country}").id
        return self.env["res.partner"].create({"name": name, "is_company": True, **values})

    # ------------------------------------------------------------------ created

    def test_further_addresses_are_contacts_of_the_vendor(self):
        albany = Address(street="77 Dock Street", city="Albany", postal_code="12207", state="NY", country="US")
        mailbox = Contact(email="ap@example.com", is_default=True)
        document = self.document(contacts=(mailbox, Contact(name="Address 002", address=albany)))
        partner = self.written("vendor", document)
        self.assertEqual(partner.email, "ap@example.com")
        state = self.env.ref("base.state_us_27")
        self.assertRecordValues(
            partner.child_ids,
            [{"type": "other", "name": "Address 002", "street": "77 Dock Street", "state_id": state.id}],
        )
        moved = Address(street="1 Quay", city="Albany", postal_code="12207", state="NY", country="US")
        document = self.document(contacts=(mailbox, Contact(name="Address 002", address=moved)))
        self.written("vendor", document, "updated")
        self.assertRecordValues(partner.child_ids, [{"street": "1 Quay", "state_id": state.id}])

    def further(self, name="Address 002", **address):
        values = {"street": "77 Dock Street", "street2": "Floor 2", "city": "Lyon", "country": "FR", **address}
        contact = Contact(external_id="002", name=name, address=Address(**values))
        return self.document(contacts=(contact,))

    def test_a_further_address_may_be_renamed_in_odoo_and_changes_as_a_whole(self):
        partner = self.written("vendor", self.further())
        partner.child_ids.write({"name": "Warehouse", "type": "delivery"})
        self.written("vendor", self.further(), "unchanged")
        self.written("vendor", self.further(street="1 Quay", street2=""), "updated")
        self.assertRecordValues(
            partner.child_ids,
            [{"ref": "002", "name": "Warehouse", "type": "delivery", "street": "1 Quay", "street2": ""}],
        )

    def test_a_further_address_without_a_reference_is_known_by_its_name(self):
        partner = self.written("vendor", self.further())
        partner.child_ids.ref = False
        self.written("vendor", self.further(), "updated")
        self.assertRecordValues(partner.child_ids, [{"ref": "002", "name": "Address 002"}])

    def test_vendor_is_created_whole(self):
        document = self.document(
            vat="DE136695976",
            address=Address(
                street="Main Street 1", street2="Floor 2", city="Berlin", postal_code="10115", state="BE", country="DE"
            ),
            contacts=(
                Contact(name="Jane Doe", email="jane@example.com", phone="+49 30 1", is_default=True),
                Contact(email="pay@example.com"),
                Contact(phone="+49 30 2"),
            ),
        )
        partner = self.written("vendor", document)
        self.assertRecordValues(
            partner,
            [
                {
                    "name": "Example Supplies Ltd",
                    "is_company": True,
                    "supplier_rank": 1,
                    "vat": "DE136695976",
                    "street": "Main Street 1",
                    "street2": "Floor 2",
                    "city": "Berlin",
                    "zip": "10115",
                    "country_id": self.env.ref("base.de").id,
                    "state_id": self.env.ref("base.state_de_be").id,
                    "email": "jane@example.com",
                    "phone": "+49 30 1",
                    "company_id": False,
                    "active": True,
                }
            ],
        )
        contacts = [(child.type, child.name, child.email) for child in partner.child_ids.sorted("id")]
        self.assertEqual(
            contacts,
            [("contact", "Jane Doe", "jane@example.com"), ("contact", "pay@example.com", "pay@example.com")],
        )

    def test_what_odoo_does_not_know_is_left_out_with_a_note(self):
        address = Address(state="Nowhere", country="US")
        (entry,) = self.book("vendor", self.document(address=address))
        self.assertFalse(entry.record.state_id)
        self.assertIn("Nowhere", entry.note)
        (entry,) = self.book("vendor", self.document("r2", "Other", address=Address(country="ZZ")))
        self.assertFalse(entry.record.country_id)
        self.assertIn("ZZ", entry.note)

    def test_invalid_vat_does_not_stop_the_vendor(self):
        def checks(model, country, vat, partner_name="", validation="error"):
            return "" if validation == "setnull" else vat, False

        with patch.object(type(self.env["res.partner"]), "_run_vat_checks", checks):
            document = self.document(vat="DE1", address=Address(country="DE"))
            (entry,) = self.book("vendor", document)
            self.assertFalse(entry.record.vat)
            self.assertIn("DE1", entry.note)
            self.assertEqual(self.book("vendor", document)[0].outcome, "unchanged")

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

    def test_mapping_to_another_company(self):
        other = self.setup_other_company(name="Other")["company"]
        self.mapped["vendor", "r1"] = self.make_partner("Chosen", company_id=other.id)
        self.refused("vendor", self.document(), InvalidDataError, "another company")

    def test_a_bound_vendor_that_another_company_owns_is_left_alone(self):
        partner = self.written("vendor", self.document())
        partner.company_id = self.setup_other_company(name="Other")["company"]
        name = partner.name
        self.refused("vendor", self.document(name="Renamed There"), InvalidDataError, "another company")
        self.assertEqual(partner.name, name)

    def test_our_own_id(self):
        partner = self.make_partner("Renamed there")
        self.make_partner(vat="DE136695976")
        self.refused("vendor", self.document(odoo_id=partner.id, vat="DE136695976"), MappingError, "Renamed there")
        partner.name = "Example Supplies GmbH"
        self.assertEqual(self.written("vendor", self.document(odoo_id=partner.id), "linked"), partner)
        gone = self.make_partner("Gone")
        gone.unlink()
        self.written("vendor", self.document("r2", "Unheard of", odoo_id=gone.id))

    def test_our_own_id_of_another_companys_partner(self):
        other = self.setup_other_company(name="Other")["company"]
        partner = self.make_partner("Somebody", company_id=other.id)
        self.assertNotEqual(self.written("vendor", self.document(odoo_id=partner.id)), partner)

    def test_same_record_on_another_connection(self):
        """Two companies with a connection each share the vendor, a person too, but not one of another name."""
        partner = self.written("vendor", self.document(is_company=False))
        sister = self._connect_sister()
        self.env["ml.binding"].search([("res_id", "=", partner.id)]).connection_id = sister
        self.bound.clear()
        other = self.document(name="Somebody Else", is_company=False)
        self.assertNotEqual(self.written("vendor", other, "created"), partner)
        self.env["ml.binding"].search([("connection_id", "=", self.connection.id)]).unlink()
        self.bound.clear()
        self.assertEqual(self.written("vendor", self.document(is_company=False), "linked"), partner)

    def _connect_sister(self):
        return self.env["ml.connection"].create(
            {"name": "Sister", "provider": self.connection.provider, "environment": "sandbox"}
        )

    def test_vat_number(self):
        for number, (stored, country, vat, its_country) in enumerate(
            [
                ("BE0477472701", "be", "BE 0477.472.701", "BE"),
                ("0403170701", "be", "BE0403170701", ""),
                ("EL094014201", "gr", "GR094014201", "GR"),
                ("12-3456789", "us", "123456789", "US"),
            ]
        ):
            with self.subTest(vat):
                partner = self.make_partner(f"Partner {number}", vat=stored, country=country)
                document = self.document(
                    f"r{number}", f"Vendor {number}", vat=vat, address=Address(country=its_country)
                )
                self.assertEqual(self.written("vendor", document, "linked"), partner)

    def test_writings_of_one_vat_number(self):
        for number, (stored, vat, country) in enumerate(
            [
                ("998877665", "NO998877665MVA", "no"),
                ("NO998877665", "NO998877665MVA", "no"),
                ("NO998877665MVA", "998877665", "no"),
                ("NO 998 877 665 MVA", "NO998877665", "no"),
                ("CHE-123.456.788 TVA", "CHE123456788MWST", "ch"),
                ("CHE-123.456.788 TVA", "CHE-123.456.788", "ch"),
                ("CHE123456788IVA", "123.456.788", "ch"),
                ("556012-5790", "SE556012579001", "se"),
                ("ATU13585627", "13585627", "at"),
                ("303265045", "FR40303265045", "fr"),
                ("BE403170701", "0403.170.701", "be"),
            ]
        ):
            with self.subTest(f"{stored} {vat}"):
                partner = self.make_partner(f"Partner {number}", vat=stored, country=country)
                document = self.document(f"r{number}", f"Vendor {number}", vat=vat, address=Address(country=country))
                self.assertEqual(self.written("vendor", document, "linked"), partner)
                partner.vat = False

    def test_a_filler_joins_no_strangers(self):
        fillers = ("N/A", "n.a.", "000000000", "US00-0000000", "-", "none", "111111111", "XAXX010101000")
        for number, filler in enumerate(fillers):
            with self.subTest(filler):
                stranger = self.make_partner(f"Old{number} Firm", vat=filler, company_registry=filler, country="us")
                document = self.document(
                    f"r{number}",
                    f"Zeta{number} Gardening",
                    vat=filler,
                    corporate_id=filler,
                    address=Address(country="US"),
                )
                (entry,) = self.book("vendor", document)
                self.assertEqual((entry.outcome, entry.note), ("created", ""))
                self.assertNotEqual(entry.record, stranger)
                self.assertFalse(entry.record.vat or entry.record.company_registry)

    def test_two_vendors_with_a_filler_are_two(self):
        for filler in ("N/A", "000000000"):
            first, second = self.book(
                "vendor",
                self.document(f"a {filler}", f"Alpha {filler} Works", vat=filler),
                self.document(f"b {filler}", f"Beta {filler} Works", vat=filler),
            )
            for entry in (first, second):
                self.assertEqual((entry.outcome, entry.note, entry.record.vat), ("created", "", False))

    def test_two_writings_in_one_batch_are_one_number(self):
        first, second = self.book(
            "vendor",
            self.document("a", "Alpha", vat="NO998877665MVA", address=Address(country="NO")),
            self.document("b", "Beta", vat="998 877 665", address=Address(country="NO")),
        )
        self.assertEqual(first.outcome, "created")
        self.assertIsInstance(second.error, MappingError)

    def test_another_writing_of_its_number_changes_nothing(self):
        address = Address(country="NO")
        partner = self.written("vendor", self.document(vat="NO072274687MVA", address=address))
        for vat in ("072274687", "NO072274687", "NO 072 274 687"):
            self.written("vendor", self.document(vat=vat, address=address), "unchanged")
            self.assertEqual(partner.vat, "NO072274687MVA")

    def test_vat_number_of_another_country(self):
        self.make_partner("Partner", vat="0477472701", country="fr")
        self.written("vendor", self.document(vat="BE0477472701"))
        self.make_partner("Slash", vat="/")
        self.written("vendor", self.document("r2", "Other", vat="/"))

    def test_contact_of_a_company_is_no_vendor(self):
        parent = self.make_partner(vat="BE0477472701")
        self.env["res.partner"].create({"name": "Contact", "parent_id": parent.id})
        self.assertEqual(self.written("vendor", self.document(name="Other", vat="BE0477472701"), "linked"), parent)

    def test_bank_account(self):
        partner = self.make_partner("Bank customer")
        self.env["res.partner.bank"].create({"acc_number": "DE89 3704 0044 0532 0130 00", "partner_id": partner.id})
        document = self.document(bank_accounts=("DE89370400440532013000",))
        self.assertEqual(self.written("vendor", document, "linked"), partner)

    def test_name_and_country(self):
        abroad = self.make_partner(country="fr")
        partner = self.make_partner(country="de")
        document = self.document(name=" EXAMPLE  supplies ltd", address=Address(country="DE"))
        error = self.refused("vendor", document, MappingError, "same name", f"ID {partner.id}")
        self.assertEqual(error.proposal, partner)
        document = self.document("r2", address=Address(country="US"))
        (entry,) = self.book("vendor", document)
        self.assertEqual(entry.outcome, "created")
        self.assertIn(f"ID {abroad.id}", entry.note)

    def test_name_where_one_side_says_no_country(self):
        partner = self.make_partner()
        document = self.document(address=Address(country="DE"))
        self.assertEqual(self.refused("vendor", document, MappingError, "same name").proposal, partner)

    def test_name_with_another_vat_number_is_another_vendor(self):
        partner = self.make_partner(vat="BE0477472701", country="be")
        (entry,) = self.book("vendor", self.document(vat="BE0403170701", address=Address(country="BE")))
        self.assertEqual(entry.outcome, "created")
        self.assertIn(f"ID {partner.id}", entry.note)

    def test_persons_are_not_found_by_name(self):
        person = self.make_partner(is_company=False)
        self.assertNotEqual(self.written("vendor", self.document()), person)

    def test_partner_of_another_company_is_not_found(self):
        other = self.setup_other_company(name="Other")["company"]
        self.make_partner(vat="BE0477472701", company_id=other.id)
        self.written("vendor", self.document(vat="BE0477472701"))

    def test_archived_partner_is_linked_with_a_note(self):
        partner = self.make_partner(active=False, vat="BE0477472701")
        (entry,) = self.book("vendor", self.document(vat="BE0477472701"))
        self.assertEqual((entry.outcome, entry.record.id), ("linked", partner.id))
        self.assertIn("archived", entry.note)
        active = self.make_partner(name="Twice")
        self.make_partner(name="Twice", active=False)
        self.assertEqual(self.refused("vendor", self.document("r2", "Twice"), MappingError).proposal, active)

    # ------------------------------------------------------------------ doubts

    def test_several_partners_are_for_a_person_to_decide(self):
        first, second = self.make_partner(), self.make_partner()
        error = self.refused("vendor", self.document(), MappingError, f"ID {first.id}", f"ID {second.id}", "name")
        self.assertEqual(error.references[0].external_id, "r1")
        self.make_partner("A", vat="BE0477472701")
        self.make_partner("B", vat="BE0477472701")
        self.refused("vendor", self.document("r2", "C", vat="BE0477472701"), MappingError, "VAT number")

    def test_look_alikes_are_named_only(self):
        legal_form = self.make_partner("Example Supplies GmbH")
        mail = self.make_partner("Example Supplies Berlin", email="info@example-supplies.test")
        self.make_partner("Something else", email="info@example-supplies.test")
        contact = Contact(email="jane@example-supplies.test")
        (entry,) = self.book("vendor", self.document(contacts=(contact,)))
        self.assertEqual(entry.outcome, "created")
        self.assertIn(f"ID {legal_form.id}", entry.note)
        self.assertIn(f"ID {mail.id}", entry.note)
        self.assertNotIn("Something else", entry.note)

    def test_partner_of_another_vendor_record(self):
        self.written("vendor", self.document(vat="BE0477472701"))
        self.refused("vendor", self.document("r2", "Other", vat="BE0477472701"), MappingError, "r1")
        (entry,) = self.book("vendor", self.document("r3"))
        self.assertEqual(entry.outcome, "created", "two vendors may have one name")
        self.assertIn("similar contacts", entry.note)

    def test_twice_in_one_batch(self):
        partner = self.make_partner(vat="BE0477472701")
        first, second = self.book(
            "vendor",
            self.document("r1", vat="BE0477472701"),
            self.document("r2", vat="BE0477472701"),
        )
        self.assertEqual((first.outcome, first.record), ("linked", partner))
        self.assertIsInstance(second.error, MappingError)
        third, fourth = self.book(
            "vendor", self.document("r3", "X", vat="BE0403170701"), self.document("r4", "Y", vat="BE0403170701")
        )
        self.assertEqual(third.outcome, "created")
        self.assertIsInstance(fourth.error, MappingError)

    def test_mapped_partner_of_another_vendor_record(self):
        """A person says that both are one: its values stay those of the first."""
        partner = self.written("vendor", self.document())
        self.mapped["vendor", "r2"] = partner
        self.assertEqual(self.written("vendor", self.document("r2", "Other"), "linked"), partner)
        self.assertEqual(partner.name, "Example Supplies Ltd")

    # ------------------------------------------------------------------ changes at the source

    def full(self, **values):
        return self.document(
            **{
                "vat": "BE0477472701",
                "address": Address(street="Street 1", city="Brussels", country="BE"),
                "contacts": (Contact(name="Jane", email="jane@example.com", phone="1", is_default=True),),
                **values,
            }
        )

    def test_unchanged_vendor_is_not_touched(self):
        partner = self.written("vendor", self.full())
        stamp = partner.write_date
        self.assertEqual(self.written("vendor", self.full(vat="be 0477 472 701"), "unchanged"), partner)
        self.assertEqual(partner.write_date, stamp)

    def test_changed_fields_are_written(self):
        partner = self.written("vendor", self.full())
        partner.write({"ref": "ours", "city": "Changed in Odoo"})
        changed = self.full(
            name="Example Supplies NV",
            contacts=(
                Contact(name="Jane Roe", email="JANE@example.com", phone="1", is_default=True),
                Contact(name="John", email="john@example.com"),
            ),
        )
        (entry,) = self.book("vendor", changed)
        self.assertEqual(entry.outcome, "updated")
        self.assertEqual((partner.name, partner.city), ("Example Supplies NV", "Brussels"))
        self.assertEqual(partner.ref, "ours")
        # a further address to write to is for an accountant to agree to
        self.assertEqual(
            partner.child_ids.mapped(lambda child: (child.name, child.email)), [("Jane Roe", "jane@example.com")]
        )
        for text in ("Name Example Supplies Ltd → Example Supplies NV", "City", "Jane: Name", "New Contact"):
            self.assertIn(text, entry.note)
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
        create, write = Partner.create, Partner.write

        def create_(records, vals_list):
            contexts.append(records.env.context.get("ml_no_sync"))
            return create(records, vals_list)

        def write_(records, vals):
            contexts.append(records.env.context.get("ml_no_sync"))
            return write(records, vals)

        with patch.object(Partner, "create", create_), patch.object(Partner, "write", write_):
            self.written("vendor", self.full())
            self.written("vendor", self.full(name="Other"), "updated")
        self.assertTrue(contexts)
        self.assertEqual(set(contexts), {True})

    # ------------------------------------------------------------------ words

    def test_core_name(self):
        self.assertEqual(core_name("The Müller & Söhne GmbH & Co. KG"), "the muller sohne")
        self.assertEqual(core_name("Example S.A."), core_name("EXAMPLE"))
        self.assertEqual(core_name("AB"), "ab")
