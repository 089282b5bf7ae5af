"""`gatewright fmt`: policy files -> the same files in canonical layout."""

from __future__ import annotations

import difflib
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import click

from gatewright.cli.terminal import Refused, exit_code, show
from gatewright.dsl import limits
from gatewright.dsl.diagnostics import Diagnostics, PolicyError, Unreadable
from gatewright.dsl.files import decode, policy_files
from gatewright.dsl.formatter import FormatDefect, format_source
from gatewright.dsl.messages.files import no_policies
from gatewright.dsl.rendering.display import visible
from gatewright.dsl.source import Source

_STDIN = "-"
# More than a policy may have, so that the parser says that a file is too large.
_MOST_BYTES = limits.MAX_FILE_BYTES + 4


@dataclass(frozen=True, slots=True)
class _Text:
    """A file before and after; `path` is None for standard input."""

    path: Path | None
    name: str
    before: bytes
    after: bytes

    @property
    def changed(self) -> bool:
        return self.before != self.after


@click.command("fmt")
@click.argument(
    "paths", nargs=-1, required=True, type=click.Path(allow_dash=True), metavar="PATH..."
)
@click.option("--check", is_flag=True, help="Change nothing; exit 1 if a file would change.")
@click.option("--diff", is_flag=True, help="Change nothing; show what would change.")
def command(paths: tuple[str, ...], check: bool, diff: bool) -> None:
    """Rewrite policy files, and those in folders, in their one canonical layout.

    Only the layout changes: every comment stays, and the formatted text is read again to make sure
    that it says the same. A file with errors is left as it is. `-` formats standard input to
    standard output.

    \b
    Examples:
      gatewright fmt policies/
      gatewright fmt --check policies/      in continuous integration
      gatewright fmt --diff refunds.gate
      gatewright fmt - < refunds.gate

    Exit codes: 0 fine; 1 a file has errors or, with --check, would change, or there is none;
    2 wrong usage or unreadable input, such as a file that is not UTF-8.
    """
    stdin = _STDIN in paths
    files: list[Path | None] = [None] if stdin else []
    try:
        files += policy_files(path for path in paths if path != _STDIN)
    except Unreadable as error:
        raise Refused(error.path, error.why) from None
    problems = Diagnostics()
    if not files:
        problems.add(no_policies(Source(", ".join(paths), "").whole()))
    texts: list[_Text] = []
    failed = False
    for path in files:
        try:
            texts.append(_format(path))
        except PolicyError as error:
            problems.extend(error.diagnostics)
        except FormatDefect as error:
            click.echo(
                f"error: {visible(str(error))}; it is left as it is. Please report this.", err=True
            )
            failed = True
    for text in texts:
        _deliver(text, check=check, diff=diff, messages_to_stderr=stdin)
    if problems:
        show(problems)
    _summarize(texts, dry=check or diff)
    would_change = check and any(text.changed for text in texts)
    raise SystemExit(exit_code(problems) or int(failed or would_change))


def _format(path: Path | None) -> _Text:
    """Read and format a file. Raises Refused, PolicyError and FormatDefect."""
    name = "<stdin>" if path is None else str(path)
    content = _read(path)
    source, problem = decode(name, content)
    if problem is not None:
        raise PolicyError([problem])
    return _Text(path, name, content, format_source(source).encode("utf-8"))


def _read(path: Path | None) -> bytes:
    if path is None:
        return sys.stdin.buffer.read(_MOST_BYTES)
    try:
        with path.open("rb") as file:
            return file.read(_MOST_BYTES)
    except OSError as error:
        raise Refused(str(path), error.strerror or "cannot be read") from None


def _deliver(text: _Text, *, check: bool, diff: bool, messages_to_stderr: bool) -> None:
    """Write what has changed, or say it."""
    if diff:
        sys.stdout.buffer.write(_diff(text))
    if text.path is None:
        if not (check or diff):
            sys.stdout.buffer.write(text.after)
        return
    if not text.changed:
        return
    if not (check or diff):
        _replace(text.path, text.after)
    if not diff:
        verb = "would format" if check else "formatted"
        click.echo(f"{verb} {visible(text.name)}", err=messages_to_stderr)


def _diff(text: _Text) -> bytes:
    before, after = text.before.splitlines(keepends=True), text.after.splitlines(keepends=True)
    name = visible(text.name).encode("utf-8")
    lines = difflib.diff_bytes(difflib.unified_diff, before, after, name, name + b" (formatted)")
    return b"".join(line if line.endswith(b"\n") else line + b"\n" for line in lines)


def _replace(path: Path, content: bytes) -> None:
    """Write a file so that it is always whole: the old text, or the new one.

    A link stays one; what it points at is written.
    """
    target = Path(os.path.realpath(path))
    temporary: str | None = None
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        shutil.copymode(target, temporary)
        os.replace(temporary, target)
        temporary = None
    except OSError as error:
        raise Refused(str(path), f"cannot be written: {error.strerror}") from None
    finally:
        if temporary is not None:
            os.unlink(temporary)


def _summarize(texts: list[_Text], *, dry: bool) -> None:
    changed = sum(text.changed for text in texts)
    verb = "would change" if dry else "changed"
    same = len(texts) - changed
    click.echo(f"{_files(changed)} {verb}, {_files(same)} already in form", err=True)


def _files(count: int) -> str:
    return f"{count} file" if count == 1 else f"{count} files"
