"""How long a claim and each screen take once a million records have been transferred."""

import statistics
import time
from unittest.mock import patch

from lxml import etree

from odoo.tools import SQL
from odoo.tools.safe_eval import safe_eval

from odoo.addons.ml_connector.engine.queue import Queue

from .engine import flow_of, run_inside

ROUNDS = 3
LISTS = (
    *("ml.sync.log", "ml.sync.attempt", "ml.mapping", "ml.webhook.event", "ml.binding"),
    *("ml.vendor.change", "ml.flow", "ml.connection"),
)


def main(env):
    """Measure what `fill` has made."""
    connection = env["ml.connection"].search([])
    screens = dict(screen_times(env, connection))
    slowest = max(screens, key=screens.get)
    claims = claim_times(connection)
    return {
        "claim_ms_at_million": claim_ms_at_million(claims),
        "slowest_screen_ms_at_million": screens[slowest],
        "figures": {
            "claim_with_lease_ms": statistics.median(claims["claimed"]),
            **{f"screen {name}": value for name, value in sorted(screens.items(), key=lambda item: -item[1])[:5]},
        },
    }


def fill(env, transfers):
    """Make so many transfers, a fifth of them results, and twice as many attempts.

    97 % are done, 2 % wait on 300 mappings, half a percent has failed and as many are to do.
    """
    connection = env["ml.connection"].search([])
    bills = connection.flow_ids.filtered(lambda flow: flow.key == "bills")
    mappings = env["ml.mapping"].create(
        [{"connection_id": connection.id, "kind": "account", "external_id": f"bench-{n}"} for n in range(300)]
    )
    env.cr.execute("SET LOCAL synchronous_commit TO off")
    env.cr.execute(
        SQL(
            """INSERT INTO ml_sync_log (name, connection_id, company_id, flow_id, direction, kind, state, outcome,
                    external_id, external_version, is_current, is_acknowledged, try_count, next_try_at, done_at,
                    error_class, create_date, write_date)
               SELECT 'Bill ' || n, %(connection)s, %(company)s, %(flow)s,
                      CASE WHEN n %% 5 = 3 THEN 'push' ELSE 'pull' END,
                      CASE WHEN n %% 5 = 3 THEN 'result' ELSE 'bill' END, state,
                      CASE WHEN state = 'done' THEN CASE WHEN n %% 5000 = 7 THEN 'drift' ELSE 'created' END END,
                      md5(n::text), 'bench', TRUE, TRUE, 1, moment, CASE WHEN state = 'done' THEN moment END,
                      CASE WHEN state IN ('waiting', 'failed') THEN 'mapping' END, moment, moment
                 FROM (SELECT n, now() at time zone 'UTC' - (%(count)s - n) * interval '31 seconds' AS moment,
                              CASE WHEN n %% 50 = 0 THEN 'waiting' WHEN n %% 200 = 1 THEN 'failed'
                                   WHEN n %% 200 = 2 THEN 'pending' ELSE 'done' END AS state
                         FROM generate_series(1, %(count)s) AS n) AS made""",
            connection=connection.id,
            company=connection.company_id.id,
            flow=bills.id,
            count=transfers,
        )
    )
    env.cr.execute(
        SQL(
            """INSERT INTO ml_wait (log_id, connection_id, reason, kind, key, mapping_id)
               SELECT log.id, log.connection_id, 'mapping', mapping.kind, mapping.external_id, mapping.id
                 FROM ml_sync_log log JOIN ml_mapping mapping ON mapping.id = %s + log.id %% 300
                WHERE log.state = 'waiting' AND log.external_version = 'bench'""",
            min(mappings.ids),
        )
    )
    env.cr.execute(
        SQL(
            """INSERT INTO ml_sync_attempt (connection_id, company_id, sequence, happened_at, subject, action, outcome,
                    error_class, trace_id, create_date)
               SELECT %(connection)s, %(company)s, 1000000000 + n, moment, 'bills ' || md5(n::text), 'write', 'created',
                      CASE WHEN n %% 50 = 0 THEN 'remote' END, md5(moment::text), moment
                 FROM (SELECT n, now() at time zone 'UTC' - (%(count)s - n) * interval '16 seconds' AS moment
                         FROM generate_series(1, %(count)s) AS n) AS made""",
            connection=connection.id,
            company=connection.company_id.id,
            count=2 * transfers,
        )
    )
    env.cr.commit()  # pylint: disable=invalid-commit; statistics are of what is committed
    return {}


