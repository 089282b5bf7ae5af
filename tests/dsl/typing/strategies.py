"""Random expressions: right ones by type, and texts that merely parse."""

from __future__ import annotations

from hypothesis import strategies as st

Texts = st.SearchStrategy[str]


def _of(*texts: str) -> Texts:
    return st.sampled_from(texts)


def _form(template: str, *parts: Texts) -> Texts:
    return st.tuples(*parts).map(lambda values: template.format(*values))


def _numbers(inner: Texts, texts: Texts, lists: Texts, bools: Texts) -> Texts:
    return st.one_of(
        _form("({} + {})", inner, inner),
        _form("({} - {})", inner, inner),
        _form("({} / {})", inner, inner),
        _form("({} % {})", inner, inner),
        _form("({}).size()", texts),
        _form("size({})", lists),
        _form("({} ? {} : {})", bools, inner, inner),
        _form("math.abs({})", inner),
        _form("int(string({}))", inner),
        _form("optional.of({}).orValue({})", inner, inner),
        _form("cel.bind(n, {}, n + n)", inner),
    )


class Grammar:
    """Expressions of each type, to a depth."""

    def __init__(self, depth: int) -> None:
        below = Grammar(depth - 1) if depth else None
        self.ints: Texts = _of("0", "1", "-3", "7", "action.count", "risk", "x.size()")
        self.decimals: Texts = _of("action.rate", 'decimal("1.50")', "decimal(3)")
        self.doubles: Texts = _of("1.5", "action.score", "double(2)")
        self.money: Texts = _of(
            "action.amount", "5 USD", "action.euros", "1.50 EUR", "action.cash",
            "changes.Amount.new",
        )  # fmt: skip
        self.texts: Texts = _of(
            '"a"', '"open"', '""', "action.customer", "action.reason", "action.order",
            "action.stage", "action.backup.card", "action.backup.status", "changes.Owner.old",
            "x", "n", "agent.id",
        )  # fmt: skip
        self.lists: Texts = _of("action.tags", '["a", "b"]', "[]", "changes.fields", "data.pool")
        self.times: Texts = _of("now", "action.expires", "2026-01-01T00:00:00Z")
        self.spans: Texts = _of("1h", "30d", "action.ttl", "(now - now)")
        self.bools: Texts = _of(
            "true", "false", "action.public", "has(action.reason)", "has(action.order)",
            "has(action.backup)", "has(action.backup.card)", "has(action.expires)",
            'changes.has("Amount")', 'changes.has("Owner")', 'changes.only(["Owner"])',
            '"Amount" in changes.fields', "given", "long", "safe_long", "not_given",
        )  # fmt: skip
        if below is not None:
            self._grow(below)

    def _grow(self, b: Grammar) -> None:
        order = _of("<", "<=", ">", ">=", "==", "!=")
        self.ints |= _numbers(b.ints, b.texts, b.lists, b.bools)
        self.decimals |= st.one_of(
            _form("({} {} {})", b.decimals, _of("+", "-", "*", "/"), b.decimals),
            _form("({} {} {})", b.decimals, _of("+", "*", "-"), _of("1.25", "2", "0.1")),
            _form('round({}, 1, "half_up")', b.decimals),
        )
        self.money |= st.one_of(
            _form("({} {} {})", b.money, _of("+", "-"), b.money),
            _form("({} * {})", b.money, st.one_of(b.decimals, b.ints, _of("1.5"))),
            _form("math.abs({})", b.money),
            _form("({} ? {} : {})", b.bools, b.money, b.money),
        )
        self.texts |= st.one_of(
            _form("({} + {})", b.texts, b.texts),
            _form("({}).lowerAscii()", b.texts),
            _form("({}).substring(1)", b.texts),
            _form("string({})", st.one_of(b.ints, b.money, b.spans, b.decimals)),
            _form("({} ? {} : {})", b.bools, b.texts, b.texts),
            _form("action.?reason.orValue({})", b.texts),
        )
        self.lists |= st.one_of(
            _form("({} + {})", b.lists, b.lists),
            _form("({}).map(x, {})", b.lists, b.texts),
            _form("({}).map(x, {}, {})", b.lists, b.bools, b.texts),
            _form("({}).filter(x, {})", b.lists, b.bools),
            _form("[{}, {}]", b.texts, b.texts),
            _form("({}).sort()", b.lists),
            _form('({}).split(",")', b.texts),
        )
        self.times |= _form("({} {} {})", b.times, _of("+", "-"), b.spans)
        self.spans |= _form("({} - {})", b.times, b.times)
        same = [(b.ints, b.ints), (b.decimals, b.decimals), (b.money, b.money), (b.texts, b.texts),
                (b.times, b.times), (b.spans, b.spans), (b.doubles, b.ints),
                (b.decimals, _of("1.5", "2"))]  # fmt: skip
        compared = st.one_of(*(_form("({} {} {})", left, order, right) for left, right in same))
        ranges = st.one_of(*(_form("({} in {} .. {})", a, c, c) for a, c in same))
        self.bools |= st.one_of(
            compared,
            compared,
            ranges,
            _form("({} && {})", b.bools, b.bools),
            _form("({} && {})", b.bools, b.bools),
            _form("({} || {})", b.bools, b.bools),
            _form("!{}", b.bools),
            _form("({} ? {} : {})", b.bools, b.bools, b.bools),
            _form("({} in {})", b.texts, b.lists),
            _form("({}).{}(x, {})", b.lists, _of("all", "exists", "exists_one"), b.bools),
            _form("({}).all(i, x, i >= 0 && {})", b.lists, b.bools),
            _form('({}).matches("^a+")', b.texts),
            _form("({}).{}({})", b.texts, _of("contains", "startsWith"), b.texts),
        )

    def any_of_them(self) -> Texts:
        """Return expressions of all types."""
        return st.one_of(self.bools, self.bools, self.ints, self.decimals, self.money, self.texts,
                         self.lists, self.times, self.spans)  # fmt: skip


