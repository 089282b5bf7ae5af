"""What is raised for a path that cannot be read."""

from __future__ import annotations


class Unreadable(Exception):
    """A path that cannot be read at all; commands end with exit code 2."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path = path
        self.why = why
