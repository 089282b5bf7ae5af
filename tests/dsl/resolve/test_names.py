"""Packages, imports, and which declaration a name means."""

from __future__ import annotations

import pytest

from gatewright.dsl.load import check_sources
from gatewright.dsl.policy import AUTO_RUN, BLOCK, Effect
from gatewright.dsl.source import Source
from tests.dsl.resolve.support import checked, told

BASE = """package acme.base

action base.act { amount: money(USD) }
type Money { amount: money(USD) }
route boss { one of group("boss") }
guard cap on base.act => block
calendar office { zone "Europe/Berlin" }
history acts = base.act
let small = 50 USD
"""
USER = """package shop

import acme.base
import acme.base as b

action shop.sell on shopify.order.line as base.Money { price: b.Money }
route clerk {
  one of group("clerks") outranks base.boss timeout 1bd then escalate b.boss calendar base.office
}
rule sell on shop.sell when price_is_small => require clerk and base.boss
let price_is_small = action.price.amount < base.small
guard busy on shop.sell when base.acts.count(within: 1h) > 5 || now.in(base.office) => block
exception e suspends base.cap, busy { from 2026-01-01 until 2026-02-01 }
test "t" {
  given shop.sell { price: { amount: 5 USD } }
  expect rules [base.cap, busy, sell]
}
"""


def test_names_of_another_package_go_through_its_import() -> None:
    policy = checked(BASE, USER)
    assert list(policy.packages) == ["acme.base", "shop"]
    shop = policy.packages["shop"]
    assert shop.imports == {"base": "acme.base", "b": "acme.base"}
    clerk = policy.routes["shop.clerk"]
    assert clerk.outranks == {"acme.base.boss"}
    assert clerk.timeout is not None
    assert clerk.timeout.route == "acme.base.boss"
    assert clerk.calendar == "acme.base.office"
    (rule,) = (r for r in policy.rules if r.name == "sell")
    assert rule.rows[0].effect.routes == {"shop.clerk", "acme.base.boss"}
    assert policy.exceptions[0].suspends == {"acme.base.cap", "shop.busy"}
    action = policy.actions["shop.sell"]
    assert (action.system, action.object) == ("shopify", "order.line")
    assert action.target is policy.packages["acme.base"].types["Money"]


def test_a_name_of_another_package_is_not_seen_bare() -> None:
    text = USER.replace("base.boss", "boss").replace("base.small", "small")
    assert told(BASE, text) == [
        "GW0204 `boss` there is no route `boss` here",
        "GW0204 `boss` there is no route `boss` here",
        "GW0301 `small` nothing is named `small` here",
    ]


def test_packages_without_an_import_can_be_named_whole() -> None:
    policy = checked(BASE, "package q\nroute m { one of 'x' outranks acme.base.boss }\n")
    assert policy.routes["q.m"].outranks == {"acme.base.boss"}


def test_several_files_share_a_package() -> None:
    policy = checked(
        "package p\nlet a = b + 1\naction p.x { }\n", "package p\nlet b = 1\nguard g => require m\n",
        "package p\nroute m { one of 'x' }\n",
    )  # fmt: skip
    assert sorted(policy.packages["p"].lets) == ["a", "b"]
    assert policy.rules[0].scope.covers("p.x", "p")


def test_order_of_files_has_no_meaning() -> None:
    texts = [BASE, USER, "package acme.base\nlet x = 5\n"]
    sources = [Source(f"{i}.gate", text) for i, text in enumerate(texts)]
    one, _ = check_sources(sources)
    two, _ = check_sources(sources[::-1])
    renamed, _ = check_sources([Source(f"z{s.name}", s.text) for s in sources])
    assert one is not None and two is not None and renamed is not None
    assert one == two
    assert one.digest == two.digest == renamed.digest
    assert one.digest.startswith("sha256:")


