"""One simulated system as a `Connector`: versions, keys and probes as its capabilities say.

INVARIANT: what a grade promises holds under every fault; what it does not promise does go wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from gatewright.connectors.systems.sandbox import misbehaving
from gatewright.connectors.systems.sandbox.acting import (
    Wanted,
    existing,
    type_of,
    wanted,
    wanted_back,
    write,
)
from gatewright.connectors.systems.sandbox.faults import Call, Fault, Method
from gatewright.connectors.systems.sandbox.model import Deed, ObjectType, System
from gatewright.connectors.systems.sandbox.store import Store
from gatewright.connectors.systems.sandbox.view import Kept, View
from gatewright.connectors.systems.sandbox.waiting import Waiting
from gatewright.engine.action import Action
from gatewright.engine.canonical import digest
from gatewright.engine.reading.json_text import Json
from gatewright.engine.runtime.ports import (
    Applied,
    Capabilities,
    Concurrency,
    Conflict,
    FieldChange,
    Idempotency,
    Preview,
    Probe,
    Receipt,
    Record,
    TargetRef,
    Unsupported,
)

T = TypeVar("T")


class SandboxConnector:
    """A connector to one system of a `Sandbox`, which makes it.

    `system` is the name under which policies know it; `pick_fault` counts a call and returns the
    fault that strikes it.
    """

    def __init__(
        self,
        system: str,
        capabilities: Capabilities,
        *,
        simulated: System,
        store: Store,
        waiting: Waiting,
        pick_fault: Callable[[Call], Fault | None],
        actions: Mapping[str, str],
    ) -> None:
        check_capabilities(system, capabilities)
        self.system = system
        self.capabilities = capabilities
        self._simulated = simulated
        self._store = store
        self._waiting = waiting
        self._pick_fault = pick_fault
        self._actions = actions

    def __repr__(self) -> str:
        return f"SandboxConnector({self.system!r})"

    # --- reading

    def read(self, target: TargetRef, fields: Sequence[str] | None = None) -> Record:
        """Return fields of a record, all where none are named; raises NoSuchTarget, Unsupported."""
        return self._call("read", None, lambda _: self._read(target, fields))

    def preview(self, action: Action) -> Preview:
        """Return the old and new value of every field that the action changes."""
        return self._call("preview", action.name, lambda _: self._preview(self._wanted(action)))

    def preview_compensation(self, receipt: Receipt) -> Preview:
        """Return what taking back a write would change; raises Unsupported."""
        name = _action_of(receipt)
        return self._call(
            "preview_compensation", name, lambda _: self._preview(self._wanted_back(receipt))
        )

    def probe(self, key: str) -> Probe:
        """Return what became of a key; unknown where the system cannot be asked."""
        return self._call("probe", None, lambda _: self._probe(key))

    def _read(self, target: TargetRef, fields: Sequence[str] | None) -> Record:
        known = self._require(target).fields
        with self._store.reading(self._simulated.name) as view:
            values, version = existing(view, target)
        if fields is not None:
            if not known.keys() >= set(fields):
                raise Unsupported(f"`{target.object}` has no such field")
            values = {name: values[name] for name in fields}
        return Record(values, self._shown(version))

    def _preview(self, what: Wanted) -> Preview:
        type_ = self._require(what.target)
        with self._store.reading(self._simulated.name) as view:
            values, version = existing(view, what.target)
            deed = what.deed(self._simulated, values, view)
        also = {name: values[field] for name, field in type_.also_seen_as.items()}
        undo = deed.undo if self.capabilities.can_compensate else None
        return Preview(
            what.target, _changes(what, values, deed), self._shown(version),
            deed.summary, undo, {**values, **also},
        )  # fmt: skip

    def _probe(self, key: str) -> Probe:
        if not self.capabilities.can_probe:
            return Probe(Applied.UNKNOWN)
        with self._store.reading(self._simulated.name) as view:
            found = view.receipt(key)
        return Probe(Applied.NO) if found is None else Probe(Applied.YES, found[1])

    # --- writing

    def execute(
        self, action: Action, expected_version: str | None, idempotency_key: str
    ) -> Receipt:
        """Do it; raises Conflict, NoSuchTarget, Unsupported, and what a fault says."""

        def do(fault: Fault | None) -> Receipt:
            return self._write(self._wanted(action), expected_version, idempotency_key, fault)

        return self._call("execute", action.name, do)

    def compensate(
        self, receipt: Receipt, expected_version: str | None, idempotency_key: str
    ) -> Receipt:
        """Take back a write; as `execute`."""

        def do(fault: Fault | None) -> Receipt:
            what = self._wanted_back(receipt)
            return self._write(what, expected_version, idempotency_key, fault)

        return self._call("compensate", _action_of(receipt), do)

    def _write(self, what: Wanted, version: str | None, key: str, fault: Fault | None) -> Receipt:
        request = digest(
            {
                "action": what.action, "back": what.takes_back, "target": str(what.target),
                "given": dict(what.given), "version": version,
            }
        )  # fmt: skip
        grade = self.capabilities.concurrency
        if grade is Concurrency.WEAK:
            with self._store.reading(self._simulated.name) as view:
                done = self._done(view, key, request)
                if done is not None:
                    return done
                self._compare(what.target, existing(view, what.target)[1], version)
        if fault is not None and fault.changes:
            self._overtake(what.target, fault.changes)
        with self._store.writing(self._simulated.name) as view:
            done = self._done(view, key, request)
            if done is not None:
                return done
            values, found = existing(view, what.target)
            if grade is Concurrency.ATOMIC:
                self._compare(what.target, found, version)
            return self._apply(view, what, Kept(values, found), key, request)

    def _apply(self, view: View, what: Wanted, record: Kept, key: str, request: str) -> Receipt:
        deed = what.deed(self._simulated, record.values, view)
        after = write(view, what.target, record.values, deed)
        undo = what.undo(deed) if self.capabilities.can_compensate else {}
        receipt = Receipt(key, what.target, deed.reference, self._shown(after), undo)
        view.keep_receipt(request, receipt)
        method: Method = "compensate" if what.takes_back else "execute"
        call = Call(self._simulated.name, method, what.action)
        changes = _changes(what, record.values, deed)
        view.add_effect(what.target.object, what.target.id, call, key, changes)
        return receipt

    def _done(self, view: View, key: str, request: str) -> Receipt | None:
        """Return the receipt of a key that was used, where the system honours keys."""
        if self.capabilities.idempotency is not Idempotency.NATIVE:
            return None
        found = view.receipt(key)
        if found is not None and found[0] != request:
            raise Unsupported("the idempotency key belongs to another write")
        return None if found is None else found[1]

    def _compare(self, target: TargetRef, found: int, expected: str | None) -> None:
        if str(found) != expected:
            raise Conflict(f"{target} was changed in the meantime")

    def _overtake(self, target: TargetRef, changes: Mapping[str, Json]) -> None:
        """Let somebody else change the record first."""
        type_ = self._require(target)
        with self._store.writing(self._simulated.name) as view:
            values, _ = existing(view, target)
            view.put(target.object, target.id, type_.complete({**values, **changes}))

    # --- help

    def _call(self, method: Method, action: str | None, do: Callable[[Fault | None], T]) -> T:
        fault = self._pick_fault(Call(self._simulated.name, method, action))
        return misbehaving.call(lambda: do(fault), fault, self._waiting)

    def _wanted(self, action: Action) -> Wanted:
        given = action.target
        if given is None or given.system != self.system or not given.object or not given.id:
            raise Unsupported(f"the action names no record of `{self.system}`")
        target = TargetRef(self.system, given.object, given.id)
        return wanted(action, target, self._simulated, self._actions)

    def _wanted_back(self, receipt: Receipt) -> Wanted:
        self._require(receipt.target)
        if not self.capabilities.can_compensate:
            raise Unsupported(f"`{self.system}` takes nothing back")
        return wanted_back(receipt, receipt.target, self._simulated, self._actions)

    def _require(self, target: TargetRef) -> ObjectType:
        if target.system != self.system:
            raise Unsupported(f"`{target.system}` is another system than `{self.system}`")
        return type_of(target, self._simulated)

    def _shown(self, version: int) -> str | None:
        """Return a version as callers see it: a system that compares none has none."""
        return None if self.capabilities.concurrency is Concurrency.NONE else str(version)


def check_capabilities(system: str, can: Capabilities) -> None:
    """Raise ValueError for promises that do not go together, or that no sandbox can keep."""
    problem = None
    if can.concurrency is Concurrency.BEST_EFFORT:
        problem = "it compares whole versions or none: take `weak` for a gap"
    elif can.idempotency is Idempotency.PROBE and not can.can_probe:
        problem = "idempotency by `probe` needs `can_probe`"
    elif (
        can.idempotency is Idempotency.COMPARE_AND_SET and can.concurrency is not Concurrency.ATOMIC
    ):
        problem = "idempotency by `compare_and_set` needs concurrency `atomic`"
    if problem is not None:
        raise ValueError(f"the simulated `{system}` cannot promise that: {problem}")


def _action_of(receipt: Receipt) -> str | None:
    name = receipt.undo.get("action")
    return name if isinstance(name, str) else None


def _changes(what: Wanted, values: Mapping[str, Json], deed: Deed) -> tuple[FieldChange, ...]:
    """Return what changes; of an update every field that it names, also one that is so already."""
    return tuple(
        FieldChange(name, values[name], new)
        for name, new in deed.new.items()
        if what.is_update or new != values[name]
    )
