"""The parser, against Lark's own of the same grammar: the same trees, the same places to stop."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, cast

import lark
import pytest
from hypothesis import example, given
from lark.exceptions import UnexpectedInput, UnexpectedToken

from gatewright.dsl.source import Source, Span
from gatewright.dsl.syntax.automaton import Automaton, Stopped
from gatewright.dsl.syntax.lexer import Token
from gatewright.dsl.syntax.tables import STARTS, load_tables, make_lark
from tests.dsl.syntax.test_fuzz import TEXTS
from tests.strategies.policies_text import expression_texts

ROOT = Path(__file__).resolve().parents[3]
FOLDERS = (
    "stdlib_policies",
    "examples",
    "gatewright/cli",
    "tests/diagnostics",
    "tests/dsl/formatting",
)
FILES = [file for folder in FOLDERS for file in sorted((ROOT / folder).rglob("*.gate"))]


class _Trees:
    """Makes of what a rule matched its name and that, whatever the rule."""

    def __getattr__(self, name: str) -> Callable[..., object]:
        def tree(children: list[object], _: object = None) -> object:
            return str(name), [_shown(child) for child in children]

        return tree


def _shown(value: object) -> object:
    match value:
        case Token():
            return value.kind, value.start, value.end, value.text
        case lark.Token():
            return value.type, value.start_pos, value.end_pos, str(value)
        case _:
            return value


@cache
def ours() -> Automaton:
    return Automaton(load_tables(), _Trees())


@cache
def theirs() -> Any:
    return make_lark(transformer=cast(Any, _LarkTrees()))


class _LarkTrees:
    """The same for Lark, which asks for methods of terminals, and of rules within others too."""

    def __getattr__(self, name: str) -> Callable[..., object]:
        if name.startswith("_") or name.isupper():
            raise AttributeError(name)
        return cast("Callable[..., object]", getattr(_Trees(), name))


def read(text: str, start: str) -> object:
    """Return the tree of a text, or where and why it stops: the place, the token's end."""
    try:
        return _shown(ours().parse(Source("", text), start))
    except Stopped as stopped:
        return stopped.at, stopped.end if stopped.at is not None else None, stopped.accepted


def read_by_lark(text: str, start: str) -> object:
    """Return the same as Lark has it."""
    try:
        return _shown(theirs().parse(text, start=start))
    except UnexpectedInput as error:
        accepted = cast("set[str]", cast(Any, error).interactive_parser.accepts())
        token = cast(Any, error).token if isinstance(error, UnexpectedToken) else None
        if token is not None and token.type == "$END":
            return None, None, frozenset(accepted)
        end = token.end_pos if token is not None else None
        return error.pos_in_stream, end, frozenset(accepted or {"$END"})


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_a_file_is_read_as_lark_reads_it(file: Path) -> None:
    text = file.read_bytes().decode("utf-8", "replace")
    assert read(text, "file") == read_by_lark(text, "file")


@given(TEXTS)
@example("package p\nlet x: map<string, int>== 5")
@example("package p\naction a { x: map<string, list<int>>== 5 }")
@example("package p\naction a { x: list<int>>= 5, y: list<list<int>>> 5 }")
@example("package p\nroute r { 2 of x one of y } let of = one of")
@example("package p\nlet x = 1..5 .5 a?.b:c")
@example("package p\ntest 't' { now 2026-11-20 given a {x: now} expect risk 0 }")
@example("package p\nlet a = 2026-11-20 + 2026-11-20T00:00:00Z")
@example("package p\nrisk r when 2 > 1 => 40 USD")
@example("package p\nlet action = default\nlet default = action in b")
@example("package p\nlet risk = rb'x' + Rb\"y\" + b'''z''' + r'\\' + `a b`")
@example("package p\nrule r table (a) { _ | _x => block }")
@example("\ufeff// only\n")
@example("package p let x = 5 //")
@example("package p let x = 5 / / 5")
def test_any_text_is_read_as_lark_reads_it(text: str) -> None:
    for start in STARTS:
        assert read(text, start) == read_by_lark(text, start)


@given(expression_texts())
def test_any_expression_is_read_as_lark_reads_it(text: str) -> None:
    assert read(text, "expression") == read_by_lark(text, "expression")


def test_a_part_of_a_text_ends_where_it_ends() -> None:
    source = Source("", "let a = rule x")
    tree = ours().parse(source, "piece", 0, len("let a = rule"))
    assert tree[1][0][1][-1] == ("name", [("NAME", 8, 12, "rule")])


def test_values_are_made_in_the_order_of_the_text() -> None:
    seen: list[str] = []

    class Order:
        def __getattr__(self, name: str) -> Callable[..., object]:
            def note(_children: list[object], span: Span) -> str:
                seen.append(f"{name} {span.text}")
                return name

            return note

    Automaton(load_tables(), Order()).parse(Source("", "f(a, !b)"), "expression")
    assert seen == [
        "name a", "argument a", "name b", "not_ !b", "argument !b", "arguments a, !b",
        "call f(a, !b)",
    ]  # fmt: skip
