"""The functions that a column of a file template may use: never code of a user.

A function gets the source, the records (or their lines) and the column's argument; it returns one value for each.
"""


def company_code(source, records, argument):
    """The provider's code of the company."""
    return [source.company_code] * len(records)


def code(source, records, argument):
    """The provider's code of the contact at the field path `argument`, or of the record itself."""
    path = f"{argument}.commercial_partner_id.id" if argument else "commercial_partner_id.id"
    partner_ids = source.values(records, path)
    codes = source.partner_codes(set(partner_ids) - {None})
    return [codes.get(partner_id) for partner_id in partner_ids]


def own_id(source, records, argument):
    """The unique number of the record at the field path `argument`, or of the record itself."""
    prefix = f"{argument}." if argument else ""
    ids, births = source.values(records, f"{prefix}id"), source.values(records, f"{prefix}create_date")
    return [str(source.own_id(*row)) if row[0] else None for row in zip(ids, births, strict=True)]


def is_active(source, records, argument):
    """Whether the record is in use."""
    if "active" not in records._fields:
        return [True] * len(records)
    return [bool(value) for value in source.values(records, "active")]


def or_company_currency(source, records, argument):
    """The currency in the field `argument`, else the company's."""
    own = source.company.currency_id.name
    return [value or own for value in source.values(records, f"{argument}.name")]


def dimension(source, records, argument):
    """The plan of an analytic account as the provider calls it, in the singular."""
    names = [record.root_plan_id.name or "" for record in records]
    return [source.dimension_names.get(name.casefold(), name) for name in names]


def analytic_code(source, records, argument):
    """The code of an analytic account, or its unique number if it has none."""
    return [record.code or f"A{source.own_id(record.id, record.create_date)}" for record in records]


def analytic(source, records, argument):
    """The code of the analytic account of plan `argument` that has the whole line; empty if the line is split."""
    return [source.single_analytic(record.analytic_distribution, argument) for record in records]


def order_date(source, records, argument):
    """When an order was confirmed, else created."""
    return [record.date_approve or record.date_order for record in records]


def order_status(source, records, argument):
    """`open`, `closed` (fully billed or finished) or `cancelled`."""
    return [
        "cancelled"
        if record.state == "cancel"
        else "closed"
        if record.invoice_status == "invoiced" or record._ml_is_over()
        else "open"
        for record in records
    ]


def line_status(source, records, argument):
    """`closed` if the line is fully billed or the order is finished, else `open`."""
    return [
        "closed" if record.qty_invoiced >= record.product_qty or record.order_id._ml_is_over() else "open"
        for record in records
    ]


def line_number(source, records, argument):
    """10, 20, 30 in the order of the lines of each document."""
    return [source.line_numbers(record.order_id)[record.id] for record in records]


def order_line_number(source, records, argument):
    """The line number of the purchase order line to which a receipt line belongs."""
    lines = [record.purchase_line_id for record in records]
    return [source.line_numbers(line.order_id).get(line.id) if line else None for line in lines]


def net_unit_price(source, records, argument):
    """Price of one unit after the discount."""
    return [round(record.price_unit * (1 - record.discount / 100.0), 6) for record in records]


def tax_code(source, records, argument):
    """The mapped code of the line's only tax, else its name."""
    return [source.tax_code(record.tax_ids) for record in records]


def expense_account(source, records, argument):
    """The expense account of the line's product."""
    return [source.expense_account(record.product_id) for record in records]


def received_quantity(source, records, argument):
    """The received quantity; negative for returns."""
    return [-record.quantity if record.location_dest_id.usage == "supplier" else record.quantity for record in records]


def remote_id(source, records, argument):
    """The provider's id of a record that was imported from it; `argument` is the kind of record."""
    return source.remote_ids(records, argument)


READS = {
    "code": ("{argument}.commercial_partner_id.id",),
    "or_company_currency": ("{argument}.name",),
    "own_id": ("{argument}.create_date",),
    "dimension": ("plan_id", "root_plan_id.name"),
    "analytic_code": ("code", "create_date"),
    "analytic": ("analytic_distribution",),
    "order_date": ("date_approve", "date_order"),
    "order_status": ("state", "invoice_status", "locked", "order_line.qty_received"),
    "line_status": ("product_qty", "qty_invoiced", "order_id.locked"),
    "line_number": ("order_id.order_line",),
    "order_line_number": ("purchase_line_id.order_id.order_line",),
    "net_unit_price": ("price_unit", "discount"),
    "tax_code": ("tax_ids.name",),
    "expense_account": ("product_id.product_tmpl_id",),
    "received_quantity": ("quantity", "location_dest_id.usage"),
}
"""Field paths that an expression reads of each record."""


def paths_read(expression, argument, model):
    """The field paths that a column with this expression reads of records of a model."""
    if expression == "code" and not argument:
        return ["commercial_partner_id.id", "create_date"]
    if expression == "own_id" and not argument:
        return ["create_date"]
    if expression == "is_active" and "active" in model._fields:
        return ["active"]
    return [path.replace("{argument}", argument or "") for path in READS.get(expression, ())]


EXPRESSIONS = {
    function.__name__: function
    for function in (
        *(company_code, code, own_id, is_active, or_company_currency, dimension, analytic_code, analytic, order_date),
        *(order_status, line_status, line_number, order_line_number, net_unit_price, tax_code, expense_account),
        *(received_quantity, remote_id),
    )
}
