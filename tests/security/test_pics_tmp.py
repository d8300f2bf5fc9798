from support.declared import records_of
from lib import bootstrap
def test_pics(offices):
    office = offices.a
    offices.code("""
admin = env.ref("base.user_admin")
admin.write({"group_ids": [(4, env.ref("ml_connector.group_ml_connector_manager").id), (4, env.ref("account.group_account_manager").id)]})
env.ref("base.main_company")
result = 0""")
    r = records_of(offices, office)
    evil = offices.code(f"result = env['res.partner'].create({{'name': 'Evil Ltd', 'company_id': {office.company}}}).id")
    offices.code(f"env['res.users'].browse({office.accountant.id}).name = 'Ada Accountant'; env['res.users'].browse({office.administrator.id}).name = 'Ann Administrator'; env['ml.mapping'].browse({r['ml.mapping']}).write({{'external_name': 'Honest Supplies', 'external_code': 'V001'}}); result=0")
    acc, adm = office.accountant, office.administrator
    acc.call("ml.mapping", "write", [r["ml.mapping"]], {"res_id": evil})
    acc.call("ml.mapping", "write", [r["ml.mapping"]], {"is_ignored": True})
    acc.call("ml.mapping.rule", "write", [r["ml.mapping.rule"]], {"pattern": "W*"})
    adm.call("ml.flow", "write", [r["ml.flow"]], {"post_bills": False, "interval_number": 15})
    adm.call("ml.connection", "action_pause", [office.connection])
    adm.call("ml.connection", "action_verify_attempts", [office.connection])
    offices.code(f"env['ml.connection'].browse({office.connection})._cron_run(); result = 0")
    offices.rows("UPDATE ml_sync_attempt SET message='x' WHERE sequence = 2")
    from playwright.sync_api import sync_playwright
    out = "/tmp/pics"
    import os; os.makedirs(out, exist_ok=True)
    url = offices.server.url
    with sync_playwright() as p:
        b = p.chromium.launch(executable_path=bootstrap.browser(), args=["--no-sandbox"])
        for name, size in (("desk", {"width": 1366, "height": 768}), ("phone", {"width": 390, "height": 844})):
            ctx = b.new_context(viewport=size)
            page = ctx.new_page(); page.set_default_timeout(60000)
            page.goto(url + "/web/login")
            page.fill("input[name=login]", "administrator_a"); page.fill("input[name=password]", "people"); page.click("button[type=submit]")
            page.wait_for_selector(".o_main_navbar", timeout=150000)
            def shot(label):
                page.wait_for_timeout(1500); page.screenshot(path=f"{out}/{name}_{label}.png")
            page.goto(url + "/odoo/action-ml_connector.ml_sync_attempt_action"); shot("trail")
            page.goto(url + f"/odoo/ml.mapping/{r['ml.mapping']}"); shot("mapping")
            if name == "desk":
                page.click("button:has-text('History')"); shot("history")
                page.click(".o_data_row"); shot("attempt")
                page.goto(url + f"/odoo/ml.flow/{r['ml.flow']}"); shot("flow")
                page.click("button:has-text('History')"); shot("flowhistory")
            page.goto(url + f"/odoo/ml.connection/{office.connection}"); page.wait_for_timeout(1200)
            page.click("a.nav-link:has-text('Advanced')") if page.locator("a.nav-link:has-text('Advanced')").count() else None
            shot("connection")
            print([t for t in page.locator("a.nav-link").all_inner_texts()])
            ctx.close()
        # problem
        adm.call("ml.connection", "action_verify_attempts", [office.connection])
        offices.code(f"env['ml.connection'].browse({office.connection})._cron_run(); result = 0")
        ctx = b.new_context(viewport={"width": 1366, "height": 900}); page = ctx.new_page(); page.set_default_timeout(60000)
        page.goto(url + "/web/login")
        page.fill("input[name=login]", "administrator_a"); page.fill("input[name=password]", "people"); page.click("button[type=submit]")
        page.wait_for_selector(".o_main_navbar", timeout=150000)
        page.goto(url + f"/odoo/ml.connection/{office.connection}"); page.wait_for_timeout(1500)
        for t in page.locator("a.nav-link").all():
            t.click(); page.wait_for_timeout(200)
            if page.locator("button:has-text('Verify the audit trail')").is_visible(): break
        page.locator("button:has-text('Verify the audit trail')").scroll_into_view_if_needed()
        page.wait_for_timeout(800); page.screenshot(path=f"{out}/problem.png")
        b.close()
