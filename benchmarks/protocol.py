"""What a contestant is: a name, what it can do, and how to prepare it for a workload.

Only `ask` is timed. Whatever a peer wants of its input beforehand is done in `ready`, and what its
answer means is read by `effect`: neither counts against it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module, metadata
from typing import Any, Literal, TypeAlias

from benchmarks.workloads import Workload

Kind: TypeAlias = Literal["ours", "by hand", "decision", "expression"]

UNBOUNDED = 10**9


class NotMeasured(Exception):
    """A peer cannot take part; the text says why."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A contestant loaded with a workload's rules."""

    ready: Callable[[Any], Any]
    ask: Callable[[Any], Any]
    effect: Callable[[Any], str]


@dataclass(frozen=True, slots=True)
class Peer:
    """A contestant.

    `package` is the distribution that it comes from. `most` says for each workload how many rules
    it is tried with, as far as that takes reasonable time; `why_not` why a workload is not there.
    """

    name: str
    package: str | None
    kind: Kind
    prepare: Callable[[Workload], Prepared]
    most: Mapping[str, int]
    note: str
    why_not: str = ""
    language: str = "Python"

    @property
    def version(self) -> str:
        """The installed version; `-` for what is not a package, or not installed."""
        try:
            return metadata.version(self.package) if self.package else "-"
        except metadata.PackageNotFoundError:
            return "-"

    def prepared(self, workload: Workload) -> Prepared:
        """Return the peer loaded with the workload; raises NotMeasured."""
        most = self.most.get(workload.name)
        if most is None:
            raise NotMeasured(self.why_not or "the peer has no such thing")
        if workload.rules > most:
            raise NotMeasured(f"not tried with more than {most:,} rules")
        return self.prepare(workload)


def library(module: str) -> Any:
    """Import a peer's module, which need not be installed; raises NotMeasured."""
    try:
        return import_module(module)
    except Exception as error:  # a binary module may fail in its own ways
        raise NotMeasured(f"`{module}` cannot be imported: {error}") from error
