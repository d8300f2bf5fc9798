"""The pure parts stay free of Odoo, and of each other where the design says so."""

import ast
from pathlib import Path

import pytest

ADDON = Path(__file__).resolve().parents[2] / "ml_connector"
PURE = sorted(path for folder in ("clients", "documents", "vendors") for path in (ADDON / folder).rglob("*.py")) + [
    ADDON / "exceptions.py",
    ADDON / "tax_numbers.py",
]
VENDORS = sorted(path.name for path in (ADDON / "vendors").iterdir() if (path / "__init__.py").exists())
ENGINE = ("models", "worker", "writers", "readers", "feeds", "bridge", "controllers", "wizards")


def imported(path):
    """Absolute names of the modules that a file imports."""
    package = ("ml_connector", *path.relative_to(ADDON).parent.parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join((*base, *filter(None, [node.module])))
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def violations(paths, *forbidden):
    return [
        f"{path.relative_to(ADDON)} imports {name}"
        for path in paths
        for name in imported(path)
        if any(name == prefix or name.startswith(f"{prefix}.") for prefix in forbidden)
    ]


def test_there_is_something_to_check():
    assert {path.relative_to(ADDON).parts[0] for path in PURE} == {
        "clients",
        "documents",
        "vendors",
        "exceptions.py",
        "tax_numbers.py",
    }


def test_pure_parts_do_not_import_odoo():
    assert violations(PURE, "odoo", "psycopg2", "werkzeug", *(f"ml_connector.{name}" for name in ENGINE)) == []


def test_clients_know_nothing_of_accounting():
    clients = [path for path in PURE if path.is_relative_to(ADDON / "clients")]
    assert violations(clients, "ml_connector.core.documents", "ml_connector.providers") == []


def test_documents_import_nothing_of_the_addon():
    documents = [path for path in PURE if path.is_relative_to(ADDON / "documents")]
    others = ("clients", "vendors", "exceptions", *ENGINE)
    assert violations(documents, *(f"ml_connector.{name}" for name in others)) == []


@pytest.mark.parametrize("vendor", VENDORS)
def test_vendors_do_not_know_each_other(vendor):
    others = [name for name in VENDORS if name != vendor]
    own = [path for path in PURE if path.is_relative_to(ADDON / "vendors" / vendor)]
    assert violations(own, *(f"ml_connector.providers.{other}" for other in others)) == []


def test_odoo_finds_every_test_inside():
    """Odoo runs what the package of tests imports, and passes over the rest without a word."""
    folder = ADDON / "tests"
    found = {path.stem for path in folder.glob("test_*.py")}
    assert found == {name.rpartition(".")[2] for name in imported(folder / "__init__.py") if ".test_" in name}
