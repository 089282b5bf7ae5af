"""JSON or Python data -> `Action`: what an agent proposes, immutable, with one digest.

An action is what its JSON says: two actions are equal, and have the same digest, when their JSON
is the same. What the values mean is decided by the declared type, in `conform`. Knows no policy.
Source: docs/language.md#actions-as-json.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, cast

from gatewright.dsl.records import dataclass, field
from gatewright.engine import canonical
from gatewright.engine.reading.json_text import Json, read_json
from gatewright.engine.reading.problems import MAX_PROBLEMS, ActionError, Place, Problem
from gatewright.engine.reading.proposal import Proposal
from gatewright.engine.shape import Path, Shape, laid_out
from gatewright.engine.values import NOTHING, Map, OptionalValue, Timestamp, Value

__all__ = [
    "Action", "ActionError", "Agent", "Change", "Changes", "Context", "Problem", "Target",
]  # fmt: skip

_NO_VALUES: Final = Map()


class Change(tuple[Value, Value]):
    """The old and the new value of a field. A side that was not given is `NOTHING`.

    Written out, since the first NamedTuple of a process takes as long as a hundred classes.
    """

    __slots__ = ()

    def __new__(cls, old: Value, new: Value) -> Change:
        """Make a change of its two sides."""
        return super().__new__(cls, (old, new))

    def __getnewargs__(self) -> tuple[Value, Value]:
        return self.old, self.new

    @property
    def old(self) -> Value:
        """The value before."""
        return self[0]

    @property
    def new(self) -> Value:
        """The value after."""
        return self[1]

    @property
    def sides(self) -> dict[str, Value]:
        """What was given, by the name of its side."""
        sides = {"old": self.old, "new": self.new}
        return {side: value for side, value in sides.items() if value is not NOTHING}

    def __repr__(self) -> str:
        return f"Change(old={self.old!r}, new={self.new!r})"


class Changes(Mapping[str, Change]):
    """The fields about to change, by name; immutable."""

    __slots__ = ("_fields",)

    def __init__(self, fields: Mapping[str, Change] | None = None) -> None:
        self._fields = {
            name: Change(_one_nothing(change.old), _one_nothing(change.new))
            for name, change in (fields or {}).items()
        }

    def __reduce__(self) -> tuple[type[Changes], tuple[dict[str, Change]]]:
        return Changes, (self._fields,)

    def __getitem__(self, name: str) -> Change:
        return self._fields[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __repr__(self) -> str:
        return f"Changes({self._fields!r})"


def _one_nothing(side: Value) -> Value:
    """Return the side; a copy of `NOTHING` becomes itself, since readers ask `is NOTHING`."""
    return NOTHING if isinstance(side, OptionalValue) else side


@dataclass(frozen=True, slots=True)
class Agent:
    """Who proposes. In JSON, attributes stand beside `id` and `owner` or under `attributes`."""

    id: str | None = None
    owner: str | None = None
    attributes: Map = _NO_VALUES


@dataclass(frozen=True, slots=True)
class Target:
    """The record acted on, with the attributes that the preview read."""

    system: str | None = None
    object: str | None = None
    id: str | None = None
    attributes: Map = _NO_VALUES


@dataclass(frozen=True, slots=True)
class Context:
    """Why the agent proposes it. `confidence` lies between 0 and 1."""

    trigger: str | None = None
    reasoning: str | None = None
    evidence: tuple[Value, ...] = ()
    confidence: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Action:
    """An action as proposed. Make one with `from_dict`, `from_json` or `read`.

    `name` is empty where an unusable proposal was salvaged by `read`; `problems` are then what is
    wrong with it. `at` is None where the caller gave no instant: then the clock of whoever decides
    counts.
    """

    shape: Shape | None = field(default=None, init=False, repr=False)
    values: tuple[Value, ...] = field(default=(), init=False, repr=False)
    """Where `read` made it without problems: its shape, and the values as the shape has them.

    HOT: they are the first, so that they lie in one line of the memory with the name."""
    name: str
    params: Map = _NO_VALUES
    agent: Agent | None = None
    target: Target | None = None
    changes: Changes = field(default_factory=Changes)
    context: Context = Context()
    at: Timestamp | None = None
    idempotency_key: str | None = None
    problems: tuple[Problem, ...] = field(default=(), repr=False)
    was_read: bool = field(default=False, init=False, repr=False)
    """Whether `read` made it: then its texts are in normal form, and its values plain."""
    _digest: str | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        _require(self.params, Map)
        _require(self.changes, Changes)

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> Action:
        """Return the action of a dict in the JSON shape; raises ActionError for its first problem.

        Values may be those of JSON, and Decimal, aware datetime, timedelta, bytes, tuple, Money.

        >>> Action.from_dict({"action": "billing.refund", "params": {"customer": "C-1"}}).name
        'billing.refund'
        """
        action, problems = cls.read(data)
        if problems:
            raise ActionError(problems[0].message, problems[0].path)
        return action

    @classmethod
    def from_json(cls, text: str | bytes) -> Action:
        """Return the action of a JSON text; raises ActionError, with line and column if bad JSON.

        Raises TypeError for what is no text. Cost: linear in the length of the text, which is at
        most 10 MiB.
        """
        _refuse_what_is_no_text(text)
        return cls.from_dict(cast("Mapping[str, object]", read_json(text)))

    @classmethod
    def read(cls, data: object) -> tuple[Action, tuple[Problem, ...]]:
        """Return what can be read of a proposal, and what is wrong with it. Never raises.

        Parts with a problem are left out, so that a condition that reads them errs.
        """
        try:
            if type(data) is cls and data.was_read:
                return data, data.problems
            if isinstance(data, Action):
                action = cls._read(_given(data), data.problems)
            else:
                action = cls._read(data)
        except RecursionError:
            raise
        except Exception:  # whatever the classes of a caller do
            action = cls(
                "", problems=(Place("").problem("is made of objects that cannot be read"),)
            )
        object.__setattr__(action, "was_read", True)
        if not action.problems:
            for part, value in zip(("shape", "values"), laid_out(_parts(action)), strict=True):
                object.__setattr__(action, part, value)
        return action, action.problems

    @classmethod
    def _read(cls, data: object, known: tuple[Problem, ...] = ()) -> Action:
        problems = [p for p in known if type(p) is Problem]
        proposal = Proposal(data, problems)
        name, params = proposal.name(), proposal.params()
        agent, target = proposal.agent(), proposal.target()
        changes = {field: Change(*sides) for field, sides in proposal.changes().items()}
        return cls(
            name=name,
            params=params,
            agent=agent and Agent(*agent),
            target=target and Target(*target),
            changes=Changes(changes),
            context=Context(*proposal.context()),
            at=proposal.at(),
            idempotency_key=proposal.idempotency_key(),
            problems=tuple(problems[:MAX_PROBLEMS]),
        )

    def to_dict(self) -> dict[str, Json]:
        """Return the JSON shape of the action; parts that are absent are left out."""
        parts: dict[str, Json] = {
            "action": self.name,
            "params": canonical.to_json(self.params),
            "agent": None if self.agent is None else _agent_json(self.agent),
            "target": None if self.target is None else _target_json(self.target),
            "changes": {name: _change_json(c) for name, c in self.changes.items()} or None,
            "context": _context_json(self.context) or None,
            "at": None if self.at is None else self.at.text,
            "idempotency_key": self.idempotency_key,
        }
        return {key: part for key, part in parts.items() if part is not None}

    def to_json(self) -> str:
        """Return the JSON text of the action, numbers spelled as they were given."""
        return canonical.exact_json(self.to_dict())

    @property
    def digest(self) -> str:
        """`sha256:...` of the canonical JSON of the whole action, computed once."""
        if self._digest is None:
            object.__setattr__(self, "_digest", canonical.digest(self.to_dict()))
        return cast("str", self._digest)

    def __eq__(self, other: object) -> bool:
        return self.digest == other.digest if isinstance(other, Action) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.digest)


def _require(part: object, wanted: type) -> None:
    if not isinstance(part, wanted):
        raise TypeError("make an action with Action.from_dict({...})")


def _parts(action: Action) -> Iterator[tuple[Path, Value]]:
    """Yield the values that decide about an action, with their places in its shape."""
    agent, target, context = action.agent, action.target, action.context
    yield from ((("params", str(key)), value) for key, value in action.params.entries())
    named: list[tuple[str, str, Value]] = []
    if agent is not None:
        named += (("agent", "id", agent.id), ("agent", "owner", agent.owner))
        yield from ((("agent", str(key)), value) for key, value in agent.attributes.entries())
    if target is not None:
        named += (("target", "system", target.system), ("target", "object", target.object))
        named.append(("target", "id", target.id))
        yield from ((("attributes", str(k)), value) for k, value in target.attributes.entries())
    named += (("context", "trigger", context.trigger), ("context", "reasoning", context.reasoning))
    for name, change in action.changes.items():
        yield ("changes", name, "old"), change.old
        yield ("changes", name, "new"), change.new
    yield from (((part, key), value) for part, key, value in named if value is not None)
    if action.at is not None:
        yield ("at",), action.at


def _given(action: Action) -> dict[str, object]:
    """Return the parts of an action that somebody made, to be read like those of a dict."""
    agent, target, context = action.agent, action.target, action.context
    return {
        "action": action.name,
        "params": action.params,
        "agent": agent and {"id": agent.id, "owner": agent.owner, "attributes": agent.attributes},
        "target": target and {
            "system": target.system, "object": target.object, "id": target.id,
            "attributes": target.attributes,
        },
        "changes": {
            name: change.sides
            for name, change in action.changes.items()
        },
        "context": {
            "trigger": context.trigger, "reasoning": context.reasoning,
            "evidence": context.evidence, "confidence": context.confidence,
        },
        "at": action.at,
        "idempotency_key": action.idempotency_key,
    }  # fmt: skip


# --- to JSON ----------------------------------------------------------------------------------


def _present(parts: dict[str, Json]) -> dict[str, Json]:
    return {key: part for key, part in parts.items() if part is not None}


def _refuse_what_is_no_text(text: object) -> None:
    if not isinstance(text, str | bytes | bytearray | memoryview):
        raise TypeError(
            f"`from_json` takes a JSON text, not a {type(text).__name__}: `from_dict` takes what is"
            " read already, and a file is read by `path.read_text()`"
        )


def _agent_json(agent: Agent) -> dict[str, Json]:
    attributes = canonical.to_json(agent.attributes) or None
    return _present({"id": agent.id, "owner": agent.owner, "attributes": attributes})


def _target_json(target: Target) -> dict[str, Json]:
    return _present(
        {
            "system": target.system,
            "object": target.object,
            "id": target.id,
            "attributes": canonical.to_json(target.attributes) or None,
        }
    )


def _change_json(change: Change) -> dict[str, Json]:
    return {side: canonical.to_json(value) for side, value in change.sides.items()}


def _context_json(context: Context) -> dict[str, Json]:
    return _present(
        {
            "trigger": context.trigger,
            "reasoning": context.reasoning,
            "evidence": canonical.to_json(context.evidence) or None,
            "confidence": context.confidence,
        }
    )
