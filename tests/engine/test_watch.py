"""Watched files: another set when they change, the same one when they cannot be loaded."""

from __future__ import annotations

import os
import threading
from itertools import count
from pathlib import Path

import pytest

import gatewright as gw
from gatewright.engine.bundle.build import build
from gatewright.engine.evaluate import PolicySet
from gatewright.engine.watch import Watched
from tests.engine.bundle.support import checked
from tests.engine.bundle.test_signing import OUR_PUBLIC, OURS, THEIRS

HEAD = "package a\naction a.b { n: int }\nrule r when action.n < "
ACTION = {"action": "a.b", "params": {"n": 5}, "agent": {"id": "x", "owner": "y"}}


def text(limit: object) -> str:
    return f"{HEAD}{limit} => auto_run\n"


@pytest.fixture(name="file")
def file_fixture(tmp_path: Path) -> Path:
    file = tmp_path / "a.gate"
    file.write_text(text(9))
    return file


def put(path: Path, content: bytes) -> None:
    """Replace a file in one step."""
    (path.parent / "new").write_bytes(content)
    os.replace(path.parent / "new", path)


def test_a_change_is_another_set(file: Path) -> None:
    watched = gw.watch(file.parent)
    first = watched.policy
    assert not watched.check()
    assert watched.policy is first
    assert watched.evaluate(ACTION).effect is gw.Effect.AUTO_RUN
    file.write_text(text(3))  # as long as before, and written at once
    assert watched.check()
    assert watched.policy is not first
    assert watched.evaluate(ACTION).effect is gw.Effect.BLOCK
    assert not watched.check()


def test_errors_leave_the_old_set(file: Path) -> None:
    watched = gw.watch(file)
    first = watched.policy
    file.write_text(text("nothing"))
    assert not watched.check()
    assert watched.policy is first
    assert len(watched.errors) == 1
    assert watched.errors[0].startswith(f"{file}:3:")
    assert not watched.check()
    assert len(watched.errors) == 1
    file.write_text(text(4))
    assert watched.check()
    assert len(watched.errors) == 0


def test_files_that_go_leave_the_old_set(file: Path) -> None:
    watched = gw.watch(file)
    file.unlink()
    assert not watched.check()
    assert watched.errors == (f"{file}: No such file or directory",)
    assert watched.evaluate(ACTION).effect is gw.Effect.AUTO_RUN


@pytest.mark.parametrize("name", ["data.json", "b.gate"])
@pytest.mark.parametrize("pipe", [True, False])
def test_a_pipe_or_broken_link_leaves_the_old_set(file: Path, name: str, pipe: bool) -> None:
    watched = gw.watch(file.parent)
    link = file.parent / name
    os.mkfifo(link) if pipe else link.symlink_to("gone")
    assert not watched.check()
    assert watched.errors == (f"{link}: is no file, nor a link to one",)
    link.unlink()
    watched.check()
    assert not watched.errors


@pytest.mark.parametrize("name", ["data.json", "data/limits.yaml", "more/b.gate"])
def test_data_and_new_files_are_changes(file: Path, name: str) -> None:
    watched = gw.watch(file.parent)
    new = file.parent / name
    new.parent.mkdir(exist_ok=True)
    new.write_text("package b\n" if name.endswith(".gate") else '{"x": 1}')
    assert watched.check()


def test_a_settled_file_is_judged_by_its_time(file: Path) -> None:
    now = iter([10**19] * 4)
    watched = gw.watch(file, clock_ns=lambda: next(now))
    status = file.stat()
    file.write_text(text(3))
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert not watched.check()
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    assert watched.check()


def test_the_same_policies_written_anew_are_no_other_set(file: Path) -> None:
    watched = gw.watch(file)
    digest = watched.policy.digest
    put(file, file.read_bytes())
    assert not watched.check()
    assert watched.policy.digest == digest


def test_the_first_load_raises(tmp_path: Path) -> None:
    (tmp_path / "a.gate").write_text("package")
    with pytest.raises(gw.PolicyError):
        gw.watch(tmp_path)


def test_a_bundle_never_goes_back(tmp_path: Path) -> None:
    path, policy, other = tmp_path / "p.gwb", checked(), checked(data={"limit": 9})
    put(path, build(policy, key=OURS, number=5))
    watched = gw.watch(path, keys=[OUR_PUBLIC])
    put(path, build(other, key=OURS, number=4))
    assert not watched.check()
    assert watched.errors == (f"{path}: the bundle has version 4; at least 5 is asked for",)
    put(path, build(other, key=THEIRS, number=6))
    assert not watched.check()
    assert watched.errors == (f"{path}: the bundle is signed by none of the keys",)
    put(path, b"package shop\n")
    assert not watched.check()
    assert "this is no bundle" in watched.errors[0]
    assert watched.policy.digest == policy.digest
    put(path, build(other, key=OURS, number=6))
    assert watched.check()
    put(path, build(policy, key=OURS, number=5))
    assert not watched.check()
    assert watched.policy.digest == other.digest


def test_an_unexpected_error_leaves_the_old_set_too() -> None:
    stamps = count()
    sets = iter([PolicySet(checked())])
    watched = Watched(lambda _: next(sets), lambda: next(stamps))
    assert not watched.check()
    assert watched.errors == ("StopIteration",)


def test_a_thread_checks_until_it_is_closed() -> None:
    checked_often = threading.Event()
    stamps = count()

    def load(_: PolicySet | None) -> PolicySet:
        if next(stamps) >= 5:
            checked_often.set()
        return policy

    policy = PolicySet(checked())
    with Watched(load, lambda: next(stamps)).start(0.001) as watched:
        assert watched.start() is watched
        assert checked_often.wait(60)
    assert not [t for t in threading.enumerate() if t.name == "gatewright-watch"]
    assert watched.policy is policy
