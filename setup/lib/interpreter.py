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
        _enter_environment()
    console = importlib.import_module("lib.console")
    main = importlib.import_module("lib." + module).main
    console.command(main, sys.argv[1:])


def _enter_environment():
    chosen = _choose()
    if os.path.realpath(chosen) != os.path.realpath(sys.executable):
        _replace(chosen)
    console = importlib.import_module("lib.console")
    bootstrap = importlib.import_module("lib.bootstrap")
    _replace(console.guarded(bootstrap.virtual_environment))


def _choose():
    wanted = os.environ.get("PYTHON")
    if wanted:
        return _checked(wanted)
    if "%d.%d" % sys.version_info[:2] in SUPPORTED:
        return sys.executable
    for version in SUPPORTED:
        found, executable = _probe("python" + version)
        if found == version:
            return executable
    sys.exit("No supported Python was found: install Python 3.12 (3.11 and 3.13 do too).")


def _checked(wanted):
    version, executable = _probe(wanted)
    if version in SUPPORTED:
        return executable
    sys.exit(
        "PYTHON=%s is %s: set it to a Python 3.11, 3.12 or 3.13."
        % (wanted, "Python " + version if version else "no Python that runs")
    )


def _probe(python):
    """Return the version and the real path of an interpreter, or two empty texts."""
    try:
        output = subprocess.check_output([python, "-c", PROBE], stderr=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError):
        return "", ""
    return output.decode().splitlines()


def _replace(python):
    os.execv(python, [python] + sys.argv)
