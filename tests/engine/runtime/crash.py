"""Steps of a gate in processes that failpoints end: `python -m tests.engine.runtime.crash`.

It reads a step a line, as JSON, does it in a child of its own, and writes how that child ended. A
child shares the modules and the policy that were loaded before, and nothing that is open. With
`--once STEP` the step is done in this very process.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from pathlib import Path
from tempfile import TemporaryDirectory

from gatewright.connectors.people.lines import LinesNotifier
from gatewright.engine.runtime.notifying import Notifier
from gatewright.engine.runtime.ports import Idempotency
from tests.engine.runtime.world import World, refund

LONGEST_S = 120


def do(step: str) -> None:
    """Do one thing, as the JSON says; a failpoint that it names ends the process there."""
    told = json.loads(step)
    os.environ["GATEWRIGHT_FAILPOINT"] = told["failpoint"]
    notifiers: list[Notifier] = [LinesNotifier(told["lines"])] if told["lines"] else []
    world = World(
        told["url"], Path(told["folder"]), Idempotency(told["grade"]), now=told["now"],
        notifiers=notifiers,
    )  # fmt: skip
    with world.opened():
        match told["do"]:
            case "propose":
                world.gate.propose(refund("75.00 USD", "ch_1", idempotency_key="k"))
            case "approve":
                world.gate.approve(told["run"], by="ann", card=told["card"])
            case _:
                world.worker.drain()


def serve() -> None:
    """Do each line of the input in a child, and write its exit code, or minus its signal."""
    _warm_up()
    for step in sys.stdin:
        child = os.fork()
        if not child:
            _end_with(step)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)  # noqa: T201


def _warm_up() -> None:
    """Load and compile what every child needs; the store that this takes is closed again."""
    with (
        TemporaryDirectory() as folder,
        World(f"sqlite:///{folder}/gate.db", Path(folder)).opened() as world,
    ):
        world.propose()


def _end_with(step: str) -> None:
    code = 1
    try:
        signal.alarm(LONGEST_S)
        do(step)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--once"]:
        do(sys.argv[2])
    else:
        serve()
