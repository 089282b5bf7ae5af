"""One step of a gate in a process of its own, which a failpoint may end: `python -m tests.runtime.crash`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from gatewright.connectors.people.lines import LinesNotifier
from gatewright.engine.runtime.notifying import Notifier
from gatewright.engine.runtime.ports import Idempotency
from tests.runtime.world import World, refund


def main(arguments: list[str]) -> None:
    """Do one thing, as the JSON in the first argument says."""
    told = json.loads(arguments[0])
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


if __name__ == "__main__":
    main(sys.argv[1:])