def test_the_digest_depends_on_texts_and_data() -> None:
    digests = {
        checked("package p\n").digest,
        checked("package p\n\n").digest,
        checked("package p\n", data={"x": 1}).digest,
        checked("package p\n", data={"x": [1, {"a": None}]}).digest,
        checked("package p\n", data={"x": 1.0}).digest,
        checked("package p\n", "package p\n").digest,
    }
    assert len(digests) == 6
    assert checked("package p\n", data={}).digest == checked("package p\n").digest


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("let x = 1\nhistory x = p.a", ["GW0201 `x` the history `x` is declared twice"]),
        ("history x = p.a\nlet x = 1", ["GW0201 `x` the value `x` is declared twice"]),
        (
            "calendar x { zone 'UTC' }\nlet x = 1",
            ["GW0201 `x` the value `x` is declared twice"],
        ),
        ("let data = 1", ["GW0203 `data` `data` is a name of the language and cannot be declared"]),
        (
            "let agreement = 1",  # the function is there in every scope, and would be found first
            ["GW0203 `agreement` `agreement` is a name of the language and cannot be declared"],
        ),
        ("let x = 1\nroute x { one of 'a' }\ntype x { }\nguard x => block", []),
        ("risk x when true => 1\nrisk x when true => 2", ["GW0201 `x` the risk `x` is declared twice"]),
        (
            "invariant x: never block\ninvariant x: never block",
            ["GW0201 `x` the invariant `x` is declared twice"],
        ),
        ("type x { }\ntype x { }", ["GW0201 `x` the type `x` is declared twice"]),
        (
            "guard g => block\nexception x suspends g { from 2026-01-01 until 2026-01-02 }\n"
            "exception x suspends g { from 2026-01-01 until 2026-01-02 }",
            ["GW0201 `x` the exception `x` is declared twice"],
        ),
    ],
)  # fmt: skip
def test_what_shares_a_name(text: str, lines: list[str]) -> None:
    assert told(f"package p\naction p.a {{ }}\n{text}\n") == lines


@pytest.mark.parametrize(
    ("annotation", "lines"),
    [
        ("@owner('x') @severity('low') @allow('a', 'b') @shadow", []),
        ("@owner", ["GW0209 `@owner` `@owner` takes one string, such as `@owner(\"payments\")`"]),
        ("@owner('a', 'b')", ["GW0209 `@owner('a', 'b')` `@owner` takes one string, such as"
                              " `@owner(\"payments\")`"]),
        ("@severity(5)", ["GW0209 `@severity(5)` `@severity` takes one of `low`, `medium`, `high`,"
                          " `critical`"]),
        ("@allow(5)", ["GW0209 `@allow(5)` `@allow` takes the names of lints, as strings"]),
        ("@owner(team: 'a')", ["GW0209 `@owner(team: 'a')` `@owner` takes one string, such as"
                               " `@owner(\"payments\")`"]),
        ("@owner('a') @owner('b')", ["GW0110 `@owner('b')` `@owner` is given twice"]),
        ("@shadow @shadow", ["GW0110 `@shadow` `@shadow` is given twice"]),
        ("@allow('a') @allow('b')", []),
        ("@shadow(1)", ["GW0209 `@shadow(1)` `@shadow` takes no arguments"]),
        ("@secret", ["GW0208 `@secret` there is no annotation `@secret` for this declaration"]),
    ],
)  # fmt: skip
def test_annotations_stand_where_they_may_with_what_they_take(
    annotation: str, lines: list[str]
) -> None:
    assert told(f"package p\naction p.a {{ }}\n{annotation} guard g => block\n") == lines


def test_annotations_are_known_of_what_they_stand_before() -> None:
    policy = checked(
        "package p\n@irreversible action p.a { @secret x: string, changes { @secret y: int } }\n"
        "/// Why.\naction p.b { }\n@shadow guard g => block\ntype T { @secret z: int }\n"
    )
    a, b = policy.actions["p.a"], policy.actions["p.b"]
    assert (a.irreversible, b.irreversible, b.doc) == (True, False, "Why.")
    for field in (
        a.params.field("x"),
        a.changes.field("y"),
        policy.packages["p"].types["T"].field("z"),
    ):
        assert field is not None and field.secret
    assert policy.rules[0].shadow


def test_effects_combine_to_the_more_restrictive() -> None:
    a, b = Effect(False, frozenset({"a"})), Effect(False, frozenset({"b"}), frozenset({("a", "b")}))
    assert a & b == Effect(False, frozenset({"a", "b"}), frozenset({("a", "b")}))
    assert a & AUTO_RUN == a
    assert a & BLOCK == BLOCK & a == BLOCK
    assert (AUTO_RUN.auto_run, a.auto_run, BLOCK.auto_run) == (True, False, False)


def test_people_see_short_route_names_where_these_are_clear() -> None:
    policy = checked(
        "package a\nroute m { one of 'x' }\nroute n { one of 'x' }\n",
        "package b\nroute m { one of 'x' }\n",
    )
    assert policy.route_name("a.n") == "n"
    assert policy.route_name("a.m") == "a.m"


