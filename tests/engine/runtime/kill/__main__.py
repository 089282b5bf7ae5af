"""`python -m tests.engine.runtime.kill`: kill processes at random moments, or at every failpoint.

The exit code is 1 where anything is wrong; what a loop left behind stays in its folder then.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from tests.engine.runtime.databases import any_server, fresh_schema
from tests.engine.runtime.kill import matrix, pausing
from tests.engine.runtime.kill.bank import SLOW_S
from tests.engine.runtime.kill.checks import acknowledged, wrong
from tests.engine.runtime.kill.evidence import Evidence, collect
from tests.engine.runtime.kill.loop import APPLICATION, Loop, settle, stock
from tests.engine.runtime.kill.place import BANK, Place
from tests.engine.runtime.kill.processes import preload

F = TypeVar("F", bound=Callable[..., Any])


@contextmanager
def placed(kind: str, folder: Path, connector: str = BANK, name: str = "") -> Generator[Place]:
    """Lay out a place with an empty store of a kind; `name` is what its sessions are called."""
    with ExitStack() as stack:
        if kind == "sqlite":
            url = f"sqlite:///{folder / 'gate.db'}"
        else:
            schema = stack.enter_context(fresh_schema(stack.enter_context(any_server())))
            url = f"{schema}&application_name={name}"
        place = Place(folder, url, connector)
        place.lay_out()
        yield place


def one(kind: str, seconds: float, seed: int, folder: Path) -> dict[str, Any]:
    """Run the loop on a store of one kind, and return the report."""
    with placed(kind, folder, name=f"{APPLICATION}{seed}") as place, place.bank(seed):
        with place.gate() as gate:
            stock(gate)
        loop = Loop(place, seed)
        loop.run(seconds)
        time.sleep(SLOW_S)  # calls that are under way end in the ledger
        begun = time.monotonic()
        with place.gate() as gate:
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


def _stores(command: F) -> F:
    return click.option(
        "--store", "kinds", type=click.Choice(["sqlite", "postgres"]), multiple=True,
        default=("sqlite", "postgres"), help="Of which kind; both where none is named.",
    )(command)  # fmt: skip


@click.group()
def main() -> None:
    """Kill processes, and check that nothing is lost and nothing happens twice."""


@main.command()
@_stores
@click.option("--seconds", default=300.0, show_default=True, help="For each store.")
@click.option("--seed", default=1, show_default=True)
def loop(kinds: tuple[str, ...], seconds: float, seed: int) -> None:
    """Kill at random moments. A line of JSON for each store says what became of it."""
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


@main.command()
@_stores
def pause(kinds: tuple[str, ...]) -> None:
    """Pause a worker in a call until others have its run, with every grade."""
    preload()
    bad = 0
    for kind in kinds:
        with (
            tempfile.TemporaryDirectory() as folder,
            placed(kind, Path(folder), pausing.CONNECTOR) as place,
        ):
            wrong = pausing.pause_all(place)
        click.echo(f"{kind}: {len(pausing.ENDS)} cases, {len(wrong)} wrong")
        for line in wrong:
            click.echo(f"  {line}", err=True)
        bad += len(wrong)
    raise SystemExit(1 if bad else 0)


@main.command("matrix")
@_stores
def all_failpoints(kinds: tuple[str, ...]) -> None:
    """End a process at every failpoint, with every grade."""
    preload()
    bad = 0
    for kind in kinds:
        cases, wrong = matrix.run_all(kind)
        click.echo(f"{kind}: {cases} cases, {len(wrong)} wrong")
        for line in wrong:
            click.echo(f"  {line}", err=True)
        bad += len(wrong)
    raise SystemExit(1 if bad else 0)


if __name__ == "__main__":
    main()
