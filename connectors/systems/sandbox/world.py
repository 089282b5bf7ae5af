"""A simulated business: CRM, tickets, billing and identity, of which each is a `Connector`.

Everything follows from a seed and from what is called: no clock, no chance.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, Final

from gatewright.connectors.systems.sandbox.billing import BILLING
from gatewright.connectors.systems.sandbox.connector import SandboxConnector
from gatewright.connectors.systems.sandbox.crm import CRM
from gatewright.connectors.systems.sandbox.faults import WRITES, Call, Fault, read_faults
from gatewright.connectors.systems.sandbox.identity import IDENTITY
from gatewright.connectors.systems.sandbox.model import ObjectType, System, Values
from gatewright.connectors.systems.sandbox.seeds import Pick
from gatewright.connectors.systems.sandbox.store import Effect, NewRecord, Store
from gatewright.connectors.systems.sandbox.tickets import TICKETS
from gatewright.connectors.systems.sandbox.waiting import Waiting
from gatewright.engine.canonical import digest
from gatewright.engine.reading.json_text import Json
from gatewright.engine.runtime.ports import (
    Capabilities,
    Concurrency,
    ConnectorError,
    Idempotency,
    NoSuchTarget,
    TargetRef,
)

SYSTEMS: Final[Mapping[str, System]] = {s.name: s for s in (CRM, TICKETS, BILLING, IDENTITY)}

BEST: Final = Capabilities(
    Concurrency.ATOMIC, Idempotency.NATIVE, can_probe=True, can_compensate=True
)
"""What a simulated system promises unless told otherwise."""

Records = Mapping[str, Mapping[str, Mapping[str, Values]]]
"""Records by system, type and id: the fields that are other than those of the seed."""


class Sandbox:
    """A simulated business, in memory or in a file that several processes may share.

    `seed` chooses names, amounts and owners, 0 where none is given; `records` adds records, and
    gives fields of those of the seed other values. A file that there is already stays as it is;
    a seed or records that it was not made of are refused.

    `faults` are `Fault`s or data for them; `capabilities` lowers what a system promises; `names`
    says under which name policies know a system (`{"billing": "stripe"}`), `actions` which of its
    own actions a name of a policy means (`{"acme.give_back": "billing.refund"}`). These four and
    `waiting` belong to this object, not to the file. Raises ValueError for what does not fit.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        seed: int | None = None,
        records: Records | None = None,
        faults: Sequence[Fault | Mapping[str, Any]] = (),
        capabilities: Mapping[str, Capabilities] | None = None,
        names: Mapping[str, str] | None = None,
        actions: Mapping[str, str] | None = None,
        waiting: Waiting | None = None,
    ) -> None:
        for system in (*(capabilities or {}), *(names or {}), *(records or {})):
            _system(system)
        for meant in (actions or {}).values():
            _require_operation(meant)
        known_as = [(names or {}).get(system, system) for system in SYSTEMS]
        if len(set(known_as)) < len(known_as):
            raise ValueError(f"two systems have one name: {', '.join(known_as)}")
        new = _all_records(seed or 0, records or {})
        self._waiting = waiting or Waiting()
        self._faults: list[tuple[Fault, int]] = []
        self._store = Store(path)
        try:
            given = seed is not None or records is not None
            made_of = digest({"seed": seed or 0, "records": records or {}})
            self._store.begin(made_of if given else None, made_of, new)
            self._inject(faults, since=0)
            self._connectors = {
                name: SandboxConnector(
                    (names or {}).get(name, name), (capabilities or {}).get(name, BEST),
                    simulated=system, store=self._store, waiting=self._waiting,
                    pick_fault=self._pick_fault, actions=actions or {},
                )
                for name, system in SYSTEMS.items()
            }  # fmt: skip
        except BaseException:
            self._store.close()
            raise

    def close(self) -> None:
        """Let go what hangs, and forget what is in memory."""
        self._waiting.release()
        self._store.close()

    # --- what a gate is given

    def connectors(self) -> list[SandboxConnector]:
        """Return a connector for each system."""
        return list(self._connectors.values())

    def connector(self, system: str) -> SandboxConnector:
        """Return the connector of `crm`, `tickets`, `billing` or `identity`; raises ValueError."""
        return self._connectors[_system(system).name]

    # --- what is looked at

    def effects(self, system: str | None = None) -> list[Effect]:
        """Return what really happened, in order: one entry for every write, also for a second."""
        return [e for e in self._store.effects() if system in (None, e.target.system)]

    def calls(self) -> list[Call]:
        """Return the calls that were made, in order: writes, and what a fault is for."""
        return self._store.calls()

    def values(self, system: str, object: str, id: str) -> Values:
        """Return a record without a call of a connector; raises NoSuchTarget, ValueError."""
        _type(system, object)
        with self._store.reading(system) as view:
            found = view.get(object, id)
        if found is None:
            raise NoSuchTarget(f"{TargetRef(system, object, id)} does not exist")
        return found

    def records(self, system: str, object: str, **having: Json) -> Mapping[str, Values]:
        """Return the records of a type that have these values, by id; raises ValueError.

        >>> world = Sandbox()
        >>> world.records("billing", "refund", charge="ch_1")
        {}
        >>> list(world.records("billing", "charge", status="disputed"))
        ['ch_5', 'ch_10', 'ch_15', 'ch_20']
        """
        unknown = sorted(having.keys() - _type(system, object).fields.keys())
        if unknown:
            raise ValueError(f"`{object}` has no field `{unknown[0]}`")
        with self._store.reading(system) as view:
            found = view.all(object)
        return {id_: v for id_, v in found.items() if having.items() <= v.items()}

    # --- what is done to it from outside

    def edit(self, system: str, object: str, id: str, changes: Values) -> None:
        """Change or make a record as somebody else would; no effect is counted.

        Raises ValueError for what does not fit.
        """
        type_ = _type(system, object)
        with self._store.writing(system) as view:
            before = view.get(object, id) or {}
            view.put(object, id, _complete(type_, f"{object} {id}", {**before, **changes}))

    def inject(self, *faults: Fault | Mapping[str, Any]) -> None:
        """Add faults, which count calls from now on; raises ValueError."""
        self._inject(faults, self._store.last_call())

    def forget_keys(self, system: str) -> None:
        """Let a system forget all idempotency keys, as after their window."""
        with self._store.writing(_system(system).name) as view:
            view.forget_receipts()

    def release(self) -> None:
        """Let all calls go that hang, and return when the last of them ended."""
        self._waiting.release()

    # --- help

    def _inject(self, faults: Sequence[Fault | Mapping[str, Any]], since: int) -> None:
        found = read_faults(faults)
        for fault in found:
            if fault.system is not None:
                _require_fields(_system(fault.system), fault.changes or {})
        self._faults = [*self._faults, *((fault, since) for fault in found)]

    def _pick_fault(self, call: Call) -> Fault | None:
        faults = self._faults
        if call.method in WRITES or any(fault.fits(call) for fault, _ in faults):
            return self._store.log(call, faults)
        return None


