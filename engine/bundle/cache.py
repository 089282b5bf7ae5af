"""Bundles of policy sets that were loaded before, by what they were made from.

A folder of the user's own: entries are taken only where the folder and the file are the user's, and
hold the key that was asked for. Whatever is wrong with an entry, it is as if it were not there, and
nothing that fails here fails a load.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from gatewright.dsl.files import Gathered
from gatewright.dsl.records import dataclass
from gatewright.dsl.source import Source
from gatewright.engine.bundle.bundled import BundledPolicy
from gatewright.engine.bundle.container import FORMAT, unpack
from gatewright.engine.bundle.decode import dumps
from gatewright.engine.bundle.errors import BundleError
from gatewright.engine.bundle.load import BundledSet
from gatewright.engine.bundle.schema import FINGERPRINT

MAX_CACHE_BYTES = 256 * 1024 * 1024
"""How much a cache holds; the entries that were not used for longest go first."""
SECTION = "cache-key"
_FOLDER = f"bundles-{FORMAT}"
_ENDING = ".bundle"


def key_of(found: Gathered, library: Iterable[Source], made_by: str) -> str:
    """Return the key of what was read: texts, names, data, the library, the program."""
    texts = [[source.name, source.text] for source in found.sources]
    data = [[d.name, d.source.name, d.source.text] for d in found.documents]
    standard = [[source.name, source.text] for source in library]
    whole = dumps([FORMAT, FINGERPRINT, made_by, texts, data, standard])
    return hashlib.sha256(whole.encode("ascii")).hexdigest()


def cache_folder(environment: Mapping[str, str], home: Path | None) -> Path | None:
    """Return where bundles are kept: GATEWRIGHT_CACHE, `off` for nowhere, else the user's cache.

    None also where the system has no owners of files, or the user no home.
    """
    chosen = environment.get("GATEWRIGHT_CACHE", "")
    if chosen == "off" or not hasattr(os, "getuid"):
        return None
    if chosen:
        return Path(chosen)
    base = environment.get("XDG_CACHE_HOME", "")
    if os.path.isabs(base):  # Source: XDG base directories: relative paths are ignored.
        return Path(base) / "gatewright"
    return home / ".cache" / "gatewright" if home is not None else None


@dataclass(frozen=True, slots=True)
class Cache:
    """A folder of bundles by key."""

    folder: Path
    max_bytes: int = MAX_CACHE_BYTES

    def get(self, key: str) -> BundledSet | None:
        """Return the policy set of a key; None where there is none that can be trusted."""
        path = self._own_folder() / (key + _ENDING)
        try:
            if not _is_ours(path.parent):
                return None
            content = _read_own(path, self.max_bytes)
            bundled = BundledPolicy(unpack(content))
        except (OSError, BundleError):
            return None
        if bundled.sections.get(SECTION) != key.encode("ascii"):
            return None
        with suppress(OSError):
            os.utime(path)
        return BundledSet(bundled)

    def put(self, key: str, content: bytes) -> None:
        """Keep a bundle, whole or not at all; one that is too large is not kept."""
        folder = self._own_folder()
        if len(content) > self.max_bytes:
            return
        with suppress(OSError):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
            if _is_ours(folder):
                _write(folder / (key + _ENDING), content)
                self._make_room(folder)

    def _own_folder(self) -> Path:
        return self.folder / _FOLDER

    def _make_room(self, folder: Path) -> None:
        """Remove what was not used for longest until the rest fits."""
        found = [(path.lstat(), path) for path in folder.iterdir()]
        total = sum(status.st_size for status, _ in found)
        for status, path in sorted(found, key=lambda each: (each[0].st_mtime_ns, each[1].name)):
            if total <= self.max_bytes:
                return
            path.unlink()
            total -= status.st_size


def _is_ours(folder: Path) -> bool:
    """Tell whether a folder is the user's own, and open to nobody else."""
    status = folder.lstat()
    private = not stat.S_IMODE(status.st_mode) & 0o077
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid() and private


def _read_own(path: Path, most: int) -> bytes:
    """Read a file that is the user's own; raises OSError for any other."""
    # Not blocked by a pipe, not led elsewhere by a link.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with open(descriptor, "rb") as stream:
        status = os.fstat(descriptor)
        ours = stat.S_ISREG(status.st_mode) and status.st_uid == os.getuid()
        if not ours or status.st_size > most:
            raise PermissionError(str(path))
        return stream.read(status.st_size)


def _write(path: Path, content: bytes) -> None:
    """Put a file in its place in one step."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with open(descriptor, "wb") as stream:
            stream.write(content)
        os.replace(name, path)
    except OSError:
        with suppress(OSError):
            os.unlink(name)
        raise
