"""Messages as lines: each whole, on disk, whoever else writes to the file."""

from __future__ import annotations

import io
import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gatewright.connectors.people.lines import LinesNotifier
from gatewright.engine.reading.json_text import Json
from gatewright.engine.runtime.notifying import NotifierError

EVENT: dict[str, Json] = {"id": "e1", "type": "gatewright.run.done", "data": {"note": "für\nSie"}}


def test_a_message_is_a_line_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "messages.jsonl"
    notifier = LinesNotifier(file)
    notifier.notify(EVENT)
    notifier.notify({"id": "e2"})
    first, second = file.read_bytes().splitlines()
    assert (json.loads(first), json.loads(second)) == (EVENT, {"id": "e2"})
    assert first.isascii()
    if os.name == "posix":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_line_that_was_cut_off_spoils_no_other(tmp_path: Path) -> None:
    file = tmp_path / "messages.jsonl"
    file.write_bytes(b'{"id":"e0"}\n{"id":"e')
    LinesNotifier(file).notify({"id": "e1"})
    assert file.read_bytes().splitlines() == [b'{"id":"e0"}', b'{"id":"e', b'{"id":"e1"}']


def test_a_file_that_was_moved_away_is_made_anew(tmp_path: Path) -> None:
    file = tmp_path / "messages.jsonl"
    notifier = LinesNotifier(str(file))
    notifier.notify({"id": "e1"})
    file.rename(tmp_path / "messages.jsonl.1")
    notifier.notify({"id": "e2"})
    assert file.read_text("utf-8") == '{"id":"e2"}\n'


def test_several_write_at_once(tmp_path: Path) -> None:
    file = tmp_path / "messages.jsonl"
    notifiers = [LinesNotifier(file) for _ in range(4)]

    def write(number: int) -> None:
        notifiers[number % 4].notify({"id": number, "x": "y" * 9_000})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(40)))
    ids = [json.loads(line)["id"] for line in file.read_text("utf-8").splitlines()]
    assert sorted(ids) == list(range(40))


def test_what_was_written_is_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[bytes] = []
    file, real = tmp_path / "messages.jsonl", os.fsync

    def fsync(descriptor: int) -> None:
        real(descriptor)
        synced.append(file.read_bytes())

    monkeypatch.setattr(os, "fsync", fsync)
    LinesNotifier(file).notify({"id": "e1"})
    assert synced[0] == b'{"id":"e1"}\n'


def test_a_stream_gets_lines(tmp_path: Path) -> None:
    memory = io.StringIO()
    LinesNotifier(memory).notify({"id": "e1"})
    assert memory.getvalue() == '{"id":"e1"}\n'
    with (tmp_path / "stream").open("w", encoding="utf-8") as stream:
        LinesNotifier(stream).notify({"id": "e2"})
        assert (tmp_path / "stream").read_text("utf-8") == '{"id":"e2"}\n'


def test_what_cannot_be_written_says_why(tmp_path: Path) -> None:
    with pytest.raises(NotifierError, match="No such file or directory"):
        LinesNotifier(tmp_path / "gone" / "messages.jsonl").notify(EVENT)
    closed = io.StringIO()
    closed.close()
    with pytest.raises(NotifierError, match="closed file"):
        LinesNotifier(closed).notify(EVENT)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk without room")
def test_a_full_disk_is_an_error() -> None:
    with pytest.raises(NotifierError, match="No space left"):
        LinesNotifier("/dev/full").notify(EVENT)
