"""A `let` is looked at once for all actions that it cannot tell apart, and it makes no difference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.dsl import limits
from gatewright.dsl.checks.contexts import Alike
from gatewright.dsl.lint import lint
from gatewright.dsl.lint.conditions import Reader
from gatewright.dsl.lint.sharing import Sharing
from gatewright.dsl.load import check_sources
from gatewright.dsl.rendering.text import to_text
from gatewright.dsl.source import Source
from gatewright.dsl.typing.known import KnownLet
from gatewright.dsl.typing.scopes import ExpressionScope, LetReference
from gatewright.dsl.typing.typer import Typer
from tests.properties.support import examples

TYPES = ("int", "int >= 3", "int", "string", "money(USD)", 'enum("a", "b")', "Inner")
VALUES = (
    "action.a > 5", "action.b == 'a'", "has(action.b) && action.b == 'a'", "action.c < 5 USD",
    "changes.has('a')", "changes.only(['a', 'b'])", "'a' in changes.fields", "size(action) > 1",
    "target.a == 'x'", "action.b in ['a', 'c']", "has(action.c.a)", "action.name == 'p.x0'",
    "other.far > 1", "agent.n == 1", "action.a > 5 && action.a < 3", "h.last().a == 1",
    "has(h.last().a)", "action.a in listed", "zz == 1", "action.zz == 1", "b == 1",
)  # fmt: skip
fields = st.lists(
    st.tuples(
        st.sampled_from(("a", "b", "c")), st.sampled_from(("", "", "?")), st.sampled_from(TYPES)
    ),
    min_size=1, max_size=3, unique_by=lambda field: field[0],
)  # fmt: skip


def _listed(found: Sequence[tuple[str, str, str]]) -> str:
    return ", ".join(f"{name}{absent}: {kind}" for name, absent, kind in found)


@st.composite
def sets(draw: st.DrawFn) -> str:
    text = "package p\nimport q as other\ntype Inner { a: int, b?: string }\n"
    count = draw(st.integers(2, 4))
    for number in range(count):
        inside = f"{_listed(draw(fields))}, changes {{ {_listed(draw(fields))} }}"
        place = ""
        if draw(st.booleans()):
            text += f"type T{number} {{ {_listed(draw(fields))} }}\n"
            place = f" on crm.thing as T{number}"
        text += f"action p.x{number}{place} {{ {inside} }}\n"
    text += "history h = p.x0\nlet listed = [1, 2, 'c']\nlet last = h.last()\n"
    chosen = draw(st.lists(st.sampled_from(VALUES), min_size=1, max_size=4))
    lets = [f"l{number}" for number in range(len(chosen))]
    for number, value in enumerate(chosen):
        more = f" && l{number - 1}" if number and draw(st.booleans()) else ""
        text += f"let l{number} = {value}{more}\n"
    covers = [f"p.x{number}" for number in range(count)] + ["p.x0, p.x1", "p.*", "*", "q.new"]
    uses = st.lists(st.sampled_from((*lets, "last.a == 1")), min_size=1, max_size=2)
    for number in range(draw(st.integers(2, 6))):
        condition = " && ".join(draw(uses))
        where = draw(st.sampled_from(covers))
        text += f"guard g{number} on {where} when {condition} => block because '{{l0}}'\n"
    if draw(st.booleans()):
        text += "risk r on p.x0 when l0 => 5\nroute team { one of [l0 ? user('a') : 'b'] }\n"
    return text


def _found(text: str) -> str:
    sources = [Source("p.gate", text), Source("q.gate", "package q\nlet far = action.b\n")]
    policy, found = check_sources(sources)
    told = to_text(found)
    assert "GW01" not in told
    return told if policy is None else told + "\n".join(map(str, lint(policy)))


def _by_itself(_: Alike, scope: ExpressionScope, name: str) -> ExpressionScope:
    return scope


def _reading(_: Sharing[Reader, object], let: LetReference, reader: Reader, __: object) -> Reader:
    return reader


@examples(2)
@given(sets())
def test_what_is_found_is_what_a_look_at_every_action_finds(text: str) -> None:
    found = _found(text)
    with patch.object(Alike, "__call__", _by_itself), patch.object(Sharing, "of", _reading):
        assert _found(text) == found


def _looks_at(text: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    checked: list[str] = []
    whole = Typer._let  # pyright: ignore[reportPrivateUsage]

    def counted(typer: Typer, reference: LetReference) -> KnownLet:
        checked.append(reference.name)
        return whole(typer, reference)

    monkeypatch.setattr(Typer, "_let", counted)
    check_sources([Source("p.gate", text)])
    return checked


def test_a_let_is_checked_once_for_actions_that_have_the_same_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = "package p\nlet free = agent.n == 1\nlet low = free && action.c < 5\n"
    text += "".join(f"action p.x{n} {{ c: int, f{n}: int }}\n" for n in range(20))
    text += "action p.y { c: double }\nrule y on p.y when low => auto_run\n"
    text += "".join(f"rule r{n} on p.x{n} when low => auto_run\n" for n in range(20))
    text += "".join(f"permit when low to p.x{n}\n" for n in range(20))
    assert sorted(_looks_at(text, monkeypatch)) == ["free", "low", "low"]


def test_lets_of_actions_that_differ_are_refused_above_a_bound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    count = 40
    big = " || ".join(f"agent.a{n} == {n}" for n in range(64))
    text = f"package p\nlet big = has(action.c) && ({big})\n"
    text += "".join(f'action p.x{n} {{ c: enum("a{n}") }}\n' for n in range(count))
    text += "".join(f"guard g{n} on p.x{n} when big => block\n" for n in range(count))
    assert "GW0711" not in to_text(check_sources([Source("p.gate", text)])[1])
    monkeypatch.setattr(limits, "MAX_DIFFERENT", 10_000)
    assert "GW0711" in to_text(check_sources([Source("p.gate", text)])[1])


def test_lints_read_a_let_once_for_actions_that_have_the_same_of_it() -> None:
    text = "package p\nlet low = action.c < 5 && agent.n == 1\n"
    text += "".join(f"action p.x{n} {{ c: int, f{n}: int }}\n" for n in range(20))
    text += "".join(f"guard g{n} on p.x{n} when low => block\n" for n in range(20))
    policy, _ = check_sources([Source("p.gate", text)])
    assert policy is not None
    readers: set[int] = set()
    whole: Any = Sharing.__dict__["of"]

    def counted(*given: Any) -> object:
        found = whole(*given)
        readers.add(id(found))
        return found

    with patch.object(Sharing, "of", counted):
        lint(policy)
    # One for these actions, one for a look that leaves the action out of account.
    assert len(readers) == 2
