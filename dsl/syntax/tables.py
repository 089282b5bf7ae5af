"""grammar.lark -> the generated parser, whose tables are kept in `tables.json`.

Making the tables takes longer than reading a policy, so they come along, as plain data. They count
only for the grammar and the version of Lark that they were made from; else they are made anew at
each start. After a change of the grammar, `python -m gatewright.dsl.syntax.tables` writes them.
"""

from __future__ import annotations

import hashlib
import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

import lark
from lark.grammar import Rule
from lark.lexer import PatternRE, TerminalDef

_FOLDER = files("gatewright.dsl")
_KEYWORDS = re.compile(r"[a-z_]+|\(\?:[a-z_|]+\)")
_NOT_KEPT = ("transformer", "edit_terminals", "g_regex_flags")


def make_parser(transformer: object, *, kept: bool = True) -> lark.Lark:
    """Return the parser of the language; `kept` lets it be made from the kept tables."""
    tables = _read() if kept else None
    if tables is None:
        return _generate(transformer)
    options = {"transformer": transformer, "g_regex_flags": re.ASCII}
    data, memo = tables["data"], tables["memo"]
    # How the modules that Lark itself generates are loaded.
    return cast(lark.Lark, cast(Any, lark.Lark)._load_from_dict(data, memo, **options))


def tables_text() -> str:
    """Return what `tables.json` must hold: the tables, and what they were made from."""
    parser = cast(Any, _generate(None))
    data, memo = parser.memo_serialize([TerminalDef, Rule])
    options = {name: value for name, value in data["options"].items() if name not in _NOT_KEPT}
    tables = {"from": origin(), "data": {**data, "options": options}, "memo": memo}
    return json.dumps(tables, default=sorted, separators=(",", ":")) + "\n"


def _generate(transformer: object) -> lark.Lark:
    return lark.Lark(
        _grammar(),
        parser="lalr",
        lexer="contextual",
        start=["file", "piece", "expression"],
        keep_all_tokens=True,
        maybe_placeholders=False,
        transformer=cast(Any, transformer),
        edit_terminals=_whole_word,
        g_regex_flags=re.ASCII,
    )


def _whole_word(terminal: TerminalDef) -> TerminalDef:
    """Let a keyword be a whole word, so that `blocked` is not read as `block`."""
    value = terminal.pattern.value
    if _KEYWORDS.fullmatch(value):
        terminal.pattern = PatternRE(rf"{value}\b")
        terminal.priority = 1  # as a plain string, it would win over NAME too
    return terminal


def _grammar() -> str:
    return (_FOLDER / "grammar.lark").read_text(encoding="utf-8")


def origin() -> dict[str, str]:
    """Return what tables are made from: the version of Lark, the digest of the grammar."""
    return {"lark": lark.__version__, "grammar": hashlib.sha256(_grammar().encode()).hexdigest()}


def _read() -> dict[str, Any] | None:
    """Return the kept tables; None where they were made from something else."""
    kept = _FOLDER / "tables.json"
    if not kept.is_file():
        return None
    tables = cast(dict[str, Any], json.loads(kept.read_text("utf-8"), object_hook=_numbered))
    return tables if tables["from"] == origin() else None


def _numbered(mapping: dict[str, Any]) -> dict[str | int, Any]:
    """Return a mapping as it was before JSON, which turns the numbers of states into text."""
    return {int(key) if key.isdigit() else key: value for key, value in mapping.items()}


if __name__ == "__main__":
    Path(str(_FOLDER / "tables.json")).write_text(tables_text(), encoding="utf-8")
