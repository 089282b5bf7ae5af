"""Reads the one rule of a small policy text, for tests of its body."""

from __future__ import annotations

from typing import TypeVar

from gatewright.dsl import ast
from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.parser import parse
from gatewright.dsl.source import Source

B = TypeVar("B", ast.Tier, ast.Table)


def body(text: str, kind: type[B]) -> tuple[B, dict[str, ast.Expr]]:
    """Return the body of the first rule of a text, and the text's lets."""
    parsed = parse(Source("a.gate", f"package a\n{text}"))
    assert not parsed.diagnostics, parsed.diagnostics
    rule = next(d for d in parsed.file.declarations if isinstance(d, ast.RuleDecl))
    assert isinstance(rule.body, kind)
    lets = {d.name.name: d.value for d in parsed.file.declarations if isinstance(d, ast.LetDecl)}
    return rule.body, lets


def told(diagnostics: list[Diagnostic]) -> list[str]:
    """Return code, underlined text, sentence and labels of diagnostics, a line each."""
    return [
        f"{d.code} `{d.span.text}` {d.message}"
        + "".join(f" | {label.text}: `{label.span.text}`" for label in d.labels)
        for d in diagnostics
    ]
