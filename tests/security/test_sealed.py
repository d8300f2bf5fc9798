"""Every field and every method of every model, asked by everybody: what is not declared is refused.

`docs/roles.rst` shows the declaration.
"""

import textwrap

import pytest
from support.declared import DECLARED, WHOLE_DATABASE, records_of, table
from support.people import Refused

from lib import paths

HELD = {
    "portal": set(),
    "employee": set(),
    "billing": set(),
    "user": {"resolve"},
    "accountant": {"resolve", "map"},
    "administrator": {"resolve", "map", "administer"},
    "administrator_only": {"resolve"},
    "system": {"system"},
}
"""The rights of each role; those of another company have none."""
OPENING = {"ml.binding", "ml.bridged.document", "ml.sync.log", "ml.mapping", "ml.connection"}
OPENING |= {"ml.flow", "ml.feed.file", "ml.feed.template", "account.move", "res.partner"}
"""Models with methods that only open views of what the person may read."""
ACCESS_ERROR = "odoo.exceptions.AccessError"
WIZARDS = ("ml.ignore", "ml.dry.run", "ml.feed.import")
OF_OTHER_ROWS = {("ml.mapping", "code_id")}
"""Fields that are open on other rows of the model than the one asked here: tried in `test_access_cases.py`."""


@pytest.fixture(scope="module")
def declared(offices):
    return offices.code(DECLARED)


@pytest.fixture(scope="module")
def records(offices):
    return records_of(offices, offices.a)


@pytest.fixture(scope="module")
def askers(offices):
    """[(person, his rights in company A)]"""
    people = [(person, HELD[role]) for role, person in offices.a.people.items()]
    return [*people, *((person, set()) for person in strangers(offices))]


def strangers(offices):
    """People with every right in another company."""
    return offices.b.administrator, offices.b.system


@pytest.fixture(scope="module")
def values(offices, declared, records):
    """{model: {field: what is there now, as one would write it}}"""
    names = {model: list(declared[model]["fields"]) for model in records}
    return offices.code(
        f"""
def value(record, field):
    several = field.type in ("one2many", "many2many")
    return [] if several else field.convert_to_write(record[field.name], record)

result = {{}}
for model, id in {records!r}.items():
    record = env[model].browse(id)
    result[model] = {{name: value(record, record._fields[name]) for name in {names!r}[model]}}
"""
    )


def another(value):
    """A value that would change something, where that is easy to say."""
    if isinstance(value, list):
        return [(5, 0, 0)]
    return f"{value}x" if isinstance(value, str) else value or 7


def outcome(person, *call):
    """The class of the error that a call ends with, empty where it goes well."""
    try:
        person.call(*call)
    except Refused as refused:
        return refused.name
    return ""


def rows(offices, records):
    """All that is stored of the records."""
    return {
        model: offices.rows(
            f"SELECT to_jsonb(t) - 'write_date' - 'write_uid' FROM {model.replace('.', '_')} t WHERE id = %s", record
        )
        for model, record in records.items()
        if model != "res.config.settings"
    }


def test_every_model_is_asked(declared, records):
    assert set(declared) - set(records) == {"res.config.settings", "res.users"} & set(declared)
    assert all(records.values())


def test_what_is_sealed_is_refused_to_everybody(offices, declared, records, values, askers):
    before = rows(offices, records)
    taken = []
    for model, id in records.items():
        for person, rights in askers:
            # a stranger may make records in his own company, whose fields are as sealed as others
            at_home = rights or HELD[person.role]
            if model == "res.company":
                rights = at_home  # Odoo's system administrators have all companies
            # Odoo's own checks of what a record needs may come before those of its fields
            is_refused = ACCESS_ERROR.__eq__ if model.startswith("ml.") else bool
            # who is refused when he says nothing at all is refused whatever he says
            writes = outcome(person, model, "write", [id], {}) != ACCESS_ERROR
            makes = outcome(person, model, "create", [{}]) != ACCESS_ERROR
            for name, opening in declared[model]["fields"].items():
                vals = {name: another(values[model][name])}
                is_open = opening != "birth" and rights & set(opening)
                if writes and not is_open and outcome(person, model, "write", [id], vals) != ACCESS_ERROR:
                    taken.append((person, "write", model, name))
                may_give = opening == "birth" or at_home & set(opening)
                if makes and not may_give and not is_refused(outcome(person, model, "create", [vals])):
                    taken.append((person, "create", model, name))
            if makes and model.startswith("ml."):
                assert declared[model]["maker"] in at_home, (person, model)
    assert not taken, "\n".join(map(str, taken))
    assert rows(offices, records) == before


