"""Bills, drafts, orders, receipts, taxes and users that the API writes."""

import pytest
from sandbox.ramp.purchase_orders import stored_number
from sandbox_ramp_support import code, ready, report

pytest_plugins = "sandbox_ramp_fixtures"

CODING = [
    {"field_external_id": "Category", "field_option_external_id": "gl-600000"},
    {"field_external_id": "project", "field_option_external_id": "prj-P-100"},
]


@pytest.fixture
def entity(ramp):
    return ramp.state.entities[0]["id"]


@pytest.fixture
def vendor(ramp):
    return next(iter(ramp.state.vendors)).id


# -- bills and drafts --------------------------------------------------------------------------------------------------


def new_bill(entity, vendor, **values):
    return {
        "vendor_id": vendor,
        "entity_id": entity,
        "invoice_number": "INV-2026-119",
        "invoice_currency": "USD",
        "issued_at": "2026-07-05",
        "due_at": "2026-08-04",
        "payment_method": "ACH",
        "use_default_vendor_contact": True,
        "line_items": [{"amount": "12.34", "memo": "Support", "accounting_field_selections": CODING}],
        **values,
    }


def test_created_bill_is_approved_and_ready(ramp, client, entity, vendor):
    answer = client.post("/bills", json=new_bill(entity, vendor, remote_id="odoo:account.move:1"))
    assert answer.status_code == 201
    bill = answer.json()
    assert (bill["amount"]["amount"], bill["approval_status"], bill["remote_id"]) == (
        1234,
        "APPROVED",
        "odoo:account.move:1",
    )
    assert [item["external_id"] for item in bill["line_items"][0]["accounting_field_selections"]] == [
        "gl-600000",
        "prj-P-100",
    ]
    assert bill["id"] in ready(client)
    assert [row["id"] for row in client.rows("/bills?remote_id=odoo:account.move:1")] == [bill["id"]]


def test_bill_paid_in_the_erp_is_paid(client, entity, vendor):
    paid = {"manual_payment_method": "PAID_IN_ERP", "payment_date": "2026-07-06"}
    body = new_bill(entity, vendor, payment_method="PAID_MANUALLY", payment_details=paid)
    bill = client.post("/bills", json=body).json()
    assert (bill["status"], bill["payment"]["details"]) == ("PAID", {"manual_payment_method": "PAID_IN_ERP"})


@pytest.mark.parametrize(
    "values",
    [
        {"issued_at": "2026-07-05T00:00:00Z"},
        {"invoice_number": "x" * 85},
        {"enable_accounting_sync": False, "remote_id": "1"},
        {"use_default_vendor_contact": False},
        {"payment_method": None},
        {"line_items": [{"amount": "1.234"}]},
        {"line_items": [{"amount": "1", "accounting_field_selections": [{"field_external_id": "Category"}]}]},
        {"line_items": [{"amount": "1", "purchase_order_line_item_id": None}]},
    ],
)
def test_bill_that_breaks_a_rule_is_422(client, entity, vendor, values):
    answer = client.post("/bills", json=new_bill(entity, vendor, **values))
    assert (answer.status_code, code(answer)) == (422, "DEVELOPER_7001")


def test_bill_is_changed_and_archived(client, entity, vendor):
    bill = client.post("/bills", json=new_bill(entity, vendor)).json()
    changed = client.patch(f"/bills/{bill['id']}", json={"line_items": [{"amount": 5}, {"amount": -1}], "memo": "New"})
    assert (changed.json()["amount"]["amount"], changed.json()["memo"]) == (400, "New")
    assert client.post(f"/bills/{bill['id']}/hold", json={"reason": "Check"}).json()["status_summary"] == "ON_HOLD"
    assert client.delete(f"/bills/{bill['id']}").status_code == 204
    assert client.get(f"/bills/{bill['id']}").json()["archived_at"]
    assert [row["id"] for row in client.rows("/bills?is_archived=true")] == [bill["id"]]


def test_draft_becomes_a_bill_that_keeps_its_remote_id(ramp, client, entity, vendor):
    body = {"vendor_id": vendor, "remote_id": "odoo:2", "line_items": [{"amount": "7.00"}]}
    draft = client.post("/bills/drafts", json=body)
    assert draft.status_code == 201
    again = client.post("/bills/drafts", json=body)
    assert (again.status_code, code(again)) == (409, "DEVELOPER_7153")
    assert [row["id"] for row in client.rows("/bills/drafts?remote_id=odoo:2")] == [draft.json()["id"]]
    assert client.patch(f"/bills/drafts/{draft.json()['id']}", json={"memo": "Later"}).json()["memo"] == "Later"
    assert client.delete(f"/bills/drafts/{draft.json()['id']}").status_code == 405
    bill = client.get(f"/bills/{ramp.control.approve_draft(draft.json()['id'])}").json()
    assert (bill["remote_id"], bill["draft_bill_id"]) == ("odoo:2", draft.json()["id"])
    assert report(client, "BILL_SYNC", [bill["id"]], "draft").status_code == 201


