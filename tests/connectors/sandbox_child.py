"""A process with a world in a file: `python -m tests.connectors.sandbox_child JSON`.

`refund`: refund as often as told, each time a cent, again where somebody was faster.
`same`: one refund, with a key that others use as well.
`work`: a worker whose call hangs after the write; it says so on standard output, and waits.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from gatewright.connectors.systems.sandbox import Sandbox, Waiting
from gatewright.engine.runtime.ports import Conflict
from tests.connectors.sandbox_actions import refund


class Tells(Waiting):
    """Says that a call hangs."""

    def hang(self, since: int) -> None:
        """Say it, and hang."""
        print("hangs", flush=True)  # noqa: T201
        super().hang(since)


def main(told: dict[str, Any]) -> None:
    """Do what the JSON says."""
    path = Path(told["path"])
    match told["do"]:
        case "refund":
            for number in range(told["times"]):
                _refund(Sandbox(path, seed=7), f"{told['name']}-{number}")
        case "same":
            receipt = Sandbox(path, seed=7).connector("billing").execute(refund(), "1", "same")
            print(receipt.reference)  # noqa: T201
        case _:
            # A gate takes a second to import, and the others need none.
            from tests.connectors.sandbox_office import Office

            office = Office(
                Path(told["store"]), path, now=told["now"], waiting=Tells(),
                faults=({"kind": "times_out", "written": "yes"},),
            )  # fmt: skip
            office.worker.drain()


def _refund(world: Sandbox, key: str) -> None:
    billing, action = world.connector("billing"), refund("0.01 USD")
    while True:
        try:
            billing.execute(action, billing.preview(action).version, key)
        except Conflict:
            continue
        return


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
