"""``python -m sandbox ramp --port 8701`` serves a provider sandbox until interrupted."""

import argparse
import gc
import importlib
import signal
import sys
from pathlib import Path

from .traffic import Recording

SANDBOXES = {
    "concur": "sandbox.concur:ConcurSandbox",
    "ramp": "sandbox.ramp:RampSandbox",
    "stampli": "sandbox.stampli:StampliSandbox",
    "visma": "sandbox.visma:VismaSandbox",
}


def main():
    parser = argparse.ArgumentParser(prog="sandbox", description=__doc__)
    parser.add_argument("sandbox", choices=SANDBOXES)
    parser.add_argument(
        "--port", type=int, default=0, help="0 for any free port; the address is the first line of output"
    )
    parser.add_argument("--record", type=Path, help="file to which each exchange is added, without secrets")
    known, _ = parser.parse_known_args()
    module, name = SANDBOXES[known.sandbox].split(":")
    sandbox_class = getattr(importlib.import_module(module), name)
    sandbox_class.add_arguments(parser)
    gc.disable()  # a large data set is made of objects that stay
    arguments = parser.parse_args()
    sandbox = sandbox_class.from_arguments(arguments)
    if arguments.record:
        Recording(arguments.record).of(sandbox)
    gc.freeze()
    gc.enable()
    print(sandbox.url, flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        sandbox.serve_forever()
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main()
