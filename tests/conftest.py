"""The tests from outside import `sandbox` and `support` from this folder."""

import sys
from pathlib import Path

FOLDER = str(Path(__file__).parent)

if FOLDER not in sys.path:
    sys.path.insert(0, FOLDER)
