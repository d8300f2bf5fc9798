"""Odoo itself: its configuration, databases in seconds, and running servers.

odoo.new_database("test_sync")
with odoo.with_server("test_sync", workers=2) as server:
    requests.get(server.url + "/web/login")
odoo.drop_database("test_sync")
"""

import ast
import configparser
import contextlib
import dataclasses
import functools
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from . import bootstrap, console, paths, postgres
from .console import fail
from .tree import odoo_tree, version

DATA = paths.RUNTIME / "data"
MODULE = paths.ADDON.name
COMMAND = (sys.executable, "-m", "odoo")
TEMPLATE_PREFIX = "template_"
SANDBOXES = {"ML_CONNECTOR_ALLOW_LOOPBACK": "1"}
"""Lets the addon call the provider sandboxes, which are on this machine."""
START_SECONDS = 180
STOP_SECONDS = 20


# Configuration


@functools.cache
def tree():
    """Return the folder that holds the Python package `odoo`."""
    return odoo_tree()


def addons_path():
    """Return the folders with Odoo's addons and ours."""
    own = [tree() / "addons", tree() / "odoo" / "addons"]
    return [*(folder for folder in own if folder.is_dir()), paths.ROOT]


def environment():
    """Return the environment in which Python finds Odoo and its configuration."""
    # Odoo's thousand files are compiled once, also if Python is set to write no bytecode.
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    path = os.pathsep.join((str(tree()), str(paths.SETUP)))
    own = {"PYTHONPATH": path, "PYTHONPYCACHEPREFIX": str(paths.RUNTIME / "pycache"), "ODOO_RC": str(config())}
    return {**inherited, **SANDBOXES, **own}


def config(name="odoo", **options):
    """Write a configuration file with additional `options`; return its path."""
    where = postgres.address()
    settings = {
        "addons_path": ",".join(map(str, addons_path())),
        "data_dir": DATA,
        "db_host": where.host,
        "db_port": where.port,
        "db_user": where.user,
        "db_password": where.password or False,
        "http_interface": "127.0.0.1",
        "without_demo": True,
        **options,
    }
    parser = configparser.RawConfigParser()
    parser["options"] = {key: str(value) for key, value in settings.items()}
    path = paths.RUNTIME / "conf" / f"{name}.conf"
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}")
    with part.open("w") as file:
        os.chmod(part, 0o600)
        parser.write(file)
    part.replace(path)
    return path


# Running Odoo


def run(database, *arguments, log=None):
    """Run Odoo's command line on a database until it ends."""
    command = [*COMMAND, "-d", database, f"--http-port={_free_port()}", *arguments]
    console.run(command, log or f"odoo-{database}", "Odoo did not finish.", env=environment(), cwd=paths.ROOT)


def shell(database, script, *arguments):
    """Run Python code that has `env` in `odoo shell`; return what it prints."""
    options = ["-d", database, "--no-http", "--log-level=error", "--shell-interface=python", *arguments]
    command = [*COMMAND, "shell", *options]
    result = subprocess.run(
        command, input=script, capture_output=True, text=True, check=False, env=environment(), cwd=paths.ROOT
    )
    if result.returncode:
        fail(f"The script failed in {database}:\n{result.stderr}")
    return result.stdout


def installed(database, module=MODULE):
    """Tell whether a module is installed in a database."""
    statement = "SELECT 1 FROM ir_module_module WHERE name = %s AND state = 'installed'"
    return bool(postgres.query(database, statement, [module]))


# Databases


def prepare():
    """Get everything ready for a new database, which takes a while the first time."""
    with bootstrap.lock:
        _base_template()


def new_database(name, install=True, template=None):
    """Make a database in seconds: a copy of `template`, or with our addon, or only with what it depends on."""
    with bootstrap.lock:
        template = template or (_addon_template() if install else _base_template())
        drop_database(name)
        _copy(template, name)
    # Two databases with one identity would share, and spoil, the file with the keys of their secrets.
    identity = "UPDATE ir_config_parameter SET value = gen_random_uuid() WHERE key = 'database.uuid'"
    postgres.query(name, identity)


@contextlib.contextmanager
def temporary_database(prefix, install=True, template=None):
    """Make a database for this process alone, and drop it in the end."""
    for old in postgres.databases():
        stem, _, process = old.rpartition("_")
        if stem == prefix and not Path(f"/proc/{process}").exists():
            drop_database(old)
    name = f"{prefix}_{os.getpid()}"
    new_database(name, install, template)
    try:
        yield name
    finally:
        drop_database(name)


def drop_database(name):
    """Drop a database and its files, also when it does not exist."""
    postgres.drop(name)
    shutil.rmtree(_filestore(name), ignore_errors=True)


