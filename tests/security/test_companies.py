"""Two companies with a branch, three people each: nothing of one is read or changed by the people of another.

The models and wizards, their fields and methods come from the registry, so that what is new is tried as well. Each
company has a record of each model; what only its people may know has a word of its own in it. People of the others ask
for it in every way that the web client and programs have. They may be refused or get nothing; the word is in no answer,
and no row of the company has changed afterwards.
"""

import itertools
import json
import uuid
from dataclasses import dataclass, field

import pytest
from company_books import open_company_books
from support.people import Refused

REGISTRY = """
own = {name for name, model in env.registry.items() if name.startswith("ml.") and not model._abstract}

def way(name, seen=()):
    fields = env[name]._fields
    if "company_id" in fields:
        return "company_id"
    for kind in ("many2one", "many2many"):
        for field in fields.values():
            if field.type == kind and field.store and field.comodel_name in own and field.comodel_name not in seen:
                rest = way(field.comodel_name, (*seen, name))
                if rest:
                    return f"{field.name}.{rest}"

def is_ours(method):
    return getattr(method, "__module__", "").startswith("odoo.addons.ml_connector")

def buttons(name):
    found = set()
    for part in env.registry[name].__mro__:
        public = {key: value for key, value in vars(part).items() if not key.startswith("_")}
        found |= {key for key, value in public.items() if callable(value) and is_ours(value)}
    return sorted(found - {"create", "write", "unlink", "default_get", "onchange", "copy"})

result = {
    name: {
        "way": way(name),
        "table": env[name]._table,
        "buttons": buttons(name),
        "fields": {
            field.name: {
                "type": field.type, "comodel": field.comodel_name, "store": bool(field.store and field.column_type),
                "related": bool(field.related), "selection": field.type == "selection",
            }
            for field in env[name]._fields.values()
        },
    }
    for name in sorted(own)
}
"""
ROWS = """
result = {}
for name, path in ways.items():
    records = env[name].with_context(active_test=False).search([(path, "=", company)])
    if "is_current" in records._fields:
        records = env[name].search([(path, "=", company), ("is_current", "in", (True, False))])
    result[name] = sorted(records.ids)
"""
MAKE = """
word, company = {word!r}, env["res.company"].browse({company})
ramp, files = env["ml.connection"].browse({ramp}), env["ml.connection"].browse({files})
engine = env(context={{"allowed_company_ids": company.ids}})
flow = ramp.flow_ids.filtered(lambda flow: flow.key == "bills")
engine["ml.mapping.rule"].create(
    {{"connection_id": ramp.id, "kind": "account", "pattern": word + "*", "res_id": {expense}}}
)
engine["ml.mapping"].create(
    {{
        "connection_id": ramp.id, "direction": "out", "kind": "analytic", "res_id": {analytic},
        "name": word + " Site",
    }}
)
document = engine["ml.bridged.document"].create(
    {{"name": word + " 1", "flow_id": flow.id, "payload": {{"text": word}}}}
)
engine["ml.webhook.event"].create(
    {{"connection_id": ramp.id, "event_id": word + " event", "event_type": "bills.created", "external_id": word}}
)
engine["ml.vendor.change"].create(
    {{
        "connection_id": ramp.id, "flow_id": flow.id, "partner_id": {supplier}, "contact_id": {supplier},
        "field_name": "email", "old_value": word, "new_value": word, "data": {{"value": word}},
    }}
)
file = engine["ml.feed.file"].search([("connection_id", "=", files.id)], limit=1)
for record in (document, file):
    env["ir.attachment"].create(
        {{"name": word + ".pdf", "raw": word.encode(), "res_model": record._name, "res_id": record.id}}
    )
env["res.partner"].browse({supplier}).message_post(body={group!r})
ramp.message_post(body=word + " is said")
document.message_post(body=word + " is said")
ramp.activity_schedule("mail.mail_activity_data_todo", user_id={owner}, summary=word + " is to be done", note=word)
"""
MARK = """
structured = {{
    "findings": '[{{"level": "error", "title": "{word}", "message": "{word}"}}]',
    "conflict": '{{"name": ["{word}", "{word}"]}}',
    "announcements": '["{word}"]',
    "payload": '{{"word": "{word}"}}',
}}
env.flush_all()
for name, ids in rows.items():
    model = env[name]
    for field in model._fields.values():
        if not field.store or not field.column_type or field.related or {{field.name, str(field)}} & set(keep):
            continue
        text, empty = structured.get(field.name), ""
        if field.type in ("char", "text", "html"):
            text, empty = "{word} " + field.name, f"AND {{field.name}} IS NULL"
            text = '{{"en_US": "%s"}}' % text if field.translate else text
        if text:
            statement = f"UPDATE {{model._table}} SET {{field.name}} = %s WHERE id = ANY(%s) {{empty}}"
            env.cr.execute(statement, [text, ids])
env.invalidate_all()
"""
KEEP = (
    "webhook_token",
    "webhook_handshake",
    "custom_url",
    "res_model",
    "model_name",
    "lines_field",
    "domain",
    "lines_domain",
    "ml.mapping.external_id",
)
"""Texts that Odoo or the engine could not read with a word in them; an Odoo record that is sent has no provider ID."""
FEED = "CompanyId,StampliInvoiceId,DocumentType,InvoiceNumber\r\n{word},1,INVOICE,{word}-1\r\n"
REFUSALS = ("odoo.exceptions.", "builtins.")
OPENED = '{"type": "ir.actions.act_window"'
MAPPINGS = ("ml.mapping", "ml.mapping.rule")
KINDS = {
    "account": "account",
    "vendor": "supplier",
    "journal": "journal",
    "employee": "employee",
    "analytic": "analytic",
}


