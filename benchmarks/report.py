"""Results -> `docs/benchmarks.md`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from benchmarks.machine import busy
from benchmarks.protocol import Peer
from benchmarks.results import BY_HAND, OURS, Footprint, Results, Table
from benchmarks.targets import targets

_INTRO = """# Benchmarks

How long Gatewright takes for a decision, beside hand-written Python and the policy and expression
engines that can be called from Python in the same process. `make bench` measures and writes this
page; `make bench BENCH=--quick` takes a short run, into `build/benchmarks/`.

Times depend on the machine; **ratios** are what to compare. A time is the median of many rounds.
In a round each contestant in turn is asked a batch of requests, in shuffled order, all in one
process. *Unseen* requests never came before; *repeated* ones are the same sixteen all the time,
which flatters whoever remembers answers.

Before anything is timed, every contestant's decisions are compared with an oracle, plain Python
written from the workload's definition. Whoever disagrees is not timed. Turning a request into what
an engine wants as its input, and reading its answer, is counted for nobody except "Gatewright, raw
dict", which reads and checks the JSON shape of an action each time. No other contestant checks its
input, and amounts are whole cents for all of them, where ours and the hand-written ones are exact
decimal money.
"""

_NOT_MEASURED = """## Not measured

- **OPA** itself and **regorus**: neither comes as a Python package, so they would be asked over a
  socket or a binding of our own. `regopy` stands for Rego here.
- **Threads and several processes**: every figure is of one thread.
- Peers with more rules than their tables show: they would take minutes a round.
"""

_A = """## The refund policy

Above 200 USD finance, from 50 USD or for the reason `goodwill` a manager, a block on closed
charges, everything else runs by itself. No history.
"""

_B = {
    "act": """## Many rules on many actions

`act`: each action has three rules; a rule compares the amount with two limits of its own.
""",
    "flat": """## Many rules on one action

