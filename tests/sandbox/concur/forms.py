"""The forms in which financial documents come where SAP's pages and samples leave it open, or differ."""

from decimal import Decimal

EIGHT_DECIMALS = Decimal("0.00000001")
SCHEMAS = {
    "expense": "ExpenseDocument",
    "invoice": "InvoiceDocument",
    "cashadvance": "CashAdvanceDocument",
    "payroll": "PayrollDocument",
}
PADDED = ("accountCode", "allocationAccountCode", "journalAccountCode")


def shown(contract, settings, row):
    """The content of a document as it goes over the wire."""
    content = _walked(row.content, lambda name, value: _written(settings, row.doc_type, name, value))
    if settings.sparse_documents:
        return content
    # a test may release a report as payroll
    is_report = row.doc_type == "payroll" and "travelAllowances" not in content
    return _whole(contract.components["schemas"], SCHEMAS["expense" if is_report else row.doc_type], content)


def _written(settings, doc_type, name, value):
    if settings.eight_decimals and isinstance(value, Decimal):
        return value.quantize(EIGHT_DECIMALS)
    if settings.pads_codes and name in PADDED and value:
        return f"{value:<10}"
    if settings.one_tax_is_no_list and (doc_type, name) == ("invoice", "tax") and value and len(value) == 1:
        return value[0]
    return value


def _walked(node, write):
    if isinstance(node, dict):
        return {name: write(name, _walked(value, write)) for name, value in node.items()}
    if isinstance(node, list):
        return [_walked(value, write) for value in node]
    return node


def _whole(schemas, name, node):
    """With null for every field that SAP publishes and the document does not have."""
    properties = schemas[name]["properties"]
    made = {key: None for key, schema in properties.items() if key not in node and _may_be_null(schema)}
    for key, value in node.items():
        schema = properties.get(key, {})
        if isinstance(value, dict) and (inner := _named(schema)):
            made[key] = _whole(schemas, inner, value)
        elif isinstance(value, list) and (inner := _named(schema.get("items", {}))):
            made[key] = [_whole(schemas, inner, item) for item in value]
        else:
            made[key] = value
    return made


def _may_be_null(schema):
    branches = schema.get("anyOf", ())
    return "null" in schema.get("type", ()) or any(_may_be_null(branch) for branch in branches)


def _named(schema):
    """Name of the schema to which one refers, also where null may come in its place."""
    for branch in (schema, *schema.get("anyOf", ())):
        if "$ref" in branch:
            return branch["$ref"].rpartition("/")[2]
    return ""
