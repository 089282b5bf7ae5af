"""An action as proposed and a preview -> the plan: exactly what is decided, shown and executed.

The record's own values replace what the agent claims about it. Secret values never leave the
sealed plan: what is shown, logged and told is masked here first.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast

from gatewright.dsl.policy import ActionType
from gatewright.dsl.records import dataclass, replace
from gatewright.dsl.types import DOUBLE
from gatewright.engine.action import Action
from gatewright.engine.evaluate import PolicySet
from gatewright.engine.reading.json_text import Json, JsonNumber
from gatewright.engine.runtime.errors import GateError
from gatewright.engine.runtime.hiding import SecretValues
from gatewright.engine.runtime.ports import Preview, Receipt, TargetRef
from gatewright.engine.runtime.run import Document
from gatewright.engine.secrecy.masking import MASK, mask, secret_fields
from gatewright.engine.values import Timestamp


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be executed, with everything derived from it."""

    action: Action
    """With the record as it is, at the instant of the decision: what policies see."""
    preview: Preview
    shown: Document
    """The action as JSON, masked."""
    shown_preview: Document
    holds_secrets: bool
    """Whether a parameter or a new value is secret: then the kept plan must be sealed."""
    kept: Document
    """The action as JSON for the store: exact, but without secret values of the record."""

    def at(self, now: int) -> Plan:
        """Return the plan with the instant of its decision, which no agent chooses."""
        at = Timestamp(now)
        kept, shown = {**self.kept, "at": at.text}, {**self.shown, "at": at.text}
        action = Action.read(replace(self.action, at=at))[0]
        return replace(self, action=action, kept=kept, shown=shown)


def target_of(action: Action, policy: PolicySet) -> TargetRef:
    """Return the record that an action is about; raises GateError where it does not say.

    System and object are those of the declared type; a proposal that names others is refused.
    """
    declared = policy.about(action.name).actions.get(action.name)
    given = action.target
    system = given.system if given and given.system else None
    object_ = given.object if given and given.object else None
    if declared is not None and declared.system is not None:
        for said, meant in ((system, declared.system), (object_, declared.object)):
            if said is not None and said != meant:
                raise GateError(
                    "other_target", f"`{action.name}` is about `{meant}`, not `{said[:80]}`",
                    "leave `target.system` and `target.object` out, or name those of its type",
                )  # fmt: skip
        system, object_ = declared.system, declared.object
    if system is None:
        raise GateError(
            "no_system", f"nothing says which system `{action.name[:80]}` changes",
            "declare the action with `on system.object`, or name `target.system`",
        )  # fmt: skip
    return TargetRef(system, object_ or "", (given.id if given else None) or "")


def with_target(action: Action, target: TargetRef) -> Action:
    """Return the action with its target named in full."""
    data = action.to_dict()
    known = cast("dict[str, Json]", data.get("target") or {})
    data["target"] = {**known, **target.to_dict()}
    return Action.read(data)[0]


def make_plan(action: Action, preview: Preview, policy: PolicySet) -> Plan:
    """Return the plan for an action of which the connector made a preview."""
    declared = policy.about(action.name).actions.get(action.name)
    data = action.to_dict()
    data["target"] = {**preview.target.to_dict(), "attributes": _attributes(preview, declared)}
    changes = _changes(preview, declared)
    if changes or "changes" in data:
        data["changes"] = changes
    secrets = _secret_paths(policy, declared, data)
    known = SecretValues(data, mask(data, secrets))
    strayed = {change.field for change in preview.fields if known.are_in([change.old, change.new])}
    secrets |= {f"changes.{name}" for name in strayed}
    secrets |= {
        f"target.attributes.{name}"
        for name, value in preview.attributes.items()
        if known.are_in(value)
    }
    own = frozenset(p for p in secrets if not p.startswith("target.attributes."))
    shown = cast("Document", exact_in_json(mask(data, secrets)))
    _round_doubles(shown, data, declared)
    hides = cast("Document", mask(data, own)) != data
    kept = cast("Document", mask(data, secrets - own))
    hidden = {path.split(".")[1] for path in secrets if path.startswith("changes.")}
    hidden |= {path.split(".")[2] for path in secrets if path.startswith("target.attributes.")}
    if "context" in shown:
        shown["context"] = known.cleared(shown["context"])
    shown_preview = _shown_preview(preview, hidden, known)
    return Plan(Action.read(data)[0], preview, shown, shown_preview, hides, kept)


