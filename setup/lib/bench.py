"""`setup/bench`: how fast the connector is, as ratios of runs that were made one right after the other.

--json    print the result as JSON on the last line
--quick   smaller runs: less exact, in a third of the time
NAME ...  only these benchmarks

What each ratio says is written where `setup/benchmarks` measures it. The exit code tells whether
everything could be measured, not whether the targets were met: those are for a machine with nothing else to do.
"""

import argparse
import contextlib
import functools
import json
import signal
import sys
from types import SimpleNamespace

from benchmarks import bridge, storm, webhook

from . import bootstrap, console, odoo, paths, postgres, sandbox

BENCHMARKS = paths.SETUP / "benchmarks"
BARE_ROUTE = "ml_bench_route"
RATE_LIMIT = 200
SIZES = {
    "bill_rounds": (10, 4),
    "webhook_blocks": (10, 4),
    "hook_rounds": (60, 20),
    "growth_count": (500, 100),
    "feed_rounds": (3, 1),
    "report_rounds": (10, 4),
    "spend_rounds": (6, 3),
    "push_count": (5_000, 1_000),
    "noop_count": (10_000, 2_000),
    "bridge_bills": (10, 4),
    "file_count": (300, 100),
    "storm_events": (5_000, 500),
    "vendor_rounds": (6, 3),
    "transfers": (1_000_000, 100_000),
}
"""The whole and the quick size of each benchmark."""


def main(arguments):
    """Measure everything and show it beside the targets."""
    parser = argparse.ArgumentParser(prog="setup/bench", description="How fast the connector is, as ratios.")
    parser.add_argument("--json", action="store_true", help="print the result as JSON on the last line")
    parser.add_argument("--quick", action="store_true", help="smaller runs")
    parser.add_argument("names", nargs="*", metavar="NAME", choices=[*BENCHES, []], help="only these benchmarks")
    options = parser.parse_args(arguments)
    # the servers end with the command, however it is ended
    signal.signal(signal.SIGTERM, lambda *_args: sys.exit(1))
    bootstrap.system("postgresql")
    odoo.prepare()
    size = SimpleNamespace(**{name: sizes[options.quick] for name, sizes in SIZES.items()})
    ratios, figures, failed = _measure(size, options.names or BENCHES)
    missed = _show(ratios, figures, _targets(size))
    if options.json:
        result = {**_rounded(ratios), "missed": missed, "failed": failed, "figures": _rounded(figures)}
        console.say(json.dumps(result))
    return bool(failed)


def _targets(size):
    """{name of a ratio: (whether less is better, target)}."""
    return {
        "pull_cost_vs_bare_batch": (True, 0.55),
        "pull_speed_vs_json2_client": (False, 4.0),
        "queries_per_posted_bill": (True, 15.0),
        _growth_name(size): (True, 1.15),
        "hook_overhead_unwatched": (True, 0.03),
        "hook_overhead_watched": (True, 0.10),
        "webhook_p95_vs_bare_route": (True, 2.0),
        "feed_100k_vendors_vs_plain": (True, 1.5),
        "feed_peak_memory_mb_growth": (True, 50.0),
        "import_10k_invoice_lines_vs_bare": (True, 1.3),
        "read_ms_per_line_100k_vs_1k": (True, 1.2),
        "read_peak_memory_mb_50mb_file": (True, 150.0),
        "fis_report_cost_vs_bare_entry": (True, 1.3),
        "payment_cost_vs_bare_payment": (True, 1.0),
        "expense_cost_vs_bare_expense": (True, 1.0),
        "reimbursement_cost_vs_bare": (True, 1.0),
        "push_rate_vs_limit": (False, 0.75),
        f"noop_sync_{size.noop_count // 1000}k_seconds_ratio": (True, 2.0),
        "ramp_to_visma_seconds": (True, 3.0),
        "calls_per_bill_file": (True, 0.2),
        "calls_per_receipt": (True, 0.2),
        "vendors_cost_vs_bare": (True, 1.5),
        "first_bill_seconds_in_event_storm": (True, 15.0),
        f"event_storm_{size.storm_events}_seconds": (True, 120.0),
        "claim_ms_at_million": (True, 5.0),
        "slowest_screen_ms_at_million": (True, 300.0),
    }


def _growth_name(size):
    return f"cost_growth_{size.growth_count}_to_{size.growth_count * 10}"


# Measuring


def _measure(size, names):
    """Return all ratios, all absolute figures, and the names of the benchmarks that failed."""
    ratios, figures, failed = {}, {}, []
    for name in names:
        try:
            with contextlib.ExitStack() as stack:
                result = BENCHES[name](stack, size)
        except console.Failure as failure:
            console.say(f"{name} failed: {failure}")
            failed.append(name)
            continue
        figures.update(result.pop("figures"))
        ratios.update(result)
    return ratios, figures, failed


def _bills(stack, size):
    database, url, access = _connected(stack, "bench")
    with (
        _server(database) as server,
        console.step("Bills: the pull path against bare batches and a client from outside"),
    ):
        return _inside(database, "bills", url, server.url, access["key"], size.bill_rounds)


def _webhooks(stack, size):
    database, _url, access = _connected(stack, "bench_webhooks")
    forget = functools.partial(postgres.query, database, "DELETE FROM ir_cron_trigger")
    with _server(database) as server, console.step("Webhooks: signed events against a bare route"):
        return webhook.main(server.url, access["webhook_path"], size.webhook_blocks, forget)


def _growth(stack, size):
    small, small_url, _access = _connected(stack, "bench_small")
    large, large_url, _access = _connected(stack, "bench_large")
    count = size.growth_count
    with console.step(f"Growth: {count * 10} bills against {count}"):
        return _inside(small, "growth", large, small_url, large_url, count)


