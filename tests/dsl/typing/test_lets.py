"""`let`s: checked once, in any number, in circles, and of other packages."""

from __future__ import annotations

import pytest

from gatewright.dsl.checks.cost import CostModel
from gatewright.dsl.load import check_sources
from gatewright.dsl.parser import parse_expression
from gatewright.dsl.source import Source
from gatewright.dsl.typing.known import KnownLet
from gatewright.dsl.typing.presence import Presence
from gatewright.dsl.typing.scopes import LetReference, in_order
from gatewright.dsl.typing.typer import ExpressionScope, Typer
from tests.dsl.typing.support import USUAL, infer, scope

LONG = 1_200


def chain(first: str, step: str) -> ExpressionScope:
    """Make a scope with a long chain of lets, each made of the one before it."""
    lets = {"x0": first}
    lets |= {f"x{i}": step.format(f"x{i - 1}") for i in range(1, LONG)}
    return scope(lets)


def check(where: ExpressionScope) -> tuple[str, list[str]]:
    found: list[str] = []
    typer = Typer(where, lambda d: found.append(d.code))
    expr = parse_expression(f"x{LONG - 1}")
    kind = typer.infer(expr)
    CostModel(where, typer.type_of, lambda d: found.append(d.code), {}).check(expr)
    return str(kind), found


def test_a_long_chain_of_lets_is_checked() -> None:
    assert check(chain("1 USD", "{} + 1 USD")) == ("money(USD)", [])


def test_a_long_chain_that_doubles_is_too_costly_and_nothing_worse() -> None:
    assert check(chain('"ab"', "{0} + {0}")) == ("string", ["GW0704"])


def test_a_long_chain_of_conditions_keeps_what_is_known() -> None:
    where = chain("has(action.reason)", "{} && true")
    text = f'x{LONG - 1} && action.reason == ""'
    assert infer(text, where).codes == []
    assert infer(f'!x{LONG - 1} && action.reason == ""', where).codes == ["GW0312"]


def test_a_long_chain_of_needs_is_told_once() -> None:
    where = chain('action.reason == ""', "{} && true")
    assert check(where) == ("bool", ["GW0312"])


def test_types_that_nest_without_end_become_any() -> None:
    kind, found = check(chain("1", "[{}]"))
    assert kind.startswith("list<list<")
    assert len(kind) < 500
    assert not found


def test_fields_that_nest_without_end_are_no_problem() -> None:
    assert check(chain("agent", "{}.next"))[0] == "any"


def test_a_circle_is_unknown_and_left_to_another_stage() -> None:
    for text in ("circle > 1", "itself && itself", "[itself].map(x, x + circle)"):
        assert infer(text).codes == []
    assert infer("circle").type == infer("zzz_unknown").type


def test_lets_that_all_use_each_other_are_no_problem() -> None:
    names = [f"x{i}" for i in range(60)]
    everything = " + ".join(f"[{', '.join(names)}].size()" for _ in range(2))
    where = scope(dict.fromkeys(names, everything))
    assert infer("x0 + x1 + x2", where).codes == []
    assert Presence(where).facts_when_true(parse_expression("x7")).present == frozenset()
    costs: list[object] = []
    CostModel(where, lambda _: None, costs.append, {}).check(parse_expression("x7"))
    assert costs


def test_lets_come_in_the_order_of_use() -> None:
    where = scope({"a": "b + c", "b": "c", "c": "1", "d": "a"})
    assert [r.name for r in in_order(LetReference(where, "d"))] == ["c", "b", "a", "d"]
    known = {LetReference(where, "b")}
    assert [r.name for r in in_order(LetReference(where, "d"), known)] == ["c", "a", "d"]


def test_a_mistake_in_a_let_is_told_once_and_in_the_let() -> None:
    where = scope({"bad": "action.amuont", "worse": "bad + bad"})
    checked = infer("worse > bad && bad > 1 && zzz_unknown", where)
    assert checked.codes == ["GW0302", "GW0301"]
    assert checked.found[0].span.source.name == "<bad>"


def test_a_let_hidden_by_a_macro_is_not_looked_at() -> None:
    assert infer('[true].all(given, given) && action.reason == ""').codes == ["GW0312"]
    assert infer("[1].exists(small, small > 0)").codes == []


def test_lets_of_another_package_are_checked_with_its_names() -> None:
    package = ExpressionScope(
        {**USUAL.names}, {"limit": parse_expression("base * 2"), "base": parse_expression("2 USD")}
    )
    where = ExpressionScope({**USUAL.names}, packages={"shop": package})
    assert str(infer("action.amount > shop.limit && true", where).type) == "bool"
    assert infer("shop.limit", where).codes == []
    assert infer("base", where).codes == ["GW0301"]
    presence = Presence(where)
    assert not presence.facts_when_true(parse_expression("shop.limit")).present


def test_names_declared_here_hide_packages() -> None:
    package = ExpressionScope({}, {"x": parse_expression("1")})
    where = ExpressionScope({**USUAL.names}, packages={"agent": package})
    assert str(infer("agent.x", where).type) == "any"


def test_a_let_is_checked_once_however_many_rules_use_it(monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[str] = []
    whole = Typer._let  # pyright: ignore[reportPrivateUsage]

    def counted(typer: Typer, reference: LetReference) -> KnownLet:
        checked.append(reference.name)
        return whole(typer, reference)

    monkeypatch.setattr(Typer, "_let", counted)
    text = "package p\naction p.a { n: int }\nlet few = action.n < 5\nlet none = few && zz\n"
    text += "".join(f"guard g{i} on p.a when none && action.n > {i} => block\n" for i in range(20))
    _, found = check_sources([Source("p.gate", text)])
    assert checked == ["few", "none"]
    assert [d.message for d in found] == ["nothing is named `zz` here"]