@dataclass
class Model:
    name: str
    way: str
    table: str
    buttons: list
    fields: dict

    def links(self, own):
        return {name: found for name, found in self.fields.items() if found["comodel"] in own}


@dataclass
class World:
    """
    :ivar rows: {company id: {model: ids}}
    """

    books: object
    models: dict
    rows: dict = field(default_factory=dict)
    before: dict = field(default_factory=dict)

    def ids(self, company, model):
        return self.rows[company.id][model]

    def content(self, company):
        """{model: what its rows of the company and what hangs on them say}, as it is in the database."""
        rows = self.books.offices.rows
        found = {}
        for name, model in self.models.items():
            ids = self.ids(company, name)
            found[name] = rows(f"SELECT t.id, md5(t::text) FROM {model.table} t WHERE id = ANY(%s) ORDER BY id", ids)
            for table, column in (
                ("mail_message", "model"),
                ("mail_activity", "res_model"),
                ("ir_attachment", "res_model"),
                ("mail_followers", "res_model"),
            ):
                found[name, table] = rows(
                    f"SELECT t.id, md5(t::text) FROM {table} t WHERE {column} = %s AND res_id = ANY(%s) ORDER BY id",
                    name,
                    ids,
                )
        for table in (
            "account_move",
            "account_payment",
            "hr_employee",
            "purchase_order",
            "res_partner",
            "account_journal",
        ):
            found[table] = rows(
                f"SELECT t.id, md5(t::text) FROM {table} t WHERE company_id = %s ORDER BY id", company.id
            )
        return found

    def find(self, company):
        """{model: ids of the company's rows}"""
        ways = {name: model.way for name, model in self.models.items()}
        return {
            name: list(ids)
            for name, ids in self.books.workers.code(f"ways, company = {ways!r}, {company.id}\n" + ROWS).items()
        }


@pytest.fixture(scope="module")
def books():
    with open_company_books("companies") as books:
        for company in books.companies:
            work_by_hand(books, company)
        books.run()
        yield books


@pytest.fixture(scope="module")
def models(books):
    return {name: Model(name=name, **found) for name, found in books.workers.code(REGISTRY).items()}


@pytest.fixture(scope="module")
def world(books, models):
    world = World(books, models)
    for company in books.companies:
        books.workers.code(MAKE.format(word=company.word, group=company.group, company=company.id, **company.records))
        recovery = wizards(company)
        books.workers.code(LACKS.format(recovery=recovery, word=company.word))
    for company in books.companies:
        world.rows[company.id] = world.find(company)
        rows = f"rows, keep = {world.rows[company.id]!r}, {KEEP!r}\n"
        books.workers.code(rows + MARK.format(word=company.word))
    world.before = {company.id: world.content(company) for company in books.companies}
    return world


def work_by_hand(books, company):
    """What people of the company do with the buttons."""
    administrator = company.people["administrator"]
    (flow,) = administrator.call(
        "ml.flow", "search", [["connection_id", "=", company.records["ramp"]], ["key", "=", "bills"]]
    )
    administrator.call("ml.flow", "action_dry_run", [flow])
    (template,) = administrator.call(
        "ml.feed.template",
        "search",
        [["connection_id", "=", company.records["files"]], ["flow_id.key", "=", "invoices"]],
        limit=1,
    )
    content = _base64(FEED.format(word=company.word))
    values = {"template_id": template, "content": content, "name": f"{company.word}.csv"}
    wizard = administrator.call("ml.feed.import", "create", [values])
    administrator.call("ml.feed.import", "action_import", wizard)