def extended_template(kind, modules, script):
    """Return a template with more of Odoo's modules, what `script` makes in `odoo shell`, and our addon."""
    with bootstrap.lock:
        base = _base_template()
        key = bootstrap.fingerprint(base, *modules, script)
        extended = _template(f"{TEMPLATE_PREFIX}{kind}_{key}", modules, base, script)
        key = bootstrap.fingerprint(extended, _addon_content())
        return _template(f"{TEMPLATE_PREFIX}with_{kind}_{key}", [MODULE], extended)


def _base_template():
    modules = manifest()["depends"]
    key = bootstrap.fingerprint(version(tree()), *sorted(modules))
    return _template(f"{TEMPLATE_PREFIX}base_{key}", modules)


def _addon_template():
    base = _base_template()
    key = bootstrap.fingerprint(base, _addon_content())
    return _template(f"{TEMPLATE_PREFIX}addon_{key}", [MODULE], base)


def _template(name, modules, base="template0", script=""):
    """Return the template database `name`; make it when missing, drop older ones."""
    existing = postgres.databases()
    if name in existing:
        return name
    kind = name.rpartition("_")[0]
    for old in existing:
        if old.startswith(kind):
            drop_database(old)
    part = f"{kind}_part"
    with console.step(f"Installing {', '.join(modules)} in a template database"):
        _copy(base, part)
        run(part, "-i", ",".join(modules), "--stop-after-init", log=kind)
        for module in modules:
            if not installed(part, module):
                fail(f"Odoo did not install {module}: see {paths.LOG}/{kind}.log")
        if script:
            shell(part, script)
        # Copies are used before PostgreSQL gets to look at them, and without statistics it plans badly.
        postgres.query(part, "ANALYZE")
        # The files come first: the database's name says that all is there.
        shutil.rmtree(_filestore(name), ignore_errors=True)
        _filestore(part).rename(_filestore(name))
        postgres.rename(part, name)
    return name


def _copy(template, name):
    postgres.create(name, template)
    source, target = _filestore(template), _filestore(name)
    shutil.rmtree(target, ignore_errors=True)
    # Links are enough: Odoo adds and removes stored files, it never changes one.
    if source.is_dir():
        shutil.copytree(source, target, copy_function=os.link)
    target.mkdir(parents=True, exist_ok=True)


def _filestore(database):
    return DATA / "filestore" / database


@functools.cache
def manifest():
    """Return the addon's manifest."""
    return ast.literal_eval((paths.ADDON / "__manifest__.py").read_text())


def _addon_content():
    """Return the content of all files that an installation of the addon reads."""
    skipped = {"tests", "i18n", "__pycache__", "description", "readme", "README.rst"}
    content = []
    for path in sorted(paths.ADDON.rglob("*")):
        name = path.relative_to(paths.ADDON)
        if path.is_file() and not skipped.intersection(name.parts):
            content += [str(name), path.read_bytes().hex()]
    return "\0".join(content)


# Servers


@dataclasses.dataclass
class Server:
    """A running Odoo server, with its own process group."""

    database: str
    port: int
    log: Path
    process: subprocess.Popen

    @property
    def url(self):
        """The address to give to a browser."""
        return f"http://127.0.0.1:{self.port}"

    def stop(self):
        """Stop the server regularly; kill remaining processes after a while."""
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(STOP_SECONDS)
        self.kill()

    def kill(self):
        """End the server and its workers immediately, as a crash does."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextlib.contextmanager
def with_server(database, port=None, workers=0, **options):
    """Run an Odoo server that answers on a database; `options` go to its configuration file."""
    port = _free_port(port)
    ports = {"http_port": port, "gevent_port": _free_port()}
    path = config(database, **{"db_name": database, "list_db": False, "workers": workers, **ports, **options})
    log = paths.LOG / f"server-{database}.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*COMMAND, f"--config={path}"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment(),
            cwd=paths.ROOT,
            start_new_session=True,
        )
    server = Server(database, port, log, process)
    try:
        _wait_for(server)
        yield server
    finally:
        server.stop()


def _wait_for(server):
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            fail(f"Odoo stopped while it started: see {console.shown(server.log)}")
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(server.url + "/web/health", timeout=5),
        ):
            return
        time.sleep(0.2)
    fail(f"Odoo did not answer within {START_SECONDS} s: see {console.shown(server.log)}")


def _free_port(port=None):
    """Return `port` when nobody listens there, or any free one."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port or 0))
        except OSError:
            fail(f"Port {port} is in use. Stop the program that uses it, or choose another port.")
        return probe.getsockname()[1]


def main(arguments):
    """Run Odoo's own command line."""
    os.execve(sys.executable, [*COMMAND, *arguments], environment())
