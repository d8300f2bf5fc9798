"""The demo and the benchmarks call nothing of the sandboxes' control interface that no sandbox has."""

import re
from pathlib import Path

import pytest
from sandbox.concur.control import ConcurControl
from sandbox.ramp.control import RampControl
from sandbox.stampli import StampliSandbox
from sandbox.visma.control import VismaControl

SETUP = Path(__file__).resolve().parents[2] / "setup"
CALL = re.compile(r"""\bcontrol\(\s*(?:\w+(?:\.\w+)?(?:\["\w+"\])?,\s*)?"(\w+)\"""")
CALLED = sorted(
    {
        name
        for folder in ("benchmarks", "demo_data", "lib")
        for path in (SETUP / folder).glob("*.py")
        for name in CALL.findall(path.read_text())
    }
)


def test_calls_are_found():
    assert {"add_reports", "add_bill", "pay", "account", "invoices"} <= set(CALLED)


@pytest.mark.parametrize("name", CALLED)
def test_a_sandbox_has(name):
    assert any(hasattr(control, name) for control in (ConcurControl, RampControl, VismaControl, StampliSandbox))