LACKS = """
recovery = env["ml.recovery"].browse({recovery})
flow = recovery.connection_id.flow_ids[:1]
env["ml.recovery.line"].create({{"recovery_id": recovery.id, "flow_id": flow.id, "title": {word!r}}})
company = recovery.connection_id.company_id
tried = env["ml.feed.import"].search([("template_id.connection_id.company_id", "=", company.id)], limit=1)
env["ml.feed.import.line"].create({{"import_id": tried.id, "line": 1, "title": {word!r}, "reading": {word!r}}})
"""


def wizards(company):
    """What people open; the list of what Odoo lacks."""
    administrator = company.people["administrator"]
    logs = administrator.call("ml.sync.log", "search", [], limit=2)
    company.people["user"].call(
        "ml.ignore", "create", [{"reason": f"{company.word} is why", "log_ids": [[6, 0, logs]]}]
    )
    (template,) = administrator.call("ml.feed.template", "search", [["direction", "=", "pull"]], limit=1)
    values = {"template_id": template, "content": _base64(company.word), "name": f"{company.word} again.csv"}
    administrator.call("ml.feed.import", "create", [values])
    lacking = {"connection_id": company.records["ramp"], "since": "2026-01-05"}
    (recovery,) = administrator.call("ml.recovery", "create", [lacking])
    return recovery


def _base64(text):
    import base64

    return base64.b64encode(text.encode()).decode()


# ---------------------------------------------------------------------------------------------------------------------
# What the connections do


def test_what_is_sent_is_the_companys_own(books):
    kinds = {
        kind
        for row in books.rows("SELECT DISTINCT kind FROM ml_sync_log WHERE direction = 'push'")
        for kind in row.values()
    }
    assert {
        "vendor",
        "account",
        "dimension_value",
        "tax",
        "purchase_order",
        "own_bill",
        "employee",
        "feed_file",
    } <= kinds
    for company in books.companies:
        sent = json.dumps(company.ramp.control.requests()) + books.fed(company)
        assert sent.count(company.word) > 5
        for word in company.hidden(books):
            assert word not in sent, (company.word, sent[max(0, sent.index(word) - 300) :][:400])


def test_no_row_has_a_word_of_another_company(books, models):
    found = [text for company in books.companies for text in foreign_words(books, models, company)]
    assert not found, "\n".join(found)


def test_what_looks_the_same_in_two_companies_stays_apart(books, models):
    """A contact and a bill of A have the name, number, VAT number and total of what comes to B."""
    a, _west, b = books.companies
    partner, bill = books.workers.code(TWIN.format(company=a.id, **a.records))
    before = books.rows(
        "SELECT p::text, m::text FROM res_partner p, account_move m WHERE p.id = %s AND m.id = %s", partner, bill
    )
    vendor = b.ramp.control.add_vendor("Twin Ltd", country="GB")
    b.ramp.control.add_bill(
        vendor, invoice_number="TWIN-1", lines=[{"amount": "118.00", "memo": "Same", "coding": [["gl", "gl-600000"]]}]
    )
    books.due("vendors", "bills")
    books.run()
    books.run()
    assert (
        books.rows(
            "SELECT p::text, m::text FROM res_partner p, account_move m WHERE p.id = %s AND m.id = %s", partner, bill
        )
        == before
    )
    (booked,) = books.rows("SELECT company_id, partner_id FROM account_move WHERE ref = 'TWIN-1' AND id != %s", bill)
    assert booked["company_id"] == b.id
    assert booked["partner_id"] != partner
    assert books.rows("SELECT 1 FROM ml_binding WHERE res_model = 'account.move' AND res_id = %s", bill) == []
    assert list(foreign_words(books, models, b)) == []


