"""How the compiled form of large actions stands in a bundle: names, numbers, limits.

Three sections: `trees` has JSON texts one after the other, `trees-offsets` where each begins,
`trees-index` which belong to an action. The first text of an action is its head, the others are
the nodes of its trees, children before those that lead to them. A child is the number of a node, or
the list of the rows that hold where nothing is left to ask.

    [0, 0, rows, [[row, condition], ...]]                  rows that hold, and some that depend
    [1, height, slot, [value, ...], children]              a child a value, other, absent
    [2, height, slot, [text, ...], children]               the same for texts
    [3, height, slot, [[bound, ...], [bound, ...]], children]
                                                           bounds that a value is below, and that it
                                                           may equal; a child a part, absent
    [4, height, slot, null, children]                      there, absent

Each node is higher than its children, so that whoever goes down arrives. A value is a text, an
integer, a bool, or a decimal as a list of its text.

    {"asks", "atoms", "conditions", "open", "permits", "risks", "rows", "scores", "slots", "trees"}

An atom is `["member", slot, values]`, `["below", slot, bound, inclusive]`, `["present", slot]`,
`["opaque", package, expression]` or `["counted", exception, most]`. A condition is true, false,
null for an error, the number of an atom, `-1 - number` for its opposite, or a list of `"&"` or
`"|"` and conditions.
"""

from __future__ import annotations

from typing import Final

TREES: Final = "trees"
OFFSETS: Final = "trees-offsets"
INDEX: Final = "trees-index"
"""The names of the sections; `kinds.COMPILED_SECTIONS` are all of them."""

COMPILER: Final = "0650a5a95d0f71d9"
"""The fingerprint of the code that makes trees and writes them.

What another state of it wrote is not read.
"""

LEAST_ROWS: Final = 256
"""How many rows an action has at least whose compiled form is written.

Below, a decision by the interpreter costs no more than importing what reads trees, and compiling
costs little more than reading what was compiled; docs/bundles.md has the figures.
"""
MOST_ROWS: Final = 400_000
"""How many rows are compiled for one bundle; the largest actions come first.

A rule on `*` is a row of every action.
"""
MOST_HEIGHT: Final = 200
"""How many questions stand one below the other at most."""
MOST_PARTS: Final = 30_000
"""How many atoms a condition has at most, each counted as often as it stands there."""
MOST_SLOTS: Final = 4_096
"""How many paths are read of an action at most: a function of as many statements reads them."""
MOST_DEPTH: Final = 200
"""How deep conditions are nested at most, in the nodes of their formula."""

RESIDUE: Final = 0
SWITCH: Final = 1
TEXTS: Final = 2
RANGE: Final = 3
PRESENCE: Final = 4

HEAD: Final = frozenset(
    {"asks", "atoms", "conditions", "open", "permits", "risks", "rows", "scores", "slots", "trees"}
)
