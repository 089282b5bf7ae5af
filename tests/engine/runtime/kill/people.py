"""A process of people and an agent: they propose, answer and take back at random until it is killed."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gatewright.engine.runtime.errors import GateError
from gatewright.engine.runtime.gate import Gate
from gatewright.engine.runtime.run import Run, State
from gatewright.engine.runtime.store import runs
from gatewright.engine.runtime.store.errors import StoreError, StoreUnsure
from tests.engine.runtime.kill.bank import GRADES, Teller
from tests.engine.runtime.kill.journal import Answer, Journal
from tests.engine.runtime.kill.place import AGENT, ASKED, CHARGES, GROUPS, OWNER, PEOPLE, Place

_DEEDS = {
    "propose": 30, "approve": 40, "reject": 3, "cancel": 3, "request_changes": 2, "revise": 6,
    "compensate": 6, "retry": 6, "branch": 2, "take_over": 1, "complete": 3, "comment": 2,
    "move": 3,
}  # fmt: skip
"""What is done how often."""

_OF_STATE = {
    "approve": State.PENDING, "reject": State.PENDING, "request_changes": State.PENDING,
    "cancel": None, "revise": State.CHANGES_REQUESTED, "compensate": State.DONE,
    "retry": State.FAILED, "branch": None, "take_over": State.PENDING,
    "complete": State.TAKEN_OVER, "comment": None,
}  # fmt: skip
"""Of runs in which state; None for any."""


def action(system: str, charge: str, cents: int, deed: str) -> dict[str, object]:
    """Return a refund. Every one has an amount of its own, so that none passes for another."""
    return {
        "action": f"{system}.refund",
        "params": {"customer": f"C-{charge}", "amount": f"{cents // 100}.{cents % 100:02} USD"},
        "agent": {"id": AGENT, "owner": OWNER},
        "target": {"id": charge},
        "context": {"reasoning": deed},
        "idempotency_key": deed,
    }


class Crowd:
    """Everybody of one process."""

    def __init__(self, place: Place, gate: Gate, name: str, seed: int) -> None:
        self._place, self._gate, self._name = place, gate, name
        self._random = random.Random(seed)  # noqa: S311 - no secret
        self._journal = Journal(place.folder / f"{name}.jsonl")
        self._count = 0

    def act(self) -> None:
        """Do one thing, and write down before what it is and afterwards what came of it."""
        do = self._random.choices(tuple(_DEEDS), tuple(_DEEDS.values()))[0]
        self._count += 1
        deed = f"{self._name}-{self._count}"
        if do == "move":
            Teller(self._place.folder, self._random.choice(tuple(GRADES))).put(
                self._random.choice(CHARGES)
            )
        elif do == "propose":
            self._propose(deed)
        else:
            self._answer(do, deed)

    def _propose(self, deed: str) -> None:
        wanted = self._some_action(deed)
        self._told(deed, "propose", AGENT, None, lambda: self._gate.propose(wanted))

    def _some_action(self, deed: str) -> dict[str, object]:
        cents = self._random.choice((range(100, 2000), range(2000, 20_001), range(20_001, 50_000)))
        system = self._random.choice(tuple(GRADES))
        return action(system, self._random.choice(CHARGES), self._random.choice(cents), deed)

    def _answer(self, do: str, deed: str) -> None:
        found = self._some_run(_OF_STATE[do])
        if found is None:
            return
        by = self._random.choice(PEOPLE)
        if do == "approve" and self._random.random() < 0.8:
            by = self._random.choice(GROUPS[ASKED[found.round.asks[-1].route]])
        if do in ("revise", "retry", "branch"):
            by = self._random.choice((AGENT, OWNER, by))
        if do == "complete":
            by = found.taken_by or by
        self._told(deed, do, by, found, lambda: self._call(do, deed, by, found))

    def _call(self, do: str, deed: str, by: str, run: Run) -> Run:
        gate = self._gate
        calls: dict[str, Callable[[], Run]] = {
            "approve": lambda: gate.approve(run.id, by=by, card=run.card, note=deed),
            "reject": lambda: gate.reject(run.id, by=by, note=deed),
            "cancel": lambda: gate.cancel(run.id, by=by, note=deed),
            "request_changes": lambda: gate.request_changes(run.id, by=by, note=deed),
            "revise": lambda: gate.revise(run.id, self._other_plan(run, deed), by=by),
            "compensate": lambda: gate.compensate(run.id, by=by, note=deed),
            "retry": lambda: gate.retry(run.id, by=by),
            "branch": lambda: gate.branch(run.id, self._other_plan(run, deed), by=by),
            "take_over": lambda: gate.take_over(run.id, by=by, note=deed),
            "complete": lambda: gate.complete_manually(run.id, by=by, executed=False, note=deed),
            "comment": lambda: gate.comment(run.id, by=by, text=deed),
        }
        return calls[do]()

    def _other_plan(self, run: Run, deed: str) -> dict[str, object]:
        return action(
            run.system, run.round.preview["target"]["id"], self._random.randrange(100, 50_000), deed
        )

    def _some_run(self, state: State | None) -> Run | None:
        states = None if state is None else [state]
        try:
            found = self._gate.desk.database.retrying(
                lambda c: runs.listed(c, states=states, most=1000), "reading"
            )
        except StoreError:
            return None
        return self._random.choice(found[-40:]) if found else None

    def _told(self, deed: str, do: str, by: str, run: Run | None, call: Callable[[], Run]) -> None:
        self._journal.write(id=deed, do=do, by=by, run=run and run.id)
        told: Answer
        result: dict[str, Any] = {}
        try:
            changed = call()
            told = "done"
            result = {"run": changed.id, "state": changed.state.value, "card": changed.card}
        except GateError as error:
            told, result = "refused", {"code": error.code}
        except StoreUnsure:
            told = "unsure"
        except StoreError as error:
            told, result = "not_kept", {"why": str(error)}
        self._journal.write(id=deed, told=told, result=result)


def act_for_ever(folder: str, url: str, name: str, seed: int) -> None:
    """Act until the process is killed. Every process has a name of its own."""
    place = Place(Path(folder), url)
    while True:
        try:
            _act(place, name, seed)
        except StoreError:  # while it was opened
            continue


def _act(place: Place, name: str, seed: int) -> None:
    with place.gate() as gate:
        crowd = Crowd(place, gate, name, seed)
        while True:
            crowd.act()
