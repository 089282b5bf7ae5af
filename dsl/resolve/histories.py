"""Declared histories -> what is known of their events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gatewright.dsl import ast, limits
from gatewright.dsl import types as t
from gatewright.dsl.messages import limits as limit_messages
from gatewright.dsl.messages import names as name_messages
from gatewright.dsl.policy import ActionType, History
from gatewright.dsl.records import replace
from gatewright.dsl.resolve.collect import Report
from gatewright.dsl.typing.compat import join

STATUSES = ("pending", "executed", "rejected", "blocked", "failed", "compensated")
"""What became of a past action. Source: docs/language.md#history."""

_EVENT: tuple[tuple[str, t.FieldType], ...] = (
    ("id", t.FieldType(t.STRING)),
    ("action", t.FieldType(t.STRING)),
    ("agent", t.FieldType(t.STRING)),
    ("target", t.FieldType(t.STRING, optional=True)),
    ("status", t.FieldType(t.EnumType(STATUSES))),
    ("at", t.FieldType(t.TIMESTAMP)),
    ("decided_by", t.FieldType(t.STRING, optional=True)),
    ("decided_at", t.FieldType(t.TIMESTAMP, optional=True)),
)
EVENT_FIELDS = frozenset(name for name, _ in _EVENT)
"""What every past action has; an action's own field of such a name is not seen in a history."""


class Histories:
    """Resolves the histories of a policy set, as far as there are not too many fields in them."""

    def __init__(self, actions: Mapping[str, ActionType], report: Report) -> None:
        self._actions = actions
        self._report = report
        self._left = limits.MAX_HISTORY_FIELDS

    def resolve(self, package: str, declaration: ast.HistoryDecl) -> History:
        """Return a history with the fields that its events have.

        A field that some of its actions lack is optional. One that they type differently has what
        is common to the types; where a value would be read otherwise by one of them than by that,
        there is no such field. Where an action is not there, there may be further fields.
        """
        known: list[ActionType] = []
        for named in declaration.actions:
            if named.text in self._actions:
                known.append(self._actions[named.text])
            else:
                self._report(name_messages.unknown_action(named.span, named.text, self._actions))
        record = self._record(declaration, known)
        return History(
            name=declaration.name.name,
            package=package,
            actions=tuple(sorted(a.name for a in known)),
            where=declaration.where,
            record=replace(record, open=True) if len(known) < len(declaration.actions) else record,
            span=declaration.name.span,
        )

    def _record(self, declaration: ast.HistoryDecl, actions: list[ActionType]) -> t.RecordType:
        """Return the fields of events; those of a history past the limit may be anything."""
        title = f"an event of `{declaration.name.name}`"
        before, self._left = self._left, self._left - sum(len(a.params.fields) for a in actions)
        if self._left < 0:
            if before >= 0:
                self._report(limit_messages.too_many_history_fields(declaration.name.span))
            return t.RecordType(title, _EVENT, open=True)
        shown = [(name, f) for name, f in _fields(actions) if name not in EVENT_FIELDS]
        return t.RecordType(title, (*_EVENT, *shown))


def _fields(actions: list[ActionType]) -> Iterable[tuple[str, t.FieldType]]:
    """Return what the actions have in common of each of their fields.

    Without refinements: past actions may be of a time that had others.
    """
    if len(actions) == 1:
        own = actions[0].params.fields
        return [(name, t.FieldType(f.type, f.optional, f.secret)) for name, f in own]
    names = dict.fromkeys(name for action in actions for name in action.params.names)
    common = ((name, _common([a.params.field(name) for a in actions])) for name in names)
    return [(name, field) for name, field in common if field is not None]


def _common(declared: list[t.FieldType | None]) -> t.FieldType | None:
    """Return what is common to a field of several actions; None stands for one that lacks it."""
    fields = [field for field in declared if field is not None]
    kind = _common_type({field.type for field in fields})
    if kind is None:
        return None
    return t.FieldType(
        type=kind,
        optional=len(fields) < len(declared) or any(field.optional for field in fields),
        secret=any(field.secret for field in fields),
    )


def _common_type(kinds: set[t.Type]) -> t.Type | None:
    """Return the type by which values of all types are read as by their own; None for none.

    As any, a value is what was written: `5 USD` would be a text, and no key would ever equal it.
    """
    first, *others = sorted(kinds, key=str)
    common: t.Type | None = first
    for kind in others:
        common = None if common is None else join(common, kind)
    if not others or (common is not None and not _has_any(common)):
        return common
    return t.ANY if all(_is_as_written(kind) for kind in kinds) else None


def _has_any(kind: t.Type) -> bool:
    match kind:
        case t.ListType(element):
            return _has_any(element)
        case t.MapType(key, value):
            return _has_any(key) or _has_any(value)
        case _:
            return kind == t.ANY


def _is_as_written(kind: t.Type) -> bool:
    """Tell whether values of a type are the same as in JSON."""
    match kind:
        case t.ListType(element):
            return _is_as_written(element)
        case t.MapType(key, value):
            return isinstance(key, t.StringType) and _is_as_written(value)
        case t.StringType() | t.EnumType():
            return True
        case _:
            return kind in (t.ANY, t.BOOL, t.INT, t.UINT, t.DOUBLE)