def test_what_one_company_has_on_a_shared_contact_is_neither_sent_nor_changed_by_others(books):
    a, _west, b = books.companies
    vendor = next(iter(b.ramp.state.vendors))
    (shared,) = books.rows(
        "SELECT res_id FROM ml_binding WHERE kind = 'vendor' AND external_id = %s AND company_id = %s", vendor.id, b.id
    )
    assert books.value("SELECT company_id FROM res_partner WHERE id = %s", shared["res_id"]) is None
    clerk = books.workers.code(CLERK.format(company=a.id, partner=shared["res_id"], word=a.word))
    said = "SELECT name, email, phone, active FROM res_partner WHERE id = %s"
    before = books.rows(said, clerk)
    vendor.contacts.append(
        type(vendor.contacts[0])(
            str(uuid.uuid4()), "clerk@shared.example", "Other", "Person", "+44 20 0000 0000", False
        )
    )
    b.ramp.control.edit_vendor(vendor.id, description="changed")
    moment = len(b.ramp.control.requests())
    books.due("vendors")
    books.run()
    books.workers.code(f"env['res.partner'].browse({shared['res_id']}).write({{'street': '2 Second Street'}})")
    books.run()
    assert books.rows(said, clerk) == before
    read = books.workers.code(READ.format(connection=b.records["ramp"], partner=shared["res_id"]))
    assert "2 Second Street" in read
    assert f"{a.word} Clerk" not in read
    sent = [request for request in b.ramp.control.requests()[moment:] if request["method"] != "GET"]
    assert not any(f"{a.word} Clerk" in json.dumps(request) for request in sent)


def test_a_row_names_its_record_as_its_own_company_does(books):
    """An account of two companies has a number in each. Whoever changes it works in one of them."""
    a, _west, b = books.companies
    administrator = a.people["administrator"]
    account = books.workers.code(NUMBERS.format(a=a.id, b=b.id, person=administrator.id))
    administrator.call("account.account", "write", [account], {"name": "Of both companies"})
    names = books.rows(
        "SELECT company_id, name FROM ml_sync_log WHERE res_model = 'account.account' AND res_id = %s", account
    )
    assert {row["company_id"]: row["name"].split()[0] for row in names if row["company_id"] in (a.id, b.id)} == {
        a.id: "610001", b.id: "770001",
    }  # fmt: skip


def test_nobody_of_another_company_is_told(books):
    """Also where the owner of a connection has lost its company."""
    a, _west, b = books.companies
    stranger = a.people["administrator"]
    books.workers.code(
        f"connection = env['ml.connection'].browse({b.records['ramp']})\n"
        f"owner, connection.owner_id = connection.owner_id, {stranger.id}\n"
        f"connection._tell_owner('mail.mail_activity_data_warning', '{b.word} is told', '{b.word}')\n"
        "connection.owner_id = owner"
    )
    told = books.rows("SELECT user_id FROM mail_activity WHERE summary = %s", f"{b.word} is told")
    assert len(told) == 1 and told[0]["user_id"] != stranger.id
    assert b.word not in ask(stranger, "mail.activity", "search_read", [], ["summary", "note"])


def foreign_words(books, models, company):
    """Words of others in our rows of a company, and in what was written and is to be done about them."""
    ways = {name: model.way for name, model in models.items()}
    for name, ids in books.workers.code(f"ways, company = {ways!r}, {company.id}\n" + ROWS).items():
        texts = books.rows(f"SELECT t::text AS text FROM {models[name].table} t WHERE id = ANY(%s)", ids)
        texts += books.rows(
            "SELECT t::text AS text FROM mail_message t WHERE model = %s AND res_id = ANY(%s)", name, ids
        )
        texts += books.rows(
            "SELECT t::text AS text FROM mail_activity t WHERE res_model = %s AND res_id = ANY(%s)", name, ids
        )
        for row, word in itertools.product(texts, company.hidden(books)):
            if word in row["text"]:
                yield f"{name} of {company.word}: {row['text'][:600]}"


TWIN = """
env = env(context={{"allowed_company_ids": [{company}]}})
partner = env["res.partner"].create(
    {{
        "name": "Twin Ltd", "is_company": True, "supplier_rank": 1, "company_id": {company},
        "country_id": env.ref("base.uk").id,
    }}
)
bill = env["account.move"].create(
    {{
        "move_type": "in_invoice", "partner_id": partner.id, "ref": "TWIN-1", "invoice_date": "2026-09-30",
        "invoice_line_ids": [(0, 0, {{"name": "Same", "price_unit": 118.0, "account_id": {expense}, "tax_ids": []}})],
    }}
)
bill.action_post()
result = [partner.id, bill.id]
"""
CLERK = """
result = env["res.partner"].with_context(allowed_company_ids=[{company}]).create(
    {{"name": "{word} Clerk", "email": "clerk@shared.example", "parent_id": {partner}, "company_id": {company}}}
).id
"""
READ = """
flow = env["ml.flow"].search([("connection_id", "=", {connection}), ("key", "=", "vendors_push")])
reader = flow._exporter("res.partner")
result = repr(reader._vendor(reader.env["res.partner"].browse({partner})))
"""
NUMBERS = """
env["res.users"].browse({person}).group_ids |= env.ref("account.group_account_readonly")
account = env["account.account"].with_company({a}).create(
    {{"name": "Of two companies", "code": "610001", "account_type": "expense", "company_ids": [(6, 0, [{a}])]}}
)
account.write({{"company_ids": [(4, {b})], "code_mapping_ids": [(0, 0, {{"company_id": {b}, "code": "770001"}})]}})
result = account.id
"""


