"""Installs system packages and Python packages that the machine lacks."""

import contextlib
import ctypes.util
import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path

from . import console
from .console import fail
from .paths import LOG, RUNTIME, SETUP

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
LOCK = SETUP / "requirements" / "lock.txt"
"""The packages to install, with the hashes of their files. `setup/requirements/lock` renews it."""
NODE_LOCK = SETUP / "requirements" / "package-lock.json"
"""The same of npm; `npm install --package-lock-only --omit-lockfile-registry-resolved` there renews it."""
BROWSERS = ("google-chrome", "google-chrome-stable", "chromium", "chromium-browser")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


class _Lock:
    """One command at a time changes `.runtime`; another one waits for it."""

    def __init__(self):
        self._thread = threading.RLock()
        self._depth = 0
        self._file = None

    def __enter__(self):
        self._thread.acquire()
        self._depth += 1
        if self._depth == 1:
            self._acquire_file()

    def __exit__(self, *_error):
        self._depth -= 1
        if self._depth == 0:
            self._file.close()
        self._thread.release()

    def _acquire_file(self):
        LOG.mkdir(parents=True, exist_ok=True)
        self._file = (RUNTIME / "lock").open("w")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with console.step("Waiting for another command that sets things up"):
                fcntl.flock(self._file, fcntl.LOCK_EX)


lock = _Lock()


def fingerprint(*parts):
    """Return a short name for the content of the given texts."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:10]


def read(path):
    """Return the text of a file, or None when there is none."""
    with contextlib.suppress(FileNotFoundError):
        return path.read_text()


# System packages


def browser():
    """Return the path of a Chromium or Chrome that runs, or None."""
    for name in BROWSERS:
        path = shutil.which(name)
        # Ubuntu's package is a script that only prints how to install the real one.
        if path and _succeeds(path, "--version"):
            return path


def sshd():
    """Return the path of OpenSSH's server, or None."""
    return shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")


def initdb():
    """Return the path of the newest PostgreSQL's `initdb`, or None."""
    folders = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(folders, key=lambda path: float(path.parts[-3]), default=None)
    return newest or shutil.which("initdb")


PROBES = {
    "postgresql": initdb,
    "chromium": browser,
    "openssh-server": sshd,
    "libmagic1": lambda: ctypes.util.find_library("magic"),
    "debian-archive-keyring": KEYRING.exists,
    "nodejs": lambda: shutil.which("node"),
    "npm": lambda: shutil.which("npm"),
    f"python{VERSION}-venv": lambda: importlib.util.find_spec("ensurepip"),
}


def system(*packages):
    """Install those of the named Debian packages whose programs are missing."""
    missing = [package for package in packages if not PROBES[package]()]
    if not missing:
        return
    names = " ".join(missing)
    advice = f"Install these packages, then start again: {names}."
    with lock, console.step(f"Installing {names}"):
        apt = [*_as_root(names), "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
        console.run([*apt, "update"], "apt", advice)
        options = ["-y", "--no-install-recommends", "-oDPkg::Lock::Timeout=300"]
        console.run([*apt, "install", *options, *missing], "apt", advice)
    for package in missing:
        if not PROBES[package]():
            fail(f"{package} is installed but does not run. Install it another way.")


def _as_root(names):
    if not shutil.which("apt-get"):
        fail(f"Install what Debian calls {names}, then start again.")
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and (sys.stdin.isatty() or _succeeds("sudo", "-n", "true")):
        return ["sudo"]
    fail(f"Run this as root, then start again: apt-get install {names}")


def _succeeds(*command):
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


# Python packages


def virtual_environment():
    """Make or renew the virtual environment of this Python; return its interpreter."""
    folder = RUNTIME / f"venv-{VERSION}"
    python = folder / "bin" / "python"
    stamp = folder / ".ml_connector"
    wanted = fingerprint(LOCK.read_text())
    with lock:
        works = stamp.exists() and os.access(python, os.X_OK)
        if works and stamp.read_text() == wanted:
            return str(python)
        system(f"python{VERSION}-venv")
        with console.step(f"Installing the Python packages for Python {VERSION}"):
            # Without its stamp an environment was interrupted, and is created again.
            stamp.unlink(missing_ok=True)
            _install(folder, python, anew=not works)
            stamp.write_text(wanted)
    return str(python)


def _install(folder, python, anew):
    def run(*command):
        console.run(command, "packages", "The Python packages could not be installed: check the network.")

    if anew:
        run(sys.executable, "-m", "venv", "--clear", folder)
    # pip installs uv, which installs the rest, and removes what is no longer locked
    own = folder / "uv.txt"
    own.write_text(re.search(r"^uv==.*?(?=^\S)", LOCK.read_text(), re.MULTILINE | re.DOTALL)[0])
    run(python, "-m", "pip", "install", "--quiet", "--require-hashes", f"--requirement={own}")
    run(folder / "bin" / "uv", "pip", "sync", "--require-hashes", "--compile-bytecode", f"--python={python}", LOCK)


# Packages of npm


def node_modules():
    """Install the npm packages of the tests; return their folder."""
    content = NODE_LOCK.read_text()
    folder = RUNTIME / f"node-{fingerprint(content)}"
    if folder.exists():
        return folder
    with lock:
        if folder.exists():
            return folder
        system("nodejs", "npm")
        with console.step("Installing the packages of npm"):
            part = RUNTIME / "node-part"
            for old in RUNTIME.glob("node-*"):
                shutil.rmtree(old)
            part.mkdir()
            for path in (NODE_LOCK, NODE_LOCK.with_name("package.json")):
                shutil.copy(path, part)
            options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", f"--prefix={part}"]
            console.run(
                ["npm", "ci", *options], "npm", "The packages of npm could not be installed: check the network."
            )
            part.rename(folder)
    return folder
