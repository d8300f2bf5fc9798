"""The merge of two sides that both may change a record."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.core.documents import Address, Contact, Vendor
from ml_connector.core.documents.reconciliation import merge, outgoing, unseen

VALUES = st.dictionaries(st.sampled_from("abc"), st.sampled_from(["", "1", "2", "3"]), min_size=3, max_size=3)
PARTS = st.dictionaries(st.sampled_from("abc"), st.sampled_from(["", "1", "2", "3"]))
TEXT = st.text("ab ", max_size=3).map(str.strip)


@given(VALUES, VALUES, PARTS, PARTS)
def test_nothing_that_changed_is_lost(odoo, vendor, agreed_odoo, agreed_vendor):
    """Each value that one side changed goes to the other, or is a conflict; what nobody changed goes nowhere."""
    merged = merge(odoo, vendor, agreed_odoo, agreed_vendor)
    for name in odoo:
        if odoo[name] == vendor[name] or name not in agreed_odoo or name not in agreed_vendor:
            continue
        ours, theirs = odoo[name] != agreed_odoo[name], vendor[name] != agreed_vendor[name]
        assert (name in merged.taken) == (theirs and not ours)
        assert (name in merged.kept) == (ours and not theirs)
        assert (name in merged.conflicts) == (ours and theirs)


@given(VALUES, VALUES, PARTS, PARTS)
def test_values_that_nobody_remembers_are_only_filled(odoo, vendor, agreed_odoo, agreed_vendor):
    merged = merge(odoo, vendor, agreed_odoo, agreed_vendor)
    for name in set(odoo) - (set(agreed_odoo) & set(agreed_vendor)):
        if name not in agreed_vendor and agreed_odoo.get(name) == vendor[name]:
            # it is there as it was sent
            assert (name in merged.kept) == (odoo[name] != vendor[name])
            continue
        assert name not in merged.kept and name not in merged.conflicts
        assert (name in merged.taken) == (not odoo[name] and bool(vendor[name]))


PHONE = "phone:ada@example.com"
PERSONS = [
    # odoo, vendor, agreed in Odoo, agreed at the vendor: taken, kept, in conflict
    ({PHONE: "2"}, {PHONE: "1"}, {PHONE: "1"}, {PHONE: "1"}, "kept"),
    ({PHONE: "1"}, {PHONE: "2"}, {PHONE: "1"}, {PHONE: "1"}, "taken"),
    ({PHONE: "2"}, {PHONE: "3"}, {PHONE: "1"}, {PHONE: "1"}, "conflicts"),
    ({PHONE: "1"}, {PHONE: "+1"}, {PHONE: "1"}, {PHONE: "+1"}, ""),
    # of one side only
    ({PHONE: "1"}, {}, {}, {}, "kept"),
    ({PHONE: "1"}, {}, {PHONE: "1"}, {PHONE: "1"}, ""),
    ({PHONE: "2"}, {}, {PHONE: "1"}, {PHONE: "1"}, "kept"),
    ({}, {PHONE: "1"}, {}, {}, ""),
    # new on both sides
    ({PHONE: "1"}, {PHONE: "2"}, {}, {}, "conflicts"),
    ({PHONE: "1"}, {PHONE: ""}, {}, {}, "kept"),
    ({PHONE: ""}, {PHONE: "1"}, {}, {}, "taken"),
    # sent, and not read again since
    ({PHONE: "2"}, {PHONE: "1"}, {PHONE: "1"}, {}, "kept"),
    ({PHONE: "2"}, {PHONE: "3"}, {PHONE: "1"}, {}, ""),
]


@pytest.mark.parametrize(("odoo", "vendor", "agreed_odoo", "agreed_vendor", "where"), PERSONS)
def test_persons_are_merged_like_fields(odoo, vendor, agreed_odoo, agreed_vendor, where):
    merged = merge(odoo, vendor, agreed_odoo, agreed_vendor)
    assert {name for name in ("taken", "kept", "conflicts") if getattr(merged, name)} == ({where} - {""})


def test_a_person_that_only_the_vendor_has_is_unseen():
    assert unseen({}, {PHONE: "1"}, {}) == {PHONE}
    assert unseen({PHONE: "2"}, {PHONE: "1"}, {}) == {PHONE}
    assert unseen({}, {PHONE: "1"}, {PHONE: "1"}) == set()


def test_persons_take_values_and_tell_whether_they_changed():
    main = Contact(name="Desk", email="ap@example.com", is_default=True)
    ada = Contact(name="Ada", email="Ada@example.com", phone="1")
    elsewhere = Contact(name="Store", email="store@example.com", address=Address(city="Bonn"))
    vendor = Vendor(external_id="v1", name="V", contacts=(main, ada, elsewhere))
    agreed = vendor.shared()
    assert {name for name in agreed if ":" in name} == {"name:ada@example.com", PHONE}
    changed = vendor.with_shared({PHONE: "2"})
    assert [contact.phone for contact in changed.contacts] == ["", "2", ""]
    assert [contact.is_known for contact in vendor.with_known(agreed).contacts] == [False, True, False]
    assert [contact.is_known for contact in changed.with_known(agreed).contacts] == [False, False, False]
    assert not any(contact.is_known for contact in vendor.with_known({}).contacts)


@given(VALUES, VALUES, VALUES, VALUES, st.sampled_from(["odoo", "vendor"]))
def test_both_sides_end_with_the_same_changes(odoo, vendor, agreed_odoo, agreed_vendor, winner):
    """Taken and sent once, nothing is left: neither a change to take, nor one to send, nor one unseen."""
    merged = merge(odoo, vendor, agreed_odoo, agreed_vendor)
    merged.settle(list(merged.conflicts), winner, agreed_odoo)
    here = {**odoo, **{name: vendor[name] for name in merged.taken}}
    remembered = {**here, **merged.kept}
    there = outgoing(here, remembered, vendor)
    assert unseen(here, vendor, vendor) == set()
    again = merge(here, there, here, there)
    assert not (again.taken or again.kept or again.conflicts)
    for name in merged.taken:
        assert there[name] == here[name] == vendor[name]
    for name in merged.kept:
        assert there[name] == here[name] == odoo[name]


@given(TEXT, TEXT, TEXT, TEXT, st.booleans(), st.booleans())
def test_a_vendor_takes_the_values_that_it_is_given(name, street, email, phone, active, has_contact):
    contacts = (Contact(name="Jane", email="jane@example.com", is_default=True),) if has_contact else ()
    vendor = Vendor(external_id="v1", name="Before", address=Address(country="DE"), contacts=contacts)
    values = {"name": name, "street": street, "email": email, "phone": phone, "active": active}
    changed = vendor.with_shared(values)
    assert changed.shared() == {**vendor.shared(), **values}
    assert changed.with_shared(vendor.shared()).shared() == vendor.shared()
