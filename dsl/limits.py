"""The limits of a policy text. Past one there is a diagnostic, never an exception.

Source: language.md §4.
"""

from __future__ import annotations

MAX_FILE_BYTES = 1024 * 1024
MAX_TOKENS = 50_000
MAX_DEPTH = 64
"""How deep brackets and expressions may nest."""
MAX_DIGITS = 60
"""How many significant digits a decimal or money number may have."""

INT_MIN = -(2**63)
INT_MAX = 2**63 - 1
UINT_MAX = 2**64 - 1
