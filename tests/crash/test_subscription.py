"""A worker that is killed while it sets up webhooks, or changes their secret, leaves one subscription that works."""

import pytest
from support.books import connected_books
from support.invariants import general_problems
from support.webhooks import Sender, ask_for_webhooks

from lib import odoo


@pytest.fixture(scope="module")
def books():
    with connected_books("crash_subscription") as books:
        books.due()
        yield books


@pytest.fixture(scope="module")
def server(books):
    """It only listens: the job is run by the workers that are killed."""
    with odoo.with_server(books.database, max_cron_threads=0) as server:
        yield server


STEPS = {
    "anew": {"GET:webhooks", "POST:webhooks", "POST:webhooks/verify", "commit"},
    "changed": {"GET:webhooks", "POST:webhooks", "POST:webhooks/verify", "DELETE:webhooks", "commit"},
}


@pytest.mark.parametrize("way", STEPS)
def test_killed_at_every_point(way, books, server, subtests):
    """Where there is no subscription yet, and where its secret is changed."""
    ask(way, books, server)
    passed = books.workers.run(trace=True).points
    check(books)
    points = [point for point in passed if point.startswith("set_up ")]
    assert {point.split()[1] for point in points} == STEPS[way]
    for point in points:
        with subtests.test(point):
            ask(way, books, server)
            assert books.workers.run(kill=point).was_killed
            check(books)


def ask(way, books, server):
    if way == "anew":
        books.workers.code("env['ml.connection'].search([]).action_unsubscribe()")
        books.workers.run()
        assert not list(books.sandbox.state.subscriptions)
    ask_for_webhooks(books, server)


def finish(books):
    def active():
        books.workers.run()
        return books.value("SELECT count(*) FROM ml_connection WHERE webhook_state = 'active'")

    books.wait_until(active)
    books.workers.run()


def check(books):
    finish(books)
    (subscription,) = books.sandbox.state.subscriptions
    assert subscription.status == "active"
    ours = books.rows("SELECT webhook_subscription AS now, webhook_subscription_previous AS before FROM ml_connection")
    assert ours == [{"now": subscription.id, "before": None}]
    assert books.rows("SELECT name FROM ml_credential WHERE is_internal") == [{"name": "webhook_secret"}]
    sender = Sender(subscription.endpoint_url, subscription.secret)
    assert sender.post(sender.body("vendors.unheard_of")) == (200, "ok")
    books.workers.run()
    assert not books.value("SELECT count(*) FROM ml_webhook_event WHERE state = 'received'")
    assert not general_problems(books)


def test_token_is_renewed_meanwhile(books, server):
    """The new token is stored beside the work, which must not touch it: else all is done again, and twice at Ramp."""
    ask("anew", books, server)
    books.control.revoke_tokens()
    made = len(books.control.requests("POST", "/developer/v1/webhooks"))
    check(books)
    calls = books.control.requests("POST", "/developer/v1/webhooks")[made:]
    assert [call["status"] for call in calls if call["status"] != 401] == [201]
