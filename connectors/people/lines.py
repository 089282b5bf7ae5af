"""Messages -> JSON lines, at the end of a file or on a stream: for logs, and for other programs."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from gatewright.engine.reading.json_text import Json
from gatewright.engine.runtime.notifying import NotifierError

if os.name == "posix":
    import fcntl


class LinesNotifier:
    """Appends each message as one line of JSON. What it took is on disk.

    `target` is a file, made where there is none for its owner alone and opened anew for each
    message, so that it may be rotated; or a text stream. Several processes may share a file.
    """

    def __init__(self, target: str | os.PathLike[str] | IO[str], *, name: str = "lines") -> None:
        given: object = target
        if given == "" or not (isinstance(given, str | os.PathLike) or hasattr(given, "write")):
            raise ValueError("the target of lines is the path of a file, or a stream")
        self.name = name
        self._target = target
        self._lock = threading.Lock()

    def notify(self, event: Mapping[str, Json]) -> None:
        """Append a message; raises NotifierError where it cannot be written."""
        line = json.dumps(event, ensure_ascii=True, separators=(",", ":"), sort_keys=True) + "\n"
        try:
            with self._lock:
                if isinstance(self._target, str | os.PathLike):
                    _append(Path(self._target), line.encode())
                else:
                    _write(self._target, line)
        except (OSError, ValueError) as error:  # ValueError: the stream is closed
            reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
            raise NotifierError(f"the line could not be written: {reason}") from None


def _append(path: Path, line: bytes) -> None:
    """Append a line in one write, and return when it is on disk.

    A line that was cut off before is ended first: it spoils no other.
    """
    is_new = not path.exists()
    file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
    try:
        _lock(file)
        size = os.fstat(file).st_size
        if size and os.lseek(file, size - 1, os.SEEK_SET) >= 0 and os.read(file, 1) != b"\n":
            line = b"\n" + line
        written = os.write(file, line)
        if written != len(line):
            raise OSError(None, "the disk has no room left")
        os.fsync(file)
    finally:
        os.close(file)
    if is_new:
        _keep_name(path.parent)


def _lock(file: int) -> None:
    """Keep other processes from a file until it is closed, where the system can."""
    if os.name == "posix":
        fcntl.flock(file, fcntl.LOCK_EX)


def _keep_name(folder: Path) -> None:
    """Bring a new file's name to disk, where folders can be opened."""
    if os.name == "posix":
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def _write(stream: IO[Any], line: str) -> None:
    stream.write(line)
    stream.flush()
    try:
        os.fsync(stream.fileno())
    except OSError:  # a stream in memory, a terminal or a pipe: there is no disk behind it
        return
