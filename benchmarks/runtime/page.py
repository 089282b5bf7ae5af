"""Results -> `docs/benchmarks-runtime.md`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from benchmarks.machine import busy
from benchmarks.runtime.found import INSERT, Asked, Results, Size
from benchmarks.runtime.stores import Kind

VERIFIED_PER_S = 50_000
GROWTH = 3.0
"""What a step may take in the largest store, as a multiple of the smallest one, with room for a
machine that others use and for indexes that are deeper. Linear growth would be the ratio of sizes.
"""

_INTRO = """# Benchmarks of the runtime

What proposals, answers, executions and the audit trail take, on SQLite (a file, every commit on
disk) and on PostgreSQL (a server on the same machine). `make bench-runtime` measures and writes
this page; `make bench-runtime BENCH=--quick` takes a short run, into `build/benchmarks/`.

Times depend on the machine and on its disk; **multiples of an insert** are what to compare: in each
round every step is taken once, and so is the least that anything kept can take, the insert of one
row of 1 kB and its commit on the same database. Medians of the rounds are shown. The business
system of the benchmark is in memory and answers at once, so that the figures are of the runtime
and its database. The policy has a tier by amount and asks the history twice.
"""

_STEPS = """## One step

One process, a small store. A step is everything that its call does: a proposal is previewed,
decided, and kept with its event, decision, audit entries and messages; carrying out a run is a
claim, a second decision, the attempt, the write, and the check afterwards, each kept by itself.
"""

_LATENCY = """## From approval to done

One worker in a process of its own, with nothing else to do; it looks for work twice a second, so a
run waits for a quarter of a second on average before it begins.
"""

_SIZES = """## Growth with the number of runs

Pending runs over the last thirty days, 97 agents, two runs a customer. All but a few were written
as copies of one proposal, with ids, commitments, cards and keys of their own. PostgreSQL gathered
statistics before each size, as its autovacuum does; SQLite has none. Milliseconds, medians; the
last column is the largest store by the smallest, of the quicker quarter of the rounds, which the
rest of the machine disturbs least.
"""

_PAST = """## Growth with the past of one customer

What a policy asks of a history does not grow with the store, but with the number of events that
the keys and the window of the question find. The question here is how many refunds a customer had
in thirty days.
"""

_ASKED = """## Questions to the past

What a rule asks of one agent's refunds of thirty days: how many, their sum, the last, and of how
many different customers. Microseconds, medians, without the transaction around them; `growth` is
the largest number of events by the smallest, to be held against the ratio of those numbers. The
database counts and adds up in an index, exactly, and finds the last in as many steps as the index
is deep; a difference it looks up for each event. `python -m benchmarks.runtime --questions 1000000`
asks in stores of a million events, and prints this table.
"""

_CREWS = """## Several processes

All processes do the same at once: propose (half of it runs at once), approve, carry out. Steps a
second, of all together; in brackets the multiple of one process. This machine has {cores}
processors, which the processes share with PostgreSQL and with whatever else runs. SQLite has one
writer at a time, whoever asks. On PostgreSQL proposals that are decided at once undo each other
where they read the same pages of the history, as all of them do in a store as small as this; who
was undone decides again alone. So proposals do not gain by more processes. A step that the store
was too busy for is taken again, as a client would.
"""

_TRAIL = """## The audit trail

