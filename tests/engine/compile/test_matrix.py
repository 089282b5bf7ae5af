"""Every kind of field and part of an action, with fitting and odd values: compiled as interpreted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from gatewright.engine.compile.units import Units
from gatewright.engine.load import load_source
from gatewright.engine.parts import Parts
from tests.engine.compile.test_whole import HEAD, act, same


class Text(str):
    __slots__ = ()


class Whole(int):
    pass


class Real(float):
    pass


VALUES: list[Any] = [
    "x", "", None, True, 1, 1.0, 0, -1, 2**63, "3d", "72h", "2026-06-15T12:00:00Z", "5 USD",
    "5.00 USD", "5 EUR", [], ["x"], [1], {}, {"a": 1}, "\u212a", "e\u0301", b"x", "x" * 2_001, 5.5,
    "5.5", "a", Text("x"), Whole(1), Real(1.0), (1, 2),
]  # fmt: skip
DATA: Mapping[str, object] = {"names": ["x", "K", "\u00e9", "3d"], "by": {"x": 1, "\u00e9": 2}}
CONDITIONS = {
    "string": ['@ == "x"', '"x" == @', '@ != "e\u0301"', '@ in ["x", "K"]', "@ in data.names",
               "@ in data.by", '@.startsWith("x")', '@ < "b"', "@ in []", '@ in ["x", action.name]'],
    "string(max: 5)": ['@ == "x"'],
    "int": ["@ == 1", "@ < 1", "1 >= @", "@ in 0 .. 5", "@ in [1, 2]", "@ + 1 == 2", "@ < 1.5"],
    "int >= 0": ["@ > 5"],
    "int >= -5": ["@ > 5"],
    "uint": ["@ == 1u", "@ < 5u"],
    "double": ["@ < 1.5", "@ == 1.0"],
    "decimal": ["@ < 1.5", "@ == 1", "@ <= 5.5", "@ in [1.0, 5.5]"],
    "bool": ["@", "!@", "@ == true"],
    "bytes": ['@ == b"x"'],
    "timestamp": ["@ < now", '@ <= timestamp("2026-06-15T12:00:00Z")'],
    "duration": ["@ < 4d", "@ == 3d", "@ in [3d, 4d]"],
    "money(USD)": ["@ < 6 USD", "@ == 5 USD", "@ in [5 USD]"],
    "money(USD) >= 0 USD": ["@ <= 5 USD"],
    "money": ["@ < 6 USD"],
    "money <= 9 USD": ["@ < 6 USD"],
    'enum("a", "b")': ['@ == "a"', '@ in ["a", "b"]', '@ != "a"'],
    "any": ['@ == "x"', '@ in ["x", "3d"]', "@ == 1", "@ in data.names", "@ == true"],
    "list<int>": ["1 in @"],
    "map<string, int>": ['"a" in @'],
}  # fmt: skip
FORMS = ["rule o on x.y when {} => auto_run", "rule o on x.y unless {} => auto_run",
         "rule o on x.y => auto_run\nguard g on x.y when {} => block"]  # fmt: skip


@pytest.mark.parametrize("optional", ["", "?"])
@pytest.mark.parametrize("kind", CONDITIONS)
def test_parameters(kind: str, optional: str) -> None:
    guard = "has(action.v) && " if optional else ""
    for condition in CONDITIONS[kind]:
        for form in FORMS:
            text = form.replace("{}", f"{guard}{condition.replace('@', 'action.v')}")
            policy = load_source(f"{HEAD}action x.y {{ v{optional}: {kind} }}\n{text}", data=DATA)
            decided = {same(policy, act(v=value)) for value in VALUES} | {same(policy, act())}
            assert decided


AGENT = ['agent.v == "x"', 'agent.v in ["x", "3d"]', "agent.v < 4d", "agent.v < 6 USD",
         "agent.v == 1", "agent.v in data.names", 'agent.id == "x"', "has(agent.v)",
         'has(agent.v) && agent.v == "3d"', 'agent.v == ["x"]', "has(agent.id)", "agent.owner == agent.id",
         "agent.v == \"3d\" || agent.v == 3d"]  # fmt: skip


@pytest.mark.parametrize("condition", AGENT)
def test_agents(condition: str) -> None:
    for form in FORMS:
        policy = load_source(f"{HEAD}action x.y {{}}\n{form.replace('{}', condition)}", data=DATA)
        assert {
            same(policy, act(agent))
            for value in VALUES
            for agent in ({"id": "b", "v": value}, {"id": value, "owner": value}, {"v": value})
        }
        assert same(policy, {"action": "x.y"})


TYPED = """type T { t: string, n: int, m: money(USD) }
action x.y on sys.obj as T { n: int, changes { F: string, G: int } }
"""
UNTYPED = "action x.y { n: int }\n"
PARTS = ['changes.has("F")', 'changes.has("F") && has(changes.F.new) && changes.F.new in ["x", "K"]',
         'changes.only(["F"])', 'has(target.id) && target.id == "x"', "has(target.id)",
         'has(target.t) && target.t in data.names', "has(target.n) && target.n < 5",
         "has(target.m) && target.m < 6 USD", "has(target.system)",
         'has(context.trigger) && context.trigger == "x"', "has(context.reasoning)",
         'now < timestamp("2026-06-15T12:00:00Z")', "action.n == 1", 'action.name == "x.y"',
         'action.name in ["x.y"]', "true", "data.names.size() == 4",
         "has(context.trigger) && context.trigger.size() < 5 && has(target.id)"]  # fmt: skip


def proposals() -> list[dict[str, Any]]:
    base = act(n=1)
    made: list[dict[str, Any]] = [base]
    values: tuple[Any, ...] = (
        "x",
        None,
        1,
        "\u212a",
        5,
        {},
        True,
        "5.00 USD",
        "",
        "sys",
        "obj",
        "x" * 2_001,
    )
    for value in values:
        made += [{**base, "target": {"attributes": {key: value}}} for key in ("t", "n", "m", "zz")]
        made += [{**base, "target": {key: value}} for key in ("id", "system", "object")]
        made += [{**base, "context": {key: value}} for key in ("trigger", "reasoning")]
        for change in ({"old": value}, {"new": value}, {"old": "x", "new": value}):
            made += [{**base, "changes": {field: change}} for field in ("F", "G", "Q")]
    return made + [{**base, "changes": {field: {}}} for field in ("F", "G", "Q")]


@pytest.mark.volume
@pytest.mark.parametrize("condition", PARTS)
@pytest.mark.parametrize("declared", [TYPED, UNTYPED], ids=["typed", "untyped"])
def test_the_other_parts(declared: str, condition: str) -> None:
    if declared == UNTYPED and ("changes" in condition or ".t" in condition or ".m " in condition):
        declared = TYPED.replace(": string, n", "?: string, n")
    for form in FORMS:
        policy = load_source(HEAD + declared + form.replace("{}", condition), data=DATA)
        assert {same(policy, proposal) for proposal in proposals()}


@pytest.mark.volume
def test_rows_in_great_numbers() -> None:
    rows = [
        f'{"guard" if n % 3 else "rule"} r{n} on x.y when action.a == "a{n % 17}" && action.n < {n % 50}'
        f' || agent.t == "t{n % 13}" && action.m >= {n % 40} USD || risk > {n % 90}'
        f' => {"require r" if n % 3 else "auto_run"}'
        for n in range(100)  # more than one tree takes
    ]  # fmt: skip
    policy = load_source(
        HEAD + "action x.y { a: string, n: int, m: money(USD) }\n" + "\n".join(rows)
        + "\nrisk q on x.y when action.n > 30 => 40"
    )  # fmt: skip
    for n in range(0, 60, 5):  # each remainder of 4, 13, 17 and most of the others comes
        agent = {"id": "b", "t": f"t{n % 13}"} if n % 4 else {"id": "b"}
        assert same(policy, act(agent, a=f"a{n % 19}", n=n, m=f"{n % 45} USD"))


def test_lets_of_other_packages() -> None:
    other = 'package b\nlet vip = agent.id in data.names\nlet same = action.name == "x.y"'
    first = HEAD.replace("route", "import b\nroute", 1) + (
        "action x.y { n: int }\nlet low = action.n < 5\n"
        "rule o on x.y when b.vip && low => auto_run\nrule p on x.y when b.same && !low => require r"
    )
    policy = load_source([first, other], data=DATA)
    found = {same(policy, act({"id": who}, n=n)) for who in ("x", "y") for n in (1, 9)}
    assert len(found) == 2


def test_units_are_made_once_and_only_for_what_is_declared() -> None:
    policy = load_source(HEAD + "action x.y {}\nrule o on x.y => auto_run")
    parts = Parts(policy.about)
    units = Units(parts, policy.data, {})
    assert units.of("x.z") is None
    assert parts.of("x.z") is parts.of("x.z")
    assert units.of("x.y") is units.of("x.y")
    assert parts.of("x.y").policy.actions.keys() == {"x.y"}
    assert units.known.keys() == {"x.y"}
