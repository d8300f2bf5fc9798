"""The pure parts stay free of Odoo, and of each other where the design says so."""

import ast
from pathlib import Path

import pytest

ADDON = Path(__file__).resolve().parents[2] / "ml_connector"
PURE = sorted(path for folder in ("core", "providers") for path in (ADDON / folder).rglob("*.py"))
PROVIDERS = sorted(path.name for path in (ADDON / "providers").iterdir() if (path / "__init__.py").exists())
ODOO_SIDE = ("models", "engine", "importers", "exporters", "vault", "controllers", "wizards")


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
    assert {path.relative_to(ADDON).parts[0] for path in PURE} == {"core", "providers"}
    assert len(PROVIDERS) == 4


def test_pure_parts_do_not_import_odoo():
    assert violations(PURE, "odoo", "psycopg2", "werkzeug", *(f"ml_connector.{name}" for name in ODOO_SIDE)) == []


def test_the_core_knows_no_provider():
    core = [path for path in PURE if path.is_relative_to(ADDON / "core")]
    assert violations(core, "ml_connector.providers") == []


@pytest.mark.parametrize("subject", ["http", "files"])
def test_protocols_know_nothing_of_accounting(subject):
    """Files are read into the documents of files, which hold texts and know no subject."""
    own = [path for path in PURE if path.is_relative_to(ADDON / "core" / subject)]
    subjects = [
        path.stem for path in (ADDON / "core" / "documents").glob("*.py") if path.stem not in ("__init__", "feed")
    ]
    assert violations(own, *(f"ml_connector.core.documents.{name}" for name in subjects)) == []


def test_documents_import_nothing_of_the_addon():
    documents = [path for path in PURE if path.is_relative_to(ADDON / "core" / "documents")]
    outside = [
        name
        for path in documents
        for name in imported(path)
        if name.startswith("ml_connector.") and not name.startswith("ml_connector.core.documents")
    ]
    assert outside == []


@pytest.mark.parametrize("provider", PROVIDERS)
def test_providers_do_not_know_each_other(provider):
    others = [name for name in PROVIDERS if name != provider]
    own = [path for path in PURE if path.is_relative_to(ADDON / "providers" / provider)]
    assert violations(own, *(f"ml_connector.providers.{other}" for other in others)) == []


def test_odoo_finds_every_test_inside():
    """Odoo runs what the package of tests imports, and passes over the rest without a word."""
    folder = ADDON / "tests"
    found = {path.stem for path in folder.glob("test_*.py")}
    assert found == {name.rpartition(".")[2] for name in imported(folder / "__init__.py") if ".test_" in name}


def models_of(path):
    """(name, inherited names) of the models that a file defines or extends."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef):
            values = {
                part.targets[0].id: ast.literal_eval(part.value)
                for part in node.body
                if isinstance(part, ast.Assign) and getattr(part.targets[0], "id", "") in ("_name", "_inherit")
            }
            inherited = values.get("_inherit", [])
            yield values.get("_name"), [inherited] if isinstance(inherited, str) else inherited


def test_one_file_holds_one_whole_model():
    """`_inherit` is for other people's addons: the definition of a model of ours names all its parts."""
    found = [
        (name or inherited[0], path.relative_to(ADDON), name in (None, *inherited))
        for folder in ODOO_SIDE
        for path in sorted((ADDON / folder).rglob("*.py"))
        for name, inherited in models_of(path)
        if name or inherited
    ]
    ours = [(name, path, is_extension) for name, path, is_extension in found if name.startswith("ml.")]
    assert [row for row in ours if row[2]] == []
    names = [name for name, _path, is_extension in ours if not is_extension]
    assert sorted(names) == sorted(set(names))
