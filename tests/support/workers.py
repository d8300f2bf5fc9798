"""Workers of a database in processes of their own, from the side of the tests."""

import contextlib
import json
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path

from lib import odoo, paths

RUNNER = Path(__file__).with_name("runner.py")
ORDER_SECONDS = 120
TRIES = 5
RUN = "for connection in env['ml.connection'].search([]): connection._cron_run()"


@dataclass
class Ended:
    """How one process ended: what it returned, the points that it passed, its signal."""

    points: list = field(default_factory=list)
    result: object = None
    error: str | None = None
    signal: int = 0

    @property
    def was_killed(self):
        return self.signal == signal.SIGKILL


class Workers:
    """Runs code inside Odoo on one database; see `runner.py` for what an order can say.

    :param environment: more variables of the environment of its processes
    """

    def __init__(self, database, **environment):
        self.log = paths.LOG / f"runner-{database}.log"
        self._output = self.log.open("wb")
        self._process = subprocess.Popen(
            [sys.executable, str(RUNNER), database],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._output,
            text=True,
            env={**odoo.environment(), **environment},
            cwd=paths.ROOT,
            start_new_session=True,
        )
        self._answer()

    def order(self, code, **options):
        """Carry out an order; one `Ended` for each of its workers."""
        self._process.stdin.write(json.dumps({"code": code, **options}) + "\n")
        self._process.stdin.flush()
        return [Ended(**entry) for entry in self._answer()]

    def code(self, source):
        """Run code and return its `result`; as Odoo does with requests, again when the job got in the way."""
        for _try in range(TRIES):
            (ended,) = self.order(source)
            if "SerializationFailure" not in (ended.error or ""):
                break
        assert not ended.error and not ended.signal, ended
        return ended.result

    def run(self, **options):
        """One run of the connections' job; nothing but a planned kill may end it early."""
        (ended,) = self.order(RUN, **options)
        assert not ended.error, ended.error
        return ended

    def close(self):
        self._process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(10)
        self._process.kill()
        self._process.wait()
        self._output.close()

    def _answer(self):
        watchdog = threading.Timer(ORDER_SECONDS, self._process.kill)
        watchdog.start()
        try:
            line = self._process.stdout.readline()
        finally:
            watchdog.cancel()
        if not line:
            raise AssertionError(f"The runner stopped:\n{self.log.read_text()[-4000:]}")
        return json.loads(line)