`flat`: all rules stand on one action, each `tenant == "tN" && amount < X`; a tenant has one rule,
and what no rule opens is blocked.
""",
}


def report(results: Results, peers: Sequence[Peer]) -> str:
    """Return the page."""
    parts: Iterable[str] = (
        _INTRO,
        *_caveats(results),
        _machine(results),
        _must(results),
        *_refund(results, peers),
        *_many(results, peers),
        *_loop(results),
        *_past(results),
        *_footprints(results),
        *_startup(results),
        _contestants(results, peers),
        _NOT_MEASURED + "".join(_missing(results)),
    )
    return "\n".join(parts).rstrip() + "\n"


def _caveats(results: Results) -> Iterator[str]:
    if results.quick:
        yield (
            "> This page is of a **short run** (`--quick`): few rounds, small sizes. Targets at "
            "larger sizes were not measured.\n"
        )
    if busy(results.machine):
        yield (
            "> **The machine was busy** with other work: the figures are too high, and ratios of "
            "contestants that hand over to other threads are off.\n"
        )


def _machine(results: Results) -> str:
    rows = [[name, value] for name, value in results.machine.items()]
    return "![times of the refund policy](benchmarks.svg)\n\n" + _table(["", ""], rows)


def _must(results: Results) -> str:
    words = {True: "yes", False: "**no**", None: "not measured"}
    rows = [[t.what, t.bound, t.found, words[t.met]] for t in targets(results)]
    return "## Must reach\n\n" + _table(["what", "bound", "found", "reached"], rows)


def _refund(results: Results, peers: Sequence[Peer]) -> Iterator[str]:
    table = results.table("refund", 5)
    if table is None:
        return
    ours, hand = table.unseen[OURS], table.unseen.get(BY_HAND)
    kinds = {peer.name: peer.kind for peer in peers}
    rows = [
        [
            name,
            kinds[name],
            _us(us),
            _times(us, ours),
            _times(us, hand),
            _us(table.repeated[name]),
            _times(table.repeated[name], table.repeated[OURS]),
            f"{table.checked[name]:,}",
        ]
        for name, us in sorted(table.unseen.items(), key=lambda pair: pair[1])
    ]
    head = [
        "contestant", "kind", "unseen, µs", "x Gatewright", "x by hand", "repeated, µs",
        "x Gatewright", "decisions compared",
    ]  # fmt: skip
    yield _A
    yield _table(head, rows)


def _many(results: Results, peers: Sequence[Peer]) -> Iterator[str]:
    for workload, text in _B.items():
        tables = [table for table in results.tables if table.workload == workload]
        if not tables:
            continue
        yield text
        for requests in ("unseen", "repeated"):
            yield f"Microseconds a call, {requests} requests; in brackets the multiple of ours.\n"
            head = ["contestant", *(f"{table.rules:,} rules" for table in tables)]
            yield _table(head, _rows_of_many(tables, requests, peers))


def _rows_of_many(
    tables: Sequence[Table], requests: str, peers: Sequence[Peer]
) -> Iterator[list[str]]:
    for peer in peers:
        cells: list[str] = []
        for table in tables:
            times = table.unseen if requests == "unseen" else table.repeated
            us = times.get(peer.name)
            cells.append(f"{_us(us)} ({_times(us, times.get(OURS))})" if us is not None else "-")
        if any(cell != "-" for cell in cells):
            yield [peer.name, *cells]


def _loop(results: Results) -> Iterator[str]:
    found = results.loop
    if found is None:
        return
    yield f"## A loop over {found.actions:,} actions\n"
    yield "Different refunds, one after the other, one thread.\n"
    ours = found.seconds.get(OURS)
    rows = [
        [name, f"{seconds:,.3f}", f"{found.actions / seconds:,.0f}", _times(seconds, ours)]
        for name, seconds in sorted(found.seconds.items(), key=lambda pair: pair[1])
    ]
    yield _table(["contestant", "seconds", "decisions a second", "x Gatewright"], rows)
    if found.missing:
        yield _list(f"{name}: {why}" for name, why in found.missing.items())


def _past(results: Results) -> Iterator[str]:
    if not results.past:
        return
    yield "## Past events\n"
    yield (
        "The refund tiers, without and with conditions on the history: a count by customer in "
        "30 days, a sum by agent in 24 hours, and both. The past events spread over a year; "
        "customers and agents are drawn anew for each decision.\n"
    )
    rows: list[list[str]] = []
    for past in results.past:
        if past.without_us is None:
            rows.append([f"{past.events:,}", past.missing, "-", "-", "-", "-"])
        else:
            recorded = f"{past.recorded_s:,.1f}" if past.recorded_s is not None else "-"
            more = [_us(past.more_us(asked)) for asked in ("count", "sum", "both")]
            rows.append([f"{past.events:,}", _us(past.without_us), *more, recorded])
    heads = ["events", "without, µs", "a count, µs more", "a sum, µs more", "both, µs more"]
    yield _table([*heads, "recording them all, s"], rows)


def _footprints(results: Results) -> Iterator[str]:
    if not results.footprints:
        return
    yield "## Loading\n"
    yield (
        "Each in a process of its own, from before the first import until the first decision "
        "(of a file or bundle: until it is loaded); peak memory beyond that of the process before. "
        "*files again* is a second process, which may find what the first one kept.\n"
    )
    rows = [
        [f.contestant, f"`{f.workload}`", f"{f.rules:,}", *_seconds_and_memory(f)]
        for f in results.footprints
    ]
    yield _table(["contestant", "workload", "rules", "seconds", "MiB"], rows)


def _seconds_and_memory(found: Footprint) -> tuple[str, str]:
    if found.seconds is None or found.peak_mib is None:
        return f"not measured: {found.missing}", "-"
    return f"{found.seconds:,.2f}", f"{found.peak_mib:,.0f}"


def _startup(results: Results) -> Iterator[str]:
    start = results.startup
    if start is None:
        return
    ratio = _times(start.import_ms, start.yardstick_import_ms)
    rows = [
        ["`import gatewright`", f"{start.import_ms:.1f}", ratio],
        ["`import json, decimal, datetime`", f"{start.yardstick_import_ms:.1f}", "1"],
    ]
    if start.eval_ms is None:
        rows.append(["`gatewright eval BUNDLE --action F`", f"not measured: {start.missing}", "-"])
    else:
        ratio = _times(start.eval_ms, start.yardstick_eval_ms)
        rows.append(["`gatewright eval BUNDLE --action F`", f"{start.eval_ms:.0f}", ratio])
    rows.append(['`python -c "import json"`', f"{start.yardstick_eval_ms:.0f}", "1"])
    yield "## Starting\n"
    yield _table(["", "ms", "as a multiple of the line below"], rows)


def _contestants(results: Results, peers: Sequence[Peer]) -> str:
    rows = [
        [peer.name, results.versions.get(peer.name, "-"), peer.language, peer.kind, peer.note]
        for peer in peers
    ]
    text = (
        "## The contestants\n\nA *decision* is made by a set of rules; an *expression* is one "
        "formula, and everything around it is left to its caller.\n\n"
    )
    return text + _table(["contestant", "version", "written in", "kind", "how it is asked"], rows)


def _missing(results: Results) -> Iterator[str]:
    """Say who did not take part, a line a reason."""
    missing: dict[tuple[str, str], list[str]] = {}
    for table in results.tables:
        for name, why in table.missing.items():
            names = missing.setdefault((table.workload, why), [])
            if name not in names:
                names.append(name)
    for (workload, why), names in missing.items():
        yield f"- `{workload}`, {'; '.join(names)}: {_plain(why)}.\n"


# --- text ----------------------------------------------------------------------------------------


def _us(microseconds: float | None) -> str:
    if microseconds is None:
        return "-"
    return f"{microseconds:,.0f}" if microseconds >= 100 else f"{microseconds:.3g}"


def _times(value: float | None, unit: float | None) -> str:
    if value is None or unit is None:
        return "-"
    ratio = value / unit
    return f"{ratio:,.0f}" if ratio >= 10 else f"{ratio:.2g}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(_plain(cell) for cell in line)} |\n" for line in lines)


def _list(items: Iterable[str]) -> str:
    return "".join(f"- {_plain(item)}\n" for item in items)


def _plain(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
