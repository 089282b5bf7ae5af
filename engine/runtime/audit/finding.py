"""What is wrong with a trail, or with what a store has beside it."""

from __future__ import annotations

from typing import Literal, TypeAlias

from gatewright.dsl.records import dataclass

Kind: TypeAlias = Literal[
    "changed", "missing", "reordered", "cut", "checkpoint", "signature", "payload", "row"
]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong; position and number where a leaf is to be named.

    Where a row is to be named: its table, the run or delegation that it belongs to, and the column.
    """

    kind: Kind
    message: str
    position: int | None = None
    number: int | None = None
    table: str | None = None
    row: str | None = None
    column: str | None = None
    help: str | None = None
    """What to do, where that is known."""


def row_finding(table: str, row: str, column: str | None, what: str) -> Finding:
    """Return the finding of a row that is not what the trail says."""
    named = f"`{column}` in `{table}`" if column else f"`{table}`"
    message = f"{named} of `{row}` {what}"
    return Finding("row", message, table=table, row=row, column=column)
