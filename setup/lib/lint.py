"""`setup/lint`: ruff, pylint with the plug-in for Odoo, Odoo's own rules, translations and words."""

import os
import sys

from . import bootstrap, console, odoo, paths, translations, words

JOBS = f"--jobs={os.cpu_count()}"
COMMANDS = ("bench", "demo", "lint", "odoo", "test", "translations")
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
# Of the rules in the addon `test_lint`, those that can apply to an addon like ours.
TEST_RULES = (
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
    """Run every check, also after one has failed."""
    if arguments:
        console.fail("setup/lint takes no arguments: it checks everything.")
    bootstrap.system("libmagic1")
    checks = {
        "ruff check": _ruff_check,
        "ruff format": _ruff_format,
        "pylint-odoo": _pylint_odoo,
        "Odoo's pylint rules": _odoo_pylint,
        "Odoo's test_lint": _odoo_test_lint,
        "translations": translations.check,
        "words": words.check,
    }
    failed = []
    for name, check in checks.items():
        console.say(f"== {name}")
        if check():
            failed.append(name)
    console.say(f"Failed: {', '.join(failed)}." if failed else "All checks passed.")
    return bool(failed)


def _python(*arguments, environment=None):
    command = [sys.executable, "-m", *map(str, arguments)]
    return console.call(command, cwd=paths.ROOT, env=environment)


def _ruff_check():
    return _python("ruff", "check", "--quiet", "--output-format=concise", *_sources())


def _ruff_format():
    return _python("ruff", "format", "--check", "--quiet", "--output-format=concise", *_sources())


def _pylint_odoo():
    # only the addon is Odoo code: the plug-in takes the `write` of any file for that of a model
    return _python("pylint", "--rcfile=.pylintrc", JOBS, paths.ADDON)


def _odoo_pylint():
    rules = _rules()
    plugins = ["_pylint_path_setup", *(path.stem for path in rules.glob("_odoo_*.py"))]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(rules), str(odoo.tree())]),
        "ADDONS_PATH": os.pathsep.join(map(str, odoo.addons_path())),
    }
    options = ["--rcfile=/dev/null", JOBS, "--disable=all,unknown-option-value", "--score=n", "--reports=n"]
    enable = f"--enable={','.join(PYLINT_RULES)}"
    load = f"--load-plugins={','.join(plugins)}"
    arguments = [*options, load, enable, paths.ADDON]
    return _python("pylint", *arguments, environment=environment)


def _odoo_test_lint():
    environment = odoo.environment()
    environment["PYTHONPATH"] += os.pathsep + str(paths.SETUP)
    rules = [_rules() / f"test_{name}.py" for name in TEST_RULES]
    options = ["-p", "lib.odoo_rules", "-c", paths.ROOT / "pytest.ini", "-q", "--disable-warnings"]
    with odoo.temporary_database("lint") as database:
        options += ["--odoo-database", database]
        return _python("pytest", *options, *rules, environment=environment)


def _rules():
    return odoo.addons_path()[-2] / "test_lint" / "tests"


def _sources():
    folders = [paths.ADDON, paths.SETUP, paths.ROOT / "tests"]
    commands = [paths.SETUP / name for name in COMMANDS]
    return [path for path in [*folders, *commands] if path.exists()]
