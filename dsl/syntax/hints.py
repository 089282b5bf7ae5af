"""A place where the syntax breaks -> advice on the slip that is usually behind it.

Every function looks for one kind of slip; the first that finds its own gives the advice.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from gatewright.dsl.messages.catalog import nearest
from gatewright.dsl.records import dataclass
from gatewright.dsl.source import Span
from gatewright.dsl.syntax.expected import (
    ARROW,
    DECLARATION_WORDS,
    DOTS,
    EFFECTS,
    VALUES,
    keywords,
)
from gatewright.dsl.syntax.scan import Scan

CONDITION = frozenset({"CONDITION"})
"""What could stand where `not` or `if` stands instead: no terminal says so."""


@dataclass(frozen=True, slots=True)
class Slip:
    """A place that cannot be read on, and what is around it."""

    span: Span
    """What stands there."""
    before: str
    """The word or sign before it."""
    accepted: frozenset[str]
    """The terminals that could stand there."""
    found: Scan

    @property
    def word(self) -> str:
        """What stands there, as text."""
        return self.span.text

    def accepts(self, *terminals: str) -> bool:
        """Tell whether all of these terminals could stand here."""
        return self.accepted.issuperset(terminals)

    def preceding(self, length: int = 40) -> str:
        """Return some text before the place."""
        return self.span.source.text[max(0, self.span.start - length) : self.span.start]

    def following(self, length: int = 40) -> str:
        """Return some text after the place."""
        return self.span.source.text[self.span.end : self.span.end + length]


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
_ARROW_IN_LINE = re.compile(r"[^\n]*=>")
_SPACED = re.compile(r"(\d+)[ ]+([A-Za-z]+)\b")
_NO_NAME = re.compile(r"\b(rule|guard|risk)\s+(on|when|unless|tier|cases|table)\s+\Z")
_NAMED = re.compile(r"\b(?:let|history)\s+\w+\s*\Z")
_DASH = re.compile(r"[\w)] - [\w.(][\w ]*\Z")
_APPROVERS = re.compile(r"\b(?:one|all|\d+) of (?:group|role|user)\([^()]*\)[ ,]*\Z")
_PEOPLE = re.compile(r"\s*(?:group|role|user)\(")
_PEOPLE_HELP = 'several stand in a list: `2 of [group("..."), user("...")]`'
_GIVEN = re.compile(r"\b(?:given|past)\s+[\w.]+\s+\Z")
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
}


def starts_line(span: Span) -> bool:
    """Tell whether nothing but spaces stands before a place on its line."""
    text = span.source.text
    return not text[text.rfind("\n", 0, span.start) + 1 : span.start].strip(" \t\ufeff")


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
    if slip.word[:1] == "T" and re.search(r"\d{4}-\d\d-\d\d\Z", slip.preceding()):
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
    if ARROW in slip.accepted and slip.word in ("auto_run", "block", "require"):
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
    if slip.word in ("=", ":") and slip.accepted >= VALUES:
        return f"no `{slip.word}` is needed here"
    return None


_COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
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
    if slip.accepts("KW_ELSE") and slip.word in _COMPARISONS:
        return "a row of `cases` is a whole condition: `action.amount < 50 USD => ...`"
    if DOTS in slip.accepted and "COMPARE" not in slip.accepted:
        if slip.before in ("else", "otherwise", "default") and slip.word == "=>":
            return _IN_TIER
        if slip.word in _COMPARISONS:
            return "a cell compares what its head names: `< 50 USD`, without the value again"
        if slip.word == "||" and slip.accepts("VBAR"):
            return "cells are separated by `|`"
    if slip.accepts("KW_STRICTEST") and nearest(slip.word, ["strictest"]) is None:
        return "the values of a table stand in brackets: `table (a, b) { ... }`"
    return None


_EITHER = 'either of several people is one route: `one of [group("..."), user("...")]`'
_OR_ROUTE = re.compile(r"\brequire [\w.]+ or \Z")


def _routes(slip: Slip) -> str | None:
    """`require a & b`, `require a or b`."""
    if slip.accepts("BECAUSE") and slip.word in ("or", "||", "|"):
        return _EITHER
    if slip.before == "or" and _OR_ROUTE.search(slip.preceding(200)):
        return _EITHER
    if slip.accepts("THEN", "AND") and slip.word in ("&", "&&", "+"):
        return "several routes are joined with `and`"
    return None


def _optional(slip: Slip) -> str | None:
    """`reason: string?`."""
    if slip.word in ("?", "optional") and slip.accepts("COMMA", "COMPARE", "RBRACE"):
        return "the mark of what may be absent follows the name: `reason?: string`"
    return None


def _prefix(slip: Slip) -> str | None:
    if slip.accepted != CONDITION:
        return None
    if slip.word in ("not", "NOT"):
        return "a condition is negated with `!`"
    return "a choice is written `condition ? one : other`"


def _separator(slip: Slip) -> str | None:
    if slip.word == ")" and slip.before == ",":
        return "nothing follows the `,` before it"
    if slip.word not in (",", ";"):
        return None
    if slip.word == ";" and slip.accepts("COMMA"):
        return "these are separated by `,`"
    if slip.word == "," and slip.accepts("THEN", "AND"):
        return "several routes are joined with `and`"
    if slip.word == "," and slip.accepts("VBAR"):
        return "cells are separated by `|`"
    if slip.word == "," and _PEOPLE.match(slip.following()) and _APPROVERS.search(slip.preceding()):
        return _PEOPLE_HELP
    if slip.word == "," and re.search(r"\bin \([^()]*\Z", slip.preceding(200)):
        return "a list is written `[1, 2]`"
    return f"no `{slip.word}` is needed here" if not slip.accepts("NAME", "RPAR") else None


def _line(slip: Slip) -> str | None:
    """Look for a line that stands in the wrong declaration, or in the wrong place of one."""
    if slip.word in ("when", "unless") and slip.accepts("WHERE"):
        return "the condition of a history is written `where`"
    if slip.word in ("when", "unless", "on") and slip.accepts("BECAUSE"):
        return f"`{slip.word}` stands before `=>`"
    if slip.word == "to" and slip.accepts("EXCEPTION_TIME"):
        return "the end is written `until`"
    if slip.accepts("AGO") and re.fullmatch(r"\d+[a-z]+", slip.word):
        return f"write `ago {slip.word}`"
    if slip.word == "{" and slip.accepts("WHEN", "CASES"):
        return "a rule has no braces of its own; those of `tier`, `cases` or `table` hold rows"
    if slip.word in ("group", "role", "user") and _APPROVERS.search(slip.preceding()):
        return _PEOPLE_HELP
    if slip.accepts("QUORUM") and slip.word in ("two", "three", "any", "group", "role", "user"):
        return 'say how many: `one of group("...")`, `2 of ...`, `all of ...`'
    read_as_name = _NO_NAME.search(slip.preceding())
    if read_as_name and slip.accepts("WHEN"):
        opener, word = read_as_name.groups()
        return f"`{word}` is read as the name: write one after `{opener}`"
    if slip.word == "=>" and DOTS in slip.accepted and _DASH.search(slip.preceding()):
        return "a range is written `..`: `50 USD .. 200 USD`"
    if slip.accepts("LBRACE") and _GIVEN.search(slip.preceding(200)):
        return "the fields stand in braces, even where there are none: `{ }`"
    if slip.word == "." and slip.before == "*":
        return "in a pattern, `*` stands last: `billing.*`"
    if slip.before == "permit" and slip.word[:1] in ("'", '"'):
        return f"write `permit agent {slip.word} to ...`"
    if slip.before == "require" and slip.word.isdigit():
        return "require a route by its name; the `route` says how many must approve"
    return _missing_word(slip)


def _missing_word(slip: Slip) -> str | None:
    """Look for what a line lacks, or for a word of another language in its place."""
    quoted = slip.word[:1] in ("'", '"')
    if slip.before == "require" and not (quoted or slip.word.isidentifier()):
        return "name the route that must approve: `require <route>`"
    if slip.word == "if" and slip.accepts("WHEN"):
        return "a condition follows `when`"
    if slip.word in ("on", "for") and slip.before[-1:] == '"' and slip.accepts("TO"):
        return "the actions that a permit opens follow `to`"
    if slip.word in ("else", "otherwise") and slip.accepts("BECAUSE"):
        return "an effect has no `else`: the `default` holds where no rule opens"
    if slip.word == "}" and slip.accepted == frozenset({"THEN"}):
        return "say what silence means: `timeout 4h then reject`"
    return None


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
        return f'a text is written in quotes: `"{word}"`'
    if slip.accepts("NAME") and word in ("in", "true", "false", "null"):
        return f"`{word}` is a word of the language; choose another name"
    glued = slip.preceding(1).isidentifier() and slip.following(1).isidentifier()
    if word in ("-", ".") and glued and not slip.accepts("COMPARE"):
        return "a name consists of letters, digits and `_`"
    return None


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
    _sign, _stray_bracket, _unit, _literal, _effect, _arrow, _row, _routes, _optional, _operator,
    _prefix, _separator, _line, _name, _misspelt,
)  # fmt: skip
