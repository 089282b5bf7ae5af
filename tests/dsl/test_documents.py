"""Data documents: what they may hold, and what it becomes."""

from __future__ import annotations

from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.dsl import types as t
from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.digest import canonical
from gatewright.dsl.documents import data_type, freeze_data, load_data
from gatewright.dsl.files import Document
from gatewright.dsl.policy import Json
from gatewright.dsl.source import Source


def read(name: str, text: str, key: str | None = "x") -> tuple[object, list[Diagnostic]]:
    problems: list[Diagnostic] = []
    data = load_data([Document(Source(name, text), key)], problems.append)
    return data.get("x") if key else data, problems


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("a.json", '{"a": [1, 2.5, "x", true, null, []]}', {"a": (1, 2.5, "x", True, None, ())}),
        ("a.json", "5", 5),
        ("a.json", "-9223372036854775808", -(2**63)),
        ("a.json", '"e\\u0301"', "\u00e9"),
        ("a.json", '{"e\\u0301": 1}', {"\u00e9": 1}),
        ("a.yaml", "a: [1, 2.5, x, true, null]\nb: {c: d}\n", {"a": (1, 2.5, "x", True, None), "b": {"c": "d"}}),
        ("a.yml", "day: 2026-12-25\nat: 2026-12-25T00:00:00Z\n", {"day": "2026-12-25", "at": "2026-12-25T00:00:00Z"}),
        ("a.yaml", "", None),
        ("a.yaml", "!!map {a: !!seq [!!str 5, !!int 5, !!float 5, !!null ~, !!bool true, ! 5, '5']}",
         {"a": ("5", 5, 5.0, None, True, 5, "5")}),
        ("a.yaml", "a: &b 1\n<<: [-5, +5, 05, 0x5, 1e3, 5., .5, NO, 1:30]\n",
         {"a": 1, "<<": (-5, 5, "05", "0x5", 1000.0, "5.", ".5", "NO", "1:30")}),
        ("a.yaml", "a:\nb: ''\nc: |\n  x\n", {"a": None, "b": "", "c": "x\n"}),
        ("a.yaml", "'5': five\n", {"5": "five"}),
    ],
)  # fmt: skip
def test_what_a_document_becomes(name: str, text: str, value: object) -> None:
    found, problems = read(name, text)
    assert not problems
    assert found == value


@pytest.mark.parametrize(
    ("name", "text", "why", "at"),
    [
        ("a.json", '{"a": }', "this is not JSON: a value is expected here", 6),
        ("a.json", r'{"a": "\x"}', "this is not JSON: it cannot be read on from here", 7),
        ("a.json", "", "this is not JSON: it is empty", 0),
        ("a.json", "[1", "this is not JSON: it ends before all lists and objects do", 1),
        ("a.json", '{"a": 1, "a": 2}', "the key `a` is given twice", 9),
        ("a.json", '{"\\u00e9": 1, "e\\u0301": 2}', "the key `\u00e9` is given twice", 14),
        ("a.json", "[NaN]", "`NaN` is not a number", 1),
        ("a.json", "-Infinity", "`-Infinity` is not a number", 0),
        ("a.json", "1e999", "a number is not finite", 0),
        ("a.json", "9223372036854775808", "a whole number does not fit into 64 bits", 0),
        ("a.json", "1" * 10_000, "a whole number does not fit into 64 bits", 0),
        ("a.json", '"\\ud800"', "a string holds half of a character", 0),
        ("a.json", "[" * 66 + "]" * 66, "this is nested too deeply", 65),
        ("a.json", "[" * 65 + "1" + "]" * 65, "this is nested too deeply", 65),
        ("a.json", "[" * 90_000, "this is nested too deeply", 65),
        ("a.json", '{"a": [1, NaN], "b": 1e999}', "`NaN` is not a number", 10),
        ("a.json", '{"a": 1, "b": 1e999}', "a number is not finite", 14),
        ("a.json", '{"a": {"b": 5, "b": 5}}', "the key `b` is given twice", 15),
        ("a.json", '{"a": "NaN 1e999 \\" {[", "b": 9223372036854775808}',
         "a whole number does not fit into 64 bits", 30),
        ("a.json", '{"a": 1, "\\ud800": 2}', "a string holds half of a character", 9),
        ("a.json", '{"a": [1, 2,]}', "this is not JSON: a value is expected here", 12),
        ("a.json", '{"a": [1', "this is not JSON: it ends before all lists and objects do", 7),
        ("a.json", '{"a": "b\nc"}',
         "this is not JSON: a line break in a string is written as `\\n`, a tab as `\\t`", 8),
        ("a.yaml", "a: 9223372036854775808\n", "a whole number does not fit into 64 bits", 3),
        ("a.yaml", "a: 1e999\n", "a number is not finite", 3),
        ("a.yaml", "a: b: c", "this is not YAML: mapping values are not allowed here", 4),
        ("a.yaml", "a: 1\na: 2\n", "the key `a` is given twice", 5),
        ("a.yaml", "x: 1\n5: 2\n", "this key is no text; put it in quotes", 5),
        ("a.yaml", "[a, b]: 2\n", "this key is no text; put it in quotes", 0),
        ("a.yaml", "a: &b 1\nc: *b\n", "aliases are not allowed in data", 11),
        ("a.yaml", "a: !!float .inf\n", "a number is not finite", 3),
        ("a.yaml", f"a: {'9' * 5000}\n", "a whole number does not fit into 64 bits", 3),
        ("a.yaml", "a: !!int x\n", "a value cannot be read as its tag says; put it in quotes", 3),
        ("a.yaml", "a: !!bool yes\n", "a value cannot be read as its tag says; put it in quotes", 3),
        ("a.yaml", "a: !!seq {x: 1}\n", "a value cannot be read as its tag says; put it in quotes", 3),
        ("a.yaml", "a: !mine 5\n", "the tag `!mine` is not allowed in data", 3),
        ("a.yaml", "a: !!binary aGk=\n", "a value is no text, number, list or object; put it in quotes", 3),
        ("a.yaml", "a: !!set {x}\n", "a value is no text, number, list or object; put it in quotes", 3),
        ("a.yaml", "a: !!python/name:os.system x\n",
         "the tag `tag:yaml.org,2002:python/name:os.system` is not allowed in data", 3),
        ("a.yaml", "\x01", "this is not YAML: it holds characters that YAML does not allow", 0),
        ("a.yaml", 'a: "\\U00110000"',
         "this is not YAML: it holds characters that YAML does not allow", 6),
        ("a.yaml", 'a: "\\UFFFFFFFF"',
         "this is not YAML: it holds characters that YAML does not allow", 6),
        ("a.yaml", "[" * 1_000, "this is nested too deeply", 65),
        ("a.yaml", "[" * 5_000, "this is nested too deeply", 65),
        ("a.yaml", "a: 1\n--- \nb: 2\n", "a file of data is one document", 5),
    ],
)  # fmt: skip
def test_what_a_document_may_not_hold(name: str, text: str, why: str | None, at: int) -> None:
    found, problems = read(name, text)
    assert found is None
    (problem,) = problems
    assert problem.code == "GW0802"
    assert why is None or problem.message == why
    assert problem.span.start == at


