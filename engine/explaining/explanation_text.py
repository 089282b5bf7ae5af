"""The explanation of a decision, and how it is told as text and as JSON.

The order of both is fixed: what happens, that nothing declares the action if so, and who is needed;
the decisive rules; the others that took part; errors and what they restricted; what was suspended,
by which exception, until when; shadow results; what was absorbed, and which orders are not kept by
that; obligations, and those that lack a value; the risk score by its parts; what was missing for
auto_run. `explainer` makes it of an outcome.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Final, Literal, TypeAlias

from gatewright.dsl.records import dataclass
from gatewright.dsl.rendering.display import visible
from gatewright.engine.decision import (
    ArgumentError,
    ConditionReport,
    ErrorReport,
    Obligation,
    Place,
    RuleReport,
)
from gatewright.engine.explaining.explanation_parts import (
    Absorption,
    Idle,
    Needed,
    RiskPart,
    Suspension,
    UnkeptOrder,
)
from gatewright.engine.reading.json_text import Json

Style: TypeAlias = Literal["auto_run", "require", "block", "title", "place", "holds", "fails"]
"""What a piece of the text is, for whoever paints it."""
Paint: TypeAlias = Callable[[Style, str], str]

_MAX_CHARS: Final = 500
"""How much of one text that an action can influence is shown; JSON has all of it."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why an action was decided as it was. `str()` is the text for people.

    `undeclared` says of an action that nothing declares what it may be called; else it is None.
    `needed` are the routes of `stages`, in their order; `missing` are rules that could have opened
    the action with `auto_run` and did not match: unless something else has `opened` it, one of them
    would have to, and none of them may ask for more; `unopened` says why there could be none.
    `unvalued` are arguments of obligations that are null because they err. `doc` is the doc comment
    of the action, `docs` are those of the rules and guards that are told, by qualified name; those
    of routes, exceptions and risks stand with them.
    """

    action: str
    doc: str | None
    undeclared: str | None
    agent: str | None
    at: str
    effect: str
    summary: str
    stages: tuple[tuple[str, ...], ...]
    needed: tuple[Needed, ...]
    decisive: tuple[RuleReport, ...]
    others: tuple[RuleReport, ...]
    errors: tuple[ErrorReport, ...]
    suspended: tuple[Suspension, ...]
    idle: tuple[Idle, ...]
    shadow: tuple[RuleReport, ...]
    absorbed: tuple[Absorption, ...]
    unkept: tuple[UnkeptOrder, ...]
    obligations: tuple[Obligation, ...]
    unvalued: tuple[ArgumentError, ...]
    risk: int
    risk_parts: tuple[RiskPart, ...]
    opened: bool
    missing: tuple[RuleReport, ...]
    unopened: str | None
    fields_read: dict[str, str]
    history_read: tuple[dict[str, Json], ...]
    docs: dict[str, str]
    policy_digest: str

    def to_dict(self) -> dict[str, Json]:
        """Return the explanation as JSON, in the order of the text."""
        return {
            "action": self.action,
            "doc": self.doc,
            "undeclared": self.undeclared,
            "agent": self.agent,
            "at": self.at,
            "effect": self.effect,
            "summary": self.summary,
            "stages": [list(stage) for stage in self.stages],
            "needed": [route.to_dict() for route in self.needed],
            "decisive": [rule.to_dict() for rule in self.decisive],
            "others": [rule.to_dict() for rule in self.others],
            "errors": [error.to_dict() for error in self.errors],
            "suspended": [suspension.explained() for suspension in self.suspended],
            "idle": [exception.to_dict() for exception in self.idle],
            "shadow": [rule.to_dict() for rule in self.shadow],
            "absorbed": [absorption.to_dict() for absorption in self.absorbed],
            "unkept": [order.to_dict() for order in self.unkept],
            "obligations": [obligation.to_dict() for obligation in self.obligations],
            "unvalued": [argument.to_dict() for argument in self.unvalued],
            "risk": self.risk,
            "risk_parts": [part.explained() for part in self.risk_parts],
            "opened": self.opened,
            "missing": [rule.to_dict() for rule in self.missing],
            "unopened": self.unopened,
            "facts": {
                "now": self.at,
                "fields": dict(self.fields_read),
                "history": list(self.history_read),
            },
            "docs": dict(self.docs),
            "policy_digest": self.policy_digest,
        }

    def __str__(self) -> str:
        return self.text()

    def text(self, paint: Paint | None = None) -> str:
        """Return the text for people, without a line end; `paint` may colour its pieces.

        Characters that a terminal would obey are written out, so that no value can forge a line.
        """
        return "\n".join(_Text(self, paint or _plain).lines())


def _plain(_: Style, text: str) -> str:
    return text


_SIGNS: Final[dict[bool | None, tuple[str, Style]]] = {
    True: ("+", "holds"), False: ("-", "fails"), None: ("!", "fails"),
}  # fmt: skip
_EFFECTS: Final[dict[str, Style]] = {"auto_run": "auto_run", "block": "block"}


class _Text:
    """Writes one explanation for people."""

    def __init__(self, explanation: Explanation, paint: Paint) -> None:
        self._e = explanation
        self._paint = paint

    def lines(self) -> Iterator[str]:
        e = self._e
        yield self._paint(_EFFECTS.get(e.effect, "require"), _shown(e.summary))
        who = f" by {e.agent}" if e.agent else ""
        yield f"  {_shown(f'{e.action}{who}')}, decided as of {e.at}"
        if e.undeclared is not None:
            yield f"  {_shown(e.undeclared)}"
        if e.doc is not None:
            yield f"  {_doc(e.doc)}"
        for route in e.needed:
            yield self._placed(f"  {route.route}: {route.people}", route.at)
            if route.doc is not None:
                yield f"    {_doc(route.doc)}"
        yield from self._section("Decisive", self._rules(e.decisive))
        yield from self._section("Also took part", self._rules(e.others))
        yield from self._section("Errors, which can only restrict", self._errors())
        yield from self._section("Suspended", self._suspensions())
        yield from self._section("Exceptions without effect", self._idle())
        yield from self._section("In shadow, without effect", self._rules(e.shadow))
        yield from self._section("Not asked", self._absorbed())
        yield from self._section("Orders that are not kept", self._unkept())
        yield from self._section("To be done", self._obligations())
        yield from self._section("Obligations that lack a value", self._unvalued())
        yield from self._section(f"Risk {e.risk} of 100", self._risk())
        yield from self._section("Needed for auto_run", self._wanting())

    def _section(self, title: str, lines: Iterator[str]) -> Iterator[str]:
        """Yield a section, or nothing where it has no lines."""
        for number, line in enumerate(lines):
            if not number:
                yield ""
                yield self._paint("title", f"{title}:")
            yield f"  {line}"

    def _placed(self, text: str, at: Place) -> str:
        return f"{_shown(text)}    {self._paint('place', _shown(str(at)))}"

    def _rules(self, rules: tuple[RuleReport, ...]) -> Iterator[str]:
        for rule in rules:
            yield self._placed(f"{_name(rule)} {_outcome(rule)}", rule.at)
            yield from self._documented(rule.package, rule.name)
            if rule.because:
                # What it says was not found to be so.
                unproven = "had it matched: " if rule.status == "error" else ""
                yield f"  {_shown(unproven + rule.because)}"
            yield from self._conditions(rule.conditions)

    def _documented(self, package: str, rule: str) -> Iterator[str]:
        doc = self._e.docs.get(f"{package}.{rule}")
        if doc is not None:
            yield f"  {_doc(doc)}"

    def _conditions(self, conditions: tuple[ConditionReport, ...]) -> Iterator[str]:
        for condition in conditions:
            sign, style = _SIGNS[condition.holds]
            unless = "unless " if condition.kind == "unless" else ""
            what = f"an error: {condition.error}" if condition.error else condition.result
            yield f"  {self._paint(style, sign)} {_shown(f'{unless}{condition.shown} is {what}')}"

    def _errors(self) -> Iterator[str]:
        """Yield each error once, however many rows of a rule it hit, and what it restricted."""
        e = self._e
        acting = [*e.decisive, *e.others]
        told: set[tuple[str, str]] = set()
        for error in e.errors:
            if (error.source, error.message) in told:
                continue
            told.add((error.source, error.message))
            text = f"{error.source}: {error.message}"
            yield self._placed(text, error.at) if error.at else _shown(text)
            if error.source.startswith("risk "):
                yield "  its score counts in full"
            for rule in acting:
                if _name(rule) == error.source and any(c.at == error.at for c in rule.conditions):
                    yield f"  {_restricted(rule)}"
        for floor in acting:
            if floor.kind == "on_error":
                yield self._placed(f"on_error adds {floor.effect}", floor.at)

    def _suspensions(self) -> Iterator[str]:
        for s in self._e.suspended:
            by = f"by exception {s.exception} until {s.until}"
            yield self._placed(f"{s.rule} => {s.effect}, {by}", s.at)
            yield from self._documented(s.package, s.rule)
            details = [("owner", s.owner), ("reason", s.reason), ("ticket", s.ticket)]
            known = ", ".join(f"{name}: {value}" for name, value in details if value)
            if known:
                yield f"  {_shown(known)}"
            if s.doc is not None:
                yield f"  exception {_shown(s.exception)}: {_doc(s.doc)}"

    def _idle(self) -> Iterator[str]:
        for one in self._e.idle:
            text = f"{one.rule} stands: exception {one.exception} is open, but {one.why}"
            yield self._placed(text, one.at)

    def _absorbed(self) -> Iterator[str]:
        for a in self._e.absorbed:
            yield _shown(f"{a.route}: {a.by} outranks it and is asked")

    def _unkept(self) -> Iterator[str]:
        for order in self._e.unkept:
            yield _shown(f"{order.before} then {order.after}: {order.why}")

    def _obligations(self) -> Iterator[str]:
        """Write obligations as policies do, and whose they are; what errs as `?`."""
        erring = {(f"{a.package}.{a.rule}", a.obligation, a.argument) for a in self._e.unvalued}
        for told in self._e.obligations:
            args: list[str] = []
            for name, value in told.args.items():
                errs = (told.rule, told.name, name) in erring
                shown = "?" if errs else json.dumps(value, ensure_ascii=False)
                args.append(shown if name.isdigit() else f"{name}: {shown}")
            yield _shown(f"{told.name}({', '.join(args)}), of {told.rule.rpartition('.')[2]}")

    def _unvalued(self) -> Iterator[str]:
        for a in self._e.unvalued:
            what = f"{a.obligation} of {a.rule}: {a.argument} is null, an error: {a.message}"
            yield self._placed(what, a.at)

    def _risk(self) -> Iterator[str]:
        for part in self._e.risk_parts:
            erred = " (an error counts in full)" if part.erred else ""
            because = f": {part.because}" if part.because else ""
            yield self._placed(f"{part.score:>3} {part.name}{because}{erred}", part.at)
            if part.doc is not None:
                yield f"      {_doc(part.doc)}"
            yield from (f"    {line}" for line in self._conditions(part.conditions))

    def _wanting(self) -> Iterator[str]:
        """Yield what would have had to be otherwise, where people are needed or all is blocked."""
        e = self._e
        if e.effect == "auto_run":
            return
        if any(error.source == "action" for error in e.errors):
            yield "the action would have to fit its declared type"
        yield from self._opening()
        wanted = {_key(rule) for rule in e.missing} if self._each_is_wanted else set[object]()
        for rule in (*e.decisive, *e.others):
            if rule.kind == "permit":
                yield "a permit for this agent and action"
            elif rule.effect != "auto_run" and rule.name and _key(rule) not in wanted:
                yield f"{_shown(_name(rule))} would have to {self._allowing(rule)}"
        if any(rule.kind == "on_error" for rule in (*e.decisive, *e.others)):
            risks = (error.source for error in e.errors if error.source.startswith("risk "))
            for risk in dict.fromkeys(risks):
                yield f"{_shown(risk)} would have to be without an error"

    @property
    def _each_is_wanted(self) -> bool:
        """Whether all that is missing would have to be there, and not one of several rules."""
        return self._e.opened or len(self._e.missing) == 1

    def _opening(self) -> Iterator[str]:
        """Yield the rules of which one would have to open the action, or each to open it too."""
        e = self._e
        if e.unopened is not None:
            yield f"{e.unopened}: one would have to say auto_run"
        alone = " would have to say auto_run" if self._each_is_wanted else ""
        if e.missing and not alone:
            yield "one of these rules would have to say auto_run:"
        indent = "" if alone else "  "
        for rule in e.missing:
            yield indent + self._placed(f"{_name(rule)}{alone}", rule.at)
            yield from (indent + line for line in self._conditions(rule.conditions))
            for s in e.suspended:
                if (s.package, s.rule) == _key(rule):
                    yield f"{indent}  exception {s.exception} would have to leave it alone"

    def _allowing(self, rule: RuleReport) -> str:
        """Return what a rule that restricts would have to do instead."""
        could_open = any(_key(rule) == _key(missing) for missing in self._e.missing)
        return "say auto_run or let it pass" if could_open else "let it pass"


def _shown(text: str) -> str:
    """Return a text on one line, cut, with what a terminal would obey written out."""
    return visible(text if len(text) <= _MAX_CHARS else text[: _MAX_CHARS - 1] + "…")


def _doc(doc: str) -> str:
    """Return a doc comment on one line, as it begins in a policy file."""
    return _shown(f"/// {' '.join(doc.split())}")


def _key(rule: RuleReport) -> tuple[str, str]:
    return rule.package, rule.name


def _name(rule: RuleReport) -> str:
    """Return what a rule is called; a missing permit, a default and a floor have no names."""
    return f"{rule.kind} {rule.name}" if rule.name else _UNNAMED.get(rule.kind, rule.kind)


_UNNAMED: Final = {"permit": "no permit"}


def _outcome(rule: RuleReport) -> str:
    """Return what a rule asks for, and whether it does so because of an error."""
    if rule.status != "error":
        return f"=> {rule.effect}"
    return (
        "opens nothing: an error" if rule.effect == "auto_run" else f"=> {rule.effect} (an error)"
    )


def _restricted(rule: RuleReport) -> str:
    return "it opens nothing" if rule.effect == "auto_run" else f"it counts: {rule.effect}"
