"""What conditions can see of an action, its agent and the clock: names and their values.

A `PolicyScope` belongs to one decision and one package. Lets are evaluated once a decision, in the
package that declares them. Source: docs/language.md#what-a-condition-sees.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from typing import TypeAlias

from gatewright.dsl import ast
from gatewright.dsl.policy import Json, Package
from gatewright.dsl.records import dataclass, field
from gatewright.engine.cel.budget import Allowance, Budget, OutOfSteps
from gatewright.engine.cel.evaluate import Evaluator
from gatewright.engine.errors import EvaluationError
from gatewright.engine.reading.unread import ALL_READ, Unread
from gatewright.engine.values import NOTHING, Map, Value


@dataclass(frozen=True, slots=True)
class Record:
    """A part of an action with named fields: the action itself, its target, agent or context."""

    name: str
    fields: Mapping[str, Value]
    unread: Unread = ALL_READ

    def select(self, field: str) -> Value:
        """Return a field; raises EvaluationError where it is absent or could not be read."""
        if not self.has(field):
            raise EvaluationError("no_such_field", f"`{self.name}.{field}` is absent")
        return self.fields[field]

    def has(self, field: str) -> bool:
        """Tell whether the field is there; raises EvaluationError where it could not be read."""
        if field not in self.fields and self.unread.covers(field):
            raise _unreadable(f"{self.name}.{field}")
        return field in self.fields

    def invoke(
        self,
        method: str,
        arguments: tuple[ast.Argument, ...],
        evaluate: Callable[[ast.Expr], Value],
    ) -> Value:
        """Refuse: a record has no methods."""
        raise EvaluationError("no_such_function", f"`{self.name}` has no function `{method}`")


def _unreadable(path: str) -> EvaluationError:
    return EvaluationError("type_mismatch", f"`{path}` could not be read")


@dataclass(frozen=True, slots=True)
class Changes:
    """`changes`: the fields about to change, each with its old and new value."""

    fields: Mapping[str, tuple[Value, Value]]
    """Old and new by field; a side that was not given is `NOTHING`."""
    named: frozenset[str]
    """All fields that the action names, also those whose values do not fit."""
    unread: Unread = ALL_READ
    """Where it is the whole, nobody knows what changes: every question is an error."""

    def select(self, field: str) -> Value:
        """Return `changes.F`, a record of old and new, or the list `changes.fields`."""
        self._require_read()
        if field == "fields":
            return tuple(sorted(self.named))
        if field not in self.fields:
            why = "could not be read" if field in self.named else "is absent"
            raise EvaluationError("no_such_field", f"`changes.{field}` {why}")
        sides = zip(("old", "new"), self.fields[field], strict=True)
        given = {side: value for side, value in sides if value is not NOTHING}
        return Record(f"changes.{field}", given)

    def has(self, field: str) -> bool:
        """Tell whether the field changes."""
        self._require_read()
        return field == "fields" or field in self.named

    def invoke(
        self,
        method: str,
        arguments: tuple[ast.Argument, ...],
        evaluate: Callable[[ast.Expr], Value],
    ) -> Value:
        """Answer `changes.has("F")` and `changes.only(["F", "G"])`."""
        if len(arguments) != 1 or arguments[0].name is not None or method not in ("has", "only"):
            raise EvaluationError("no_such_function", f"`changes` has no such function `{method}`")
        self._require_read()
        value = evaluate(arguments[0].value)
        if method == "has":
            if not isinstance(value, str):
                raise EvaluationError("type_mismatch", "`changes.has` needs the name of a field")
            return value in self.named
        if not isinstance(value, tuple) or not all(isinstance(name, str) for name in value):
            raise EvaluationError("type_mismatch", "`changes.only` needs a list of field names")
        return bool(self.named) and self.named <= set(value)

    def _require_read(self) -> None:
        if self.unread.whole:
            raise _unreadable("changes")


Lets: TypeAlias = "dict[str, Value | EvaluationError]"
"""What lets came to, by name."""


@dataclass(slots=True)
class PolicyScope:
    """The names that one package's conditions see in one decision."""

    package: Package
    names: dict[str, Value]
    """`action`, `changes`, ... and `risk` once it is known; shared by all packages' scopes."""
    own: dict[str, Value] = field(default_factory=dict[str, Value])
    """The package's histories and calendars."""
    imported: Callable[[str], PolicyScope] | None = None
    """The scope of another package in the same decision."""
    allowance: Allowance | None = None
    """What evaluating lets takes from; None where nobody counts."""
    _lets: Lets = field(default_factory=dict[str, "Value | EvaluationError"])
    _uncounted: PolicyScope | None = None

    @property
    def uncounted(self) -> PolicyScope:
        """The same names, where evaluating lets takes from no allowance.

        For what a host may have evaluated in an earlier decision, such as the `where` of a history:
        else what a decision costs would depend on those before it.
        """
        if self._uncounted is None:
            imported = self.imported
            self._uncounted = PolicyScope(
                self.package,
                self.names,
                self.own,
                imported if imported is None else lambda package: imported(package).uncounted,
            )
        return self._uncounted

    @property
    def is_spent(self) -> bool:
        """Whether the allowance is used up; never where nobody counts."""
        return self.allowance is not None and self.allowance.is_spent

    def take(self, budget: Budget) -> None:
        """Take what an evaluation has spent from the allowance; raises OutOfSteps once it is."""
        if self.allowance is not None:
            self.allowance.take(budget)

    def lookup(self, name: str, absolute: bool) -> Value:
        """Return what a name stands for; raises EvaluationError `no_such_name`."""
        if name in self.names:
            return self.names[name]
        if name in self.own:
            return self.own[name]
        if name in self.package.lets:
            return self._let(name)
        if name in self.package.imports and self.imported is not None:
            return ImportedPackage(name, self.imported(self.package.imports[name]))
        raise EvaluationError("no_such_name", f"there is no `{name}` here")

    def know_risk(self, score: int, lets: Lets | None = None) -> None:
        """Make `risk` known; of what was computed before only such `lets` are remembered."""
        self.names["risk"] = score
        self.remember({} if lets is None else lets)
        if self._uncounted is not None:
            self._uncounted.know_risk(score)

    @property
    def computed(self) -> Lets:
        """What the lets came to that were evaluated so far."""
        return dict(self._lets)

    def remember(self, lets: Lets) -> None:
        """Go back to what lets came to: others are evaluated, and count, when they are read."""
        self._lets = dict(lets)

    def _let(self, name: str) -> Value:
        """Evaluate a let on a budget of its own, once; the checker refuses circles."""
        if name not in self._lets:
            budget = Budget()
            self._lets[name] = EvaluationError("cost_limit", f"`{name}` is defined by itself")
            try:
                self._lets[name] = Evaluator(self, budget).evaluate(self.package.lets[name].value)
            except OutOfSteps:
                del self._lets[name]
                raise
            except EvaluationError as error:
                self._lets[name] = error
            self.take(budget)
        found = self._lets[name]
        if isinstance(found, EvaluationError):
            raise found
        return found