def test_attachments(ramp, client, entity, vendor):
    bill = client.post("/bills", json=new_bill(entity, vendor)).json()

    def attach(name, kind, mimetype):
        file = {"file": (name, b"%PDF-1.4 x", mimetype)}
        return client.post(f"/bills/{bill['id']}/attachments", files=file, data={"attachment_type": kind})

    assert attach("a.pdf", "INVOICE", "application/pdf").status_code == 201
    assert attach("b.pdf", "INVOICE", "application/pdf").status_code == 400
    assert attach("c.pdf", "FILE", "application/pdf").status_code == 201
    assert attach("d.png", "FILE", "image/png").status_code == 400
    urls = client.get(f"/bills/{bill['id']}").json()["invoice_urls"]
    assert [client.get(url).content for url in urls] == [b"%PDF-1.4 x"] * 2


def test_remittance_receipt_is_a_pdf(client):
    paid = next(iter(client.rows("/bills?payment_status=PAID")))
    answer = client.get(f"/bills/{paid['id']}/remittance-receipt")
    assert (answer.headers["Content-Type"], answer.content[:4]) == ("application/pdf", b"%PDF")


# -- purchase orders and item receipts ---------------------------------------------------------------------------------


def new_order(entity, vendor, **values):
    line = {"external_id": "line:1", "unit_quantity": 50, "unit_price": "30.00", "accounting_field_selections": CODING}
    return {
        "external_id": "odoo:purchase.order:120",
        "purchase_order_number": "P00120-1",
        "currency": "USD",
        "entity_id": entity,
        "vendor_id": vendor,
        "three_way_match_enabled": True,
        "line_items": [line],
        **values,
    }


@pytest.mark.parametrize(
    ("number", "stored"),
    [
        ("PO000002", "2"),
        ("PO-000004", "4"),
        ("4", "4"),
        ("PO000004-1", "PO000004-1"),
        ("P00012-1", "P00012-1"),
        ("SPECIAL", "SPECIAL-1"),
    ],
)
def test_order_numbers_are_rewritten(number, stored):
    assert stored_number(number) == stored


def test_order_is_created_found_and_archived(ramp, client, entity, vendor):
    answer = client.post("/purchase-orders", json=new_order(entity, vendor))
    assert answer.status_code == 201
    order = answer.json()
    assert (order["amount"]["amount"], order["purchase_order_number"]) == (150_000, "P00120-1")
    query = "/purchase-orders?external_id=odoo:purchase.order:120"
    assert list(client.rows(query)) == []
    assert [row["id"] for row in client.rows(f"{query}&three_way_match_enabled=true")] == [order["id"]]
    taken = client.post("/purchase-orders", json=new_order(entity, vendor, external_id="other"))
    assert (taken.status_code, code(taken)) == (400, "DEVELOPER_7063")
    assert client.patch(f"/purchase-orders/{order['id']}", json={"vendor_id": vendor}).status_code == 422
    assert code(client.post(f"/purchase-orders/{order['id']}/archive")) == "DEVELOPER_7011"
    assert client.post(f"/purchase-orders/{order['id']}/archive", json={}).status_code == 204
    gone = client.patch(f"/purchase-orders/{order['id']}", json={"memo": "x"})
    assert (gone.status_code, code(gone)) == (404, "DEVELOPER_7002")
    again = client.post("/purchase-orders", json=new_order(entity, vendor, external_id="other"))
    assert again.status_code == 201
    assert ramp.control.effects("purchase_order.create")["purchase_order.create"] == {
        order["id"]: 1,
        again.json()["id"]: 1,
    }


def test_order_lines_and_receipts(client, entity, vendor):
    order = client.post("/purchase-orders", json=new_order(entity, vendor)).json()
    path = f"/purchase-orders/{order['id']}"
    lines = client.post(f"{path}/line-items", json={"line_items": [{"unit_quantity": 2, "unit_price": 1.5}]}).json()[
        "line_items"
    ]
    assert [line["amount"]["amount"] for line in lines] == [150_000, 300]
    assert (
        client.patch(f"{path}/line-items/{lines[1]['id']}", json={"unit_quantity": 4}).json()["amount"]["amount"]
        == 150_600
    )
    assert len(client.delete(f"{path}/line-items/{lines[1]['id']}").json()["line_items"]) == 1
    body = {
        "purchase_order_id": order["id"],
        "item_receipt_number": "WH/IN/00031",
        "received_at": "2026-08-19",
        "item_receipt_line_items": [{"purchase_order_line_item_id": lines[0]["id"], "unit_quantity": 20}],
    }
    receipt = client.post("/item-receipts", json=body)
    assert receipt.status_code == 201
    assert client.get(path).json()["receipt_status"] == "PARTIALLY_RECEIVED"
    assert [row["id"] for row in client.rows(f"/item-receipts?purchase_order_id={order['id']}")] == [
        receipt.json()["id"]
    ]
    assert client.delete(f"/item-receipts/{receipt.json()['id']}").status_code == 204
    assert client.get(path).json()["receipt_status"] == "NOT_RECEIVED"
    half = {**body, "item_receipt_line_items": [{"purchase_order_line_item_id": lines[0]["id"], "unit_quantity": 0.5}]}
    assert client.post("/item-receipts", json=half).status_code == 422


