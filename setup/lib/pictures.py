"""Pictures of the demo for the documentation: `setup/demo --once --pictures FOLDER`."""

import io

from . import bootstrap, console, postgres
from .console import fail

SIZE = {"width": 1366, "height": 768}
ACTION = "/odoo/action-ml_connector."
SETTLE_MILLISECONDS = 1500
COLOURS = 128


def take(server, folder, addresses):
    """Save a PNG of each address (by name) into `folder`."""
    from playwright.sync_api import sync_playwright

    bootstrap.system("chromium")
    chromium = bootstrap.browser() or fail("Install Chromium. It takes the pictures.")
    folder.mkdir(parents=True, exist_ok=True)
    with console.step("Taking pictures"), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport=SIZE)
        _log_in(page, server)
        for name, address in addresses.items():
            page.goto(server.url + address)
            page.wait_for_selector(".o_view_controller, .o_form_view")
            page.wait_for_timeout(SETTLE_MILLISECONDS)
            _save(page.screenshot(), folder / f"{name}.png")
        browser.close()


def _save(content, path):
    """Save a PNG with as few colours as a screen of text needs."""
    from PIL import Image  # a requirement of Odoo's, so it is there once Odoo is

    with Image.open(io.BytesIO(content)) as image:
        image.convert("RGB").quantize(COLOURS).save(path, optimize=True)


def _log_in(page, server):
    page.goto(server.url + "/web/login")
    page.fill("input[name=login]", "admin")
    page.fill("input[name=password]", "admin")
    page.click("button[type=submit]")
    page.wait_for_selector(".o_main_navbar")


def while_unmapped():
    """The records that need a user after the first sync."""
    return {
        "dashboard": f"{ACTION}ml_connection_action_dashboard",
        "sync_logs": f"{ACTION}ml_sync_log_action",
        "mappings": f"{ACTION}ml_mapping_action",
    }


def when_clean(database):
    """The records after everything is synced."""
    ((connection,),) = postgres.query(database, "SELECT min(id) FROM ml_connection")
    ((bill,),) = postgres.query(
        database,
        """
        SELECT l.res_id FROM ml_sync_log l JOIN account_move m ON m.id = l.res_id
         WHERE l.kind = 'bill' AND m.payment_state = 'paid' AND m.currency_id = 1
         ORDER BY l.id LIMIT 1
        """,
    )
    return {
        "connection": f"{ACTION}ml_connection_action/{connection}",
        "bill": f"/odoo/account.move/{bill}",
    }