# ---------------------------------------------------------------------------------------------------------------------
# What people ask for


def test_every_company_has_a_record_of_every_model(world):
    missing = [
        f"{name} of {company.word}"
        for company in world.books.companies
        for name in world.models
        if not world.ids(company, name)
    ]
    assert missing == []


def test_people_see_their_own(world):
    for company in world.books.companies:
        administrator = company.people["administrator"]
        assert company.word in ask(administrator, "ml.connection", "search_read", [], ["name"])
        assert administrator.call("mail.followers", "search_count", [["res_model", "=", "ml.connection"]]) > 0


# ---------------------------------------------------------------------------------------------------------------------


def ask(person, model, method, *arguments, **options):
    """The text of the answer, whether it is a result or a refusal."""
    try:
        return json.dumps(person.call(model, method, *arguments, **options), ensure_ascii=False)
    except Refused as refused:
        return f"{refused.name} {refused.message}"


class Attack:
    """One person, and what he must not get of the other companies.

    He searches all that is theirs. Single records he takes from both if he is an administrator; of the others with less
    rights one tries the first company and one the second.
    """

    def __init__(self, world, home, role):
        self.world = world
        self.home = home
        self.person = home.people[role]
        self.others = [company for company in world.books.companies if company is not home]
        self.tried = {"user": self.others[:1], "accountant": self.others[1:]}.get(role, self.others)
        self.found = []

    def ids(self, model):
        """All records of the others."""
        return [id for other in self.others for id in self.world.ids(other, model)]

    def each(self, model):
        """One record of each company that he tries."""
        return [self.world.ids(other, model)[0] for other in self.tried]

    def own(self, model):
        return self.world.ids(self.home, model)

    def is_foreign(self, other, record):
        """Whether a record made for another company is not his own to use.

        As in Odoo, a branch works with what its parent has, all but the employees, and has no chart of its own.
        """
        if other.group != self.home.group or record == "employee":
            return True
        return other is not self.world.books.companies[0] and record not in ("account", "journal")

    def look(self, text, what):
        """Note an answer that has the word of another company."""
        for word in self.home.hidden(self.world.books):
            if word in text:
                index = text.index(word)
                self.note(f"{what}: {text[max(0, index - 80) : index + 80]}")

    def try_(self, model, method, *arguments, **options):
        text = ask(self.person, model, method, *arguments, **options)
        self.look(text, f"{model}.{method}{arguments!r} {options or ''}"[:400])
        return text

    def refused(self, model, method, *arguments, **options):
        """Ask for what has to be refused."""
        text = self.try_(model, method, *arguments, **options)
        if not text.startswith(REFUSALS):
            self.note(f"{model}.{method}{arguments!r} is not refused: {text[:200]}")

    def nothing(self, model, method, *arguments, empty=("[]", "0"), **options):
        """Ask for what must be empty or refused."""
        text = self.try_(model, method, *arguments, **options)
        if text not in empty and not text.startswith(REFUSALS):
            self.note(f"{model}.{method}{arguments!r} {options or ''} is not empty: {text[:200]}")

    def page(self, path):
        self.look(self.person.get(path).text, path)

    def post(self, path, params):
        try:
            text = json.dumps(self.person.post(path, params), ensure_ascii=False)
        except Refused as refused:
            text = str(refused)
        self.look(text, f"{path} {params}")

    def note(self, text):
        self.found.append(f"{self.person.login}: {text}")


def attacks(world):
    return [Attack(world, home, role) for home in world.books.companies for role in home.people]


def each_home(world):
    """(attack, model) of all attacks; what the people of a company do with its own records is let through."""
    for home, tried in itertools.groupby(attacks(world), lambda attack: attack.home):
        tried = list(tried)
        yield from itertools.product(tried, world.models)
        check(tried)
        unchanged(world, but=home)


def readable(attack, model):
    """Names of the fields that the person may read; none where he has no right on the model."""
    try:
        found = attack.person.call(model, "fields_get", [], ["type", "readonly"])
    except Refused:
        return {}
    return found


def may_write(attack, model):
    """Whether the person may create or change records of his own company: only then there is something to try."""
    return any(attack.person.call(model, "has_access", [], operation) for operation in ("create", "write"))


