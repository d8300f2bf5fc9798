"""What must be true of Odoo and Ramp together once nothing is on its way any more.

Each function returns sentences about what is not; an empty list is what a test wants.
"""

from decimal import Decimal


def bill_problems(books, bill_id):
    """No bill or payment twice, none lost, each told to Ramp exactly once."""
    bill = books.sandbox.state.bills.get(bill_id)
    return [
        f"{bill.invoice_number}: {problem}"
        for problem in (
            *_move_problems(books, bill),
            *_payment_problems(books, bill),
            *_report_problems(books, bill),
            *_row_problems(books, bill),
        )
    ]


def _move_problems(books, bill):
    moves = books.rows(
        """SELECT m.id, m.state, m.amount_total, b.id AS binding
             FROM account_move m
             LEFT JOIN ml_binding b ON b.res_model = 'account.move' AND b.res_id = m.id AND b.kind = 'bill'
              AND b.external_id = %s
            WHERE m.ref = %s AND m.move_type = 'in_invoice'""",
        bill.id,
        bill.invoice_number,
    )
    if len(moves) != 1:
        yield f"{len(moves)} bills in Odoo"
        return
    (move,) = moves
    if not move["binding"]:
        yield "the bill is not bound"
    if move["state"] != "posted":
        yield f"the bill is {move['state']}"
    if move["amount_total"] != Decimal(bill.amount) / 100:
        yield f"{move['amount_total']} in Odoo, {bill.amount} cents at Ramp"
    files = books.value(
        "SELECT count(*) FROM ir_attachment WHERE res_model = 'account.move' AND res_id = %s AND res_field IS NULL",
        move["id"],
    )
    if files != len(bill.file_ids):
        yield f"{files} files in Odoo, {len(bill.file_ids)} at Ramp"


def _payment_problems(books, bill):
    payments = books.rows(
        """SELECT p.id, p.amount, p.state
             FROM ml_binding b JOIN account_payment p ON p.id = b.res_id
            WHERE b.res_model = 'account.payment' AND b.external_id LIKE %s""",
        f"%:{bill.id}",
    )
    expected = 1 if bill.paid_at else 0
    if len(payments) != expected:
        yield f"{len(payments)} payments in Odoo, {expected} at Ramp"
    if not expected:
        return
    states = books.rows(
        """SELECT amount_residual, payment_state,
                  (SELECT count(*) FROM account_partial_reconcile r JOIN account_move_line l ON l.id = r.credit_move_id
                    WHERE l.move_id = m.id) AS matches
             FROM account_move m WHERE ref = %s AND move_type = 'in_invoice'""",
        bill.invoice_number,
    )
    for state in states:
        if state["amount_residual"] or state["payment_state"] not in ("in_payment", "paid") or state["matches"] != 1:
            yield f"paid at Ramp, but {state} in Odoo"


def _report_problems(books, bill):
    expected = {"BILL_SYNC": 1}
    if bill.paid_at:
        expected["BILL_PAYMENT_SYNC"] = 1
    told = {
        kind: times[bill.id]
        for kind, times in books.control.effects(object_id=bill.id).items()
        if kind.startswith("BILL_")
    }
    if told != expected:
        yield f"Ramp was told {told} instead of {expected}"


def _row_problems(books, bill):
    expected = {"bills": 1, "bill_files": 1, "results": 1}
    if bill.paid_at:
        expected |= {"payments": 1, "payment_files": 1, "results": 2}
    found = books.rows(
        """SELECT f.key, count(*) AS count FROM ml_sync_log l JOIN ml_flow f ON f.id = l.flow_id
            WHERE (l.external_id = %s OR l.external_id LIKE %s) AND l.state = 'done' GROUP BY f.key""",
        bill.id,
        f"%:{bill.id}",
    )
    rows = {row["key"]: row["count"] for row in found}
    if rows != expected:
        yield f"rows {rows} instead of {expected}"


