"""The cache gives what was loaded before, only where it can be trusted, and never fails a load."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import gatewright as gw
from gatewright import sources
from gatewright.dsl.files import gather
from gatewright.dsl.policy import CheckedPolicy
from gatewright.engine.bundle.build import build
from gatewright.engine.bundle.cache import SECTION, Cache, cache_folder, key_of
from gatewright.engine.bundle.load import BundledSet
from gatewright.loading import load_for_one_decision
from tests.conftest import ROOT
from tests.engine.bundle.support import OTHER, POLICY, checked, plain

KEY = "a" * 64


@pytest.fixture(name="policies")
def policies_fixture(tmp_path: Path) -> Path:
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "shop.gate").write_text(POLICY)
    (folder / "crm.gate").write_text(OTHER)
    (folder / "data.json").write_text('{"limit": 3}')
    return folder


@pytest.fixture(name="kept")
def kept_fixture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of entries of a cache that is in use."""
    monkeypatch.setenv("GATEWRIGHT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "bundles-1"


def entry(key: str = KEY, policy: CheckedPolicy | None = None) -> bytes:
    return build(policy or checked(), sections={SECTION: key.encode()})


def test_unchanged_sources_come_from_the_cache(policies: Path, kept: Path) -> None:
    first, second = gw.load(policies), gw.load(policies)
    assert not isinstance(first, BundledSet)
    assert isinstance(second, BundledSet)
    assert plain(second.policy) == plain(first.policy)
    assert len(list(kept.iterdir())) == 1


@pytest.mark.parametrize(
    ("name", "text"),
    [("shop.gate", POLICY + "\n"), ("data.json", '{"limit": 4}'), ("more.gate", "package more\n")],
)
def test_changed_sources_do_not(policies: Path, kept: Path, name: str, text: str) -> None:
    gw.load(policies)
    (policies / name).write_text(text)
    found = gw.load(policies)
    assert not isinstance(found, BundledSet)
    assert len(list(kept.iterdir())) == 2


def test_names_texts_data_library_and_program_make_the_key(policies: Path) -> None:
    keys = {key_of(gather([policies]), [], "1")}
    keys.add(key_of(gather([policies]), [], "2"))
    keys.add(key_of(gather([policies]), gather([policies]).sources, "1"))
    (policies / "data.json").rename(policies / "data.yaml")
    keys.add(key_of(gather([policies]), [], "1"))
    (policies / "shop.gate").rename(policies / "a.gate")
    keys.add(key_of(gather([policies]), [], "1"))
    assert len(keys) == 5


def test_policies_with_errors_are_not_kept(policies: Path, kept: Path) -> None:
    (policies / "crm.gate").write_text("package crm\nrule x when nothing => auto_run\n")
    for _ in range(2):
        with pytest.raises(gw.PolicyError) as caught:
            gw.load(policies)
        assert caught.value.diagnostics
    assert not kept.exists()


def test_the_parser_is_not_imported(policies: Path, kept: Path) -> None:
    gw.load(policies)
    assert kept.exists()
    code = (
        "import sys, gatewright as gw; policy = gw.load(sys.argv[1]);"
        "policy.evaluate({'action': 'crm.move', 'params': {'n': 1}});"
        "print([m for m in ('lark', 'gatewright.dsl.parser', 'gatewright.dsl.load') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(policies)],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "[]"


def test_entries_are_the_users_own_secret(policies: Path, kept: Path) -> None:
    gw.load(policies)
    assert kept.stat().st_mode & 0o777 == 0o700
    assert kept.parent.stat().st_mode & 0o777 == 0o700
    assert all(path.stat().st_mode & 0o077 == 0 for path in kept.iterdir())


@pytest.mark.parametrize("content", [b"", b"gatewright bundle 1\n", entry()[:-1], entry("b" * 64)])
def test_a_damaged_or_foreign_entry_is_written_anew(
    policies: Path, kept: Path, content: bytes
) -> None:
    gw.load(policies)
    (path,) = kept.iterdir()
    path.write_bytes(content)
    assert not isinstance(gw.load(policies), BundledSet)
    assert isinstance(gw.load(policies), BundledSet)


def test_links_and_pipes_are_not_followed(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put(KEY, entry())
    path = tmp_path / "bundles-1" / f"{KEY}.bundle"
    assert cache.get(KEY) is not None
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert cache.get(KEY) is None
    path.unlink()
    os.mkfifo(path)
    assert cache.get(KEY) is None


def test_a_folder_that_others_may_enter_is_not_used(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put(KEY, entry())
    (tmp_path / "bundles-1").chmod(0o755)
    assert cache.get(KEY) is None
    cache.put("c" * 64, entry("c" * 64))
    assert len(list((tmp_path / "bundles-1").iterdir())) == 1


def test_a_folder_of_somebody_else_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = Cache(tmp_path)
    cache.put(KEY, entry())
    own = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: own + 1)
    assert cache.get(KEY) is None


def test_a_cache_that_cannot_be_written_fails_nothing(
    policies: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GATEWRIGHT_CACHE", str(tmp_path / "file"))
    for _ in range(2):
        assert not isinstance(gw.load(policies), BundledSet)


def test_what_was_not_used_for_longest_goes_first(tmp_path: Path) -> None:
    content = entry()
    cache = Cache(tmp_path, max_bytes=2 * len(content) + 10)
    for place, key in enumerate(("a" * 64, "b" * 64)):
        cache.put(key, entry(key))
        os.utime(tmp_path / "bundles-1" / f"{key}.bundle", (place, place))
    assert cache.get("a" * 64) is not None  # used now
    cache.put("c" * 64, entry("c" * 64))
    held = sorted(path.name[0] for path in (tmp_path / "bundles-1").iterdir())
    assert held == ["a", "c"]
    Cache(tmp_path / "small", max_bytes=10).put(KEY, content)
    assert not (tmp_path / "small").exists()


def test_where_the_cache_is() -> None:
    home = Path("home")
    assert cache_folder({"GATEWRIGHT_CACHE": "off"}, home) is None
    assert cache_folder({"GATEWRIGHT_CACHE": "x", "XDG_CACHE_HOME": "/y"}, home) == Path("x")
    assert cache_folder({"XDG_CACHE_HOME": "/y"}, home) == Path("/y/gatewright")
    assert cache_folder({"XDG_CACHE_HOME": "y"}, home) == home / ".cache" / "gatewright"
    assert cache_folder({}, None) is None


def test_without_a_cache_sources_are_read(policies: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWRIGHT_CACHE", "off")
    monkeypatch.setattr(sources, "Cache", None)
    assert gw.load(policies).policy.rules


def test_for_one_decision_nothing_is_compiled_and_what_is_there_is_used(
    policies: Path, kept: Path
) -> None:
    rules = "".join(f"guard g{i} on shop.sell when action.n == {i} => block\n" for i in range(300))
    (policies / "large.gate").write_text(f"package large\naction shop.sell {{ n: int }}\n{rules}")
    first, second = load_for_one_decision(policies), load_for_one_decision(policies)
    assert not isinstance(first, BundledSet)
    assert isinstance(second, BundledSet)
    assert second.bundled.compiled("shop.sell") is None
    (plainly,) = kept.iterdir()
    gw.load(policies)
    assert len(list(kept.iterdir())) == 2
    plainly.unlink()
    whole = load_for_one_decision(policies)
    assert isinstance(whole, BundledSet)
    assert whole.bundled.compiled("shop.sell") is not None


def test_what_takes_longer_to_write_than_to_read_is_not_kept(policies: Path, kept: Path) -> None:
    cases = "".join(f"action.n == {i} => block\n" for i in range(240))
    rules = "".join(f"guard g{j} on shop.sell cases {{\n{cases}}}\n" for j in range(4))
    (policies / "large.gate").write_text(f"package large\naction shop.sell {{ n: int }}\n{rules}")
    load_for_one_decision(policies)
    assert not kept.exists()
