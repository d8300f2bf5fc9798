"""`setup/demo`: a real Odoo that syncs with the provider sandboxes, to look at or to check.

--once   sync everything once, print the table and end; 0 only if every flow ended without errors
--json   print the result as JSON on the last line
--port   port of Odoo (8069)
--pictures FOLDER   take pictures of the views, for the documentation
--record FOLDER     record the traffic with the sandboxes, without secrets, for tests/contract
"""

import argparse
import contextlib
import functools
import json
import signal
import sys
import time
from pathlib import Path

from . import bootstrap, console, odoo, paths, pictures, postgres, sandbox

DATABASE = "ml_demo"
SYNC_SECONDS = 420
CLEAN_POLLS = 3
MOST_LOOKS = 6
SCRIPTS = paths.ROOT / "setup" / "demo_data"
SANDBOXES = ("ramp", "concur", "stampli", "visma")
BRIDGE = ("ramp", "visma")
"""Providers of a second, small company: Odoo forwards bills from the first to the second without an entry."""
CONCUR_BY_LIST = "070fde04-0000-4000-8000-000000000002"
"""A company of SAP Concur whose invoices are read as a list."""


def main(arguments):
    """Build the demo, sync it, show the table, and serve it unless `--once` is given."""
    options = _parser().parse_args(arguments)
    # the servers end with the command, however it is ended
    signal.signal(signal.SIGTERM, lambda *_args: sys.exit(1))
    bootstrap.system("postgresql", "openssh-server")
    odoo.prepare()
    with contextlib.ExitStack() as stack:
        start = functools.partial(_sandbox, stack, options.record)
        sandboxes = {provider: start(provider, "demo") for provider in SANDBOXES}
        bridge = {provider: start(provider, "small") for provider in BRIDGE}
        lists = start("concur", "demo", "--company", CONCUR_BY_LIST)
        more = {"concur": {"LISTS_URL": lists, "COMPANY_ID": CONCUR_BY_LIST}}
        with console.step("Creating the demo database"):
            odoo.new_database(DATABASE)
            _run_script("company")
            _run_script("purchases")
        server = stack.enter_context(odoo.with_server(DATABASE, options.port if not options.once else None))
        # a change while the server runs triggers the jobs immediately, an earlier one only after a minute
        with console.step("Testing the connections"):
            for provider, url in sandboxes.items():
                _run_script(provider, URL=url, **more.get(provider, {}))
            _run_script("bridge", RAMP_URL=bridge["ramp"], VISMA_URL=bridge["visma"])
            _wait_until(_is_tested)
            _run_script("start", URL=server.url)
        with console.step("Syncing with the sandboxes"):
            _settle("europe", URL=sandboxes["ramp"])
        with console.step("Syncing the second company"):
            # after the first, which created the vendors that both share
            _settle("start", URL=server.url)
        if options.pictures:
            pictures.take(server, options.pictures, pictures.while_unmapped())
        with console.step("Mapping the remaining codes"):
            _settle("map")
        with console.step("Booking less usual records"):
            _settle("special", URL=sandboxes["ramp"])
            _settle("map")
        with console.step("Paying bills in Visma.net"):
            _settle("visma_paid", URL=sandboxes["visma"])
        with console.step("Fetching files"):
            _fetch_files()
        rows = _rows()
        urls = [*sandboxes.items(), *bridge.items(), ("concur", lists)]
        problems = [f"{provider}: {problem}" for provider, url in urls for problem in _violations(url)]
        clean = not problems and all(_is_clean(row) for row in rows)
        _show(rows, problems, options.json, clean)
        if options.pictures:
            pictures.take(server, options.pictures, pictures.when_clean(DATABASE))
        if options.once:
            return 0 if clean else 1
        console.say(f"\nOdoo:  {server.url}/odoo/action-ml_connector.ml_connection_action_dashboard")
        console.say("Login: admin, password: admin. Ctrl-C ends the demo.")
        _serve(server)
    return 0


def _parser():
    parser = argparse.ArgumentParser(prog="setup/demo", description="Odoo with the provider sandboxes, synced.")
    parser.add_argument("--once", action="store_true", help="sync once, print the table and end")
    parser.add_argument("--json", action="store_true", help="print the result as JSON on the last line")
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="take pictures of the views")
    parser.add_argument("--record", type=Path, metavar="FOLDER", help="record the traffic with the sandboxes")
    parser.add_argument("--port", type=int, default=8069, help="port of Odoo")
    return parser


def _sandbox(stack, folder, provider, size, *options):
    """The address of a sandbox. With a folder, its traffic is recorded in a file of its own."""
    # Stampli exchanges files and has no traffic to record
    if folder and provider != "stampli":
        folder.mkdir(parents=True, exist_ok=True)
        number = len(list(folder.glob(f"{provider}-*.jsonl")))
        record = folder / f"{provider}-{number}.jsonl"
        record.touch()
        options = (*options, "--record", str(record))
    return stack.enter_context(sandbox.running(provider, "--size", size, *options))


