"""`setup/lint`: all hooks of `.pre-commit-config.yaml`, or one program of the environment, as the hooks call it."""

import os
import sys
from pathlib import Path

from . import bootstrap, console, paths

ALL = ("pre-commit", "run", "--all-files", "--color=auto", "--show-diff-on-failure")


def main(arguments):
    """Run the hooks, or the program that the arguments name."""
    environment = {
        **os.environ,
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])),
        "PYTHONPATH": str(paths.SETUP),
        "PRE_COMMIT_HOME": str(paths.RUNTIME / "pre-commit"),
        # in a container the checkout may belong to another user
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": str(paths.ROOT),
    }
    if arguments:
        os.execvpe(arguments[0], arguments, environment)
    bootstrap.system("libmagic1")
    return console.call(ALL, cwd=paths.ROOT, env=environment)