Entries a second. *Of the processor* leaves out the time that others had it, or that the database
took.
"""


def page(results: Results) -> str:
    """Return the page."""
    cores = results.machine.get("cores", "?")
    parts: Iterable[str] = (
        _INTRO,
        *_caveats(results),
        _table(["", ""], [*_machine(results)]),
        "## Must reach\n",
        _table(["what", "bound", "database", "found", "reached"], _targets(results)),
        _STEPS,
        _steps(results),
        _LATENCY,
        _latency(results),
        _SIZES,
        *_sizes(results),
        _PAST,
        _past(results),
        _ASKED,
        questions_table({found.kind: found.asked for found in results.databases}),
        _CREWS.format(cores=cores),
        _crews(results),
        _TRAIL,
        _trail(results),
    )
    return "\n".join(parts).rstrip() + "\n"


def _caveats(results: Results) -> Iterator[str]:
    if results.quick:
        yield "> This page is of a **short run** (`--quick`): few rounds, small sizes.\n"
    if busy(results.machine):
        yield (
            "> **The machine was busy** with other work: times and rates are worse than they would "
            "be, those of several processes most of all.\n"
        )


def _machine(results: Results) -> Iterator[Sequence[str]]:
    yield from results.machine.items()
    yield "load after the run", results.load_after
    for found in results.databases:
        yield found.kind, found.version


def _targets(results: Results) -> Iterator[Sequence[str]]:
    for found in results.databases:
        rate = found.trail.verify_cpu
        yield (
            "verify the trail, by the time of the processor", f"≥ {VERIFIED_PER_S:,} entries a s",
            found.kind, f"{rate:,.0f}", _reached(rate >= VERIFIED_PER_S),
        )  # fmt: skip
        if len(found.sizes) > 1:
            names = found.sizes[0].steps.keys() - {INSERT}
            times = {name: _growth(found.sizes, name) for name in sorted(names)}
            worst = max(times, key=lambda name: times[name])
            first, *_, last = found.sizes
            yield (
                f"any step, {last.runs:,} runs", f"≤ {GROWTH:g} x that with {first.runs:,}",
                found.kind, f"{times[worst]:.2g} x ({worst})", _reached(times[worst] <= GROWTH),
            )  # fmt: skip
            grown = last.worker_mib - first.worker_mib
            yield (
                f"memory of a worker, {last.runs:,} runs",
                f"≤ 32 MiB more than with {first.runs:,}",
                found.kind, f"{grown:+.1f} MiB", _reached(grown <= 32),
            )  # fmt: skip
            yield (
                f"threads of a worker, {last.runs:,} runs", f"as many as with {first.runs:,}",
                found.kind, str(last.worker_threads),
                _reached(last.worker_threads <= first.worker_threads),
            )  # fmt: skip


def _reached(met: bool) -> str:
    return "yes" if met else "**no**"


def _growth(sizes: Sequence[Size], name: str) -> float:
    """Return how a step grew from the smallest store to the largest, by its quick rounds."""
    return sizes[-1].steps[name].quick_ms / sizes[0].steps[name].quick_ms


def _steps(results: Results) -> str:
    head = ["step"]
    for found in results.databases:
        head += [f"{found.kind}, ms", "a second", "x insert"]
    rows: list[list[str]] = []
    for name in results.databases[0].steps:
        row = [name]
        for found in results.databases:
            step = found.steps[name]
            row += [_ms(step.ms), f"{1_000 / step.ms:,.0f}", f"{step.inserts:.2g}"]
        rows.append(row)
    return _table(head, rows)


def _latency(results: Results) -> str:
    rows = [
        [f.kind, str(f.latency.count), _ms(f.latency.median_ms), _ms(f.latency.p99_ms)]
        for f in results.databases
    ]
    return _table(["database", "runs", "median, ms", "99th percentile, ms"], rows)


def _sizes(results: Results) -> Iterator[str]:
    for found in results.databases:
        sizes = found.sizes
        rows = [
            [name, *(_ms(size.steps[name].ms) for size in sizes), f"{_growth(sizes, name):.2g}"]
            for name in sizes[0].steps
            if name != INSERT
        ]
        rows.append([INSERT, *(_ms(size.steps[INSERT].ms) for size in sizes), ""])
        rows.append(["memory of a worker, MiB", *(f"{s.worker_mib:.0f}" for s in sizes), ""])
        rows.append(["threads of a worker", *(str(s.worker_threads) for s in sizes), ""])
        rows.append(["filled in, s", *(f"{s.filled_s:,.0f}" for s in sizes), ""])
        head = [found.kind, *(f"{size.runs:,} runs" for size in sizes), "growth"]
        yield _table(head, rows)


def _past(results: Results) -> str:
    counts = [past.events for past in results.databases[0].past]
    rows = [[found.kind, *(_ms(past.ms) for past in found.past)] for found in results.databases]
    return _table(["propose, ms", *(f"{events:,} events" for events in counts)], rows)


def questions_table(asked: Mapping[Kind, Sequence[Asked]]) -> str:
    """Return what questions took, by database."""
    rows: list[list[str]] = []
    sizes: Sequence[Asked] = ()
    for kind, sizes in asked.items():
        for name, smallest in sizes[0].us.items():
            times = [size.us[name] for size in sizes]
            growth = f"{times[-1] / smallest:.2g}"
            rows.append([kind, name, *(f"{time:,.0f}" for time in times), growth])
    counts = [f"{size.events:,} events" for size in sizes]
    return _table(["microseconds", "question", *counts, "growth"], rows)


def _crews(results: Results) -> str:
    rows: list[list[str]] = []
    for found in results.databases:
        one = found.crews[0]
        for crew in found.crews:
            cells = [
                f"{rate:,.0f} ({rate / first:.2g})"
                for rate, first in (
                    (crew.propose, one.propose),
                    (crew.approve, one.approve),
                    (crew.execute, one.execute),
                )
            ]
            rows.append([found.kind, str(crew.processes), *cells])
    return _table(["database", "processes", "propose", "approve", "carry out"], rows)


def _trail(results: Results) -> str:
    rows = [
        [
            found.kind, f"{trail.entries:,}", f"{trail.append:,.0f}", f"{trail.append_batch:,.0f}",
            f"{trail.sequence:,.0f}", f"{trail.sequence_cpu:,.0f}", f"{trail.verify:,.0f}",
            f"{trail.verify_cpu:,.0f}",
        ]
        for found in results.databases
        for trail in (found.trail,)
    ]  # fmt: skip
    head = [
        "database", "entries", "append, a commit each", "append, 1,000 a commit",
        "put into the tree", "of the processor", "verify", "of the processor",
    ]  # fmt: skip
    return _table(head, rows)


def _ms(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
