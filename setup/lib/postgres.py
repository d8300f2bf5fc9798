"""The PostgreSQL server: a cluster of our own, or the one that `DATABASE_URL` names."""

import contextlib
import dataclasses
import os
import pwd
import shutil
import subprocess
from pathlib import Path

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import parse_dsn

from . import bootstrap, console
from .console import fail
from .paths import ROOT, RUNTIME

ROLE = "odoo"
# The data can be made again at any time, so nothing waits for the disk.
SETTINGS = """
listen_addresses = ''
fsync = off
synchronous_commit = off
full_page_writes = off
jit = off
shared_buffers = 512MB
max_connections = 300
max_wal_size = 2GB
"""


@dataclasses.dataclass(frozen=True)
class Address:
    """Address and login of the server."""

    host: str
    port: int
    user: str
    password: str | None = None


def address():
    """Return the server's address; our own server is started when it does not run."""
    url = os.environ.get("DATABASE_URL")
    return _from_url(url) if url else _Cluster().start()


def connect(database="postgres"):
    """Return an autocommit connection to a database of the server."""
    connection = psycopg2.connect(dbname=database, **dataclasses.asdict(address()))
    connection.autocommit = True
    return connection


def client_environment(where=None):
    """Return the variables by which PostgreSQL's own programs are found, and find a server, ours by default."""
    where = where or address()
    programs = Path(bootstrap.initdb()).parent
    return {
        "PATH": os.pathsep.join((str(programs), os.environ["PATH"])),
        "PGHOST": where.host,
        "PGPORT": str(where.port),
        "PGUSER": where.user,
        "PGPASSWORD": where.password or "",
    }


def query(database, statement, parameters=()):
    """Run one SQL statement and return its rows."""
    with (
        contextlib.closing(connect(database)) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else []


def databases():
    """Return the names of all databases."""
    return {name for (name,) in query("postgres", "SELECT datname FROM pg_database")}


def create(name, template="template0"):
    """Create a database as a copy of another one."""
    _alter("CREATE DATABASE {} TEMPLATE {} ENCODING 'UTF8'", name, template)


def rename(name, new_name):
    """Rename a database that nobody uses."""
    _alter("ALTER DATABASE {} RENAME TO {}", name, new_name)


def drop(name):
    """Drop a database, also while it is in use."""
    _alter("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


def _alter(statement, *names):
    query("postgres", sql.SQL(statement).format(*map(sql.Identifier, names)))


def _from_url(url):
    try:
        parts = parse_dsn(url)
        found = Address(
            parts.get("host", "localhost"), int(parts.get("port", 5432)), parts["user"], parts.get("password")
        )
    except (psycopg2.ProgrammingError, KeyError):
        fail("DATABASE_URL must look like postgresql://user:password@host:port")
    if not _answers(found):
        fail("No PostgreSQL answers at DATABASE_URL with that user and password. Correct it.")
    return found


def _answers(where):
    try:
        psycopg2.connect(dbname="postgres", connect_timeout=5, **dataclasses.asdict(where)).close()
    except psycopg2.OperationalError:
        return False
    return True


class _Cluster:
    """A cluster below `.runtime` that listens on a Unix socket only its owner can reach."""

    port = 5432

    def __init__(self):
        key = bootstrap.fingerprint(str(ROOT))
        # PostgreSQL refuses to run as root.
        self.owner = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        self.folder = RUNTIME / "pg"
        # A socket's path may have 107 characters at most.
        self.socket = Path("/tmp") / f"ml_connector-{key}"
        self.elsewhere = Path("/var/lib/postgresql") / f"ml_connector-{key}"

    def start(self):
        """Make sure that the server runs and return its address."""
        if running := self._running():
            return running
        with bootstrap.lock:
            return self._running() or self._start()

    def _running(self):
        """Return the address of the running server, or None."""
        for folder in (self.folder, self.elsewhere):
            lines = (bootstrap.read(folder / "postmaster.pid") or "").splitlines()
            if len(lines) < 5:
                continue
            found = Address(host=lines[4].strip(), port=int(lines[3]), user=ROLE)
            if _answers(found):
                return found

    def _start(self):
        bootstrap.system("postgresql")
        binaries = Path(bootstrap.initdb()).parent
        self._choose_folder()
        if not (self.folder / "PG_VERSION").exists():
            self._initialize(binaries)
        binaries = self._matching(binaries)
        self._forget_dead_server()
        self._make_private(self.socket)
        with console.step("Starting PostgreSQL"):
            advice = "PostgreSQL did not start."
            options = f"-k {self.socket} -p {self.port}"
            command = [binaries / "pg_ctl", "-D", self.folder, "-w", "-o", options]
            self._run([*command, "-l", self.folder / "server.log", "start"], advice)
        return self._running() or fail(f"PostgreSQL started but does not answer: see {self.folder}/server.log")

    def _choose_folder(self):
        if (self.folder / "PG_VERSION").exists() or self._reaches(RUNTIME):
            return
        self.folder = self.elsewhere
        console.say(f"The user {self.owner} cannot reach {RUNTIME}: the databases go to {self.folder}.")

    def _reaches(self, folder):
        command = self._as_owner("test", "-x", folder)
        return subprocess.run(command, check=False).returncode == 0

    def _initialize(self, binaries):
        part = self.folder.with_name(f"{self.folder.name}.part")
        with console.step("Creating a PostgreSQL cluster"):
            shutil.rmtree(part, ignore_errors=True)
            self._make_private(part)
            advice = "The PostgreSQL cluster could not be made."
            options = ["-A", "trust", "-U", ROLE, "-E", "UTF8", "--locale=C.UTF-8"]
            self._run([binaries / "initdb", "-D", part, *options], advice)
            with (part / "postgresql.conf").open("a") as settings:
                settings.write(SETTINGS)
            part.rename(self.folder)

    def _matching(self, binaries):
        """Return the programs of the version that made the cluster."""
        version = (self.folder / "PG_VERSION").read_text().strip()
        own = Path("/usr/lib/postgresql") / version / "bin"
        if own.exists() or binaries.parent.name == version:
            return own if own.exists() else binaries
        fail(f"PostgreSQL {version}, which made {self.folder}, is gone: remove that folder and start again.")

    def _forget_dead_server(self):
        """Remove the lock file of a crashed machine: another process may have its number."""
        pid_file = self.folder / "postmaster.pid"
        number = (bootstrap.read(pid_file) or "0").split()[0]
        arguments = bootstrap.read(Path("/proc") / number / "cmdline") or ""
        if str(self.folder) in arguments:
            return
        for path in [pid_file, *self.socket.glob(".s.PGSQL.*")]:
            path.unlink(missing_ok=True)

    def _make_private(self, folder):
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
            if os.geteuid() == 0:
                owner = pwd.getpwnam(self.owner)
                os.chown(folder, owner.pw_uid, owner.pw_gid)
        if folder.owner() != self.owner:
            fail(f"{folder} belongs to {folder.owner()}: remove it and start again.")

    def _run(self, command, advice):
        console.run(self._as_owner(*command), "postgres", advice, cwd="/")

    def _as_owner(self, *command):
        prefix = ["runuser", "-u", self.owner, "--"] if os.geteuid() == 0 else []
        return [*prefix, *command]
