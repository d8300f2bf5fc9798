"""A running server with two companies, and people of every role in each of them.

def test_somebody(offices):
    with pytest.raises(Refused):
        offices.b.accountant.call("ml.mapping", "write", [row], {"connection_id": offices.a.connection})
"""

import contextlib
import functools
from dataclasses import dataclass

import requests

from lib import odoo, postgres

from .workers import Workers

PASSWORD = "people"
ROLES = {
    "portal": ["base.group_portal"],
    "employee": ["base.group_user"],
    "billing": ["base.group_user", "account.group_account_invoice"],
    "user": ["ml_connector.group_ml_connector_user"],
    "accountant": ["ml_connector.group_ml_connector_accountant", "account.group_account_invoice"],
    "administrator": ["ml_connector.group_ml_connector_manager", "account.group_account_manager"],
    "administrator_only": ["ml_connector.group_ml_connector_manager"],
    "system": ["base.group_user", "base.group_system"],
}
"""The groups of each role; `user` and `administrator_only` have no right in Accounting, `system` none in ours."""
HIRE = f"""
def hire(office, companies, roles):
    users = env["res.users"].with_context(no_reset_password=True)
    password = users._crypt_context().hash({PASSWORD!r})
    hired = {{}}
    for role in roles:
        login = f"{{role}}_{{office}}"
        groups = [env.ref(group).id for group in {ROLES!r}[role]]
        person = users.create({{
            "name": login, "login": login, "email": login + "@people.example", "company_id": companies[0].id,
            "company_ids": [(6, 0, companies.ids)], "group_ids": [(6, 0, groups)],
        }})
        person._set_encrypted_password(person.id, password)
        hired[role] = person.id
    return hired
"""
SET_UP = f"""{HIRE}
a = env.ref("base.main_company")
a.name = "Northwind Trading"
branch, b = env["res.company"].create([
    {{"name": "Northwind Trading West", "parent_id": a.id}}, {{"name": "Northwind Europe"}},
])
for company in (a, b):
    if not company.chart_template:
        env["account.chart.template"].try_loading("generic_coa", company=company, install_demo=False)
result = {{}}
for office, companies in (("a", a + branch), ("b", b)):
    found = result[office] = {{"company": companies[0].id}}
    found["connection"] = env["ml.connection"].create(
        {{"name": f"Connection of {{office.upper()}}", "provider": "ramp", "company_id": companies[0].id}}
    ).id
    found["people"] = hire(office, companies, {list(ROLES)!r})
result["branch"] = branch.id
"""


class Refused(Exception):
    """The server did not do what it was asked.

    :ivar name: the class of the error, as `odoo.exceptions.AccessError`
    :ivar message: what the person is told
    """

    def __init__(self, error):
        data = error.get("data") or {}
        self.name = data.get("name", "")
        self.message = data.get("message") or error.get("message", "")
        super().__init__(f"{self.name}: {self.message}")


class Person:
    """Somebody who logs in with the first question that he asks."""

    def __init__(self, server, login, password=PASSWORD, id=None, role=None):
        self.login = login
        self.id = id
        self.role = role
        self._server = server
        self._password = password

    def __repr__(self):
        return f"<{self.login}>"

    @functools.cached_property
    def _session(self):
        session = requests.Session()
        session.trust_env = False
        credentials = {"db": self._server.database, "login": self.login, "password": self._password}
        _post(session, self._server.url + "/web/session/authenticate", credentials)
        return session

    def call(self, model, method, *arguments, **options):
        """What a public method returns, asked for as the web client does; or `Refused`."""
        params = {"model": model, "method": method, "args": arguments, "kwargs": options}
        return _post(self._session, f"{self._server.url}/web/dataset/call_kw/{model}/{method}", params)

    def get(self, path):
        """The answer to a request for a page or file."""
        return self._session.get(self._server.url + path, timeout=60, allow_redirects=False)

    def post(self, path, params):
        """The answer of another JSON-RPC address, or `Refused`."""
        return _post(self._session, self._server.url + path, params)

    def refuses(self, model, method, *arguments, **options):
        """The `Refused` of a call that has to be refused."""
        try:
            answer = self.call(model, method, *arguments, **options)
        except Refused as refused:
            return refused
        raise AssertionError(f"{self.login} was not refused {method} on {model}: {answer!r}")


def _post(session, url, params):
    content = {"jsonrpc": "2.0", "method": "call", "params": params}
    answer = session.post(url, json=content, timeout=120).json()
    if "error" in answer:
        raise Refused(answer["error"])
    return answer.get("result")


@dataclass
class Office:
    """A company with its people, one for each of the `ROLES`, and a connection that is a draft.

    :ivar company: id of the company
    :ivar connection: id of its connection
    """

    company: int
    connection: int
    people: dict

    def __getattr__(self, role):
        try:
            return self.people[role]
        except KeyError:
            raise AttributeError(role) from None


class Offices:
    """
    :ivar a: the company that also has a branch
    :ivar b: a company that has nothing to do with it
    :ivar branch: id of the branch; the people of A have it too
    :ivar admin: the administrator of the whole database
    """

    def __init__(self, database, server, workers, made):
        self.database = database
        self.server = server
        self.workers = workers
        self.code = workers.code
        self.branch = made["branch"]
        self.admin = Person(server, "admin", "admin")
        self.a, self.b = (self._office(**made[name]) for name in ("a", "b"))

    def _office(self, company, connection, people):
        known = {role: Person(self.server, self._login(id), id=id, role=role) for role, id in people.items()}
        return Office(company, connection, known)

    def hire(self, office, companies, roles):
        """{role: `Person`} who has just these companies (ids)."""
        made = self.code(f"{HIRE}\nresult = hire({office!r}, env['res.company'].browse({companies!r}), {roles!r})")
        return {role: Person(self.server, self._login(id), id=id) for role, id in made.items()}

    def _login(self, person):
        return self.rows("SELECT login FROM res_users WHERE id = %s", person)[0][0]

    def rows(self, statement, *parameters):
        return postgres.query(self.database, statement, parameters)

    @property
    def people(self):
        """Everybody."""
        return [*self.a.people.values(), *self.b.people.values()]


@contextlib.contextmanager
def open_offices(prefix, **options):
    """The offices on a database and a server of their own. `offices.code` runs as superuser.

    :param options: settings of the server
    """
    with contextlib.ExitStack() as stack:
        database = stack.enter_context(odoo.temporary_database(prefix))
        workers = stack.enter_context(contextlib.closing(Workers(database)))
        made = workers.code(SET_UP)
        server = stack.enter_context(odoo.with_server(database, **{"max_cron_threads": 0, **options}))
        yield Offices(database, server, workers, made)
