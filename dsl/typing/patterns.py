"""Regular expressions: is a text one, and how much work are those of a set? RE2 syntax.

Source: docs/language.md#expressions, #limits.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from typing import Any, Final, cast

from gatewright.dsl import limits

MAX_PATTERN_CHARS = 1_000
_MAX_PROGRAM_BYTES = 1 << 20
_TOO_LARGE: Final = _MAX_PROGRAM_BYTES // 40
"""How many instructions a pattern counts for that is compiled up to `_MAX_PROGRAM_BYTES`."""


class Patterns:
    """The patterns of a policy set, looked at one by one until they are too much work together."""

    def __init__(self) -> None:
        self._left = limits.MAX_INSTRUCTIONS
        self._problems: dict[str, str | None] = {}

    @property
    def are_too_large(self) -> bool:
        """Whether those looked at so far have more than `limits.MAX_INSTRUCTIONS`."""
        return self._left < 0

    def problem(self, pattern: str) -> str | None:
        """Return what is wrong with an RE2 pattern, or None; each is compiled and counted once.

        >>> Patterns().problem("(a|b")
        'missing ): (a|b'
        """
        if pattern not in self._problems:
            self._problems[pattern], size = _compiled(pattern)
            self._left -= size
        return self._problems[pattern]


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> tuple[str | None, int]:
    """Return what is wrong with a pattern, and how many instructions it is compiled to."""
    if len(pattern) > MAX_PATTERN_CHARS:
        return f"it has more than {MAX_PATTERN_CHARS:,} characters", 0
    # Loaded only here, because most policies have no pattern; the library has no type hints.
    re2 = cast(Any, import_module("re2"))
    options = re2.Options()
    options.max_mem = _MAX_PROGRAM_BYTES
    options.log_errors = False
    try:
        return None, int(re2.compile(pattern, options).programsize)
    except re2.error as error:
        why: object = error.args[0] if error.args else ""
        text = why.decode("utf-8", "replace") if isinstance(why, bytes) else str(why)
        return text, _TOO_LARGE if "too large" in text else 0
    except UnicodeEncodeError:
        return "it holds half of a character", 0
