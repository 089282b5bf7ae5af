"""A word with letters of another alphabet that look like Latin ones.

Avoid:

    guard vip when action.customer == "\u0430cme" => block      // the first letter is Cyrillic

Prefer:

    guard vip when action.customer == "acme" => block

Why: two texts that look the same are not equal, so a guard with such a word never matches, and a
test may claim what it does not show. A word is reported when it mixes Latin letters with Cyrillic
or Greek ones that look Latin, or has only such letters and reads like another word of the policy.
A single letter is a word in many languages; it is reported only where the whole text is a copy.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

from gatewright.dsl.diagnostics import Diagnostic
from gatewright.dsl.lint.base import Lint
from gatewright.dsl.lint.texts import texts
from gatewright.dsl.lint.view import View
from gatewright.dsl.messages import lints as messages
from gatewright.dsl.source import Span

# Code points of Cyrillic and Greek letters, each with the Latin letter that it looks like.
_PAIRS = """
0430a 0435e 043eo 0440p 0441c 0443y 0445x 0456i 0458j 0455s 04bbh 0501d 051bq 051dw 04cfl 0475v
0433r 043fn 0410A 0412B 0415E 0406I 0408J 041aK 041cM 041dH 041eO 0420P 0421C 0405S 0422T 0423Y
0425X 050cG 051aQ 051cW
03b1a 03b9i 03bak 03bfo 03c1p 03c5u 03bdv 03c4t 03c7x 03b3y 03f2c 03f3j 0391A 0392B 0395E 0396Z
0397H 0399I 039aK 039cM 039dN 039fO 03a1P 03a4T 03a5Y 03a7X
"""
_LOOKS_LIKE = {chr(int(pair[:4], 16)): pair[4] for pair in _PAIRS.split()}
_LETTERS = frozenset(_LOOKS_LIKE.values())
_WORD = re.compile(r"[^\W_]+")
_FOREIGN = re.compile(f"[{''.join(_LOOKS_LIKE)}]")


def check(view: View) -> Iterator[Diagnostic]:
    """Yield a warning for each word of a text that could be taken for another one."""
    written = list(texts(view))
    suspects = [(place, said) for place, said in written if _FOREIGN.search(said)]
    known = _words(said for _, said in written) if suspects else set[str]()
    for place, said in suspects:
        is_copy = _latin(said) in known
        for word in _WORD.findall(said):
            foreign = _FOREIGN.search(word)
            if foreign and (is_copy or _is_mixed(word) or _latin(word) in known - _LETTERS):
                char = foreign.group()
                yield messages.look_alike(_find(word, place), word, char, _LOOKS_LIKE[char])


def _words(said: Iterable[str]) -> set[str]:
    """Return whole texts in ASCII and the words in them."""
    plain = {text for text in said if text.isascii()}
    return plain.union(*(_WORD.findall(text) for text in plain))


def _is_mixed(word: str) -> bool:
    """Tell whether a word has Latin letters too, of ASCII or with an accent."""
    return any(unicodedata.name(char, "").startswith("LATIN ") for char in word)


def _latin(word: str) -> str:
    """Return what a word reads like."""
    return "".join(_LOOKS_LIKE.get(char, char) for char in word)


def _find(word: str, place: Span) -> Span:
    """Return where a word stands in its text; the whole text if it is written with escapes."""
    at = place.text.find(word)
    if at < 0:
        return place
    return Span(place.source, place.start + at, place.start + at + len(word))


LINT = Lint("look-alike", "GW1014", check)
