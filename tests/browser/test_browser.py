"""What people do in the browser, on a real server whose scheduled jobs do the work."""

import contextlib
import re

from playwright.sync_api import expect
from sandbox.ramp import CLIENT_ID, CLIENT_SECRET

MENUS = {"Dashboard", "Transfers", "Mappings", "Webhook Events"}
MENUS_OF_ADMINISTRATORS = {"Connections", "Flows", "Record Links", "Audit Trail"}
COMPANY = 1


def test_newcomer_connects_ramp(visit, office, tmp_path):
    """Dashboard, New, credentials, test, start: the first records arrive, and the secret is never sent back."""
    admin = visit(har=tmp_path / "answers.har")
    page = admin.page
    admin.open("ml_connector.ml_connection_action_dashboard")
    admin.button("New").click()
    page.get_by_role("radio", name="Ramp", exact=True).check()
    page.get_by_role("radio", name="Custom URL").check()
    admin.field("custom_url").fill(office.sandbox.url)
    page.get_by_label("Client ID").fill(CLIENT_ID)
    page.get_by_label("Client Secret", exact=True).fill(CLIENT_SECRET)
    admin.button("Save manually").click()
    expect(page.get_by_text("Set on")).to_be_visible()
    expect(page.get_by_label("Client Secret", exact=True)).to_have_value("")
    assert CLIENT_SECRET not in page.content()

    admin.button("Test Connection").click()
    expect(page.get_by_text("Connected as Example Industries Inc.")).to_be_visible()
    admin.button("Start Syncing").click()
    office.wait_for("SELECT 1 FROM ml_sync_log WHERE kind = 'vendor' AND state = 'done'")
    office.wait_until_quiet()
    admin.open("ml_connector.ml_connection_action_dashboard")
    card = page.locator(".o_kanban_record", has_text="Ramp")
    expect(card).to_contain_text("Connected")
    expect(card).to_contain_text("Last Success")

    # A click on the middle of the card would hit one of its counters.
    card.get_by_text("Ramp", exact=True).first.click()
    expect(page.get_by_label("Client Secret", exact=True)).to_have_value("")
    assert CLIENT_SECRET not in page.content()
    admin.close()
    answers = list(admin.answers())
    assert any(CLIENT_ID in text for _url, text in answers)
    assert [url for url, text in answers if CLIENT_SECRET in text] == []


def test_unmapped_bill_goes_on_by_itself(office, admin, connection):
    """The list shows why the bill waits; the account is filled in the mapping list; the bill is posted."""
    bill = office.add_bill("UNMAPPED-1", account="gl-68500-SAAS")
    sync_until(office, admin, bill, "waiting")
    admin.open("ml_connector.ml_sync_log_action")
    admin.expect_row("UNMAPPED-1", "Waiting", "Missing mapping: account 68500-SAAS Software Subscriptions.")
    admin.open("ml_connector.ml_mapping_action")
    admin.row("68500-SAAS").get_by_text("Choose…").click()
    admin.page.locator(".o_selected_row .o_field_widget[name=res_id] input").fill("600000")
    admin.page.get_by_role("option", name="Expenses", exact=True).click()
    admin.button("Save").click()
    (move,) = posted(office, "UNMAPPED-1")
    admin.open("ml_connector.ml_sync_log_action")
    admin.expect_no_row("UNMAPPED-1")
    admin.open("account.action_move_in_invoice_type", move)
    admin.page.locator("button[name=action_open_ml_syncs]").click()
    admin.expect_row("Vendor Bills", "UNMAPPED-1", "Done")


def test_what_waits_for_a_locked_period_is_retried_and_goes_on_when_it_is_opened(office, admin, connection):
    """The list shows why the bill waits; Retry changes nothing; the period is opened: the bill is posted."""
    bill = office.add_bill("LOCKED-1")
    with locked_period(office, admin):
        sync_until(office, admin, bill, "waiting")
        admin.open("ml_connector.ml_sync_log_action")
        admin.expect_row("LOCKED-1", "Waiting", "locked")
        admin.select_row("LOCKED-1")
        admin.button("Retry").click()
        expect(admin.page.get_by_text("Retrying 1 transfer.")).to_be_visible()
    posted(office, "LOCKED-1")
    admin.open("ml_connector.ml_sync_log_action")
    admin.expect_no_row("LOCKED-1")


def test_a_bill_is_ignored_with_a_reason(office, admin, connection):
    bill = office.add_bill("IGNORED-1")
    with locked_period(office, admin):
        log = sync_until(office, admin, bill, "waiting")
        admin.open("ml_connector.ml_sync_log_action")
        admin.select_row("IGNORED-1")
        admin.button("Ignore").click()
        admin.page.get_by_placeholder("e.g. Booked manually").fill("Booked by hand in June")
        admin.button("Ignore").click()
        admin.expect_no_row("IGNORED-1")
    admin.open("ml_connector.ml_sync_log_action", log)
    expect(admin.page.locator("[name=ignored_reason]")).to_have_text("Booked by hand in June")
    assert not office.rows("SELECT 1 FROM account_move WHERE ref = 'IGNORED-1'")


