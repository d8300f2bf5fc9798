"""The merge of two sides that both may change a record."""

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
        assert name not in merged.kept and name not in merged.conflicts
        assert (name in merged.taken) == (not odoo[name] and bool(vendor[name]))


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
