"""What is wrong with a bundle."""

from __future__ import annotations

from gatewright.dsl.diagnostics import PolicyError


class BundleError(PolicyError):
    """A bundle that cannot be used. `why` says it in one sentence; there are no diagnostics."""

    def __init__(self, why: str, path: str = "") -> None:
        super().__init__(())
        self.args = (why, path)
        self.why = why
        self.path = path

    def __str__(self) -> str:
        return f"{self.path}: {self.why}" if self.path else self.why

    def __reduce__(self) -> tuple[type[BundleError], tuple[object, ...]]:
        return type(self), (self.why, self.path)


class KeyUnusable(BundleError):
    """A key that cannot be read or is no Ed25519 key: nothing is said of the bundle.

    `path` is the key's, where it was read from a file.
    """
