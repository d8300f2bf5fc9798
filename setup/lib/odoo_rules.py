"""The rules of Odoo's own addon `test_lint` for our addon: python -m lib.odoo_rules pylint|pytest.

This module is a plug-in of pytest too, which shows those rules no other addon.
"""

import os
import sys

from . import console, odoo, paths

PYLINT_RULES = (
    "eval-used",
    "function-redefined",
    "gettext-placeholders",
    "gettext-repr",
    "gettext-variable",
    "missing-gettext",
    "raise-unlink-override",
    "sql-injection",
    "undefined-variable",
    "unreachable",
    "used-before-assignment",
)
# Those that can apply to an addon like ours.
PYTEST_RULES = (
    "docstring",
    "dunderinit",
    "i18n",
    "index",
    "jstranslate",
    "manifests",
    "naming",
    "onchange_domains",
    "orm_import",
    "override_signatures",
    "pofile",
    "routes",
    "test_holes",
)


def main(arguments):
    """Check with one of the two tools."""
    rules = odoo.addons_path()[-2] / "test_lint" / "tests"
    return {"pylint": _pylint, "pytest": _pytest}[arguments[0]](rules)


def _pylint(rules):
    plugins = ["_pylint_path_setup", *(path.stem for path in rules.glob("_odoo_*.py"))]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(rules), str(odoo.tree())]),
        "ADDONS_PATH": os.pathsep.join(map(str, odoo.addons_path())),
    }
    options = ["--rcfile=/dev/null", "--jobs=0", "--disable=all,unknown-option-value", "--score=n", "--reports=n"]
    options += [f"--load-plugins={','.join(plugins)}", f"--enable={','.join(PYLINT_RULES)}"]
    return console.call([sys.executable, "-m", "pylint", *options, paths.ADDON], env=environment)


def _pytest(rules):
    options = ["-p", "lib.odoo_rules", "-c", paths.ROOT / "pytest.ini", "-q", "--disable-warnings"]
    with odoo.temporary_database("lint") as database:
        options += ["--odoo-database", database, *(rules / f"test_{name}.py" for name in PYTEST_RULES)]
        return console.call([sys.executable, "-m", "pytest", *options], env=odoo.environment())


def pytest_configure(config):
    """Narrow the lists of addons before the rules import them."""
    import odoo.modules

    manifest = odoo.modules.Manifest
    manifest.all_addon_manifests = staticmethod(lambda: [manifest.for_addon(paths.ADDON.name)])
    odoo.modules.get_modules = lambda: [paths.ADDON.name]


if __name__ == "__main__":
    console.command(main, sys.argv[1:])
