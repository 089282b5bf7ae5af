"""An action and its declared type -> typed run-time values, and what does not fit.

Texts become money, decimals, instants or durations because the type says so; `scalars` has how.
What does not fit is left out, so that a condition that reads it errs, and is told as a `Problem`:
names and types, never values. An action that nothing declares is taken as it stands.
Source: docs/language.md#how-a-decision-is-made, #declarations.
"""

from __future__ import annotations

from typing import Final

from gatewright.dsl import ast
from gatewright.dsl.policy import ActionType
from gatewright.dsl.records import dataclass, field
from gatewright.dsl.similar import most_similar
from gatewright.dsl.types import (
    ANY,
    DOUBLE,
    INT,
    UINT,
    ChangesType,
    EnumType,
    FieldType,
    ListType,
    MapType,
    MoneyType,
    RecordType,
    StringType,
    Type,
)
from gatewright.engine.action import Action, Change, Changes, Target
from gatewright.engine.cel.evaluate import Evaluator
from gatewright.engine.cel.scope import MapScope
from gatewright.engine.cel.untyped import untyped
from gatewright.engine.errors import EvaluationError
from gatewright.engine.reading.json_text import JsonNumber
from gatewright.engine.reading.problems import MAX_PROBLEMS, UNFIT, Place, Problem, Unfit, shown
from gatewright.engine.reading.scalars import SCALARS, attempt, money_of_object, typed_key
from gatewright.engine.values import (
    INT_MAX,
    INT_MIN,
    NOTHING,
    Map,
    Money,
    Uint,
    Value,
    a_kind,
)

_EXAMPLES: Final[dict[str, str]] = {
    "money": 'as text such as "75.00 USD"',
    "decimal": 'as text such as "1.50"',
    "timestamp": 'as text such as "2026-12-02T00:00:00Z"',
    "duration": 'as text such as "30d" or "3600s"',
    "bytes": "as base64 text",
}
_LEAVE_OUT: Final = "; leave the key out where there is no value"
_RANGES: Final[dict[Type, str]] = {
    INT: "must fit a signed 64-bit integer",
    UINT: "must fit an unsigned 64-bit integer",
    DOUBLE: "must be a number that a double holds exactly",
}


