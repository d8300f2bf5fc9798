"""Copies of a database, as operators make them."""

import contextlib
import os
import shutil
import subprocess
from pathlib import Path

from lib import bootstrap, odoo, paths, postgres


def dump(database, path):
    """Write all of a database to a file."""
    _run("pg_dump", postgres.address(), "-Fc", "-Z0", "-f", path, database)


def restore(path, database, where=None):
    """Make a database of that name from a dump, in place of the one that is there."""
    where = where or postgres.address()
    _run("dropdb", where, "--force", "--if-exists", database)
    _run("createdb", where, "-T", "template0", "-E", "UTF8", database)
    _run("pg_restore", where, "--no-owner", "-d", database, path)


@contextlib.contextmanager
def second_cluster():
    """Another PostgreSQL server, which is gone in the end; its address."""
    cluster = postgres._Cluster()
    cluster.folder = cluster.elsewhere = paths.RUNTIME / f"pg-second-{os.getpid()}"
    cluster.socket = Path(f"/tmp/ml_connector-second-{os.getpid()}")
    try:
        yield cluster.start()
    finally:
        stop = [Path(bootstrap.initdb()).with_name("pg_ctl"), "-D", cluster.folder, "-m", "immediate", "stop"]
        subprocess.run(cluster._as_owner(*stop), check=False, capture_output=True, cwd="/")
        shutil.rmtree(cluster.folder, ignore_errors=True)
        shutil.rmtree(cluster.socket, ignore_errors=True)


def host(name, where=None, **options):
    """The environment of another host, with a data directory of its own, and that directory; `where`: its server."""
    data = paths.RUNTIME / "data" / f"host-{name}-{os.getpid()}"
    data.mkdir(parents=True, exist_ok=True)
    server = {"db_host": where.host, "db_port": where.port} if where else {}
    return {"ODOO_RC": str(odoo.config(data.name, data_dir=data, **server, **options))}, data


def remove_hosts():
    """Remove the data directories of the hosts that this process made."""
    for data in (paths.RUNTIME / "data").glob(f"host-*-{os.getpid()}"):
        shutil.rmtree(data)


def _run(program, where, *arguments):
    environment = os.environ | postgres.client_environment(where)
    subprocess.run([program, *map(str, arguments)], check=True, capture_output=True, env=environment)
