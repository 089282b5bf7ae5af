"""An action or a receipt -> the operation that it asks for, and the deed that comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import cast

from gatewright.connectors.systems.sandbox.model import Case, Deed, Look, ObjectType, Other, System
from gatewright.connectors.systems.sandbox.update import update_of
from gatewright.connectors.systems.sandbox.view import View
from gatewright.engine.action import Action
from gatewright.engine.canonical import to_json
from gatewright.engine.reading.json_text import Json
from gatewright.engine.runtime.ports import NoSuchTarget, Receipt, TargetRef, Unsupported
from gatewright.engine.values import NOTHING


@dataclass(frozen=True, slots=True)
class Wanted:
    """What shall be done to a record, or taken back."""

    action: str
    """The name that the policy gives the action."""
    operation: str
    """The name that the system gives it."""
    target: TargetRef
    given: Mapping[str, Json]
    is_update: bool
    takes_back: bool = False

    def deed(self, system: System, values: Mapping[str, Json], look: Look) -> Deed:
        """Return what becomes of the record as it is; raises ConnectorError."""
        type_ = system.objects[self.target.object]
        if self.is_update:
            operation = update_of(self.target.object, type_)
        else:
            operation = system.operations[self.target.object, self.operation]
        do = operation.take_back if self.takes_back else operation.do
        if do is None:
            raise Unsupported(f"`{self.action}` cannot be taken back")
        deed = do(Case(self.target.id, values, self.given, look))
        new = {name: type_.fields[name].fit(name, value) for name, value in deed.new.items()}
        return replace(
            deed, new=new, others=tuple(_whole(other, system, look) for other in deed.others)
        )

    def undo(self, deed: Deed) -> dict[str, Json]:
        """Return what a receipt keeps, so that the deed can be taken back."""
        if deed.undo is None:
            return {}
        kept = cast("Json", dict(deed.keep))
        return {"action": self.action, "fields" if self.is_update else "given": kept}


def wanted(action: Action, target: TargetRef, system: System, names: Mapping[str, str]) -> Wanted:
    """Return what an action asks for; raises Unsupported.

    `names` says for names of actions which of the system's own they mean. A name that the system
    does not know is an update, if the action names `changes`.
    """
    type_of(target, system)
    operation = names.get(action.name, action.name)
    if (target.object, operation) in system.operations:
        given = cast("dict[str, Json]", to_json(action.params))
        return Wanted(action.name, operation, target, given, is_update=False)
    if not action.changes:
        known = sorted(name for object_, name in system.operations if object_ == target.object)
        raise Unsupported(
            f"{target.object} has no action `{action.name}`; it has {', '.join(known) or 'none'},"
            " and any that names its `changes`"
        )
    if any(change.new is NOTHING for change in action.changes.values()):
        raise Unsupported("every change needs its new value")
    given = {name: to_json(change.new) for name, change in action.changes.items()}
    return Wanted(action.name, operation, target, given, is_update=True)


def wanted_back(
    receipt: Receipt, target: TargetRef, system: System, names: Mapping[str, str]
) -> Wanted:
    """Return what taking back a write asks for; raises Unsupported where it cannot be."""
    type_of(target, system)
    undo = receipt.undo
    name, fields, given = undo.get("action", "update"), undo.get("fields"), undo.get("given")
    if isinstance(name, str):
        operation = names.get(name, name)
        if isinstance(fields, dict):
            return Wanted(name, operation, target, fields, is_update=True, takes_back=True)
        if isinstance(given, dict) and (target.object, operation) in system.operations:
            return Wanted(name, operation, target, given, is_update=False, takes_back=True)
    raise Unsupported("the receipt does not say how it could be taken back")


def type_of(target: TargetRef, system: System) -> ObjectType:
    """Return the type of a record; raises Unsupported."""
    type_ = system.objects.get(target.object)
    if type_ is None:
        raise Unsupported(
            f"`{target.system}` has no `{target.object[:80]}`; it has {', '.join(system.objects)}"
        )
    return type_


def write(view: View, target: TargetRef, values: Mapping[str, Json], deed: Deed) -> int:
    """Write what becomes of a record and of others; return the new version of the record."""
    for other in deed.others:
        view.put(other.object, other.id, other.new)
    return view.put(target.object, target.id, {**values, **deed.new})


def existing(view: View, target: TargetRef) -> tuple[dict[str, Json], int]:
    """Return the values and the version of a record; raises NoSuchTarget."""
    found = view.kept(target.object, target.id)
    if found is None:
        raise NoSuchTarget(f"{target} does not exist")
    return found.values, found.version


def _whole(other: Other, system: System, look: Look) -> Other:
    """Return another record with all its fields, as it will be."""
    type_ = system.objects[other.object]
    before = look.get(other.object, other.id) or {}
    return replace(other, new=type_.complete({**before, **other.new}))
