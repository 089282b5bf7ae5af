"""The limits of a policy text. Past one there is a diagnostic, never an exception.

Source: docs/language.md#limits.
"""

from __future__ import annotations

MAX_FILE_BYTES = 1024 * 1024
MAX_TOKENS = 50_000
MAX_DEPTH = 64
"""How deep brackets and expressions may nest."""
MAX_VALUES = 100_000
"""How many values a document of data may hold: each text, number, list, object and so on is one."""
MAX_CASES = 250
"""How many rows one `cases` may have: each has the conditions of all before it."""
MAX_DECLARATIONS = 3_000
"""How many declarations a file may have."""
MAX_ROWS = 5_000
"""How many rows the `tier`s, `table`s and `cases` of the rules of a file may have together."""
MAX_PARTS = 20_000
"""How many names, values, calls and operators a file may have in its expressions and cells."""
MAX_TEST_RUNS = 2_000
"""How often the tests of one file may run, each row of `cases` counted."""
MAX_CLAUSES = 100
"""How many `when` and `unless` lines a rule or guard may have: each of its rows has them all."""
MAX_OUTRANKED = 100_000
"""In how many pairs the routes of a set may outrank one another, transitively."""
MAX_REQUIRED = 50
"""How many routes one effect may require."""
MAX_CHECKS = 200_000
"""How many pairs of a row and an action a set may have; what has no rows counts as one."""
MAX_DIFFERENT = 100_000
"""How many parts of declarations and `let`s may be checked anew for actions of other types."""
MAX_HISTORY_FIELDS = 200_000
"""How many fields the actions of all histories of a set may have, each history's counted."""
MAX_INSTRUCTIONS = 500_000
"""How many instructions the regular expressions of a set may be compiled to, each counted once."""
MAX_DIGITS = 60
"""How many significant digits a decimal or money number may have."""

INT_MIN = -(2**63)
INT_MAX = 2**63 - 1
UINT_MAX = 2**64 - 1
