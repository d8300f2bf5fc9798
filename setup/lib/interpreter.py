"""The way into every command: a supported Python, then the virtual environment.

This file has to run on any Python 3, so that an old one prints a sentence and no
syntax error.
"""

import importlib
import os
import subprocess
import sys

SUPPORTED = ("3.12", "3.13", "3.11")
PROBE = "import sys; print('%d.%d' % sys.version_info[:2]); print(sys.executable)"


def enter(module):
    """Run `main(arguments)` of a module of this package in the virtual environment."""
    if not os.path.exists(os.path.join(sys.prefix, ".ml_connector")):
        chosen = _choose()
        if os.path.realpath(chosen) != os.path.realpath(sys.executable):
            _replace(chosen)
        console = importlib.import_module("lib.console")
        _replace(console.guarded(importlib.import_module("lib.bootstrap").virtual_environment))
    console = importlib.import_module("lib.console")
    console.command(importlib.import_module("lib." + module).main, sys.argv[1:])


def _choose():
    wanted = os.environ.get("PYTHON")
    for python in [wanted] if wanted else [sys.executable] + ["python" + version for version in SUPPORTED]:
        try:
            version, executable = subprocess.check_output([python, "-c", PROBE], stderr=subprocess.DEVNULL).split()
        except (OSError, ValueError, subprocess.CalledProcessError):
            continue
        if version.decode() in SUPPORTED:
            return executable.decode()
    sys.exit(
        "%s: install Python 3.12 (3.11 and 3.13 do too)."
        % ("PYTHON=%s is no supported Python" % wanted if wanted else "No supported Python was found")
    )


def _replace(python):
    os.execv(python, [python] + sys.argv)
