"""A pytest plugin that shows Odoo's own `test_lint` no other addon than ours."""

import odoo.modules
from odoo.modules import Manifest

from .paths import ADDON


def pytest_configure(config):
    """Narrow the lists of addons before the rules import them."""
    Manifest.all_addon_manifests = staticmethod(lambda: [Manifest.for_addon(ADDON.name)])
    odoo.modules.get_modules = lambda: [ADDON.name]
