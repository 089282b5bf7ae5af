"""The table of functions: it can be read, and is the engine's, no more and no less."""

from __future__ import annotations

import pytest

from gatewright.dsl import types as t
from gatewright.dsl.macros import MACROS
from gatewright.dsl.typing import patterns
from gatewright.dsl.typing.choosing import Choice, choose
from gatewright.dsl.typing.macros import FORMS
from gatewright.dsl.typing.signatures import (
    ROUNDING_MODES,
    Signature,
    functions,
    namespaces,
    operators,
    signature,
)
from gatewright.dsl.typing.typer import TYPE_NAMES
from gatewright.engine.cel import exact
from gatewright.engine.cel import functions as engine_functions
from gatewright.engine.cel.functions import NAMESPACES, TYPES
from gatewright.engine.cel.regexes import MAX_PATTERN_CHARS


def forms() -> dict[str, frozenset[tuple[bool, int]]]:
    """Return the table in the engine's shape: name -> {(is_member, arity)}."""
    found: dict[str, set[tuple[bool, int]]] = {}
    for (name, is_member), signatures in functions().items():
        found.setdefault(name, set()).update((is_member, one.arity) for one in signatures)
    return {name: frozenset(arities) for name, arities in found.items()}


def test_every_function_of_the_engine_has_signatures_and_no_other_is_promised() -> None:
    assert forms() == engine_functions.forms()


def test_namespaces_type_names_and_rounding_are_the_engines() -> None:
    assert namespaces() == NAMESPACES
    assert frozenset(TYPES) == TYPE_NAMES
    assert ROUNDING_MODES == exact.MODES
    assert patterns.MAX_PATTERN_CHARS == MAX_PATTERN_CHARS


def test_every_macro_has_a_form_for_messages() -> None:
    assert {macro.name for macro in MACROS} == set(FORMS)


@pytest.mark.parametrize("name", ["has", "agreement"])
def test_what_is_no_ordinary_function_is_not_in_the_table(name: str) -> None:
    assert (name, False) not in functions()


def test_a_signature_is_read() -> None:
    found = signature("list<A>.slice(int, int) -> list<A>")
    assert (found.name, found.is_member, found.arity) == ("slice", True, 2)
    assert found.parameter(0).types == (t.ListType(t.TypeVariable("A")),)
    assert found.result == t.ListType(t.TypeVariable("A"))


def test_alternatives_patterns_and_many_arguments_are_read() -> None:
    assert signature("(string|bytes).size() -> int").parameter(0).types == (t.STRING, t.BYTES)
    assert signature("string.matches(pattern) -> bool").parameter(1).is_pattern
    many = signature("math.least(int|uint...) -> any")
    assert many.variadic
    assert many.takes(3)
    assert not many.takes(0)
    assert many.parameter(7).types == (t.INT, t.UINT)
    nested = signature("f(map<string, list<A>>, int) -> optional<A>")
    assert nested.arity == 2


@pytest.mark.parametrize(
    "text",
    [
        "",
        "f(",
        "f(in) -> int",
        "f() int",
        "f(strng) -> int",
        "f(int) -> int int",
        "f(list<A) -> int",
    ],
)
def test_what_is_no_signature_is_refused(text: str) -> None:
    with pytest.raises((ValueError, IndexError)):
        signature(text)


def plus(*kinds: t.Type) -> Choice:
    return choose(operators()["+", 2], kinds)


def test_the_first_that_surely_fits_is_chosen() -> None:
    assert plus(t.INT, t.INT).result == t.INT
    assert plus(t.STRING, t.EnumType(("a",))).result == t.STRING


def test_any_gives_what_all_that_may_fit_have_in_common() -> None:
    assert plus(t.ANY, t.INT).result == t.ANY
    assert plus(t.ANY, t.STRING).result == t.STRING
    assert plus(t.ANY, t.ANY).result == t.ANY


def test_what_cannot_be_says_why() -> None:
    assert plus(t.MoneyType("USD"), t.MoneyType("EUR")).currencies == ("USD", "EUR")
    assert plus(t.INT, t.BOOL) == Choice(None, None, 1)
    assert plus(t.UNKNOWN, t.BOOL).result == t.UNKNOWN
    one: tuple[Signature, ...] = (signature("f(int) -> int"),)
    assert choose(one, (t.INT, t.INT)) == Choice(None)


def test_parameters_stand_for_what_their_arguments_have_in_common() -> None:
    contains = functions()["sets.contains", False]
    assert choose(contains, (t.ListType(t.INT), t.ListType(t.INT))).result == t.BOOL
    assert choose(contains, (t.ListType(t.INT), t.ListType(t.STRING))).result is None
    other = functions()["or", True]
    given = (t.OptionalType(t.MoneyType("USD")), t.OptionalType(t.MoneyType("EUR")))
    assert choose(other, given).result == t.OptionalType(t.MONEY)
    assert choose(functions()["optional.none", False], ()).result == t.OptionalType(t.ANY)
