"""How much a file may hold, whatever of it is in one declaration and whatever in another."""

from __future__ import annotations

import pytest

from gatewright.dsl import ast, limits
from gatewright.dsl.parser import Parsed, parse
from gatewright.dsl.source import Source

HEAD = "package p\n"


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lower the limits; their figures are shown by tests/diagnostics/generated."""
    monkeypatch.setattr(limits, "MAX_DECLARATIONS", 10)
    monkeypatch.setattr(limits, "MAX_ROWS", 20)
    monkeypatch.setattr(limits, "MAX_PARTS", 100)


def parsed(text: str) -> Parsed:
    return parse(Source("p.gate", HEAD + text))


def told(text: str) -> list[tuple[str, str, int]]:
    """Return code, text and line of each thing that is wrong."""
    found = parsed(text).diagnostics
    return [(d.code, d.span.text, d.span.begin.line) for d in found]


def numbered(line: str, count: int) -> str:
    return "".join(line.format(n=n) for n in range(count))


def test_declarations() -> None:
    lets = numbered("let n{n} = {n}\n", limits.MAX_DECLARATIONS)
    assert told(lets) == []
    assert told(lets + "let one_more = 1\nlet z = 2\n") == [("GW0714", "let one_more = 1", 12)]


def table(rows: int, row: str = "{n} => block\n") -> str:
    return "rule r on a.b table (x) {\n" + numbered(row, rows) + "}\n"


@pytest.mark.parametrize(
    ("head", "row"),
    [
        ("table (x)", "7 => block"),
        ("table strictest (x)", "_ => block"),
        ("tier x", "> 7 => block"),
        ("cases", "b => block"),
        ("cases", "else => block"),
    ],
)
def test_rows_of_all_rules(head: str, row: str) -> None:
    before = table(limits.MAX_ROWS - 2)
    body = f"guard g on a.b {head} {{\n{row}\n{row}\n"
    assert told(f"{before}{body}}}\n") == []
    assert told(f"{before}{body}{row}\n}}\n") == [("GW0714", row, limits.MAX_ROWS + 5)]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("guard g when a => block", 1),
        ("guard g when a.b => block", 2),
        ("guard g when !(-a[0] < 5 USD) => block", 7),
        ("guard g when a && b && c => block", 4),
        ("guard g when f(a, b: 1).m(2) => block", 5),
        ("guard g when x in 1 .. 5 => block", 4),
        ("guard g when x in [1, {'k': 2}] => block", 7),
        ("guard g when a ? b : c => block", 4),
        ("guard g => block because 'a {b.c} {d}'", 3),
        ("guard g => block obligate note(a: b)", 1),
        ("rule r on a.b table (x, y) { _ | 1 => block }", 4),
        ("rule r on a.b table (x) { > 1 => block\n2 .. 3 => block }", 4),
        ("rule r on a.b tier x { < 1 => block\n>= 1 => block }", 3),
        ("action a.b { x: int >= 0 }", 1),
        ("test 't' { given a.b { x: 1 } expect block }", 4),
    ],
)
def test_parts_of_expressions_and_cells(text: str, parts: int) -> None:
    assert parsed(text).diagnostics == ()
    lists = "let l = [" + "1," * (limits.MAX_PARTS - parts - 1) + "]\n"
    assert told(lists + text) == []
    assert [code for code, _, _ in told("let one = 1\n" + lists + text)] == ["GW0714"]


def test_the_first_that_is_too_much_is_shown() -> None:
    ones = "1," * (limits.MAX_PARTS - 2)
    assert told(f"let l = [{ones} 2, 3, 4]\nlet m = 5\n") == [("GW0714", "3", 2)]


def test_what_is_wrong_besides_is_told_and_nothing_is_left_to_check() -> None:
    found = parsed("let = 5\n" + table(limits.MAX_ROWS + 1))
    assert [d.code for d in found.diagnostics] == ["GW0101", "GW0714"]
    assert found.file.declarations == ()
    assert not found.whole


def test_long_texts_with_little_in_them_are_read() -> None:
    text = "// a comment\n" * 200 + "guard g => block\n"
    assert [type(d) for d in parsed(text).file.declarations] == [ast.RuleDecl]
