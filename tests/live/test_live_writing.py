"""What Odoo sends, made in a tenant, looked up, changed and, as far as the provider allows, taken back.

All of it carries the moment of the run in its name, so that what stays is recognised.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from tenants import setting

from ml_connector.core import documents as doc
from ml_connector.core.errors import ConnectorError

NOW = datetime.now(UTC)
TODAY = NOW.date()
STAMP = f"{NOW:%y%m%d%H%M%S}"
NUMBER = int(STAMP) % 1_000_000_000
NAME = f"Live Test {STAMP}"
PDF = b"%PDF-1.4\n%%EOF\n"
ADDRESS = doc.Address(street="1 Main Street", city="Leeds", postal_code="LS1 4AP", country="GB")
CONTACT = doc.Contact(name="Grace Example", email="ap@example.com", phone="+44 20 7946 0000", is_default=True)


class Sender:
    """Sends as the engine does: by itself, or as a batch of one."""

    def __init__(self, tenant, subtests):
        self.tenant = tenant
        self.allowed = {flow.key for flow in tenant.flows("push")}
        self.subtests = subtests
        self._keys = 0

    def __call__(self, flow, document, external_id="", finds=True, **options):
        """The id of the record at the provider; empty when the tenant does not allow the flow."""
        if flow not in self.allowed:
            self.tenant.notes.append(f"{flow}: not allowed")
            return None
        with self.subtests.test(f"{flow} {self._keys}"):
            return self._sent(flow, document, external_id, finds, {flow: options})

    def _sent(self, flow, document, external_id, finds, options):
        self._keys += 1
        run = self.tenant.run(options)
        payload = run.flow(flow).render(document)
        sent = self._send(run, flow, payload, external_id)
        self.tenant.notes.append(f"{flow}: {sent.external_id} {sent.note}".strip())
        if finds and not external_id:
            # as after an answer that was lost
            found = self.tenant.run(options).flow(flow).find(payload, f"{STAMP}-{self._keys}")
            assert found
            assert found.external_id == sent.external_id or run.flow_class(flow).follows
        return sent

    def _send(self, run, flow, payload, external_id):
        key = f"{STAMP}-{self._keys}"
        if run.flow_class(flow).batch < 2:
            return run.flow(flow).send(payload, external_id, key)
        (sent,) = run.flow(flow).send_many([(payload, external_id, key)])
        if isinstance(sent, ConnectorError):
            raise sent
        return sent


def items(tenant, flow, count=2):
    """The first items of a pull flow, with their documents."""
    found = []
    for page in tenant.provider.flow(flow).pull("", TODAY - timedelta(days=365)):
        for item in page.items:
            found.append((item, tenant.provider.flow(flow).document(item.payload)))
            if len(found) == count:
                return found
    return found


def test_what_odoo_sends(tenant, subtests):
    WRITERS[tenant.key](tenant, Sender(tenant, subtests))


def vendor(**values):
    plain = {"external_id": "", "odoo_id": NUMBER, "name": NAME, "address": ADDRESS, "contacts": (CONTACT,)}
    return doc.Vendor(**{**plain, **values})


def order(supplier, *lines, **values):
    plain = {
        "odoo_id": NUMBER,
        "number": f"P{STAMP}",
        "vendor": doc.Party(external_id=supplier),
        "order_date": TODAY,
        "promise_date": TODAY + timedelta(days=14),
        "currency": "USD",
        "lines": lines,
    }
    return doc.PurchaseOrder(**{**plain, **values})


def order_line(number, quantity="5", price="30.00", **values):
    return doc.PurchaseOrderLine(
        odoo_id=NUMBER + number,
        description=f"{NAME} {number}",
        quantity=Decimal(quantity),
        unit_price=Decimal(price),
        unit="Units",
        **values,
    )


def receipt(bought, *quantities, **values):
    lines = tuple(
        doc.ReceivedLine(
            purchase_order_line_odoo_id=NUMBER + number,
            purchase_order_external_id=bought,
            quantity=Decimal(quantity),
            ordered=Decimal(5),
            name=NAME,
        )
        for number, quantity in enumerate(quantities, start=1)
    )
    plain = {
        "odoo_id": NUMBER,
        "number": f"WH/IN/{STAMP}",
        "purchase_order_odoo_id": NUMBER,
        "received_on": TODAY,
        "lines": lines,
    }
    return doc.GoodsReceipt(**{**plain, **values})


def bill(supplier, *lines, **values):
    plain = {
        "external_id": "",
        "odoo_id": NUMBER,
        "number": f"INV-{STAMP}",
        "vendor": doc.Party(external_id=supplier),
        "document_date": TODAY,
        "due_date": TODAY + timedelta(days=30),
        "currency": "USD",
        "total": sum(line.amount for line in lines),
        "lines": lines,
        "memo": f"BILL/{STAMP}",
    }
    return doc.Bill(**{**plain, **values})


# Ramp


def ramp(tenant, send):
    tenant.provider.claim_accounting_connection()
    tenant.look_again()
    send = Sender(tenant, send.subtests)
    ramp_codes(send)
    made = send("vendors_push", vendor())
    if made:
        # the interface may leave contacts and name as they were
        send("vendors_push", vendor(address=replace(ADDRESS, street="2 Main Street")), made.external_id)
        ramp_purchases(send, made.external_id)
    company = doc.Company(odoo_id=NUMBER, name=NAME, currency="USD", country="US")
    send("companies_push", company, finds=False)
    ramp_employee(send)
    ramp_results(tenant)
    webhooks(tenant)


def ramp_codes(send):
    chart = doc.Account(odoo_id=NUMBER, code=f"7{STAMP}", name=NAME, classification="liability")
    account = send("accounts_push", chart)
    if account:
        send("accounts_push", replace(chart, name=f"{NAME} renamed"), account.external_id)
        tax = doc.Tax(odoo_id=NUMBER, name=NAME, rate=Decimal("0.09"), account_external_id=account.external_id)
        sent = send("taxes_push", tax)
        send("taxes_push", replace(tax, name=f"{NAME} renamed"), sent.external_id)
        send("accounts_push", replace(chart, name=f"{NAME} renamed", active=False), account.external_id)
    plan = send("dimensions_push", doc.Dimension(odoo_id=NUMBER, name=NAME))
    if plan:
        send("dimensions_push", doc.Dimension(odoo_id=NUMBER, name=f"{NAME} renamed"), plan.external_id)
        value = doc.DimensionValue(
            odoo_id=NUMBER,
            dimension_odoo_id=NUMBER,
            name=NAME,
            code=STAMP,
            dimension_external_id=plan.external_id,
            dimension_key=plan.version,
        )
        option = send("dimension_values_push", value)
        send("dimension_values_push", replace(value, active=False), option.external_id)
    listed = send("accounting_vendors_push", vendor())
    if listed:
        send("accounting_vendors_push", vendor(name=f"{NAME} renamed"), listed.external_id)


def ramp_purchases(send, supplier):
    wanted = order(supplier, order_line(1), order_line(2, "2", "9.99"), payment_days=30)
    bought = send("purchase_orders_push", wanted)
    if bought:
        file = {"name": "order.pdf", "mimetype": "application/pdf", "content": PDF}
        if bought.takes_files:
            send("order_files_push", doc.OutgoingFile(parent_external_id=bought.external_id, **file))
        lines = (order_line(1, price="31.00"), order_line(3, "1", "1.00"))
        changed = replace(wanted, promise_date=TODAY + timedelta(days=21), lines=lines)
        send("purchase_orders_push", changed, bought.external_id)
        got = send("receipts_push", receipt(bought.external_id, "3"))
        if got:
            send("receipts_push", receipt(bought.external_id, "3", cancelled=True), got.external_id)
    lines = (
        doc.BillLine(amount=Decimal("100.00"), description="Service"),
        doc.BillLine(amount=Decimal("-10.00"), description="Discount"),
    )
    draft = send("bills_push", bill(supplier, *lines))
    if draft:
        invoice = doc.OutgoingFile(
            parent_external_id=draft.external_id,
            name="invoice.pdf",
            mimetype="application/pdf",
            content=PDF,
            is_invoice=True,
        )
        send("own_bill_files_push", invoice)
        send("bills_push", bill(supplier, *lines, number=f"INV-{STAMP}-2"), draft.external_id)
    # taken back at once, so that nobody pays it
    approved = bill(supplier, *lines, odoo_id=NUMBER + 1, number=f"INV-{STAMP}-3")
    made = send("bills_push", approved, bill_mode="approved")
    if made:
        file = {"name": "more.pdf", "mimetype": "application/pdf", "content": PDF}
        send("own_bill_files_push", doc.OutgoingFile(parent_external_id=made.external_id, **file))
        send("bills_push", replace(approved, memo="Changed"), made.external_id, bill_mode="approved")
        send("bills_push", replace(approved, is_void=True), made.external_id, bill_mode="approved")
    if bought:
        send("purchase_orders_push", replace(wanted, state="cancelled"), bought.external_id)


def ramp_employee(send):
    person = doc.Employee(odoo_id=NUMBER, first_name="Ines", last_name=STAMP, email=f"ines+{STAMP}@example.com")
    made = send("users_push", replace(person, department=NAME, location=NAME), finds=False)
    if made:
        send("users_push", replace(person, first_name="Inês"), made.external_id)
        send("users_push", replace(person, active=False), made.external_id)
        send("users_push", person, made.external_id)
        send("users_push", replace(person, active=False), made.external_id)


def ramp_results(tenant):
    """One record of each kind that is reported is told as failed, and another one as booked."""
    for flow in tenant.flows("pull"):
        if flow.reports:
            found = items(tenant, flow.key)
            for number, (item, _document) in enumerate(found):
                is_told(tenant, flow, number, item)


def is_told(tenant, flow, number, item):
    """Tell the first record as failed, or another one as booked; whether the provider takes that."""
    result = doc.Result(
        subject=flow.kind,
        external_id=item.external_id,
        version=item.version,
        success=bool(number),
        reference=f"LIVE/{STAMP}/{number}" if number else "",
        message="" if number else f"{NAME}: this is a trial.",
    )
    refused = tenant.provider.flow("results").report([result], f"{STAMP}-{flow.key}-{number}")
    tenant.notes.append(f"{flow.label}: {refused or 'told'}")
    assert tenant.provider.flow("results").reported(result) in (None, not refused)
    return not refused


def webhooks(tenant):
    """Nobody answers there, so nothing is confirmed."""
    endpoint = f"{setting('webhooks') or 'https://example.com'}/{STAMP}"
    subscription, _secret = tenant.provider.subscribe(endpoint, f"handshake-{STAMP}")
    tenant.notes.append(f"Webhooks: {tenant.provider.is_subscribed(subscription, endpoint)}")
    tenant.provider.unsubscribe(subscription)


# Visma.net


def visma(tenant, send):
    send("accounts_push", doc.Account(odoo_id=NUMBER, code="7999", name=NAME, classification="expense"))
    plan = tenant.chosen("plan")
    if plan:
        value = doc.DimensionValue(
            odoo_id=NUMBER,
            dimension_odoo_id=1,
            name=NAME,
            code=f"LT{STAMP[-6:]}",
            dimension_external_id=plan.external_id.lower(),
        )
        send("analytics_push", value)
    supplier = vendor(address=replace(ADDRESS, country="NO", postal_code="0155", city="Oslo"), currency="NOK")
    made = send("suppliers_push", supplier)
    if made:
        send("suppliers_push", replace(supplier, name=f"{NAME} AS"), made.external_id)
        # without tax, so that the total is known
        coding = {"account": tenant.chosen("account")}
        visma_bills(send, made.external_id, coding)
        visma_purchases(send, made.external_id, coding)


def visma_bills(send, supplier, coding):
    line = doc.BillLine(amount=Decimal("800.00"), description=NAME, **coding)
    values = {"currency": "NOK", "accounting_date": TODAY, "amounts_include_tax": False}
    draft = bill(supplier, line, **values)
    made = send("bills_push", draft)
    if not made:
        return
    file = doc.DownloadedFile(name="invoice.pdf", mimetype="application/pdf", content=PDF)
    send("bill_files_push", doc.OutgoingFiles(parent_external_id=made.external_id, files=(file,)))
    changed = replace(draft, lines=(replace(line, amount=Decimal("900.00")),), total=Decimal("900.00"))
    send("bills_push", changed, made.external_id)
    send("bill_release_push", doc.Release(parent_external_id=made.external_id), finds=False)
    # a released document is reversed and made anew
    corrected = send("bills_push", draft, made.external_id)
    send("bills_push", replace(draft, is_void=True), corrected.external_id)


def visma_purchases(send, supplier, coding):
    wanted = order(supplier, order_line(1, **coding), order_line(2, "2", "9.99", **coding), currency="NOK")
    bought = send("purchase_orders_push", wanted)
    if bought:
        changed = replace(wanted, lines=(order_line(1, price="31.00", **coding), wanted.lines[1]))
        send("purchase_orders_push", changed, bought.external_id)
        send("receipts_push", receipt(bought.external_id, "5", "2"))


# SAP Concur


def concur(tenant, send):
    account = doc.BankAccount(number="GB33BUKB20201555555555", holder=NAME, country="GB", currency="GBP")
    supplier = vendor(currency="GBP", pay_to=(account,))
    group = tenant.named("group")
    made = send("vendors_push", replace(supplier, memberships={group: True} if group else {}))
    if made:
        if group:
            send("vendors_push", replace(supplier, memberships={group: False}), made.external_id)
        send("vendors_push", replace(supplier, name=f"{NAME} Ltd"), made.external_id)
        send("vendors_push", replace(supplier, name=f"{NAME} Ltd", active=False), made.external_id)
    account = doc.Account(odoo_id=NUMBER, code=STAMP, name=NAME, classification="expense")
    sent = send("accounts_push", account)
    if sent:
        send("accounts_push", replace(account, name=f"{NAME} renamed"), sent.external_id)
        send("accounts_push", replace(account, active=False), sent.external_id)
    value = doc.DimensionValue(odoo_id=NUMBER, dimension_odoo_id=1, name=NAME, code=STAMP, dimension_key="custom1")
    send("analytic_push", value)
    for flow in tenant.flows("pull"):
        if flow.acknowledges:
            concur_documents(tenant, flow, send)
    webhooks(tenant)


def concur_documents(tenant, flow, send):
    """One document of each type is told as failed, and another one as booked and, where that is told, as paid."""
    found = items(tenant, flow.key)
    taken_back = tenant.provider.flow(flow.key).acknowledge([item.version for item, _document in found])
    for number, (item, document) in enumerate(found):
        if item.version in taken_back:
            continue
        if is_told(tenant, flow, number, item) and number:
            pay(send, flow, item, document)


def pay(send, flow, item, document):
    sender = {"expense_report": "payments_push", "bill": "invoice_payments_push"}.get(flow.kind)
    total = owed(document)
    if sender and total > 0:
        clearing = doc.Clearing(date=TODAY, amount=total, reference=f"PAY/{STAMP}")
        paid = doc.Paid(
            subject=flow.kind,
            external_id=item.external_id,
            version=item.version,
            number=f"LIVE/{STAMP}",
            currency=document.currency,
            total=total,
            clearings=(clearing,),
        )
        send(sender, paid, finds=False)


def owed(document):
    """What is to be paid for a bill, or for the report of an employee."""
    if isinstance(document, doc.Bill):
        return document.total
    lines = getattr(document, "lines", ())
    return -sum(line.amount for line in lines if line.account and line.account.kind in ("employee", "vendor"))


WRITERS = {"ramp": ramp, "visma": visma, "concur": concur}
