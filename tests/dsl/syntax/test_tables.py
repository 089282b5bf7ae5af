"""The kept tables of the parser, against those that the grammar gives now."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import lark
import pytest

from gatewright.dsl import ast
from gatewright.dsl.source import Source, Span
from gatewright.dsl.syntax import tables
from gatewright.dsl.syntax.automaton import Automaton
from gatewright.dsl.syntax.build import Builder
from gatewright.dsl.syntax.lexer import IGNORED
from gatewright.dsl.syntax.tables import END, load_tables

KEPT = Path(__file__).resolve().parents[3] / "dsl" / "tables.json"


def test_the_kept_tables_are_those_of_the_grammar() -> None:
    """If this fails, run `python -m gatewright.dsl.syntax.tables`."""
    assert json.loads(KEPT.read_text(encoding="utf-8")) == tables.tables_data()
    assert load_tables() == load_tables(kept=False)


def test_the_tables_do_not_depend_on_the_hashes_of_a_process() -> None:
    program = (
        "import json; from gatewright.dsl.syntax.tables import tables_data;"
        "print(json.dumps(tables_data()))"
    )
    written = {
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed, "PATH": ""},
            cwd=KEPT.parents[1], check=True, capture_output=True, text=True,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(written) == 1


def test_a_policy_is_read_without_lark() -> None:
    program = (
        "import sys; from gatewright.dsl.load import check_sources; from gatewright.dsl.source"
        " import Source; assert check_sources([Source('p', 'package p\\nlet a = 1')])[0];"
        "sys.exit('lark' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], cwd=KEPT.parents[1], check=True)


def test_tables_of_another_grammar_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []
    generate = lark.Lark

    def note(*arguments: Any, **options: Any) -> lark.Lark:
        made.append(options["parser"])
        return generate(*arguments, **options)

    monkeypatch.setattr(lark, "Lark", note)
    assert load_tables()
    assert made == []
    monkeypatch.setattr(tables, "grammar_digest", lambda: "another")
    assert load_tables() == load_tables(kept=False)
    assert made == ["lalr", "lalr"]


def test_no_terminal_captures_and_words_come_last_but_names() -> None:
    names = [name for name, _ in load_tables().terminals]
    kinds = Automaton(load_tables(), _Anything()).lexer
    words = set(kinds.words.values())
    first, last = min(map(names.index, words)), max(map(names.index, words))
    assert set(names[first : last + 1]) == words
    assert names[last + 1] == "NAME"
    assert set(IGNORED) < set(names)
    assert kinds.match("x", 0).re.groups == len(kinds.kinds) - 1  # type: ignore[union-attr]


def test_no_word_is_one_of_two_terminals() -> None:
    patterns = [pattern for _, pattern in load_tables().terminals if pattern.endswith(r"\b")]
    words = [
        word
        for pattern in patterns
        for word in pattern.removesuffix(r"\b").removeprefix("(?:").removesuffix(")").split("|")
        if word.replace("_", "").isalpha()
    ]
    assert len(words) > 50
    assert len(words) == len(set(words))


def test_every_rule_has_a_method_and_matches_something() -> None:
    found = load_tables()
    builder = Builder(lambda builder, token: ast.Template((), span=builder.token_span(token)))
    for one in found.reductions:
        assert one.size >= 1
        if one.method:
            assert callable(getattr(builder, one.method))
        else:
            assert one.method == "" or one.symbol.startswith("_")
    assert {state for row in found.states for state in row.values() if state >= 0} <= set(
        range(len(found.states))
    )
    assert sum(END in row and row[END] >= 0 for row in found.states) == len(found.starts)


class _Anything:
    def __getattr__(self, name: str) -> object:
        return name


def test_a_place_goes_from_the_first_token_of_a_value_to_its_last() -> None:
    class Places:
        def __getattr__(self, name: str) -> object:
            def note(children: list[Any], span: Span) -> object:
                seen.append((name, span.text))
                return name

            return note

    seen: list[tuple[str, str]] = []
    source = Source("p.gate", "// one\n( 1 + a.b )  // two\n")
    Automaton(load_tables(), Places()).parse(source, "expression")
    assert seen == [
        ("literal", "1"), ("name", "a"), ("select", "a.b"), ("binary", "1 + a.b"),
        ("primary", "( 1 + a.b )"),
    ]  # fmt: skip
