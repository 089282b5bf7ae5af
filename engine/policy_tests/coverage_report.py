"""Coverage -> text for people and JSON for programs.

Percentages are cut, not rounded, so that 100 means everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from gatewright.dsl.rendering.display import visible
from gatewright.engine.policy_tests.coverage import FileCoverage
from gatewright.engine.policy_tests.goals import Goal, Kind
from gatewright.engine.reading.json_text import Json


def percent(tried: int, total: int) -> float:
    """Return how much was tried, in percent with one decimal; 100 where there is nothing to try.

    >>> percent(1999, 2000), percent(0, 0)
    (99.9, 100.0)
    """
    return tried * 1000 // total / 10 if total else 100.0


def total_percent(files: Iterable[FileCoverage]) -> float:
    """Return how much was tried of all files together, in percent."""
    listed = list(files)
    return percent(sum(file.tried for file in listed), sum(file.total for file in listed))


def coverage_text(files: Sequence[FileCoverage]) -> str:
    """Return the report: percentages by file and kind, and what was never tried, with places."""
    lines = ["Coverage by tests"]
    for file in files:
        lines += _file(file)
    return "\n".join([*lines, f"total {total_percent(files):.1f}%"]) + "\n"


def _file(file: FileCoverage) -> Iterator[str]:
    parts = [f"{kind} {tried}/{total}" for kind, (tried, total) in file.counts.items()]
    whole = percent(file.tried, file.total)
    yield f"{visible(file.file)}  {whole:.1f}%  ({', '.join(parts)})"
    for goal in file.missed:
        yield f"  {goal.at.line}:{goal.at.column}  {visible(str(goal))}"


def coverage_json(files: Sequence[FileCoverage]) -> dict[str, Json]:
    """Return the report as JSON: `percent`, and for each file `counts` and `missed`."""
    return {
        "percent": total_percent(files),
        "files": [
            {
                "file": file.file,
                "percent": percent(file.tried, file.total),
                "counts": {kind: _count(kind, file) for kind in file.counts},
                "missed": [_goal(goal) for goal in file.missed],
            }
            for file in files
        ],
    }


def _count(kind: Kind, file: FileCoverage) -> Json:
    tried, total = file.counts[kind]
    return {"tried": tried, "total": total}


def _goal(goal: Goal) -> Json:
    return {
        "kind": goal.kind,
        "subject": goal.subject,
        "missing": goal.missing,
        "at": goal.at.to_dict(),
    }
