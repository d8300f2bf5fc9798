"""A person at a browser: a Chromium context that is logged in, and what went wrong in it."""

import json
import re

from playwright.sync_api import expect

from lib import console, paths

APP = "ml_connector.ml_connector_menu_root"
MILLISECONDS = 30_000
expect.set_options(timeout=MILLISECONDS)


class Visitor:
    """
    :param har: file to which everything is recorded that the server sends
    :ivar page: the page, for whatever is not here
    :ivar problems: errors of JavaScript, of the console and of the server that the page met
    """

    def __init__(self, browser, server, har=None):
        self.url = server.url
        self._har = har
        self._context = browser.new_context(
            viewport={"width": 1366, "height": 900}, reduced_motion="reduce", record_har_path=har
        )
        self._context.set_default_timeout(MILLISECONDS)
        self.page = self._context.new_page()
        self.problems = []
        self.page.on("pageerror", lambda error: self.problems.append(f"JavaScript: {error}"))
        self.page.on("console", self._note_console)
        self.page.on("response", self._note_response)

    def _note_console(self, message):
        if message.type == "error":
            self.problems.append(f"console: {message.text}")

    def _note_response(self, response):
        if response.status >= 400:
            self.problems.append(f"{response.status}: {response.url}")

    def close(self):
        self._context.close()

    def answers(self):
        """Address and text of everything that the server sent; once the visitor is closed."""
        for entry in json.loads(self._har.read_text())["log"]["entries"]:
            yield entry["request"]["url"], entry["response"]["content"].get("text", "")

    def take_picture(self, name):
        path = paths.LOG / f"browser-{name}.png"
        self.page.screenshot(path=path)
        console.say(f"What the browser showed: {console.shown(path)}")

    # -- going somewhere ---------------------------------------------------------------------------------------------

    def log_in(self, login, password):
        self.page.goto(f"{self.url}/web/login")
        self.page.fill("input[name=login]", login)
        self.page.fill("input[name=password]", password)
        self.page.click("button[type=submit]")
        self.page.wait_for_selector(".o_main_navbar")

    def open(self, action, record=None):
        """Open an action by its address, or one of its records."""
        self.page.goto(f"{self.url}/odoo/action-{action}" + (f"/{record}" if record else ""))
        self.page.wait_for_selector(".o_form_view" if record else ".o_view_controller")

    def menus(self):
        """Menus of the app that have an action, in their order: each as a list of menus from the section down."""
        menus = self._get("/web/webclient/load_menus")
        root = next((menu for menu in menus.values() if menu["xmlid"] == APP), None)
        for section in [menus[str(child)] for child in root["children"]] if root else []:
            children = [menus[str(child)] for child in section["children"]]
            yield from [[section, child] for child in children] if children else [[section]]

    def choose_menu(self, path):
        """Choose one of the `menus`."""
        for menu in path:
            self.page.locator(f"[data-menu-xmlid='{menu['xmlid']}']").click()
        self.page.locator(".o_last_breadcrumb_item", has_text=path[-1]["name"]).wait_for()

    def look_at_each_view(self):
        """Switch to each kind of view that the action offers."""
        switches = self.page.locator(".o_switch_view")
        for number in range(switches.count()):
            switches.nth(number).click()
            expect(switches.nth(number)).to_have_class(re.compile(r"\bactive\b"))
            self.expect_no_dialog()

    def look_at_each_page(self):
        """Open every page of the form."""
        tabs = self.page.locator(".o_notebook_headers .nav-link")
        for number in range(tabs.count()):
            tabs.nth(number).click()
            self.expect_no_dialog()

    def expect_no_dialog(self):
        """Nothing interrupts, as the dialog of an error of the server would."""
        expect(self.page.locator(".modal")).to_have_count(0)

    # -- doing something ---------------------------------------------------------------------------------------------

    def button(self, name):
        """The visible button of that name, in the dialog when there is one."""
        dialog = self.page.locator(".modal-content")
        place = dialog if dialog.count() else self.page.locator(".o_action_manager")
        return place.get_by_role("button", name=name, exact=True).locator("visible=true").first

    def field(self, name):
        """The input of a field of the form."""
        return self.page.locator(f".o_form_view .o_field_widget[name={name}] input")

    def row(self, text):
        """The row of a list that has this text."""
        return self.page.locator(".o_data_row", has_text=text)

    def expect_row(self, text, *parts):
        """The row is there, with these texts in it."""
        for part in parts:
            expect(self.row(text)).to_contain_text(part)

    def expect_no_row(self, text):
        """The list is there, without such a row."""
        self.expect_no_dialog()
        expect(self.page.locator(".o_list_renderer")).to_be_visible()
        expect(self.row(text)).to_have_count(0)

    def select_row(self, text):
        self.row(text).locator(".o_list_record_selector input").check()

    def call(self, model, method, *arguments, **options):
        """Call a method of a model as the page does."""
        parameters = {"model": model, "method": method, "args": arguments, "kwargs": options}
        return self._post(f"/web/dataset/call_kw/{model}/{method}", parameters)

    def load_action(self, action):
        return self._post("/web/action/load", {"action_id": action})

    def _get(self, path):
        return self.page.request.get(self.url + path).json()

    def _post(self, path, parameters):
        answer = self.page.request.post(self.url + path, data={"params": parameters}).json()
        assert "error" not in answer, answer["error"]["data"]["message"]
        return answer.get("result")
