"""What all commands share: colour, refusals with exit code 2, diagnostics on standard error."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from typing import IO, Any, Final

import click

from gatewright.dsl.diagnostics import NOT_UTF8, Diagnostic, Severity
from gatewright.dsl.rendering.display import folded, visible, width
from gatewright.dsl.rendering.text import to_text
from gatewright.engine.bundle.errors import BundleError
from gatewright.engine.runtime.store.errors import StoreError


class Refused(click.ClickException):
    """Input that cannot be used at all: the command ends with exit code 2."""

    exit_code = 2

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{visible(path)}: {visible(why)}")

    def show(self, file: IO[Any] | None = None) -> None:
        """Write the message as other errors are written."""
        click.echo(f"error: {self.format_message()}", file=file, err=True)


class BadBundle(Refused):
    """A bundle that cannot be used, as policies with errors: the command ends with exit code 1."""

    exit_code = 1

    def __init__(self, error: BundleError, path: str) -> None:
        super().__init__(error.path or path, error.why)


class BadStore(Refused):
    """A store that cannot be used: the command ends with exit code 2."""

    def __init__(self, error: StoreError) -> None:
        click.ClickException.__init__(self, visible(str(error)))


class OldStore(BadStore):
    """A store with tables of another version: the command ends with exit code 1."""

    exit_code = 1


def exit_code(diagnostics: Iterable[Diagnostic]) -> int:
    """Return 2 where a file cannot be read as text, else 1 where there is an error, else 0."""
    found = {d.code for d in diagnostics if d.severity is Severity.ERROR}
    return 2 if NOT_UTF8 in found else int(bool(found))


def wants_color(stream: IO[str] | None = None) -> bool:
    """Tell whether a stream is coloured: a terminal, unless NO_COLOR says otherwise.

    Without a stream: standard error, where messages go. Source: no-color.org: any value but the
    empty one counts.
    """
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return (stream or sys.stderr).isatty() and not plain


def columns() -> int:
    """Return how many columns lines on standard output may have: 80 where it is no terminal."""
    if not sys.stdout.isatty():
        return _COLUMNS
    return max(shutil.get_terminal_size((_COLUMNS, 24)).columns, _FEWEST)


_COLUMNS: Final = 80
_FEWEST: Final = 40
"""The id of a run fits into it."""


def fitted(text: str) -> str:
    """Return lines about a run as the terminal shows them whole; as they are where it is none."""
    if not sys.stdout.isatty():
        return text
    wide = columns()
    return "\n".join(part for line in text.split("\n") for part in wrapped(line, wide))


def wrapped(line: str, wide: int) -> Iterator[str]:
    """Give a line in lines of so many columns, at least 40; what continues it stands further in.

    INVARIANT: further in than any line begins, so that nothing that somebody wrote looks like a
    line of its own. Those that name the run and its card are for copying, and are never broken.
    """
    if width(line) <= wide or line.startswith(_WHOLE):
        yield line
        return
    begin = _LABEL if line[_LABEL - 1] == " " != line[_LABEL] else len(line) - len(line.lstrip(" "))
    for number, part in enumerate(folded(line[begin:], wide - _FURTHER_IN)):
        yield f"{' ' * _FURTHER_IN if number else line[:begin]}{part}".rstrip(" ")


_WHOLE: Final = ("run   ", "card  ")
_LABEL: Final = 6
"""How many columns the label of a line takes."""
_FURTHER_IN: Final = 8


def show(diagnostics: Iterable[Diagnostic]) -> None:
    """Write diagnostics to standard error."""
    color = wants_color()
    click.echo(to_text(diagnostics, color=color), nl=False, err=True, color=color)
