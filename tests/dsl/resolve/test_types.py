"""Declared types, actions and histories. Source: docs/language.md#declarations, #history."""

from __future__ import annotations

import pytest

from gatewright.dsl import types as t
from tests.dsl.resolve.support import checked, told


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("bool", t.BOOL),
        ("int", t.INT),
        ("uint", t.UINT),
        ("double", t.DOUBLE),
        ("decimal", t.DECIMAL),
        ("money", t.MoneyType(None)),
        ("money(USD)", t.MoneyType("USD")),
        ("string", t.StringType(None)),
        ("string(max: 5)", t.StringType(5)),
        ("bytes", t.BYTES),
        ("timestamp", t.TIMESTAMP),
        ("duration", t.DURATION),
        ("any", t.ANY),
        ('enum("a", "b")', t.EnumType(("a", "b"))),
        ("list<int>", t.ListType(t.INT)),
        ("list<list<any>>", t.ListType(t.ListType(t.ANY))),
        ("map<string, int>", t.MapType(t.STRING, t.INT)),
        ("map<bool, money(EUR)>", t.MapType(t.BOOL, t.MoneyType("EUR"))),
        ("T", t.RecordType("T", (("x", t.FieldType(t.INT, optional=True)),))),
    ],
)
def test_a_type_is_what_it_says(written: str, kind: t.Type) -> None:
    policy = checked(f"package p\ntype T {{ x?: int }}\naction p.a {{ f: {written} }}\n")
    field = policy.actions["p.a"].params.field("f")
    assert field is not None
    assert field.type == kind


@pytest.mark.parametrize(
    "written",
    [
        "money(USD, EUR)", "money(x: USD)", 'money("USD")', "money(US)", "money(5)",
        "string(5)", "string(max: 0)", 'string(max: "5")', "string(min: 5)",
        "string(max: 5, max: 6)", "enum", 'enum("a", "a")', "enum(5)", 'enum(x: "a")',
        "list", "list<int, int>", "list(5)", "map", "map<int>",
        "map<double, int>", "map(5)", "map<T, int>", "int(5)", "T(5)",
    ],
)  # fmt: skip
def test_a_type_takes_what_it_takes(written: str) -> None:
    lines = told(f"package p\ntype T {{ }}\naction p.a {{ f: {written} }}\n")
    assert [line[:6] for line in lines] == ["GW0601"], lines


@pytest.mark.parametrize(
    "written", ["strng", "x.T", "x.y.T", "T.T", "list<S>", "map<string, S>", "S(5)"]
)
def test_unknown_types_are_told_once(written: str) -> None:
    lines = told(f"package p\ntype T {{ }}\naction p.a {{ f: {written}, g: int }}\n")
    assert [line[:6] for line in lines] == ["GW0206"], lines


def test_types_that_contain_themselves() -> None:
    assert told("package p\ntype A { a: A }\n") == [
        "GW0211 `A` this type contains itself: `A` -> `A`"
    ]
    assert told("package p\ntype A { b: list<B> }\ntype B { c: C }\ntype C { b: B, n: int }\n") == [
        "GW0211 `B` this type contains itself: `B` -> `C` -> `B`"
    ]
    checked("package p\ntype A { x: C, y: C }\ntype B { a: A, c: C }\ntype C { n: int }\n")


def test_an_action_has_its_fields_changes_and_target() -> None:
    policy = checked(
        "package p\ntype T { s: string }\n"
        "action p.a on sys.obj.sub as T { x?: int >= 5, changes { y: string }, changes { z: int } }\n"
        "action p.b { }\n"
    )
    a, b = policy.actions["p.a"], policy.actions["p.b"]
    assert a.params.names == ("x",)
    assert a.changes.names == ("y", "z")
    assert (a.system, a.object) == ("sys", "obj.sub")
    assert a.target is not None and a.target.name == "T"
    x = a.params.field("x")
    assert x is not None and x.optional and x.refinement is not None
    assert (b.system, b.object, b.target) == (None, None, None)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("action p.a on stripe { }", ["GW0605 `stripe` the target `stripe` names no object"]),
        ("action p.a on s.o as int { }",
         ["GW0605 `int` `int` has no fields, so it cannot describe a target"]),
        ("type T { id: string }\naction p.a on s.o as T { }",
         ["GW0203 `T` `id` is a name of the language and cannot be declared"]),
        ("action p.a on s.o as Gone { }", ["GW0206 `Gone` there is no type `Gone`"]),
        ("action p.a { x: int, x: string, changes { x: int, x: int } }",
         ["GW0602 `x` the field `x` is given twice", "GW0602 `x` the field `x` is given twice"]),
        ("type T { x: int, y: int, x: int }", ["GW0602 `x` the field `x` is given twice"]),
        ("action p.a { x: int >= 5 USD }", ["GW0310 `5 USD` `money(USD)` and a plain number do not go"
                                            " together"]),
        ("action p.a { x: list<int> >= 5 }",
         ["GW0306 `5` `list<int>` cannot be compared with `int`"]),
        ("type T { s: string == 5 }\naction p.a on s.o as T { changes { y: int > 'a' } }",
         ["GW0306 `5` `string` cannot be compared with `int`",
          "GW0306 `'a'` `int` cannot be compared with `string`"]),
    ],
)  # fmt: skip
def test_wrong_actions_and_types(text: str, lines: list[str]) -> None:
    assert told(f"package p\n{text}\n") == lines