def test_the_root_is_an_object() -> None:
    for name, text in (("data.json", "[1]"), ("data.json", "null"), ("data.yaml", "x")):
        found, problems = read(name, text, None)
        assert found == {}
        assert [p.message for p in problems] == ["the root of `data` must be an object with keys"]


def test_a_key_is_given_once() -> None:
    problems: list[Diagnostic] = []
    documents = [
        Document(Source("data.json", '{"a": 1, "b": 2}'), None),
        Document(Source("data/a.json", "3"), "a"),
        Document(Source("data.yaml", "b: 4\nc: 5\n"), None),
    ]
    assert load_data(documents, problems.append) == {"a": 1, "b": 2, "c": 5}
    assert [(p.message, p.help) for p in problems] == [
        ("`data.a` is given twice", "it is given by `data.json` too; keep one of them"),
        ("`data.b` is given twice", "it is given by `data.json` too; keep one of them"),
    ]


def test_a_name_in_another_form_is_the_same_key() -> None:
    problems: list[Diagnostic] = []
    documents = [
        Document(Source("data/caf\u00e9.json", "1"), "caf\u00e9"),
        Document(Source("data/cafe\u0301.json", "2"), "cafe\u0301"),
        Document(Source("data/na\u0308me.json", "3"), "na\u0308me"),
    ]
    assert load_data(documents, problems.append) == {"caf\u00e9": 1, "n\u00e4me": 3}
    assert [p.message for p in problems] == ["`data.caf\u00e9` is given twice"]


def test_data_is_immutable() -> None:
    found, _ = read("a.json", '{"a": {"b": [1]}}')
    assert isinstance(found, MappingProxyType)
    assert isinstance(found["a"], MappingProxyType)
    assert isinstance(found["a"]["b"], tuple)


def test_plain_values_from_code() -> None:
    problems: list[Diagnostic] = []
    data = {"a": [1, (2, "e\u0301")], "b": {"c": None}}
    assert freeze_data(data, problems.append) == {"a": (1, (2, "\u00e9")), "b": {"c": None}}
    assert not problems
    for bad in ({"a": {1: 2}}, {"a": {3, 4}}, {"a": b"x"}, {"a": 2**64}):
        assert freeze_data(bad, problems.append) == {}
    assert len(problems) == 4


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (None, t.NULL),
        (True, t.BOOL),
        (5, t.INT),
        (1.5, t.DOUBLE),
        ("x", t.STRING),
        ((), t.ListType(t.ANY)),
        ((1, 2), t.ListType(t.INT)),
        ((1, "x"), t.ListType(t.ANY)),
        ({"a": {"b": 1}}, t.RecordType("data", (
            ("a", t.FieldType(t.RecordType("data.a", (("b", t.FieldType(t.INT)),)))),))),
    ],
)  # fmt: skip
def test_the_type_of_a_document(value: Json, kind: t.Type) -> None:
    assert data_type(value) == kind


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(st.dictionaries(st.text(), JSON, max_size=4))
def test_any_json_is_frozen_or_told(data: dict[str, object]) -> None:
    problems: list[Diagnostic] = []
    frozen = freeze_data(data, problems.append)
    assert bool(problems) == (not frozen and bool(data))
    assert canonical(frozen) == canonical(dict(reversed(list(frozen.items()))))


@given(st.text(), st.sampled_from(["a.json", "a.yaml"]))
def test_any_text_is_a_document_or_told(text: str, name: str) -> None:
    _, problems = read(name, text)
    for problem in problems:
        assert 0 <= problem.span.start <= problem.span.end <= len(text)


def test_types_of_what_nests_are_compared_and_not_hashed(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> int:
        raise AssertionError

    monkeypatch.setattr(t.ListType, "__hash__", refuse)
    assert data_type((((1,),), ((2,),))) == data_type((((1,),),))
    assert data_type((((1,),), (("a",),))) == t.ListType(t.ANY)
    assert data_type(()) == t.ListType(t.ANY)
