"""Paths -> a policy set: from a bundle, from the cache, or from sources.

The parser is imported only where sources are read that the cache does not know.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TypeAlias

from gatewright import __version__
from gatewright.dsl import files
from gatewright.dsl.diagnostics import PolicyError
from gatewright.dsl.policy import CheckedPolicy
from gatewright.dsl.source import Source
from gatewright.engine.bundle.build import build
from gatewright.engine.bundle.cache import SECTION, Cache, cache_folder, key_of
from gatewright.engine.bundle.errors import BundleError
from gatewright.engine.bundle.load import BundledSet, load_bundle, looks_like_bundle
from gatewright.engine.bundle.signing import Key
from gatewright.engine.evaluate import PolicySet
from gatewright.engine.watch import Watched

StrPath: TypeAlias = "str | os.PathLike[str]"

_UNSETTLED_NS = 2_000_000_000
"""A file changed so lately may change again without a new time, so its content is looked at."""


def load(
    *paths: StrPath,
    keys: Iterable[Key] | None = None,
    least_version: int | None = None,
) -> PolicySet:
    """Load a bundle, or policy files and folders with the data beside them, as one policy set.

    `keys` are public Ed25519 keys, paths of PEM files or what these hold: the bundle must be signed
    by one of them. `least_version` is the version that it must have at least. With either, only a
    bundle is taken. Sources that did not change since they were last loaded come from the cache.

    Raises PolicyError, with all `.diagnostics`, where the policies have errors; BundleError, which
    is one, for a bundle that cannot be used; gatewright.dsl.files.Unreadable for a path that cannot
    be read.
    """
    if isinstance(keys, str | bytes | os.PathLike):
        raise BundleError('keys are given as a list, such as keys=["release.pub.pem"]')
    bundles = [path for path in paths if looks_like_bundle(path)]
    if bundles and len(paths) > 1:
        raise BundleError("a bundle is a whole set of policies; load it alone", str(bundles[0]))
    if bundles:
        return load_bundle(bundles[0], keys=keys, least_version=least_version)
    if keys is not None or least_version is not None:
        name = ", ".join(str(path) for path in paths)
        raise BundleError("this is no bundle, so no signature or version can be checked", name)
    return _load_sources(paths)


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


# --- sources and the cache


def _load_sources(paths: tuple[StrPath, ...]) -> PolicySet:
    found = files.gather(paths)
    folder = cache_folder(os.environ, _home())
    if folder is None or found.problems:
        return PolicySet(_check(found))
    kept, key = Cache(folder), key_of(found, _library(), f"{__version__} {_program()}")
    ready = kept.get(key)
    if ready is not None:
        return ready
    policy = _check(found)
    kept.put(key, build(policy, made_by=__version__, sections={SECTION: key.encode("ascii")}))
    return PolicySet(policy)


def _check(found: files.Gathered) -> CheckedPolicy:
    # Imports the parser, which sources from the cache and bundles do without.
    from gatewright.dsl.load import check_gathered

    policy, diagnostics = check_gathered(found)
    if policy is None:
        raise PolicyError(diagnostics)
    return policy


def _home() -> Path | None:
    try:
        return Path.home()
    except RuntimeError:
        return None


def _library() -> list[Source]:
    """Return the standard library, which imports bring into a set."""
    return [s for name in files.library_packages() for s in files.library_sources(name)]


@cache
def _program() -> str:
    """Return what tells two states of one version's code apart: a checkout changes without one."""
    seen = hashlib.sha256()
    root = Path(files.__file__).resolve().parent
    for folder in (root, root.parent / "engine"):
        for path in sorted(folder.rglob("*.py")) + sorted(folder.rglob("*.lark")):
            status = path.stat()
            seen.update(f"{path.name} {status.st_size} {status.st_mtime_ns}\n".encode())
    return seen.hexdigest()


# --- what changes


def _stamp(paths: Iterable[StrPath], now_ns: int) -> tuple[tuple[object, ...], ...]:
    return tuple(_state(path, now_ns) for path in sorted({*_watched(paths)}))


def _state(path: Path, now_ns: int) -> tuple[object, ...]:
    """Return what tells whether a file changed; of one that cannot be looked at, its name."""
    with suppress(OSError):
        status = path.stat()
        content = b""
        if now_ns - status.st_mtime_ns < _UNSETTLED_NS:
            content = hashlib.sha256(path.read_bytes()).digest()
        return str(path), status.st_ino, status.st_size, status.st_mtime_ns, content
    return (str(path),)


def _watched(paths: Iterable[StrPath]) -> Iterator[Path]:
    """Yield the policy files and data documents of paths, as far as they can be listed."""
    for given in paths:
        path = Path(given)
        if not path.is_dir():
            yield path
            yield from files.data_files(path.parent)
            continue
        with suppress(files.Unreadable):
            for file in files.policy_files([path]):
                yield file
                yield from files.data_files(file.parent)
        yield from files.data_files(path)