@dataclass(frozen=True, slots=True)
class Conformed:
    """The typed values of one action; empty `problems` mean that it fits its declared type.

    `target` has the declared system and object where the action names none.
    """

    params: Map
    changes: Changes
    target: Target
    problems: tuple[Problem, ...]

    @property
    def fits(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def conform(action: Action, declared: ActionType | None) -> Conformed:
    """Read the values of an action by its declared type; None takes them as they stand.

    Never raises. Cost: linear in the size of the action.
    """
    reader = TypeReader()
    if declared is None:
        params = reader.fields(action.params, _UNDECLARED, Place("params"), partial=True)
        changes = reader.changes(action.changes, _UNDECLARED_CHANGES)
    else:
        params = reader.fields(action.params, declared.params, Place("params"))
        changes = reader.changes(action.changes, declared.changes)
    target = reader.target(action.target or Target(), declared)
    return Conformed(params, changes, target, tuple(reader.problems))


def conform_value(value: Value, wanted: Type, path: str) -> Value | Unfit:
    """Return one value that was recorded, perhaps under an older policy, or UNFIT.

    Kinds are checked, but not lengths, enums, bounds, or which fields a record has.
    """
    return TypeReader(lenient=True).value(value, wanted, Place(path))


_UNDECLARED: Final = RecordType("the action", (), open=True)
_UNDECLARED_CHANGES: Final = ChangesType((), open=True)


@dataclass(slots=True)
class TypeReader:
    """Reads values by their types; collects problems, at most `MAX_PROBLEMS`.

    What is read `lenient`ly may have any length, be no value of its enum, lie beyond its bound, and
    have other fields.
    """

    lenient: bool = False
    problems: list[Problem] = field(default_factory=list[Problem])

    def value(self, raw: Value, wanted: Type, place: Place) -> Value | Unfit:
        """Return the value as the type says, or UNFIT after noting problems."""
        match wanted:
            case StringType():
                return self._string(raw, wanted, place)
            case MoneyType():
                return self._money(raw, wanted, place)
            case EnumType():
                return self._enum(raw, wanted, place)
            case ListType():
                return self._list(raw, wanted, place)
            case MapType():
                return self._map(raw, wanted, place)
            case RecordType():
                return self._record(raw, wanted, place)
            case _:
                return self._scalar(raw, wanted, place)

    def fields(self, raw: Map, record: RecordType, place: Place, partial: bool = False) -> Map:
        """Return the fields that fit; unknown and missing ones are problems.

        `partial` allows any field to be missing, as for the attributes of a target.
        """
        typed: list[tuple[Value, Value]] = []
        for name, declared in record.fields:
            needed = not (declared.optional or partial or self.lenient)
            if name in raw:
                value = self._field(raw[name], declared, place.key(name, declared.secret), needed)
                if value is not UNFIT:
                    typed.append((name, value))
            elif needed:
                self._note(place.key(name, declared.secret), "is missing", absent=True)
        for key in raw:
            if record.field(str(key)) is None:
                value = self._unlisted(str(key), raw[key], record, place)
                if value is not UNFIT:
                    typed.append((key, value))
        return Map(typed)

    def changes(self, raw: Changes, declared: ChangesType) -> Changes:
        """Return the changes whose both sides fit.

        Where the field is optional a side may be missing or null, and is `NOTHING` then.
        """
        typed: dict[str, Change] = {}
        for name, change in raw.items():
            place = Place("changes").key(name)
            listed = declared.field(name)
            if listed is None and not declared.open:
                self._unknown(name, declared.names, "changes", place)
                continue
            old = self._side(change.old, listed, place.key("old", _secret(listed)))
            new = self._side(change.new, listed, place.key("new", _secret(listed)))
            if old is not UNFIT and new is not UNFIT:
                typed[name] = Change(old, new)
        return Changes(typed)

    def target(self, raw: Target, declared: ActionType | None) -> Target:
        """Return the target with typed attributes; the system and object must be the declared."""
        place = Place("target").key("attributes")
        record = (declared and declared.target) or _UNDECLARED
        attributes = self.fields(raw.attributes, record, place, partial=True)
        system, kind = raw.system, raw.object
        if declared is not None and declared.system is not None:
            system = self._same(system, declared.system, Place("target").key("system"))
            kind = self._same(kind, declared.object, Place("target").key("object"))
        return Target(system, kind, raw.id, attributes)

    # --- parts

    def _note(self, place: Place, text: str, *, absent: bool = False) -> Unfit:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(place.problem(text, absent=absent))
        return UNFIT

    def _wrong(self, raw: Value, wanted: Type, place: Place, empty: str = _LEAVE_OUT) -> Unfit:
        """Note that a value is of another kind than its type wants."""
        name, _, bound = str(wanted).partition("(")
        example = _EXAMPLES.get(name, "")
        if name == "money" and bound:
            example = example.replace("USD", bound.rstrip(")"))
        kind = a_kind(raw)
        advice = empty if raw is None else ""
        if raw is not None and kind == a_kind(""):
            kind = "this text" if example else kind
        return self._note(place, f"must be {_article(wanted, example)}, not {kind}{advice}")

    def _same(self, given: str | None, declared: str | None, place: Place) -> str | None:
        if given is None or given == declared:
            return declared
        self._note(place, f"must be {shown(declared or '')}, as the action is declared")
        return None

    def _field(
        self, raw: Value, declared: FieldType, place: Place, needed: bool = False
    ) -> Value | Unfit:
        """Return the value of a field; a `needed` one cannot be left out instead of null."""
        if raw is None and needed and declared.type != ANY:
            return self._wrong(raw, declared.type, place, "")
        value = self.value(raw, declared.type, place)
        if value is UNFIT or declared.refinement is None or self.lenient:
            return value
        return value if self._refined(value, declared.refinement, place) else UNFIT

    def _refined(self, value: Value, refinement: ast.Refinement, place: Place) -> bool:
        """Compare with the bound as a condition would: a literal beside a decimal is exact."""
        name = ast.Name("value", span=refinement.span)
        claim = ast.Binary(refinement.operator, name, refinement.bound, span=refinement.span)
        try:
            fits = Evaluator(MapScope({"value": value})).condition(claim)
        except EvaluationError as error:
            reason = "" if place.secret else f": {error.message}"
            self._note(place, f"cannot be compared with its bound{reason}")
            return False
        if not fits:
            self._note(place, f"must be {refinement.span.text}")
        return fits

    def _side(self, raw: Value, declared: FieldType | None, place: Place) -> Value | Unfit:
        if declared is None:
            return raw if raw is NOTHING else self._as_it_stands(raw, place)
        if raw is NOTHING or raw is None:
            if declared.optional:
                return NOTHING
            if raw is NOTHING:
                return self._note(place, "is missing", absent=True)
        return self._field(raw, declared, place, needed=True)

    def _unlisted(self, name: str, raw: Value, record: RecordType, place: Place) -> Value | Unfit:
        if record.open:
            return self._as_it_stands(raw, place.key(name))
        if self.lenient:
            return UNFIT
        return self._unknown(name, record.names, record.name, place.key(name))

    def _unknown(self, name: str, known: tuple[str, ...], of: str, place: Place) -> Unfit:
        if place.secret or len(self.problems) >= MAX_PROBLEMS:
            return self._note(place, "has a field that its type does not declare")
        close = most_similar(name[:100], known)
        hint = f": did you mean `{close}`?" if close else ""
        return self._note(place, f"is not declared among the fields of {shown(of)}{hint}")

    # --- types

    def _string(self, raw: Value, wanted: StringType, place: Place) -> Value | Unfit:
        if not isinstance(raw, str):
            return self._wrong(raw, wanted, place)
        if wanted.max_length is not None and len(raw) > wanted.max_length and not self.lenient:
            return self._note(place, f"must not be longer than {wanted.max_length} characters")
        return raw

    def _enum(self, raw: Value, wanted: EnumType, place: Place) -> Value | Unfit:
        if not isinstance(raw, str):
            return self._wrong(raw, wanted, place)
        if raw in wanted.values or self.lenient:
            return raw
        close = None if place.secret else most_similar(raw[:100], wanted.values)
        hint = f": did you mean `{close}`?" if close else ""
        return self._note(place, f"must be {_one_of(wanted)}{hint}")

    def _money(self, raw: Value, wanted: MoneyType, place: Place) -> Value | Unfit:
        money: Value | Unfit = raw
        if isinstance(raw, str):
            money = attempt(lambda: Money.parse(raw))
        elif isinstance(raw, Map):
            money = money_of_object(raw)
        if not isinstance(money, Money):
            return self._wrong(raw, wanted, place)
        if wanted.currency is not None and money.currency != wanted.currency:
            return self._note(place, f"must be money in {wanted.currency}")
        return money

    def _list(self, raw: Value, wanted: ListType, place: Place) -> Value | Unfit:
        if not isinstance(raw, tuple):
            return self._wrong(raw, wanted, place)
        items: list[Value] = []
        for index, item in enumerate(raw):
            value = self.value(item, wanted.element, place.item(index))
            if value is not UNFIT:
                items.append(value)
        return tuple(items) if len(items) == len(raw) else UNFIT

    def _map(self, raw: Value, wanted: MapType, place: Place) -> Value | Unfit:
        if not isinstance(raw, Map):
            return self._wrong(raw, wanted, place)
        entries: list[tuple[Value, Value]] = []
        for text, item in raw.items():
            here = place.key(str(text))
            key = typed_key(str(text), wanted.key)
            if key is UNFIT:
                self._note(here, f"has a key that is not {_article(wanted.key)}")
            value = self.value(item, wanted.value, here)
            if key is not UNFIT and value is not UNFIT:
                entries.append((key, value))
        return Map(entries) if len(entries) == len(raw) else UNFIT

    def _record(self, raw: Value, wanted: RecordType, place: Place) -> Value | Unfit:
        if not isinstance(raw, Map):
            return self._wrong(raw, wanted, place)
        before = len(self.problems)
        typed = self.fields(raw, wanted, place)
        return typed if len(self.problems) == before < MAX_PROBLEMS else UNFIT

    def _scalar(self, raw: Value, wanted: Type, place: Place) -> Value | Unfit:
        read = SCALARS.get(wanted)
        if read is None:  # any; or unknown, which a checked policy does not have
            return self._as_it_stands(raw, place)
        value = attempt(lambda: read(raw))
        if value is not UNFIT:
            return value
        whole = isinstance(raw, int) and not isinstance(raw, bool)
        if whole and wanted in _RANGES:
            return self._note(place, _RANGES[wanted])
        return self._wrong(raw, wanted, place)

    def _as_it_stands(self, raw: Value, place: Place) -> Value | Unfit:
        """Return a value of no declared type: only what no condition can hold is refused."""
        if isinstance(raw, tuple):
            items = [self._as_it_stands(item, place.item(i)) for i, item in enumerate(raw)]
            kept = [item for item in items if item is not UNFIT]
            return tuple(kept) if len(kept) == len(items) else UNFIT
        if isinstance(raw, Map):
            pairs = [(k, self._as_it_stands(v, place.key(str(k)))) for k, v in raw.items()]
            fitting = [(key, value) for key, value in pairs if value is not UNFIT]
            return Map(fitting) if len(fitting) == len(pairs) else UNFIT
        if isinstance(raw, int) and not isinstance(raw, Uint) and not INT_MIN <= raw <= INT_MAX:
            return self._note(place, "does not fit a signed 64-bit integer")
        return float(raw) if isinstance(raw, JsonNumber) else untyped(raw)


def _secret(declared: FieldType | None) -> bool:
    return declared is not None and declared.secret


def _article(wanted: Type, example: str = "") -> str:
    """Describe a type: `an int`, `money(USD) as text such as "75.00 USD"`."""
    if isinstance(wanted, EnumType):
        return _one_of(wanted)
    if isinstance(wanted, RecordType):
        return f"an object of type {wanted.name}"
    name = str(wanted)
    bare = name.startswith(("money", "bytes", "null"))
    article = "" if bare else "an " if name[0] in "aeio" else "a "
    return f"{article}{name} {example}".rstrip()


def _one_of(wanted: EnumType) -> str:
    return "one of " + ", ".join(f'"{value}"' for value in wanted.values)
