"""How types go together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.dsl import types as t
from gatewright.dsl.typing.compat import (
    Bindings,
    Fit,
    as_map,
    comparable,
    fits,
    join,
    list_of,
    map_of,
    optional_of,
    orderable,
)
from gatewright.dsl.typing.patterns import MAX_PATTERN_CHARS, Patterns
from tests.dsl.typing.support import CHANGES, CHARGE, record

USD, EUR = t.MoneyType("USD"), t.MoneyType("EUR")
AB, BC, CD = t.EnumType(("a", "b")), t.EnumType(("b", "c")), t.EnumType(("c", "d"))
HISTORY = t.HistoryType("h", record("e"))
CALENDAR = t.CalendarType("c")

JOINS: list[tuple[t.Type, t.Type, str | None]] = [
    (t.INT, t.INT, "int"),
    (t.INT, t.DOUBLE, None),
    (t.INT, t.ANY, "any"),
    (t.INT, t.NULL, "any"),
    (t.INT, t.UNKNOWN, "unknown"),
    (t.StringType(3), t.StringType(5), "string(max: 5)"),
    (t.StringType(3), t.STRING, "string"),
    (AB, t.STRING, "string"),
    (t.STRING, AB, "string"),
    (AB, BC, 'enum("a", "b", "c")'),
    (USD, EUR, "money"),
    (t.ListType(USD), t.ListType(EUR), "list<money>"),
    (t.ListType(t.INT), t.ListType(t.STRING), None),
    (t.OptionalType(USD), t.OptionalType(EUR), "optional<money>"),
    (t.OptionalType(t.INT), t.OptionalType(t.STRING), None),
    (t.MapType(AB, USD), t.MapType(t.STRING, EUR), "map<string, money>"),
    (t.MapType(t.INT, USD), t.MapType(t.STRING, USD), None),
    (t.MapType(t.INT, t.INT), t.MapType(t.INT, t.STRING), None),
    (CHARGE, record("Other"), None),
]


@pytest.mark.parametrize(("a", "b", "wanted"), JOINS, ids=str)
def test_what_two_types_have_in_common(a: t.Type, b: t.Type, wanted: str | None) -> None:
    for joined in (join(a, b), join(b, a)):
        assert (str(joined) if joined is not None else None) == wanted


COMPARABLE: list[tuple[t.Type, t.Type, bool]] = [
    (t.INT, t.DOUBLE, True),
    (t.UINT, t.DECIMAL, True),
    (t.DECIMAL, t.DOUBLE, False),
    (t.INT, t.BOOL, False),
    (USD, t.MONEY, True),
    (USD, EUR, False),
    (USD, t.INT, False),
    (AB, BC, True),
    (AB, CD, False),
    (AB, t.StringType(3), True),
    (t.ANY, CHARGE, True),
    (t.ListType(t.INT), t.ListType(t.DOUBLE), True),
    (t.ListType(AB), t.ListType(CD), False),
    (t.OptionalType(t.INT), t.OptionalType(t.STRING), False),
    (t.MapType(t.STRING, t.INT), t.MapType(AB, t.DOUBLE), True),
    (t.MapType(t.INT, t.INT), t.MapType(t.STRING, t.INT), False),
    (CHARGE, t.MapType(t.STRING, t.INT), True),
    (CHARGE, t.MapType(t.INT, t.INT), False),
    (HISTORY, HISTORY, False),
    (CALENDAR, t.ANY, False),
    (CHANGES, CHANGES, False),
]


@pytest.mark.parametrize(("a", "b", "wanted"), COMPARABLE, ids=str)
def test_what_can_be_compared(a: t.Type, b: t.Type, wanted: bool) -> None:
    assert comparable(a, b) is wanted
    assert comparable(b, a) is wanted


@pytest.mark.parametrize(
    ("a", "b", "wanted"),
    [
        (t.INT, t.DOUBLE, True),
        (USD, USD, True),
        (USD, EUR, False),
        (AB, AB, False),
        (t.BOOL, t.BOOL, True),
        (t.NULL, t.NULL, False),
        (t.ANY, t.STRING, True),
        (t.ANY, t.ListType(t.INT), False),
        (t.ANY, t.UNKNOWN, True),
        (HISTORY, t.ANY, False),
    ],
    ids=str,
)
def test_what_has_an_order(a: t.Type, b: t.Type, wanted: bool) -> None:
    assert orderable(a, b) is wanted
    assert orderable(b, a) is wanted


FITS: list[tuple[t.Type, t.Type, Fit]] = [
    (t.INT, t.INT, Fit.YES),
    (t.INT, t.DOUBLE, Fit.NO),
    (t.INT, t.ANY, Fit.YES),
    (t.ANY, t.INT, Fit.DYNAMIC),
    (t.UNKNOWN, t.INT, Fit.DYNAMIC),
    (t.INT, t.UNKNOWN, Fit.DYNAMIC),
    (AB, t.STRING, Fit.YES),
    (t.STRING, AB, Fit.DYNAMIC),
    (t.EnumType(("b",)), AB, Fit.YES),
    (BC, AB, Fit.DYNAMIC),
    (CD, AB, Fit.NO),
    (USD, t.MONEY, Fit.YES),
    (t.MONEY, USD, Fit.DYNAMIC),
    (EUR, USD, Fit.NO),
    (USD, USD, Fit.YES),
    (t.ListType(t.ANY), t.ListType(t.INT), Fit.DYNAMIC),
    (t.OptionalType(t.INT), t.OptionalType(t.STRING), Fit.NO),
    (t.MapType(t.STRING, t.ANY), t.MapType(t.STRING, t.INT), Fit.DYNAMIC),
    (CHARGE, t.MapType(t.STRING, t.ANY), Fit.YES),
    (CHARGE, t.MapType(t.INT, t.ANY), Fit.NO),
    (t.MapType(t.STRING, t.STRING), CHARGE, Fit.DYNAMIC),
    (t.MapType(t.INT, t.STRING), CHARGE, Fit.NO),
    (CHARGE, CHARGE, Fit.YES),
    (record("Other"), CHARGE, Fit.NO),
    (HISTORY, t.ANY, Fit.NO),
    (CALENDAR, t.CalendarType(""), Fit.YES),
    (t.ANY, t.CalendarType(""), Fit.DYNAMIC),
    (t.INT, t.CalendarType(""), Fit.NO),
]


@pytest.mark.parametrize(("actual", "expected", "wanted"), FITS, ids=str)
def test_what_fits_where(actual: t.Type, expected: t.Type, wanted: Fit) -> None:
    assert fits(actual, expected, Bindings()) is wanted


def test_parameters_are_replaced_in_results() -> None:
    bindings = Bindings()
    a = t.TypeVariable("A")
    assert fits(t.MapType(t.STRING, USD), t.MapType(t.TypeVariable("K"), a), bindings) is Fit.YES
    result = bindings.substitute(t.MapType(t.TypeVariable("K"), t.OptionalType(a)))
    assert str(result) == "map<string, optional<money(USD)>>"
    assert str(bindings.substitute(t.ListType(t.TypeVariable("Z")))) == "list<any>"


def test_records_are_maps_to_functions() -> None:
    assert str(as_map(record("R", a=t.INT, b=t.INT))) == "map<string, int>"
    assert str(as_map(record("R", a=t.INT, b=t.STRING))) == "map<string, any>"
    assert str(as_map(record("R", a=CHARGE))) == "map<string, any>"
    assert str(as_map(record("R"))) == "map<string, any>"
    assert as_map(t.INT) == t.INT


def test_what_nests_too_deeply_is_any() -> None:
    kind: t.Type = t.INT
    for _ in range(5_000):
        kind = list_of(optional_of(map_of(t.STRING, kind)))
    assert len(str(kind)) < 2_000


SCALARS: st.SearchStrategy[t.Type] = st.sampled_from(
    [t.INT, t.UINT, t.DOUBLE, t.DECIMAL, t.BOOL, t.STRING, AB, CD, USD, EUR, t.MONEY, t.ANY,
     t.NULL, t.TIMESTAMP, CHARGE, t.BYTES]
)  # fmt: skip
TYPES: st.SearchStrategy[t.Type] = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        inner.map(t.ListType),
        inner.map(t.OptionalType),
        inner.map(lambda value: t.MapType(t.STRING, value)),
    ),
    max_leaves=3,
)


@given(TYPES, TYPES)
def test_both_sides_fit_what_they_have_in_common(a: t.Type, b: t.Type) -> None:
    joined = join(a, b)
    assert joined == join(b, a)
    if joined is not None:
        assert fits(a, joined, Bindings()) is not Fit.NO
        assert fits(b, joined, Bindings()) is not Fit.NO


@given(TYPES, TYPES)
def test_comparing_has_no_sides_and_every_value_equals_itself(a: t.Type, b: t.Type) -> None:
    assert comparable(a, b) is comparable(b, a)
    assert orderable(a, b) is orderable(b, a)
    assert comparable(a, a)


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("a+", None),
        ("(a", "missing )"),
        (r"(?<!a)b", "invalid perl operator"),
        (r"(a)\1", "invalid escape sequence"),
        ("a" * (MAX_PATTERN_CHARS + 1), "more than 1,000 characters"),
        ("(((a{100}){100}){100})", "repetition"),
        ("\ud800", "half of a character"),
        ("(a{1000})" * 100, "pattern too large"),
    ],
    ids=lambda value: str(value)[:20].encode("ascii", "replace").decode(),
)
def test_patterns_have_re2_syntax_and_a_limited_size(pattern: str, why: str | None) -> None:
    problem = Patterns().problem(pattern)
    assert (why is None) == (problem is None)
    assert why is None or why in (problem or "")