def _run_script(name, **values):
    """Run a script of setup/demo_data inside Odoo, with `values` as its constants."""
    constants = "".join(f"{key} = {value!r}\n" for key, value in values.items())
    # a running server has to reload new fields and its caches
    end = "\nenv.cr.commit()\nenv.registry.signal_changes()\n"
    odoo.shell(DATABASE, constants + (SCRIPTS / f"{name}.py").read_text() + end)


def _settle(script, **values):
    """Run a script, and wait until the jobs have done what follows from it."""
    _run_script(script, **values)
    _wait_until(_is_settled)


def _wait_until(condition):
    """Wait until the scheduled jobs have brought about `condition`, and it lasts."""
    deadline = time.monotonic() + SYNC_SECONDS
    seen = 0
    while seen < CLEAN_POLLS:
        if time.monotonic() > deadline:
            console.say("  some transfers are still open")
            return
        time.sleep(1)
        seen = seen + 1 if condition() else 0


def _fetch_files():
    """Check for files several times: the engine reads a file once two checks found it unchanged."""
    for _look in range(MOST_LOOKS):
        if not _silent_flows():
            break
        for script in ("poll", "map"):
            _settle(script)


def _silent_flows():
    """Active flows without a transfer."""
    return postgres.query(
        DATABASE,
        """SELECT 1 FROM ml_flow f JOIN ml_connection c ON c.id = f.connection_id
            WHERE f.active AND c.active AND NOT EXISTS (SELECT 1 FROM ml_sync_log l WHERE l.flow_id = f.id) LIMIT 1""",
    )


def _is_tested():
    return not postgres.query(DATABASE, "SELECT 1 FROM ml_connection WHERE check_state IN ('none', 'requested')")


def _is_settled():
    """Whether no flow is unread or due, no transfer is under way, and no webhook or seat is requested."""
    return not postgres.query(
        DATABASE,
        """
        SELECT 1 FROM ml_flow f JOIN ml_connection c ON c.id = f.connection_id
         WHERE f.active AND c.state != 'draft'
           AND (f.last_success_at IS NULL AND f.direction = 'pull' OR f.next_run_at <= now() AT TIME ZONE 'UTC')
        UNION ALL SELECT 1 FROM ml_sync_log WHERE state IN ('pending', 'running', 'unknown')
        UNION ALL SELECT 1 FROM ml_connection
         WHERE webhook_state IN ('requested', 'unverified') OR seat_request IS NOT NULL
         LIMIT 1
        """,
    )


def _rows():
    """A row for each flow that is switched on."""
    fields = ("vendor", "connection", "flow", "direction", "done", "failed", "waiting", "unknown", "open", "seconds")
    found = postgres.query(
        DATABASE,
        """
        SELECT c.provider, c.name, f.key, f.direction,
               count(*) FILTER (WHERE l.state = 'done'),
               count(*) FILTER (WHERE l.state = 'failed'),
               count(*) FILTER (WHERE l.state = 'waiting'),
               count(*) FILTER (WHERE l.state = 'unknown'),
               count(*) FILTER (WHERE l.state IN ('pending', 'running')),
               round(coalesce(sum(l.milliseconds), 0) / 1000.0, 1)::float
          FROM ml_flow f
          JOIN ml_connection c ON c.id = f.connection_id
          LEFT JOIN ml_sync_log l ON l.flow_id = f.id
         WHERE f.active AND c.active
         GROUP BY c.id, f.id
         ORDER BY c.id, f.sequence
        """,
    )
    return [dict(zip(fields, row, strict=True)) for row in found]


def _is_clean(row):
    return row["done"] > 0 and not (row["failed"] or row["waiting"] or row["unknown"] or row["open"])


def _violations(url):
    """Answers of the sandbox itself that violate the provider's contract."""
    return [str(violation) for violation in sandbox.control(url, "violations")]


def _show(rows, problems, as_json, clean):
    widths = {"flow": 26, "direction": 11, "done": 8, "failed": 8, "waiting": 9, "unknown": 9, "seconds": 9}
    console.say("\n" + f"{'connection':16}" + "".join(f"{name:>{width}}" for name, width in widths.items()))
    for row in rows:
        console.say(f"{row['connection']:16}" + "".join(f"{row[name]:>{width}}" for name, width in widths.items()))
    for problem in problems:
        console.say(problem)
    console.say("Every flow ended without errors." if clean else "Not every flow ended without errors.")
    if as_json:
        flows = [{name: value for name, value in row.items() if name != "open"} for row in rows]
        console.say(json.dumps({"ok": clean, "flows": flows}))


def _serve(server):
    with contextlib.suppress(KeyboardInterrupt):
        server.process.wait()
