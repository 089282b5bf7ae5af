r"""A text with characters that cannot be seen, or that turn the order of a line around.

Avoid: a string with a zero-width space, a soft hyphen or a bidirectional mark in it.

Prefer:

    guard vip when action.customer == "acme" => block
    guard odd when action.customer.contains("\u200b") => block

Why: what is read is not what is compared, or what a person is shown in an approval. An escape such
as `\u200b` says openly what it means, and is not reported. A joiner between letters or emoji of
scripts that need it is fine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gatewright.dsl.diagnostics import MAX_FOUND, Diagnostic
from gatewright.dsl.lint.base import Lint
from gatewright.dsl.lint.texts import texts
from gatewright.dsl.lint.view import View
from gatewright.dsl.messages import lints as messages
from gatewright.dsl.source import Span
from gatewright.dsl.syntax.scan import BIDI

_INVISIBLE = (
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b\u2060-\u2064\u206a-\u206f\u3164\ufeff\uffa0"
    "\U000e0000-\U000e007f"
)
_JOINERS = "\u200c\u200d"
_HIDDEN = re.compile(f"[{_INVISIBLE}{_JOINERS}{''.join(sorted(BIDI))}]")


def check(view: View) -> Iterator[Diagnostic]:
    """Yield a warning for each character of a text that a reader cannot see.

    After `MAX_FOUND` of them only for the first of each text, since a file may have 300,000.
    """
    found = 0
    for place, _ in texts(view):
        written = place.text
        if written.isascii():
            continue
        for match in _HIDDEN.finditer(written):
            if match.group() not in _JOINERS or _joins_nothing(written, match.start()):
                at = place.start + match.start()
                yield messages.hidden_character(Span(place.source, at, at + 1), match.group())
                found += 1
                if found >= MAX_FOUND:
                    break


def _joins_nothing(written: str, at: int) -> bool:
    """Tell whether a joiner stands beside a character that never joins, such as a quote."""
    return written[at - 1].isascii() or written[at + 1].isascii()


LINT = Lint("hidden-character", "GW1015", check)
