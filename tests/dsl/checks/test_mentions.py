"""Actions that a declaration cannot tell apart are checked once, and it makes no difference."""

from __future__ import annotations

from collections.abc import Sequence
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.dsl import limits
from gatewright.dsl.checks.contexts import Made
from gatewright.dsl.checks.lets import Lets
from gatewright.dsl.checks.mentions import Mentioning
from gatewright.dsl.load import check_sources
from gatewright.dsl.parser import parse_expression
from gatewright.dsl.policy import Package
from gatewright.dsl.rendering.text import to_text
from gatewright.dsl.source import Source
from tests.properties.support import examples

TYPES = ("int", "int", "int", "string", "money(USD)", 'enum("a", "b")', "Inner")
FIELDS = ("a", "b", "c")
fields = st.lists(
    st.tuples(st.sampled_from(FIELDS), st.sampled_from(("", "", "", "?")), st.sampled_from(TYPES)),
    min_size=1, max_size=3, unique_by=lambda field: field[0],
)  # fmt: skip
CONDITIONS = (
    "action.a > 5", "action.b == 'a'", "has(action.b) && action.b == 'a'", "action.c < 5 USD",
    "changes.has('a')", "changes.only(['a', 'b'])", "'a' in changes.fields", "size(action) > 1",
    "action['a'] > 5", "known", "deep", "target.a == 'x'", "target.system == 'crm'", "listed",
    "changes.a.new == 5", "action.b in ['a', 'c']", "action.name == 'p.x0'", "has(action.c.a)",
    "changes.size() > 1", "[action].exists(x, x.a > 5)", "action == action", "other.far > 1",
    "action.?a.orValue(1) > 0", "cel.bind(x, action, x.a > 5)", "changes.?a.hasValue()",
    "[{'b': 1}].exists(action, action.b > 0)", "['a'].exists(x, changes.has(x))",
    "cel.bind(x, changes, x.has('b'))", "action[?'b'].hasValue()", "changes.only([first])",
    "changes.has(first) && changes[first].new == 5", "[1].exists(changes, changes > action.a)",
)  # fmt: skip
LETS = (
    "let known = action.a > 5\nlet deep = known && action.b == 'a'\n"
    "let first = 'c'\nlet names = ['a', 'b']\nlet listed = changes.only(names)\n"
)


@st.composite
def sets(draw: st.DrawFn) -> str:
    text = "package p\nimport q as other\ntype Inner { a: int, b?: string }\n" + LETS
    for number in range(draw(st.integers(2, 5))):
        params, changes, target = draw(fields), draw(fields), draw(st.none() | fields)
        if target is not None:
            text += f"type T{number} {{ {_listed(target)} }}\n"
        place = "" if target is None else f" on crm.thing as T{number}"
        inside = _listed(params) + f", changes {{ {_listed(changes)} }}"
        text += f"action p.x{number}{place} {{ {inside} }}\n"
    for number, condition in enumerate(draw(st.lists(st.sampled_from(CONDITIONS), min_size=1))):
        text += f"guard g{number} on p.* when {condition} => block because 'x {{action.name}}'\n"
    return text


def _everything(contexts: Made, names: frozenset[str]) -> Made:
    return contexts


def _listed(found: Sequence[tuple[str, str, str]]) -> str:
    return ", ".join(f"{name}{absent}: {kind}" for name, absent, kind in found)


@examples(2)
@given(sets())
def test_what_is_found_is_what_a_check_of_every_action_finds(text: str) -> None:
    sources = [Source("p.gate", text), Source("q.gate", "package q\nlet far = action.b\n")]
    found = to_text(check_sources(sources)[1])
    assert "GW01" not in found
    with patch.object(Made, "differing", _everything):
        assert to_text(check_sources(sources)[1]) == found


@pytest.mark.parametrize(
    ("text", "names", "whole"),
    [
        ("action.a.b > 5", {"a", "b"}, False),
        ("action['a'] > 5", {"a"}, True),
        ("action.z == 'far'", set[str](), False),
        ("changes.has('a')", {"a"}, False),
        ("'a' in changes.fields", {"a"}, True),
        ("size(target) > 1", set[str](), True),
        ("agent.id == 'b'", {"b"}, False),
        ("changes.size() > 1", set[str](), True),
        ("sized || action.a == 1", {"a", "b"}, True),
    ],
)
def test_names_and_wholes(text: str, names: set[str], whole: bool) -> None:
    found = Mentioning(Lets({"p": _package()}), frozenset(FIELDS)).of([parse_expression(text)], "p")
    assert found.names == names
    assert found.whole is whole


def test_equal_sets_of_names_are_one_object() -> None:
    mentioning = Mentioning(Lets({"p": _package()}), frozenset(FIELDS))
    first, second = (
        mentioning.of([parse_expression(text)], "p") for text in ("action.a > 5", "action.a > 6")
    )
    assert first.names is second.names


def test_actions_are_not_compared_for_what_is_refused_as_too_much() -> None:
    count = 500
    text = "package p\n" + "".join(f"action p.x{n} {{ q{n}: int }}\n" for n in range(count))
    text += "".join(f"rule r{n} on p.* when has(action.q{n}) => auto_run\n" for n in range(count))
    with patch.object(Made, "differing", autospec=True, side_effect=Made.differing) as compared:
        found = to_text(check_sources([Source("p.gate", text)])[1])
    assert "GW0710" in found
    assert compared.call_count <= limits.MAX_CHECKS // count


LETS_OF_P = "package p\nlet sized = size(target) > 1 && agent.b == 1\n"


def _package() -> Package:
    policy, _ = check_sources([Source("p.gate", LETS_OF_P)])
    assert policy is not None
    return policy.packages["p"]
