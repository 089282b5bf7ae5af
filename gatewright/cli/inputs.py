"""Paths and options -> the decision that `eval` and `explain` write.

An action that can be read is decided, however little it fits. What is refused here is what cannot
be read at all: the command ends with exit code 2 and names file, line and column. No part of the
input is quoted, since it may hold secrets.
"""

from __future__ import annotations

import sys
from codecs import BOM_UTF8
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, TypeVar, cast

import click

from gatewright.cli.terminal import BadBundle, Refused, exit_code, show
from gatewright.dsl.diagnostics import PolicyError, Unreadable
from gatewright.dsl.rendering.display import visible
from gatewright.engine.bundle.errors import BundleError
from gatewright.engine.decision import Decision
from gatewright.engine.errors import EvaluationError
from gatewright.engine.evaluate import PolicySet
from gatewright.engine.explaining.undeclared import told_undeclared
from gatewright.engine.history.documents import advice_on_document
from gatewright.engine.history.memory import History
from gatewright.engine.reading.json_text import MAX_BYTES, read_json
from gatewright.engine.reading.problems import ActionError
from gatewright.engine.values import Timestamp
from gatewright.loading import load, load_for_one_decision

F = TypeVar("F", bound=Callable[..., None])
T = TypeVar("T")

_STDIN = "-"
AN_ACTION = "an action"
_EXAMPLES = {AN_ACTION: ', such as `{"action": "billing.refund", "params": { ... }}`'}
MAX_HISTORY_BYTES = 100 * 1024 * 1024


class BadInput(click.ClickException):
    """An action or a history that cannot be read: the command ends with exit code 2."""

    exit_code = 2

    def __init__(self, name: str, error: ActionError) -> None:
        self._place = ":".join(str(part) for part in (name, error.line, error.column) if part)
        path = f"`{error.path}`" if error.path else ""
        super().__init__(error.message + (f", at {path}" if path not in error.message else ""))

    def show(self, file: IO[Any] | None = None) -> None:
        """Write the message with its place, as diagnostics are written."""
        click.echo(f"{visible(self._place)}: error: {visible(self.message)}", file=file, err=True)


def instant(_: click.Context, __: click.Parameter, text: str | None) -> Timestamp | None:
    """Read the text of an option; what is no instant in RFC 3339 is wrong usage."""
    try:
        return None if text is None else Timestamp.parse(text)
    except EvaluationError as error:
        raise click.BadParameter(error.message) from None


ACTION_HELP = (
    'The action as JSON, such as {"action": "billing.refund", "params": {"amount": "75.00 USD"},'
    ' "agent": {"id": "refund-bot"}}; `-` reads standard input.'
)


def decision_options(command: F) -> F:
    """Give a command the paths and options that `decide` needs."""
    options = (
        click.argument("paths", nargs=-1, required=True, type=click.Path(), metavar="PATH..."),
        click.option("--action", "action", required=True, metavar="FILE", type=click.Path(),
                     help=ACTION_HELP),
        click.option("--history", "history", metavar="FILE", type=click.Path(),
                     help="Past actions, one JSON object a line; `-` reads standard input."),
        click.option("--now", "now", callback=instant, metavar="INSTANT",
                     help="The instant of the decision, such as 2026-12-02T00:00:00Z;"
                          " else the action's `at`, else the clock."),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def decide(
    paths: tuple[str, ...],
    action: str,
    history: str | None,
    now: Timestamp | None,
    told: Callable[[Decision], T],
    *,
    noted: bool = True,
) -> T:
    """Load policies, read an action and its past, decide, and return what `told` tells of it.

    That nothing declares the action is `noted` on standard error, where `told` does not tell it.

    Exits with 1 where the policies have errors, with 2 where a file of theirs is no text; raises
    Refused and BadInput where something else cannot be read.
    """
    if action == _STDIN == history:
        raise click.UsageError("only one of --action and --history can be read from `-`")
    # What is given is read first: it is refused sooner than policies are loaded.
    given = action_of(action)
    past = _history(history) if history is not None else None
    try:
        policy = loaded(lambda: load_for_one_decision(*paths), paths[0])
        decision = policy.decide_once(given, past, now=now)
        # What is told may be read from a bundle only now.
        answer = told(decision)
        if noted:
            _note_undeclared(policy, given.get("action"))
    except BundleError as error:
        raise BadBundle(error, paths[0]) from None
    return answer


def _note_undeclared(policy: PolicySet, name: object) -> None:
    """Say that no package declares the action: its name may be misspelt."""
    text = told_undeclared(name, policy.about("").actions) if isinstance(name, str) else None
    if text is not None:
        click.echo(f"note: {visible(text)}", err=True)


def policy_of(
    paths: tuple[str, ...], keys: tuple[str, ...] | None = None, least_version: int | None = None
) -> PolicySet:
    """Load policies, or end the command."""
    return loaded(lambda: load(*paths, keys=keys, least_version=least_version), paths[0])


def loaded(how: Callable[[], T], path: str = "policies") -> T:
    """Return what loads policies; what is wrong with them ends the command."""
    try:
        return how()
    except Unreadable as error:
        raise Refused(error.path, error.why) from None
    except BundleError as error:
        raise BadBundle(error, path) from None
    except PolicyError as error:
        show(error.diagnostics)
        raise SystemExit(exit_code(error.diagnostics)) from None


def action_of(path: str, what: str = AN_ACTION) -> dict[str, object]:
    """Read an object; what else is wrong with it is for the decision to say."""
    name, content = _name(path), _read(path, MAX_BYTES)
    try:
        data = read_json(content)
    except ActionError as error:
        # Nothing that begins so was meant as JSON: YAML, say, or an empty file.
        if not content.removeprefix(BOM_UTF8).lstrip().startswith((b"{", b"[")):
            told = f"{error.message}: {what} is a JSON object{_EXAMPLES.get(what, '')}"
            error = ActionError(told, "", error.line, error.column)
        raise BadInput(name, error) from None
    if not isinstance(data, dict):
        raise BadInput(name, ActionError(f"{what} is a JSON object", "", 1, 1))
    return cast("dict[str, object]", data)


def _history(path: str) -> History:
    name, content = _name(path), _read(path, MAX_HISTORY_BYTES)
    if len(content) > MAX_HISTORY_BYTES:
        most = MAX_HISTORY_BYTES // 1024 // 1024
        raise BadInput(name, ActionError(f"the history is longer than {most} MiB"))
    try:
        return History.from_jsonl(content)
    except ActionError as error:
        advice = advice_on_document(content, error.line) if error.line is not None else None
        told = error if advice is None else ActionError(advice, "", error.line)
        raise BadInput(name, told) from None


def _name(path: str) -> str:
    return "<stdin>" if path == _STDIN else path


def _read(path: str, most: int) -> bytes:
    """Read a file, and one byte more than it may have, so that the reader says it is too large."""
    try:
        if path == _STDIN:
            return sys.stdin.buffer.read(most + 1)
        with Path(path).open("rb") as file:
            return file.read(most + 1)
    except OSError as error:
        if path.lstrip().startswith(("{", "[")):
            # What was meant as the name of a file may hold secrets, and is not told.
            message = "name a file with the JSON, or `-` to read it from standard input"
            raise click.UsageError(message) from None
        raise Refused(_name(path), error.strerror or "cannot be read") from None


def write(text: str, *, color: bool = False) -> None:
    """Write to standard output whatever its encoding can hold, the rest escaped."""
    encoding = sys.stdout.encoding or "utf-8"
    click.echo(text.encode(encoding, "backslashreplace").decode(encoding), color=color)
