"""Which parts of an action are secret, and the same JSON without them.

Paths are those of the action's JSON, with dots: `params.card`, `target.attributes.card`,
`changes.card.new`; `*` stands for every element of a list or map.
Source: docs/language.md#type.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, TypeAlias

from gatewright.dsl.policy import ActionType
from gatewright.dsl.types import FieldType, ListType, MapType, OptionalType, RecordType, Type
from gatewright.engine.reading.json_text import Json

MASK: Final = "***"

_Tree: TypeAlias = "dict[str, _Tree | None]"


def secret_fields(declared: ActionType | None) -> frozenset[str]:
    """Return the paths that the type of an action marks @secret.

    A changed field is secret too where the target's type says so of the field of that name.
    """
    if declared is None:
        return frozenset()
    found = {*_of_fields(declared.params.fields, "params")}
    target = declared.target.fields if declared.target is not None else ()
    found.update(_of_fields(target, "target.attributes"))
    hidden = {name for name, field in target if field.secret}
    for name, field in declared.changes.fields:
        for side in ("old", "new"):
            path = f"changes.{name}.{side}"
            is_secret = field.secret or name in hidden
            found.update({path} if is_secret else _of_type(field.type, path))
    return frozenset(found)


def _of_fields(fields: Iterable[tuple[str, FieldType]], prefix: str) -> Iterator[str]:
    for name, field in fields:
        path = f"{prefix}.{name}"
        if field.secret:
            yield path
        else:
            yield from _of_type(field.type, path)


def _of_type(declared: Type, path: str) -> Iterator[str]:
    match declared:
        case RecordType():
            yield from _of_fields(declared.fields, path)
        case ListType(element):
            yield from _of_type(element, f"{path}.*")
        case MapType(value=value):
            yield from _of_type(value, f"{path}.*")
        case OptionalType(element):
            yield from _of_type(element, path)
        case _:
            return


def mask(data: Json, secrets: Iterable[str]) -> Json:
    """Return JSON data with `***` for whatever stands at the secret paths.

    A value of a shape that its path cannot enter is masked whole: it may hold the secret anywhere.
    """
    return _masked(data, _tree(secrets))


def _tree(paths: Iterable[str]) -> _Tree:
    """Join paths by what they begin with; None where one ends."""
    root: _Tree = {}
    for path in sorted(paths):
        node = root
        *parents, last = path.split(".")
        for part in parents:
            inner = node.setdefault(part, {})
            if inner is None:  # a shorter path masks all of it
                break
            node = inner
        else:
            node[last] = None
    return root


def _masked(data: Json, node: _Tree | None) -> Json:
    if node is None:
        return MASK
    if not node:
        return data
    every = node.get("*", node)
    if every is not node:
        return _masked_elements(data, every)
    if not isinstance(data, Mapping):
        return MASK
    return {key: _masked(item, node[key]) if key in node else item for key, item in data.items()}


def _masked_elements(data: Json, every: _Tree | None) -> Json:
    if isinstance(data, list):
        return [_masked(item, every) for item in data]
    if isinstance(data, dict):
        return {key: _masked(item, every) for key, item in data.items()}
    return MASK
