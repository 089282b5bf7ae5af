"""What the fields of generated actions are: a type, JSON values that fit or not, and conditions.

A name has one type everywhere, so that a history or a rule may look at several actions. Values and
bounds come from the same few, so that equality and thresholds are met often. In conditions `@`
stands for the path to the value.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

NOW = "2026-06-15T12:00:00Z"
"""A Monday, at noon in London and two o'clock in Berlin."""

Json = object


@dataclass(frozen=True)
class FieldKind:
    """A type with its material.

    `surely` are conditions that have an answer for every value of the type; `partly` may err, for
    which docs/language.md has words: overflow, division, rounding, a missing key or position, two
    currencies, a text that is no number. `dynamic` are those that only a run can type.
    """

    type: str
    values: tuple[Json, ...]
    wrong: tuple[Json, ...]
    surely: tuple[str, ...]
    partly: tuple[str, ...] = ()
    dynamic: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    """Constants in rising order, for ladders and ranges."""
    cells: tuple[str, ...] = ()
    """Constants without an order, for cells of tables."""
    summed: bool = False
    key: bool = False


def _each(*templates: str, **pools: Iterable[str]) -> tuple[str, ...]:
    """Fill in every combination of the pools that a template names."""
    filled: list[str] = []
    for template in templates:
        names = [name for name in pools if f"<{name}>" in template]
        for values in product(*(pools[name] for name in names)):
            text = template
            for name, value in zip(names, values, strict=True):
                text = text.replace(f"<{name}>", value)
            filled.append(text)
    return tuple(filled)


_ORDER = ("<", "<=", ">", ">=", "==", "!=")
_SOME_ORDER = ("<", ">=", "==")
_NUMBERLIKE = ("<", ">=", "==", "!=")

