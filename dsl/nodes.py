"""The nodes of declarations by their kind: each declaration is gone over once, for all lints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar, cast

from gatewright.dsl import ast, records

N = TypeVar("N", bound=ast.Node)

_ByKind = dict[type[Any], list[Any]]

_ATOMS = frozenset({str, int, bool, float, bytes, type(None)})
_PARTS: dict[type[Any], tuple[str, ...] | None] = {}


class Nodes:
    """The nodes of those declarations that were asked for."""

    def __init__(self) -> None:
        # By identity, since comparing declarations compares all that is in them.
        self._known: dict[int, tuple[ast.Declaration, _ByKind]] = {}
        self._files: dict[int, tuple[ast.File, _ByKind]] = {}

    def of(self, declaration: ast.Declaration, kind: type[N]) -> Sequence[N]:
        """Return the nodes of exactly that kind at and below a declaration, as written."""
        return cast(Sequence[N], self._of(declaration).get(kind, ()))

    def in_file(self, file: ast.File, kind: type[N]) -> Sequence[N]:
        """Return the nodes of exactly that kind in the declarations of a file, as written."""
        known = self._files.get(id(file))
        if known is None:
            found: _ByKind = {}
            for declaration in file.declarations:
                for each, nodes in self._of(declaration).items():
                    found.setdefault(each, []).extend(nodes)
            known = self._files[id(file)] = (file, found)
        return cast(Sequence[N], known[1].get(kind, ()))

    def _of(self, declaration: ast.Declaration) -> _ByKind:
        known = self._known.get(id(declaration))
        if known is None:
            known = self._known[id(declaration)] = (declaration, nodes_by_kind(declaration))
        return known[1]


def nodes_by_kind(root: ast.Node) -> _ByKind:
    """Return the nodes at and below one, by their class, in the order written."""
    found: _ByKind = {}
    todo: list[Any] = [root]
    while todo:
        current = todo.pop()
        kind: type[Any] = current.__class__
        if kind is tuple:
            todo.extend(current[::-1])
            continue
        # HOT: most parts of a node are no nodes.
        parts = _PARTS[kind] if kind in _PARTS else _parts(kind)
        if parts is None:
            continue
        found.setdefault(kind, []).append(current)
        for name in parts:
            part = getattr(current, name)
            if part.__class__ not in _ATOMS:
                todo.append(part)
    return found


def _parts(kind: type[Any]) -> tuple[str, ...] | None:
    """Return the fields that may hold nodes, the last one first; None for what is no node."""
    names = None
    if issubclass(kind, ast.Node):
        fields = [name for name in records.names_of(kind) if name not in ("span", "doc")]
        names = tuple(reversed(fields))
    _PARTS[kind] = names
    return names
