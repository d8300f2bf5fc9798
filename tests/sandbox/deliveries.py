"""Outgoing webhook deliveries: background workers, retries, and holding back for tests of order and repetition."""

import heapq
import threading
import time
from dataclasses import dataclass, field
from itertools import count

import requests


@dataclass
class Delivery:
    """One event for one receiver; ``attempts`` holds the HTTP status, or the kind of network error, of each try."""

    event_id: str
    url: str
    body: bytes
    headers: dict
    attempts: list = field(default_factory=list)
    state: str = "pending"
    finished: threading.Event = field(default_factory=threading.Event, repr=False)

    def report(self):
        return {
            "event_id": self.event_id,
            "url": self.url,
            "attempts": list(self.attempts),
            "state": self.state,
            "body": self.body.decode(),
        }


class Deliveries:
    """Sends deliveries side by side, so that the order of arrival is not guaranteed.

    A 2xx answer ends a delivery as ``delivered``; a 3xx or 4xx other than 429 as ``failed``. 429, 5xx, time-outs and
    network errors are tried again up to ``attempts`` times, each wait twice the one before.
    """

    attempts, first_delay, longest_delay, timeout = 10, 0.1, 2.0, 10.0

    def __init__(self, workers=4):
        self._due = []
        self._numbers = count()
        self._changed = threading.Condition()
        self._running = 0
        self._held = None
        self._stopped = False
        self.history = []
        self._threads = [threading.Thread(target=self._work, name=f"delivery-{n}", daemon=True) for n in range(workers)]

    def start(self):
        for thread in self._threads:
            thread.start()

    def stop(self):
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def send(self, delivery):
        with self._changed:
            self.history.append(delivery)
            if self._held is not None:
                self._held.append(delivery)
                return
            self._schedule(delivery, 0)

    def hold(self):
        """Keep new deliveries back until :meth:`release`."""
        with self._changed:
            self._held = [] if self._held is None else self._held

    def release(self, order="as_sent", repeat=1):
        """Send what was held back ``as_sent`` or ``reversed``, each ``repeat`` times, one after the other."""
        with self._changed:
            held, self._held = self._held or [], None
        for delivery in held if order == "as_sent" else reversed(held):
            for _ in range(repeat):
                self._attempt(delivery)
        return len(held)

    def wait(self, timeout=10.0):
        """Wait until nothing is on its way any more; ``False`` when the time was up first."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._due and not self._running, timeout)

    def clear(self):
        with self._changed:
            self._due.clear()
            self._held = None
            self.history = []
            self._changed.notify_all()

    def _schedule(self, delivery, delay):
        with self._changed:
            heapq.heappush(self._due, (time.monotonic() + delay, next(self._numbers), delivery))
            self._changed.notify()

    def _work(self):
        while True:
            with self._changed:
                while not self._stopped and (not self._due or self._due[0][0] > time.monotonic()):
                    self._changed.wait(self._due[0][0] - time.monotonic() if self._due else None)
                if self._stopped:
                    return
                delivery = heapq.heappop(self._due)[2]
                self._running += 1
            try:
                self._attempt(delivery)
            finally:
                with self._changed:
                    self._running -= 1
                    self._changed.notify_all()

    def _attempt(self, delivery):
        outcome = self._post(delivery)
        delivery.attempts.append(outcome)
        if isinstance(outcome, int) and outcome < 500 and outcome != 429:
            delivery.state = "delivered" if 200 <= outcome < 300 else "failed"
        elif len(delivery.attempts) >= self.attempts:
            delivery.state = "failed"
        else:
            self._schedule(delivery, min(self.first_delay * 2 ** (len(delivery.attempts) - 1), self.longest_delay))
            return
        delivery.finished.set()

    def _post(self, delivery):
        with requests.Session() as session:
            session.trust_env = False
            try:
                response = session.post(
                    delivery.url,
                    data=delivery.body,
                    headers=delivery.headers,
                    timeout=self.timeout,
                    allow_redirects=False,
                )
            except requests.RequestException as error:
                return type(error).__name__
            return response.status_code
