"""After a syntax error every declaration is read by itself, so that one mistake hides no other."""

from __future__ import annotations

import pytest

from gatewright.dsl.load import check_sources
from gatewright.dsl.parser import parse
from gatewright.dsl.source import Source
from tests.dsl.syntax.support import parsed, show, told

BROKEN = [
    "let x = 5 +",
    "rule a =>",
    "type T { a: int",
    "route r { one of",
    "let s = 'abc",
    "}",
    "$",
]


def names(text: str) -> list[str]:
    return [show(d) for d in parsed(text).file.declarations]


@pytest.mark.parametrize("broken", BROKEN)
def test_what_stands_around_a_broken_declaration_is_read(broken: str) -> None:
    text = f"package p\nimport q.r\nlet a = 1\n{broken}\nlet b = 2\n@owner('x')\nlet c = 3\n"
    found = parsed(text)
    assert len(found.diagnostics) == 1, told(found.diagnostics)
    assert not found.whole
    assert show(found.file.package) == "p"
    assert [show(i) for i in found.file.imports] == ["Import(q.r)"]
    assert names(text) == [
        "LetDecl(a, 1)",
        "LetDecl(b, 2)",
        "LetDecl([Annotation(owner, [Argument('x')])], c, 3)",
    ]


@pytest.mark.parametrize("a", BROKEN[:4])
@pytest.mark.parametrize("b", BROKEN[:4])
def test_every_broken_declaration_is_told_once(a: str, b: str) -> None:
    found = parsed(f"package p\n{a}\nlet fine = 1\n{b}\nlet well = 2\n{a}\n")
    assert len(found.diagnostics) == 3, told(found.diagnostics)
    assert len(found.file.declarations) == 2


def test_what_is_whole_before_the_mistake_is_kept() -> None:
    assert names("package p\nlet a = 1 }\nlet b = 2\n") == ["LetDecl(a, 1)", "LetDecl(b, 2)"]
    assert names("package p\nlet a = 1\n\npolicy b { }\nlet c = 3\n") == [
        "LetDecl(a, 1)",
        "LetDecl(c, 3)",
    ]


def test_misspelt_declarations_are_told_one_by_one() -> None:
    found = parsed("package p\nRule a => block\ngaurd b => block\nwords\nroute_ c { }\nlet d = 4\n")
    assert told(found.diagnostics) == [
        "GW0101 `Rule` unexpected `Rule`, expected a declaration",
        "GW0101 `gaurd` unexpected `gaurd`, expected a declaration",
        "GW0101 `route_` unexpected `route_`, expected a declaration",
    ]
    assert names("package p\nRule a => block\nlet d = 4\n") == ["LetDecl(d, 4)"]


def test_words_in_strings_comments_and_bodies_start_nothing() -> None:
    text = (
        "package p\nrule a\n  cases {\n    action.x > 5 => block\n    risk > 5 => block\n  }\n"
        '  because """\nrule of the house\n"""\n// rule b\nlet x = 5 +\nlet y = 6\n'
    )
    found = parsed(text)
    assert told(found.diagnostics) == [
        "GW0101 `+` unexpected end of the declaration, expected a value"
    ]
    assert len(found.file.declarations) == 2


def test_an_indented_file_is_split_where_its_declarations_start() -> None:
    text = "  package p\n  let a = 5 +\n  let b = 6\n    let c = 7 +\n  let d = 8\n"
    found = parsed(text)
    assert [d.span.begin.line for d in found.diagnostics] == [2, 4]
    assert names(text)[-1] == "LetDecl(d, 8)"


def test_annotations_belong_to_what_follows() -> None:
    text = (
        "package p\nlet x = +\n@irreversible\n@owner('x')\naction a { }\n@shadow rule r => block\n"
    )
    assert parsed(text).file.declarations[0].annotations[1].name == "owner"
    assert len(parsed(text).file.declarations) == 2
    assert len(parsed(text).diagnostics) == 1


def test_the_order_of_package_imports_and_declarations() -> None:
    found = parsed("package p\nlet a = 1\nimport x.y\npackage q\nlet b = 2\n")
    assert told(found.diagnostics) == [
        "GW0111 `import x.y` an import stands before the declarations of its file",
        "GW0110 `q` the package is given twice",
    ]
    assert len(found.file.imports) == 1


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", ["GW0109 `` a policy file begins with its package"]),
        (" \n// c\n", ["GW0109 ` ` a policy file begins with its package"]),
        ("let a = 1\n", ["GW0109 `let` a policy file begins with its package"]),
        ("foo\npackage p\n", ["GW0109 `foo` a policy file begins with its package"]),
        ("{", ["GW0109 `{` a policy file begins with its package"]),
        (
            "let a = 1 +\nlet b = 2\n",
            [
                "GW0109 `let` a policy file begins with its package",
                "GW0101 `+` unexpected end of the declaration, expected a value",
            ],
        ),
        ("package\n", ["GW0101 `e` unexpected end of the file, expected a name"]),
        ("package 5\n", ["GW0101 `5` unexpected `5`, expected a name"]),
        ("package p.\nlet a = 1\n", ["GW0101 `.` unexpected end of the declaration, expected a name"]),
    ],
)  # fmt: skip
def test_a_file_begins_with_its_package(text: str, lines: list[str]) -> None:
    assert told(parsed(text).diagnostics) == lines


