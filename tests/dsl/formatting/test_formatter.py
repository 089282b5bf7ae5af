"""The formatter: whole texts compared, and its laws on generated policies."""

from __future__ import annotations

import os
import re
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gatewright.dsl import formatter
from gatewright.dsl.diagnostics import PolicyError
from gatewright.dsl.formatter import FormatDefect, format_source
from gatewright.dsl.formatting.cursor import Cursor, OutOfStep
from gatewright.dsl.formatting.layout import MAX_COLUMNS, IfBroken, Line, Tok, flat_width
from gatewright.dsl.formatting.rules import PolicyPrinter
from gatewright.dsl.parser import parse
from gatewright.dsl.source import Source
from tests.strategies.policies_text import expression_texts, policy_texts

CASES = sorted((Path(__file__).parent / "cases").glob("*.gate"))


def formatted(text: str) -> str:
    return format_source(Source("x.gate", text))


def expression(text: str) -> str:
    """Format an expression alone."""
    return (
        formatted(f"package p\nlet x = {text}").removeprefix("package p\n\nlet x = ").rstrip("\n")
    )


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_case_has_its_expected_layout(case: Path) -> None:
    text = formatted(case.read_text("utf-8"))
    expected = case.with_suffix(".expected")
    if os.environ.get("GATEWRIGHT_UPDATE_GOLDEN"):
        expected.write_text(text, "utf-8")
    assert text == expected.read_text("utf-8")


def test_there_are_cases() -> None:
    assert CASES


def test_examples_of_the_language_keep_their_look(shared_dir: Path) -> None:
    files = sorted((shared_dir / "design" / "examples").glob("*/*.gate"))
    assert files
    for file in files:
        before = file.read_text("utf-8")
        after = formatted(before)
        assert_laws(before)
        # Lines too long for a page and columns out of line change; nothing else does.
        kept = set(before.split("\n")) & set(after.split("\n"))
        assert len(kept) > 0.8 * len(set(before.split("\n"))), file


# --- laws


def assert_laws(text: str) -> None:
    before = parse(Source("x.gate", text))
    if before.diagnostics:  # a number out of range, or a repeated part
        with pytest.raises(PolicyError):
            formatted(text)
        return
    once = formatted(text)
    after = parse(Source("x.gate", once))
    assert not after.diagnostics
    assert after.file == before.file
    comments = [c.text.rstrip() for c in before.file.comments]
    assert [c.text for c in after.file.comments] == comments
    assert formatted(once) == once
    assert once.endswith("\n")
    assert not once.endswith("\n\n")


@given(policy_texts())
def test_laws_hold_for_policies(text: str) -> None:
    assert_laws(text)


@given(expression_texts(depth=4))
@example("(a ? b : c) ? d : e")
@example("a - (b - c)")
@example("-(-(-1))")
@example("(-9223372036854775808)")
@example("((-1)).abs()")
@example("!(a in b .. c)")
def test_laws_hold_for_expressions(text: str) -> None:
    assert_laws(f"package p\nlet x = {text}")
    assert_laws(f"package p\nrule r on *\n  when {text} // why\n  => block")


@given(policy_texts(most=3))
def test_generated_policies_are_correct_syntax(text: str) -> None:
    codes = {d.code for d in parse(Source("x.gate", text)).diagnostics}
    assert codes <= {"GW0105"}  # a minus sign too many before the least integer


@given(st.text("{}()[],: \n/a1", max_size=30))
def test_any_text_is_formatted_or_refused(text: str) -> None:
    try:
        formatted("package p\nlet x = [" + text + "]")
    except PolicyError as error:
        assert error.diagnostics


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_laws_hold_for_cases_however_their_lines_end(case: Path) -> None:
    text = case.read_text("utf-8")
    assert_laws(text)
    without_strings = text.replace('"""', '"')
    if without_strings == text:  # a string of several lines keeps the ends of its lines
        assert formatted("\ufeff" + text.replace("\n", "\r\n")) == formatted(text)


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_lines_fit_the_page_unless_one_token_does_not(case: Path) -> None:
    for line in formatted(case.read_text("utf-8")).splitlines():
        assert len(line) <= MAX_COLUMNS