def _reports(stack, size):
    database = stack.enter_context(odoo.temporary_database("bench_reports"))
    url = stack.enter_context(sandbox.running("concur", "--size", "none"))
    with console.step("Expense reports: from the queue against bare journal entries"):
        return _inside(database, "reports", url, size.report_rounds)


def _forwarding(stack, size):
    urls = {name: stack.enter_context(sandbox.running(name, "--size", "small")) for name in ("ramp", "visma")}
    database = stack.enter_context(odoo.temporary_database("bench_forwarding"))
    with console.step("Forwarding: bills from Ramp's webhook to Visma.net"):
        access = _inside(database, "bridge", urls)
        with odoo.with_server(database) as server:
            return bridge.ramp_to_visma_seconds(server.url, access["webhook_path"], urls, size.bridge_bills)


def _storm(stack, size):
    database, url, access = _connected(stack, "bench_storm", RATE_LIMIT)
    with console.step(f"Storm: {size.storm_events} events at once"):
        _inside(database, "storm", url, size.storm_events, function="prepare")
        with odoo.with_server(database) as server:
            return storm.main(server.url, access["webhook_path"], url, database, size.storm_events)


def _volume(stack, size):
    database, _url, _access = _connected(stack, "bench_volume")
    with console.step(f"Volume: claims and screens at {size.transfers} transfers"):
        _inside(database, "volume", size.transfers, function="fill")
        # Odoo puts the extension into the databases that it makes itself; its indexes are made with the next update
        postgres.query(database, "CREATE EXTENSION IF NOT EXISTS pg_trgm")
        odoo.run(database, "-u", odoo.MODULE, "--stop-after-init")
        postgres.query(database, "VACUUM (ANALYZE)")
        return _inside(database, "volume")


def _of_files(title, module):
    """A benchmark of files, which needs no connection to a sandbox."""

    def measure(stack, size):
        database = stack.enter_context(odoo.temporary_database(f"bench_{module}"))
        with console.step(title):
            return _inside(database, module, size.feed_rounds)

    return measure


def _of_ramp(title, module, size_name, function="main", rate_limit=0):
    """A benchmark that a function measures in a database with a connection to Ramp's sandbox."""

    def measure(stack, size):
        database, url, _access = _connected(stack, f"bench_{module}", rate_limit)
        count = getattr(size, size_name)
        limit = [rate_limit] if rate_limit else []
        with console.step(title.format(count)):
            return _inside(database, module, url, count, *limit, function=function)

    return measure


BENCHES = {
    "bills": _bills,
    "webhooks": _webhooks,
    "hooks": _of_ramp("Hooks: contacts with and without them", "hooks", "hook_rounds"),
    "growth": _growth,
    "feeds": _of_files("Files: 100,000 vendors against a plain program, and imported invoice files", "feeds"),
    "reading": _of_files("Reading: files of 1,000 and of 100,000 lines, and of 50 MB", "reading"),
    "reports": _reports,
    "spend": _of_ramp(
        "Spend: payments, card transactions and reimbursements against bare batches", "spend", "spend_rounds"
    ),
    "push": _of_ramp("Push: {} vendors", "flows", "push_count", "push", RATE_LIMIT),
    "noop": _of_ramp("No change: {} bills", "flows", "noop_count", "noop"),
    "forwarding": _forwarding,
    "attachments": _of_ramp("Attachments: those of {} bills and of as many card transactions", "files", "file_count"),
    "vendors": _of_ramp("Vendors: new ones beside 5,000 that are known", "vendors", "vendor_rounds"),
    "storm": _storm,
    "volume": _volume,
}


def _connected(stack, name, rate_limit=0):
    """A database that is connected to its own Ramp sandbox, and the values for an external program."""
    url = stack.enter_context(sandbox.running("ramp", "--size", "0", "--rate-limit", str(rate_limit)))
    database = stack.enter_context(odoo.temporary_database(name))
    with console.step("Connecting a database to the Ramp sandbox"):
        return database, url, _inside(database, "engine", url)


def _inside(database, module, *arguments, function="main"):
    """Call a function of a benchmark inside Odoo with the environment and these arguments; return its result."""
    script = f"""
import json
from benchmarks import {module}
print(json.dumps({module}.{function}(env, *{arguments!r})))
"""
    return json.loads(odoo.shell(database, script).splitlines()[-1])


def _server(database):
    """A server without scheduled work, and with the bare route."""
    folders = [*odoo.addons_path(), BENCHMARKS / "addons"]
    return odoo.with_server(
        database,
        max_cron_threads=0,
        addons_path=",".join(map(str, folders)),
        server_wide_modules=f"base,rpc,web,{BARE_ROUTE}",
    )


# Showing


def _rounded(values):
    return {name: round(value, 4) for name, value in values.items()}


def _show(ratios, figures, targets):
    """Print a table; return the names of the ratios that miss their target."""
    missed = []
    console.say(f"\n{'':36}{'measured':>10}{'target':>10}")
    for name, (less_is_better, target) in targets.items():
        if name not in ratios:
            continue
        value = ratios[name]
        is_met = value <= target if less_is_better else value >= target
        if not is_met:
            missed.append(name)
        sign = "<=" if less_is_better else ">="
        console.say(f"{name:36}{value:10.3f}{f'{sign} {target:g}':>10}{'' if is_met else '   MISSED'}")
    console.say("")
    for name, value in figures.items():
        console.say(f"{name:36}{value:10.3f}")
    return missed