def test_only_so_many_errors_are_looked_for() -> None:
    assert len(parsed("package p\n" + "let x = +\n" * 100).diagnostics) == 20
    strings = parsed("package p\n" + "let x = 'a\n" * 100).diagnostics
    assert len(strings) == 20


def test_one_forbidden_character_a_line_is_told() -> None:
    found = parsed(
        "package p\nlet x = \u201ca\u201d\nlet y = \u201cb\u201d\nlet z = +\n"
    ).diagnostics
    assert [(d.code, d.span.begin) for d in found] == [
        ("GW0102", (2, 9)),
        ("GW0102", (3, 9)),
        ("GW0101", (4, 9)),
    ]


def test_a_string_without_an_end_takes_its_line_and_a_long_one_the_rest() -> None:
    found = parsed("package p\nlet x = 'a\nlet y = +\n").diagnostics
    assert [d.code for d in found] == ["GW0103", "GW0101"]
    found = parsed('package p\nlet x = """a\nlet y = +\n').diagnostics
    assert [(d.code, d.span.text) for d in found] == [("GW0103", '"""')]
    assert names('package p\nlet a = 1\nlet x = """a\nlet y = 2\n') == ["LetDecl(a, 1)"]


def test_a_bad_literal_takes_nothing_away() -> None:
    found = parsed("package p\nlet x = 99999999999999999999\nlet y = '\\q'\nlet z = 1\n")
    assert [d.code for d in found.diagnostics] == ["GW0105", "GW0104"]
    assert found.whole
    assert len(found.file.declarations) == 3


def test_bad_literals_are_told_beside_broken_declarations() -> None:
    found = parsed(
        "package p\nlet x = 99999999999999999999 )\nlet y = 9223372036854775808\nlet z = '\\q' +\n"
    )
    assert sorted(d.code for d in found.diagnostics) == [
        "GW0101", "GW0101", "GW0104", "GW0105", "GW0105",
    ]  # fmt: skip


def test_the_least_integer_is_no_mistake_before_one() -> None:
    found = parsed("package p\nlet x = -9223372036854775808 }\n")
    assert [d.code for d in found.diagnostics] == ["GW0101"]


def test_too_deep_a_declaration_hides_no_other() -> None:
    found = parsed(f"package p\nlet a = {'!' * 70}x\nlet b = 5 +\nlet c = {'-' * 70}x\n")
    assert [d.code for d in found.diagnostics] == ["GW0703", "GW0101", "GW0703"]


def test_past_a_limit_nothing_is_read() -> None:
    found = parsed("package p\nlet a = " + "(" * 100)
    assert [d.code for d in found.diagnostics] == ["GW0703"]
    assert found.file.package is None
    assert not found.whole


def test_a_wrong_text_does_not_touch_the_next() -> None:
    for _ in range(2):
        assert parse(Source("a", "package p\nlet x = -9223372036854775808 +")).diagnostics
        assert not parse(Source("b", "package p\nlet x = 5\n")).diagnostics


# --- what may be declared in what could not be read


RULES = """package p

import q.people as people
import nowhere.at

guard a on billing.refund => require manager then people.boss
guard b on billing.refund => require other
default require manager
history h = billing.refund
permit agent "x" to billing.refund
type T { c: Charge }
exception e suspends gone { from 2026-01-01 until 2026-02-01 }
route r { one of group("x") outranks manager timeout 1bd then escalate boss calendar office }
guard a on billing.* => block
"""


def test_unknown_names_are_told_when_everything_was_read() -> None:
    codes = {d.code for d in check_sources([Source("rules.gate", RULES)])[1]}
    assert codes == {"GW0201", "GW0202", "GW0204", "GW0205", "GW0206", "GW0207", "GW0213"}


@pytest.mark.parametrize(
    "broken", ["package p\nroute manager { one of }\n", "package p\nlet x = 'a"]
)
def test_unknown_names_are_not_told_when_something_could_not_be_read(broken: str) -> None:
    sources = [Source("rules.gate", RULES), Source("broken.gate", broken)]
    codes = [d.code for d in check_sources(sources)[1]]
    assert codes in (["GW0101", "GW0201"], ["GW0103", "GW0201"])


def test_a_bad_literal_leaves_no_name_out() -> None:
    sources = [Source("a.gate", "package p\nlet x = 99999999999999999999\nguard g => require m\n")]
    assert [d.code for d in check_sources(sources)[1]] == ["GW0105", "GW0204"]


def test_what_conditions_mean_is_not_told_beside_broken_files() -> None:
    text = "package p\naction a { }\nguard g on a when action.x == 5 => block\nlet x = 5 +\n"
    assert [d.code for d in check_sources([Source("a.gate", text)])[1]] == ["GW0101"]


def test_what_an_import_that_is_not_there_would_hold_is_not_told() -> None:
    text = (
        "package p\nimport q.people as people\naction a { x: people.T }\n"
        "guard g on a when people.small > 5 && people.h.count(within: 1h) > 5 => require people.m\n"
        "exception e suspends people.g { from 2026-01-01 until 2026-02-01 }\n"
        "route r { one of 'x' outranks people.m timeout 1bd then reject calendar people.office }\n"
    )
    found = check_sources([Source("a.gate", text)])[1]
    assert told(found) == [
        "GW0202 `q.people` there is no package `q.people` in this policy set or in the standard"
        " library"
    ]