# --- brackets


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-(1)", "-1"),
        ("- -1", "- -1"),
        ("--1.5", "- -1.5"),
        ("-(-x)", "- -x"),
        ("-(a.b)", "-a.b"),
        ("!(a in b)", "!(a in b)"),
        ("!(a)", "!a"),
        ("(a ? b : c) ? d : e", "(a ? b : c) ? d : e"),
        ("a ? b : (c ? d : e)", "a ? b : c ? d : e"),
        ("a - (b - c)", "a - (b - c)"),
        ("(a - b) - c", "a - b - c"),
        ("a * (b + c)", "a * (b + c)"),
        ("(a && b) || c", "a && b || c"),
        ("(a || b) && c", "(a || b) && c"),
        ("a && (b && c)", "a && b && c"),
        ("(-1).abs()", "(-1).abs()"),
        ("(1).abs()", "1.abs()"),
        ("(-0)[1]", "(-0)[1]"),
        ("(-50USD).x", "(-50 USD).x"),
        ("(a.b).c(d)", "a.b.c(d)"),
        ("(x in a .. b) in c", "x in a .. b in c"),
        ("x in (a) .. (b + 1)", "x in a .. b + 1"),
        ("x in (a < b) .. c", "x in (a < b) .. c"),
        ("f((a), (b))", "f(a, b)"),
        ("[(a),]", "[a]"),
        ("f((([1])))", "f([1])"),
        ("{ }", "{ }"),
        ("[ ]", "[]"),
    ],
)
def test_brackets_are_fewest_that_keep_the_meaning(text: str, expected: str) -> None:
    assert expression(text) == expected


_ROWS = {
    "cases": "rule r on * cases {{ {} > 1 => auto_run {} => require m {} => block }}",
    "tier": "rule r on * tier x {{ {} .. 1 => block {} .. 1 => require m {}.x .. 1 => block }}",
    "table": "rule r on * table (x) {{ {} | {} => require m {}.f(1) | x => block }}",
    "test": 'test "t" {{ cases (a) {{ {} => block {} => require m {} => block }} }}',
}


@pytest.mark.parametrize("rows", _ROWS)
def test_rows_that_begin_with_a_word_of_the_grammar_keep_their_meaning(rows: str) -> None:
    grammar = (files("gatewright.dsl") / "grammar.lark").read_text("utf-8")
    words = sorted(set(re.findall(r"\b[a-z_]+\b", grammar)) - {"true", "false", "null", "in"})
    for word in [*words, ".root"]:
        text = "package p\n" + _ROWS[rows].format(*[f"({word})"] * 3)
        once = formatted(text)  # this compares the trees, too
        assert formatted(once) == once


def test_rows_get_brackets_where_they_would_be_read_otherwise() -> None:
    text = "package p\nrule r on * cases { given => block (given.x) > 1 => block now => block }"
    assert "(given)       => block\n    (given).x > 1 => block\n    now " in formatted(text)


@pytest.mark.parametrize("spelling", ["0x1F", "1e3", "2.50E-3", ".5", "007", r"R'\d'", "5U"])
def test_literals_keep_their_spelling(spelling: str) -> None:
    assert expression(f"({spelling})") == spelling


def test_an_amount_gets_its_space() -> None:
    assert expression("[50USD, 4.50EUR]") == "[50 USD, 4.50 EUR]"


# --- placement


def test_one_line_declarations_stay_together_as_written() -> None:
    text = "package p\n\nlet a = 1\nlet b = 2\n\nlet c = 3\n"
    assert formatted(text) == text


def test_declarations_of_several_lines_are_kept_apart() -> None:
    text = "package p\nrule a on x\n  when y\n  => block\nlet b = 2"
    assert formatted(text) == "package p\n\nrule a on x\n  when y\n  => block\n\nlet b = 2\n"


