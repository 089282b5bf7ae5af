"""The kept tables of the parser, against those that the grammar gives now."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, cast

import lark
import pytest
from lark.exceptions import UnexpectedInput

from gatewright.dsl.syntax import tables

ROOT = Path(__file__).resolve().parents[3]
POLICIES = sorted((ROOT / "stdlib_policies").rglob("*.gate"))
BROKEN = ["package p\nrule x y", "package p\nlet a = (1 + ", "package p\nlet a = 1 € 2", "rule"]


@cache
def parser(*, kept: bool) -> lark.Lark:
    return tables.make_parser(None, kept=kept)


def read(reader: lark.Lark, text: str, start: str = "file") -> object:
    return cast(Any, reader).parse(text, start=start)


def test_the_kept_tables_are_those_of_the_grammar() -> None:
    """If this fails, run `python -m gatewright.dsl.syntax.tables`."""
    kept = json.loads((ROOT / "dsl" / "tables.json").read_text(encoding="utf-8"))
    assert kept["from"]["grammar"] == tables.origin()["grammar"]


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.name)
def test_both_parsers_read_alike(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    trees = [read(parser(kept=kept), text) for kept in (True, False)]
    assert trees[0] == trees[1]


@pytest.mark.parametrize("text", BROKEN)
def test_both_parsers_stop_alike(text: str) -> None:
    first, second = (stop(parser(kept=kept), text) for kept in (True, False))
    assert first == second


def stop(reader: lark.Lark, text: str) -> tuple[object, set[str]]:
    """Return where a text stops making sense, and what could have stood there."""
    with pytest.raises(UnexpectedInput) as caught:
        read(reader, text)
    error = cast(Any, caught.value)
    return error.pos_in_stream, error.interactive_parser.accepts()


def test_tables_of_another_grammar_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []
    generate = lark.Lark

    def note(*arguments: Any, **options: Any) -> lark.Lark:
        made.append(options["parser"])
        return generate(*arguments, **options)

    monkeypatch.setattr(lark, "Lark", note)
    monkeypatch.setattr(tables, "origin", lambda: {"lark": "0", "grammar": ""})
    tree = read(tables.make_parser(None), "1 + 2", "expression")
    assert made == ["lalr"]
    assert tree == read(parser(kept=False), "1 + 2", "expression")


def test_the_tables_can_be_written_anew() -> None:
    written = json.loads(tables.tables_text())
    assert written["from"] == tables.origin()
    assert written["data"].keys() == {"parser", "rules", "options", "__type__"}
