"""Record links of Odoo records."""


def bindings_by_record(flow, records):
    """{record id: its link to the provider} of records of one model that a push flow sends."""
    bindings = flow.env["ml.binding"].search(
        [
            ("connection_id", "=", flow.connection_id.id),
            ("kind", "=", flow.kind),
            ("res_model", "=", records._name),
            ("res_id", "in", records.ids),
        ]
    )
    return {binding.res_id: binding for binding in bindings}
