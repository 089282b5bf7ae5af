"""A bundle's bytes or file -> a policy set that decides from it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING

from gatewright.dsl.diagnostics import Unreadable
from gatewright.dsl.policy import CheckedPolicy
from gatewright.engine.bundle.bundled import BundledPolicy
from gatewright.engine.bundle.container import MAGIC, MAX_BUNDLE_BYTES, is_bundle, unpack
from gatewright.engine.bundle.errors import BundleError
from gatewright.engine.evaluate import PolicySet
from gatewright.engine.scope import data_value
from gatewright.engine.values import Value

if TYPE_CHECKING:
    from gatewright.engine.bundle.signing import Key
    from gatewright.engine.compile.forest import Unit


class BundledSet(PolicySet):
    """A policy set in a bundle. It reads what concerns an action when it first decides about it."""

    bundled: BundledPolicy

    def __init__(self, bundled: BundledPolicy) -> None:
        # A frozen class: its attributes are set past it.
        object.__setattr__(self, "bundled", bundled)
        object.__setattr__(self, "_units", {})
        object.__setattr__(self, "programs", {})

    # A field is replaced by a property: pyright cannot know that nobody writes to a frozen class.
    @cached_property
    def policy(self) -> CheckedPolicy:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The whole checked policy; raises BundleError where a declaration is malformed."""
        return self.bundled.whole

    @cached_property
    def data(self) -> Value:
        """The data documents, as conditions see them."""
        return data_value(self.bundled.data)

    @property
    def digest(self) -> str:
        """`sha256:...` over the sources and the data."""
        return self.bundled.digest

    @property
    def secret_fields(self) -> frozenset[str]:
        """The names of the fields that are masked wherever values are shown."""
        return self.bundled.secrets

    def frame(self, action: str) -> CheckedPolicy:
        """Return what all decisions about an action have in common. Raises BundleError."""
        return self.bundled.frame(action)

    def carried(self, action: str) -> Unit | None:
        """Return what the bundle has compiled of an action.

        None where it has nothing, or nothing that can be read: then it is compiled here.
        """
        if self.bundled.compiled(action) is None:
            return None
        # Imports what reads trees, which most actions do without.
        from gatewright.engine.bundle.compiled_read import read_compiled

        try:
            return read_compiled(self.bundled, self.data, action)
        except Exception:  # whatever it is, it decides nothing: the rules do
            return None

    def about(self, action: str) -> CheckedPolicy:
        """Return what concerns an action. Raises BundleError where it is malformed."""
        return self.bundled.narrowed(action)


def load_bundle(
    path: str | os.PathLike[str],
    *,
    keys: Iterable[Key] | None = None,
    least_version: int | None = None,
) -> BundledSet:
    """Load a bundle; every byte is checked first, signature and version where they are asked for.

    `keys` are public keys, one of which must have signed it (None: signatures are not looked at);
    `least_version` is the version that it must have at least. Raises BundleError, and Unreadable
    for a path that cannot be read. Cost: linear in the file, a small factor.
    """
    name = os.fspath(path)
    try:
        return from_bytes(_read(name), keys=keys, least_version=least_version)
    except BundleError as error:
        raise type(error)(error.why, error.path or name) from None


def from_bytes(
    content: bytes, *, keys: Iterable[Key] | None = None, least_version: int | None = None
) -> BundledSet:
    """Load a bundle from the bytes of its file, as `load_bundle` does."""
    container = unpack(content)
    if keys is not None:
        # Imported where a signature is checked, which most loads do without.
        from gatewright.engine.bundle.signing import verify

        verify(container, keys)
    if least_version is not None:
        _check_version(container.manifest.version, least_version)
    return BundledSet(BundledPolicy(container))


def _check_version(version: int | None, least: int) -> None:
    if version is None:
        raise BundleError(f"the bundle has no version; at least {least} is asked for")
    if version < least:
        raise BundleError(f"the bundle has version {version}; at least {least} is asked for")


def looks_like_bundle(path: str | os.PathLike[str]) -> bool:
    """Tell whether a path is a file that begins as a bundle does. Raises Unreadable."""
    if not os.path.isfile(path):
        return False
    try:
        with open(path, "rb") as stream:
            return is_bundle(stream.read(len(MAGIC)))
    except OSError as error:
        raise Unreadable(str(path), error.strerror or "cannot be read") from None


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            content = stream.read(min(size, MAX_BUNDLE_BYTES) + 1)
    except OSError as error:
        raise Unreadable(path, error.strerror or "cannot be read") from None
    if len(content) > MAX_BUNDLE_BYTES:
        raise BundleError(f"the bundle is longer than {MAX_BUNDLE_BYTES // 1024**2} MiB")
    return content
