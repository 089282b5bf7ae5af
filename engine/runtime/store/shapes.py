"""The shapes of events as the database keeps them: each once, under its digest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from sqlalchemy import Connection, select

from gatewright.dsl.types import RecordType
from gatewright.engine.canonical import canonical_json
from gatewright.engine.reading.json_text import read_json
from gatewright.engine.runtime.store import schema as t
from gatewright.engine.runtime.store.inserting import insert_new
from gatewright.engine.runtime.store.keys import Shape, is_doubtful

_MOST_SHAPES: Final = 1_024


def shape_digest(action: str, fields: Shape) -> str:
    """Return the digest of a shape, of events of one action."""
    return _shape_text(action, fields)[0]


def keep_shape(connection: Connection, action: str, fields: Shape) -> str:
    """Keep a shape unless it is there, and return its digest."""
    name, body = _shape_text(action, fields)
    shapes = t.event_shapes
    if connection.scalar(select(shapes.c.digest).where(shapes.c.digest == name)) is None:
        insert_new(connection, shapes, digest=name, action=action, body=body)
    return name


def doubtful_shapes(
    connection: Connection, actions: Iterable[str], names: Iterable[str], record: RecordType
) -> list[str]:
    """Return the shapes of events that must be looked at whatever the values of some keys are."""
    shapes = t.event_shapes.c
    wanted = list(names)
    found = connection.execute(
        select(shapes.digest, shapes.body).where(shapes.action.in_(list(actions)))
    )
    return [
        digest
        for digest, body in found
        if any(is_doubtful(read_shape(body), name, record) for name in wanted)
    ]


@lru_cache(maxsize=_MOST_SHAPES)
def read_shape(body: str) -> Shape:
    """Return a shape of the text that is kept of it."""
    read = read_json(body)
    shape: dict[str, list[str]] = {}
    for name, labels in (read if isinstance(read, dict) else {}).items():
        shape[name] = [str(one) for one in labels] if isinstance(labels, list) else []
    return shape


def _shape_text(action: str, fields: Shape) -> tuple[str, str]:
    body = canonical_json({name: list(labels) for name, labels in fields.items()}).decode()
    return hashlib.sha256(f"{action}\n{body}".encode()).hexdigest()[:40], body
