"""`python -m tests.runtime.kill`: kill processes at random for a while, then check everything.

The last line is a report as JSON; the exit code is 1 where anything is wrong. What a loop left
behind stays in its folder then.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from tests.runtime.databases import any_server, fresh_schema
from tests.runtime.kill.checks import acknowledged, wrong
from tests.runtime.kill.evidence import Evidence, collect
from tests.runtime.kill.loop import APPLICATION, Loop, settle
from tests.runtime.kill.place import Place


def one(kind: str, seconds: float, seed: int, folder: Path) -> dict[str, Any]:
    """Run the loop on a store of one kind, and return the report."""
    with ExitStack() as stack:
        if kind == "sqlite":
            url = f"sqlite:///{folder / 'gate.db'}"
        else:
            schema = stack.enter_context(fresh_schema(stack.enter_context(any_server())))
            url = f"{schema}&application_name={APPLICATION}{seed}"
        place = Place(folder, url)
        place.lay_out()
        stack.enter_context(place.bank(seed))
        with place.gate():
            pass
        loop = Loop(place, seed)
        loop.run(seconds)
        time.sleep(1)  # calls that were under way end in the ledger
        begun = time.monotonic()
        gate = stack.enter_context(place.gate())
        settle(gate)
        evidence = collect(place, gate)
        took = time.monotonic() - begun
        found = [*(f"ended by itself: {said}" for said in loop.ended), *wrong(evidence)]
        return {**_figures(evidence), **loop.did, "settled_s": round(took, 1),
                "store": kind, "seed": seed, "wrong": found}  # fmt: skip


def _figures(evidence: Evidence) -> dict[str, Any]:
    return {
        "runs": len(evidence.runs),
        "states": dict(Counter(run.state.value for run in evidence.runs.values())),
        "calls": sum(c.total() for c in evidence.calls.values()),
        "effects": {system: c.total() for system, c in evidence.effects.items()},
        "approvals": len(acknowledged(evidence, "approve")),
        "told": dict(Counter(deed.told or "killed" for deed in evidence.deeds.values())),
        "leaves": evidence.trail.size,
        "messages": len(evidence.ids),
    }


@click.command()
@click.option("--store", "kinds", type=click.Choice(["sqlite", "postgres"]), multiple=True,
              default=("sqlite", "postgres"))  # fmt: skip
@click.option("--seconds", default=300.0, help="Of each store.")
@click.option("--seed", default=1)
def main(kinds: tuple[str, ...], seconds: float, seed: int) -> None:
    """Kill for a while, and say what became of it."""
    is_good = True
    for kind in kinds:
        folder = Path(tempfile.mkdtemp(prefix="gatewright-kill-"))
        report = one(kind, seconds, seed, folder)
        click.echo(json.dumps(report))
        if report["wrong"]:
            is_good = False
            click.echo(f"{len(report['wrong'])} things are wrong; see {folder}", err=True)
        else:
            shutil.rmtree(folder)
    raise SystemExit(0 if is_good else 1)


if __name__ == "__main__":
    main()
