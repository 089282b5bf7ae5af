"""Diagnostics -> text with carets for people, and plain objects for programs.

Everything that comes from a policy is untrusted: characters that a terminal would obey, or that
change the order of a line, are written out. Knows nothing of how diagnostics arise.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from gatewright.dsl.diagnostics import Diagnostic, Diagnostics, Severity
from gatewright.dsl.records import dataclass
from gatewright.dsl.rendering.display import is_hidden, visible, width
from gatewright.dsl.source import Span

TAB = 4
MAX_SHOWN = 100
"""How many columns of a source line are shown; a longer one is cut around the place."""
_CUT = "..."
_BEFORE_SPAN = 30

_RESET = "\x1b[0m"
_BOLD = "\x1b[1m"
_DIM = "\x1b[34m"
_STYLES = {
    Severity.ERROR: "\x1b[1;31m",
    Severity.WARNING: "\x1b[1;33m",
    Severity.NOTE: "\x1b[1;36m",
}


@dataclass(frozen=True, slots=True)
class _Paint:
    """Wraps texts in terminal colours, or leaves them."""

    color: bool

    def __call__(self, style: str, text: str) -> str:
        return f"{style}{text}{_RESET}" if self.color and text else text


def to_text(diagnostics: Iterable[Diagnostic], *, color: bool = False) -> str:
    """Return diagnostics for people, and a summary: `2 errors, 1 warning`.

    A place is shown as its first line with carets below, then each label, then the advice. The
    text is empty when there are no diagnostics.
    """
    found = list(diagnostics)
    if not found:
        return ""
    paint = _Paint(color)
    blocks = ["\n".join(_block(diagnostic, paint)) for diagnostic in found]
    omitted = diagnostics.omitted if isinstance(diagnostics, Diagnostics) else 0
    return "\n\n".join([*blocks, summary(found, omitted)]) + "\n"


def summary(diagnostics: Sequence[Diagnostic], omitted: int = 0) -> str:
    """Count errors and warnings; `omitted` is how many more are not shown.

    >>> summary([], omitted=3)
    'no errors, 3 more not shown'
    """
    counts = [
        f"{count} {severity}{'s' if count > 1 else ''}"
        for severity in Severity
        if (count := sum(d.severity is severity for d in diagnostics))
    ]
    more = [f"{omitted} more not shown"] if omitted else []
    return ", ".join([*(counts or ["no errors"]), *more])


def _block(diagnostic: Diagnostic, paint: _Paint) -> Iterator[str]:
    style = _STYLES[diagnostic.severity]
    kind = paint(style, f"{diagnostic.severity}[{diagnostic.code}]")
    yield f"{place(diagnostic.span)}: {kind}: {paint(_BOLD, visible(diagnostic.message))}"
    spans = [diagnostic.span, *(label.span for label in diagnostic.labels)]
    gutter = max(len(str(span.begin.line)) for span in spans)
    yield from _excerpt(diagnostic.span, "^", "", gutter, paint, style)
    for label in diagnostic.labels:
        if label.span.source is not diagnostic.span.source:
            yield f"{' ' * gutter}{paint(_DIM, '::: ')}{place(label.span)}"
        yield from _excerpt(label.span, "-", label.text, gutter, paint, _DIM)
    if diagnostic.help:
        head = f"{' ' * gutter} {paint(_DIM, '=')} {paint(_BOLD, 'help')}: "
        yield head + visible(diagnostic.help)


def place(span: Span) -> str:
    """Return `file:line:column` with the file's name made visible."""
    line, column = span.begin
    return f"{visible(span.source.name)}:{line}:{column}"


def _excerpt(
    span: Span, mark: str, text: str, gutter: int, paint: _Paint, style: str
) -> Iterator[str]:
    """Show the first line of a span, with marks below the characters that belong to it."""
    if not span.source.text:
        return  # nothing can be shown of an empty file, or of a folder without one
    line, column = span.begin
    end = span.finish
    source = span.source.line(line)
    last = end.column - 1 if end.line == line else len(source)
    shown, offset, length = _window(source, column - 1, max(last, column))
    below = paint(style, mark * length + (f" {visible(text)}" if text else ""))
    yield f"{paint(_DIM, f'{line:>{gutter}} |')} {shown}".rstrip(" ")
    yield f"{paint(_DIM, ' ' * gutter + ' |')} {' ' * offset}{below}"


def _window(source: str, start: int, end: int) -> tuple[str, int, int]:
    """Return what is shown of a line, and where in it the marks begin and how many there are.

    `start` and `end` are character offsets; the results count columns of a terminal.
    """
    start, end = min(start, len(source)), min(end, len(source))
    # A line may be a whole file: what is far from the place is not even looked at.
    skipped, kept = max(0, start - 2 * MAX_SHOWN), min(len(source), start + 2 * MAX_SHOWN)
    start, end = start - skipped, min(end, kept) - skipped
    cells = _cells(source[skipped:kept])
    columns = [0]
    for cell in cells:
        columns.append(columns[-1] + width(cell))
    first, last = 0, len(cells)
    if columns[-1] > MAX_SHOWN:
        first, last = _cut(columns, start)
        end = min(end, last)
    head = _CUT if first > 0 or skipped > 0 else ""
    tail = _CUT if last < len(cells) or kept < len(source) else ""
    offset = len(head) + columns[start] - columns[first]
    marks = max(1, columns[max(start, end)] - columns[start])
    return head + "".join(cells[first:last]) + tail, offset, marks


def _cut(columns: list[int], start: int) -> tuple[int, int]:
    """Return which characters of a long line are shown, so that `start` is among them."""
    most = MAX_SHOWN - 2 * len(_CUT)
    goal = min(columns[start] - _BEFORE_SPAN, columns[-1] - most)
    first = next((i for i in range(start + 1) if columns[i] >= goal), start) if goal > 0 else 0
    last = start
    while last < len(columns) - 1 and columns[last + 1] - columns[first] <= most:
        last += 1
    return first, last


def _cells(source: str) -> list[str]:
    """Return how each character is shown: tabs as spaces up to the next stop, hidden ones named."""
    cells: list[str] = []
    column = 0
    for char in source:
        if char == "\t":
            cell = " " * (TAB - column % TAB)
        else:
            cell = visible(char) if is_hidden(char) else char
        column += width(cell)
        cells.append(cell)
    return cells


# --- for programs


def doc_page(code: str) -> str:
    """Return where a code is documented.

    >>> doc_page("GW0101")
    'docs/diagnostics.md#gw0101'
    """
    return f"docs/diagnostics.md#{code.lower()}"


def to_objects(diagnostics: Iterable[Diagnostic]) -> list[dict[str, Any]]:
    """Return diagnostics as plain objects. Lines and columns count from 1, ends are exclusive."""
    return [
        {
            "code": d.code,
            "severity": str(d.severity),
            "message": d.message,
            **_range(d.span),
            "help": d.help,
            "labels": [{"message": label.text, **_range(label.span)} for label in d.labels],
            "doc": doc_page(d.code),
        }
        for d in diagnostics
    ]


def to_json(diagnostics: Iterable[Diagnostic]) -> str:
    """Return diagnostics as a JSON array, in ASCII."""
    return json.dumps(to_objects(diagnostics), indent=2) + "\n"


def _range(span: Span) -> dict[str, Any]:
    begin, end = span.begin, span.finish
    return {
        "file": span.source.name,
        "line": begin.line,
        "column": begin.column,
        "end_line": end.line,
        "end_column": end.column,
    }
