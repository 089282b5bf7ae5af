"""What is wrong with a data document, as its readers raise it."""

from __future__ import annotations


class BadDocument(Exception):
    """What is wrong with a document, in policy words, and at which offset where that is known."""

    def __init__(self, why: str, at: int = 0) -> None:
        super().__init__(why)
        self.at = at


class TooManyValues(Exception):
    """The data of a set holds more values than it may; `at` is where the first of them stands."""

    def __init__(self, at: int) -> None:
        super().__init__("too many values")
        self.at = at
