"""The documentation names files that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = (ROOT / "README.rst", ROOT / "CONTRIBUTING.rst", *sorted((ROOT / "docs").glob("*.rst")))


def test_every_named_file_exists():
    known = {path.name for folder in ("ml_connector", "tests", "setup") for path in (ROOT / folder).rglob("*.*")}
    named = {
        (page.name, path) for page in PAGES for path in re.findall(r"``([\w./-]+\.(?:py|xml|js))``", page.read_text())
    }
    assert named, "The documentation names no files any more."
    lost = {
        (page, path)
        for page, path in named
        if not any((base / path).exists() for base in (ROOT, ROOT / "ml_connector"))
        and ("/" in path or path not in known)
    }
    assert not lost
