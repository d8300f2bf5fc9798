import inspect

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import ConnectorCase

ROLES = ("user", "manager", "accountant")
WIZARDS = {
    *("ml.dry.run", "ml.dry.run.line", "ml.feed.import", "ml.feed.import.line"),
    *("ml.ignore", "ml.recovery", "ml.recovery.line"),
}
ABSTRACT = {
    *("ml.changed", "ml.decided", "ml.followed", "ml.links"),
    *("ml.sealed", "ml.sentences", "ml.sync.mixin", "ml.worker"),
}


@tagged("post_install", "-at_install")
class TestSecurity(ConnectorCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company_b = cls.env["res.company"].create({"name": "Company B"})
        cls.records = cls._one_of_each()
        user, manager, accountant = (f"ml_connector.group_ml_connector_{role}" for role in ROLES)
        cls.plain = cls.new_user("plain", cls.company, "base.group_user")
        cls.user_b = cls.new_user("user_b", cls.company_b, user)
        cls.manager_b = cls.new_user("manager_b", cls.company_b, manager, "base.group_system")
        cls.user_a = cls.new_user("user_a", cls.company, user)
        cls.accountant_a = cls.new_user("accountant_a", cls.company, accountant, "account.group_account_invoice")

    @classmethod
    def _one_of_each(cls):
        connection, flow = cls.connection, cls.connection.flow_ids[0]
        supplier = cls.env["res.partner"].create({"name": "Supplier"})
        of_vendor = {"kind": "vendor", "res_id": supplier.id}
        contact = {"partner_id": supplier.id, "contact_id": supplier.id, "field_name": "email"}
        answer = {"new_value": "new@example.com", "data": {"value": "new@example.com"}}
        row = {"company_id": cls.company.id, "flow_id": flow.id, "direction": "pull", "kind": "bill"}
        feed = {"flow_id": flow.id, "entity": "bills", "folder": "outbound", "archive_mode": "leave"}
        columns = [Command.create({"label": "Id", "name": "id"})]

        def made(model, **values):
            return cls.env[model].create({"connection_id": connection.id, **values})

        log = made("ml.sync.log", name="Example", state="failed", external_id="bill-1", **row)
        cls.env["ml.sync.attempt"]._append(connection, [{"log": log, "action": "write", "outcome": "failed"}])
        template = made("ml.feed.template", name="Example", file_name="bills.*", column_ids=columns, **feed)
        records = {
            "ml.mapping.rule": made("ml.mapping.rule", pattern="V*", **of_vendor),
            "ml.feed.template": template,
            "ml.feed.column": template.column_ids,
            "ml.feed.file": made("ml.feed.file", name="a.csv", direction="pull", state="seen"),
            "ml.feed.sent": cls.env["ml.feed.sent"].create({"template_id": template.id, "res_id": 1}),
            "ml.connection": connection,
            "ml.credential": connection.credential_ids[0],
            "ml.flow": flow,
            "ml.mapping": made("ml.mapping", kind="account", external_id="remote-1"),
            "ml.binding": made("ml.binding", external_id="vendor-1", res_model="res.partner", **of_vendor),
            "ml.bridged.document": cls.env["ml.bridged.document"].create({"name": "F-1", "flow_id": flow.id}),
            "ml.vendor.change": made("ml.vendor.change", **contact, **answer),
            "ml.sync.log": log,
            "ml.wait": cls.env["ml.wait"].create({"log_id": log.id, "reason": "remote", "kind": "bill", "key": "1"}),
            "ml.sync.attempt": log.attempt_ids,
            "ml.webhook.event": made("ml.webhook.event", event_id="event-1"),
        }
        own = [("connection_id", "=", connection.id)]
        return records | {model: cls.env[model].search(own) for model in ("ml.token", "ml.sync.chain")}

    def stored_models(self):
        """All but wizards, exporters and importers, and the parts that models are made of."""
        stored = self.own_models() - WIZARDS - ABSTRACT
        stored = {name for name in stored if not name.startswith(("ml.exporter", "ml.importer"))}
        return stored - {part for model in stored for part in self.env[model]._inherit if part.startswith(f"{model}.")}

    def own_models(self):
        return {name for name in self.env.registry if name.startswith("ml.")}

    def test_every_model_is_covered(self):
        self.assertEqual(set(self.records), self.stored_models())
        self.assertLessEqual(WIZARDS | ABSTRACT, self.own_models())
        self.assertTrue(all(self.records.values()))

    def test_plain_user_and_other_company_have_no_access(self):
        for user in (self.plain, self.user_b, self.manager_b):
            for model, record in self.records.items():
                with self.subTest(user=user.login, model=model):
                    self._assert_nothing(user, record)

    def _assert_nothing(self, user, record):
        foreign = record.with_user(user).with_context(allowed_company_ids=user.company_ids.ids)
        for operation in ("read", "write", "unlink"):
            self.assertFalse(foreign.has_access(operation), operation)
        for attempt in (lambda: foreign.read(["id", "create_date"]), lambda: foreign.write({}), foreign.unlink):
            with self.assertRaises(AccessError):
                attempt()
        try:
            found = foreign.search([("id", "=", record.id)])
        except AccessError:
            found = foreign.browse()
        self.assertFalse(found)
        with self.assertRaises(AccessError), self.cr.savepoint():
            foreign.create(self._copy_values(record))
            self.env.flush_all()

    def _copy_values(self, record):
        stored = {
            name: value
            for name, value in record.copy_data()[0].items()
            if record._fields[name].groups != "." and record._fields[name].type not in ("one2many", "many2many")
        }
        if record._name == "ml.connection":
            values = {"name": "Foreign", "provider": "fake"}
            return {**values, "company_id": self.company.id, "owner_id": stored["owner_id"]}
        another = {name: "another" for name in ("name", "label", "external_id", "event_id") if name in stored}
        return {**stored, **another, "connection_id": self.connection.id}

    def test_queue_and_audit_are_read_only_for_users(self):
        for model in ("ml.sync.log", "ml.sync.attempt", "ml.binding", "ml.webhook.event", "ml.flow", "ml.connection"):
            record = self.records[model].with_user(self.user_a)
            with self.subTest(model=model):
                self.assertTrue(record.has_access("read"))
                for operation in ("write", "create", "unlink"):
                    self.assertFalse(record.has_access(operation))

    def test_user_may_retry_and_ignore_but_neither_map_nor_set_up(self):
        log = self.records["ml.sync.log"].with_user(self.user_a)
        log.action_retry()
        self.assertEqual(log.state, "pending")
        log._ignore("Booked by hand")
        self.assertEqual(log.ignored_by_id, self.user_a)
        with self.assertRaises(AccessError):
            self.records["ml.mapping"].with_user(self.user_a).is_ignored = True
        self._assert_may_not_set_up(self.user_a)

    def test_accountant_may_map_but_not_set_up(self):
        self.records["ml.mapping"].with_user(self.accountant_a).is_ignored = True
        self._assert_may_not_set_up(self.accountant_a)

    def _assert_may_not_set_up(self, user):
        for action in ("action_test", "action_start", "action_pause", "action_subscribe", "action_adopt_database"):
            with self.subTest(action=action), self.assertRaises(AccessError):
                getattr(self.records["ml.connection"].with_user(user), action)()

    def test_other_company_cannot_press_buttons(self):
        log = self.records["ml.sync.log"].with_user(self.user_b)
        for action in ("action_retry", "action_arrived", "action_not_arrived"):
            with self.subTest(action=action), self.assertRaises(AccessError):
                getattr(log, action)()
        with self.assertRaises(AccessError):
            log._ignore("No business of mine")

    def test_public_methods_say_who_may_call_them(self):
        """All but those that open a view of what the person may read. `docs/roles.rst` lists them."""
        base = set(dir(self.env.registry["base"])) | set(dir(self.env.registry["mail.activity.mixin"]))
        base |= set(dir(self.env.registry["mail.thread"]))
        for model in self.own_models():
            with self.subTest(model=model):
                cls = self.env.registry[model]
                public = {
                    name
                    for name in set(dir(cls)) - base
                    if not name.startswith("_")
                    and inspect.isfunction(getattr(cls, name))
                    and not getattr(getattr(cls, name), "_api_private", False)
                }
                undeclared = {name for name in public if not getattr(getattr(cls, name), "_ml_rights", None)}
                self.assertEqual({name for name in undeclared if not name.startswith("action_open_")}, set())
