"""The beginning of a run's id -> the whole id, for people who type; programs name whole ids."""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

from sqlalchemy import Connection

from gatewright.dsl.messages.catalog import closest
from gatewright.engine.runtime.errors import GateError, NoSuchRun
from gatewright.engine.runtime.store import runs

SHORTEST: Final = 6
"""Characters that a beginning has at least, those of `run_` among them."""

SHORT: Final = len("run_") + 8
"""Characters by which a run is shown where lines are short: they seldom begin two of them."""

_LONGEST: Final = len("run_") + 32
_CANDIDATES: Final = 5
_NEAR: Final = 50
"""Among how many runs that begin alike the one that may be meant is looked for."""


class AmbiguousRun(GateError):
    """Several runs begin with what was given."""

    def __init__(self, given: str, found: list[str]) -> None:
        named = ", ".join(f"`{run}`" for run in found[:_CANDIDATES])
        more = " and more" if len(found) > _CANDIDATES else ""
        super().__init__(
            "ambiguous_run", f"several runs begin with `{given}`: {named}{more}",
            "name one of them, with more of its id",
        )  # fmt: skip


def named(connection: Connection, given: str) -> str:
    """Return the id of the only run that begins with a text; raises NoSuchRun, AmbiguousRun.

    A whole id names its own run. Cost: a few rows of an index, whatever the number of runs.
    """
    if not _may_begin(given):
        raise NoSuchRun(given, _help(connection, given))
    found = runs.beginning_with(connection, given, _CANDIDATES + 1)
    if not found:
        raise NoSuchRun(given, _help(connection, given))
    if len(found) > 1:
        raise AmbiguousRun(given, found)
    return found[0]


def _may_begin(given: str) -> bool:
    return (
        SHORTEST <= len(given) <= _LONGEST
        and given.isascii()
        and given.replace("_", "").isalnum()
    )  # fmt: skip


def _help(connection: Connection, given: str) -> str:
    meant = _meant(connection, given)
    if meant is not None:
        return f"did you mean `{meant}`?"
    return (
        f"a run is named by its id or the beginning of it, at least {SHORTEST} characters,"
        " as `gatewright propose` and `queue` show it"
    )


def _meant(connection: Connection, given: str) -> str | None:
    """Return the run whose id is written almost like that; None where there is none, or several."""
    text = given.strip().lower()
    for likely in (text, f"run_{text}"):
        if _may_begin(likely):
            found = runs.beginning_with(connection, likely, 2)
            if len(found) == 1:
                return found[0]
    if not _may_begin(text):
        return None
    # Whatever has a longer beginning in common has each shorter one too.
    lengths = range(SHORTEST, len(text))
    common = bisect_right(
        lengths, 0, key=lambda n: int(not runs.beginning_with(connection, text[:n], 1))
    )
    if common == 0:
        return None
    near = runs.beginning_with(connection, text[: lengths[common - 1]], _NEAR)
    cut = {run[: len(text)]: run for run in near}
    found_near = closest(text, cut)
    return None if found_near is None else cut[found_near]
