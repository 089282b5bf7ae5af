"""A policy text -> the same policy in its one canonical layout.

Layout is all that changes: spellings of literals, comments and the syntax tree stay. What comes out
is checked against what went in. Knows nothing of what policies mean.
"""

from __future__ import annotations

from itertools import pairwise
from typing import cast

from gatewright.dsl import ast, limits
from gatewright.dsl.diagnostics import PolicyError, Severity
from gatewright.dsl.formatting.cursor import OutOfStep
from gatewright.dsl.formatting.layout import Doc, Group, Nest, PageLine, Tok, render, to_text
from gatewright.dsl.formatting.rules import PolicyPrinter
from gatewright.dsl.garbage import uncollected
from gatewright.dsl.messages import limits as limit_messages
from gatewright.dsl.parser import parse, says_the_same
from gatewright.dsl.records import dataclass
from gatewright.dsl.source import Source
from gatewright.dsl.syntax.automaton import Step

# Declarations that may follow one of their kind without a blank line, even over several lines.
_FAMILIES = (ast.PolicyTest, ast.InvariantDecl, ast.RouteDecl)


class FormatDefect(RuntimeError):
    """Formatting would have changed what a text says; nothing was changed."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """A declaration laid out, and what decides about the blank line above it."""

    node: ast.Node | None
    lines: list[PageLine]
    is_one_line: bool
    blank_above: bool


def format_source(source: Source) -> str:
    """Return a policy text in canonical layout: two-space indent, LF, lines of 100 columns.

    Formatting twice changes nothing, and every comment stays. Raises PolicyError for a text with
    syntax errors or that would become too large, and FormatDefect rather than a text that says
    something else. Cost: linear in the text, which is parsed twice where brackets are left out.
    """
    with uncollected():
        return _formatted(source)


def _formatted(source: Source) -> str:
    trace: list[Step] = []
    file = _parse(source, trace)
    try:
        text = to_text(_join([_piece(node, doc) for node, doc in _documents(source, file)]))
    except OutOfStep as defect:
        raise FormatDefect(f"{source.name} cannot be formatted: {defect}") from defect
    _check(source, file, trace, text)
    return text


def _documents(source: Source, file: ast.File) -> list[tuple[ast.Node | None, Doc]]:
    """Return what a file holds, in the order of the text; None is the end of the file."""
    printer = PolicyPrinter(source)
    package = cast(ast.QualifiedName, file.package)  # a text without one has an error
    docs: list[tuple[ast.Node | None, Doc]] = [(package, printer.package(package))]
    docs += [(node, printer.import_(node)) for node in file.imports]
    docs += [(node, printer.declaration(node)) for node in file.declarations]
    docs.append((None, printer.cursor.take_end()))
    return docs


def _parse(source: Source, trace: list[Step]) -> ast.File:
    parsed = parse(source, trace)
    errors = [d for d in parsed.diagnostics if d.severity is Severity.ERROR]
    if errors:
        raise PolicyError(errors)
    return parsed.file


def _piece(node: ast.Node | None, doc: Doc) -> _Piece:
    first = _first_token(doc)
    remarks = first.before
    blank_above = remarks[0].blank if remarks else first.blank
    lines = render(doc)
    if node is None:
        lines = lines[:-1]  # the line of the end itself
    above = len(remarks) + sum(remark.blank for remark in remarks[1:])
    above += first.blank if remarks else 0
    return _Piece(node, lines, len(lines) - above == 1, blank_above)


def _first_token(doc: Doc) -> Tok:
    while not isinstance(doc, Tok):
        doc = doc[0] if isinstance(doc, list) else cast(Group | Nest, doc).content
    return doc


def _join(pieces: list[_Piece]) -> list[PageLine]:
    lines = list(pieces[0].lines)
    for before, piece in pairwise(pieces):
        if piece.lines and (piece.blank_above or not _may_touch(before, piece)):
            lines.append(PageLine("", None))
        lines += piece.lines
    return lines


def _may_touch(before: _Piece, piece: _Piece) -> bool:
    """Tell whether no blank line is needed between two pieces whose author put none there."""
    if piece.node is None:
        return True
    if isinstance(before.node, ast.QualifiedName | ast.Import):
        return isinstance(before.node, ast.Import) and isinstance(piece.node, ast.Import)
    if isinstance(before.node, _FAMILIES) and type(before.node) is type(piece.node):
        return True
    return before.is_one_line and piece.is_one_line


def _check(source: Source, before: ast.File, trace: list[Step], text: str) -> None:
    most = limits.MAX_FILE_BYTES
    if len(text.encode("utf-8")) > most:
        place = source.span(0, 0)
        raise PolicyError([limit_messages.file_too_large(place, most, laid_out=True)])
    laid_out = Source(source.name, text)
    if text == source.text or says_the_same(before, trace, laid_out):
        return
    after = parse(laid_out)
    kept = [c.text.rstrip() for c in before.comments] == [c.text for c in after.file.comments]
    if after.diagnostics or after.file != before or not kept:
        raise FormatDefect(f"formatting {source.name} would change what it says")