def specification(found):
    return {
        name: {"fields": {"display_name": {}}} if about["type"] in ("many2one", "one2many", "many2many") else {}
        for name, about in found.items()
        if name != "id"
    }


def check(attacks):
    found = [line for attack in attacks for line in attack.found]
    assert not found, f"{len(found)} ways:\n" + "\n".join(found[:60])


@pytest.fixture(scope="module")
def fields_of(world):
    known = {}

    def get(attack, model):
        key = attack.person.login, model
        if key not in known:
            known[key] = readable(attack, model)
        return known[key]

    return get


def test_nothing_is_found(world, fields_of):
    tried = attacks(world)
    for attack, model in itertools.product(tried, world.models):
        found, companies = fields_of(attack, model), [other.id for other in attack.others]
        domain = ["|", ["id", "in", attack.ids(model)], [world.models[model].way, "in", companies]]
        none = '{"length": 0, "records": []}'
        attack.nothing(model, "search", domain)
        attack.nothing(model, "web_search_read", domain, specification(found), empty=(none,))
        attack.nothing(model, "formatted_read_group", domain, ["create_date:day"], ["__count"])
        attack.nothing(model, "name_search", "", domain)
        attack.nothing(model, "web_name_search", "", {"display_name": {}}, domain=domain)
        for other in attack.others:
            attack.try_(model, "name_search", other.word)
        words = [[world.models[model].way + ".name", "ilike", other.word] for other in attack.others]
        attack.nothing(model, "search_count", ["|", *words])
        attack.try_(model, "web_search_read", [], specification(found))
        if "connection_id" in found:
            attack.try_(model, "formatted_read_group", [], ["connection_id"], ["__count"])
            attack.try_(model, "search_panel_select_range", "connection_id")
    check(tried)


def test_nothing_is_read(world, fields_of):
    tried = attacks(world)
    for attack, model in itertools.product(tried, world.models):
        found = fields_of(attack, model)
        for one in attack.each(model):
            attack.refused(model, "read", [one], ["id", "create_date"])
            attack.refused(model, "read", [*attack.own(model)[:1], one], ["display_name"])
            attack.refused(model, "export_data", [one], ["id", "display_name", "create_uid/name"])
            attack.refused(model, "copy", [one])
            attack.refused(model, "web_read", [one], specification(found))
    check(tried)


def test_what_we_add_to_odoos_models_tells_only_of_the_own_company(world):
    added = world.books.workers.code(ADDED)
    assert {"res.partner", "account.move", "account.move.line"} <= added.keys()
    tried = attacks(world)
    for attack, (model, names) in itertools.product(tried, added.items()):
        # Odoo's own fields are Odoo's to guard: a branch may read the contacts of its parent
        if readable := [name for name in names if name in fields_read(attack, model)]:
            attack.try_(model, "search_read", [], readable, limit=500)
    check(tried)
    (shared,) = world.books.rows(
        "SELECT res_id FROM ml_binding WHERE kind = 'vendor' GROUP BY res_id HAVING count(*) = 3 LIMIT 1"
    )
    for home in world.books.companies:
        logs = "SELECT count(*) FROM ml_sync_log WHERE res_model = 'res.partner' AND res_id = %s AND company_id = %s"
        own = world.books.value(logs, shared["res_id"], home.id)
        (found,) = home.people["user"].call("res.partner", "read", [shared["res_id"]], ["ml_sync_count"])
        assert found["ml_sync_count"] == own > 0


def fields_read(attack, model):
    try:
        return attack.person.call(model, "fields_get", [], ["type"])
    except Refused:
        return {}


ADDED = """
result = {}
for name, model in env.registry.items():
    names = [field for field in model._fields if field.startswith("ml_")]
    if names and not name.startswith("ml.") and not model._abstract and not model._transient:
        result[name] = names
"""


def test_developer_mode_names_nothing(world):
    tried = attacks(world)
    for attack in tried:
        attack.page("/odoo?debug=1")
    for attack, model in itertools.product(tried, world.models):
        for one in attack.each(model):
            attack.refused(model, "read", [one], ["display_name"])
            attack.refused(model, "write", [one], {"sequence": 1})
    for attack in tried:
        attack.page("/odoo?debug=0")
    check(tried)