def claim_ms_at_million(claims):
    """Milliseconds in which the engine finds and locks the next 50 of 5,000 due rows among a million: the median of
    five. The figure beside it is the whole claim, with the lease of the 50 rows written and committed."""
    return statistics.median(claims["found"])


def claim_times(connection):
    def work(run):
        times = {"found": [], "claimed": []}
        flow = flow_of(run, "bills")
        locked = Queue._locked

        def timed_search(*args):
            started = time.perf_counter()
            rows = locked(*args)
            times["found"].append(1000 * (time.perf_counter() - started))
            return rows

        with patch.object(Queue, "_locked", timed_search):
            for _round in range(5):
                started = time.perf_counter()
                run.queue.claim(flow, 50)
                times["claimed"].append(1000 * (time.perf_counter() - started))
        return times

    return run_inside(connection, work)


def screen_times(env, connection):
    """Pairs of a screen and its milliseconds: the dashboard, the form of the connection, each list and its filters."""
    admin = env(user=env.ref("base.user_admin"))
    action = admin.ref("ml_connector.ml_connection_action_dashboard")
    kanban = admin["ml.connection"].get_view(view_type="kanban")
    yield action.name, timed(admin, "ml.connection", "web_search_read", [], specification(admin, kanban))
    form = admin["ml.connection"].get_view(view_type="form")
    yield "connection form", timed(admin, "ml.connection", "read_form", connection.id, specification(admin, form))
    for model in LISTS:
        view = admin[model].get_view(view_type="list")
        shown = specification(admin, view)
        for name, domain in filters(admin, model):
            yield f"{model} {name}", timed(admin, model, "web_search_read", domain, shown)


def timed(env, model, method, subject, shown):
    """The median of a few reads; the first fills the caches."""
    times = []
    for _round in range(ROUNDS + 1):
        env.invalidate_all()
        env.cr.commit()  # pylint: disable=invalid-commit; each screen is a transaction of its own
        started = time.perf_counter()
        if method == "read_form":
            env[model].browse(subject).web_read(shown)
        else:
            env[model].web_search_read(subject, shown, limit=80, count_limit=10001)
        times.append(1000 * (time.perf_counter() - started))
    return statistics.median(times[1:])


def specification(env, view):
    """What the web client asks for: the fields of the view, those of lists in forms too."""

    def fields_of(node, model):
        found = {}
        for field in node.iter("field"):
            if (
                next(above for above in (*field.iterancestors(), node) if above is node or above.tag == "field")
                is not node
            ):
                continue
            name = field.get("name")
            definition = env[model]._fields[name]
            inner = field.find("list") if definition.type in ("one2many", "many2many") else None
            found[name] = {}
            if inner is not None:
                found[name] = {"fields": fields_of(inner, definition.comodel_name), "limit": 40}
            elif definition.type == "many2one":
                found[name] = {"fields": {"display_name": {}}}
        return found

    return fields_of(etree.fromstring(view["arch"]), view["model"])


def filters(env, model):
    """The unfiltered list, each filter of its search view, and a word in the search box."""
    yield "all", []
    arch = etree.fromstring(env[model].get_view(view_type="search")["arch"])
    for node in arch.iter("filter"):
        if node.get("domain"):
            yield node.get("name"), safe_eval(node.get("domain"), {"uid": env.uid})
    for node in arch.iter("field"):
        name = node.get("name")
        if env[model]._fields[name].type == "char":
            word = "3f9a7"
            domain = node.get("filter_domain")
            yield f"search {name}", safe_eval(domain, {"self": word}) if domain else [(name, "ilike", word)]
