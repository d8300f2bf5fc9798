"""What the addon declares about its fields and methods, and one record of each of its models."""

DECLARED = """
from odoo.orm.models import MAGIC_COLUMNS
result = {}
for name, cls in env.registry.items():
    model = env[name]
    if model._abstract:
        continue
    ours = name.startswith("ml.")
    if not hasattr(cls, "_rights_to"):
        # what a user has of his contact is asked of the contact
        added = {f.name for f in model._fields.values() if "ml_connector" in f._modules and not f.inherited}
        assert not ours and added <= {"display_name", *MAGIC_COLUMNS}, (name, added)
        continue
    fields = {
        field.name: "birth" if model._is_birth_field(field.name) else model._rights_to(field.name)
        for field in model._fields.values() if ours or "ml_connector" in field._modules
    }
    parts = [part for part in cls.__mro__ if "odoo.addons.ml_connector." in part.__module__]
    others = [part for part in cls.__mro__ if part not in parts and part.__module__ != "odoo.orm.registry"]
    methods = {}
    for method in {method for part in parts for method in part.__dict__}:
        function = getattr(cls, method)
        if (
            not method.startswith("_") and callable(function) and not getattr(function, "_api_private", False)
            and not any(method in part.__dict__ for part in others if getattr(part, "_name", None) != name or not ours)
        ):
            methods[method] = list(getattr(function, "_ml_rights", ()))
    granted = env["ir.model.access"].search([("model_id.model", "=", name), ("group_id", "!=", False)])
    result[name] = {
        "fields": fields, "methods": methods, "maker": model._maker_right if ours else None,
        "records": ["create"] * any(granted.mapped("perm_create")) + ["delete"] * any(granted.mapped("perm_unlink")),
    }
"""
"""{model: its fields with the rights to write them or `birth`, its public methods with the rights to call them, the
right to make and delete records, and which of both is granted}, of all models that have fields of ours."""