BOOL = FieldKind(
    "bool",
    (True, False),
    ("true", 1, None),
    ("@", "!@", "@ == true", "@ != false", "(@ ? 1 : 2) > 1"),
    cells=("true", "false"),
)
INT = FieldKind(
    "int",
    (0, 1, 5, 10, 100, -3, 9223372036854775807),
    ("5", 1.5, True, 9223372036854775808),
    _each("@ <op> <n>", "@ in <n> .. 10", "double(@) <op> 5.5", "@ in [1, <n>]",
          op=_ORDER, n=("1", "5", "10")),
    _each("@ + 1 > <n>", "@ * 2 <= <n>", "10 / @ >= <n>", "@ % 3 == 1", "-@ < <n>",
          "math.abs(@) >= <n>", "uint(@) > 3u", "lists.range(@ % 4).size() > 1",
          n=("1", "5")),
    steps=("-3", "1", "5", "10", "100"),
    summed=True,
)  # fmt: skip
UINT = FieldKind(
    "uint",
    (0, 1, 5, 10, 18446744073709551615),
    (-1, "5", 2.5),
    _each("@ <op> <n>", "@ in 1u .. <n>", op=_ORDER, n=("1u", "5u", "10u")),
    ("@ + 1u > 5u", "@ - 1u < 5u", "int(@) > 5", "@ * 2u >= 10u"),
    steps=("1u", "5u", "10u"),
    summed=True,
)
DOUBLE = FieldKind(
    "double",
    (0.5, 0.0, -0.0, 1.5, 10.25, 5, 1e308),
    ("0.5", True),
    _each("@ <op> <n>", "@ * 2.0 > <n>", "1.0 / @ < <n>", "math.round(@) == <n>",
          "@ in <n> .. 10", "@ * 10.0 - @ * 10.0 == @", op=_SOME_ORDER, n=("0.5", "1.5", "5")),
    ("int(@) >= 1",),
    steps=("0.5", "1.5", "10.25"),
    summed=True,
)  # fmt: skip
DECIMAL = FieldKind(
    "decimal",
    ("1.50", "0", "3.333", "10", 7),
    ("1,5", True, "1.50 USD"),
    _each("@ <op> <n>", "@ + 1 <op> <n>", 'round(@, 1, "half_up") <op> <n>', "@ in 0.1 .. <n>",
          'divide(@, 3, 2, "half_even") <op> <n>', op=_SOME_ORDER, n=("1.50", "3", "0.30")),
    ("@ / 3 > 1.1", "10 / @ > 2.5", "@ / 2 == 0.75", "@ < 1e300", "@ in [1.50, 1e300]",
     'decimal("1e59") * @ > 1'),
    steps=("0.5", "1.50", "3.333", "10"),
    summed=True,
)  # fmt: skip
DOLLARS = FieldKind(
    "money(USD) >= 0 USD",
    ("5.00 USD", "0.00 USD", "49.99 USD", "50.00 USD", "200.00 USD", "200.01 USD",
     {"amount": "50", "currency": "USD"}),
    ("-1.00 USD", "50.00 EUR", 50, 49.99, "fifty USD", {"amount": 50, "currency": "USD"}),
    _each("@ <op> <m>", "@ in 1 USD .. <m>", "@ * 2 <op> <m>", "@ + 10.50 USD > <m>",
          "@ - <m> <op> 0 USD", "@ / 2 USD >= 25",
          op=_ORDER, m=("50 USD", "200 USD")),
    ("@ / 3 > 10 USD", "100 USD / @ > 2", "@ / @ == 1", '@ + money("5 EUR") > 10 USD',
     '@ in [money("50 EUR"), 50 USD]', 'math.greatest(@, money("7 EUR")) == @'),
    steps=("10 USD", "50 USD", "200 USD"),
    summed=True,
)  # fmt: skip
MONEY = FieldKind(
    "money",
    ("5.00 USD", "50.00 EUR", "7 EUR", "50.00 USD"),
    (50, "EUR 50", True),
    ("math.abs(@) == @",),
    _each(
        "@ <op> <m>",
        "@ + <m> > @",
        '@ in <m> .. money("50 USD")',
        '@ in money("5 EUR") .. <m>',
        "@ in [<m>, 7 EUR]",
        'money("5 EUR") + @ <op> <m>',
        '@ - money("5 EUR") in <m> .. <m>',
        "@ - <m> < @",
        "@ / <m> >= 1",
        op=_NUMBERLIKE,
        m=("5 EUR", "50 USD"),
    ),
    summed=True,
)
STRING = FieldKind(
    "string",
    ("C-1", "", "C-2", "Übel", "U\u0308bel", "see bot-1"),
    (5, True, ["C-1"]),
    _each("@ == <s>", "@ != <s>", '@ in [<s>, "x"]', "@.startsWith(<s>)", "@.contains(<s>)",
          "@ < <s>", "@.size() > 2", '@.matches("^C-[0-9]+$")', '@.lowerAscii() == "c-1"',
          '@.split("-").size() == 2', '@ + "!" == "C-1!"', "(<s> + @).size() > 4",
          "@.indexOf(<s>) == 0", 'regex.replace(@, "[0-9]", "n") == "C-n"',
          "@.trim().upperAscii() != @", '@.replace("-", "").size() == 2', 'strings.quote(@) != ""',
          s=('"C-1"', '"Übel"')),
    ('@.charAt(0) == "C"', '@.substring(2) == "1"', "int(@) > 5", '@.split("-")[1] == "1"',
     'regex.extract(@, "[0-9]").value() == "1"', "duration(@) > 1h"),
    cells=('"C-1"', '"C-2"', '"Übel"', '""'),
    key=True,
)  # fmt: skip
SHORT = FieldKind(
    "string(max: 8)",
    ("note", "", "12345678"),
    ("123456789", 5),
    ("@.size() < 8", '@ == "note"', '@.endsWith("8")', '@.reverse() == "eton"'),
    cells=('"note"', '"12345678"'),
    key=True,
)
ENUM = FieldKind(
    'enum("low", "mid", "high")',
    ("low", "mid", "high"),
    ("LOW", "lo", 1, ""),
    _each("@ == <e>", "@ != <e>", '@ in [<e>, "high"]', "!(@ in [<e>])",
          e=('"low"', '"mid"')),
    cells=('"low"', '"mid"', '"high"'),
    key=True,
)  # fmt: skip
TIMESTAMP = FieldKind(
    "timestamp",
    ("2026-06-15T12:00:00Z", "2026-06-15T20:00:00Z", "2026-05-16T12:00:00Z",
     "2026-07-25T23:59:59.5Z"),
    ("yesterday", 5, "2026-13-01T00:00:00Z"),
    _each("@ <op> now", "@ - now <op> <d>", "now - <d> <op> @", "@ > 2026-06-15T12:00:00Z",
          "@.getDayOfWeek() in [1, 2, 3]", '@.getHours("Europe/Berlin") >= 14',
          "@.getFullYear() == 2026", op=_SOME_ORDER, d=("8h", "30d")),
    steps=("2026-05-16T12:00:00Z", "2026-06-15T12:00:00Z", "2026-07-01T00:00:00Z"),
)  # fmt: skip
DURATION = FieldKind(
    "duration",
    ("1h", "30m", "8h", "30d", "-1h"),
    ("soon", 5, "1bd"),
    _each("@ <op> <d>", "@ + 1h <op> <d>", "now + @ <op> now + <d>", "@.getHours() >= 8",
          op=_SOME_ORDER, d=("1h", "30d")),
    steps=("0s", "1h", "8h", "1d"),
    summed=True,
)  # fmt: skip
STRINGS = FieldKind(
    "list<string>",
    (["C-1"], [], ["x", "C-2", "x"], ["Übel"]),
    ("C-1", [1], {}),
    _each("@.size() > 1", "<s> in @", "@.exists(t, t == <s>)", "@.all(t, t.size() > 1)",
          "@.filter(t, t != <s>).size() == 1", "@.map(t, t.size()).exists(n, n > 2)",
          "@.exists_one(t, t == <s>)", "@ == [<s>]", "sets.contains(@, [<s>])",
          '@.join(",") == <s>', "@.distinct().size() < @.size()",
          '@.first().orValue("-") == <s>', "@.exists(i, t, i > 0 && t == <s>)",
          "@.transformList(i, t, t + string(i)).size() > 0",
          "@[?0].hasValue()", '@[?0].orValue("").split("").size() > 2', "cel.bind(l, @, l.size() > 1)", "(@ + [<s>]).size() > 2",
          s=('"C-1"', '"x"')),
    ('@[0] == "C-1"', '@[1].size() == 1', '@.map(t, int(t)).size() > 0'),
)  # fmt: skip
COUNTS = FieldKind(
    "map<string, int>",
    ({"a": 1}, {}, {"a": 10, "b": 5}),
    ([1], {"a": "1"}, "a"),
    _each('<k> in @', '<k> in @ && @[<k>] > 3', "@.size() == 1", "@.exists(k, @[k] > 3)",
          "@.all(k, v, v > 0)", "@[?<k>].orValue(0) > 3", "@.exists(k, v, k == <k> && v == 10)",
          "has(@.a) && @.a >= 5", "@.transformMap(k, v, v > 5).size() > 0", k=('"a"', '"b"')),
    ('@["a"] > 3', "@.b == 5", "@.map(k, @[k] / 0).size() == 0"),
)  # fmt: skip
FEES = FieldKind(
    "list<money>",
    ([], ["5.00 USD"], ["5.00 USD", "7 EUR"], ["50.00 EUR", "7 EUR"]),
    (["5"], "5 USD", [5]),
    ("@.size() > 1", "@ == []", "@.exists(f, f == f)"),
    _each("<m> in @", "@ == [<m>]", "@.exists(f, f > <m>)", '@.all(f, f in money("1 USD") .. <m>)',
          "@[0] >= <m>", "@.sort().size() > 1", "@.map(f, f + <m>).size() > 1", "@[?0].orValue(<m>) < 10 USD",
          "sets.contains(@, [<m>])", "math.greatest(@) > <m>", m=("5 USD", "7 EUR")),
)  # fmt: skip
RATES = FieldKind(
    "list<decimal>",
    ([], ["1.1"], ["1.10", "2.20"], ["0", "-1.5"]),
    (["x"], 1.5, [True]),
    _each("@ == [1.10, <n>]", "<n> in @", "@.exists(r, r > <n>)", "@.all(r, r in <n> .. 2.20)",
          '@[?0].orValue(decimal("<n>")) == 1.1', "@.map(r, r * 2).exists(r, r == <n>)", "sets.contains(@, [decimal(\"<n>\")])",
          n=("1.10", "2.2")),
    ("@[0] == 1.1", "math.least(@) < 1.5", "@.sort()[0] < 1.5"),
)  # fmt: skip
COSTS = FieldKind(
    "map<string, decimal>",
    ({}, {"a": "1.10"}, {"a": "1.1", "b": "5"}),
    ({"a": "x"}, [], {"a": 1.5}),
    _each('@ == {"a": <n>}', '"a" in @ && @.a > <n>', '@[?"a"].orValue(decimal("<n>")) <= 1.5',
          "@.exists(k, v, v == <n>)", n=("1.10", "5.0")),
    ('@.a < 1.5', '@["b"] == 5.0'),
)  # fmt: skip
BLOB = FieldKind(
    "bytes",
    ("", "YQ==", "w5w="),
    ("a", 5, "YQ"),
    (
        '@ == b"a"',
        "@.size() > 1",
        '@ < b"b"',
        '@ in [b"a", b""]',
        "base64.encode(@) == 'YQ=='",
        '(@ + b"a").size() == 2',
    ),
    ("string(@) == 'a'",),
)
ANY = FieldKind(
    "any",
    (5, "C-1", True, None, 1.5, ["C-1", 5], {"a": 1}, "5 USD", "3d", [1.5, "U\u0308bel"]),
    (),
    ("type(@) == int", "type(@) == string", "@ == 5", '@ == "C-1"', "@ != null", "@ in [5, true]"),
    dynamic=(
        "@ > 5 USD",
        '@ in money("1 USD") .. 9 EUR',
        "@ < 14d",
        "@ == 3d",
        "@ > 3",
        "@.size() > 1",
        "@ + 1 == 6",
        "@",
        "@.a == 1",
        "has(@.a)",
        '"C-1" in @',
    ),
)
PERSON = FieldKind(
    "Person",
    ({"name": "ann", "level": 1}, {"name": "bob", "level": 9, "phone": "555"}),
    ("ann", {"name": "ann"}, {"name": "ann", "level": "1"}, {"name": "a", "level": 1, "x": 2}),
    _each("@.name == <n>", "@.level >= 5", "has(@.phone)", 'has(@.phone) && @.phone == "555"',
          "!has(@.phone) || @.phone.size() > 2", "has(@.phone) ? @.phone != <n> : @.level < 5",
          '@.?phone.orValue("-") == "555"', n=('"ann"', '"bob"')),
    ("@.level * @.level > 80",),
)  # fmt: skip

PERSON_TYPE = "type Person { name: string, level: int, @secret phone?: string }"

FIELDS: dict[str, FieldKind] = {
    "amount": DOLLARS,
    "customer": STRING,
    "level": ENUM,
    "n": INT,
    "public": BOOL,
    "due": TIMESTAMP,
    "tags": STRINGS,
    "rate": DECIMAL,
    "fee": MONEY,
    "share": DOUBLE,
    "units": UINT,
    "length": DURATION,
    "note": SHORT,
    "counts": COUNTS,
    "fees": FEES,
    "rates": RATES,
    "costs": COSTS,
    "blob": BLOB,
    "extra": ANY,
    "person": PERSON,
    "token": STRING,
}
"""Names of parameters; `token` is secret."""
SECRET = "token"  # noqa: S105 - the name of a field

CHANGED: dict[str, FieldKind] = {
    "Amount": DOLLARS,
    "Stage": ENUM,
    "Owner": STRING,
    "Count": INT,
    "Flag": BOOL,
}
TARGET: dict[str, FieldKind] = {"stage": ENUM, "region": STRING, "open": BOOL, "value": INT}
