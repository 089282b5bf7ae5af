"""What the parser would accept at a place -> a few words: `=>`, a condition or an operator.

Terminals are those of `grammar.lark`, by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

DECLARATIONS = frozenset({
    "_ACTION", "_TYPE", "_LET", "_HISTORY", "_CALENDAR", "_ROUTE", "_DEFAULT", "_ON_ERROR",
    "_PERMIT", "_RISK", "RULE", "GUARD", "ABSOLUTE_GUARD", "_EXCEPTION", "_INVARIANT", "_TEST",
})  # fmt: skip
DECLARATION_WORDS = tuple(
    "action type let history calendar route default on_error permit risk rule guard absolute"
    " exception invariant test".split()
)
VALUES = frozenset({"INT", "DOUBLE", "STRING", "MONEY", "KW_TRUE", "LPAR", "LSQB", "BANG"})
"""Where all of these may stand, an expression begins."""
EFFECTS = frozenset({"AUTO_RUN", "BLOCK", "REQUIRE"})
_OPERATOR = "an operator"
ARROW, DOTS = "__ANON_0", "__ANON_1"

_IN_VALUES = VALUES | {
    "NAME", "UINT", "BYTES", "DURATION", "TIMESTAMP", "BUSINESS_DAYS", "KW_FALSE", "KW_NULL",
    "LBRACE", "MINUS", "DOT", "OPTIONAL", "GENERIC",
}  # fmt: skip
_OPERATORS = frozenset({
    "COMPARE", "LESS", "GREATER", "KW_IN", "PLUS", "MINUS", "STAR", "SLASH", "PERCENT", "DOT",
    "LSQB", "LPAR", "OPTIONAL", "__ANON_3", "__ANON_4", "__ANON_5", "QMARK",
})  # fmt: skip
_COMPARISONS = frozenset({"COMPARE", "LESS", "GREATER"})
_RULE_LINES = frozenset({"UNLESS", "TIER", "CASES", "TABLE"})
_ROUTE_LINES = frozenset({
    "QUORUM", "OUTRANKS", "EXCLUDE", "DISTINCT", "REMIND", "SLA", "TIMEOUT", "NOTIFY", "_CALENDAR",
})  # fmt: skip
_TEST_LINES = frozenset({"KW_NOW", "GIVEN", "PAST", "EXPECT", "CASES"})
_EXCEPTION_LINES = frozenset({"EXCEPTION_KEY", "EXCEPTION_TIME", "WHEN"})

_WORDS = {
    "NAME": "a name", "STRING": "a text in quotes", "INT": "a whole number",
    "DURATION": "a duration such as `4h`", "BUSINESS_DAYS": "business days such as `1bd`",
    "TIMESTAMP": "a date or a timestamp", "DATE": "a date or a timestamp",
    "QUOTED_NAME": "a name", "QUORUM": "`one of`", "KW_ELSE": "`else`", "KW_RISK": "`risk`",
    "KW_CHANGES": "a name", "KW_NOW": "`now`", "KW_STRICTEST": "`strictest`", "KW_IN": "`in`",
    "_CALENDAR": "`calendar`", "OPTIONAL": "`?`", "GENERIC": "a type",
}  # fmt: skip
_SIGNS = {
    "RBRACE": "`}`", "RPAR": "`)`", "RSQB": "`]`", "LBRACE": "`{`", "LPAR": "`(`", "LSQB": "`[`",
    "COMMA": "`,`", "COLON": "`:`", "EQUAL": "`=`", "DOT": "`.`", "VBAR": "`|`", "STAR": "`*`",
    "UNDERSCORE": "`_`", "LESS": "`<`", "GREATER": "`>`", "PLUS": "`+`", "MINUS": "`-`",
    ARROW: "`=>`", DOTS: "`..`", "__ANON_2": "`at`",
}  # fmt: skip


def describe(accepted: Iterable[str], before: str, end: str = "a declaration") -> list[str]:
    """Say what may stand at a place, what is most telling first.

    `before` is the word that stands before the place, `end` what comes where a whole ends.

    >>> describe({"AUTO_RUN", "BLOCK", "REQUIRE"}, "=>")
    ['an effect']
    """
    rest = set(accepted)
    groups: list[str] = []
    if "$END" in rest:
        # What else may follow the parts of a rule says less than that the rule may end.
        rest -= {"$END", "BECAUSE", "OBLIGATE", "VBAR"}
        groups.append(end)
    groups.extend(_groups(rest, before))
    if "a declaration" in groups:
        rest -= {"PACKAGE", "IMPORT"}
    rest.discard("AT")  # an annotation may stand before every field
    if groups:
        rest -= {"DOT", "LPAR"}
    elif len(rest) > 1:
        rest.discard("DOT")
    signs = [_SIGNS[t] for t in _SIGNS if t in rest]
    words = {word for t in rest if t not in _SIGNS for word in _words(t)}
    last = [name for name in groups if name == _OPERATOR]
    return [*signs, *sorted(words), *(name for name in groups if name != _OPERATOR), *last]


def _words(terminal: str) -> Iterator[str]:
    if terminal in _WORDS:
        yield _WORDS[terminal]
    else:
        yield from (f"`{word}`" for word in keywords([terminal]))


def _groups(rest: set[str], before: str) -> Iterator[str]:
    """Yield names for groups of terminals that stand together, and take them out of `rest`."""
    if len(DECLARATIONS & rest) > 3:
        rest -= DECLARATIONS | {"AT"}
        yield "a declaration"
    if rest >= VALUES:
        yield from _values(rest, before)
    if rest >= {"PLUS", "MINUS"}:
        rest -= _OPERATORS
        yield _OPERATOR
    if rest >= _COMPARISONS:
        rest -= _COMPARISONS
        yield "a bound such as `>= 0`"
    if rest >= EFFECTS:
        rest -= EFFECTS
        yield "an effect"
    if rest >= _ROUTE_LINES:
        rest -= _ROUTE_LINES
        yield "a line such as `one of ...` or `timeout ...`"
    if rest >= _TEST_LINES:
        rest -= _TEST_LINES
        yield "a line such as `given ...` or `expect ...`"
    if rest >= _EXCEPTION_LINES:
        rest -= _EXCEPTION_LINES
        yield "a line such as `from ...` or `until ...`"
    if ARROW in rest:
        rest -= _RULE_LINES


def _values(rest: set[str], before: str) -> Iterator[str]:
    in_rows = rest >= _COMPARISONS or "KW_ELSE" in rest or "UNDERSCORE" in rest
    rest -= _IN_VALUES
    if in_rows:
        rest -= _COMPARISONS | {"KW_ELSE", "UNDERSCORE", "KW_STRICTEST"}
        yield "a row such as `... => block`"
    elif before in ("when", "unless", "where"):
        yield "a condition"
    else:
        yield "a value"


def keywords(accepted: Iterable[str]) -> set[str]:
    """Return the words, without signs, that may stand at a place."""
    found: set[str] = set()
    for terminal in accepted:
        if terminal in DECLARATIONS:
            found.update(DECLARATION_WORDS)
        elif terminal in _MANY_WORDS:
            found.update(_MANY_WORDS[terminal])
        elif terminal.isupper() and terminal not in _SIGNS and terminal not in _KINDS:
            found.add(terminal.removeprefix("KW_").lower())
    return found


_MANY_WORDS = {
    "CALENDAR_KEY": ("zone", "days", "hours", "holidays"),
    "EXCEPTION_KEY": ("owner", "reason", "ticket", "max_uses"),
    "EXCEPTION_TIME": ("from", "until"),
    "TIMEOUT_END": ("reject", "approve"),
    "QUORUM": ("one", "all"),
}
_KINDS = frozenset({
    "NAME", "STRING", "BYTES", "INT", "UINT", "DOUBLE", "MONEY", "DURATION", "TIMESTAMP", "DATE",
    "BUSINESS_DAYS", "QUOTED_NAME", "COMPARE", "OPTIONAL", "BANG", "SLASH", "PERCENT", "AT",
    "GENERIC", "$END",
})  # fmt: skip