def exact_in_json(value: Json) -> Json:
    """Return JSON with texts for numbers that a double would round: what is shown stays exact.

    A run is kept as JSON whose numbers are read as doubles again.
    """
    if isinstance(value, dict):
        return {name: exact_in_json(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [exact_in_json(entry) for entry in value]
    if isinstance(value, JsonNumber) and Decimal(repr(float(value))) != value.exact:
        return value.text
    return value


def _round_doubles(shown: Document, data: Mapping[str, Json], declared: ActionType | None) -> None:
    """Leave parameters that are doubles what they are to the policies: numbers, rounded."""
    params = cast("Mapping[str, Json]", data.get("params") or {})
    for name, type_ in () if declared is None else declared.params.fields:
        value = params.get(name)
        if type_.type == DOUBLE and isinstance(value, JsonNumber) and shown["params"][name] != MASK:
            shown["params"][name] = float(value)


def _attributes(preview: Preview, declared: ActionType | None) -> dict[str, Json]:
    """Return what policies may see of the record: the fields of its declared type."""
    type_ = declared.target if declared is not None else None
    if type_ is None:
        return dict(preview.attributes)
    return {n: value for n, value in preview.attributes.items() if type_.field(n) is not None}


def _changes(preview: Preview, declared: ActionType | None) -> dict[str, Json]:
    """Return the changes of the preview, those that the type of the action lists."""
    listed = None if declared is None else {name for name, _ in declared.changes.fields}
    return {
        change.field: {"old": change.old, "new": change.new}
        for change in preview.fields
        if listed is None or change.field in listed
    }


def _secret_paths(
    policy: PolicySet, declared: ActionType | None, data: Mapping[str, Json]
) -> frozenset[str]:
    """Return the secret paths of a declared action; for others every field of a secret name."""
    if declared is not None:
        return secret_fields(declared)
    names = policy.secrets.fields
    params = cast("Mapping[str, Json]", data.get("params") or {})
    changes = cast("Mapping[str, Json]", data.get("changes") or {})
    target = cast("Mapping[str, Any]", data.get("target") or {})
    attributes = cast("Mapping[str, Json]", target.get("attributes") or {})
    return frozenset(
        {f"params.{n}" for n in names & params.keys()}
        | {f"changes.{n}" for n in names & changes.keys()}
        | {f"target.attributes.{n}" for n in names & attributes.keys()}
    )


def _shown_preview(preview: Preview, hidden: set[str], known: SecretValues) -> Document:
    return {
        "target": preview.target.to_dict(),
        "version": preview.version,
        "summary": known.cleared(preview.summary),
        "undo": known.cleared(preview.undo),
        "fields": [
            {
                "field": change.field,
                "old": MASK if change.field in hidden else exact_in_json(change.old),
                "new": MASK if change.field in hidden else exact_in_json(change.new),
            }
            for change in preview.fields
        ],
    }


def receipt_document(receipt: Receipt) -> Document:
    """Return a receipt as JSON."""
    return {
        "key": receipt.key,
        "target": receipt.target.to_dict(),
        "reference": receipt.reference,
        "version": receipt.version,
        "undo": dict(receipt.undo),
    }


def hides_values(preview: Document) -> bool:
    """Tell whether a preview as shown leaves values out: then what was there before is secret."""
    return any(MASK in (field["old"], field["new"]) for field in preview["fields"])


def receipt_of(document: Document) -> Receipt:
    """Return the receipt of its JSON."""
    return Receipt(
        document["key"], TargetRef(**document["target"]), document["reference"],
        document["version"], document["undo"],
    )  # fmt: skip