def test_nothing_is_found_through_other_records(world, fields_of):
    """By a domain that goes over a link, with a condition that only records of the others fulfil."""
    tried = attacks(world)
    for attack, model in itertools.product(tried, world.models):
        for name in fields_of(attack, model):
            comodel = world.models[model].fields[name]["comodel"]
            if comodel in world.models:
                ids = attack.ids(comodel)
                attack.nothing(model, "search_count", ["|", [f"{name}.id", "in", ids], [name, "in", ids]])
                attack.try_(model, "formatted_read_group", [], [name], ["__count"])
    check(tried)


def test_nothing_is_changed(world, fields_of):
    tried = attacks(world)
    for attack, model in itertools.product(tried, world.models):
        samples = {"char": "x", "text": "x", "boolean": True, "integer": 1, "float": 1.0, "html": "x"}
        opened = [name for name, about in fields_of(attack, model).items() if not about["readonly"]]
        values = {name: samples.get(world.models[model].fields[name]["type"], False) for name in opened}
        for one in attack.each(model):
            for name, value in values.items():
                attack.refused(model, "write", [one], {name: value})
            attack.refused(model, "write", [*attack.own(model)[:1], one], values)
            attack.refused(model, "web_save", [one], {}, {"display_name": {}})
            attack.refused(model, "unlink", [one])
    check(tried)
    unchanged(world)


def test_no_button_works_on_what_belongs_to_others(world):
    tried = attacks(world)
    for attack, model in itertools.product(tried, world.models):
        for one, button in itertools.product(attack.each(model), world.models[model].buttons):
            text = attack.try_(model, button, [one])
            if not text.startswith((*REFUSALS, OPENED)):  # what it opens, he does not see
                attack.note(f"{model}.{button} is not refused: {text[:200]}")
    check(tried)
    unchanged(world)


def test_nothing_is_linked(world, fields_of):
    """An own record to another company's, and what one side of a link is asked to do with the other side."""
    for attack, model in each_home(world):
        links = world.models[model].links(world.models) if may_write(attack, model) else {}
        for own, (name, about) in itertools.product(attack.own(model)[:1], links.items()):
            for foreign in attack.each(about["comodel"]):
                commands = [[[4, foreign]], [[6, 0, [foreign]]], [[1, foreign, {}]], [[2, foreign]], [[3, foreign]]]
                for value in [foreign] if about["type"] == "many2one" else commands:
                    attack.try_(model, "write", [own], {name: value})
                # what is new has no link that could be taken away
                for value in [foreign] if about["type"] == "many2one" else commands[:2]:
                    attack.try_(model, "create", [{name: value}])
                    attack.try_(model, "create", [{}], context={f"default_{name}": value})
    assert crossing(world) == []


def test_no_odoo_record_of_others_is_linked(world):
    fields = {
        "journal_id": "journal", "expense_product_id": "product", "order_product_id": "product",
        "partner_id": "supplier",
        "owner_id": "owner", "user_id": "owner",
    }  # fmt: skip
    for attack, model in each_home(world):
        for name, about in world.models[model].fields.items():
            record = fields.get(name) if about["comodel"] else None
            for other, own in itertools.product(attack.others, attack.own(model)[:3] if record else ()):
                attack.try_(model, "write", [own], {name: other.records[record]})
        query = f"SELECT kind, min(id) FROM {world.models[model].table} WHERE id = ANY(%s) GROUP BY kind"
        mapped = world.books.offices.rows(query, attack.own(model)) if model in MAPPINGS else ()
        for (kind, own), other in itertools.product(mapped, attack.others):
            if kind in KINDS and attack.is_foreign(other, KINDS[kind]):
                attack.refused(model, "write", [own], {"res_id": other.records[KINDS[kind]]})
    assert crossing(world) == []


def test_no_name_is_told_by_an_onchange(world, fields_of):
    tried = attacks(world)
    for attack, model in itertools.product(tried, world.models):
        found = specification(fields_of(attack, model))
        links = world.models[model].links(world.models) if may_write(attack, model) else {}
        for name, about in links.items():
            for foreign in attack.each(about["comodel"]):
                value = foreign if about["type"] == "many2one" else [[4, foreign]]
                for records in ([], attack.own(model)[:1]):
                    attack.try_(model, "onchange", records, {name: value}, [name], found)
                attack.try_(model, "onchange", [], {name: value}, [], found)
                attack.try_(model, "onchange", [], {}, [], found, context={f"default_{name}": value})
                attack.try_(model, "default_get", [name], context={f"default_{name}": value})
        for one in attack.each(model):
            attack.refused(model, "onchange", [one], {}, [], found)
    check(tried)
    unchanged(world)


