"""Paths. Everything that the commands create is in `.runtime/`."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ADDON = ROOT / "ml_connector"
SETUP = ROOT / "setup"
RUNTIME = ROOT / ".runtime"
LOG = RUNTIME / "log"
