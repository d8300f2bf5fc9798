"""Pictures of the demo for the documentation: `setup/demo --once --pictures FOLDER`."""

from . import bootstrap, console, postgres
from .console import fail

SIZE = {"width": 1366, "height": 768}
ACTION = "/odoo/action-ml_connector."
SETTLE_MILLISECONDS = 1500


def take(server, folder, addresses):
    """Save a PNG of each address (by name) into `folder`."""
    from playwright.sync_api import sync_playwright

    bootstrap.system("chromium")
    chromium = bootstrap.browser() or fail("Install Chromium: the pictures are taken with it.")
    folder.mkdir(parents=True, exist_ok=True)
    with console.step("Taking pictures"), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport=SIZE)
        _log_in(page, server)
        for name, address in addresses.items():
            page.goto(server.url + address)
            page.wait_for_selector(".o_view_controller, .o_form_view")
            page.wait_for_timeout(SETTLE_MILLISECONDS)
            page.screenshot(path=folder / f"{name}.png")
        browser.close()


def _log_in(page, server):
    page.goto(server.url + "/web/login")
    page.fill("input[name=login]", "admin")
    page.fill("input[name=password]", "admin")
    page.click("button[type=submit]")
    page.wait_for_selector(".o_main_navbar")


def while_unmapped():
    """What waits for a person after the first sync."""
    return {"sync_logs": f"{ACTION}ml_sync_log_action", "mappings": f"{ACTION}ml_mapping_action"}


def when_clean(database):
    """What is there when everything is synced."""
    ((connection,),) = postgres.query(database, "SELECT min(id) FROM ml_connection")
    ((flow,),) = postgres.query(database, "SELECT min(id) FROM ml_flow WHERE key = 'bills'")
    ((log, bill),) = postgres.query(
        database,
        """
        SELECT l.id, l.res_id FROM ml_sync_log l JOIN account_move m ON m.id = l.res_id
         WHERE l.kind = 'bill' AND m.payment_state = 'paid' AND m.currency_id = 1
         ORDER BY l.id LIMIT 1
        """,
    )
    return {
        "dashboard": f"{ACTION}ml_connection_action_dashboard",
        "connection": f"{ACTION}ml_connection_action/{connection}",
        "flow": f"{ACTION}ml_flow_action/{flow}",
        "sync_log": f"{ACTION}ml_sync_log_action/{log}",
        "bill": f"/odoo/account.move/{bill}",
    }
