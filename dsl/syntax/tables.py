"""grammar.lark -> the tables of the parser, which are kept in `tables.json`.

Lark reads the grammar and makes the tables; here they become plain data, so that reading a policy
takes neither Lark nor the time to make them. They count only for the grammar that they were made
from; else they are made anew at each start. After a change of the grammar,
`python -m gatewright.dsl.syntax.tables` writes them.
"""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from gatewright.dsl.sha256 import sha256

if TYPE_CHECKING:
    import lark
    from lark.grammar import Rule
    from lark.lexer import TerminalDef

STARTS = ("expression", "file", "piece")
END = "$END"
"""What stands behind the last token."""
_FOLDER = files("gatewright.dsl")
_KEYWORDS = re.compile(r"[a-z_]+|\(\?:[a-z_|]+\)")


class Reduction(NamedTuple):
    """What a rule of the grammar does with the values of what it matched."""

    symbol: str
    """What the rule is an alternative of."""
    size: int
    """How many symbols it matched, at least one."""
    method: str | None
    """The method that makes one value of them; "" leaves the only one as it is, and with None they
    are given to the rule around this one, as a list."""
    splices: bool
    """Whether some of the values may be such lists."""


class Tables(NamedTuple):
    """An LALR(1) automaton, and the terminals that it reads."""

    terminals: tuple[tuple[str, str], ...]
    """Names and patterns: of those that may stand at a place, the first that matches counts."""
    reductions: tuple[Reduction, ...]
    states: tuple[dict[str, int], ...]
    """What follows a state by symbol: a state, or the reduction `-1 - n`. Nothing else may follow.
    Terminals are written in capitals; `END` leads to a state where the text may end."""
    starts: dict[str, int]


def load_tables(*, kept: bool = True) -> Tables:
    """Return the tables of the language; `kept` lets them be read instead of made."""
    data = _kept() if kept else None
    if data is None:
        data = tables_data()
    return Tables(
        tuple((name, pattern) for name, pattern in data["terminals"]),
        tuple(Reduction(*reduction) for reduction in data["reductions"]),
        tuple(data["states"]),
        data["starts"],
    )


def _kept() -> dict[str, Any] | None:
    """Return the kept tables; None where they were made from another grammar."""
    file = _FOLDER / "tables.json"
    if not file.is_file():
        return None
    data = cast("dict[str, Any]", json.loads(file.read_text("utf-8")))
    return data if data["grammar"] == grammar_digest() else None


def _grammar() -> str:
    return (_FOLDER / "grammar.lark").read_text(encoding="utf-8")


def grammar_digest() -> str:
    """Return the digest of what the tables are made from."""
    return sha256(_grammar().encode()).hex()


# --- making the tables


def tables_data() -> dict[str, Any]:
    """Return what `tables.json` must hold. The same grammar gives the same, to the byte."""
    parser = cast(Any, make_lark())
    table = parser.parser.parser._parse_table  # Lark writes tables, and shows none
    rules = sorted(parser.rules, key=lambda rule: (str(rule), rule.alias or ""))
    targets = {rule: -1 - number for number, rule in enumerate(rules)}
    numbers = _numbered(table)
    targets.update(numbers)
    states = [
        {symbol: targets[target] for symbol, (_, target) in sorted(table.states[state].items())}
        for state in numbers
    ]
    for start, state in table.end_states.items():
        states[numbers[state]][END] = numbers[table.start_states[start]]
    terminals = parser.parser.lexer.root_lexer.terminals  # in the order in which they are tried
    return {
        "grammar": grammar_digest(),
        "terminals": [[one.name, one.pattern.to_regexp()] for one in terminals],
        "reductions": [list(_reduction(rule)) for rule in rules],
        "states": states,
        "starts": {start: numbers[table.start_states[start]] for start in STARTS},
    }


def make_lark(**options: Any) -> lark.Lark:
    """Return Lark's own parser of the language."""
    # Late, since the tables are kept: a policy is read without Lark.
    import lark

    return lark.Lark(
        _grammar(),
        parser="lalr",
        lexer="contextual",
        start=list(STARTS),
        keep_all_tokens=True,
        maybe_placeholders=False,
        edit_terminals=_whole_word,
        g_regex_flags=re.ASCII,
        **options,
    )


def _whole_word(terminal: TerminalDef) -> TerminalDef:
    """Let a keyword be a whole word, so that `blocked` is not read as `block`."""
    from lark.lexer import PatternRE  # late, as above

    value = terminal.pattern.value
    if _KEYWORDS.fullmatch(value):
        terminal.pattern = PatternRE(rf"{value}\b")
        terminal.priority = 1  # as a plain string, it would win over NAME too
    return terminal


def _numbered(table: Any) -> dict[int, int]:
    """Return numbers for the states in the order in which they are reached from the starts."""
    todo = [table.start_states[start] for start in STARTS]
    numbers: dict[int, int] = {}
    while todo:
        state = todo.pop()
        if state in numbers:
            continue
        numbers[state] = len(numbers)
        row = table.states[state]
        todo.extend(row[symbol][1] for symbol in sorted(row) if isinstance(row[symbol][1], int))
    return numbers


def _reduction(rule: Rule) -> Reduction:
    """Say what Lark's tree builder would do where all tokens are kept."""
    name, symbols = rule.origin.name, rule.expansion
    splices = any(not symbol.is_term and symbol.name.startswith("_") for symbol in symbols)
    method: str | None = rule.alias or name
    if len(symbols) == 1 and (name.startswith("_") or (rule.options.expand1 and not rule.alias)):
        method = ""
    elif name.startswith("_"):
        method = None
    return Reduction(name, len(symbols), method, splices)


if __name__ == "__main__":
    text = json.dumps(tables_data(), separators=(",", ":")) + "\n"
    Path(str(_FOLDER / "tables.json")).write_text(text, encoding="utf-8")