def _system(name: str) -> System:
    system = SYSTEMS.get(name)
    if system is None:
        raise ValueError(f"the sandbox has no system `{name}`{_hint(name, SYSTEMS)}")
    return system


def _type(system: str, object_: str) -> ObjectType:
    objects = _system(system).objects
    if object_ not in objects:
        raise ValueError(f"`{system}` has no `{object_}`{_hint(object_, objects)}")
    return objects[object_]


def _require_fields(system: System, changes: Values) -> None:
    if not any(changes.keys() <= type_.fields.keys() for type_ in system.objects.values()):
        raise ValueError(f"no record of `{system.name}` has all fields of `changes`")


def _require_operation(name: str) -> None:
    known = {action: None for system in SYSTEMS.values() for _, action in system.operations}
    if name not in known:
        raise ValueError(f"no system of the sandbox has the action `{name}`{_hint(name, known)}")


def _hint(name: str, known: Mapping[str, object]) -> str:
    close = get_close_matches(name, list(known), n=1)
    return f": did you mean `{close[0]}`?" if close else f"; there are {', '.join(known)}"


def _complete(type_: ObjectType, what: str, values: Values) -> dict[str, Json]:
    try:
        return type_.complete(values)
    except ConnectorError as error:
        raise ValueError(f"{what}: {error.message}") from None


def _all_records(seed: int, changes: Records) -> list[NewRecord]:
    """Return the records of a seed, with changes, and those that are only in the changes."""
    records = {(new.system, new.object, new.id): new for new in _seeded(seed)}
    for system, objects in changes.items():
        for object_, by_id in objects.items():
            for id_, values in by_id.items():
                known = records.get((system, object_, id_))
                all_values = {**(known.values if known else {}), **values}
                new = _new_record(_system(system), object_, id_, all_values)
                records[system, object_, id_] = new
    return list(records.values())


@lru_cache(maxsize=8)
def _seeded(seed: int) -> tuple[NewRecord, ...]:
    """Return the records of a seed; nobody changes what they hold."""
    return tuple(
        _new_record(system, new.object, new.id, new.values)
        for system in SYSTEMS.values()
        for new in system.seeded(Pick(seed))
    )


def _new_record(system: System, object_: str, id_: str, values: Values) -> NewRecord:
    type_ = _type(system.name, object_)
    return NewRecord(system.name, object_, id_, _complete(type_, f"{object_} {id_}", values))
