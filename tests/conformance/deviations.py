"""Where conditions mean something else than the CEL conformance suite says, and why.

A case stands here by file, section and name. An entry that no longer deviates fails the tests.
"""

from __future__ import annotations

EXACT = (
    "int and double compare exactly: 2^63 as a double is greater than the largest int, which CEL "
    "first rounds to that double. Source: docs/language.md#expressions."
)
NORMALISED = "strings are compared in Unicode normal form C. Source: docs/language.md#action."

DEVIATIONS: dict[tuple[str, str, str], str] = {
    ("comparisons", "lt_literal", "not_lt_dyn_int_big_lossy_double"): EXACT,
    ("comparisons", "gt_literal", "not_gt_dyn_big_double_int"): EXACT,
    ("comparisons", "lte_literal", "lte_dyn_big_double_int"): EXACT,
    ("comparisons", "gte_literal", "gte_dyn_int_big_lossy_double"): EXACT,
    ("comparisons", "eq_literal", "no_string_normalization"): NORMALISED,
}
"""Cases of the whole suite; the given part of it need not hold them all."""