def test_two_declarations_on_a_line_are_parted_and_the_doc_stays_with_the_first() -> None:
    text = "package p\n/// doc\nlet a = 1 let b = 2"
    assert formatted(text) == "package p\n\n/// doc\nlet a = 1\nlet b = 2\n"
    assert_laws(text)


@pytest.mark.parametrize("end", ["", "\n\n\n", "\n// end\n\n\n", " // end\n\n"])
def test_a_text_ends_with_one_line_end(end: str) -> None:
    assert_laws("package p\nlet a = 1" + end)
    assert_laws("package p\nlet a = (1\n// end\n)\n")


def test_what_is_a_page_wide_fits_and_one_column_more_does_not() -> None:
    name = "n" * (MAX_COLUMNS - len("rule  on x when y => block"))
    fits = f"package p\n\nrule {name} on x when y => block\n"
    assert formatted(fits) == fits
    assert formatted(fits.replace("when y", "when yy")).count("\n") == 5


def test_wide_characters_count_twice() -> None:
    string = '"' + "日" * 45 + '"'
    assert formatted(f"package p\nlet x = [{string}, 1]").count("\n") > 3


def test_depth_is_no_problem_at_the_limit() -> None:
    deep = "(" * 30 + "a" + " + 1)" * 30
    assert expression(deep) == "a" + " + 1" * 30 or "\n" in expression(deep)
    assert_laws("package p\nlet x = " + "[" * 60 + "]" * 60)
    assert_laws("package p\nlet x = " + "f(" * 60 + ")" * 60)
    assert_laws("package p\nlet x = " + "!(a && " * 30 + "b" + ")" * 30)


def test_many_operands_are_no_problem() -> None:
    assert_laws("package p\nlet x = " + " && ".join(f"a{n}" for n in range(500)))


def test_spaces_that_align_are_for_fields_on_lines_of_their_own() -> None:
    one_line = "package p\n\ntype T { a:  int, bb: string }\n"
    assert formatted(one_line) == one_line.replace("a:  int", "a: int")
    assert flat_width(["  ", Tok("a"), IfBroken("   "), Line(), Tok("b")]) == 5


@pytest.mark.parametrize("start", ["(then) || x", "(then) ? a : b", "(then) && x", "(then) in x"])
def test_a_word_of_the_grammar_keeps_its_brackets_however_deep_it_stands(start: str) -> None:
    text = f"package p\nrule r on * cases {{ a => require m {start} => block }}"
    assert f"{start} => block" in formatted(text)


# --- refusals


def test_a_text_with_errors_is_refused() -> None:
    with pytest.raises(PolicyError) as refused:
        formatted("package p\nlet x = \nlet y = )")
    assert [d.span.begin.line for d in refused.value.diagnostics] == [2, 3]


@pytest.mark.parametrize("change", ["let x = 2", "let x = 1 // more", "let x = "])
def test_a_layout_that_says_something_else_is_never_returned(
    change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def falsify(_: object) -> str:
        return f"package p\n{change}\n"

    monkeypatch.setattr(formatter, "to_text", falsify)
    with pytest.raises(FormatDefect, match=r"x\.gate"):
        formatted("package p\nlet x = 1")


def test_a_text_that_the_printers_lose_track_of_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stray(printer: PolicyPrinter, _: object) -> object:
        return printer.words("lets")

    monkeypatch.setattr(PolicyPrinter, "let", stray)
    with pytest.raises(FormatDefect, match=r"expected lets"):
        formatted("package p\nlet x = 1")


def test_a_cursor_does_not_pass_over_what_it_does_not_expect() -> None:
    with pytest.raises(OutOfStep):
        Cursor(Source("x", "( a")).take("b")


def test_a_text_that_its_indents_would_make_too_large_is_left() -> None:
    deep = f'{{"{"a" * 60}": ' * 40 + "1" + "}" * 40
    text = "package p\nlet l = [" + ", ".join([deep] * 240) + "]\n"
    with pytest.raises(PolicyError) as raised:
        format_source(Source("x.gate", text))
    found = raised.value.diagnostics[0]
    assert found.code == "GW0701"
    assert found.message == "the file would be larger than 1,024 KiB when it is formatted"
