"""Paths -> a policy set that is loaded anew when its files change."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

from gatewright.dsl import files
from gatewright.dsl.diagnostics import Unreadable
from gatewright.engine.bundle.load import BundledSet
from gatewright.engine.bundle.signing import Key
from gatewright.engine.evaluate import PolicySet
from gatewright.engine.watch import Watched
from gatewright.loading import load

StrPath: TypeAlias = "str | os.PathLike[str]"

_UNSETTLED_NS = 2_000_000_000
"""A file changed so lately may change again without a new time, so its content is looked at."""


def watch(
    *paths: StrPath,
    keys: Iterable[Key] | None = None,
    least_version: int | None = None,
    clock_ns: Callable[[], int] = time.time_ns,
) -> Watched:
    """Load as `load` does, and anew when files change; a set with errors leaves the old one in use.

    A bundle is replaced only by one of the same version or a later one. Files are looked at by
    `check()`, or by a thread after `start()`. Raises what `load` raises, the first time only.
    """
    one = isinstance(keys, str | bytes | os.PathLike)  # a mistake, which `load` refuses
    trusted = keys if keys is None or one else tuple(keys)

    def load_now(current: PolicySet | None) -> PolicySet:
        return load(*paths, keys=trusted, least_version=_least(current, least_version))

    return Watched(load_now, lambda: _stamp(paths, clock_ns()))


def _least(current: PolicySet | None, least_version: int | None) -> int | None:
    """Return the version that a bundle needs in place of the current one."""
    reached = current.bundled.manifest.version if isinstance(current, BundledSet) else None
    return max((v for v in (reached, least_version) if v is not None), default=None)


# --- what changes


def _stamp(paths: Iterable[StrPath], now_ns: int) -> tuple[tuple[object, ...], ...]:
    return tuple(_state(path, now_ns) for path in sorted({*_watched(paths)}))


def _state(path: Path, now_ns: int) -> tuple[object, ...]:
    """Return what tells whether a file changed; of one that cannot be looked at, its name."""
    with suppress(OSError):
        status = path.stat()
        content = b""
        if stat.S_ISREG(status.st_mode) and now_ns - status.st_mtime_ns < _UNSETTLED_NS:
            content = hashlib.sha256(path.read_bytes()).digest()
        return str(path), status.st_ino, status.st_size, status.st_mtime_ns, content
    return (str(path),)


def _watched(paths: Iterable[StrPath]) -> Iterator[Path]:
    """Yield the policy files and data documents of paths, and what keeps them from being listed."""
    for given in paths:
        path = Path(given)
        try:
            if not os.path.isdir(path):
                yield path
                yield from files.data_files(path.parent)
                continue
            for file in files.policy_files([path]):
                yield file
                yield from files.data_files(file.parent)
            yield from files.data_files(path)
        except Unreadable as error:
            yield Path(error.path)
