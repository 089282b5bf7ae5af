"""What must be reached, as ratios, and whether a run reached it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.footprint import BUNDLE, CACHED, SOURCE
from benchmarks.peers import PEERS
from benchmarks.results import BY_HAND, OURS, OURS_RAW, Footprint, Results, Table

_TABLE = "zen-engine, decision table"
_TABLE_BY_KEY = "zen-engine, table by key"
_NOT_IN_THIS_RUN = "not measured in this run"


@dataclass(frozen=True, slots=True)
class Target:
    """One thing to reach: what, the bound in words, what was found, whether that is enough.

    `met` is None where it was not measured; `found` then says why.
    """

    what: str
    bound: str
    found: str
    met: bool | None


def targets(results: Results) -> list[Target]:
    """Return all targets, judged by a run."""
    return [*_refund(results), *_act(results), *_flat(results), *_loading(results), *_rest(results)]


def _refund(results: Results) -> Iterator[Target]:
    table = results.table("refund", 5)
    peers = {peer.name for peer in PEERS if peer.kind in ("decision", "expression")}
    decisions = {peer.name for peer in PEERS if peer.kind == "decision"}
    what = "refund policy, prepared action, full decision"
    yield _slower(what, "hand-written Python", 6, _pair(table, OURS, BY_HAND))
    yield _fastest(what, 3, table, OURS, peers)
    yield _fastest("refund policy, raw dict, full checking", 2, table, OURS_RAW, decisions)


def _act(results: Results) -> Iterator[Target]:
    many, few = results.table("act", 10_000), results.table("act", 10)
    pair = (_us(many, OURS), _us(few, OURS))
    yield _slower("`act`, 10,000 rules, unseen", "the time with 10 rules", 4, pair)
    for name in (_TABLE, _TABLE_BY_KEY):
        yield _faster("`act`, 10,000 rules, unseen", name, 60, _pair(many, OURS, name))


def _flat(results: Results) -> Iterator[Target]:
    many = results.table("flat", 10_000)
    for name in (_TABLE, _TABLE_BY_KEY):
        yield _faster("`flat`, 10,000 rules, unseen", name, 300, _pair(many, OURS, name))


def _loading(results: Results) -> Iterator[Target]:
    for workload in ("act", "flat"):
        bundle = results.footprint(BUNDLE, workload, 100_000)
        yield _at_most(f"`{workload}`, 100,000 rules: load a bundle", bundle, 5)
        yield _at_most(f"`{workload}`, 100,000 rules: memory of a bundle", bundle, 200, mib=True)
        cold = results.footprint(SOURCE, workload, 10_000)
        yield _at_most(f"`{workload}`, 10,000 rules: load files, cold", cold, 20)
        warm = results.footprint(CACHED, workload, 10_000)
        yield _at_most(f"`{workload}`, 10,000 rules: load files, cached", warm, 1)


def _rest(results: Results) -> Iterator[Target]:
    yield _million(results)
    start = results.startup
    if start is None:
        yield Target("`import gatewright`", "", "not measured", None)
        return
    pair = (start.import_ms, start.yardstick_import_ms)
    yield _slower("`import gatewright`", "`import json, decimal, datetime`", 3, pair)
    heavy = ", ".join(start.heavy) or "none of them"
    bound = "no lark, celpy, pydantic, sqlalchemy"
    yield Target("`import gatewright` loads", bound, heavy, not start.heavy)
    if start.eval_ms is None:
        yield Target(
            "`gatewright eval BUNDLE`", '≤ 2.5 x `python -c "import json"`', start.missing, None
        )
    else:
        pair = (start.eval_ms, start.yardstick_eval_ms)
        yield _slower("`gatewright eval BUNDLE`", '`python -c "import json"`', 2.5, pair)


def _million(results: Results) -> Target:
    what, bound = "a condition on 1,000,000 past events: the dearer of count and sum", "≤ 5 µs more"
    found = next((past for past in results.past if past.events == 1_000_000), None)
    asked = [found.more_us(each) for each in ("count", "sum")] if found else []
    more = max((each for each in asked if each is not None), default=None)
    if more is None:
        return Target(what, bound, found.missing if found else _NOT_IN_THIS_RUN, None)
    return Target(what, bound, f"{more:,.1f} µs more", more <= 5)


# --- kinds of bounds -----------------------------------------------------------------------------


def _us(table: Table | None, name: str) -> float | None:
    return table.unseen.get(name) if table else None


def _pair(table: Table | None, ours: str, other: str) -> tuple[float | None, float | None]:
    return _us(table, ours), _us(table, other)


def _slower(what: str, than: str, most: float, pair: tuple[float | None, float | None]) -> Target:
    ours, other = pair
    bound = f"≤ {most:g} x {than}"
    if ours is None or other is None:
        return Target(what, bound, _NOT_IN_THIS_RUN, None)
    return Target(what, bound, f"{_short(ours / other)} x", ours <= most * other)


def _faster(what: str, than: str, least: float, pair: tuple[float | None, float | None]) -> Target:
    ours, other = pair
    bound = f"≥ {least:g} x faster than {than}"
    if ours is None or other is None:
        return Target(what, bound, _NOT_IN_THIS_RUN, None)
    slow = ours > other
    found = f"{_short(ours / other)} x slower" if slow else f"{_short(other / ours)} x faster"
    return Target(what, bound, found, other >= least * ours)


def _fastest(what: str, least: float, table: Table | None, ours: str, among: set[str]) -> Target:
    timed = {name: us for name, us in table.unseen.items() if name in among} if table else {}
    if not timed:
        return _faster(what, "the fastest peer", least, (None, None))
    fastest = min(timed, key=lambda name: timed[name])
    return _faster(what, f"the fastest peer ({fastest})", least, _pair(table, ours, fastest))


def _at_most(what: str, found: Footprint | None, most: float, *, mib: bool = False) -> Target:
    unit = "MiB" if mib else "s"
    value = None if found is None else found.peak_mib if mib else found.seconds
    bound = f"≤ {most:g} {unit}"
    if value is None:
        missing = found.missing if found else _NOT_IN_THIS_RUN
        return Target(what, bound, missing, None)
    return Target(what, bound, f"{value:,.2f} {unit}", value <= most)


def _short(ratio: float) -> str:
    return f"{ratio:,.0f}" if ratio >= 20 else f"{ratio:.2f}"
