"""What is wrong with an action, or with a record of one, and where in it.

`Problem`s are collected: an action that does not fit is decided all the same, restrictively.
`ActionError` is raised where there is nothing to decide: unreadable text, or a caller who asked for
a whole action. Messages are lower-case, in policy words, and hold names and types, never values.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from enum import Enum
from typing import Final, TypeAlias

from gatewright.dsl.late_regex import late
from gatewright.dsl.records import dataclass, field
from gatewright.engine.rendering import render

MAX_NAME_CHARS = 60
"""How much of a name that somebody else chose is repeated in a message."""

MAX_PROBLEMS = 50
"""How many problems of one action are kept."""

Step: TypeAlias = str | int
"""A part of a path: the name of a field or key, or the index of an element."""

_IDENTIFIER = late(r"[A-Za-z_][A-Za-z0-9_]*")


class Unfit(Enum):
    """The type of `UNFIT`."""

    UNFIT = "unfit"

    def __repr__(self) -> str:
        return "UNFIT"


UNFIT: Final = Unfit.UNFIT
"""Stands where a value should be that could not be read; its problem is told elsewhere."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where (`params.amount`, empty for the whole), and a sentence.

    `steps` are the parts of the path, where they are known; `absent` tells that nothing is there.
    """

    path: str
    message: str
    steps: tuple[Step, ...] = field(default=(), compare=False, repr=False)
    absent: bool = field(default=False, compare=False, repr=False)

    def __str__(self) -> str:
        return self.message


class ActionError(Exception):
    """An action, or a line of a history, that cannot be used.

    `path` names the part (`params.amount`); `line` and `column` count from 1 and are None where
    there was no text.
    """

    def __init__(
        self, message: str, path: str = "", line: int | None = None, column: int | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.line = line
        self.column = column
        self.steps: tuple[Step, ...] = ()

    @property
    def problem(self) -> Problem:
        """The same as a problem, to be told with others."""
        return Problem(self.path, self.message, self.steps)

    def __str__(self) -> str:
        if self.line is None:
            return self.message
        column = "" if self.column is None else f", column {self.column}"
        return f"line {self.line}{column}: {self.message}"

    def __reduce__(self) -> tuple[type[ActionError], tuple[str, str, int | None, int | None]]:
        return ActionError, (self.message, self.path, self.line, self.column)


class Place:
    """A place within an action. In a secret place, what lies deeper is not named.

    Immutable. HOT: one is made for every value that is read, so its path is put together only
    when something is wrong there.
    """

    __slots__ = ("_parent", "_step", "secret")

    def __init__(self, step: Step, secret: bool = False, parent: Place | None = None) -> None:
        self._step = step
        self._parent = parent
        self.secret = secret

    def key(self, name: str, secret: bool = False) -> Place:
        """Return the place of a named part: `params.amount`, `params["two words"]`."""
        return self if self.secret else Place(name, secret, self)

    def item(self, index: int) -> Place:
        """Return the place of an element: `context.evidence[3]`."""
        return self if self.secret else Place(index, False, self)

    @property
    def steps(self) -> tuple[Step, ...]:
        """The parts of the path, none for the whole."""
        steps = self._all_steps()
        return tuple(steps if steps[0] != "" else steps[1:])

    def _all_steps(self) -> list[Step]:
        steps: list[Step] = []
        place: Place | None = self
        while place is not None:
            steps.append(place._step)
            place = place._parent
        return steps[::-1]

    @property
    def path(self) -> str:
        """The place as text, empty for the whole."""
        root, *steps = self._all_steps()
        return _path(str(root), steps)

    def problem(self, text: str, *, absent: bool = False) -> Problem:
        """Return a problem of this place: its name in front of the text."""
        path = self.path
        message = f"`{path}` {text}" if path else f"the action {text}"
        return Problem(path, message, self.steps, absent)

    def error(self, text: str) -> ActionError:
        """Return an ActionError of this place: its name in front of the text."""
        problem = self.problem(text)
        error = ActionError(problem.message, problem.path)
        error.steps = problem.steps
        return error


def _path(path: str, steps: Iterable[Step]) -> str:
    for step in steps:
        path = _joined(path, step)
    return path


def concealed(problem: Problem, secret: Collection[str], *, own: bool) -> Problem:
    """Return a problem without what lies in a secret field, whose keys may be secrets.

    `own` also hides what is said of the secret field itself, by who does not know that it is one.
    """
    for position, step in enumerate(problem.steps):
        is_last = position + 1 == len(problem.steps)
        if position and step in secret and (own or not is_last):
            steps = problem.steps[: position + 1]
            path = _path("", steps)
            return Problem(path, f"`{path}` cannot be used as it was given", steps)
    return problem


def really_absent(found: Iterable[Problem], unread: Iterable[Problem]) -> Iterator[Problem]:
    """Yield problems but for what is absent only because it was given and could not be read."""
    places = {p.steps for p in unread}
    inner = {steps[:n] for steps in places for n in range(len(steps) + 1)}
    for problem in found:
        steps = problem.steps
        outer = (steps[:n] for n in range(len(steps)))
        if not problem.absent or not (steps in inner or any(place in places for place in outer)):
            yield problem


def _joined(path: str, step: Step) -> str:
    if isinstance(step, int):
        return f"{path}[{step}]"
    if _IDENTIFIER.fullmatch(step) and len(step) <= MAX_NAME_CHARS:
        return f"{path}.{step}" if path else step
    return f"{path}[{_quoted(step)}]"


def shown(name: str) -> str:
    """Return a name as messages show it: in backticks, cut, with what is invisible escaped."""
    if len(name) > MAX_NAME_CHARS:
        return f"`{render(name[:MAX_NAME_CHARS])[1:-1]}...`"
    return f"`{render(name)[1:-1]}`"


def _quoted(name: str) -> str:
    return render(name if len(name) <= MAX_NAME_CHARS else name[:MAX_NAME_CHARS] + "...")