def test_what_a_history_knows_of_its_events() -> None:
    policy = checked(
        "package p\n"
        "action p.a { n: int, same: string, both?: string, kind: int, @secret s: string, status: int }\n"
        "action p.b { same: string, both: string, kind: string, s: string }\n"
        "history h = p.b, p.a where status == 'executed' && has(n) && n > 5 || kind == 5\nhistory one = p.a\n"
    )
    h, one = policy.packages["p"].histories["h"], policy.packages["p"].histories["one"]
    assert h.actions == ("p.a", "p.b")
    fields = dict(h.record.fields)
    assert fields["n"].optional
    assert not fields["same"].optional
    assert fields["both"].optional
    assert fields["kind"].type == t.ANY
    assert fields["s"].secret
    assert isinstance(fields["status"].type, t.EnumType)
    assert not dict(one.record.fields)["n"].optional
    assert h.where is not None and one.where is None


@pytest.mark.parametrize(
    ("one", "other", "common"),
    [
        ("money(USD)", "money", "money"),
        ("money(USD)", "money(EUR)", "money"),
        ("string(max: 5)", "string", "string"),
        ("list<money(USD)>", "list<money(EUR)>", "list<money>"),
        ("int", "double", "any"),  # values of these are the same as in JSON
        ("any", "string", "any"),
        ("list<int>", "list<string>", "any"),
        ("any", "money(USD)", None),
        ("list<any>", "list<money(USD)>", None),
        ("string", "money(USD)", None),
        ("decimal", "int", None),
        ("timestamp", "string", None),
        ("duration", "int", None),
    ],
)
def test_a_field_of_several_types_has_what_is_common(
    one: str, other: str, common: str | None
) -> None:
    text = (
        f"package p\naction p.a {{ x: {one} }}\naction p.b {{ x: {other} }}\nhistory h = p.a, p.b\n"
    )
    field = checked(text).packages["p"].histories["h"].record.field("x")
    assert (None if field is None else str(field.type)) == common


def test_histories_of_unknown_fields() -> None:
    assert told("package p\naction p.a { n: int }\nhistory h = p.a where m > 5\n") == [
        "GW0301 `m` nothing is named `m` here",
    ]


def test_what_follows_from_an_unknown_action_of_a_history_is_not_told() -> None:
    text = (
        "package p\naction p.a { n: int }\nhistory h = p.a, p.z where m > 5\n"
        "guard g when h.sum(m, m: 5, within: 1h) > 5 || h.last(m: 5).m == 5 => block\n"
    )
    assert told(text) == ["GW0205 `p.z` no action `p.z` is declared"]


def test_a_where_asks_before_it_reads_what_may_be_absent() -> None:
    head = (
        "package p\nlet n = 'text'\naction p.a { n: int, note?: string }\naction p.b { m: int }\n"
    )
    assert told(head + "history h = p.a where note == 'x' && n > 5\n") == [
        "GW0312 `note` `note` may be absent"
    ]
    assert told(head + "history h = p.a, p.b where n > 5\n") == ["GW0312 `n` `n` may be absent"]
    assert told(head + "history h = p.a where ['x'].exists(note, has(note))\n") == [
        "GW0314 `note` `has` asks for a field that is written with a dot"
    ]
    assert told(
        head + "history h = p.a, p.b where has(n) && n > 5 || has(m) && m == 1\n"
        "history k = p.a where has(note) && note == 'x' || has(decided_by) || has(n)\n"
    ) == []  # fmt: skip


def nested(levels: int, package: str = "p") -> str:
    """Return types that each hold the next one twice, and an action with the first."""
    types = [f"type T{i} {{ a: T{i + 1}, b: T{i + 1} }}" for i in range(levels)]
    last = f"type T{levels} {{ x: int }}"
    action = f"action {package}.act {{ t: T0 }}"
    return "\n".join([f"package {package}", *types, last, action])


def test_types_may_use_each_other_often() -> None:
    policy = checked(nested(60), nested(60, "q"))
    first, second = (policy.actions[name].params for name in ("p.act", "q.act"))
    assert first.fields == second.fields
    assert hash(first.fields) == hash(second.fields)


@pytest.mark.parametrize("levels", [64, 400])
def test_types_nest_only_so_deeply(levels: int) -> None:
    found = told(nested(levels))
    assert found
    assert {text.split(" ", 1)[0] for text in found} == {"GW0703"}


def test_lists_nest_only_so_deeply() -> None:
    kind = "list<" * 2000 + "int" + ">" * 2000
    assert [text[:6] for text in told(f"package p\naction p.a {{ f: {kind} }}\n")] == ["GW0703"]


def test_a_field_that_only_one_of_two_actions_has_is_optional_in_the_other() -> None:
    actions = "action p.a { x: int, y: int }\naction p.b { x: int }\n"
    rule = "guard g on p.* when action.y > 3 => block\n"
    assert told(f"package p\n{actions}{rule}") == [
        "GW0312 `action.y` `action.y` may be absent for action `p.b`"
    ]


def test_the_fields_of_a_history_have_no_refinements() -> None:
    text = "package p\naction a.b { n: int > 0 }\naction a.c { n: int > 0 }\n"
    text += "history one = a.b\nhistory both = a.b, a.c\n"
    for history in checked(text).packages["p"].histories.values():
        assert history.record.field("n") == t.FieldType(t.INT)