@contextmanager
def forgetting(scopes: Iterable[PolicyScope]) -> Generator[None]:
    """Forget afterwards what lets come to inside: it changes nothing of what others cost."""
    known = [(scope, scope.computed) for scope in scopes]
    try:
        yield
    finally:
        for scope, lets in known:
            scope.remember(lets)


@dataclass(frozen=True, slots=True)
class ImportedPackage:
    """A package in a condition of another one: its lets, histories and calendars are fields."""

    name: str
    scope: PolicyScope

    def select(self, field: str) -> Value:
        """Return what the package declares; raises EvaluationError `no_such_field`."""
        if not self.has(field):
            raise EvaluationError("no_such_field", f"`{self.name}` declares no `{field}`")
        return self.scope.lookup(field, False)

    def has(self, field: str) -> bool:
        """Tell whether the package declares a value of that name."""
        return field in self.scope.own or field in self.scope.package.lets

    def invoke(
        self,
        method: str,
        arguments: tuple[ast.Argument, ...],
        evaluate: Callable[[ast.Expr], Value],
    ) -> Value:
        """Refuse: a package has no methods."""
        raise EvaluationError("no_such_function", f"`{self.name}` has no function `{method}`")


def data_value(value: Json) -> Value:
    """Return a data document as a value of conditions."""
    if isinstance(value, Mapping):
        # Sorted: the order of a document's keys means nothing, and its digest does not tell it.
        return Map.of({key: data_value(value[key]) for key in sorted(value)})
    if isinstance(value, tuple):
        return tuple(data_value(item) for item in value)
    return value
