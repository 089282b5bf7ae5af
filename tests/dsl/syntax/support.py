"""Trees as short texts, and diagnostics as lines."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import cast

from gatewright.dsl import ast
from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.parser import Parsed, parse
from gatewright.dsl.source import Source


def parsed(text: str, name: str = "p.gate") -> Parsed:
    """Parse a text."""
    return parse(Source(name, text))


def declaration(text: str) -> ast.Declaration:
    """Parse one declaration, which must be right."""
    found = parsed(f"package p\n{text}\n")
    assert not found.diagnostics, told(found.diagnostics)
    assert found.whole
    (one,) = found.file.declarations
    return one


def told(diagnostics: Iterable[Diagnostic]) -> list[str]:
    """Return code, underlined text and sentence of diagnostics, a line each."""
    return [f"{d.code} `{d.span.text}` {d.message}" for d in diagnostics]


def show(node: object) -> str:
    """Write a tree with the names of its nodes: `Binary(+, 1, x)`.

    Literals and names are written as they are; what is empty, absent or false is left out.
    """
    match node:
        case None | () | False:
            return ""
        case ast.Ident(name=name) | ast.Name(name=name, absolute=False):
            return name
        case ast.QualifiedName() | ast.Pattern():
            return node.text
        case ast.IntLiteral(value=value) | ast.BoolLiteral(value=value):
            return str(value).lower()
        case ast.StringLiteral(value=text):
            return repr(text)
        case ast.Node():
            values = (getattr(node, f.name) for f in dataclasses.fields(node) if f.name != "span")
            return f"{type(node).__name__}({', '.join(filter(None, map(show, values)))})"
        case tuple():
            items = cast("tuple[object, ...]", node)
            return f"[{' '.join(map(show, items))}]"
        case _:
            return str(node)
