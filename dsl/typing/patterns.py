"""Regular expressions: is a text one? RE2 syntax, which has linear time.

Source: docs/language.md#expressions.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from typing import Any, cast

MAX_PATTERN_CHARS = 1_000
_MAX_PROGRAM_BYTES = 1 << 20


@lru_cache(maxsize=256)
def pattern_problem(pattern: str) -> str | None:
    """Return what is wrong with an RE2 pattern, or None.

    >>> pattern_problem("(a|b")
    'missing ): (a|b'
    """
    if len(pattern) > MAX_PATTERN_CHARS:
        return f"it has more than {MAX_PATTERN_CHARS:,} characters"
    # Loaded only here, because most policies have no pattern; the library has no type hints.
    re2 = cast(Any, import_module("re2"))
    options = re2.Options()
    options.max_mem = _MAX_PROGRAM_BYTES
    options.log_errors = False
    try:
        re2.compile(pattern, options)
    except re2.error as error:
        why: object = error.args[0] if error.args else ""
        return why.decode("utf-8", "replace") if isinstance(why, bytes) else str(why)
    except UnicodeEncodeError:
        return "it holds half of a character"
    return None
