"""A field of past actions, read by SQL where its value is a text: without reading each body.

Amounts, ids and most else that is summed or counted is recorded as text. What the text means only
the type in the asking policy says, so texts are given as they were recorded, each once with how
many events have it. Everything else is read from the bodies.
"""

from __future__ import annotations

import re
import sqlite3
from typing import Any, Final

from sqlalchemy import JSON, ColumnElement, Connection, String, case, cast, func, literal

from gatewright.dsl.types import Type
from gatewright.engine.errors import EvaluationError
from gatewright.engine.reading.conform import conform_value
from gatewright.engine.reading.freeze import Freezer
from gatewright.engine.reading.problems import UNFIT, ActionError, Place
from gatewright.engine.runtime.store import schema as t
from gatewright.engine.values import Value

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_NUL: Final = "\\u0000"
"""How JSON spells a character that no database keeps in a text."""
_WITH_JSON: Final = (3, 38)
"""SQLite reads JSON from this version on, however it was built."""
UNREAD: Final[Any] = object()


def text_of(connection: Connection, field: str) -> ColumnElement[str] | None:
    """Return what gives the text of a parameter, NULL where it is no text; None: SQL cannot."""
    if not _NAME.fullmatch(field):
        return None
    body = t.events.c.body
    if connection.dialect.name == "sqlite":
        if sqlite3.sqlite_version_info < _WITH_JSON:
            return None
        path = literal(f'$.params."{field}"')
        is_text = func.json_type(body, path) == "text"
        text, has_nul = func.json_extract(body, path), func.instr(body, _NUL) > 0
    else:
        read = func.json_extract_path(cast(body, JSON), "params", field)
        is_text = func.json_typeof(read) == "string"
        text = func.json_extract_path_text(cast(body, JSON), "params", field)
        has_nul = func.strpos(body, _NUL) > 0
    return case((has_nul, None), (is_text, cast(text, String)), else_=None)


def value_of(text: str, declared: Type, field: str) -> Value:
    """Return a recorded text as a value of a type; `UNREAD` where it cannot be read as one."""
    try:
        value = conform_value(Freezer().value(text, Place(field)), declared, field)
    except (ActionError, EvaluationError):
        return UNREAD  # type: ignore[no-any-return]
    return UNREAD if value is UNFIT else value
