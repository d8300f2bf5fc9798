"""The tests from outside import `sandbox` and `support` from this folder."""

import sys
from pathlib import Path

collect_ignore = ["addons"]
"""Addons are tested inside Odoo."""
FOLDER = str(Path(__file__).parent)

if FOLDER not in sys.path:
    sys.path.insert(0, FOLDER)


def pytest_collection_modifyitems(items):
    """The quick files last: while one core does a long one, the others have something left to do."""
    items.sort(key=lambda item: "unit" in item.path.parts)