WELL_TYPED_OFTEN = Grammar(3).any_of_them()
"""Expressions of which many are right; of those with fields that may be absent, fewer."""

_WORDS = _of(
    "action", "changes", "refunds", "data", "now", "small", "circle", "other", "math", "x", "y",
    "size", "has", "all", "map", "matches", "in", "amount", "reason", "Amount", "count", "last",
    "sum", "within", "fields", "only", "agreement", "by_amount", "bind", "cel", "optional", "of",
    "null", "true", "5", "5u", "1.5", "5 USD", "1bd", "30d", '"a"', "'Owner'", "b'x'",
    "2026-01-01", "(", ")", "[", "]", "{", "}", ".", ".?", ",", ":", "?", "+", "-", "*", "/", "%",
    "!", "&&", "||", "==", "<", ">=", "..", "[?", ".x", "zzz", "`a-b`",
)  # fmt: skip
TOKENS = st.lists(_WORDS, max_size=12).map(" ".join)
"""Texts of the language's words, few of which parse."""


def _wild(inner: Texts) -> Texts:
    name = _of("size", "all", "map", "has", "zzz", "count", "sum", "last", "only", "matches", "in",
               "abs", "bind", "optMap", "sortBy", "orValue", "format",
               "transformMapEntry")  # fmt: skip
    operator = _of("+", "-", "*", "/", "%", "==", "!=", "<", ">=", "in", "&&", "||")
    return st.one_of(
        _form("({} {} {})", inner, operator, inner),
        _form("({} in {} .. {})", inner, inner, inner),
        _form("({} ? {} : {})", inner, inner, inner),
        _form("{}({})", name, inner),
        _form("({}).{}({})", inner, name, inner),
        _form("({}).{}(x, {})", inner, name, inner),
        _form("({}).{}(x, y, {})", inner, name, inner),
        _form("({}).{}(amount, within: {})", inner, name, inner),
        _form("({}).{}", inner, _of("amount", "reason", "?Amount", "new", "zzz", "fields")),
        _form("({})[{}]", inner, inner),
        _form("({})[?{}]", inner, inner),
        _form("[{}, ?{}]", inner, inner),
        _form("{{{}: {}}}", inner, inner),
        _form("-({})", inner),
        _form("!({})", inner),
        _form("math.{}({}, {})", name, inner, inner),
        _form("agreement({}, within: {})", inner, inner),
    )


_LEAVES = _of(
    "action", "changes", "refunds", "data", "now", "office", "agent", "small", "circle", "itself",
    "other", "other.cheap", "x", "y", "null", "true", "5", "5u", "1.5", "5 USD", "1bd", "30d",
    '"a"', '"Owner"', "b'x'", "[]", "{}", "int", "google.protobuf.Timestamp", ".action", "zzz",
    "action.reason", "changes.Amount", "refunds.last()", "action.extra", "long", "broken",
)  # fmt: skip
WILD: Texts = st.recursive(_LEAVES, _wild, max_leaves=12)
"""Expressions that parse and mostly mean nothing."""
