"""Nodes -> the tightest place to point at: the field after the dot, the name of a function."""

from __future__ import annotations

import re

from gatewright.dsl import ast
from gatewright.dsl.source import Span

_BEFORE_NAME = re.compile(r"(?:\s|//[^\n]*\n|\.\??|\()*")
_NAME = re.compile(r"`[^`\n]*`|[A-Za-z_][A-Za-z0-9_]*")
_SPACES = re.compile(r"(?:\s|//[^\n]*\n)+")
_MAX_SPELLED = 60


def field_span(node: ast.Select) -> Span:
    """Return where the field of `operand.field` stands."""
    return _name_after(node.operand.span, node.span)


def method_span(node: ast.MethodCall) -> Span:
    """Return where the method's name stands in `target.method(...)`."""
    return _name_after(node.target.span, node.span)


def function_span(node: ast.Call) -> Span:
    """Return where the function's name stands in a call."""
    return _name_at(node.span.start, node.span)


def _name_after(part: Span, whole: Span) -> Span:
    inside = part.source is whole.source and whole.start <= part.end <= whole.end
    return _name_at(part.end, whole) if inside else whole


def _name_at(offset: int, whole: Span) -> Span:
    """Return the first name from an offset on; the whole place where none stands there."""
    text = whole.source.text
    # The brackets around an operand are part of its own place, those around a whole node are not.
    start = _BEFORE_NAME.match(text, offset, whole.end)
    name = _NAME.match(text, start.end(), whole.end) if start else None
    return whole.source.span(name.start(), name.end()) if name else whole


def spell(node: ast.Expr) -> str:
    """Return an expression as written, on one line, for a message; a long one is cut."""
    text = _SPACES.sub(" ", node.span.text).strip()
    return text if len(text) <= _MAX_SPELLED else f"{text[: _MAX_SPELLED - 3]}..."
