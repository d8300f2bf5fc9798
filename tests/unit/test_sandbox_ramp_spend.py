"""Card transactions, reimbursements, statements, credits and receipts."""

from decimal import Decimal

from sandbox.ramp import RampSandbox
from sandbox_ramp_support import Client, code, quick, report

pytest_plugins = "sandbox_ramp_fixtures"


def test_every_read_of_the_demo_answers_within_the_contract():
    with RampSandbox(size="demo", seat="api", settings=quick()) as ramp:
        client = Client(ramp)
        for path in (
            "/transactions",
            "/reimbursements",
            "/transfers",
            "/cashbacks",
            "/statements",
            "/receipts",
            "/purchase-orders",
            "/item-receipts",
            "/users",
            "/departments",
            "/locations",
            "/bank-accounts",
            "/vendors/credits",
        ):
            rows = list(client.rows(f"{path}?page_size=100"))
            assert rows, path
            for row in rows:
                assert client.get(f"{path}/{row['id']}").json()["id"] == row["id"]
        for path in ("/memos", "/repayments", "/accounting/tax/rates", "/accounting/tax/code/options"):
            assert list(client.rows(f"{path}?page_size=100")), path
        assert client.get("/accounting/tax/code").status_code == 200
        assert ramp.control.violations() == []


def test_transactions_leave_out_what_was_declined(client):
    states = {row["state"] for row in client.rows("/transactions?page_size=100")}
    assert "DECLINED" not in states
    ready = list(client.rows("/transactions?sync_status=SYNC_READY&page_size=100"))
    assert {row["sync_status"] for row in ready} == {"SYNC_READY"}
    ordered = [row["amount"] for row in client.rows("/transactions?order_by_amount_desc=true&page_size=5")]
    assert ordered == sorted(ordered, reverse=True)
    assert client.get("/transactions?order_by_amount_desc=true&order_by_date_asc=true").status_code == 422


def test_amount_of_a_transaction_is_in_major_units(ramp, client):
    row = next(iter(client.rows("/transactions")))
    assert Decimal(str(row["amount"])) * 100 == ramp.state.transactions.get(row["id"]).amount
    refund = next(row for row in client.rows("/transactions") if row["amount"] < 0)
    assert refund["original_transaction_id"]


def test_each_kind_of_spend_is_synced_once(ramp, client):
    kinds = {
        "TRANSACTION_SYNC": "/transactions",
        "REIMBURSEMENT_SYNC": "/reimbursements",
        "TRANSFER_SYNC": "/transfers",
        "STATEMENT_CREDIT_SYNC": "/cashbacks",
    }
    for kind, path in kinds.items():
        row = next(iter(client.rows(f"{path}?sync_status=SYNC_READY")))
        assert report(client, kind, [row["id"]], kind).status_code == 201
        assert client.get(f"{path}/{row['id']}").json()["sync_status"] == "SYNCED"
        assert code(report(client, kind, [row["id"]], f"{kind} again")) == "DEVELOPER_7062"
        assert ramp.control.effects(kind) == {kind: {row["id"]: 1}}


def test_transaction_is_coded_by_ramp_ids_and_made_ready(ramp, client):
    transaction = ramp.control.add_transaction("12.34", ready=False)
    field = client.get("/accounting/fields?remote_id=project").json()["data"][0]["ramp_id"]
    option = client.get(f"/accounting/field-options?field_id={field}").json()["data"][0]
    selection = {"accounting_field_id": field, "accounting_field_option_id": option["ramp_id"]}
    body = {"object_id": transaction, "object_type": "TRANSACTION", "accounting_coding_selections": [selection]}
    assert client.post("/accounting/codings", json=body).status_code == 201
    ready = {"object_type": "TRANSACTION", "object_ids": [transaction]}
    assert client.post("/accounting/ready-to-sync", json=ready).status_code == 204
    shown = client.get(f"/transactions/{transaction}").json()
    assert shown["sync_status"] == "SYNC_READY"
    assert shown["line_items"][0]["accounting_field_selections"][0]["external_id"] == option["id"]


def test_memo_and_receipt_of_a_transaction(ramp, client):
    transaction = ramp.control.add_transaction("5")
    assert client.post(f"/memos/{transaction}", json={"memo": "Lunch"}).json() == {"id": transaction, "memo": "Lunch"}
    user = client.get(f"/transactions/{transaction}").json()["card_holder"]["user_id"]
    form = {"idempotency_key": "r1", "user_id": user, "transaction_id": transaction}
    created = client.post("/receipts", data=form, files={"receipt": ("r.pdf", b"%PDF-1.4", "application/pdf")})
    assert created.status_code == 201
    receipt = client.get(f"/receipts/{created.json()['id']}").json()
    assert client.get(receipt["receipt_url"]).content == b"%PDF-1.4"
    assert client.get(f"/transactions/{transaction}").json()["receipts"] == [receipt["id"]]


def test_statement_sums_up_what_it_lists():
    with RampSandbox(size="demo", seat="api", settings=quick()) as ramp:
        client = Client(ramp)
        first, second = client.rows("/statements")
        for shown in (first, second):
            rows = list(client.rows(f"/transactions?statement_id={shown['id']}&page_size=100"))
            charges = sum(Decimal(str(row["amount"])) for row in rows if row["amount"] > 0)
            assert charges * 100 == shown["charges"]["amount"]
            moves = [
                shown[name]["amount"]
                for name in ("opening_balance", "charges", "credits", "payments", "ending_balance")
            ]
            assert moves[0] + moves[1] - moves[2] - moves[3] == moves[4]
        assert second["opening_balance"] == first["ending_balance"]
        paid = next(iter(client.rows(f"/transfers?statement_id={second['id']}")))
        assert paid["amount"] == first["ending_balance"]


def test_reimbursements_default_to_what_the_company_owes(client):
    assert {row["direction"] for row in client.rows("/reimbursements")} == {"BUSINESS_TO_USER"}


def test_card_payments_of_bills_in_the_feed_or_not():
    for in_feed, status in ((False, "NOT_SYNC_READY"), (True, "SYNC_READY")):
        with RampSandbox(size="demo", settings=quick(), card_payments_in_feed=in_feed) as ramp:
            paid = next(bill for bill in ramp.state.bills if bill.payment and bill.payment.method == "ONE_TIME_CARD")
            transaction = ramp.state.transactions.get(paid.payment.details["transaction_ids"][0])
            assert (transaction.sync_status, transaction.amount) == (status, paid.amount)


def test_reimbursement_made_by_a_test_is_ready(ramp, client):
    made = ramp.control.add_reimbursement("42.00", coding=[["gl", "66200-TRAVEL"]])
    shown = client.get(f"/reimbursements/{made}").json()
    assert (shown["entity_amount"], shown["sync_status"]) == ({"currency": "USD", "value": 4200}, "SYNC_READY")
    assert made in {row["id"] for row in ramp.control.objects("reimbursements")}
