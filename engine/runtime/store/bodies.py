"""A run <-> the text of its row.

Rows are written in one form, and read in any that pydantic takes for a run. Some that are in that
one form are read and written here, so that a short command does not load pydantic; anything else,
and many of them, it does faster.
"""

from __future__ import annotations

import json
import re
from functools import cache
from itertools import count
from typing import TYPE_CHECKING, Any, Final, cast

from gatewright.dsl.records import names_of
from gatewright.engine.reading.plain import NotPlain, read_plain
from gatewright.engine.runtime.errors import DamagedRun, GateError
from gatewright.engine.runtime.run import Ask, Attempt, Document, Remark, Round, Run, Vote

if TYPE_CHECKING:
    from pydantic import TypeAdapter

FEW: Final = 1000
"""So many bodies take as long without pydantic as it takes to load it."""

_begun: Final = count()
_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")
"""The escape of half a character; two make one, and one is no text."""


def read(id_: str, body: str) -> Run:
    """Return the run of a row's text; raises DamagedRun."""
    if next(_begun) < FEW and _SURROGATE.search(body) is None:
        try:
            return read_plain(Run, json.loads(body))
        except (NotPlain, ValueError, RecursionError):
            pass  # another form of a run, or none
    try:
        return _adapter().validate_json(body)
    except ValueError:
        raise DamagedRun(id_) from None


def document(id_: str, body: str) -> Document:
    """Return the JSON object of a row's text.

    Raises DamagedRun for what is none, and where a key is there twice: then it would depend on the
    reader what it says.
    """
    try:
        found: object = json.loads(body, object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise DamagedRun(id_)
    return cast("Document", found)


def text_of(run: Run) -> str:
    """Return a run as its row has it."""
    if next(_begun) >= FEW:
        return _text_of(run)
    try:
        text = json.dumps(
            run, default=_fields, ensure_ascii=False, allow_nan=False, separators=(",", ":")
        )
        text.encode()
    except (TypeError, ValueError, RecursionError):
        return _text_of(run)
    return text


def _text_of(run: Run) -> str:
    """Return any run, also one that holds what JSON has no form of and pydantic a text."""
    try:
        return _adapter().dump_json(run).decode()
    except ValueError:
        raise GateError(
            "bad_text", "a name, a note or a record holds what is no text or no JSON",
            "give JSON, without lone surrogates",
        ) from None  # fmt: skip


@cache
def _adapter() -> TypeAdapter[Run]:
    from pydantic import TypeAdapter  # costs 50 ms, more than to read a few rows

    return TypeAdapter(Run)


_RECORDS: Final[dict[type[object], tuple[str, ...]]] = {
    kind: names_of(kind) for kind in (Run, Round, Ask, Vote, Attempt, Remark)
}


def _fields(value: object) -> dict[str, Any]:
    """Return a record as JSON has it."""
    names = _RECORDS.get(type(value))
    if names is None:
        raise TypeError
    return {name: getattr(value, name) for name in names}


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is there twice")
    return found