def test_names_are_qualified_by_their_package() -> None:
    policy = checked(
        "package a.b\naction x.y { }\nroute m { one of 'x' }\nguard g => block\nrisk r when true => 5\n"
        "history h = x.y\nexception e suspends g { from 2026-01-01 until 2026-01-02 }\n"
    )
    package = policy.packages["a.b"]
    assert [
        policy.rules[0].qualified, policy.risks[0].qualified, policy.exceptions[0].qualified,
        policy.routes["a.b.m"].qualified, package.histories["h"].qualified,
    ] == ["a.b.g", "a.b.r", "a.b.e", "a.b.m", "a.b.h"]  # fmt: skip


def test_scopes_cover_their_own_package_or_patterns() -> None:
    policy = checked("package p\naction p.a { }\nguard g => block\nguard h on x.*, p.a => block\n")
    own, patterns = (rule.scope for rule in policy.rules)
    assert own.covers("p.a", "p") and not own.covers("p.a", "q") and not own.covers("p.a", None)
    assert patterns.covers("p.a", "q") and patterns.covers("x.y.z", None)
    assert not patterns.covers("xy", None)
    everything = checked("package p\nguard g on * => block\n").rules[0].scope
    assert everything.covers("anything", None)


def test_an_import_is_not_called_like_a_name_of_the_language() -> None:
    base = "package x.context\nlet y = 1\n"
    assert told(base, "package p\nimport x.context as data\n") == [
        "GW0203 `data` `data` is a name of the language and cannot be declared"
    ]
    checked(base, "package p\nimport x.context as c\nlet z = c.y\n")
    # For the sake of its rules it may be imported by its own name, which then means the language's.
    checked(
        base,
        "package p\nimport x.context\naction p.a { }\nguard g when has(context.trigger) => block\n",
    )


@pytest.mark.parametrize("name", ["agent", "target", "context"])
def test_what_a_name_of_the_language_hides_of_an_import_is_not_read(name: str) -> None:
    # What an agent says of itself may be anything: `agent.cap` would be its own word.
    base = f"package x.{name}\nlet cap = 5\n"
    rule = f"action p.a {{ n: int }}\nrule r when action.n < {name}.cap => auto_run\n"
    assert told(base, f"package p\nimport x.{name}\n{rule}")[0] == (
        f"GW0203 `{name}` `{name}` is a name of the language and cannot be declared"
    )
    checked(base, f"package p\nimport x.{name} as other\n{rule.replace(f'{name}.', 'other.')}")


def test_an_import_hides_the_type_of_its_name() -> None:
    # Read as the package, `int` would be no type, and a guard on `type(...) == int` would not hold.
    base = "package x\nlet y = 1\n"
    guard = "action p.a { n: int }\nguard g when type(action.n) == int => block\n"
    assert told(base, f"package p\nimport x as int\n{guard}") == [
        "GW0301 `int` nothing is named `int` here"
    ]
    checked(base, f"package p\nimport x as other\n{guard}")


def test_library_packages_join_a_set_by_their_imports() -> None:
    policy = checked("package p\nimport std.people\nimport std.context\n")
    assert {"p", "std.people", "std.context"} <= set(policy.packages)
    assert told("package p\nimport std.nowhere\n") == [
        "GW0202 `std.nowhere` there is no package `std.nowhere` in this policy set or in the"
        " standard library"
    ]
    assert told("package std.mine\n") == [
        "GW0214 `std.mine` the package `std.mine` belongs to the standard library"
    ]
    # Tests of the library are not run with those of a set: nobody else may have any there.
    assert told("package std\n") == [
        "GW0214 `std` the package `std` belongs to the standard library"
    ]


@pytest.mark.parametrize(
    "declaration",
    ["let b = 1", "history b = p.act", 'calendar b { zone "UTC" }'],
)
def test_an_import_and_a_value_have_different_names(declaration: str) -> None:
    own = f"package p\nimport a.b\naction p.act {{ x: int }}\n{declaration}\n"
    other = "package a.b\nlet c = 1\n"
    assert told(own, other) == [
        "GW0215 `import a.b` the import name `b` is the name of a value of this package too"
    ]
    assert told(own.replace("import a.b", "import a.b as other"), other) == []


def test_an_import_and_a_route_may_share_a_name() -> None:
    own = 'package p\nimport a.b\nroute b { one of group("x") outranks b.c }\n'
    assert told(own, 'package a.b\nroute c { one of group("y") }\n') == []
