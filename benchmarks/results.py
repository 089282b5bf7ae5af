"""What a run found. The report, the chart and the targets are made from these alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

OURS = "Gatewright"
OURS_RAW = "Gatewright, raw dict"
BY_HAND = "hand-written Python"


@dataclass(frozen=True, slots=True)
class Table:
    """The times of a workload of one size, in microseconds a call, and who is missing and why."""

    workload: str
    rules: int
    checked: Mapping[str, int]
    unseen: Mapping[str, float]
    repeated: Mapping[str, float]
    missing: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Loop:
    """A loop over many different refunds: seconds for all of them."""

    actions: int
    seconds: Mapping[str, float]
    missing: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PastEvents:
    """A decision without conditions on so many past events, and with some, in microseconds."""

    events: int
    recorded_s: float | None = None
    without_us: float | None = None
    with_us: Mapping[str, float] = field(default_factory=dict[str, float])
    """By what is asked: `count`, `sum`, or `both`."""
    missing: str = ""

    def more_us(self, asked: str) -> float | None:
        """How much more a decision takes with such a condition."""
        with_us = self.with_us.get(asked)
        return None if with_us is None or self.without_us is None else with_us - self.without_us


@dataclass(frozen=True, slots=True)
class Footprint:
    """Loading in a process of its own: the time, and how far its peak memory rose."""

    contestant: str
    workload: str
    rules: int
    seconds: float | None
    peak_mib: float | None
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Startup:
    """Starting a process: what a command takes, and what importing loads. Times in milliseconds."""

    import_ms: float
    yardstick_import_ms: float
    heavy: tuple[str, ...]
    eval_ms: float | None
    yardstick_eval_ms: float
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Results:
    """Everything of one run."""

    quick: bool
    machine: Mapping[str, str]
    tables: tuple[Table, ...] = ()
    loop: Loop | None = None
    past: tuple[PastEvents, ...] = ()
    footprints: tuple[Footprint, ...] = ()
    startup: Startup | None = None
    versions: Mapping[str, str] = field(default_factory=dict[str, str])

    def table(self, workload: str, rules: int) -> Table | None:
        """Return the table of a workload with about so many rules."""
        near = (t for t in self.tables if t.workload == workload and abs(t.rules - rules) < 3)
        return next(near, None)

    def footprint(self, contestant: str, workload: str, rules: int) -> Footprint | None:
        """Return what loading took a contestant."""
        same = (f for f in self.footprints if (f.contestant, f.workload) == (contestant, workload))
        return next((each for each in same if abs(each.rules - rules) < 3), None)
