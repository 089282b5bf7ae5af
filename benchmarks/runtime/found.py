"""What a run of the benchmarks found. The page is made from these alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from benchmarks.runtime.stores import Kind

INSERT = "an insert of one row and its commit"
"""What rates are compared with: the least that anything kept can take."""


@dataclass(frozen=True, slots=True)
class Step:
    """The median time of a step, and as a multiple of the insert in the same rounds."""

    ms: float
    inserts: float
    quick_ms: float
    """What a quarter of the rounds did not exceed: what others on the machine hardly touch."""


@dataclass(frozen=True, slots=True)
class Latency:
    """From an approval to `done`, with one worker that was idle: milliseconds."""

    count: int
    median_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class Size:
    """A store with so many pending runs: milliseconds a step, and what a worker takes."""

    runs: int
    filled_s: float
    steps: Mapping[str, Step]
    worker_mib: float
    worker_threads: int


@dataclass(frozen=True, slots=True)
class Past:
    """A proposal whose customer has so many past refunds within the window."""

    events: int
    ms: float


@dataclass(frozen=True, slots=True)
class Asked:
    """Questions of a key that has so many events within the window: microseconds, by question."""

    events: int
    us: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Trail:
    """Entries a second; `..._cpu` are by the time of the processor, which others do not take."""

    entries: int
    append: float
    append_batch: float
    sequence: float
    sequence_cpu: float
    verify: float
    verify_cpu: float


@dataclass(frozen=True, slots=True)
class Crew:
    """So many processes on one store: steps a second, of all together."""

    processes: int
    propose: float
    approve: float
    execute: float


@dataclass(frozen=True, slots=True)
class Found:
    """Everything about one database."""

    kind: Kind
    version: str
    steps: Mapping[str, Step]
    latency: Latency
    sizes: tuple[Size, ...]
    past: tuple[Past, ...]
    asked: tuple[Asked, ...]
    trail: Trail
    crews: tuple[Crew, ...]


@dataclass(frozen=True, slots=True)
class Results:
    """Everything of one run."""

    quick: bool
    machine: Mapping[str, str]
    load_after: str
    databases: tuple[Found, ...] = field(default_factory=tuple)
