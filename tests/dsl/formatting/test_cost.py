"""What a layout may cost: counted, not timed."""

from __future__ import annotations

import pytest

from gatewright.dsl import formatter
from gatewright.dsl.formatter import format_source
from gatewright.dsl.formatting import layout
from gatewright.dsl.formatting.layout import PageLine
from gatewright.dsl.parser import Parsed, parse
from gatewright.dsl.rendering.display import width
from gatewright.dsl.source import Source
from gatewright.dsl.syntax.automaton import Step


def measured(text: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """Format a text; return how many pieces of text were measured."""
    count = 0

    def counting(piece: str) -> int:
        nonlocal count
        count += 1
        return width(piece)

    with monkeypatch.context() as patched:
        patched.setattr(layout, "width", counting)
        format_source(Source("a.gate", text))
    return count


def nested(depth: int) -> str:
    inner = "1"
    for _ in range(depth):
        inner = f'{{"k": {inner}}}'
    return f"package a\n\nlet x = {inner}\n"


def test_what_nests_is_measured_once_and_not_at_each_level(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A token is measured when it is settled, and where it ends a line up to a break.
    assert measured(nested(48), monkeypatch) < 2.5 * measured(nested(24), monkeypatch)


def test_whether_a_comment_comes_first_is_seen_at_the_first_token(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_: layout.Doc) -> None:
        raise AssertionError

    monkeypatch.setattr(layout, "_settle", refuse)
    monkeypatch.setattr(layout, "_settle_sequence", refuse)
    doc: layout.Doc = layout.Group([" ", layout.Nest([layout.Tok("a"), layout.Tok("b")])])
    assert not layout.has_comment_first(doc)
    commented = layout.Tok("a", [layout.Remark("// why", False)])
    assert layout.has_comment_first([layout.Line(), layout.Group(commented), layout.Tok("b")])


def test_a_column_of_comments_is_found_without_the_lines_before_it() -> None:
    class Lines(list[PageLine]):
        reads = 0

        def __getitem__(self, at: object) -> PageLine:  # type: ignore[override]
            assert isinstance(at, int), "no copy of the lines"
            Lines.reads += 1
            return super().__getitem__(at)

    lines = Lines(PageLine("a", "// c" if n % 2 else None) for n in range(1000))
    layout.to_text(lines)
    assert Lines.reads < 4000


def test_a_text_is_parsed_again_only_where_brackets_are_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parses: list[str] = []

    def counted(source: Source, trace: list[Step] | None = None) -> Parsed:
        parses.append(source.text)
        return parse(source, trace)

    monkeypatch.setattr(formatter, "parse", counted)
    for text in ("package a\n\nlet x = 1\n", "package a let x=[1, /// c\n 2,]"):
        parses.clear()
        format_source(Source("a.gate", text))
        assert parses == [text]
    format_source(Source("a.gate", "package a\nlet x = (1)\n"))
    assert parses[2:] == ["package a\n\nlet x = 1\n"]
