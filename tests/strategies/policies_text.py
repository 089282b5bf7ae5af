"""Random policy texts: every form of declaration, with comments and line breaks anywhere.

The texts are correct syntax; names and types are random, so few of them pass the checker. A text
is a list of tokens until its layout is drawn, so that a layout can be drawn apart from it.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import TypeAlias

from hypothesis import strategies as st

Tokens: TypeAlias = list[str]
Draw: TypeAlias = st.DrawFn

_NAMES = st.sampled_from(
    ["a", "amount", "action", "risk", "now", "agent", "changes", "data", "type", "x1", "_y"]
)
# After a dot any word is a name.
_FIELDS = st.sampled_from(
    ["amount", "in", "when", "rule", "true", "b", "status", "`b-c`", "new", "_", "then"]
)
_FUNCTIONS = st.sampled_from(["size", "f", "group", "max", "has", "slack", "matches"])
_STRINGS = st.sampled_from(
    [
        '"a"', "'b'", '""', r'r"\d+"', r"R'\w'", '"日本 // no comment"', r'"say \"hi\""',
        '"""two\n  lines """', "'''it's // here'''", '"( , )"', r"'\u0041'",
    ]
)  # fmt: skip
_TEMPLATES = st.sampled_from(
    ['"plain"', '"{action.amount} of {a+b}"', "'{{brace}}'", '"""long\ntext {a}"""', 'r"raw {a}"']
)
_NUMBERS = st.sampled_from(["0", "1", "42", "0x1F", "007", "9223372036854775807"])
_SPECIAL_LITERALS = st.sampled_from(
    [
        "5u", "0xFFu", "1.5", ".5", "1e3", "2.50E-3", "true", "false", "null", 'b"x"', r"Rb'\d'",
        "50 USD", "50USD", "49.90 EUR", "30d", "15m", "250ms", "2bd", "2026-12-02T00:00:00Z",
        "2026-12-02T10:30+02:00",
    ]
)  # fmt: skip
_DURATIONS = st.sampled_from(["1h", "30d", "15m", "2w", "10s"])
_PERIODS = st.sampled_from(["1h", "30d", "2bd"])
_INSTANTS = st.sampled_from(["2026-12-02T00:00:00Z", "2026-12-02", "2026-12-02T00:00+01:00"])
_COMPARISONS = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
_ROUTES = st.sampled_from(["manager", "finance", "people.duty"])
_ACTIONS = st.sampled_from(["billing.refund", "crm.opportunity.update", "note"])
_PATTERNS = st.sampled_from([["billing", ".", "refund"], ["billing", ".", "*"], ["*"], ["note"]])
_PAIR = st.integers(0, 1)
_FEW = st.integers(0, 3)
_SOME = st.integers(1, 3)

# Words that a row may begin with only in brackets.
_BRACKETED = st.sampled_from(["then", "and", "else", "_", ".root"])


def _dotted(name: str) -> Tokens:
    out: Tokens = []
    for part in name.split("."):
        out += [".", part] if out else [part]
    return out


def _join(parts: list[Tokens], separator: str) -> Tokens:
    out: Tokens = []
    for part in parts:
        out += [separator, *part] if out else part
    return out


class _Expressions:
    """Draws expressions of bounded depth."""

    def __init__(self, draw: Draw) -> None:
        self.draw = draw

    def chance(self, one_in: int = 2) -> bool:
        return self.draw(st.integers(0, one_in - 1)) == one_in - 1

    def many(self, make: Callable[[], Tokens], count: st.SearchStrategy[int]) -> list[Tokens]:
        return [make() for _ in range(self.draw(count))]

    def choose(self, *makers: Callable[[], Tokens]) -> Tokens:
        return makers[self.draw(st.integers(0, len(makers) - 1))]()

    def expression(self, depth: int = 2) -> Tokens:
        if depth <= 0:
            return self.primary(0)
        kind = self.draw(st.integers(0, 11))
        if kind < 5:
            return self.relation(depth)
        if kind < 8:
            operator = "&&" if kind < 7 else "||"
            parts = [self.and_operand(depth - 1, operator) for _ in range(1 + self.draw(_SOME))]
            return _join(parts, operator)
        if kind == 8:
            condition, then = self.bracketed(depth - 1), self.relation(depth - 1)
            return [*condition, "?", *then, ":", *self.expression(depth - 1)]
        return self.add(depth) if kind < 11 else self.bracketed(depth - 1)

    def and_operand(self, depth: int, operator: str) -> Tokens:
        if operator == "||" and self.chance():
            return [*self.relation(depth), "&&", *self.relation(depth)]
        return self.bracketed(depth) if self.chance(3) else self.relation(depth)

    def bracketed(self, depth: int) -> Tokens:
        inner = self.expression(depth)
        return ["(", "(", *inner, ")", ")"] if self.chance(4) else ["(", *inner, ")"]

    def relation(self, depth: int) -> Tokens:
        if depth <= 0:
            return self.unary(0)
        left = self.add(depth - 1)
        kind = self.draw(st.integers(0, 5))
        if kind == 0:
            return left
        if kind == 1:
            return [*left, "in", *self.add(depth - 1)]
        if kind == 2:
            return [*left, "in", *self.add(depth - 1), "..", *self.add(depth - 1)]
        return [*left, self.draw(_COMPARISONS), *self.add(depth - 1)]

    def add(self, depth: int) -> Tokens:
        out = self.unary(depth)
        for _ in range(self.draw(_PAIR) if depth > 0 else 0):
            operator = self.draw(st.sampled_from(["+", "-", "*", "/", "%"]))
            out = [*out, operator, *self.unary(depth - 1)]
        return out

    def unary(self, depth: int) -> Tokens:
        kind = self.draw(st.integers(0, 7)) if depth > -3 else 7
        if kind == 0:
            return ["!", *self.unary(depth - 1)]
        if kind == 1:
            return ["-", *self.unary(depth - 1)]
        return self.postfix(depth)

    def postfix(self, depth: int) -> Tokens:
        out = self.primary(depth)
        for _ in range(self.draw(_PAIR)):
            out += self.choose(
                lambda: [".", self.draw(_FIELDS)],
                lambda: [".?", self.draw(_FIELDS)],
                lambda: [".", self.draw(_FUNCTIONS), *self.arguments(depth - 1)],
                lambda: ["[", *self.expression(depth - 1), "]"],
                lambda: ["[", "?", *self.expression(depth - 1), "]"],
            )
        return out

    def primary(self, depth: int) -> Tokens:
        kind = self.draw(st.integers(0, 12 if depth > 0 else 6))
        if kind < 3:
            return [self.draw(_NAMES)]
        if kind < 7:
            return [self.draw((_NUMBERS, _STRINGS, _SPECIAL_LITERALS, _NUMBERS)[kind - 3])]
        return self.choose(
            lambda: [".", self.draw(_NAMES)],
            lambda: [self.draw(_FUNCTIONS), *self.arguments(depth - 1)],
            lambda: [".", self.draw(_FUNCTIONS), *self.arguments(depth - 1)],
            lambda: self.bracketed(depth - 1),
            lambda: self.list_(depth - 1),
            lambda: self.map_(depth - 1),
        )

    def arguments(self, depth: int) -> Tokens:
        return ["(", *_join(self.many(lambda: self.argument(depth), _FEW), ","), ")"]

    def argument(self, depth: int) -> Tokens:
        name = [self.draw(_FUNCTIONS), ":"] if self.chance(3) else []
        return [*name, *self.expression(depth)]

    def list_(self, depth: int) -> Tokens:
        def item() -> Tokens:
            return [*(["?"] if self.chance(5) else []), *self.expression(depth)]

        return self.closed("[", self.many(item, _FEW), "]")

    def map_(self, depth: int) -> Tokens:
        def entry() -> Tokens:
            mark = ["?"] if self.chance(5) else []
            return [*mark, *self.expression(depth), ":", *self.expression(depth)]

        return self.closed("{", self.many(entry, _FEW), "}")

    def closed(self, opening: str, items: list[Tokens], closing: str) -> Tokens:
        trailing = [","] if items and self.chance(4) else []
        return [opening, *_join(items, ","), *trailing, closing]


class _Declarations(_Expressions):
    """Draws declarations."""

    def declaration(self) -> Tokens:
        annotations = self.many(self.annotation, st.integers(0, 1)) if self.chance(3) else []
        body = self.choose(
            self.action, self.type_decl, self.let, self.history, self.calendar, self.route,
            self.default, self.permit, self.risk, self.rule, self.rule, self.rule,
            self.exception, self.invariant, self.test, self.test,
        )  # fmt: skip
        return [token for part in annotations for token in part] + body

    def annotation(self) -> Tokens:
        arguments = self.arguments(0) if self.chance() else []
        return ["@", self.draw(st.sampled_from(["owner", "shadow", "secret"])), *arguments]

    def name(self) -> str:
        return str(self.draw(st.sampled_from(["one", "by_amount", "risk", "peak", "small"])))

    def on(self) -> Tokens:
        return ["on", *self.patterns()] if self.chance() else []

    def patterns(self) -> Tokens:
        return _join(self.many(lambda: list(self.draw(_PATTERNS)), _SOME), ",")

    def dotted(self, names: st.SearchStrategy[str]) -> Tokens:
        return _dotted(self.draw(names))

    def dotted_list(self, names: st.SearchStrategy[str]) -> Tokens:
        return _join(self.many(lambda: self.dotted(names), _SOME), ",")

    def action(self) -> Tokens:
        target = ["on", *_dotted("stripe.charge")] if self.chance() else []
        target += ["as", *_dotted("lib.Charge")] if target and self.chance() else []
        members = self.closed("{", self.many(self.member, _FEW), "}")
        return ["action", *self.dotted(_ACTIONS), *target, *members]

    def member(self) -> Tokens:
        if self.chance(4):
            return ["changes", *self.closed("{", self.many(self.field, _FEW), "}")]
        return self.field()

    def field(self) -> Tokens:
        annotations = self.annotation() if self.chance(5) else []
        name = self.draw(st.sampled_from(["customer", "amount", "id", "changes", "risk"]))
        refinement = [self.draw(_COMPARISONS), *self.add(1)] if self.chance(4) else []
        optional = ["?"] if self.chance(3) else []
        return [*annotations, name, *optional, ":", *self.type_ref(1), *refinement]

    def type_ref(self, depth: int) -> Tokens:
        plain = self.draw(st.sampled_from(["string", "money", "lib.Role", "any"]))
        if depth > 0 and self.chance(3):
            inner = self.many(lambda: self.type_ref(depth - 1), _SOME)
            return [self.draw(st.sampled_from(["list", "map"])), "<", *_join(inner, ","), ">"]
        arguments = ["(", *_join(self.many(lambda: self.argument(0), _SOME), ","), ")"]
        return [*_dotted(plain), *(arguments if self.chance() else [])]

    def type_decl(self) -> Tokens:
        return ["type", "Role", *self.closed("{", self.many(self.field, _FEW), "}")]

    def let(self) -> Tokens:
        return ["let", self.name(), "=", *self.expression(3)]

    def history(self) -> Tokens:
        where = ["where", *self.expression()] if self.chance() else []
        return ["history", "refunds", "=", *self.dotted_list(_ACTIONS), *where]

    def calendar(self) -> Tokens:
        def item() -> Tokens:
            word = self.draw(st.sampled_from(["zone", "days", "hours", "holidays"]))
            return [word, *self.expression(1)]

        return ["calendar", "office", *self.braces(item)]

    def braces(self, item: Callable[[], Tokens]) -> Tokens:
        return ["{", *(token for part in self.many(item, _FEW) for token in part), "}"]

    def route(self) -> Tokens:
        return ["route", self.name(), *self.braces(self.route_item)]

    def route_item(self) -> Tokens:
        def several(word: str) -> Tokens:
            return [word, *_join(self.many(lambda: self.expression(1), _SOME), ",")]

        def timeout() -> Tokens:
            ends = (["reject"], ["approve"], ["escalate", *self.dotted(_ROUTES)])
            return ["timeout", self.draw(_PERIODS), "then", *ends[self.draw(st.integers(0, 2))]]

        return self.choose(
            lambda: [self.draw(st.sampled_from(["one", "all", "2"])), "of", *self.expression(1)],
            lambda: several("exclude"),
            lambda: several("notify"),
            lambda: ["outranks", *self.dotted_list(_ROUTES)],
            lambda: ["distinct"],
            lambda: ["remind", self.draw(_PERIODS)],
            lambda: ["sla", self.draw(_PERIODS)],
            lambda: ["calendar", *_dotted("lib.office")],
            timeout,
        )

    def effect(self) -> Tokens:
        kind = self.draw(_FEW)
        if kind < 2:
            return [("auto_run", "block")[kind]]
        stages = [_join(self.many(lambda: self.dotted(_ROUTES), _SOME), "and")]
        stages += [self.dotted(_ROUTES)] if self.chance(3) else []
        return ["require", *_join(stages, "then")]

    def default(self) -> Tokens:
        word = self.draw(st.sampled_from(["default", "on_error"]))
        return [word, *self.effect(), *self.on()]

    def permit(self) -> Tokens:
        who = ["agent", self.draw(_STRINGS)] if self.chance() else ["when", *self.expression()]
        return ["permit", *who, "to", *self.patterns()]

    def clause(self) -> Tokens:
        return [self.draw(st.sampled_from(["when", "unless"])), *self.expression()]

    def risk(self) -> Tokens:
        clauses = [token for part in self.many(self.clause, _SOME) for token in part]
        because = ["because", self.draw(_TEMPLATES)] if self.chance() else []
        return ["risk", self.name(), *self.on(), *clauses, "=>", "25", *because]

    def rule(self) -> Tokens:
        kind = self.draw(st.sampled_from([["rule"], ["guard"], ["absolute", "guard"]]))
        clauses = [token for part in self.many(self.clause, _FEW) for token in part]
        body = self.choose(lambda: ["=>", *self.effect()], self.tier, self.cases, self.table)
        obligations = self.many(self.obligation, _PAIR)
        tails = obligations + ([["because", self.draw(_TEMPLATES)]] if self.chance() else [])
        tails = self.draw(st.permutations(tails))
        tail = [token for part in tails for token in part]
        return [*kind, self.name(), *self.on(), *clauses, *body, *tail]

    def obligation(self) -> Tokens:
        return ["obligate", self.draw(_FUNCTIONS), *self.arguments(1)]

    def row(self, start: Tokens) -> Tokens:
        return [*start, "=>", *self.effect()]

    def row_start(self, make: Callable[[], Tokens]) -> Tokens:
        """Draw what a row begins with; what would be read as something else gets brackets."""
        if self.chance(8):
            word = self.draw(_BRACKETED)
            bare = [".", "root"] if word == ".root" else [word]
            return self.choose(
                lambda: ["(", *bare, ")", "+", "1"],
                lambda: ["(", "(", *bare, ")", ".", "x", ")"],
                lambda: ["(", *bare, "(", ")", ")"],
            )
        tokens = make()
        return ["(", *tokens, ")"] if tokens[0] == "." else tokens

    def tier(self) -> Tokens:
        def bounded() -> Tokens:
            if self.chance():
                return [self.draw(_COMPARISONS), *self.add(1)]
            return [*self.row_start(lambda: self.add(1)), "..", *self.add(1)]

        return ["tier", *self.expression(1), *self.braces(lambda: self.row(bounded()))]

    def cases(self) -> Tokens:
        def start() -> Tokens:
            return ["else"] if self.chance(4) else self.row_start(self.expression)

        return ["cases", *self.braces(lambda: self.row(start()))]

    def table(self) -> Tokens:
        subjects = _join(self.many(lambda: self.expression(1), _SOME), ",")
        strictest = ["strictest"] if self.chance(3) else []

        def start() -> Tokens:
            return _join(self.many(self.cell, _SOME), "|")

        rows = self.braces(lambda: self.row(start()))
        return ["table", *strictest, "(", *subjects, ")", *rows]

    def cell(self) -> Tokens:
        return self.choose(
            lambda: ["_"],
            lambda: self.row_start(lambda: self.add(1)),
            lambda: [self.draw(_COMPARISONS), *self.add(1)],
            lambda: [*self.row_start(lambda: self.add(0)), "..", *self.add(0)],
        )

    def exception(self) -> Tokens:
        def item() -> Tokens:
            word = self.draw(
                st.sampled_from(["when", "from", "until", "owner", "reason", "ticket", "max_uses"])
            )
            if word in ("from", "until"):
                return [word, self.draw(_INSTANTS)]
            return [word, *self.expression(1)]

        return ["exception", "peak", "suspends", *self.dotted_list(_ROUTES), *self.braces(item)]

    def invariant(self) -> Tokens:
        when = ["when", *self.expression()] if self.chance() else []
        claim = self.choose(
            lambda: ["never", *self.effect(), *when],
            lambda: ["never", "default"],
            lambda: ["always", "at", "least", *self.dotted(_ROUTES), *when],
            lambda: ["monotone", "in", *self.expression()],
        )
        return ["invariant", self.name(), *self.on(), ":", *claim]

    def test(self) -> Tokens:
        return ["test", self.draw(_STRINGS), *self.braces(self.test_item)]

    def test_item(self) -> Tokens:
        return self.choose(
            lambda: ["now", self.draw(_INSTANTS)],
            lambda: ["given", *self.dotted(_ACTIONS), *self.map_(1)],
            self.past,
            lambda: ["expect", *self.effect()],
            lambda: ["expect", "rules", *self.rule_names()],
            lambda: ["expect", "because", "contains", self.draw(_STRINGS)],
            lambda: ["expect", "error"],
            lambda: ["expect", "risk", "40"],
            self.case_table,
        )

    def rule_names(self) -> Tokens:
        return self.closed("[", self.many(lambda: self.dotted(_ROUTES), _FEW), "]")

    def past(self) -> Tokens:
        status = ["status", "executed"] if self.chance() else []
        agent = ["agent", self.draw(_STRINGS)] if self.chance() else []
        values = self.map_(1)
        ago = ["ago", self.draw(_DURATIONS)]
        return ["past", *self.dotted(_ACTIONS), *values, *ago, *status, *agent]

    def case_table(self) -> Tokens:
        fields = _join(self.many(lambda: [self.draw(_NAMES)], _SOME), ",")

        def start() -> Tokens:
            first = self.row_start(lambda: self.expression(1))
            others = self.many(lambda: self.expression(1), _PAIR)
            return _join([first, *others], "|")

        return ["cases", "(", *fields, ")", *self.braces(lambda: self.row(start()))]


@st.composite
def expression_tokens(draw: st.DrawFn, depth: int = 3) -> Tokens:
    """Draw the tokens of an expression."""
    return _Expressions(draw).expression(depth)


@st.composite
def file_tokens(draw: st.DrawFn, most: int = 4) -> list[Tokens]:
    """Draw the tokens of a file, a list for its package, each import and each declaration."""
    writer = _Declarations(draw)
    package = ["package", *_dotted(draw(st.sampled_from(["billing", "crm.sales"])))]
    imports: list[Tokens] = []
    for _ in range(draw(_PAIR)):
        alias = ["as", "people"] if draw(_PAIR) else []
        imports.append(["import", "std", ".", "people", *alias])
    count = draw(st.integers(0, most))
    return [package, *imports, *(writer.declaration() for _ in range(count))]


# --- layout

_GAPS = [
    "\n", "\n", "\n  ", "  ", "\n\n\n", "\t", "\r\n", " \n\n ", " // one\n", "// two \n",
    "\n// own line\n", "\n\n  // apart\n\n", " // a ( b ,\n // c\n", "\n/// doc\n", "/// tail\n",
    "\n/// doc\n/// more\n\n", " // ünï\r\n",
]  # fmt: skip
_BETWEEN = st.sampled_from(["\n", "\n\n", "\n", " ", "\n\n\n\n", "\n/// doc\n", " // end\n"])
_TIGHT_AFTER = frozenset("([,!@")
_TIGHT_BEFORE = frozenset(")],")


def _gap(before: str, after: str) -> str:
    """Return the shortest gap between two tokens that surely keeps them apart."""
    if before in _TIGHT_AFTER or after in _TIGHT_BEFORE:
        return ""
    if "." in (before, after) and not (before + after).strip(".").isdigit():
        return "" if before[-1] != "." or after[0] != "." else " "
    if after == "(" and (before[-1].isalnum() or before in "_)"):
        return ""
    return " "


@st.composite
def laid_out(draw: st.DrawFn, parts: st.SearchStrategy[list[Tokens]]) -> str:
    """Draw a layout for tokens: line breaks, comments and spaces wherever the grammar lets them.

    Shrinks to tokens on one line each part.
    """
    pieces = draw(parts)
    gaps: list[str] = []
    tokens: Tokens = []
    for piece in pieces:
        gaps.append(draw(_BETWEEN) if tokens else "")
        gaps += [_gap(a, b) for a, b in pairwise(piece)]
        tokens += piece
    places = st.integers(0, max(0, len(gaps) - 1))
    most = draw(st.sampled_from([0, 4, 30]))
    for place, gap in draw(st.lists(st.tuples(places, st.sampled_from(_GAPS)), max_size=most)):
        gaps[place] = gap
    for place, before in enumerate(tokens[:-1]):
        if before == "/" and gaps[place + 1].startswith("/"):
            gaps[place + 1] = " " + gaps[place + 1]
    text = "".join(gap + token for gap, token in zip(gaps, tokens, strict=True))
    return text + draw(st.sampled_from(["\n", "", "\n\n\n", "  // end", "\n// end\n", "\r\n"]))


def policy_texts(most: int = 4) -> st.SearchStrategy[str]:
    """Return a strategy of policy files with at most so many declarations."""
    return laid_out(file_tokens(most))


def expression_texts(depth: int = 3) -> st.SearchStrategy[str]:
    """Return a strategy of expressions, laid out at random."""
    return laid_out(expression_tokens(depth).map(lambda tokens: [tokens]))