# -- taxes, entities, bank accounts ------------------------------------------------------------------------------------


def test_tax_rates_before_options(client):
    account = client.get("/accounting/accounts?code=211000").json()["data"][0]["ramp_id"]
    option = {"options": [{"id": "t8", "name": "8 %", "tax_rate_ids": ["r8"]}]}
    assert client.post("/accounting/tax/code/options", json=option).status_code == 422
    rate = {"id": "r8", "name": "8 %", "rate": "0.08"}
    assert client.post("/accounting/tax/rates", json={"tax_rates": [rate]}).status_code == 422
    rate["accounting_gl_account_id"] = account
    assert client.post("/accounting/tax/rates", json={"tax_rates": [rate]}).status_code == 201
    assert client.post("/accounting/tax/code/options", json=option).status_code == 201
    assert {row["id"] for row in client.rows("/accounting/tax/code/options")} == {"vat-15", "vat-0", "vat-21", "t8"}
    assert client.get("/accounting/tax/code").json()["name"] == "Tax"


def test_erp_entities(client):
    answer = client.post("/accounting/entities", json={"entities": [{"id": "company_1", "name": "Company"}]})
    assert (answer.status_code, answer.json()["entities"][0]["id"]) == (201, "company_1")


def test_bank_details_wait_for_approval(ramp, client, vendor):
    body = {"ach_details": {"account_number": "000123456789", "routing_number": "021000021"}}
    assert client.post(f"/vendors/{vendor}/update-bank-accounts", json=body).json()["status"] == "pending_approval"
    ramp.control.settings(bank_approval=False)
    assert client.post(f"/vendors/{vendor}/update-bank-accounts", json=body).json()["status"] == "approved"
    assert len(client.get(f"/vendors/{vendor}/accounts").json()["data"]) == 2
    assert "000123456789" not in str(ramp.control.requests())


# -- users -------------------------------------------------------------------------------------------------------------


def new_user(**values):
    names = {"first_name": "Zoë", "last_name": "New", "role": "BUSINESS_USER"}
    return {"email": "zoe@example.com", **names, "idempotency_key": "k1", "is_draft": True, **values}


def test_user_is_made_by_a_task(ramp, client):
    task = client.post("/users/deferred", json=new_user()).json()["id"]
    assert client.get(f"/users/deferred/status/{task}").json()["status"] == "IN_PROGRESS"
    done = client.get(f"/users/deferred/status/{task}").json()
    user = client.get(f"/users/{done['data']['user_id']}").json()
    assert (user["email"], user["status"]) == ("zoe@example.com", "USER_DRAFT")
    assert code(client.post("/users/deferred", json=new_user())) == "DEVELOPER_7005"
    again = client.post("/users/deferred", json=new_user(idempotency_key="k2")).json()["id"]
    client.get(f"/users/deferred/status/{again}")
    assert client.get(f"/users/deferred/status/{again}").json()["data"]["user_id"] == user["id"]
    assert "user.invite" not in ramp.control.effects()


def test_user_is_changed_deactivated_and_back(client):
    user = list(client.rows("/users"))[3]
    assert (
        client.patch(f"/users/{user['id']}", json={"first_name": "Other", "email": "x@example.com"}).status_code == 204
    )
    changed = client.get(f"/users/{user['id']}").json()
    assert (changed["first_name"], changed["email"]) == ("Other", user["email"])
    assert client.patch(f"/users/{user['id']}/deactivate").status_code == 200
    assert user["id"] not in {row["id"] for row in client.rows("/users")}
    assert client.patch(f"/users/{user['id']}/reactivate").status_code == 200
    assert user["id"] in {row["id"] for row in client.rows("/users")}


def test_location_takes_its_users_to_another_entity(ramp, client):
    europe = ramp.state.entities[1]["id"]
    office = next(iter(client.rows("/locations")))
    client.patch(f"/locations/{office['id']}", json={"name": office["name"], "entity_id": europe})
    assert {row["entity_id"] for row in client.rows("/users")} == {europe}
    assert client.post("/departments", json={"name": "Design"}).status_code == 201
