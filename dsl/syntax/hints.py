"""A place where the syntax breaks -> advice on the slip that is usually behind it.

Every function looks for one kind of slip; the first that finds its own gives the advice.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from gatewright.dsl.messages.catalog import nearest
from gatewright.dsl.syntax import declaration_hints
from gatewright.dsl.syntax.expected import (
    ARROW,
    DECLARATION_WORDS,
    DOTS,
    EFFECTS,
    VALUES,
    keywords,
)
from gatewright.dsl.syntax.slip import COMPARISONS, CONDITION, Slip, starts_line

_SIGNS: dict[str, str] = {
    "->": "an effect follows `=>`",
    "=<": "at most is written `<=`",
    "<>": "not equal is written `!=`",
    "===": "equal is written `==`",
    "!==": "not equal is written `!=`",
    "/*": "a comment begins with `//` and ends with its line",
    "<!--": "a comment begins with `//` and ends with its line",
    "--": "a comment begins with `//`",
    "==": "a value is named with one `=`",
    "#": "a comment begins with `//`",
}
"""Signs of other languages. A longer one comes before one that it contains."""

_NUMBER = re.compile(r"(\d+(?:\.\d+)?)[ ]*\Z")
_UNIT = re.compile(
    r"(?:milliseconds?|msecs?|ms|days?|hours?|hrs?|minutes?|mins?|seconds?|secs?|weeks?|[dhmsw])\Z",
    re.IGNORECASE,
)
_CALENDAR_UNIT = re.compile(r"(?:months?|mo|years?|yrs?|y)\Z", re.IGNORECASE)
_NUMBER_OR_MONEY = re.compile(r"[{\n] *\d+(?:\.\d+)?(?: [A-Z]{3})? *\Z")
_ARROW_IN_LINE = re.compile(r"[^\n]*=>")
_SPACED = re.compile(r"(\d+)[ ]+([A-Za-z]+)\b")
_DATE_BEFORE = re.compile(r"\d{4}-\d\d-\d\d *\Z")
_LISTED = re.compile(r"""\bin (["'])[^"'\n]*\1\Z""")
_NAMED = re.compile(r"\b(?:let|history)\s+\w+\s*\Z")
_CALL = re.compile(r"\w\((?:[^()]*,)?([^(),]*)\Z")
_EFFECT_WORDS = frozenset({"allow", "deny", "approve", "permit", "reject", "accept", "forbid"})
_OPERATOR_WORDS = {
    "and": "conditions are joined with `&&`",
    "AND": "conditions are joined with `&&`",
    "&": "conditions are joined with `&&`",
    "or": "alternatives are joined with `||`",
    "OR": "alternatives are joined with `||`",
    "|": "alternatives are joined with `||`",
    "is": "equal is written `==`",
    "equals": "equal is written `==`",
    "=": "equal is written `==`",
    "between": "a range is written `x in 1 .. 5`",
    "contains": "it follows a dot: `x.contains(y)`",
    "matches": "it follows a dot: `x.matches(y)`",
    "startsWith": "it follows a dot: `x.startsWith(y)`",
    "endsWith": "it follows a dot: `x.endsWith(y)`",
    "like": "a part of a text is asked for with `x.contains(y)` or `x.startsWith(y)`",
}


def widened(source_text: str, at: int) -> tuple[int, int] | None:
    """Return the range of a sign of another language that an offset is a part of."""
    for sign in _SIGNS:
        for start in range(max(0, at - len(sign) + 1), at + 1):
            if source_text.startswith(sign, start):
                return start, start + len(sign)
    return None


def hint(slip: Slip) -> str | None:
    """Return advice on a slip, or None where no usual one is seen."""
    return next((advice for look in _LOOKS if (advice := look(slip))), None)


def _sign(slip: Slip) -> str | None:
    if slip.word == "==" and not _NAMED.search(slip.preceding()):
        return None
    return _SIGNS.get(slip.word)


def _stray_bracket(slip: Slip) -> str | None:
    if slip.span.start in slip.found.stray:
        return f"nothing is open that this `{slip.word}` could close"
    return None


def _unit(slip: Slip) -> str | None:
    """`50 usd`, `30 d`, `4 hours`, `1,000`."""
    number = _NUMBER.search(slip.preceding())
    if number is None:
        spaced = _SPACED.match(slip.word + slip.following())
        if spaced and _CALENDAR_UNIT.match(spaced.group(2)):
            return _NO_MONTHS
        if spaced and _UNIT.match(spaced.group(2)):
            return _duration(spaced.group(1), spaced.group(2))
        return None
    if slip.word == "," and re.match(r"\d{3}\b", slip.following()):
        return "a number has no separators: `1000`"
    fraction = re.match(r"\d{1,2}\b", slip.following()) if slip.word == "," else None
    if fraction:
        return f"a fraction follows a point: `{number.group(1)}.{fraction.group()}`"
    if re.fullmatch(r"_\d+", slip.word):
        return "a number has no separators: `1000`"
    if _CALENDAR_UNIT.match(slip.word):
        return _NO_MONTHS
    if _UNIT.match(slip.word):
        return _duration(number.group(1), slip.word)
    if re.fullmatch(r"[A-Za-z]{3}", slip.word) and slip.word not in _OPERATOR_WORDS:
        return f"money is a number and a code in capitals: `{number.group(1)} {slip.word.upper()}`"
    if re.fullmatch(r"([a-z]+\d+)+[a-z]+", slip.word):
        return "a duration has one unit: `90m` rather than `1h30m`"
    return None


_NO_MONTHS = "a duration is elapsed time, and months and years differ: write days, `30d`"


def _duration(number: str, unit: str) -> str:
    if "." in number:
        return "a duration is a whole number: `90m` rather than `1.5h`"
    if unit == "M":
        return f"a month is no length of time; write days, `30d`, or minutes, `{number}m`"
    short = "ms" if unit.lower().startswith(("ms", "milli")) else unit[0].lower()
    return f"a duration has no space and a short unit: `{number}{short}`"


def _literal(slip: Slip) -> str | None:
    """`$50`, `USD 50`, `50%`, a timestamp without a zone."""
    if slip.word == "$":
        return "money is written with its code: `50 USD`"
    if re.fullmatch(r"[A-Z]{3}", slip.before) and re.fullmatch(r"\d+(\.\d+)?", slip.word):
        return f"the code of money follows the amount: `{slip.word} {slip.before}`"
    if slip.before == "%":
        return "a share is written as a number: `0.5`"
    if _DATE_BEFORE.search(slip.preceding()) and (slip.word[:1] == "T" or slip.word.isdigit()):
        return "a timestamp has a time of day and a zone: `2026-12-02T00:00:00Z`"
    return None


def _effect(slip: Slip) -> str | None:
    if not slip.accepted >= EFFECTS:
        return None
    if slip.word in _EFFECT_WORDS:
        return "the effects are `auto_run`, `require <route>` and `block`"
    if slip.before == "=>" and (
        slip.word[0].isdigit() or _ARROW_IN_LINE.match(slip.following(200))
    ):
        return "at least is written `>=`; after `=>` comes the effect"
    return None


def _arrow(slip: Slip) -> str | None:
    if ARROW in slip.accepted and slip.word in ("auto_run", "block", "require", "then"):
        return "an effect follows `=>`"
    return None


def _operator(slip: Slip) -> str | None:
    if slip.word == "=" and slip.accepts("COLON"):
        return "a name and its value are joined with `:`"
    if slip.word == ".." and "COMPARE" in slip.accepted:
        return "a range stands after `in`, or in a row: `x in 1 .. 5`"
    if slip.accepts("COMPARE") or (ARROW in slip.accepted and slip.word in "&|"):
        return _OPERATOR_WORDS.get(slip.word)
    if slip.word == ":" and ARROW in slip.accepted:
        return "no `:` is needed here"
    if slip.word == ":" and slip.accepts("NAME") and slip.before.isidentifier():
        return "no `:` is needed here"
    if slip.word in ("=", ":") and (
        slip.accepted >= VALUES or slip.accepted >= EFFECTS or slip.accepts("LBRACE")
    ):
        return f"no `{slip.word}` is needed here"
    return None


_IN_TIER = "a `tier` covers every value by comparisons: its last row is one such as `> 200 USD`"


def _row(slip: Slip) -> str | None:
    """Look for a row of one kind of body in another: `else` in a tier, `*` in a table."""
    begins = slip.accepts("RBRACE", "LESS")
    if slip.word == "|" and slip.before == "|":
        return "cells are separated by one `|`"
    if slip.accepts("UNDERSCORE"):
        return "a cell that matches everything is `_`" if slip.word in ("*", "else") else None
    if begins and slip.word in ("else", "otherwise", "_"):
        return _IN_TIER
    if slip.accepts("KW_ELSE") and slip.word in COMPARISONS:
        return "a row of `cases` is a whole condition: `action.amount < 50 USD => ...`"
    if DOTS in slip.accepted and "COMPARE" not in slip.accepted:
        if slip.before in ("else", "otherwise", "default") and slip.word == "=>":
            return _IN_TIER
        if slip.word == "=>" and _NUMBER_OR_MONEY.search(slip.preceding()):
            return "a row for one value is a range too: `1 .. 1`"
        if slip.word in COMPARISONS:
            return "a cell compares what its head names: `< 50 USD`, without the value again"
        if slip.word == "||" and slip.accepts("VBAR"):
            return "cells are separated by `|`"
    if slip.before == "cases" and slip.accepted == frozenset({"LBRACE"}):
        return "rows of `cases` are whole conditions; for cells about a value there is `table (x)`"
    if slip.accepts("KW_STRICTEST") and nearest(slip.word, ["strictest"]) is None:
        return "the values of a table stand in brackets: `table (a, b) { ... }`"
    return None


def _prefix(slip: Slip) -> str | None:
    if slip.accepted != CONDITION:
        return None
    if slip.word in ("not", "NOT"):
        return "a condition is negated with `!`"
    if starts_line(slip.span):
        return "a row of `cases` begins with its condition, without `if`"
    return "a choice is written `condition ? one : other`"


def _separator(slip: Slip) -> str | None:
    if slip.word == ")" and slip.before == ",":
        return "nothing follows the `,` before it"
    is_element = slip.word[:1] in ("'", '"') or slip.word.isdigit()
    if is_element and slip.accepts("COMMA", "RSQB"):
        return "the elements of a list are separated by `,`"
    if slip.word not in (",", ";"):
        return None
    if slip.word == ";" and slip.accepts("COMMA"):
        return "these are separated by `,`"
    if slip.word == "," and _LISTED.search(slip.preceding(200)):
        return 'a list is written `["a", "b"]`'
    if slip.word == "," and slip.accepts("THEN", "AND"):
        return "several routes are joined with `and`"
    if slip.word == "," and slip.accepts("VBAR"):
        return "cells are separated by `|`"
    if slip.word == "," and re.search(r"\bin \([^()]*\Z", slip.preceding(200)):
        return "a list is written `[1, 2]`"
    return f"no `{slip.word}` is needed here" if not slip.accepts("NAME", "RPAR") else None


def _name(slip: Slip) -> str | None:
    """Names in quotes, text without them, names with dots and dashes, words that are no names."""
    word = slip.word
    quoted = word[:1] in ("'", '"')
    if quoted and slip.accepts("TIMESTAMP") and not slip.accepted >= VALUES:
        return "a date has no quotes"
    if quoted and slip.accepts("DURATION") and not slip.accepted >= VALUES:
        return "a length of time has no quotes"
    if quoted and slip.accepts("NAME") and not slip.accepts("STRING"):
        return "a name has no quotes"
    if word.isidentifier() and slip.accepts("STRING") and not slip.accepted >= VALUES:
        return f'a text is written in quotes: `"{declaration_hints.dashed(slip)}"`'
    if slip.accepts("NAME") and word in ("in", "true", "false", "null"):
        return f"`{word}` is a word of the language; choose another name"
    glued = slip.preceding(1).isidentifier() and slip.following(1).isidentifier()
    if word in ("-", ".") and glued and not slip.accepts("COMPARE"):
        return "a name consists of letters, digits and `_`"
    return None


def _argument(slip: Slip) -> str | None:
    """Tell what is no name of an argument: a value, a text, a path."""
    called = _CALL.search(slip.preceding(200)) if slip.word == ":" else None
    if called is None or not slip.accepts("COMMA", "RPAR"):
        return None
    name = called[1].strip()
    bare = name[1:-1]
    if name[:1] in ("'", '"') and bare.isidentifier():
        return f"the name of an argument has no quotes: `{bare}: ...`"
    if name in ("true", "false", "null"):
        return f"`{name}` is a value, and no name of an argument"
    return "the name of an argument is one word, as in `within: 30d`"


def _misspelt(slip: Slip) -> str | None:
    if not slip.word.isidentifier():
        return None
    words = keywords(slip.accepted)
    at_start = "$END" in slip.accepted and starts_line(slip.span)
    if at_start:
        words.update(DECLARATION_WORDS)
    advice = nearest(slip.word.lower(), words)
    if advice is None and slip.accepted >= EFFECTS:
        return "the effects are `auto_run`, `require <route>` and `block`"
    if advice is None and at_start:
        return "a declaration begins with a word such as `action`, `route`, `rule` or `guard`"
    return advice


_LOOKS: tuple[Callable[[Slip], str | None], ...] = (
    declaration_hints.head, declaration_hints.people, _sign, _stray_bracket,
    declaration_hints.exceptions, declaration_hints.ranges, declaration_hints.fields, _unit,
    _literal, _effect, _arrow, declaration_hints.reasons, declaration_hints.routes, _row,
    _operator, _prefix,
    declaration_hints.permits, _separator, declaration_hints.line, _argument, _name, _misspelt,
)  # fmt: skip
