"""The pure parts of the addon, imported without Odoo.

`ml_connector/__init__.py` imports the models and with them Odoo. A stub package of the same name and path stands in for
it, so that `ml_connector.core.http` and its like are found without running it.
"""

import sys
import types
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

if "ml_connector" not in sys.modules:
    stub = types.ModuleType("ml_connector")
    stub.__path__ = [str(ROOT / "ml_connector")]
    sys.modules["ml_connector"] = stub
