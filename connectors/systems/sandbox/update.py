"""The generic operation: fields get the values that the `changes` of an action name."""

from __future__ import annotations

from gatewright.connectors.systems.sandbox.model import Case, Deed, ObjectType, Operation
from gatewright.engine.reading.json_text import Json
from gatewright.engine.runtime.ports import Unsupported


def update_of(object_: str, type_: ObjectType) -> Operation:
    """Return the update of a type of records, which is taken back by another update."""

    def new_values(case: Case) -> dict[str, Json]:
        if not case.given:
            raise Unsupported("the action changes nothing")
        refused = sorted(case.given.keys() - set(type_.editable))
        if refused:
            may = ", ".join(type_.editable) or "none"
            raise Unsupported(
                f"an update cannot change `{refused[0][:80]}` of {object_}; it can change: {may}"
            )
        # In the order of the type: a plan that was kept may have its changes in another.
        return {
            name: field.fit(name, case.given[name])
            for name, field in type_.fields.items()
            if name in case.given
        }

    def do(case: Case) -> Deed:
        new = new_values(case)
        return Deed(
            new,
            f"sets {', '.join(new)} of {object_} {case.id}",
            "the old values are written back, as an action of its own",
            {name: case.values[name] for name in new},
        )

    return Operation(do, do)
