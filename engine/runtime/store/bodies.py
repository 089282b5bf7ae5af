"""A run <-> the text of its row."""

from __future__ import annotations

import json
from typing import Any, Final, cast

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from gatewright.engine.runtime.errors import DamagedRun, GateError
from gatewright.engine.runtime.run import Document, Run

_RUN: Final[TypeAdapter[Run]] = TypeAdapter(Run)


def read(id_: str, body: str) -> Run:
    """Return the run of a row's text; raises DamagedRun."""
    try:
        return _RUN.validate_json(body)
    except ValidationError:
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
    try:
        return _RUN.dump_json(run).decode()
    except PydanticSerializationError:
        raise GateError(
            "bad_text", "a name, a note or a record holds what is no text or no JSON",
            "give JSON, without lone surrogates",
        ) from None  # fmt: skip


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is there twice")
    return found