def test_what_is_open_can_be_written(declared, records, values, askers):
    refused = []
    for model, id in records.items():
        for name, opening in declared[model]["fields"].items():
            for person, rights in askers:
                # a wizard is its maker's
                is_asked = model not in WIZARDS and (model, name) not in OF_OTHER_ROWS
                if opening != "birth" and rights & set(opening) and is_asked:
                    if found := outcome(person, model, "write", [id], {name: values[model][name]}):
                        refused.append((person, model, name, found))
    assert refused == []


def test_documentation_shows_the_declaration(declared):
    shown = (paths.ROOT / "docs" / "roles.rst").read_text().partition(".. code-block:: text\n\n")[2]
    assert textwrap.dedent(shown).strip() == table(declared)


def test_fields_that_nobody_declared(offices):
    """Whoever adds a field says by `readonly` that the engine writes it, or declares who else does."""
    undeclared = offices.code(
        """
result = [
    f"{name}.{field.name}"
    for name, cls in env.registry.items() if name.startswith("ml.") and not cls._abstract
    for field in env[name]._fields.values()
    if "ml_connector" in field._modules and field.name != "display_name" and not field.readonly and not field.groups
    and not env[name]._is_birth_field(field.name) and not env[name]._rights_to(field.name)
]
"""
    )
    assert undeclared == []


def test_sealed_fields_are_readonly_for_the_client(declared, askers):
    for person, rights in askers:
        if {"resolve", "administer"} & rights:
            for model in ("ml.connection", "ml.flow", "ml.mapping", "ml.sync.log"):
                for name, found in person.call(model, "fields_get", [], ["readonly"]).items():
                    opening = declared[model]["fields"][name]
                    assert found["readonly"] or opening == "birth" or rights & set(opening), (person, model, name)


def test_buttons_are_refused_to_who_lacks_the_right(offices, declared, records, askers):
    before = rows(offices, records)
    wrong = []
    for model, id in records.items():
        for method, needed in declared[model]["methods"].items():
            if not needed:
                assert method.startswith("action_open_") and model in OPENING, (model, method)
            for person, rights in askers:
                if needed and not rights & set(needed) and outcome(person, model, method, [id]) != ACCESS_ERROR:
                    wrong.append((person, method))
    assert sorted(method for _person, method in wrong) == list(WHOLE_DATABASE)
    assert {person for person, _method in wrong} == {offices.b.system}
    assert rows(offices, records) == before


def test_records_are_deleted_by_who_may_make_them(declared, records, askers):
    for model, id in records.items():
        if model.startswith("ml."):
            for person, rights in askers:
                right = "administer" if model == "ml.binding" else declared[model]["maker"]
                if right not in rights:
                    assert outcome(person, model, "unlink", [id]) == ACCESS_ERROR, (person, model)


def test_views_show_only_buttons_that_may_be_pressed(declared, askers):
    """Forms and lists, with the lists inside of them."""
    seen = set()
    for person, rights in askers:
        if rights and "system" not in rights:
            for model in declared:
                if model.startswith("ml.") and person.call(model, "has_access", [], "read"):
                    for kind in ("form", "list", "kanban"):
                        arch = person.call(model, "get_view", None, kind)["arch"]
                        for method, needed in declared[model]["methods"].items():
                            if needed and f'name="{method}"' in arch:
                                seen.add(method)
                                assert rights & set(needed), (person, model, kind, method)
    assert {"action_start", "action_retry", "action_propose", "action_replay"} <= seen


def test_buttons_work_for_who_has_the_right(declared, records, askers):
    """Last, because it changes what there is: nobody is refused for want of a right, though some of Odoo's guards."""
    refused = []
    for model, id in records.items():
        for method, needed in declared[model]["methods"].items():
            for person, rights in askers:
                if rights & set(needed) and model not in WIZARDS:
                    try:
                        person.call(model, method, [id])
                    except Refused as error:
                        if error.message.endswith(("can do this.", "Ask your administrator.")):
                            refused.append((person, model, method))
    assert refused == []