def vendor_problems(books, vendor_id):
    """A vendor of Ramp is one contact in Odoo."""
    vendor = books.sandbox.state.vendors.get(vendor_id)
    partners = books.rows(
        """SELECT p.id, b.external_id FROM res_partner p
             LEFT JOIN ml_binding b ON b.res_model = 'res.partner' AND b.res_id = p.id AND b.kind = 'vendor'
            WHERE p.name = %s AND p.parent_id IS NULL""",
        vendor.name,
    )
    if [partner["external_id"] for partner in partners] != [vendor_id]:
        return [f"{vendor.name} is {partners} in Odoo"]
    return []


def partner_problems(books, partner_id, updates=0):
    """A contact of Odoo is one vendor at Ramp, made once and changed as often as it was changed here."""
    (partner,) = books.rows("SELECT name, street FROM res_partner WHERE id = %s", partner_id)
    vendors = [vendor for vendor in books.sandbox.state.vendors if vendor.name == partner["name"]]
    if len(vendors) != 1:
        return [f"{partner['name']} is there {len(vendors)} times at Ramp"]
    (vendor,) = vendors
    problems = []
    effects = {kind: times[vendor.id] for kind, times in books.control.effects(object_id=vendor.id).items()}
    expected = {"vendor.create": 1, **({"vendor.update": updates} if updates else {})}
    if effects != expected:
        problems.append(f"{partner['name']}: {effects} instead of {expected}")
    street = (vendor.address or {}).get("address_line_1")
    if street != partner["street"]:
        problems.append(f"{partner['name']}: {street} at Ramp, {partner['street']} in Odoo")
    bound = books.rows("SELECT external_id FROM ml_binding WHERE res_model = 'res.partner' AND res_id = %s", partner_id)
    if [row["external_id"] for row in bound] != [vendor.id]:
        problems.append(f"{partner['name']}: bound to {bound} instead of {vendor.id}")
    return problems


def general_problems(books):
    """Nothing open, nothing unbound, no binding twice, no contract broken."""
    problems = [f"open: {row}" for row in books.open_rows()]
    for sentence, statement in (
        ("leases left", "SELECT count(*) FROM ml_sync_log WHERE lease_until IS NOT NULL"),
        ("sendings in doubt left", "SELECT count(*) FROM ml_sync_log WHERE sent_at IS NOT NULL"),
        (
            "bills without a binding",
            """SELECT count(*) FROM account_move m WHERE m.move_type IN ('in_invoice', 'in_refund') AND NOT EXISTS (
                SELECT FROM ml_binding b WHERE b.res_model = 'account.move' AND b.res_id = m.id)""",
        ),
        (
            "payments without a binding",
            # a payment that comes with its record (a reimbursement, an expense of the company) has no own binding
            """SELECT count(*) FROM account_payment p
                WHERE NOT EXISTS (SELECT FROM ml_binding b WHERE b.res_model = 'account.payment' AND b.res_id = p.id)
                  AND NOT EXISTS (SELECT FROM hr_expense e WHERE e.account_move_id = p.move_id)
                  AND NOT EXISTS (
                    SELECT FROM account_move__account_payment paid JOIN ml_binding b ON b.res_id = paid.invoice_id
                     WHERE paid.payment_id = p.id AND b.res_model = 'account.move' AND b.kind != 'bill')""",
        ),
        (
            "expenses without a binding",
            """SELECT count(*) FROM hr_expense e WHERE NOT EXISTS (
                SELECT FROM ml_binding b WHERE b.res_model = 'hr.expense'
                   AND b.res_id = coalesce(e.split_expense_origin_id, e.id))""",
        ),
        (
            "remote records bound twice",
            """SELECT count(*) FROM (SELECT FROM ml_binding GROUP BY connection_id, kind, external_id
                HAVING count(*) > 1) AS twice""",
        ),
        (
            "Odoo records bound twice",
            """SELECT count(*) FROM (SELECT FROM ml_binding GROUP BY connection_id, kind, res_model, res_id
                HAVING count(*) > 1) AS twice""",
        ),
    ):
        if found := books.value(statement):
            problems.append(f"{found} {sentence}")
    return problems + [f"contract: {violation}" for violation in books.control.violations()]


def chain_problem(books):
    """What is wrong with the chain of attempts; empty when it is whole."""
    return books.workers.code("result = env['ml.sync.attempt']._verify(env['ml.connection'].search([]))")
