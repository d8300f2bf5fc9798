"""Progress lines, and failures with the next step in one sentence."""

import contextlib
import errno
import subprocess
import sys
import threading
import time

from .paths import LOG, ROOT

REMINDER_SECONDS = 30
DISK_FULL = "The disk is full: free some gigabytes and start again."


class Failure(Exception):
    """The command cannot continue. The message states the next step."""


def fail(sentence):
    """Stop the command with one sentence that states the next step."""
    raise Failure(sentence)


def say(text):
    """Print one line without buffering, also into a pipe."""
    print(text, flush=True)  # pylint: disable=print-used


def progress(text):
    """Show the progress of a command without buffering, apart from its result."""
    print(text, file=sys.stderr, flush=True)  # pylint: disable=print-used


def duration(seconds):
    """Return `seconds` in readable form: 8 s, 3 min 20 s."""
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


@contextlib.contextmanager
def step(what):
    """Show a step, a reminder while it takes long, and the time it took."""
    progress(f"{what} ...")
    start = time.monotonic()
    done = threading.Event()

    def remind():
        while not done.wait(REMINDER_SECONDS):
            progress(f"  still at it: {what}, {duration(time.monotonic() - start)}")

    threading.Thread(target=remind, daemon=True).start()
    try:
        yield
    finally:
        done.set()
    progress(f"  done in {duration(time.monotonic() - start)}")


def run(command, log, advice, **options):
    """Run `command` with its output in the log file `log`; on failure say `advice`."""
    LOG.mkdir(parents=True, exist_ok=True)
    path = LOG / f"{log}.log"
    options.setdefault("stdin", subprocess.DEVNULL)
    with path.open("ab") as output:
        start = output.tell()
        result = subprocess.run(
            [str(part) for part in command],
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
            **options,
        )
    if result.returncode == 0:
        return
    with path.open("rb") as output:
        output.seek(start)
        if b"No space left on device" in output.read():
            fail(DISK_FULL)
    fail(f"{advice} The details are in {shown(path)}.")


def call(command, **options):
    """Run `command` in the foreground and return its exit code.

    On Ctrl-C it gets the time to clean up that `subprocess.run` would not give.
    """
    process = subprocess.Popen([str(part) for part in command], **options)
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.wait()
        raise


def shown(path):
    """Return `path` as short as it can be written from the repository's root."""
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


def guarded(function, *arguments):
    """Call `function`; leave with one sentence instead of a traceback when it fails."""
    try:
        return function(*arguments)
    except Failure as failure:
        sys.exit(str(failure))
    except KeyboardInterrupt:
        sys.exit(130)
    except PermissionError as error:
        sys.exit(f"{error.filename} belongs to another user: run this as that user.")
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        sys.exit(DISK_FULL)


def command(main, arguments):
    """Run a command's `main(arguments)` and leave with its exit code."""
    sys.exit(guarded(main, arguments))
