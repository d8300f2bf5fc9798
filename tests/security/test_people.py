"""The people of the other tests here are who they say they are."""

import pytest
from support.people import ROLES, Refused


def test_everybody_asks_as_himself(offices):
    for office in (offices.a, offices.b):
        assert set(office.people) == set(ROLES)
        for person in office.people.values():
            if person is not office.portal:
                (found,) = person.call("res.users", "read", [person.id], ["login", "company_id", "company_ids"])
                assert found["company_id"][0] == office.company
                assert len(found["company_ids"]) == (2 if office is offices.a else 1)


def test_everybody_sees_the_connection_of_his_company(offices):
    for role in ("user", "accountant", "administrator", "administrator_only"):
        for office in (offices.a, offices.b):
            assert office.people[role].call("ml.connection", "search", []) == [office.connection]


def test_others_are_refused(offices):
    for role in ("portal", "employee", "billing"):
        with pytest.raises(Refused) as refused:
            offices.a.people[role].call("ml.connection", "search", [])
        assert refused.value.name == "odoo.exceptions.AccessError"
