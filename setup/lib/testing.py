"""`setup/test`: the tests from outside, the ones inside Odoo, and Odoo's own runner."""

import os
import re
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from . import bootstrap, console, odoo, paths, postgres

NO_TESTS = 5
OWN_RUNNER = ("TestConnection", "TestSecurity")
"""Test classes that Odoo's own runner repeats, because hosts of Odoo run tests that way."""
INSIDE = "ml_connector/tests"
OUTSIDE = "tests"


def main(arguments):
    """Run every part, or those that the given paths belong to."""
    bootstrap.system("chromium", "openssh-server", "libmagic1")
    odoo.prepare()
    started = time.monotonic()
    codes = {}
    for name, part in _parts(arguments):
        console.say(f"== {name}")
        start = time.monotonic()
        codes[name] = part()
        console.say(f"== {name}: {console.duration(time.monotonic() - start)}")
    failed = _failed(codes, complete=not arguments)
    total = console.duration(time.monotonic() - started)
    result = f"Failed: {', '.join(failed)}" if failed else "All tests passed"
    console.say(f"{result} ({total}).")
    return bool(failed)


def _parts(arguments):
    inside = [value for value in arguments if _is_below(value, "ml_connector")]
    outside = [value for value in arguments if _is_below(value, OUTSIDE)]
    options = [value for value in arguments if value not in inside + outside]
    if outside or not inside:
        yield "tests from outside", lambda: _outside([*options, *(outside or [OUTSIDE])])
    if not arguments:
        yield "tests inside Odoo, with pytest and with Odoo's own runner", _inside_both_ways
    elif inside or not outside:
        yield "tests inside Odoo", lambda: _inside([*options, *(inside or [INSIDE])])


def _is_below(argument, folder):
    return argument == folder or argument.startswith(f"{folder}/")


def _failed(codes, complete):
    """Name the failed parts; arguments may select no test of one part."""
    unselected = not complete and 0 in codes.values()
    accepted = (0, NO_TESTS) if unselected else (0,)
    return [name for name, code in codes.items() if code not in accepted]


def _outside(arguments):
    # Odoo is not importable here: these tests only know a running server.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | odoo.SANDBOXES
    # twice as many processes as cores, since each waits half of its time for a job or a server
    options = ["-p", "no:odoo", *_processes(2 * os.cpu_count()), "--no-loadscope-reorder"]
    return _pytest([*options, *arguments], environment)


def _processes(count):
    """Each file whole in one process: its cases share a database."""
    return [f"--numprocesses={count}", "--dist=loadfile", "--durations=20", "--durations-min=10"]


def _inside(arguments):
    with odoo.temporary_database("test_inside") as database:
        # each process makes itself a copy of the database
        options = [f"--odoo-config={odoo.config()}", f"--odoo-database={database}", "--odoo-http", "-p", "lib.parallel"]
        environment = odoo.environment() | postgres.client_environment()
        return _pytest([*options, *_processes(os.cpu_count()), *arguments], environment)


def _inside_both_ways():
    """Odoo's own runner keeps another core busy; it writes into a log."""
    with ThreadPoolExecutor(1) as pool:
        own_runner = pool.submit(_own_runner)
        return _inside([INSIDE]) or own_runner.result()


def _pytest(arguments, environment):
    return console.call([sys.executable, "-m", "pytest", *arguments], cwd=paths.ROOT, env=environment)


def _own_runner():
    """Upgrade the addon with `--test-tags`: Odoo finds all tests, and runs some of them."""
    log = paths.LOG / "own-runner.log"
    log.unlink(missing_ok=True)
    tests = ["--test-tags", ",".join(f"/{odoo.MODULE}:{name}" for name in OWN_RUNNER)]
    with odoo.temporary_database("test_runner") as database:
        try:
            odoo.run(database, "-u", odoo.MODULE, *tests, "--stop-after-init", log=log.stem)
        except console.Failure as failure:
            console.say(str(failure))
            return 1
    summary = re.findall(r"(\d+) failed, (\d+) error\(s\) of (\d+) tests", log.read_text())
    if not summary:
        console.say(f"Odoo ran no test: see {console.shown(log)}.")
        return 1
    console.say("{} failed, {} errors of {} tests".format(*summary[-1]))
    return 0