WHOLE_DATABASE = ("action_discard_lost_secrets", "action_rotate_keys")
"""Methods that are about no company and no record, so system administrators of all of them may call them."""
RECORDS = """
from odoo import Command
connection = env["ml.connection"].browse(CONNECTION)
company = connection.company_id
env = env(context={"allowed_company_ids": company.ids})
connection = connection.with_env(env)
flow = connection.flow_ids.filtered(lambda flow: flow.key == "bills")
partner = env["res.partner"].create({"name": "Supplier of " + company.name, "company_id": company.id})
log = env["ml.sync.log"].create({
    "name": "Example", "connection_id": connection.id, "company_id": company.id, "flow_id": flow.id,
    "direction": "pull", "kind": "bill", "state": "failed", "external_id": "bill-1",
    "wait_ids": [Command.create({"reason": "remote", "kind": "vendor", "key": "vendor-1"})],
})
env["ml.sync.attempt"]._append(connection, [{"log": log, "action": "write", "outcome": "failed"}])
template = env["ml.feed.template"].create({
    "name": "Example", "connection_id": connection.id, "flow_id": flow.id, "entity": "bills", "folder": "outbound",
    "file_name": "bills.*", "archive_mode": "leave", "column_ids": [Command.create({"label": "Id", "name": "id"})],
})
mapping = env["ml.mapping"].create(
    {"connection_id": connection.id, "kind": "vendor", "external_id": "remote-1", "res_id": partner.id}
)
employee = env["hr.employee"].create({"name": "Employee of " + company.name, "company_id": company.id})
product = env["product.product"].search([("can_be_expensed", "=", True)], limit=1)
expense = env["hr.expense"].create({
    "name": "Lunch", "employee_id": employee.id, "company_id": company.id, "product_id": product.id,
    "total_amount_currency": 100.0, "payment_mode": "company_account",
})
bill = env["account.move"].create({
    "move_type": "in_invoice", "partner_id": partner.id, "company_id": company.id, "invoice_date": "2026-01-05",
    "invoice_line_ids": [Command.create({"name": "Service", "price_unit": 10.0, "tax_ids": False})],
})
payment = env["account.payment"].create({
    "payment_type": "outbound", "partner_type": "supplier", "partner_id": partner.id, "amount": 10.0,
    "company_id": company.id,
})
if not env["stock.warehouse"].search([("company_id", "=", company.id)]):
    env["stock.warehouse"].create({"name": company.name, "code": f"W{company.id}", "company_id": company.id})
order = env["purchase.order"].create({"partner_id": partner.id, "company_id": company.id})
owed = env["account.move"].create({
    "move_type": "in_invoice", "partner_id": partner.id, "company_id": company.id, "invoice_date": "2026-01-06",
    "invoice_line_ids": [Command.create({"name": "Service", "price_unit": 20.0, "tax_ids": False})],
})
owed.action_post()
paying = env["account.payment.register"].with_context(active_model="account.move", active_ids=owed.ids).create({})
dry_run = env["ml.dry.run"].create({"flow_id": flow.id})
recovery = env["ml.recovery"].create({"connection_id": connection.id, "since": "2026-01-05"})
trial = env["ml.feed.import"].create({"template_id": template.id, "content": "YQ==", "name": "a.csv"})
made = [
    connection, flow, log, log.wait_ids, template, mapping, partner, expense, bill, payment, order, paying, dry_run,
    company, template.column_ids,
    bill.invoice_line_ids, log.attempt_ids, connection.credential_ids[:1],
    env["ml.token"].search([("connection_id", "=", connection.id)]),
    env["ml.sync.chain"].search([("connection_id", "=", connection.id)]),
    env["ml.dry.run.line"].create({"dry_run_id": dry_run.id, "title": "Example"}),
    recovery,
    env["ml.recovery.line"].create({"recovery_id": recovery.id, "flow_id": flow.id, "title": "Example"}),
    env["ml.ignore"].create({"reason": "Example", "log_ids": log.ids}),
    trial,
    env["ml.feed.import.line"].create({"import_id": trial.id, "title": "Example"}),
    env["ml.mapping.rule"].create(
        {"connection_id": connection.id, "kind": "vendor", "pattern": "V*", "res_id": partner.id}
    ),
    env["ml.feed.file"].create(
        {"name": "a.csv", "connection_id": connection.id, "template_id": template.id, "direction": "pull",
         "state": "failed", "folder": "outbound"}
    ),
    env["ml.feed.sent"].create({"template_id": template.id, "res_id": 1}),
    env["ml.binding"].create({
        "connection_id": connection.id, "kind": "vendor", "external_id": "vendor-1",
        "res_model": "res.partner", "res_id": partner.id,
    }),
    env["ml.bridged.document"].create({"name": "F-1", "flow_id": flow.id}),
    env["ml.vendor.change"].create({
        "connection_id": connection.id, "partner_id": partner.id, "contact_id": partner.id, "field_name": "email",
        "new_value": "new@example.com", "data": {"value": "new@example.com"},
    }),
    env["ml.webhook.event"].create({"connection_id": connection.id, "event_id": "event-1"}),
]
result = {record._name: record.id for record in made}
"""
"""One record of each model, of the company of the connection `CONNECTION`."""


def records_of(offices, office):
    """{model: id} of one record of each model in the company of the office."""
    return offices.code(RECORDS.replace("CONNECTION", str(office.connection)))


def table(declared):
    """The declaration as `docs/roles.rst` shows it."""
    lines = []
    for model, parts in sorted(declared.items()):
        rights = {}
        for kind, asked in (("fields", parts["fields"]), ("buttons", parts["methods"])):
            for name, needed in asked.items():
                for right in [needed] if needed == "birth" else needed:
                    rights.setdefault(right, {}).setdefault(kind, []).append(name)
        if parts["maker"]:
            rights.setdefault(parts["maker"], {})["records"] = parts["records"]
        if rights:
            lines.append(f"``{model}``")
        for right in ("resolve", "map", "administer", "system", "birth"):
            for kind, names in sorted(rights.get(right, {}).items()):
                label = "when it is created" if right == "birth" else f"{right}, {kind}"
                lines.append(f"    - {label}: {', '.join(sorted(names))}")
    return "\n".join(lines)
