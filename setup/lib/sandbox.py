"""A provider sandbox in a process of its own."""

import contextlib
import os
import subprocess
import sys

import requests

from . import console, paths
from .console import fail

_session = requests.Session()
_session.trust_env = False


@contextlib.contextmanager
def running(provider, *options):
    """Run the sandbox of a provider; gives its address."""
    command = [sys.executable, "-m", "sandbox", provider, *options]
    environment = {**os.environ, "PYTHONPATH": str(paths.ROOT / "tests")}
    path = paths.LOG / f"sandbox-{provider}.log"
    with path.open("ab") as log:
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True
        )
        try:
            url = process.stdout.readline().strip()
            if not url:
                fail(f"The sandbox of {provider} did not start: see {console.shown(path)}")
            yield url
        finally:
            process.terminate()
            process.wait()


def control(url, name, **arguments):
    """Call the control interface of a sandbox."""
    method = "POST" if arguments else "GET"
    answer = _session.request(method, f"{url}/_control/{name}", json=arguments or None, timeout=60)
    answer.raise_for_status()
    return answer.json()
