"""`gw.load` takes bundles and sources, and never one where the other is asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import gatewright as gw
from gatewright.dsl.diagnostics import Unreadable
from gatewright.engine.bundle.build import build
from tests.conftest import ROOT
from tests.engine.bundle.support import POLICY, checked
from tests.engine.bundle.test_signing import OUR_PUBLIC, OURS


@pytest.fixture(name="bundle")
def bundle_fixture(tmp_path: Path) -> Path:
    path = tmp_path / "p.gwb"
    path.write_bytes(build(checked(), key=OURS, number=5))
    return path


def test_a_bundle_is_known_by_its_beginning(bundle: Path) -> None:
    assert gw.load(bundle).digest == checked().digest
    assert gw.load(str(bundle), keys=[OUR_PUBLIC], least_version=5).digest == checked().digest


@pytest.mark.parametrize("asked", [{"keys": [OUR_PUBLIC]}, {"keys": []}, {"least_version": 0}])
def test_sources_are_not_taken_for_a_signed_bundle(
    tmp_path: Path, asked: dict[str, object]
) -> None:
    (tmp_path / "a.gate").write_text(POLICY)
    with pytest.raises(gw.BundleError, match="this is no bundle"):
        gw.load(tmp_path, **asked)  # type: ignore[arg-type]


def test_a_bundle_is_loaded_alone(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "a.gate").write_text(POLICY)
    with pytest.raises(gw.BundleError, match="load it alone"):
        gw.load(tmp_path / "a.gate", bundle)


def test_a_path_that_is_not_there_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(Unreadable):
        gw.load(tmp_path / "none")


def test_a_bundle_needs_no_parser(bundle: Path) -> None:
    code = (
        "import sys, gatewright as gw; policy = gw.load(sys.argv[1]);"
        "print(policy.evaluate({'action': 'crm.move', 'params': {'n': 1}}).explain());"
        "print([m for m in ('lark', 'gatewright.dsl.parser', 'gatewright.dsl.load', 'cryptography')"
        " if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(bundle)],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == "[]"
    assert "crm.gate:" in done.stdout


def test_one_key_in_place_of_a_list_is_refused(bundle: Path) -> None:
    """A text is a list of letters; without this each of them would be taken for a path."""
    for load in (gw.load, gw.watch):
        with pytest.raises(gw.BundleError, match="keys are given as a list"):
            load(bundle, keys=OUR_PUBLIC.decode())
