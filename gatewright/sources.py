"""Policy files and data -> a policy set: from the cache, or from the files themselves.

The parser is imported only where sources are read that the cache does not know.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from gatewright import __version__
from gatewright.dsl import files
from gatewright.dsl.diagnostics import PolicyError
from gatewright.dsl.policy import CheckedPolicy
from gatewright.dsl.source import Source
from gatewright.engine.bundle.build import build
from gatewright.engine.bundle.cache import SECTION, Cache, cache_folder, key_of
from gatewright.engine.evaluate import PolicySet

_MOST_KEPT = 100_000
"""How many conditions are written into the cache for one decision: rows of `cases` have very many,
and to write them takes longer than to read the files again."""


def load_sources(
    paths: Iterable[str | os.PathLike[str]], *, for_one_decision: bool = False
) -> PolicySet:
    """Load files and folders as one policy set; those that did not change come from the cache.

    What large actions are compiled to is kept too, unless there is one decision to make. Raises
    PolicyError where the policies have errors, and Unreadable.
    """
    found = files.gather(paths)
    folder = cache_folder(os.environ, _home())
    if folder is None or found.problems:
        return PolicySet(_check(found))
    kept, key = Cache(folder), key_of(found, _library(), f"{__version__} {_program()}")
    plain = f"{key}-plain"
    for known in (key, plain) if for_one_decision else (key,):
        ready = kept.get(known)
        if ready is not None:
            return ready
    policy = _check(found)
    if for_one_decision:
        if _conditions(policy) > _MOST_KEPT:
            return PolicySet(policy)
        key = plain
    sections = {SECTION: key.encode("ascii")}
    compiled = not for_one_decision
    kept.put(key, build(policy, made_by=__version__, sections=sections, compiled=compiled))
    return PolicySet(policy)


def _check(found: files.Gathered) -> CheckedPolicy:
    # Imports the parser, which sources from the cache and bundles do without.
    from gatewright.dsl.load import check_gathered

    policy, diagnostics = check_gathered(found)
    if policy is None:
        raise PolicyError(diagnostics)
    return policy


def _conditions(policy: CheckedPolicy) -> int:
    return sum(len(row.conditions) for rule in policy.rules for row in rule.rows)


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
    root = os.path.dirname(os.path.realpath(files.__file__))
    seen = hashlib.sha256()
    for folder in (root, os.path.join(os.path.dirname(root), "engine")):
        seen.update("".join(_states(folder)).encode())
    return seen.hexdigest()


def _states(folder: str) -> Iterator[str]:
    """Yield a line for each file of code, by name; several hundred: no path is made of them."""
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _states(entry.path)
        elif entry.name.endswith((".py", ".lark")):
            status = entry.stat()
            yield f"{entry.path} {status.st_size} {status.st_mtime_ns}\n"