def test_dry_run_shows_counts(office, admin, connection):
    office.add_bill("DRY-1")
    admin.open("ml_connector.ml_connection_action", connection)
    admin.page.get_by_role("tab", name="Flows").click()
    cell = admin.page.get_by_role("cell", name="Vendor Bills", exact=True)
    admin.page.locator(".o_data_row", has=cell).locator("button[name=action_dry_run]").click()
    expect(admin.page.locator(".o_ml_dry_run_counts")).to_contain_text(re.compile(r"\d+ to create"))
    admin.expect_row("DRY-1", "Would Be Created")
    assert not office.rows("SELECT 1 FROM account_move WHERE ref = 'DRY-1'")


def test_every_view_for_an_administrator(admin, connection):
    assert look_at_everything(admin) >= MENUS | MENUS_OF_ADMINISTRATORS
    admin.open("base_setup.action_general_configuration")
    admin.page.locator(".settings_tab .tab", has_text="ML Connector").click()
    expect(admin.page.get_by_role("button", name="Rotate Encryption Key")).to_be_visible()


def test_every_view_for_a_user(admin, visit, connection):
    user = new_visitor(admin, visit, "user", "ml_connector.group_ml_connector_user", "account.group_account_invoice")
    seen = look_at_everything(user)
    assert seen >= MENUS
    assert not seen & MENUS_OF_ADMINISTRATORS


def test_the_app_is_not_there_for_others(admin, visit, connection):
    other = new_visitor(admin, visit, "other", "account.group_account_invoice")
    other.page.locator(".o_navbar_apps_menu button").click()
    expect(other.page.locator(".o_app", has_text="Invoicing")).to_be_visible()
    expect(other.page.locator(".o_app", has_text="ML Connector")).to_have_count(0)
    assert list(other.menus()) == []


def test_what_changed_on_both_sides_is_decided(office, admin, connection):
    """The form shows both values; the button sends Odoo's to Ramp."""
    (flow,) = admin.call("ml.flow", "search", [("key", "=", "vendors_push")], context={"active_test": False})
    admin.call("ml.flow", "write", [flow], {"active": True})
    vendor = office.control.add_vendor("Both Sides Ltd", "GB", address=address("1 Old Street"))
    admin.call("ml.connection", "action_sync_now", [connection])
    (partner,) = office.wait_for("SELECT res_id FROM ml_binding WHERE external_id = %s", vendor)
    known = office.sandbox.state.vendors.get(vendor)
    office.control.edit_vendor(vendor, address={**known.address, **address("2 Their Street")})
    admin.call("res.partner", "write", [partner], {"street": "3 Our Street"})
    statement = "SELECT id FROM ml_sync_log WHERE external_id = %s AND error_class = 'conflict'"
    (log,) = office.wait_for(statement, vendor)
    admin.open("ml_connector.ml_sync_log_action", log)
    for text in ("Conflict", "2 Their Street", "3 Our Street"):
        expect(admin.page.locator(".alert-danger")).to_contain_text(text)
    admin.button("Keep Odoo Values").click()
    office.wait_for("SELECT 1 FROM ml_sync_log WHERE id = %s AND state = 'done'", log)
    office.wait_until_quiet()
    assert known.address["address_line_1"] == "3 Our Street"


def address(street):
    return {"address_line_1": street, "city": "Leeds", "postal_code": "LS1", "country": "GB"}


def sync_until(office, admin, bill, state):
    """Press Sync now and wait until the bill came in and is in this state; the id of its row."""
    admin.open("ml_connector.ml_connection_action_dashboard")
    admin.button("Sync Now").click()
    expect(admin.page.get_by_text("Sync started.")).to_be_visible()
    return office.wait_for("SELECT id FROM ml_sync_log WHERE external_id = %s AND state = %s", bill, state)[0]


def posted(office, number):
    return office.wait_for("SELECT id FROM account_move WHERE ref = %s AND state = 'posted'", number)


@contextlib.contextmanager
def locked_period(office, admin):
    """The period of the sandbox's bills is locked meanwhile."""
    admin.call("res.company", "write", [COMPANY], {"purchase_lock_date": office.sandbox.base_date.isoformat()})
    yield
    admin.call("res.company", "write", [COMPANY], {"purchase_lock_date": False})


def new_visitor(admin, visit, login, *groups):
    """Somebody with these groups."""
    names = [group.split(".") for group in groups]
    ids = [admin.call("ir.model.data", "check_object_reference", *name)[1] for name in names]
    admin.call("res.users", "create", [{"name": login, "login": login, "password": login, "group_ids": [[6, 0, ids]]}])
    return visit(login, login)


def look_at_everything(visitor):
    """Open every menu, in each of them every kind of view, and of a record every page; the names of the menus."""
    visitor.open("ml_connector.ml_connection_action_dashboard")
    menus = list(visitor.menus())
    for path in menus:
        visitor.choose_menu(path)
        visitor.look_at_each_view()
    for path in menus:
        action = visitor.load_action(path[-1]["actionID"])
        for record in visitor.call(action["res_model"], "search", [], limit=1):
            visitor.open(action["id"], record)
            visitor.look_at_each_page()
    return {path[-1]["name"] for path in menus}