def test_the_context_chooses_no_company(world):
    tried = attacks(world)
    for attack, model in itertools.product(tried, world.models):
        for other, one in zip(attack.tried, attack.each(model), strict=True):
            for companies in ([other.id], [attack.home.id, other.id]):
                context = {"allowed_company_ids": companies}
                attack.nothing(model, "search", [["id", "in", attack.ids(model)]], context=context)
                attack.refused(model, "read", [one], ["display_name"], context=context)
    check(tried)


def test_no_file_message_or_activity_is_read(world):
    tables = {
        "ir.attachment": "res_model",
        "mail.message": "model",
        "mail.activity": "res_model",
        "mail.followers": "res_model",
    }
    tried = attacks(world)
    for attack, (table, column) in itertools.product(tried, tables.items()):
        hanging = [["&", [column, "=", model], ["res_id", "in", attack.ids(model)]] for model in world.models]
        attack.nothing(table, "search", ["|"] * (len(hanging) - 1) + list(itertools.chain(*hanging)))
        query = (
            f"SELECT min(id) FROM {table.replace('.', '_')} WHERE {column} = %s AND res_id = ANY(%s) GROUP BY res_id"
        )
        for model in world.models:
            for (row,) in world.books.offices.rows(query, model, attack.each(model)):
                attack.try_(table, "read", [row])
                if table == "ir.attachment":
                    attack.page(f"/web/content/{row}")
                    attack.page(f"/web/image/{row}")
    for attack, model in itertools.product(tried, world.models):
        for one in attack.each(model):
            for name, about in world.models[model].fields.items():
                if about["type"] in ("binary", "image", "html", "json"):
                    attack.page(f"/web/content/{model}/{one}/{name}")
            if "message_ids" not in world.models[model].fields:
                continue
            thread = {"thread_model": model, "thread_id": one}
            attack.post("/mail/thread/messages", thread)
            asked = {**thread, "request_list": ["activities", "attachments", "followers"]}
            attack.post("/mail/data", {"fetch_params": [["mail.thread", asked]]})
            attack.post("/mail/message/post", {**thread, "post_data": {"body": "x", "message_type": "comment"}})
    check(tried)
    unchanged(world)


def test_no_method_of_the_thread_works_on_what_belongs_to_others(world):
    methods = world.books.workers.code(THREAD)
    tried = attacks(world)
    for attack, (model, names) in itertools.product(tried, methods.items()):
        for one in attack.each(model):
            for name in names:
                told = attack.try_(model, name, [one])
                if '"mail.followers"' in told:
                    attack.note(f"{model}.{name} tells who follows: {told[:200]}")
            attack.refused(model, "message_post", [one], body="x")
            attack.try_(model, "message_subscribe", [one], partner_ids=[1])
    check(tried)
    unchanged(world)


THREAD = """
base = set(dir(env.registry["res.currency"]))
result = {
    name: sorted(
        key for key in set(dir(env.registry[name])) - base
        if not key.startswith(("_", "action_")) and callable(getattr(env.registry[name], key))
    )
    for name in env.registry
    if name.startswith("ml.") and "message_ids" in env[name]._fields and not env[name]._abstract
}
"""
CROSSING = """
result = []

def homes(record):
    if record._name in ways:
        return record.sudo().mapped(ways[record._name])
    return record.sudo().company_id if "company_id" in record._fields else env["res.company"]

for name in ways:
    for record in env[name].with_context(active_test=False).search([]):
        reach = homes(record).parent_ids
        for field in record._fields.values():
            if field.relational and field.store and field.comodel_name != "res.company":
                for linked in record[field.name]:
                    there = homes(linked) if linked._name != "res.users" else env["res.company"]
                    if there and not there & reach:
                        result.append(f"{record}.{field.name} is {linked} of {there.mapped('name')}")
        if "res_id" in record._fields and "res_model" in record._fields and record.res_id and record.res_model:
            there = homes(env[record.res_model].browse(record.res_id).exists())
            if there and not there & reach:
                result.append(f"{record} names {record.res_model} {record.res_id} of {there.mapped('name')}")
"""


def crossing(world):
    """Links between records of two companies."""
    ways = {name: model.way for name, model in world.models.items()}
    return world.books.workers.code(f"ways = {ways!r}\n" + CROSSING)


def unchanged(world, but=None):
    """No row of any company is other than before; `but` is the one whose people were at work."""
    for company in world.books.companies:
        now, before = world.content(company), world.before[company.id]
        world.before[company.id] = now
        changed = {
            key: (
                [row for row in before[key] if row not in now[key]],
                [row for row in now[key] if row not in before[key]],
            )
            for key in before
            if before[key] != now[key]
        }
        assert company is but or not changed, (company.word, changed)
